//! What the made-up members do: like guests, and like them back; write first after a match; read and answer.
//!
//! Called by the demo beside the server; reads the store's feeds, acts through the core's facets like any client. Invariants:
//!
//! - nothing is remembered that the store does not say: what is to be done is read off it at every look, so a restart goes
//!   on where it stood, and whoever blocks, unmatches or deletes their account is left alone;
//! - a member answers a guest's message once: a message has an id that follows from its place;
//! - the made-up members do nothing with each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use gpting_core::chat::talk::Draft;
use gpting_core::error::Chain;
use gpting_core::id::{MemberId, RoomId};
use gpting_core::interaction::{DecisionKind, Pair};
use gpting_core::lang::Lang;
use gpting_core::profile::Member;
use gpting_core::store::{FeedCursor, FeedEntry, MessageRange, Page, PairCursor, Store};
use gpting_core::{Error, Gpting};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::{BATCH, draw, is_made_up, people, phrases};

/// How likely a guest is liked back.
const LIKES_BACK: f64 = 0.7;
/// How many like a guest of their own accord, at the most.
const ADMIRERS: usize = 5;
/// How many are asked, each time, whether the guest is somebody for them.
const ASKED: usize = 12;
/// Paces between two admirers, on average.
const ADMIRERS_EVERY: f64 = 4.0;
/// Rooms of a guest that are looked at.
const ROOMS: usize = 50;
/// Longest and shortest time between two looks.
const LOOK: [Duration; 2] = [Duration::from_millis(40), Duration::from_secs(1)];

/// Something that one of the members is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Act {
    LikeBack { me: MemberId, guest: MemberId },
    Admire { guest: MemberId, round: usize },
    Greet { me: MemberId, guest: MemberId, room: RoomId, seq: u64 },
    Read { me: MemberId, room: RoomId, seq: u64 },
    Answer { me: MemberId, room: RoomId, seq: u64 },
}

/// A made-up member as their deeds need them.
struct Persona {
    source: String,
    lang: Lang,
    interests: Vec<String>,
}

/// What a guest is to the members.
#[derive(Default)]
struct Guest {
    /// Whether they can be met.
    is_there: bool,
    interests: Vec<String>,
    /// Those whom the guest likes and who have not decided.
    waiting: BTreeSet<MemberId>,
    /// Those who have decided about the guest.
    decided: BTreeSet<MemberId>,
    /// Those among them who like the guest.
    admirers: BTreeSet<MemberId>,
    /// How often somebody was asked whether they like the guest.
    round: usize,
}

/// The members at work.
pub(super) struct Life<'a> {
    g: &'a Gpting,
    store: &'a dyn Store,
    seed: u64,
    pace: Duration,
    personas: BTreeMap<MemberId, Persona>,
    guests: BTreeMap<MemberId, Guest>,
    read_to: (FeedCursor, PairCursor),
    due: HashMap<Act, Instant>,
}

impl<'a> Life<'a> {
    /// Members who react after `pace` on average.
    pub(super) fn new(g: &'a Gpting, store: &'a dyn Store, seed: u64, pace: Duration) -> Self {
        Self {
            g,
            store,
            seed,
            pace,
            personas: BTreeMap::new(),
            guests: BTreeMap::new(),
            read_to: Default::default(),
            due: HashMap::new(),
        }
    }

    /// Acts for ever.
    pub(super) async fn go_on(mut self) {
        let [shortest, longest] = LOOK;
        let between_looks = (self.pace / 4).clamp(shortest, longest);
        loop {
            // A store that is away for a while is told of by everything else that needs it.
            if let Err(error) = self.look_and_act().await {
                tracing::debug!(error = %Chain(&error), "the members of the demo wait for the store");
            }
            tokio::time::sleep(between_looks).await;
        }
    }

    async fn look_and_act(&mut self) -> Result<(), Error> {
        self.meet().await?;
        self.hear_of_likes().await?;
        let acts = self.intended().await?;
        // What is not intended any more is forgotten.
        let still: HashSet<Act> = acts.iter().copied().collect();
        self.due.retain(|act, _| still.contains(act));
        let now = Instant::now();
        for act in acts {
            let pause = self.pause(act);
            if *self.due.entry(act).or_insert(now + pause) > now {
                continue;
            }
            self.due.remove(&act);
            // Things changed between the look and the deed, or there was too much to do: the next look tells. Nobody waits
            // for somebody who cannot act.
            if let Err(error) = self.perform(act).await {
                tracing::debug!(error = %Chain(&error), "a member of the demo could not act");
            }
        }
        Ok(())
    }

