//! A person as the engine knows one: who they are, and what they want.
//!
//! Built by the host, checked and packed by `population` at [`super::Engine::upsert`]. Attributes, values and interests
//! are numbers whose meaning is the host's; nothing here names or describes anybody.

use super::question::Answers;
use super::{Cell, Day, Emphases};

/// Gender, as the documented form has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gender {
    /// Male.
    M,
    /// Female.
    F,
    /// Any other.
    O,
}

/// A set of genders, for "who I want to meet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Genders(u8);

impl Genders {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody.
    pub const ALL: Self = Self(0b111);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, gender: Gender) -> Self {
        Self(self.0 | 1 << gender as u8)
    }

    /// Whether the set holds this gender.
    pub const fn contains(self, gender: Gender) -> bool {
        self.0 & (1 << gender as u8) != 0
    }

    pub(super) const fn bits(self) -> u8 {
        self.0
    }

    pub(super) const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b111)
    }
}

impl From<Gender> for Genders {
    fn from(gender: Gender) -> Self {
        Self::NONE.with(gender)
    }
}

impl FromIterator<Gender> for Genders {
    fn from_iter<I: IntoIterator<Item = Gender>>(genders: I) -> Self {
        genders.into_iter().fold(Self::NONE, Self::with)
    }
}

/// How much a rule about an attribute means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// A dealbreaker: the candidate must have one of the values; somebody who did not say is not eligible.
    Must,
    /// A dealbreaker: the candidate must have none of the values; somebody who did not say is eligible.
    Never,
    /// One of the values raises the score.
    Prefer,
    /// One of the values lowers the score.
    Avoid,
}

impl Strength {
    /// Whether the rule decides eligibility and not the score.
    pub const fn is_dealbreaker(self) -> bool {
        matches!(self, Self::Must | Self::Never)
    }
}

/// A wish about one attribute of the other person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributeRule {
    /// The attribute, numbered by the host.
    pub attribute: u16,
    /// The values the rule speaks of, any of them.
    pub values: Vec<u16>,
    /// Dealbreaker or taste.
    pub strength: Strength,
}

/// What a person wants of others. The default wants everybody everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wants {
    /// Genders to meet.
    pub genders: Genders,
    /// Youngest age to meet, in years, inclusive.
    pub age_min: u8,
    /// Oldest age to meet, in years, inclusive.
    pub age_max: u8,
    /// Farthest distance between cell centres in kilometres, inclusive; `None` is anywhere.
    pub max_distance_km: Option<u16>,
    /// Rules about attributes, at most [`Person::MAX_RULES`].
    pub rules: Vec<AttributeRule>,
}

impl Default for Wants {
    fn default() -> Self {
        Self { genders: Genders::ALL, age_min: 0, age_max: u8::MAX, max_distance_km: None, rules: Vec::new() }
    }
}

impl Wants {
    /// Wants these genders, of any age, anywhere.
    pub fn new(genders: impl Into<Genders>) -> Self {
        Self { genders: genders.into(), ..Self::default() }
    }

    /// Only these ages, in years, both ends included.
    #[must_use]
    pub fn ages(mut self, min: u8, max: u8) -> Self {
        (self.age_min, self.age_max) = (min, max);
        self
    }

    /// Only people whose cell centre is at most so many kilometres from mine.
    #[must_use]
    pub fn within_km(mut self, km: u16) -> Self {
        self.max_distance_km = Some(km);
        self
    }

    /// One more rule about an attribute.
    #[must_use]
    pub fn rule(mut self, attribute: u16, values: &[u16], strength: Strength) -> Self {
        self.rules.push(AttributeRule { attribute, values: values.to_vec(), strength });
        self
    }
}

/// When a person was born: by day, or by age on the engine's today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Birth {
    Day(Day),
    Age(u8),
}

/// One person, to be handed to [`super::Engine::upsert`]. Nothing is checked before that.
///
/// A new person is active, not verified, without a cell, and wants everybody everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub(super) gender: Gender,
    pub(super) birth: Birth,
    pub(super) cell: Option<Cell>,
    pub(super) wants: Wants,
    pub(super) interests: Vec<u16>,
    pub(super) attributes: Vec<(u16, u16)>,
    pub(super) answers: Answers,
    pub(super) emphases: Emphases,
    pub(super) vectors: Option<(Vec<f32>, Vec<f32>)>,
    pub(super) active: bool,
    pub(super) verified: bool,
    pub(super) verified_only: bool,
    pub(super) appeal: f32,
}

