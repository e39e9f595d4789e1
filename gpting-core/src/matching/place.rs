//! Where a person is: an H3 cell of resolution 7, never coordinates.
//!
//! Called by `person` and `population`. A cell's centre is kept as a unit vector in integers, so that "within so many
//! kilometres" is one exact integer comparison, the same on every processor, at the poles and across the date line.
//! Invariant: within a limit ⇔ squared chord ≤ the limit's squared chord, here and nowhere else.

use std::num::NonZeroU64;

use h3o::{CellIndex, LatLng, Resolution};

use super::EngineError;

/// Mean Earth radius in kilometres, as the H3 library uses it.
pub(super) const EARTH_RADIUS_KM: f64 = 6_371.007_180_918_475;
/// Steps of a unit vector's integer coordinates (12 mm on the ground); four squared chords still fit 64 bits.
const STEPS: f64 = (1_u32 << 29) as f64;

/// An H3 cell of resolution 7: an area of about 5 km², edge about 1.4 km.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(NonZeroU64);

impl Cell {
    /// The cell around a place given in degrees; the place itself is not kept.
    ///
    /// # Errors
    /// [`EngineError::InvalidPlace`] for numbers that are not a latitude in ±90 and a longitude in ±180.
    pub fn from_lat_lng(lat: f64, lng: f64) -> Result<Self, EngineError> {
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lng) {
            return Err(EngineError::InvalidPlace);
        }
        let place = LatLng::new(lat, lng).map_err(|_| EngineError::InvalidPlace)?;
        Self::try_from(u64::from(place.to_cell(Resolution::Seven)))
    }

    /// Latitude and longitude of the centre, in degrees.
    pub fn centre(self) -> (f64, f64) {
        let centre = self.centre_point();
        (centre.lat(), centre.lng())
    }

    /// Great-circle distance between the centres of two cells, in kilometres; symmetric, 0 for the same cell.
    pub fn distance_km(a: Self, b: Self) -> f64 {
        let half_chord = (a.point().squared_chord(b.point()) as f64).sqrt() / (2.0 * STEPS);
        2.0 * EARTH_RADIUS_KM * half_chord.min(1.0).asin()
    }

    pub(super) fn point(self) -> Point {
        let centre = self.centre_point();
        let (lat, lng) = (centre.lat_radians(), centre.lng_radians());
        let step = |x: f64| (x * STEPS).round() as i32;
        Point { x: step(lat.cos() * lng.cos()), y: step(lat.cos() * lng.sin()), z: step(lat.sin()) }
    }

    fn centre_point(self) -> LatLng {
        CellIndex::try_from(self.0.get()).expect("a Cell holds a valid index").into()
    }
}

impl TryFrom<u64> for Cell {
    type Error = EngineError;

    /// # Errors
    /// [`EngineError::InvalidCell`] unless the number is a valid H3 cell index of resolution 7.
    fn try_from(index: u64) -> Result<Self, EngineError> {
        let cell = CellIndex::try_from(index).ok().filter(|cell| cell.resolution() == Resolution::Seven);
        cell.and(NonZeroU64::new(index)).map(Self).ok_or(EngineError::InvalidCell(index))
    }
}

impl From<Cell> for u64 {
    fn from(cell: Cell) -> Self {
        cell.0.get()
    }
}

/// A cell's centre on the unit sphere, in steps of [`STEPS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Point {
    x: i32,
    y: i32,
    z: i32,
}

impl Point {
    /// The point on the unit sphere.
    pub(super) fn unit(self) -> [f64; 3] {
        [self.x, self.y, self.z].map(|step| f64::from(step) / STEPS)
    }

    /// The coordinates, as they are saved.
    pub(super) fn steps(self) -> [i32; 3] {
        [self.x, self.y, self.z]
    }

    /// The point of [`Self::steps`]; `None` for one that is not on the sphere.
    pub(super) fn from_steps([x, y, z]: [i32; 3]) -> Option<Self> {
        let point = Self { x, y, z };
        // Half a step on each axis; somebody without a place is at the centre.
        let length = (point.squared_chord(Self::default()) as f64).sqrt();
        (point == Self::default() || (length - STEPS).abs() <= 2.0).then_some(point)
    }

    /// Squared length of the straight line between two points, in squared steps: at most 2⁶⁰.
    #[inline]
    pub(super) fn squared_chord(self, other: Self) -> i64 {
        let square = |a: i32, b: i32| {
            let d = i64::from(a) - i64::from(b);
            d * d
        };
        square(self.x, other.x) + square(self.y, other.y) + square(self.z, other.z)
    }
}

/// No limit, and "no distance" when a cell is missing: only an absent limit lets a missing cell pass.
pub(super) const ANYWHERE: i64 = i64::MAX;

/// The squared chord of a distance limit; [`ANYWHERE`] without one.
pub(super) fn squared_chord_of(limit_km: Option<u16>) -> i64 {
    let Some(km) = limit_km else { return ANYWHERE };
    let angle = f64::from(km) / EARTH_RADIUS_KM;
    if angle >= std::f64::consts::PI {
        // Half way round the Earth reaches everybody who has a cell, and still nobody without one.
        return ANYWHERE - 1;
    }
    let chord = 2.0 * (angle / 2.0).sin() * STEPS;
    (chord * chord) as i64
}

/// The chord of a distance limit on the unit sphere, not shorter than the exact one; infinite for [`ANYWHERE`] alone.
pub(super) fn chord_limit(squared: i64) -> f32 {
    if squared == ANYWHERE { f32::INFINITY } else { (((squared as f64).sqrt() / STEPS) * (1.0 + 1e-6)) as f32 }
}

/// Kilometres along the chord: within 0.01 % of the great circle below 300 km, and exact arithmetic everywhere.
#[inline]
pub(super) fn chord_km(squared: i64) -> f64 {
    (squared as f64).sqrt() * (EARTH_RADIUS_KM / STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_agree_with_the_h3_library() {
        let places = [(37.5, 127.0), (35.1, 129.0), (89.99, 10.0), (89.99, -170.0), (-18.0, 179.99), (-18.0, -179.99)];
        for a in places.map(|(lat, lng)| Cell::from_lat_lng(lat, lng).unwrap()) {
            for b in places.map(|(lat, lng)| Cell::from_lat_lng(lat, lng).unwrap()) {
                let expected = a.centre_point().distance_km(b.centre_point());
                assert!((Cell::distance_km(a, b) - expected).abs() < 1e-3, "{a:?} {b:?} {expected}");
                for limit in [0_u16, 1, 5, 50, 300, 5000, 20_100] {
                    let within = a.point().squared_chord(b.point()) <= squared_chord_of(Some(limit));
                    assert_eq!(within, expected <= f64::from(limit) + 1e-4, "{expected} {limit}");
                }
            }
        }
    }

    #[test]
    fn only_resolution_seven_is_a_cell() {
        let cell = Cell::from_lat_lng(37.5, 127.0).unwrap();
        assert_eq!(Cell::try_from(u64::from(cell)), Ok(cell));
        let coarse = CellIndex::try_from(u64::from(cell)).unwrap().parent(Resolution::Six).unwrap();
        assert!(Cell::try_from(u64::from(coarse)).is_err());
        assert!(Cell::try_from(0).is_err());
        for (lat, lng) in [(f64::NAN, 0.0), (0.0, f64::INFINITY), (90.1, 0.0), (0.0, 180.1)] {
            assert_eq!(Cell::from_lat_lng(lat, lng), Err(EngineError::InvalidPlace));
        }
    }
}
