use super::{DistanceBand, Location, LocationError, checked, distance_km};
use crate::lang::Lang;
use crate::profile::gazetteer::{Gazetteer, PlaceError};
use crate::profile::grid::{cell_centre, haversine_km};
use h3o::{LatLng, Resolution};
use proptest::prelude::*;

fn at(latitude: f64, longitude: f64) -> Location {
    Location::from_coordinates(latitude, longitude, Gazetteer::built_in()).unwrap()
}

#[test]
fn the_grid_has_resolution_seven() {
    let location = at(37.5030, 127.0470);
    assert_eq!(checked(location.cell()).unwrap().resolution(), Resolution::Seven);
    assert_eq!(location.place_code(), Some("seoul-gangnam-gu"));
}

#[test]
fn a_place_name_gives_the_cell_of_its_centre_and_keeps_the_name() {
    let gazetteer = Gazetteer::built_in();
    let place = gazetteer.find("성수동").unwrap();
    let named = Location::from_place_name("성수동", gazetteer).unwrap();
    assert_eq!(named.cell(), at(place.latitude(), place.longitude()).cell());
    assert_eq!(named.place_code(), Some("seoul-seongsu-dong"));
    assert_eq!(named.region_label(gazetteer, Lang::Ko).unwrap(), "서울 성동구");
    assert_eq!(named.region_label(gazetteer, Lang::En).unwrap(), "Seongdong-gu, Seoul");
    assert_eq!(Location::from_place_name("아틀란티스", gazetteer), Err(LocationError::Place(PlaceError::Unknown)));
}

#[test]
fn coordinates_outside_korea_have_a_cell_and_no_name() {
    let gazetteer = Gazetteer::built_in();
    let san_francisco = at(37.7749, -122.4194);
    assert_eq!(san_francisco.place_code(), None);
    assert_eq!(san_francisco.region_label(gazetteer, Lang::En), None);
    let km = san_francisco.distance_km(&at(37.5665, 126.9780));
    assert!((9_000.0..9_100.0).contains(&km), "{km}");
}

