use super::{Gazetteer, GazetteerError, Place, PlaceError, PlaceKind};
use crate::lang::Lang;
use crate::profile::grid::haversine_km;
use crate::profile::place::Location;
use unicode_normalization::UnicodeNormalization;

fn korea() -> &'static Gazetteer {
    Gazetteer::built_in()
}

fn of_kind(kind: PlaceKind) -> impl Iterator<Item = &'static Place> {
    korea().places().filter(move |place| place.kind() == kind)
}

fn code_of(name: &str) -> Result<&'static str, PlaceError> {
    korea().find(name).map(Place::code)
}

#[test]
fn all_provinces_and_districts_are_there() {
    let provinces: Vec<&str> = of_kind(PlaceKind::Province).map(|place| place.short_name(Lang::Ko)).collect();
    let expected = "서울 부산 대구 인천 광주 대전 울산 세종 경기 강원 충북 충남 전북 전남 경북 경남 제주";
    assert_eq!(provinces.join(" "), expected);

    // The number of 시·군·자치구 of each, with 세종 as its own only one and the two cities of 제주.
    let counts = [25, 16, 9, 10, 5, 5, 5, 1, 31, 18, 11, 15, 14, 22, 22, 18, 2];
    for (province, count) in of_kind(PlaceKind::Province).zip(counts) {
        let districts = of_kind(PlaceKind::District).filter(|place| korea().parent(place) == Some(province)).count();
        assert_eq!(districts, count, "{}", province.code());
    }
    // 수원 4, 성남 3, 안양 2, 부천 3, 안산 2, 고양 3, 용인 3, 청주 4, 천안 2, 전주 2, 포항 2, 창원 5.
    assert_eq!(of_kind(PlaceKind::Ward).count(), 35);
    assert!(of_kind(PlaceKind::Area).count() >= 60);
}

#[test]
fn every_place_but_a_province_lies_in_a_larger_one_not_far_away() {
    for place in korea().places() {
        let Some(parent) = korea().parent(place) else {
            assert_eq!(place.kind(), PlaceKind::Province, "{}", place.code());
            continue;
        };
        assert!(parent.kind() < place.kind(), "{}", place.code());
        let km = haversine_km((place.latitude(), place.longitude()), (parent.latitude(), parent.longitude()));
        // The farthest are the islands: 울릉 from 안동, 백령 from 덕적.
        let limit = match parent.kind() {
            PlaceKind::Province => 245.0,
            _ if parent.code() == "incheon-ongjin-gun" => 160.0,
            PlaceKind::District | PlaceKind::Ward | PlaceKind::Area => 45.0,
        };
        assert!(km < limit, "{} is {km} km from {}", place.code(), parent.code());
    }
}

#[test]
fn every_place_lies_in_korea_and_is_its_own_neighbourhood() {
    for place in korea().places() {
        let (latitude, longitude) = (place.latitude(), place.longitude());
        assert!((33.0..38.7).contains(&latitude) && (124.5..131.0).contains(&longitude), "{}", place.code());
        let nearest = korea().nearest(latitude, longitude).unwrap();
        let km = haversine_km((latitude, longitude), (nearest.latitude(), nearest.longitude()));
        let parent = korea().parent(place);
        match place.kind() {
            PlaceKind::Province => assert!(km < 15.0, "{} → {}", place.code(), nearest.code()),
            PlaceKind::Ward => assert_eq!(nearest, place),
            // A divided city is near one of its own wards.
            PlaceKind::District => {
                assert!(nearest == place || korea().parent(nearest) == Some(place), "{}", place.code());
                assert!(km < 15.0, "{}", place.code());
            }
            PlaceKind::Area => assert_eq!(Some(nearest), parent, "{}", place.code()),
        }
    }
}

#[test]
fn districts_are_apart() {
    let all: Vec<&Place> = of_kind(PlaceKind::District).chain(of_kind(PlaceKind::Ward)).collect();
    for (at, one) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            let km = haversine_km((one.latitude(), one.longitude()), (other.latitude(), other.longitude()));
            let nested = korea().parent(other) == Some(*one);
            assert!(km > 1.0 || nested, "{} and {} are {km} km apart", one.code(), other.code());
        }
    }
}

