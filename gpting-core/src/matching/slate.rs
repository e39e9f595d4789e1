//! The slate: who is proposed to a member, best first, with reasons.
//!
//! The engine proposes, the store disposes: every row is loaded before it is shown, checked again when it has changed
//! since the engine saw it, and replaced when it does not fit any more. Whoever is shown is remembered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::daily::shows_picks;
use super::exposure::{self, Shown};
use super::reasons::{SlateReason, reasons};
use super::replica::engine_failed;
use super::warm_up::{self, MOST};
use super::{After, Pick, Relax, View};
use crate::assist::Made;
use crate::error::{Code, Result};
use crate::gpting::{Core, Matching, bounded};
use crate::id::MemberId;
use crate::interaction::PairList;
use crate::profile::Member;
use crate::profile::card::Card;
use crate::profile::visibility::Veil;
use crate::store::{Change, Versioned, Work};

/// How many are asked for at least where a page is filled up again.
const REFILL: usize = 32;

/// What a member asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlateRequest {
    /// How many people at the most.
    pub limit: usize,
    /// Where the last page ended.
    pub after: Option<SlateCursor>,
    /// Which of the member's own limits are widened or set aside for this list.
    pub relax: Relax,
}

impl SlateRequest {
    /// The best `limit` people.
    pub const fn first(limit: usize) -> Self {
        Self { limit, after: None, relax: Relax::NONE }
    }
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlateCursor {
    /// Which pinned view is paged.
    view: u64,
    /// The last score, as its bits: a paging goes on at exactly this value.
    score: u64,
    /// The last person.
    id: MemberId,
    /// How many people the pages so far held.
    rank: usize,
    /// Whom the first page explored: they are not to come again.
    #[serde(default)]
    explored: [Option<MemberId>; MOST],
    /// The picks that the first page began with: they are not to come again, and the picks of another round come by rank.
    #[serde(default)]
    picked: [Option<MemberId>; PICKS],
    /// When the paging began: an instance that does not hold its view goes on with whoever was not shown since then.
    #[serde(default)]
    began: Option<Timestamp>,
    /// Whether a page came from another view than the first: then no place in a view tells who was shown.
    #[serde(default)]
    moved: bool,
}

/// The most picks of a day that a page begins with and a cursor carries. A round makes one.
const PICKS: usize = 4;

/// A page of proposals.
#[derive(Clone, Debug, PartialEq)]
pub struct Slate {
    /// The people, best first.
    pub cards: Vec<SlateCard>,
    /// Where the next page goes on, unless this was the last.
    pub next: Option<SlateCursor>,
    /// Which of the member's limits were widened or set aside (`distance`, `age`).
    pub relaxed: Vec<&'static str>,
}

/// A proposed person.
#[derive(Clone, Debug, PartialEq)]
pub struct SlateCard {
    /// How they appear.
    pub card: Card,
    /// Percentile inside the member's own slate, in (0, 1].
    pub score: f64,
    /// What speaks for them, the weightiest first, at most four.
    pub reasons: Vec<SlateReason>,
    /// Whether they are a daily pick: the member is theirs on the same day.
    pub picked: bool,
}

impl Matching<'_> {
    /// People to meet: today's picks, then everybody else, best first. Whenever that many eligible people exist, `limit` are answered; paging on from
    /// [`Slate::next`] shows everybody once.
    ///
    /// # Errors
    /// [`Code::ProfileIncomplete`] for a member who cannot be shown to anybody yet; [`Error::TooMany`](crate::Error::TooMany)
    /// when the day's cards are used up.
    pub async fn slate(&self, me: MemberId, request: SlateRequest) -> Result<Slate> {
        let core = self.0;
        let now = core.now();
        let viewer = core.matchable(me).await?;
        core.touch(&viewer).await?;
        let (limit, cards) = core.take_cards(me, bounded(request.limit, core.config.limits.page)).await?;
        let slate = core.slate_of(&viewer.value, SlateRequest { limit, ..request }, now).await;
        // Whatever came of it: what was not shown is not used up.
        core.return_cards(cards, limit, slate.as_ref().map_or(0, |slate| slate.cards.len())).await;
        slate
    }
}

