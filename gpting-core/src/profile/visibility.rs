//! Who a member can be met by: a pause for a while, and being seen only by whom one likes.
//!
//! Called by adapters through [`Profiles`], by the slate and by whatever decides who may act on whom. Both hide a member from
//! strangers, never from those who know them: matches, friends, and whoever they like.

use jiff::{SignedDuration, Timestamp};

use super::member::{Member, Visibility};
use crate::error::{Error, Fault, Result};
use crate::gpting::{Core, Profiles};
use crate::id::MemberId;
use crate::interaction::{DecisionKind, PairKey};

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
