//! The order of rows in the index: people who meet the same tests lie side by side.
//!
//! Called by `population` when a row is written and by the tree that keeps rows sorted. A [`Class`] holds what decides for
//! a whole tree (gender, genders wanted, whether there is a place); inside a tree rows are sorted by half-years of birth,
//! then along a Hilbert curve over the Earth, then by serial number, so that no two keys are equal.
//! Invariant: a key says where a row lies and nothing about who fits; a wrong key would cost time, never a person.

use crate::matching::Day;
use crate::matching::place::Point;

/// Days of one band of births: half a year.
const BAND_DAYS: i32 = 183;
/// Bits of each coordinate of the curve: 600 m at the equator.
const CURVE_BITS: u32 = 16;

/// What all rows of one tree have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::matching) struct Class {
    /// One bit of [`crate::matching::Genders`].
    pub(in crate::matching) gender: u8,
    /// The bits of the genders wanted; never zero.
    pub(in crate::matching) wants: u8,
    /// Whether the rows have a place.
    pub(in crate::matching) placed: bool,
}

/// Where a row lies inside its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::matching) struct Key {
    place: u64,
    serial: u32,
}

impl Key {
    /// The smallest key.
    pub(in crate::matching) const FIRST: Self = Self { place: 0, serial: 0 };

    /// The key in two numbers, as it is saved.
    pub(super) fn parts(self) -> (u64, u32) {
        (self.place, self.serial)
    }

    /// The key of [`Self::parts`].
    pub(super) fn from_parts((place, serial): (u64, u32)) -> Self {
        Self { place, serial }
    }

    /// The key of somebody born on `birth` at `point` (anything for somebody without a place).
    pub(in crate::matching) fn new(birth: Day, point: Point, serial: u32) -> Self {
        Self { place: u64::from(band(birth)) << (2 * CURVE_BITS) | u64::from(curve(point)), serial }
    }

    /// The key without the serial number: the same for everybody born in one half-year within some 600 m.
    pub(in crate::matching) fn place(self) -> u64 {
        self.place
    }

    /// The first key of somebody born on a day or later; nobody born before the day's half-year lies behind it.
    pub(in crate::matching) fn first_of(birth: Day) -> Self {
        Self { place: u64::from(band(birth)) << (2 * CURVE_BITS), serial: 0 }
    }

    /// A key behind everybody born on a day or earlier.
    pub(in crate::matching) fn behind(birth: Day) -> Self {
        Self { place: (u64::from(band(birth)) + 1) << (2 * CURVE_BITS), serial: 0 }
    }
}

/// The band of a birth day; never decreasing in the day.
fn band(birth: Day) -> u32 {
    let bands = birth.0.div_euclid(BAND_DAYS);
    (bands + (1 << 24)).max(0) as u32
}

/// The place of a point on a Hilbert curve over longitude and latitude, both in the same scale, so that the tiles of
/// people who live far from the poles are about as wide as they are high.
fn curve(point: Point) -> u32 {
    let [x, y, z] = point.unit();
    let side = f64::from(1_u32 << CURVE_BITS);
    let scaled = |angle: f64| (((angle / std::f64::consts::TAU + 0.5) * side) as u32).min((1 << CURVE_BITS) - 1);
    hilbert(scaled(y.atan2(x)), scaled(z.clamp(-1.0, 1.0).asin()))
}

/// Distance along the curve of a cell of a square grid with `2^CURVE_BITS` cells a side.
///
/// Source: D. Hilbert, "Über die stetige Abbildung einer Linie auf ein Flächenstück", 1891; bit by bit from the top.
fn hilbert(mut x: u32, mut y: u32) -> u32 {
    let mut along = 0;
    for bit in (0..CURVE_BITS).rev() {
        let (right, up) = ((x >> bit) & 1, (y >> bit) & 1);
        along = along << 2 | (3 * right) ^ up;
        if up == 0 {
            if right == 1 {
                let mask = (1 << CURVE_BITS) - 1;
                (x, y) = (!x & mask, !y & mask);
            }
            (x, y) = (y, x);
        }
    }
    along
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_the_curve_are_neighbours_on_the_map() {
        // Every cell of a corner of 64 by 64 is visited once, each one step from the one before.
        let shift = CURVE_BITS - 6;
        let mut cells: Vec<(u32, u32, u32)> = (0..64)
            .flat_map(|x| (0..64).map(move |y| (x, y)))
            .map(|(x, y)| (hilbert(x << shift, y << shift) >> (2 * shift), x, y))
            .collect();
        cells.sort_unstable();
        for (at, pair) in cells.windows(2).enumerate() {
            assert_eq!(pair[1].0, pair[0].0 + 1, "{at}");
            assert_eq!(pair[0].1.abs_diff(pair[1].1) + pair[0].2.abs_diff(pair[1].2), 1, "{pair:?}");
        }
    }

    #[test]
    fn bands_never_fall() {
        assert!((-60_000..60_000).all(|day| band(Day(day)) <= band(Day(day + 1))));
        assert_eq!(band(Day(182)) + 1, band(Day(183)));
    }
}