impl Core {
    /// A page of exactly as many people as are asked for, while there are any, remembered as shown.
    async fn slate_of(&self, viewer: &Member, request: SlateRequest, now: Timestamp) -> Result<Slate> {
        let (core, me, limit) = (self, viewer.id, request.limit);
        let first_made = async { if request.after.is_none() { core.made_order(viewer).await } else { None } };
        let (excluded, made) = tokio::join!(core.store.listed(me, PairList::Excluded), first_made);
        let mut excluded = excluded?;
        let relax = request.relax;
        let paged = request.after.and_then(|cursor| core.replica.pinned(cursor.view, now, &core.config));
        let view = core.replica.view(now);
        let ranker = core.config.matching.rankers.of(&core.limit_secret, me);
        let ranked = paged.clone().unwrap_or_else(|| core.replica.view_of(ranker, now));
        let mut explored = request.after.map_or([None; MOST], |cursor| cursor.explored);
        excluded.extend(explored.into_iter().flatten());
        let mut headed = request.after.map_or([None; PICKS], |cursor| cursor.picked);
        excluded.extend(headed.into_iter().flatten());
        let mut after = request
            .after
            .map_or(After::Start, |cursor| After::Pick { score: f64::from_bits(cursor.score), id: cursor.id });
        let began = request.after.map_or(Some(now), |cursor| cursor.began);
        let moved = request.after.is_some_and(|cursor| cursor.moved || paged.is_none());
        if let Some(began) = began.filter(|_| moved) {
            // Another instance had the view, or it was let go of: scores may be others by now, so nobody's place in the
            // paging follows from theirs. Whoever was not shown since it began comes; a second paging beside it counts.
            excluded.extend(core.store.served_since(me, began).await?);
            after = After::Start;
        }
        let mut chosen: Vec<(Pick<MemberId>, Member)> = Vec::with_capacity(limit);
        let mut picked = Vec::new();
        let mut veil = Veil::of(me);
        if shows_picks(relax) && request.after.is_none() {
            // Of the first page they are the head; later ones pass them by.
            let mut picks = core.picks_of_today(me, &view, &excluded, now).await?;
            picks.truncate(limit.min(PICKS));
            excluded.extend(picks.iter().map(|pick| pick.id));
            chosen.extend(core.confirm(&mut veil, relax, picks, now).await?);
            picked.extend(chosen.iter().map(|(pick, _)| pick.id));
            headed.iter_mut().zip(&picked).for_each(|(place, id)| *place = Some(*id));
        }
        let mut more = true;
        if chosen.len() == limit {
            // The picks have filled the page; whether anybody comes after them has to be asked.
            let rest = ranked.query(me).limit(1).excluding(&excluded).relax(relax).run().map_err(engine_failed)?;
            more = !rest.is_empty();
            after = After::Pick { score: f64::INFINITY, id: me };
        }
        let mut fewest = 0;
        while chosen.len() < limit && more {
            let want = limit - chosen.len();
            // Where many hide, places are not filled one by one.
            let ask = want.max(fewest);
            fewest = REFILL;
            // One more than is asked for tells whether there is a next page.
            let query = ranked.query(me).limit(ask + 1).after(after).excluding(&excluded).relax(relax);
            let mut picks = query.run().map_err(engine_failed)?;
            more = picks.len() > ask;
            picks.truncate(ask);
            let Some(last) = picks.last() else { break };
            after = After::from(*last);
            let mut confirmed = core.confirm(&mut veil, relax, picks, now).await?;
            if confirmed.len() > want {
                // Those behind the last place are the next page's.
                confirmed.truncate(want);
                more = true;
                after = confirmed.last().map_or(after, |(pick, _)| After::from(*pick));
            }
            chosen.extend(confirmed);
        }
        if more && request.after.is_none() && shows_picks(relax) {
            let page = warm_up::Page { view: &view, excluded: &excluded, chosen: &mut chosen, picks: picked.len() };
            let found = core.warm_up(&mut veil, page, now).await?;
            if let Some((last, _)) = chosen.iter().rev().find(|(pick, _)| !found.contains(&pick.id)) {
                after = if found.is_empty() { after } else { After::from(*last) };
            }
            explored.iter_mut().zip(found).for_each(|(place, id)| *place = Some(id));
        }
        let rank = request.after.map_or(0, |cursor| cursor.rank);
        let next = match after {
            After::Pick { score, id } if more => {
                let key = match request.after {
                    Some(cursor) if paged.is_some() => cursor.view,
                    _ => core.pin(ranked.clone(), now),
                };
                Some(SlateCursor {
                    view: key,
                    score: score.to_bits(),
                    id,
                    rank: rank + chosen.len(),
                    explored,
                    picked: headed,
                    began,
                    moved,
                })
            }
            After::Pick { .. } | After::Start => None,
        };
        if let Some(made) = made {
            core.reorder_tail(viewer, &made, &mut chosen, picked.len(), &explored);
        }
        let places = exposure::Places { ranker, before: rank, picked: &picked, explored: &explored };
        let shown = places.of(me, &view, &chosen);
        let cards = core.slate_cards(viewer, &view, chosen, &picked, rank, now);
        // Not before the paging began, whatever the clocks of two instances say.
        core.remember_served(me, shown, began.map_or(now, |began| began.max(now))).await?;
        Ok(Slate { cards, next, relaxed: relaxed(relax) })
    }
}

