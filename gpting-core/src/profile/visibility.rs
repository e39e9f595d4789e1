//! Who a member can be met by: a pause for a while, and being seen only by whom one likes.
//!
//! Called by adapters through [`Profiles`], by the slate and by whatever decides who may act on whom. Both hide a member from
//! strangers, never from those who know them: matches, friends, and whoever they like.

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashSet;

use super::member::{Member, Visibility};
use crate::error::{Error, Fault, Result};
use crate::gpting::{Core, Profiles};
use crate::id::MemberId;
use crate::interaction::{DecisionKind, PairKey, PairList};

/// The longest pause. A year: whoever wants more deactivates.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// What is to be changed; what is left out stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VisibilityEdit {
    /// Until when to be hidden; `Some(None)`, and a time that has passed, end the pause.
    pub snoozed_until: Option<Option<Timestamp>>,
    /// Whether to be seen only by whom one likes.
    pub incognito: Option<bool>,
}

impl Profiles<'_> {
    /// From whom the member is hidden. A pause that is over is none.
    ///
    /// # Errors
    /// When there is no such member, or the store fails.
    pub async fn visibility(&self, me: MemberId) -> Result<Visibility> {
        let visibility = self.0.acting(me).await?.value.visibility;
        Ok(as_of(visibility, self.0.now()))
    }

    /// Changes from whom the member is hidden; on every instance within seconds.
    ///
    /// # Errors
    /// A fault of `snoozed_until` when it is more than a year ahead.
    pub async fn set_visibility(&self, me: MemberId, edit: VisibilityEdit) -> Result<Visibility> {
        let changed = self
            .0
            .change_member(me, None, |member, now| {
                member.visibility = applied(member.visibility, edit, now)?;
                Ok(())
            })
            .await?;
        Ok(changed.value.visibility)
    }
}

fn as_of(visibility: Visibility, now: Timestamp) -> Visibility {
    Visibility { snoozed_until: visibility.snoozed_until.filter(|until| now < *until), ..visibility }
}

fn applied(present: Visibility, edit: VisibilityEdit, now: Timestamp) -> Result<Visibility> {
    let mut next = present;
    if let Some(until) = edit.snoozed_until {
        if until.is_some_and(|until| until.duration_since(now) > LONGEST) {
            return Err(Error::field("snoozed_until", Fault::Invalid));
        }
        next.snoozed_until = until;
    }
    next.incognito = edit.incognito.unwrap_or(next.incognito);
    Ok(as_of(next, now))
}

impl Core {
    /// Whether a member is not to be proposed to `viewer`, nor met by them as a stranger.
    pub(crate) async fn is_hidden_from(&self, viewer: MemberId, member: &Member, now: Timestamp) -> Result<bool> {
        if member.visibility.is_snoozed(now) {
            return Ok(true);
        }
        if !member.visibility.incognito {
            return Ok(false);
        }
        let Some(key) = PairKey::of(viewer, member.id) else { return Ok(true) };
        let pair = self.store.pair(key).await?;
        let likes = |pair: &crate::interaction::Pair| {
            key.side(member.id).is_some_and(|side| pair.has_decided(side, DecisionKind::Like))
        };
        Ok(!pair.is_some_and(|pair| likes(&pair.value)))
    }

    /// Everybody who is not to be proposed to `viewer` by their own wish, as far as this instance has heard.
    /// `O(people who hide)`.
    pub(crate) async fn hidden_from(&self, viewer: MemberId, now: Timestamp) -> Result<Vec<MemberId>> {
        let (mut hidden, mut incognito) = self.replica.hidden(now);
        if !incognito.is_empty() {
            let likers: FxHashSet<MemberId> = self.likers(viewer).await?;
            incognito.retain(|id| !likers.contains(id));
        }
        hidden.append(&mut incognito);
        Ok(hidden)
    }

    /// Those who like `viewer` and wait for a decision: nobody else who likes them can be proposed to them.
    async fn likers(&self, viewer: MemberId) -> Result<FxHashSet<MemberId>> {
        Ok(self.store.listed(viewer, PairList::LikedMe).await?.into_iter().collect())
    }
}

