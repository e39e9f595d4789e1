//! The engine inside the service: filled from the store, kept fresh from its feed, read through views.
//!
//! Called by every use-case that asks who may meet whom. The store disposes: rows that a use-case has loaded anyway are
//! absorbed first when they are newer, so an answer is never older than what the caller has already seen.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::activity::Paces;
use super::newcomer::Newcomers;
use super::ranker::Ranker;
use super::{Config as EngineConfig, Engine, EngineError, Event, Fusion, Person, View, Weights, intake};
use crate::assist::EMBEDDED;
use crate::assist::local::LocalAnalyst;
use crate::assist::signal::Valued;
use crate::assist::topic::Topics;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::id::MemberId;
use crate::interaction::{DecisionKind, Pair, PairKey, Side};
use crate::profile::catalogue::Catalogue;
use crate::profile::{Member, Visibility};
use crate::safety::age::{day, seoul_date};
use crate::store::{FeedCursor, PairCursor, Version, Versioned};

/// The engine, who is in it at which version, and the views that pagings hold on to.
#[derive(Debug)]
pub(crate) struct Replica {
    inner: Mutex<Inner>,
    analyst: LocalAnalyst,
    /// Whose vectors stand beside those of the analyst.
    embedder: Option<String>,
    /// What people value, as part of the score; none without a text model.
    valued: Option<Valued>,
    /// One reader of the feed at a time; the cursor is where it stands.
    pub(super) cursor: tokio::sync::Mutex<Cursors>,
}

/// Where the readings of the feeds stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursors {
    pub(super) members: FeedCursor,
    pub(super) pairs: PairCursor,
}

#[derive(Debug)]
struct Inner {
    engine: Engine<MemberId>,
    /// Engines of the rankers that need one of their own.
    others: Vec<(Ranker, Engine<MemberId>)>,
    newcomers: Newcomers,
    paces: Paces,
    /// At which version, and whether others may meet them.
    versions: FxHashMap<MemberId, (Version, bool)>,
    /// Who does not want to be met by everybody.
    hidden: FxHashMap<MemberId, Visibility>,
    shown: usize,
    pinned: VecDeque<Pinned>,
    /// How many members were forgotten since the start.
    forgotten: u64,
}

/// What a replica knows at one moment. Shares its rows with the replica.
#[derive(Debug)]
pub(crate) struct Known {
    pub(super) engine: Engine<MemberId>,
    pub(super) versions: FxHashMap<MemberId, (Version, bool)>,
    /// Who does not want to be met by everybody.
    pub(super) hidden: FxHashMap<MemberId, Visibility>,
    /// Who joined lately, and when.
    pub(super) newcomers: Vec<(MemberId, Timestamp)>,
    /// How much people decide a day.
    pub(super) paces: Paces,
    /// How many members had been forgotten by then.
    pub(super) forgotten: u64,
}

#[derive(Debug)]
struct Pinned {
    key: u64,
    at: Timestamp,
    view: View<MemberId>,
}

impl Replica {
    /// An empty replica that knows what day it is.
    pub(crate) fn new(
        config: &Config,
        catalogue: &Catalogue,
        valued: Option<Arc<Topics>>,
        embedder: Option<String>,
        now: Timestamp,
    ) -> Result<Self> {
        let valued = valued.map(|topics| Valued::new(topics, config.assist.valued_logit));
        let analyst = LocalAnalyst::new(catalogue, config.matching.content_dims);
        let own = config.matching.rankers.used().filter_map(|ranker| Some((ranker, ranker.weights(weights())?)));
        let others = own.map(|(ranker, weights)| {
            // What somebody seeks is learned as well.
            let settings = unlearned(config, embedder.is_some(), None).weights(weights);
            Ok((ranker, Engine::new(settings)?))
        });
        let others = others.collect::<Result<Vec<_>, EngineError>>().map_err(engine_failed)?;
        let engine = Engine::new(settings(config, embedder.is_some(), valued.as_ref())).map_err(engine_failed)?;
        let newcomers = Newcomers::default();
        let mut inner = Inner {
            engine,
            others,
            newcomers,
            paces: Paces::default(),
            versions: FxHashMap::default(),
            hidden: FxHashMap::default(),
            shown: 0,
            pinned: VecDeque::new(),
            forgotten: 0,
        };
        inner.set_today(now);
        Ok(Self { inner: Mutex::new(inner), analyst, embedder, valued, cursor: tokio::sync::Mutex::default() })
    }

    /// Who reads the members' texts for the engine.
    pub(crate) fn analyst(&self) -> &LocalAnalyst {
        &self.analyst
    }

