//! The slate: who is proposed to a member, best first, with reasons.
//!
//! The engine proposes, the store disposes: every row is loaded before it is shown, checked again when it has changed
//! since the engine saw it, and replaced when it does not fit any more. Whoever is shown is remembered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::daily::shows_picks;
use super::exposure::{self, Shown};
use super::replica::engine_failed;
use super::warm_up::{self, MOST};
use super::{After, Explanation, Filter, Pick, Reason, Relax, View};
use crate::error::{Code, Result};
use crate::gpting::{Core, Matching, bounded};
use crate::id::MemberId;
use crate::interaction::PairList;
use crate::profile::Member;
use crate::profile::card::{Card, Label};
use crate::profile::catalogue::Catalogue;
use crate::profile::place::DistanceBand;
use crate::store::{Change, Versioned, Work};

/// What a member asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlateRequest {
    /// How many people at the most.
    pub limit: usize,
    /// Where the last page ended.
    pub after: Option<SlateCursor>,
    /// Sets the member's own distance limit aside.
    pub relax_distance: bool,
    /// Sets the member's own age range aside.
    pub relax_age: bool,
}

impl SlateRequest {
    /// The best `limit` people.
    pub const fn first(limit: usize) -> Self {
        Self { limit, after: None, relax_distance: false, relax_age: false }
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
}

/// A page of proposals.
#[derive(Clone, Debug, PartialEq)]
pub struct Slate {
    /// The people, best first.
    pub cards: Vec<SlateCard>,
    /// Where the next page goes on, unless this was the last.
    pub next: Option<SlateCursor>,
    /// Which of the member's limits were set aside (`distance`, `age`).
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

/// One reason, told from the member's own point of view.
#[derive(Clone, Debug, PartialEq)]
pub struct SlateReason {
    /// Stable code.
    pub code: &'static str,
    /// Share of all that speaks for this person, in (0, 1].
    pub weight: f64,
    /// The sentence.
    pub text: Label,
}

/// How many people each of the member's own filters hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlateReach {
    /// How many people can be proposed now.
    pub eligible: usize,
    /// Filter name and how many more there would be without it.
    pub hidden_by: Vec<(String, usize)>,
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
        let mut excluded = core.store.listed(me, PairList::Excluded).await?;
        let relax = Relax { distance: request.relax_distance, age: request.relax_age };
        let paged = request.after.and_then(|cursor| core.replica.pinned(cursor.view, now, &core.config));
        let view = core.replica.view(now);
        let ranker = core.config.matching.rankers.of(&core.limit_secret, me);
        let ranked = paged.clone().unwrap_or_else(|| core.replica.view_of(ranker, now));
        let mut explored = request.after.map_or([None; MOST], |cursor| cursor.explored);
        excluded.extend(explored.into_iter().flatten());
        let mut after = request
            .after
            .map_or(After::Start, |cursor| After::Pick { score: f64::from_bits(cursor.score), id: cursor.id });
        let mut chosen: Vec<(Pick<MemberId>, Member)> = Vec::with_capacity(limit);
        let mut picked = Vec::new();
        if shows_picks(relax) {
            let picks = core.picks_of_today(me, &view, &excluded, now).await?;
            // Of the first page they are the head; later ones pass them by.
            excluded.extend(picks.iter().map(|pick| pick.id));
            if request.after.is_none() {
                let first = picks.into_iter().take(limit).collect();
                chosen.extend(core.confirm(me, relax, first, now).await?);
                picked.extend(chosen.iter().map(|(pick, _)| pick.id));
            }
        }
        let mut more = true;
        if chosen.len() == limit {
            // The picks have filled the page; whether anybody comes after them has to be asked.
            let rest = ranked.query(me).limit(1).excluding(&excluded).relax(relax).run().map_err(engine_failed)?;
            more = !rest.is_empty();
            after = After::Pick { score: f64::INFINITY, id: me };
        }
        while chosen.len() < limit && more {
            // One more than is wanted tells whether there is a next page.
            let want = limit - chosen.len();
            let query = ranked.query(me).limit(want + 1).after(after).excluding(&excluded).relax(relax);
            let mut picks = query.run().map_err(engine_failed)?;
            more = picks.len() > want;
            picks.truncate(want);
            let Some(last) = picks.last() else { break };
            after = After::from(*last);
            chosen.extend(core.confirm(me, relax, picks, now).await?);
        }
        if more && request.after.is_none() && shows_picks(relax) {
            let page = warm_up::Page { view: &view, excluded: &excluded, chosen: &mut chosen, picks: picked.len() };
            let found = core.warm_up(me, page, now).await?;
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
                Some(SlateCursor { view: key, score: score.to_bits(), id, rank: rank + chosen.len(), explored })
            }
            After::Pick { .. } | After::Start => None,
        };
        core.return_cards(cards, limit, chosen.len()).await;
        let places = exposure::Places { ranker, before: rank, picked: &picked, explored: &explored };
        let shown = places.of(me, &view, &chosen);
        let cards = core.slate_cards(&viewer.value, &view, chosen, &picked, rank, now);
        core.remember_served(me, shown, now).await?;
        let relaxed =
            [("distance", relax.distance), ("age", relax.age)].into_iter().filter(|(_, on)| *on).map(|(name, _)| name);
        Ok(Slate { cards, next, relaxed: relaxed.collect() })
    }

    /// How many people can be proposed, and what each of the member's own filters costs.
    ///
    /// # Errors
    /// [`Code::ProfileIncomplete`] for a member who cannot be shown to anybody yet.
    pub async fn reach(&self, me: MemberId) -> Result<SlateReach> {
        let core = self.0;
        core.matchable(me).await?;
        let reach = core.replica.view(core.now()).reach(me).map_err(engine_failed)?;
        let name = |filter: Filter| match filter {
            Filter::Genders => "genders".to_owned(),
            Filter::Age => "age".to_owned(),
            Filter::Distance => "distance".to_owned(),
            Filter::Verified => "verified".to_owned(),
            Filter::Dealbreaker { attribute, .. } => core
                .catalogue
                .attribute_by_number(attribute)
                .map_or_else(|| "attribute".to_owned(), |known| format!("attributes.{}", known.code)),
        };
        let hidden_by = reach.hidden_by.into_iter().map(|(filter, count)| (name(filter), count)).collect();
        Ok(SlateReach { eligible: reach.eligible, hidden_by })
    }
}