impl Core {
    /// Puts those behind the picks in the order that was made for them. Whoever is explored keeps their place, whatever order
    /// the ranking is put in.
    fn reorder_tail(
        &self,
        viewer: &Member,
        made: &[Made],
        chosen: &mut Vec<(Pick<MemberId>, Member)>,
        picks: usize,
        explored: &[Option<MemberId>],
    ) {
        let (ranking, explored): (Vec<_>, Vec<_>) =
            (0..).zip(chosen.split_off(picks)).partition(|(_, (pick, _))| !explored.contains(&Some(pick.id)));
        let mut tail: Vec<_> = ranking.into_iter().map(|(_, one)| one).collect();
        self.order_first(viewer, made, &mut tail, |(_, member)| member);
        for (place, one) in explored {
            tail.insert(place, one);
        }
        chosen.append(&mut tail);
    }
}

/// The names of the limits that a relaxation touches.
fn relaxed(relax: Relax) -> Vec<&'static str> {
    let touched =
        [("distance", relax.distance || relax.within_km.is_some()), ("age", relax.age || relax.age_years > 0)];
    touched.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
}

impl Core {
    /// A member who can be proposed to others and others to them.
    pub(super) async fn matchable(&self, me: MemberId) -> Result<Versioned<Member>> {
        let viewer = self.acting(me).await?;
        self.absorb(&viewer);
        let wants_somebody = !viewer.value.preferences.genders.is_empty();
        if viewer.value.is_visible() && wants_somebody && self.replica.view(self.now()).contains(me) {
            Ok(viewer)
        } else {
            Err(Code::ProfileIncomplete.into())
        }
    }