/// Spellings and the code each must lead to.
const SPELLINGS: &[(&str, &str)] = &[
    ("서울", "seoul"),
    ("서울시", "seoul"),
    ("서울특별시", "seoul"),
    ("Seoul", "seoul"),
    ("SEOUL, KOREA", "seoul"),
    ("대한민국 서울특별시", "seoul"),
    ("부산", "busan"),
    ("Busan", "busan"),
    ("pusan", "busan"),
    ("부산광역시", "busan"),
    ("Taegu", "daegu"),
    ("Inchon", "incheon"),
    ("광주", "gwangju"),
    ("광주광역시", "gwangju"),
    ("Kwangju", "gwangju"),
    ("세종", "sejong"),
    ("세종특별자치시", "sejong"),
    ("경기", "gyeonggi"),
    ("경기도", "gyeonggi"),
    ("gyeonggi-do", "gyeonggi"),
    ("강원도", "gangwon"),
    ("강원특별자치도", "gangwon"),
    ("전라북도", "jeonbuk"),
    ("전북특별자치도", "jeonbuk"),
    ("제주도", "jeju"),
    ("Jeju Island", "jeju"),
    ("강남", "seoul-gangnam-gu"),
    ("강남구", "seoul-gangnam-gu"),
    ("서울 강남구", "seoul-gangnam-gu"),
    ("서울강남구", "seoul-gangnam-gu"),
    ("서울특별시 강남구", "seoul-gangnam-gu"),
    ("서울 강남", "seoul-gangnam-gu"),
    ("Gangnam", "seoul-gangnam-gu"),
    ("gangnam gu", "seoul-gangnam-gu"),
    ("Gangnam-gu, Seoul", "seoul-gangnam-gu"),
    ("Seoul Gangnam-gu", "seoul-gangnam-gu"),
    ("Gangnam District, Seoul, South Korea", "seoul-gangnam-gu"),
    ("Kangnam", "seoul-gangnam-gu"),
    ("강남역", "seoul-gangnam-station"),
    ("서울 중구", "seoul-jung-gu"),
    ("부산 중구", "busan-jung-gu"),
    ("부산광역시중구", "busan-jung-gu"),
    ("Jung-gu, Busan", "busan-jung-gu"),
    ("Busan Jung-gu", "busan-jung-gu"),
    ("대구 중구", "daegu-jung-gu"),
    ("인천 동구", "incheon-dong-gu"),
    ("광주 동구", "gwangju-dong-gu"),
    ("광주광역시 북구", "gwangju-buk-gu"),
    ("울산 남구", "ulsan-nam-gu"),
    ("포항 남구", "gyeongbuk-pohang-nam-gu"),
    ("경북 포항시 남구", "gyeongbuk-pohang-nam-gu"),
    ("Nam-gu, Pohang, Gyeongbuk", "gyeongbuk-pohang-nam-gu"),
    ("경기 광주", "gyeonggi-gwangju-si"),
    ("경기도 광주시", "gyeonggi-gwangju-si"),
    ("Gwangju, Gyeonggi", "gyeonggi-gwangju-si"),
    ("강원 고성", "gangwon-goseong-gun"),
    ("경남 고성군", "gyeongnam-goseong-gun"),
    ("수원", "gyeonggi-suwon-si"),
    ("수원시", "gyeonggi-suwon-si"),
    ("Suwon City", "gyeonggi-suwon-si"),
    ("수원 영통구", "gyeonggi-suwon-yeongtong-gu"),
    ("경기도 수원시 영통구", "gyeonggi-suwon-yeongtong-gu"),
    ("영통", "gyeonggi-suwon-yeongtong-gu"),
    ("분당", "gyeonggi-seongnam-bundang-gu"),
    ("성남시 분당구", "gyeonggi-seongnam-bundang-gu"),
    ("Bundang-gu", "gyeonggi-seongnam-bundang-gu"),
    ("일산", "gyeonggi-ilsan"),
    ("동탄", "gyeonggi-dongtan"),
    ("화성시 동탄구", "gyeonggi-dongtan"),
    ("춘천", "gangwon-chuncheon-si"),
    ("강진군", "jeonnam-gangjin-gun"),
    ("Gangjin County", "jeonnam-gangjin-gun"),
    ("울릉", "gyeongbuk-ulleung-gun"),
    ("서귀포", "jeju-seogwipo-si"),
    ("세종시 조치원", "sejong-jochiwon"),
    ("홍대", "seoul-hongdae"),
    ("홍대입구", "seoul-hongdae"),
    ("서울 마포구 홍대", "seoul-hongdae"),
    ("Hongdae, Seoul", "seoul-hongdae"),
    ("판교", "gyeonggi-pangyo"),
    ("Pangyo", "gyeonggi-pangyo"),
    ("해운대", "busan-haeundae-gu"),
    ("Haeundae", "busan-haeundae-gu"),
    ("성수", "seoul-seongsu-dong"),
    ("성수동", "seoul-seongsu-dong"),
    ("잠실", "seoul-jamsil"),
    ("송도", "incheon-songdo"),
    ("경기 수원 정자동", "gyeonggi-jeongja-dong"),
    ("분당 정자", "gyeonggi-seongnam-bundang-gu-jeongja-dong"),
    ("강동구 고덕동", "seoul-godeok"),
    ("서울 강남구 논현동", "seoul-gangnam-gu"),
    ("제주 구좌읍", "jeju"),
    ("  서울 \t 마포 구 ", "seoul-mapo-gu"),
];