impl Person {
    /// The most interests of one person; duplicates count once.
    pub const MAX_INTERESTS: usize = 64;
    /// The most (attribute, value) pairs of one person; duplicates count once.
    pub const MAX_ATTRIBUTES: usize = 128;
    /// The most answers to questions of one person.
    pub const MAX_ANSWERS: usize = 512;
    /// The most rules of one person.
    pub const MAX_RULES: usize = 32;
    /// The most values of one rule; duplicates count once.
    pub const MAX_RULE_VALUES: usize = 64;
    /// The largest absolute value of [`Person::appeal`].
    pub const MAX_APPEAL: f32 = 10.0;
    /// The largest absolute value of a coordinate of [`Person::vectors`]: bounds of the largest products fit an f32, with
    /// the most dimensions and the largest weight of content.
    pub const MAX_COORDINATE: f32 = 1e9;

    /// A person of this age in years: born exactly so many years before the engine's today.
    pub fn new(gender: Gender, age: u8) -> Self {
        Self::with_birth(gender, Birth::Age(age))
    }

    /// A person born on this day.
    pub fn born(gender: Gender, day: Day) -> Self {
        Self::with_birth(gender, Birth::Day(day))
    }

    fn with_birth(gender: Gender, birth: Birth) -> Self {
        Self {
            gender,
            birth,
            cell: None,
            wants: Wants::default(),
            interests: Vec::new(),
            attributes: Vec::new(),
            answers: Answers::new(),
            emphases: Emphases::default(),
            vectors: None,
            active: true,
            verified: false,
            verified_only: false,
            appeal: 0.0,
        }
    }

    /// Lives in this cell. Without one only people without a distance limit can meet them.
    #[must_use]
    pub fn at(mut self, cell: Cell) -> Self {
        self.cell = Some(cell);
        self
    }

    /// Wants this of others.
    #[must_use]
    pub fn wants(mut self, wants: Wants) -> Self {
        self.wants = wants;
        self
    }

    /// Has these interests, at most [`Self::MAX_INTERESTS`]; order and repetition do not matter.
    #[must_use]
    pub fn interests(mut self, interests: &[u16]) -> Self {
        self.interests = interests.to_vec();
        self
    }

    /// Has these (attribute, value) pairs, at most [`Self::MAX_ATTRIBUTES`]; an attribute may have several values.
    #[must_use]
    pub fn attributes(mut self, attributes: &[(u16, u16)]) -> Self {
        self.attributes = attributes.to_vec();
        self
    }

    /// Has answered these questions, at most [`Self::MAX_ANSWERS`].
    ///
    /// For "this person likes that one" the answers add [`super::Weights::questions`] · (s − m): `s` the share of the points
    /// at stake that the other earned, shrunk towards the average `m` ([`super::question::Expectation`]); nothing without
    /// common questions. A dealbreaker that the other answered otherwise keeps the two apart, in both directions.
    #[must_use]
    pub fn answers(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// Lets kinds of terms count more or less in what this person likes.
    #[must_use]
    pub fn emphases(mut self, emphases: Emphases) -> Self {
        self.emphases = emphases;
        self
    }

    /// Content vectors: what the person `is`, and what the person `seeks`, both of the engine's dimensions.
    ///
    /// `seeks · is` of the other, times [`super::Weights::content`], is added to the logit as it stands, so learned
    /// weights are multiplied into `seeks` by the host. Without vectors the term is zero. No coordinate may lie beyond
    /// ±[`Self::MAX_COORDINATE`].
    #[must_use]
    pub fn vectors(mut self, is: &[f32], seeks: &[f32]) -> Self {
        self.vectors = Some((is.to_vec(), seeks.to_vec()));
        self
    }

    /// A content vector of what the person is, which is also what they seek, as long as nothing is known of whom they like
    /// ([`super::Config::taste`]).
    #[must_use]
    pub fn content(self, is: &[f32]) -> Self {
        self.vectors(is, is)
    }

    /// Whether the person takes part at all; an inactive person is kept, learned about, and shown to nobody.
    #[must_use]
    pub fn active(mut self, active: bool) -> Self {
        self.active = active;
        self
    }

    /// Whether the host has verified the person.
    #[must_use]
    pub fn verified(mut self, verified: bool) -> Self {
        self.verified = verified;
        self
    }

    /// Whether the person wants to meet verified people only.
    #[must_use]
    pub fn verified_only(mut self, verified_only: bool) -> Self {
        self.verified_only = verified_only;
        self
    }

    /// What the host knows beforehand of how well liked the person is, in logits; 0 is average.
    #[must_use]
    pub fn appeal(mut self, logit: f32) -> Self {
        self.appeal = logit;
        self
    }
}