impl Core {
    /// A member who can be proposed to others and others to them.
    async fn matchable(&self, me: MemberId) -> Result<Versioned<Member>> {
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
        me: MemberId,
        relax: Relax,
        picks: Vec<Pick<MemberId>>,
        now: Timestamp,
    ) -> Result<Vec<(Pick<MemberId>, Member)>> {
        let ids: Vec<MemberId> = picks.iter().map(|pick| pick.id).collect();
        let mut rows = rustc_hash::FxHashMap::default();
        let mut news = Vec::new();
        for row in self.store.members(&ids).await? {
            if self.absorb(&row) {
                news.push(row.value.id);
            }
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
            // An unchanged row was tested by the view; a changed one is tested again. A relaxed page is tested by the
            // same relaxed query, for this one person.
            if news.contains(&pick.id) && !still_eligible(&fresh, me, pick.id, relax)? {
                continue;
            }
            if self.is_hidden_from(me, &member, now).await? {
                continue;
            }
            confirmed.push((pick, member));
        }
        Ok(confirmed)
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
                SlateCard {
                    card: Card::of(&member, viewer.profile.location.as_ref(), false, &self.catalogue, now),
                    score: (size - above) as f64 / size as f64,
                    reasons: view
                        .explain(viewer.id, pick.id)
                        .map(|why| reasons(&why, &self.catalogue))
                        .unwrap_or_default(),
                    picked: picked.contains(&pick.id),
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

fn still_eligible(view: &View<MemberId>, me: MemberId, other: MemberId, relax: Relax) -> Result<bool> {
    if relax == Relax::default() {
        return view.eligible(me, other).map_err(engine_failed);
    }
    // The row changed while a relaxed page was being made: rare enough to ask for the whole relaxed list.
    let all = view.query(me).limit(view.len()).relax(relax).run().map_err(engine_failed)?;
    Ok(all.iter().any(|pick| pick.id == other))
}

/// What speaks for a candidate, told to the viewer: only what is the viewer's own wish or public of both. What the
/// candidate wishes, and how anybody decided so far, is nobody else's to know.
fn reasons(why: &Explanation, catalogue: &Catalogue) -> Vec<SlateReason> {
    let told: Vec<(f64, &'static str, Label)> = why
        .there
        .iter()
        .filter(|part| part.logit > 0.0)
        .filter_map(|part| {
            let (code, text) = sentence(part.code, catalogue)?;
            Some((part.logit, code, text))
        })
        .collect();
    let total: f64 = told.iter().map(|(logit, ..)| logit).sum();
    let mut reasons: Vec<SlateReason> =
        told.into_iter().map(|(logit, code, text)| SlateReason { code, weight: logit / total, text }).collect();
    reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.text.ko.cmp(&b.text.ko)));
    reasons.truncate(4);
    reasons
}

fn sentence(reason: Reason, catalogue: &Catalogue) -> Option<(&'static str, Label)> {
    let label = |ko: String, en: String| Label { ko, en };
    match reason {
        Reason::SharedInterest(number) => {
            let interest = catalogue.interest_by_number(number)?;
            Some((
                "shared_interest",
                label(
                    format!("함께 좋아하는 관심사: {}", interest.label.ko),
                    format!("You both like {}", interest.label.en),
                ),
            ))
        }
        Reason::AttributePreferred { attribute, value } => {
            let known = catalogue.attribute_by_number(attribute)?;
            let (ko, en) = known.value_by_number(value).map_or_else(
                || (value.to_string(), value.to_string()),
                |value| (value.label.ko.clone(), value.label.en.clone()),
            );
            Some((
                "preferred_attribute",
                label(
                    format!("원하시는 조건: {} {ko}", known.label.ko),
                    format!("What you look for: {} – {en}", known.label.en),
                ),
            ))
        }
        Reason::Near { km } => {
            let band = DistanceBand::of_km(f64::from(km)).upper_km();
            Some(("near", label(format!("{band}km 이내에 있어요"), format!("Within {band} km"))))
        }
        Reason::AgeFit { .. } => Some(("age_fit", label("나이가 잘 맞아요".to_owned(), "A good age match".to_owned()))),
        Reason::Content => Some((
            "content",
            label("프로필이 찾으시는 분과 닮았어요".to_owned(), "Their profile fits what you look for".to_owned()),
        )),
        // How somebody decides, or is decided about, is never told.
        Reason::Base
        | Reason::Pickiness
        | Reason::Appeal
        | Reason::Price
        | Reason::AttributeAvoided { .. }
        | Reason::Signal(_) => None,
    }
}