#[test]
fn names_are_understood_however_they_are_written() {
    assert!(SPELLINGS.len() >= 60);
    for (name, code) in SPELLINGS.iter().copied() {
        assert_eq!(code_of(name), Ok(code), "{name}");
        let decomposed: String = name.nfd().collect();
        assert_eq!(code_of(&decomposed), Ok(code), "{name} (NFD)");
    }
}

#[test]
fn a_name_of_several_places_is_ambiguous_and_says_which() {
    let choices = |name: &str| match korea().find(name) {
        Err(PlaceError::Ambiguous(choices)) => choices,
        other @ (Ok(_) | Err(PlaceError::Unknown)) => panic!("{name}: {other:?}"),
    };
    let jung: Vec<String> = choices("중구").into_iter().map(|choice| choice.ko).collect();
    assert_eq!(jung, ["서울 중구", "부산 중구", "대구 중구", "인천 중구", "대전 중구", "울산 중구"]);
    assert_eq!(choices("Jung-gu").len(), 6);
    assert_eq!(choices("동구").len(), 6);
    assert_eq!(choices("북구").len(), 5);
    let goseong: Vec<String> = choices("고성").into_iter().map(|choice| choice.en).collect();
    assert_eq!(goseong, ["Goseong-gun, Gangwon", "Goseong-gun, Gyeongnam"]);
    let gwangju: Vec<String> = choices("광주시").into_iter().map(|choice| choice.ko).collect();
    assert_eq!(gwangju, ["광주광역시", "경기 광주시"]);
    assert_eq!(choices("정자동").len(), 2);
    // Every choice leads to its place, by code and by the name that is offered.
    for choice in choices("강서구").into_iter().chain(choices("광주시")) {
        assert_eq!(code_of(&choice.ko).unwrap(), choice.code);
        assert!(korea().by_code(&choice.code).is_some());
    }
}

#[test]
fn what_is_no_place_is_unknown() {
    let long = "서울".repeat(40);
    let deep = "서울".repeat(30);
    let huge = " ".repeat(10_000) + "서울";
    for name in [
        "",
        "  ",
        "-",
        "아틀란티스",
        "중",
        "강남시",
        "Gangnam-si",
        "부산 강남구",
        "서울서울",
        "London",
        &long,
        &deep,
        &huge,
    ] {
        assert_eq!(korea().find(name), Err(PlaceError::Unknown), "{name}");
    }
    assert!(korea().by_code("atlantis").is_none());
    // A decomposed name has three times as many characters, and is no less a name.
    let address: String = "대한민국 경상남도 창원시 마산합포구 이름이아주아주긴동네동".nfd().collect();
    assert!(address.chars().count() > 64);
    assert_eq!(code_of(&address), Ok("gyeongnam-changwon-masanhappo-gu"));
}

#[test]
fn every_place_is_found_by_its_label_in_both_languages() {
    for place in korea().places() {
        for lang in [Lang::Ko, Lang::En] {
            let label = korea().label(place, lang);
            let found = korea().find(&label).unwrap_or_else(|error| panic!("{label}: {error:?}"));
            // 세종 names the 시도 and its only 시 alike.
            assert!(found == place || korea().parent(place) == Some(found), "{label} → {}", found.code());
            assert_eq!(found == place, place.code() != "sejong-sejong-si", "{label}");
        }
    }
}