#[test]
fn impossible_coordinates_are_refused_by_name() {
    let refuse = |lat, lng| Location::from_coordinates(lat, lng, Gazetteer::built_in()).unwrap_err();
    for (lat, lng) in [(f64::NAN, 127.0), (37.0, f64::NAN), (f64::INFINITY, 127.0), (37.0, f64::NEG_INFINITY)] {
        assert_eq!(refuse(lat, lng), LocationError::NotFinite);
    }
    assert_eq!(refuse(90.000_1, 127.0), LocationError::LatitudeOutOfRange);
    assert_eq!(refuse(-91.0, 127.0), LocationError::LatitudeOutOfRange);
    assert_eq!(refuse(37.0, 180.000_1), LocationError::LongitudeOutOfRange);
    assert_eq!(refuse(37.0, -200.0), LocationError::LongitudeOutOfRange);
    for (lat, lng) in [(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (0.0, -180.0)] {
        assert!(Location::from_coordinates(lat, lng, Gazetteer::built_in()).is_ok());
    }
}

#[test]
fn neither_debug_nor_errors_tell_a_position() {
    let location = at(37.123_456, 127.654_321);
    let cell = location.cell();
    let printed = format!("{location:?}");
    for secret in ["37.12", "127.65", &cell.to_string(), &format!("{cell:x}"), location.place_code().unwrap()] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let error = Location::from_coordinates(93.5, 127.0, Gazetteer::built_in()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("93.5"));
}

#[test]
fn stored_locations_are_checked_when_read() {
    let location = at(35.1796, 129.0756);
    let text = serde_json::to_string(&location).unwrap();
    assert_eq!(serde_json::from_str::<Location>(&text).unwrap(), location);
    assert_eq!(Location::from_stored(location.cell(), location.place_code().map(str::to_owned)), Ok(location.clone()));

    let coarser = LatLng::new(35.0, 129.0).unwrap().to_cell(Resolution::Six);
    let finer = LatLng::new(35.0, 129.0).unwrap().to_cell(Resolution::Nine);
    for bad in [0, u64::MAX, coarser.into(), finer.into()] {
        assert_eq!(Location::from_stored(bad, None), Err(LocationError::NotACell));
        assert_eq!(distance_km(bad, location.cell()), Err(LocationError::NotACell));
        assert_eq!(distance_km(location.cell(), bad), Err(LocationError::NotACell));
        assert!(serde_json::from_str::<Location>(&format!(r#"{{"cell":"{bad:x}"}}"#)).is_err());
    }
    assert!(serde_json::from_str::<Location>(r#"{"cell":"somewhere"}"#).is_err());
}

#[test]
fn haversine_agrees_with_known_distances() {
    // One degree of a meridian is πR/180.
    assert!((haversine_km((0.0, 0.0), (1.0, 0.0)) - 111.195_08).abs() < 1e-4);
    // One degree along the parallel of 60° is half of that at the equator, up to the arc's bulge.
    assert!((haversine_km((60.0, 0.0), (60.0, 1.0)) - 55.597).abs() < 5e-3);
    // Seoul City Hall to Busan City Hall.
    assert!((haversine_km((37.5665, 126.9780), (35.1796, 129.0756)) - 325.0).abs() < 2.0);
    let half_round = haversine_km((0.0, 0.0), (0.0, 180.0));
    assert!((half_round - 20_015.114).abs() < 0.01, "{half_round}");
}

#[test]
fn bands_are_the_documented_steps() {
    let cases = [
        (0.0, 2),
        (2.0, 2),
        (2.001, 5),
        (5.0, 5),
        (9.9, 10),
        (10.1, 20),
        (30.0, 30),
        (30.5, 50),
        (99.0, 100),
        (200.0, 200),
        (200.1, 300),
        (20_000.0, 300),
        (f64::NAN, 300),
        (f64::INFINITY, 300),
    ];
    for (km, upper) in cases {
        assert_eq!(DistanceBand::of_km(km).upper_km(), upper, "{km}");
    }
    assert_eq!(DistanceBand::of_km(4.0).label(Lang::Ko), "5km 이내");
    assert_eq!(DistanceBand::of_km(4.0).label(Lang::En), "within 5 km");
    assert_eq!(DistanceBand::of_km(900.0).label(Lang::Ko), "200km 이상");
    assert_eq!(DistanceBand::of_km(900.0).label(Lang::En), "over 200 km");
}

/// Two points of one cell near any point of Korea. The second comes from a small square around the
/// first, kept when the grid (asked directly, at the resolution of the design) puts both together.
fn cell_mates() -> impl Strategy<Value = ((f64, f64), (f64, f64))> {
    let cell = |p: (f64, f64)| LatLng::new(p.0, p.1).unwrap().to_cell(Resolution::Seven);
    (33.0..38.7f64, 124.5..131.0f64, -0.008..0.008f64, -0.008..0.008f64)
        .prop_map(|(lat, lng, up, right)| ((lat, lng), (lat + up, lng + right)))
        .prop_filter("in one cell", move |(a, b)| cell(*a) == cell(*b))
}

proptest! {
    #[test]
    fn two_points_of_one_cell_cannot_be_told_apart((a, b) in cell_mates(), far in (33.0..38.7f64, 124.5..131.0f64)) {
        let gazetteer = Gazetteer::built_in();
        let (one, two) = (at(a.0, a.1), at(b.0, b.1));
        prop_assert_eq!(serde_json::to_vec(&one).unwrap(), serde_json::to_vec(&two).unwrap());
        prop_assert_eq!(&one, &two);
        let asker = at(far.0, far.1);
        prop_assert_eq!(asker.distance_km(&one).to_bits(), asker.distance_km(&two).to_bits());
        for lang in [Lang::Ko, Lang::En] {
            prop_assert_eq!(one.region_label(gazetteer, lang), two.region_label(gazetteer, lang));
        }
        // The centre is at most one edge away from any point of its cell (edges here are below 1.6 km).
        let centre = cell_centre(one.cell()).unwrap();
        prop_assert!(haversine_km(centre, a) < 1.6);
    }

    #[test]
    fn distance_is_symmetric_and_zero_only_within_a_cell(
        a in (33.0..38.7f64, 124.5..131.0f64),
        b in (33.0..38.7f64, 124.5..131.0f64),
    ) {
        let (one, two) = (at(a.0, a.1), at(b.0, b.1));
        prop_assert_eq!(one.distance_km(&two).to_bits(), two.distance_km(&one).to_bits());
        prop_assert_eq!(distance_km(one.cell(), two.cell()), Ok(one.distance_km(&two)));
        prop_assert_eq!(one.distance_km(&two) <= 0.0, one.cell() == two.cell());
        prop_assert_eq!(one.distance_km(&one).to_bits(), 0.0_f64.to_bits());
        // Snapping moves each end by less than an edge.
        prop_assert!((one.distance_km(&two) - haversine_km(a, b)).abs() < 3.2);
    }

    #[test]
    fn bands_grow_with_distance_and_contain_it(a in 0.0..600.0f64, b in 0.0..600.0f64) {
        let (near, far) = if a <= b { (a, b) } else { (b, a) };
        prop_assert!(DistanceBand::of_km(near) <= DistanceBand::of_km(far));
        let band = DistanceBand::of_km(a);
        prop_assert!(band.is_open_ended() || a <= f64::from(band.upper_km()));
        prop_assert_eq!(band.is_open_ended(), a > 200.0);
    }
}
