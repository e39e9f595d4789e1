//! Where a member is, as coarsely as the product ever knows it.
//!
//! A [`Location`] is an H3 cell of resolution 7 (edge about 1.4 km, area about 5 km²) and the name
//! that belongs to it. It can be made only from coordinates or from a place name, and both are
//! snapped to the cell at once: the exact coordinates are local variables of one function and
//! exist nowhere else. Invariants:
//!
//! - two positions in one cell give equal, byte-identical locations;
//! - every distance is one between cell centres, shown to people only as a [`DistanceBand`];
//! - neither `Debug` nor an error prints a position.

use h3o::{CellIndex, LatLng};
use serde::{Deserialize, Serialize};
use std::fmt;

use super::gazetteer::{Gazetteer, Place, PlaceError};
use super::grid;
use crate::lang::Lang;

/// Why a position was refused. The refused numbers are not repeated: errors end up in logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// A coordinate is NaN or infinite.
    #[error("a coordinate is not a finite number")]
    NotFinite,
    /// The latitude is outside −90°..=90°.
    #[error("the latitude is outside -90..=90 degrees")]
    LatitudeOutOfRange,
    /// The longitude is outside −180°..=180°.
    #[error("the longitude is outside -180..=180 degrees")]
    LongitudeOutOfRange,
    /// A stored cell is not an H3 cell of resolution 7.
    #[error("the stored value is not a grid cell of resolution 7")]
    NotACell,
    /// The place name could not be resolved.
    #[error("the place name could not be resolved")]
    Place(#[from] PlaceError),
}

/// A member's position, snapped to the grid.
///
/// Serialised as `{"cell": "<H3 index in hexadecimal>", "place_code": "…"}`; reading it back checks
/// the cell, so a `Location` that exists is valid.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "StoredLocation", into = "StoredLocation")]
pub struct Location {
    cell: CellIndex,
    place_code: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredLocation {
    cell: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place_code: Option<String>,
}

impl Location {
    /// The cell that holds the coordinates (degrees, WGS 84), named after its 시군구.
    ///
    /// The name is a function of the cell, never of the coordinates, and is absent outside Korea.
    ///
    /// # Errors
    /// [`LocationError::NotFinite`], [`LocationError::LatitudeOutOfRange`] or
    /// [`LocationError::LongitudeOutOfRange`] when the numbers are no place on Earth.
    pub fn from_coordinates(latitude: f64, longitude: f64, gazetteer: &Gazetteer) -> Result<Self, LocationError> {
        let cell = snap(latitude, longitude)?;
        let (latitude, longitude) = grid::centre(cell);
        let place_code = gazetteer.nearest(latitude, longitude).map(|place| place.code().to_owned());
        Ok(Self { cell, place_code })
    }

    /// The cell at the centre of the named place, keeping the code of that place.
    ///
    /// # Errors
    /// [`LocationError::Place`] when the name is unknown or fits several places.
    pub fn from_place_name(name: &str, gazetteer: &Gazetteer) -> Result<Self, LocationError> {
        Self::from_place(gazetteer.find(name)?)
    }

    /// The cell at the centre of a place.
    ///
    /// # Errors
    /// Those of [`Location::from_coordinates`]; a place of a loaded gazetteer never causes one.
    pub fn from_place(place: &Place) -> Result<Self, LocationError> {
        let cell = snap(place.latitude(), place.longitude())?;
        Ok(Self { cell, place_code: Some(place.code().to_owned()) })
    }

    /// Puts a stored location together again.
    ///
    /// # Errors
    /// [`LocationError::NotACell`] when `cell` is not an H3 cell of resolution 7.
    pub fn from_stored(cell: u64, place_code: Option<String>) -> Result<Self, LocationError> {
        Ok(Self { cell: checked(cell)?, place_code })
    }

    /// The H3 index of the cell (below 2^63, so it fits a signed 64-bit column).
    pub fn cell(&self) -> u64 {
        self.cell.into()
    }

    /// The gazetteer's code of the place the member named, or of the cell's 시군구.
    ///
    /// For the member's own eyes; what others see is [`Location::region_label`].
    pub fn place_code(&self) -> Option<&str> {
        self.place_code.as_deref()
    }