#[test]
fn regions_are_labelled_as_cards_show_them() {
    let label = |latitude, longitude, lang| {
        let cell = Location::from_coordinates(latitude, longitude, korea()).unwrap().cell();
        korea().region_label(cell, lang).unwrap()
    };
    let table = [
        ((37.5030, 127.0470), "서울 강남구", "Gangnam-gu, Seoul"),
        ((37.3948, 127.1112), "성남 분당구", "Bundang-gu, Seongnam"),
        ((36.0700, 129.3550), "포항 북구", "Buk-gu, Pohang"),
        ((34.6420, 126.7673), "전남 강진군", "Gangjin-gun, Jeonnam"),
        ((36.4801, 127.2890), "세종", "Sejong"),
        ((33.4996, 126.5312), "제주 제주시", "Jeju-si, Jeju"),
        ((37.4930, 126.4900), "인천 중구", "Jung-gu, Incheon"),
        ((37.9650, 124.7000), "인천 옹진군", "Ongjin-gun, Incheon"),
        ((37.2000, 127.0970), "경기 화성시", "Hwaseong-si, Gyeonggi"),
    ];
    for ((latitude, longitude), ko, en) in table {
        assert_eq!(label(latitude, longitude, Lang::Ko), ko);
        assert_eq!(label(latitude, longitude, Lang::En), en);
    }
    assert_eq!(korea().region_label(0, Lang::Ko), None);
    assert_eq!(korea().nearest(35.6762, 139.6503), None, "Tokyo is not in Korea");
    assert_eq!(korea().nearest(f64::NAN, 127.0), None);
    assert_eq!(korea().nearest(37.5, f64::INFINITY), None);
}

#[test]
fn a_wrong_file_is_refused_with_the_line() {
    const HEADER: &str = "code,kind,parent,ko,en,short_ko,short_en,lat,lng,aliases";
    let load = |lines: &[&str]| Gazetteer::from_csv(&format!("{HEADER}\n{}\n", lines.join("\n"))).map(|_| ());
    let a = "a,province,,가도,A-do,가,A,37.0,127.0,";
    let b = "b,district,a,나시,B-si,나,B,37.1,127.1,다른나|Other B";
    assert_eq!(load(&[a, b]), Ok(()));
    assert_eq!(load(&[]), Err(GazetteerError::Empty));
    assert_eq!(Gazetteer::from_csv("").map(|_| ()), Err(GazetteerError::Header));
    assert_eq!(Gazetteer::from_csv(a).map(|_| ()), Err(GazetteerError::Header));
    assert_eq!(load(&[a, a]), Err(GazetteerError::DuplicateCode { line: 3, code: "a".to_owned() }));
    assert_eq!(load(&["a,province,,가도"]), Err(GazetteerError::Columns { line: 2, columns: 4 }));
    let unknown_kind = GazetteerError::Kind { line: 2, kind: "planet".to_owned() };
    assert_eq!(load(&["a,planet,,가도,A-do,가,A,37.0,127.0,"]), Err(unknown_kind));
    let missing = GazetteerError::Missing { line: 2, column: "en" };
    assert_eq!(load(&["a,province,,가도,,가,A,37.0,127.0,"]), Err(missing));
    let orphan =
        |line, parent: &str| Err(GazetteerError::Parent { line, code: "b".to_owned(), parent: parent.to_owned() });
    assert_eq!(load(&[b, a]), orphan(2, "a"), "a parent stands before its children");
    assert_eq!(load(&[a, "b,ward,a,나구,B-gu,나,B,37.1,127.1,"]), orphan(3, "a"), "a ward lies in a district");
    assert_eq!(load(&[a, "b,province,a,나도,B-do,나,B,37.1,127.1,"]), orphan(3, "a"), "a province lies in nothing");
    for (line, column) in [
        ("a,province,,가도,A-do,가,A,north,127.0,", "lat"),
        ("a,province,,가도,A-do,가,A,90.1,127.0,", "lat"),
        ("a,province,,가도,A-do,가,A,NaN,127.0,", "lat"),
        ("a,province,,가도,A-do,가,A,37.0,-180.5,", "lng"),
    ] {
        assert_eq!(load(&[line]), Err(GazetteerError::Coordinate { line: 2, column }));
    }
}

#[test]
fn a_hosts_own_file_works_alike() {
    let text = "code,kind,parent,ko,en,short_ko,short_en,lat,lng,aliases\n\
                tokyo,province,,도쿄도,Tokyo-to,도쿄,Tokyo,35.69,139.69,동경\n\
                shibuya,district,tokyo,시부야구,Shibuya-ku,시부야,Shibuya,35.66,139.70,\n";
    let tokyo = Gazetteer::from_csv(text).unwrap();
    assert_eq!(tokyo.find("동경 시부야").unwrap().code(), "shibuya");
    let location = Location::from_coordinates(35.66, 139.70, &tokyo).unwrap();
    assert_eq!(location.region_label(&tokyo, Lang::En).unwrap(), "Shibuya-ku, Tokyo");
    assert_eq!(location.region_label(korea(), Lang::En), None);
}