/// Whether candidates hide from one viewer: asks the store once, and only when somebody is incognito.
#[derive(Debug)]
pub(crate) struct Veil {
    viewer: MemberId,
    likers: Option<FxHashSet<MemberId>>,
}

impl Veil {
    pub(crate) fn of(viewer: MemberId) -> Self {
        Self { viewer, likers: None }
    }

    pub(crate) fn viewer(&self) -> MemberId {
        self.viewer
    }

    /// Whether a candidate for a proposal is not to be proposed.
    pub(crate) async fn hides(&mut self, core: &Core, member: &Member, now: Timestamp) -> Result<bool> {
        if member.visibility.is_snoozed(now) {
            return Ok(true);
        }
        if !member.visibility.incognito {
            return Ok(false);
        }
        let likers = match self.likers.take() {
            Some(likers) => likers,
            None => core.likers(self.viewer).await?,
        };
        Ok(!self.likers.insert(likers).contains(&member.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpting::Gpting;
    use crate::interaction::Pair;
    use crate::store::{Change, Expect, Work};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_pause_ends_by_itself_and_can_be_ended() {
        let paused = applied(
            Visibility::default(),
            VisibilityEdit { snoozed_until: Some(Some(at(50))), incognito: None },
            at(10),
        )
        .unwrap();
        assert_eq!([49, 50, 51].map(|now| paused.is_snoozed(at(now))), [true, false, false]);
        let incognito = VisibilityEdit { incognito: Some(true), ..VisibilityEdit::default() };
        let both = applied(paused, incognito, at(20)).unwrap();
        assert_eq!(both, Visibility { snoozed_until: Some(at(50)), incognito: true });
        assert!(applied(both, incognito, at(60)).unwrap().snoozed_until.is_none(), "what is over is let go");
        for ended in [None, Some(at(5))] {
            let edit = VisibilityEdit { snoozed_until: Some(ended), incognito: Some(false) };
            assert!(applied(both, edit, at(20)).unwrap().is_open());
        }
    }

    #[tokio::test]
    async fn who_likes_the_viewer_is_asked_once_and_only_where_somebody_is_incognito() {
        let g = Gpting::builder(crate::store::MemoryStore::default()).build().await.unwrap();
        let mut people = Vec::new();
        for name in ["viewer", "open", "incognito", "liker"] {
            let id = g.members().ensure(name.into()).await.unwrap();
            people.push(g.core.acting(id).await.unwrap().value);
        }
        for hidden in &mut people[2..] {
            hidden.visibility.incognito = true;
        }
        let now = g.core.now();
        let like = async |who: MemberId| {
            let mut pair = Pair::strangers(PairKey::of(people[0].id, who).unwrap());
            pair.like(pair.key.side(who).unwrap(), now, None).unwrap();
            g.core.commit(Work::new().change(Change::PutPair(Box::new(pair), Expect::New))).await.unwrap();
        };
        like(people[3].id).await;
        let mut veil = Veil::of(people[0].id);
        assert!(!veil.hides(&g.core, &people[1], now).await.unwrap());
        assert!(veil.likers.is_none(), "nobody has been incognito yet");
        assert!(veil.hides(&g.core, &people[2], now).await.unwrap());
        like(people[2].id).await;
        let hides = [veil.hides(&g.core, &people[2], now).await, veil.hides(&g.core, &people[3], now).await];
        assert_eq!(hides.map(Result::unwrap), [true, false], "as it was when it was asked");
        assert!(!Veil::of(people[0].id).hides(&g.core, &people[2], now).await.unwrap());
        people[3].visibility.snoozed_until = Some(now + SignedDuration::from_secs(1));
        assert!(veil.hides(&g.core, &people[3], now).await.unwrap());
    }

    #[test]
    fn a_pause_is_a_year_at_the_most() {
        let until = |hours: i64| VisibilityEdit {
            snoozed_until: Some(Some(at(0) + SignedDuration::from_hours(hours))),
            incognito: None,
        };
        assert!(applied(Visibility::default(), until(366 * 24), at(0)).is_ok());
        assert!(applied(Visibility::default(), until(366 * 24 + 1), at(0)).is_err());
    }
}