    /// Those picks that hold by what the store says now, with their rows.
    pub(super) async fn confirm(
        &self,
        veil: &mut Veil,
        relax: Relax,
        picks: Vec<Pick<MemberId>>,
        now: Timestamp,
    ) -> Result<Vec<(Pick<MemberId>, Member)>> {
        let ids: Vec<MemberId> = picks.iter().map(|pick| pick.id).collect();
        let mut rows = rustc_hash::FxHashMap::default();
        for row in self.store.members(&ids).await? {
            self.absorb(&row);
            rows.insert(row.value.id, row.value);
        }
        let fresh = self.replica.view(now);
        let mut confirmed = Vec::with_capacity(picks.len());
        for pick in picks {
            // A row that is gone was erased between the view and now.
            let Some(member) = rows.remove(&pick.id) else { continue };
            if !member.is_visible() || !fresh.contains(pick.id) {
                continue;
            }
            // Since the view was made both may have changed, the viewer as well, and the feed may have told of it before this. A
            // relaxed page is tested by the same relaxed query, for this one person.
            if !fresh.eligible_with(veil.viewer(), pick.id, relax).map_err(engine_failed)? {
                continue;
            }
            if veil.hides(self, &member, now).await? {
                continue;
            }
            confirmed.push((pick, member));
        }
        Ok(confirmed)
    }

    /// The first people of a member's tail, behind the picks of the day, in their order, with their rows: those whom a slate
    /// would show, and nobody for a member who cannot be shown to anybody.
    pub(crate) async fn first_of_tail(&self, me: MemberId, count: usize) -> Result<Vec<Versioned<Member>>> {
        if let Err(error) = self.matchable(me).await {
            return if error.code() == Code::ProfileIncomplete { Ok(Vec::new()) } else { Err(error) };
        }
        let now = self.now();
        let mut excluded = self.store.listed(me, PairList::Excluded).await?;
        let view = self.replica.view(now);
        let picks = self.picks_of_today(me, &view, &excluded, now).await?;
        excluded.extend(picks.iter().map(|pick| pick.id));
        let ranked = self.replica.view_of(self.config.matching.rankers.of(&self.limit_secret, me), now);
        let (mut after, mut tail) = (After::Start, Vec::with_capacity(count));
        while tail.len() < count {
            let want = count - tail.len();
            let query = ranked.query(me).limit(want).after(after).excluding(&excluded);
            let picks = query.run().map_err(engine_failed)?;
            let Some(last) = picks.last() else { break };
            after = After::from(*last);
            let ids: Vec<MemberId> = picks.iter().map(|pick| pick.id).collect();
            let rows = self.store.members(&ids).await?.into_iter().map(|row| (row.value.id, row));
            let mut rows: rustc_hash::FxHashMap<_, _> = rows.collect();
            for row in ids.iter().filter_map(|id| rows.remove(id)) {
                if row.value.is_visible() && !self.is_hidden_from(me, &row.value, now).await? {
                    tail.push(row);
                }
            }
        }
        Ok(tail)
    }

    fn pin(&self, view: View<MemberId>, now: Timestamp) -> u64 {
        let mut bytes = [0; 8];
        self.rng.fill(&mut bytes);
        let key = u64::from_le_bytes(bytes);
        self.replica.pin(view, key, now, &self.config);
        key
    }

    fn slate_cards(
        &self,
        viewer: &Member,
        view: &View<MemberId>,
        chosen: Vec<(Pick<MemberId>, Member)>,
        picked: &[MemberId],
        rank: usize,
        now: Timestamp,
    ) -> Vec<SlateCard> {
        let size = self.config.matching.slate_size.max(1);
        chosen
            .into_iter()
            .enumerate()
            .map(|(place, (pick, member))| {
                let above = (rank + place).min(size - 1);
                let card = Card::of(&member, viewer.profile.location.as_ref(), false, &self.catalogue, now);
                let why = view.explain(viewer.id, pick.id);
                SlateCard {
                    score: (size - above) as f64 / size as f64,
                    reasons: why.map(|why| reasons(&why, &card.shown(), &self.catalogue)).unwrap_or_default(),
                    picked: picked.contains(&pick.id),
                    card,
                }
            })
            .collect()
    }

    async fn remember_served(&self, viewer: MemberId, candidates: Vec<Shown>, at: Timestamp) -> Result<()> {
        if candidates.is_empty() {
            return Ok(());
        }
        self.commit(Work::new().change(Change::Serve { viewer, candidates, at })).await?;
        Ok(())
    }
}