    /// Whose vectors stand beside those of the analyst.
    pub(super) fn embedder(&self) -> Option<&str> {
        self.embedder.as_deref()
    }

    /// What people value, as part of the score.
    pub(super) fn valued(&self) -> Option<&Valued> {
        self.valued.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic inside the engine leaves it as it was before the call: an error changes nothing.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The people as they are now, on the day it is now.
    pub(crate) fn view(&self, now: Timestamp) -> View<MemberId> {
        let mut inner = self.lock();
        inner.set_today(now);
        inner.engine.view()
    }

    /// The same people in the order of a ranker.
    pub(crate) fn view_of(&self, ranker: Ranker, now: Timestamp) -> View<MemberId> {
        let view = self.view(now);
        if ranker == Ranker::Harmonic {
            return view.fused(Fusion::Harmonic);
        }
        let inner = self.lock();
        inner.others.iter().find(|(own, _)| *own == ranker).map_or(view, |(_, engine)| engine.view())
    }

    /// Whether there are engines beside the one that is written down for the next start: then everybody is to be read.
    pub(super) fn has_others(&self) -> bool {
        !self.lock().others.is_empty()
    }

    /// Those who joined since then, from a place on.
    pub(super) fn newcomers(&self, place: u64, since: Timestamp) -> Vec<MemberId> {
        self.lock().newcomers.from(place, since)
    }

    /// Those who are hidden from everybody now, and those whom only those see whom they like.
    pub(crate) fn hidden(&self, now: Timestamp) -> (Vec<MemberId>, Vec<MemberId>) {
        let (mut snoozed, mut incognito) = (Vec::new(), Vec::new());
        for (id, visibility) in &self.lock().hidden {
            if visibility.is_snoozed(now) {
                snoozed.push(*id);
            } else if visibility.incognito {
                incognito.push(*id);
            }
        }
        (snoozed, incognito)
    }

    /// Takes in a row, unless it is known at this version or a newer one. Says whether it was news.
    pub(crate) fn absorb(&self, member: &Versioned<Member>, catalogue: &Catalogue) -> bool {
        let id = member.value.id;
        let is_known = |inner: &Inner| inner.versions.get(&id).is_some_and(|known| known.0 >= member.version);
        if is_known(&self.lock()) {
            return false;
        }
        // Reading a text takes longer than anybody should wait for the engine.
        let person = intake::person(
            &member.value,
            catalogue,
            &self.analyst,
            self.embedder.as_deref(),
            self.valued.as_ref().map(Valued::topics),
        );
        let mut inner = self.lock();
        if is_known(&inner) {
            return false;
        }
        let mut is_shown = member.value.is_visible();
        if let Some(valued) = self.valued.as_ref().filter(|_| !member.value.derived.rooms.is_empty()) {
            valued.note_use();
        }
        match person {
            Some(person) => {
                if let Err(error) = inner.upsert(id, &person, member.value.created_at) {
                    // A stored row that the engine refuses is hidden rather than shown wrongly.
                    tracing::warn!(member = %id, %error, "member left out of matching");
                    inner.remove(id);
                    is_shown = false;
                }
            }
            None => inner.remove(id),
        }
        inner.newcomers.know(id, member.value.created_at, is_shown);
        if member.value.visibility.is_open() {
            inner.hidden.remove(&id);
        } else {
            inner.hidden.insert(id, member.value.visibility);
        }
        inner.know(id, Some((member.version, is_shown)));
        true
    }

    /// Learns from what two members have done to each other, whatever was learned from an older state of the pair.
    pub(crate) fn learn(&self, pair: &Versioned<Pair>) {
        let mut inner = self.lock();
        let is_first = |inner: &Inner, me, other| !inner.engine.has_acted(me, other);
        let PairKey { low, high } = pair.value.key;
        let first = [is_first(&inner, low, high), is_first(&inner, high, low)];
        for event in lessons(pair) {
            let is_news =
                pair.version > 1 || !event.takes_back() || inner.engine.has_acted(event.actor(), event.other());
            // Of people whom the engine does not know there is nothing to learn.
            if is_news && let Err(error) = inner.record(event) {
                tracing::trace!(%error, "nothing learned from a pair");
                return;
            }
        }
        inner.paces.learn(&pair.value, first);
    }

    /// How much people decide a day.
    pub(super) fn paces(&self) -> Paces {
        self.lock().paces.clone()
    }

    /// How many members others may meet.
    pub(crate) fn shown(&self) -> usize {
        self.lock().shown
    }

    /// Forgets an erased member.
    pub(crate) fn forget(&self, id: MemberId) {
        let mut inner = self.lock();
        inner.remove(id);
        inner.newcomers.forget(id);
        inner.paces.forget(id);
        inner.hidden.remove(&id);
        inner.know(id, None);
        inner.forgotten += 1;
        // A pinned view still holds the erased row: no paging may go on over it.
        inner.pinned.clear();
    }

    /// Everything it knows.
    pub(super) fn known(&self) -> Known {
        let inner = self.lock();
        Known {
            engine: inner.engine.share(),
            versions: inner.versions.clone(),
            hidden: inner.hidden.clone(),
            newcomers: inner.newcomers.all().collect(),
            paces: inner.paces.clone(),
            forgotten: inner.forgotten,
        }
    }

    /// How many members were forgotten since the start.
    pub(super) fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    /// Begins with what was known once, instead of with nothing.
    pub(super) fn begin_with(&self, known: Known) {
        if let Some(valued) = &self.valued {
            // Among those who were written down there may be some who value something.
            valued.note_use();
        }
        let mut inner = self.lock();
        inner.engine = known.engine;
        inner.shown = known.versions.values().filter(|known| known.1).count();
        inner.versions = known.versions;
        inner.hidden = known.hidden;
        inner.paces = known.paces;
        inner.newcomers = Newcomers::default();
        for (id, joined) in known.newcomers {
            inner.newcomers.know(id, joined, true);
        }
    }

    /// Keeps a view for later pages and answers the key to find it by.
    pub(crate) fn pin(&self, view: View<MemberId>, key: u64, now: Timestamp, config: &Config) {
        let mut inner = self.lock();
        let (ttl, most) = (config.matching.view_ttl, config.matching.pinned_views);
        inner.pinned.retain(|pinned| now.duration_since(pinned.at) < ttl);
        while inner.pinned.len() >= most.max(1) {
            inner.pinned.pop_front();
        }
        inner.pinned.push_back(Pinned { key, at: now, view });
    }

    /// A pinned view that has not run out.
    pub(crate) fn pinned(&self, key: u64, now: Timestamp, config: &Config) -> Option<View<MemberId>> {
        let inner = self.lock();
        let pinned = inner.pinned.iter().find(|pinned| pinned.key == key)?;
        (now.duration_since(pinned.at) < config.matching.view_ttl).then(|| pinned.view.clone())
    }
}

impl Inner {
    fn engines(&mut self) -> impl Iterator<Item = &mut Engine<MemberId>> {
        std::iter::once(&mut self.engine).chain(self.others.iter_mut().map(|(_, engine)| engine))
    }

