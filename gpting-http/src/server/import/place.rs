//! Places for people whose row has none: where Koreans live, in thirteen clusters and the country between them.
//!
//! Called by the import for each such row; calls the core to snap the point to the grid at once. The clusters are those
//! of the synthetic population that matching is measured on: centre, share, spread. They are made up and mean nothing
//! about the person.

use gpting_core::profile::gazetteer::Gazetteer;
use gpting_core::profile::place::Location;

use super::draw::Draw;

/// A cluster of people.
struct Cluster {
    latitude: f64,
    longitude: f64,
    /// Share of all people.
    share: f64,
    /// Standard deviation in degrees of latitude; 1.2 times that in longitude.
    spread: f64,
}

const fn cluster(latitude: f64, longitude: f64, share: f64, spread: f64) -> Cluster {
    Cluster { latitude, longitude, share, spread }
}

/// Seoul and its surroundings hold half of the people, the next cities three tenths.
const CLUSTERS: [Cluster; 13] = [
    cluster(37.55, 126.99, 0.30, 0.10),  // Seoul
    cluster(37.46, 126.70, 0.07, 0.06),  // Incheon
    cluster(37.27, 127.02, 0.08, 0.07),  // Suwon
    cluster(37.65, 126.80, 0.05, 0.05),  // Goyang
    cluster(35.16, 129.06, 0.075, 0.06), // Busan
    cluster(35.87, 128.60, 0.055, 0.05), // Daegu
    cluster(36.35, 127.38, 0.035, 0.05), // Daejeon
    cluster(35.16, 126.85, 0.033, 0.05), // Gwangju
    cluster(35.54, 129.31, 0.025, 0.05), // Ulsan
    cluster(36.64, 127.49, 0.02, 0.05),  // Cheongju
    cluster(35.23, 128.68, 0.025, 0.06), // Changwon
    cluster(33.50, 126.53, 0.015, 0.08), // Jeju
    cluster(37.75, 128.88, 0.01, 0.06),  // Gangneung
];
/// Everybody else lives anywhere in this box: latitudes, longitudes.
const ELSEWHERE: ([f64; 2], [f64; 2]) = ([34.6, 38.0], [126.5, 129.3]);

/// A place for the person with this source key: always the same one.
pub(super) fn made_up(key: &str) -> Option<Location> {
    let (latitude, longitude) = point(key);
    Location::from_coordinates(latitude, longitude, Gazetteer::built_in()).ok()
}

fn point(key: &str) -> (f64, f64) {
    let mut draw = Draw::new(key, "place");
    let clustered: f64 = CLUSTERS.iter().map(|cluster| cluster.share).sum();
    let shares = CLUSTERS.iter().map(|cluster| cluster.share).chain(std::iter::once(1.0 - clustered));
    if let Some(cluster) = CLUSTERS.get(draw.weighted(shares)) {
        let latitude = cluster.latitude + cluster.spread * draw.normal();
        return (latitude, cluster.longitude + 1.2 * cluster.spread * draw.normal());
    }
    let within = |[from, to]: [f64; 2], unit: f64| from + (to - from) * unit;
    (within(ELSEWHERE.0, draw.unit()), within(ELSEWHERE.1, draw.unit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_measured_population() {
        let clustered: f64 = CLUSTERS.iter().map(|cluster| cluster.share).sum();
        assert!((1.0 - clustered - 0.207).abs() < 1e-9, "{clustered}");
        let capital =
            |(latitude, longitude): (f64, f64)| (latitude - 37.5).abs() < 0.5 && (longitude - 126.95).abs() < 0.5;
        let inside = (0..4_000).filter(|number| capital(point(&format!("test:{number}")))).count();
        assert!((1_850..2_450).contains(&inside), "half the people live around Seoul: {inside}");
    }

    #[test]
    fn a_key_always_gives_the_same_place() {
        assert_eq!(made_up("okcupid:1"), made_up("okcupid:1"));
        assert!(made_up("okcupid:1").is_some());
        assert_ne!(made_up("okcupid:1"), made_up("okcupid:2"));
    }
}
