//! The grid that positions are snapped to: H3 cells of one resolution, their centres, and distances between points.
//!
//! Called by [`place`](super::place) and [`gazetteer`](super::gazetteer); calls nothing of ours.

use h3o::{CellIndex, LatLng, Resolution};

/// The resolution of every stored cell.
pub(super) const RESOLUTION: Resolution = Resolution::Seven;

/// The mean radius of the Earth in kilometres (IUGG, R₁), the radius of every distance here.
pub(super) const EARTH_RADIUS_KM: f64 = 6371.0088;

/// A stored value as a cell of the grid.
pub(super) fn cell(value: u64) -> Option<CellIndex> {
    CellIndex::try_from(value).ok().filter(|cell| cell.resolution() == RESOLUTION)
}

/// The centre of a stored cell in degrees, `None` when it is not a cell of the grid.
pub(super) fn cell_centre(cell: u64) -> Option<(f64, f64)> {
    self::cell(cell).map(centre)
}

/// The centre of a cell in degrees.
pub(super) fn centre(cell: CellIndex) -> (f64, f64) {
    let point = LatLng::from(cell);
    (point.lat(), point.lng())
}

/// A point on the unit sphere.
pub(super) type Unit = [f64; 3];

/// The point of a latitude and a longitude in degrees.
pub(super) fn unit(latitude: f64, longitude: f64) -> Unit {
    let ((sin_lat, cos_lat), (sin_lng, cos_lng)) = (latitude.to_radians().sin_cos(), longitude.to_radians().sin_cos());
    [cos_lat * cos_lng, cos_lat * sin_lng, sin_lat]
}

/// The square of the straight line between two points: in the order of their distances over the ground.
pub(super) fn squared_chord(a: Unit, b: Unit) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]) * (a[axis] - b[axis])).sum()
}

/// Great-circle distance in kilometres between two points in degrees, by the haversine formula
/// (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68(2), 1984).
pub(super) fn haversine_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let half_lat = ((b.0 - a.0).to_radians() / 2.0).sin();
    let half_lng = ((b.1 - a.1).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lng * half_lng;
    // Rounding can lift the argument a hair above 1 for antipodes, where asin would be NaN.
    2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
}