    fn set_today(&mut self, now: Timestamp) {
        let today = day(seoul_date(now));
        self.engines().for_each(|engine| engine.set_today(today));
    }

    fn upsert(&mut self, id: MemberId, person: &Person, joined: Timestamp) -> Result<(), EngineError> {
        self.engine.upsert(id, person.clone())?;
        self.others
            .iter_mut()
            .try_for_each(|(ranker, engine)| engine.upsert(id, ranker.person(person.clone(), joined.as_second())))
    }

    fn remove(&mut self, id: MemberId) {
        self.engines().for_each(|engine| {
            engine.remove(id);
        });
    }

    fn record(&mut self, event: Event<MemberId>) -> Result<(), EngineError> {
        self.engines().try_for_each(|engine| engine.record(event))
    }

    /// Remembers at which version a member is known and whether they are shown; `None` forgets them.
    fn know(&mut self, id: MemberId, now: Option<(Version, bool)>) {
        let before = match now {
            Some(now) => self.versions.insert(id, now),
            None => self.versions.remove(&id),
        };
        let count = |known: Option<(Version, bool)>| usize::from(known.is_some_and(|known| known.1));
        self.shown = self.shown + count(now) - count(before);
    }
}

/// A pair as events of the engine. Times are versions: later states of a pair win over earlier ones, in whatever order they
/// are heard of.
fn lessons(pair: &Versioned<Pair>) -> Vec<Event<MemberId>> {
    let at = i64::try_from(pair.version).unwrap_or(i64::MAX);
    let pair = &pair.value;
    let mut events = Vec::new();
    for side in [Side::Low, Side::High] {
        let (me, other) = (pair.key.member(side), pair.key.member(side.other()));
        let stance = pair.stance(side);
        events.push(match stance.decision.as_ref().map(|decision| decision.kind) {
            Some(DecisionKind::Like) => Event::like(me, other, at),
            Some(DecisionKind::Pass) => Event::pass(me, other, at),
            None => Event::undo(me, other, at),
        });
        let block = if stance.blocked_at.is_some() { Event::block } else { Event::unblock };
        events.push(block(me, other, at));
        if pair.is_unmatched() {
            events.push(Event::unmatch(me, other, at));
        }
        if let Some(outcome) = pair.outcome {
            events.push(Event::talk(me, other, outcome.of_side(side), at));
        }
    }
    events
}

/// What the text of a perfect likeness adds to a like, in logits: a prior for people nobody knows yet, and less than what
/// three likes or passes say.
const CONTENT: f64 = 0.3;
/// As many likes the own text counts for in what one seeks: after five liked people half of it is theirs.
const TASTE: f32 = 5.0;

/// The weights of the service.
fn weights() -> Weights {
    Weights { content: CONTENT, ..Weights::default() }
}

/// The engine's settings by those of the service.
pub(super) fn settings(config: &Config, embeds: bool, valued: Option<&Valued>) -> EngineConfig<MemberId> {
    unlearned(config, embeds, valued).taste(TASTE)
}

/// The same without learning what somebody seeks.
fn unlearned(config: &Config, embeds: bool, valued: Option<&Valued>) -> EngineConfig<MemberId> {
    let dims = config.matching.content_dims + if embeds { EMBEDDED } else { 0 };
    // Vectors of a model go with the consent to them: nobody else's taste holds them.
    let settings = EngineConfig::dims(dims)
        .taste_dims(config.matching.content_dims)
        .weights(weights())
        .age_gate(config.safety.age_gate);
    match valued {
        Some(valued) => settings.signal(valued.clone()).sketcher(valued.clone()),
        None => settings,
    }
}

/// An engine error that no caller has caused.
pub(crate) fn engine_failed(error: EngineError) -> Error {
    Error::Internal { what: "the matching engine refused a call", source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MemberId;
    use crate::interaction::{Decision, MatchState, PairKey, PairList, Stance};
    use crate::matching::{Day, Gender, Person};

    fn id(n: i64) -> MemberId {
        MemberId::new(n).unwrap()
    }

    /// Every state that two people can be in, by number.
    fn pair(n: u32) -> Pair {
        let stance = |decision: u32, is_blocked: bool| Stance {
            decision: [None, Some(DecisionKind::Like), Some(DecisionKind::Pass)][decision as usize]
                .map(|kind| Decision { kind, at: Timestamp::UNIX_EPOCH, message: None }),
            blocked_at: is_blocked.then_some(Timestamp::UNIX_EPOCH),
        };
        let match_state = match n / 36 % 2 {
            0 => MatchState::None,
            _ => MatchState::Matched { at: Timestamp::UNIX_EPOCH },
        };
        let (low, high) = (stance(n % 3, n / 9 % 2 == 1), stance(n / 3 % 3, n / 18 % 2 == 1));
        Pair { low, high, match_state, ..Pair::strangers(PairKey::of(id(1), id(2)).unwrap()) }
    }

    fn replica() -> Replica {
        let replica =
            Replica::new(&Config::default(), Catalogue::built_in(), None, None, Timestamp::UNIX_EPOCH).unwrap();
        let mut inner = replica.lock();
        inner.engine.set_today(Day::from_ymd(2026, 11, 27).unwrap());
        for n in [1, 2] {
            inner.engine.upsert(id(n), Person::new(Gender::O, 30)).unwrap();
        }
        drop(inner);
        replica
    }

    fn check(replica: &Replica, pair: &Pair) {
        let view = replica.lock().engine.view();
        for (me, other) in [(id(1), id(2)), (id(2), id(1))] {
            let is_excluded = pair.listed(me, PairList::Excluded).is_some();
            assert_eq!(view.excluded(me, other).unwrap(), is_excluded, "{me}: {pair:?}");
        }
    }

    #[test]
    fn what_is_learned_of_a_pair_is_what_its_lists_say() {
        let replica = replica();
        // From each state to each other one, forward in time.
        let mut version = 0;
        for from in 0..72 {
            for to in 0..72 {
                for n in [from, to] {
                    version += 1;
                    replica.learn(&Versioned { version, value: pair(n) });
                    check(&replica, &pair(n));
                }
            }
        }
    }

    #[test]
    fn an_older_state_changes_nothing_and_an_unmatch_is_final() {
        for newer in 0..72 {
            let replica = replica();
            replica.learn(&Versioned { version: 7, value: pair(newer) });
            for older in 0..72 {
                replica.learn(&Versioned { version: 6, value: pair(older) });
                check(&replica, &pair(newer));
            }
        }
        let replica = replica();
        let ended = Pair { match_state: MatchState::Unmatched { at: Timestamp::UNIX_EPOCH }, ..pair(0) };
        replica.learn(&Versioned { version: 2, value: ended.clone() });
        check(&replica, &ended);
    }
}