    /// Kilometres between the centres of the two cells.
    pub fn distance_km(&self, other: &Self) -> f64 {
        between(self.cell, other.cell)
    }

    /// The region as cards show it; a function of the cell alone.
    pub fn region_label(&self, gazetteer: &Gazetteer, lang: Lang) -> Option<String> {
        gazetteer.region_label(self.cell(), lang)
    }
}

impl fmt::Debug for Location {
    /// Prints no position: a location must not reach a log through `{:?}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Location").finish_non_exhaustive()
    }
}

impl TryFrom<StoredLocation> for Location {
    type Error = LocationError;

    fn try_from(stored: StoredLocation) -> Result<Self, LocationError> {
        let cell = u64::from_str_radix(&stored.cell, 16).map_err(|_| LocationError::NotACell)?;
        Self::from_stored(cell, stored.place_code)
    }
}

impl From<Location> for StoredLocation {
    fn from(location: Location) -> Self {
        Self { cell: format!("{:x}", location.cell()), place_code: location.place_code }
    }
}

/// Kilometres between the centres of two stored cells.
///
/// # Errors
/// [`LocationError::NotACell`] when one of them is not an H3 cell of resolution 7.
pub fn distance_km(cell_a: u64, cell_b: u64) -> Result<f64, LocationError> {
    Ok(between(checked(cell_a)?, checked(cell_b)?))
}

fn snap(latitude: f64, longitude: f64) -> Result<CellIndex, LocationError> {
    if !(latitude.is_finite() && longitude.is_finite()) {
        return Err(LocationError::NotFinite);
    }
    if !(-90.0..=90.0).contains(&latitude) {
        return Err(LocationError::LatitudeOutOfRange);
    }
    if !(-180.0..=180.0).contains(&longitude) {
        return Err(LocationError::LongitudeOutOfRange);
    }
    let point = LatLng::new(latitude, longitude).map_err(|_| LocationError::NotFinite)?;
    Ok(point.to_cell(grid::RESOLUTION))
}

fn checked(cell: u64) -> Result<CellIndex, LocationError> {
    grid::cell(cell).ok_or(LocationError::NotACell)
}

fn between(a: CellIndex, b: CellIndex) -> f64 {
    // Exactly zero and exactly symmetric, whatever the rounding of the formula.
    if a == b {
        return 0.0;
    }
    let (first, second) = if a < b { (a, b) } else { (b, a) };
    grid::haversine_km(grid::centre(first), grid::centre(second))
}

/// A distance as people see it: one of nine coarse steps.
///
/// Ordered from near to far. The last step is open: everything beyond 200 km is 300.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DistanceBand(u16);

impl DistanceBand {
    /// The upper bounds of the bands in kilometres; the last one stands for everything beyond.
    pub const UPPER_KM: [u16; 9] = [2, 5, 10, 20, 30, 50, 100, 200, 300];

    /// The band of a distance in kilometres. A distance that is not a number is far away.
    pub fn of_km(distance_km: f64) -> Self {
        let [.., last] = Self::UPPER_KM;
        let upper = Self::UPPER_KM.into_iter().find(|upper| distance_km <= f64::from(*upper));
        Self(upper.unwrap_or(last))
    }

    /// The band's upper bound in kilometres; 300 stands for everything beyond 200.
    pub fn upper_km(self) -> u16 {
        self.0
    }

    /// Whether this is the last, open band.
    pub fn is_open_ended(self) -> bool {
        let [.., last] = Self::UPPER_KM;
        self.0 == last
    }

    /// The band as a card shows it: `5km 이내`, `200km 이상`; `within 5 km`, `over 200 km`.
    pub fn label(self, lang: Lang) -> String {
        let [.., before_last, _] = Self::UPPER_KM;
        match (lang, self.is_open_ended()) {
            (Lang::Ko, false) => format!("{}km 이내", self.0),
            (Lang::Ko, true) => format!("{before_last}km 이상"),
            (Lang::En, false) => format!("within {} km", self.0),
            (Lang::En, true) => format!("over {before_last} km"),
        }
    }
}

#[cfg(test)]
mod tests;