    /// Reads who is new and who has changed.
    async fn meet(&mut self) -> Result<(), Error> {
        loop {
            let (entries, next) = self.store.members_changed(self.read_to.0, BATCH).await?;
            self.read_to.0 = next;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                match entry {
                    FeedEntry::Put(row) => self.met(row.value),
                    FeedEntry::Gone(member) => {
                        self.personas.remove(&member);
                        self.guests.remove(&member);
                    }
                }
            }
        }
    }

    fn met(&mut self, member: Member) {
        if is_made_up(&member) {
            let source = member.source.unwrap_or_default();
            let lang = people::language(&source, self.seed);
            self.personas.insert(member.id, Persona { source, lang, interests: member.profile.interests });
        } else {
            let is_there = member.is_visible();
            // Whoever is gone for now keeps what was heard: the feed of pairs does not tell it again.
            let guest = self.guests.entry(member.id).or_default();
            (guest.is_there, guest.interests) = (is_there, member.profile.interests);
        }
    }

    /// Reads what has been decided.
    async fn hear_of_likes(&mut self) -> Result<(), Error> {
        loop {
            let (pairs, next) = self.store.pairs_changed(self.read_to.1, BATCH).await?;
            self.read_to.1 = next;
            if pairs.is_empty() {
                return Ok(());
            }
            for pair in pairs {
                self.heard(&pair.value);
            }
        }
    }

    fn heard(&mut self, pair: &Pair) {
        let (low, high) = (pair.key.low, pair.key.high);
        let (me, guest) = if self.personas.contains_key(&low) { (low, high) } else { (high, low) };
        if !self.personas.contains_key(&me) {
            return;
        }
        if self.personas.contains_key(&guest) {
            return;
        }
        let Some(mine) = pair.key.side(me) else { return };
        let guest = self.guests.entry(guest).or_default();
        let is_decided = pair.stance(mine).decision.is_some() || pair.is_blocked() || pair.is_unmatched();
        let is_liked = pair.has_decided(mine.other(), DecisionKind::Like);
        let put = |set: &mut BTreeSet<MemberId>, belongs: bool| {
            if belongs {
                set.insert(me)
            } else {
                set.remove(&me)
            };
        };
        put(&mut guest.waiting, is_liked && !is_decided);
        put(&mut guest.decided, is_decided);
        put(&mut guest.admirers, pair.has_decided(mine, DecisionKind::Like));
    }

    /// Everything that somebody would do now, if they were quick.
    async fn intended(&self) -> Result<Vec<Act>, Error> {
        let mut acts = Vec::new();
        for (id, guest) in self.guests.iter().filter(|(_, guest)| guest.is_there) {
            let id = *id;
            let willing = guest.waiting.iter().filter(|me| self.likes_back(**me, id));
            acts.extend(willing.map(|me| Act::LikeBack { me: *me, guest: id }));
            if guest.admirers.len() < ADMIRERS {
                acts.push(Act::Admire { guest: id, round: guest.round });
            }
            for overview in self.store.list_rooms(id, Page::first(ROOMS)).await? {
                let (room, me) = (overview.room.id, overview.room.pair.other(id));
                let seq = overview.room.last_seq;
                if !self.personas.contains_key(&me) {
                    continue;
                }
                acts.extend(match &overview.last_message {
                    None => Some(Act::Greet { me, guest: id, room, seq }),
                    Some(last) if last.sender != id || last.unsent.is_some() => None,
                    Some(_) if overview.their_read < seq => Some(Act::Read { me, room, seq }),
                    Some(_) => Some(Act::Answer { me, room, seq }),
                });
            }
        }
        Ok(acts)
    }

    fn likes_back(&self, me: MemberId, guest: MemberId) -> bool {
        self.personas.get(&me).is_some_and(|persona| likes_back(self.seed, &persona.source, guest))
    }

    /// How long somebody takes: half to one and a half paces. Reading is quick, and admirers are rare.
    fn pause(&self, act: Act) -> Duration {
        let factor = match act {
            Act::Read { .. } => 0.4,
            Act::Admire { .. } => ADMIRERS_EVERY,
            Act::LikeBack { .. } | Act::Greet { .. } | Act::Answer { .. } => 1.0,
        };
        let spread = 0.5 + draw(self.seed, &format!("{act:?}"), "pause").unit();
        self.pace.mul_f64(factor * spread)
    }

    async fn perform(&mut self, act: Act) -> Result<(), Error> {
        match act {
            Act::LikeBack { me, guest } => {
                self.g.matching().like(me, guest, None).await?;
            }
            Act::Admire { guest, .. } => self.admire(guest).await?,
            Act::Greet { me, guest, room, seq } => {
                let Some(persona) = self.personas.get(&me) else { return Ok(()) };
                let theirs = self.guests.get(&guest).map(|guest| guest.interests.as_slice()).unwrap_or_default();
                let shared = persona.interests.iter().find(|interest| theirs.contains(interest));
                let label = shared.and_then(|code| self.label(code, persona.lang));
                let mut chance = draw(self.seed, &format!("{room}/{seq}"), "greeting");
                self.say(me, room, seq, phrases::greeting(&mut chance, label.as_deref(), persona.lang)).await?;
            }
            Act::Read { me, room, seq } => {
                self.g.chat().read(me, room, seq).await?;
                self.g.chat().typing(me, room).await?;
            }
            Act::Answer { me, room, seq } => {
                let range = MessageRange::Before(seq + 1);
                let Some(asked) = self.g.chat().history(me, room, range, 1).await?.pop() else { return Ok(()) };
                let Some(persona) = self.personas.get(&me) else { return Ok(()) };
                let lang = phrases::language(&asked.message.text).unwrap_or(persona.lang);
                let labels: Vec<String> = persona.interests.iter().filter_map(|code| self.label(code, lang)).collect();
                let mut chance = draw(self.seed, &format!("{room}/{seq}"), "answer");
                self.say(me, room, seq, phrases::answer(&mut chance, &asked.message.text, &labels, lang)).await?;
            }
        }
        Ok(())
    }

    /// Asks some whether the guest is somebody for them; the first who may act likes the guest.
    async fn admire(&mut self, id: MemberId) -> Result<(), Error> {
        let Some(guest) = self.guests.get_mut(&id) else { return Ok(()) };
        let round = guest.round;
        guest.round += 1;
        let mut chance = draw(self.seed, &format!("{id}/{round}"), "admirers");
        let free: Vec<MemberId> = self
            .personas
            .keys()
            .filter(|me| !guest.decided.contains(me) && !guest.waiting.contains(me))
            .copied()
            .collect();
        for _ in 0..ASKED.min(free.len()) {
            let me = free[chance.below(free.len())];
            match self.g.matching().like(me, id, None).await {
                Ok(_) => return Ok(()),
                // The two do not fit, or the guest is not to be met now.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn label(&self, interest: &str, lang: Lang) -> Option<String> {
        self.g.profiles().catalogue().interest(interest).map(|interest| interest.label.text(lang).to_owned())
    }

    /// Says what follows the message at `seq`, once.
    async fn say(&self, me: MemberId, room: RoomId, seq: u64, text: String) -> Result<(), Error> {
        let hash: [u8; 32] = Sha256::digest(format!("demo/{room}/{seq}")).into();
        let id = hash.first_chunk().map(|first| uuid::Builder::from_custom_bytes(*first).into_uuid());
        self.g.chat().send(me, room, Draft::text(text).id(id.unwrap_or_else(Uuid::nil))).await?;
        Ok(())
    }
}

/// Whether a member likes a guest back: always the same.
fn likes_back(seed: u64, source: &str, guest: MemberId) -> bool {
    draw(seed, &format!("{source}/{guest}"), "like").unit() < LIKES_BACK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_in_ten_like_back_and_do_not_change_their_minds() {
        let guest = MemberId::new(42).unwrap();
        let likers = |seed| -> Vec<u32> {
            (1..=2_000).filter(|number| likes_back(seed, &people::source(*number), guest)).collect()
        };
        assert!((1_320..1_480).contains(&likers(1).len()), "{}", likers(1).len());
        assert_eq!(likers(1), likers(1));
        assert_ne!(likers(1), likers(2));
    }
}
