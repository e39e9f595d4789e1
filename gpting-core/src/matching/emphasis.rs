//! How much each kind of term counts in a person's own liking: a few levels that the person sets.
//!
//! Part of [`super::Person`], packed into the row; read by `score` for either side of a pair, and by `table` for the bound
//! that the index keeps. Invariant: a level multiplies the terms of "this person likes somebody" and no others, so what one
//! person sets never changes how another is pleased.

/// How much one kind of term counts, against the engine's own weight of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Emphasis {
    /// As the engine has it.
    #[default]
    Normal,
    /// Twice as much.
    High,
    /// Half as much.
    Low,
    /// Not at all.
    Off,
}

impl Emphasis {
    /// The factors by the bits of a level.
    const FACTORS: [f64; 4] = [1.0, 2.0, 0.5, 0.0];

    /// What the terms are multiplied by.
    pub const fn factor(self) -> f64 {
        Self::FACTORS[self as usize]
    }
}

/// What counts how much for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Emphases {
    /// Living near each other.
    pub distance: Emphasis,
    /// Being of about the same age.
    pub age: Emphasis,
    /// Shared interests.
    pub interests: Emphasis,
    /// Preferences and aversions; dealbreakers hold in any case.
    pub attributes: Emphasis,
    /// Answers to questions; dealbreakers hold in any case.
    pub questions: Emphasis,
}

/// [`Emphases`] as a row keeps it: two bits a kind. Zero is normal throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Packed(u16);

impl From<Emphases> for Packed {
    fn from(emphases: Emphases) -> Self {
        let Emphases { distance, age, interests, attributes, questions } = emphases;
        let levels = [distance, age, interests, attributes, questions];
        Self(levels.into_iter().rev().fold(0, |bits, level| bits << 2 | level as u16))
    }
}

impl Packed {
    pub(super) const fn bits(self) -> u16 {
        self.0
    }

    /// What was packed once; none for bits that mean nothing.
    pub(super) fn from_bits(bits: u16) -> Option<Self> {
        (bits < 1 << 10).then_some(Self(bits))
    }

    #[inline]
    fn factor(self, kind: u32) -> f64 {
        // Read for every candidate: a look into a table, and no branch.
        Emphasis::FACTORS[usize::from(self.0 >> (2 * kind) & 3)]
    }

    #[inline]
    pub(super) fn distance(self) -> f64 {
        self.factor(0)
    }

    #[inline]
    pub(super) fn age(self) -> f64 {
        self.factor(1)
    }

    #[inline]
    pub(super) fn interests(self) -> f64 {
        self.factor(2)
    }

    #[inline]
    pub(super) fn attributes(self) -> f64 {
        self.factor(3)
    }

    #[inline]
    pub(super) fn questions(self) -> f64 {
        self.factor(4)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "factors are exact")]
mod tests {
    use super::*;

    #[test]
    fn every_kind_keeps_its_own_level() {
        assert_eq!(Packed::from(Emphases::default()), Packed::default());
        for level in [Emphasis::Normal, Emphasis::High, Emphasis::Low, Emphasis::Off] {
            let packed = Packed::from(Emphases { interests: level, questions: Emphasis::High, ..Emphases::default() });
            assert_eq!(
                [packed.distance(), packed.age(), packed.interests(), packed.attributes(), packed.questions()],
                [1.0, 1.0, level.factor(), 1.0, 2.0]
            );
            assert_eq!(Packed::from_bits(packed.bits()), Some(packed));
        }
        assert_eq!(Packed::from_bits(1 << 10), None);
    }
}
