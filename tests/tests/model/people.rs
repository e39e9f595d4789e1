//! The people of the model: who is there, who they say they are, whom they wish to meet.

use std::collections::BTreeSet;

use gpting_core::Code;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

/// How long after asking for it somebody is erased, in seconds.
const ERASED_AFTER: i64 = 14 * 24 * 3600;

/// Everybody turns a year older on this day.
const BIRTHDAY: (i8, i8) = (5, 5);

/// Whether somebody takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Has never joined, or is erased.
    #[default]
    Absent,
    Active,
    /// Hidden from everybody since then.
    Erasing(i64),
}

/// Who somebody says they are. Nickname, gender and birth date come together.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) gender: char,
    pub(crate) born: i16,
}

/// Somebody.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) standing: Standing,
    pub(crate) said: Option<Described>,
    pub(crate) wants: BTreeSet<char>,
    pub(crate) ages: (i64, i64),
}

impl Default for Person {
    fn default() -> Self {
        Self { standing: Standing::Absent, said: None, wants: BTreeSet::new(), ages: (18, 120) }
    }
}

impl Person {
    /// Whether they may act at all.
    pub(crate) fn acting(&self) -> Result<(), Code> {
        match self.standing {
            Standing::Absent => Err(Code::TokenInvalid),
            Standing::Active => Ok(()),
            Standing::Erasing(_) => Err(Code::AccountErased),
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Whether there is anything of them to meet.
    pub(crate) fn is_visible(&self) -> bool {
        self.is_active() && self.said.is_some()
    }

    /// The nickname, empty for whoever has none.
    pub(crate) fn name(&self) -> String {
        self.said.as_ref().map(|said| said.name.clone()).unwrap_or_default()
    }

    /// Age in full years.
    pub(crate) fn age(&self, today: Date) -> Option<i64> {
        let born = self.said.as_ref()?.born;
        let had_birthday = (today.month(), today.day()) >= BIRTHDAY;
        Some(i64::from(today.year() - born) - i64::from(!had_birthday))
    }

    pub(crate) fn describe(&mut self, name: String, gender: char, born: i16, today: Date) -> Result<(), Code> {
        self.acting()?;
        // Old enough from New Year of the year in which they turn 19; a birth date is for ever.
        let is_other = self.said.as_ref().is_some_and(|said| said.born != born);
        if born + 19 > today.year() || is_other {
            return Err(Code::ValidationFailed);
        }
        self.said = Some(Described { name, gender, born });
        Ok(())
    }

    pub(crate) fn wish(&mut self, genders: &[char], ages: (i64, i64)) -> Result<(), Code> {
        self.acting()?;
        if ages.0 > ages.1 {
            return Err(Code::ValidationFailed);
        }
        (self.wants, self.ages) = (genders.iter().copied().collect(), ages);
        Ok(())
    }

    /// Asks for erasure; asking again changes nothing.
    pub(crate) fn erase(&mut self, now: i64) -> Result<(), Code> {
        match self.standing {
            Standing::Absent => return Err(Code::MemberNotFound),
            Standing::Active => self.standing = Standing::Erasing(now),
            Standing::Erasing(_) => {}
        }
        Ok(())
    }

    /// Whether the term of their erasure has ended.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        matches!(self.standing, Standing::Erasing(since) if since + ERASED_AFTER <= now)
    }

    fn wants(&self, other: &Self, today: Date) -> bool {
        let gender = other.said.as_ref().is_some_and(|said| self.wants.contains(&said.gender));
        gender && other.age(today).is_some_and(|age| self.ages.0 <= age && age <= self.ages.1)
    }

    /// Whether the two may be proposed to each other: both take part, and each is whom the other wishes for.
    pub(crate) fn fits(&self, other: &Self, today: Date) -> bool {
        self.is_visible() && other.is_visible() && self.wants(other, today) && other.wants(self, today)
    }
}

/// The date in Seoul so many seconds after the beginning, which is noon there.
pub(crate) fn today(now: i64) -> Date {
    let days = (now + 12 * 3600).div_euclid(24 * 3600);
    date(2026, 11, 23) + days.days()
}
