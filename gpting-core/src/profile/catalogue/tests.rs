use super::{AttributeKind, AttributeValue, Catalogue, CatalogueError, ValueError, Visibility};
use crate::lang::Lang;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

fn built_in() -> &'static Catalogue {
    Catalogue::built_in()
}

/// A small correct file, to be broken in one place per test.
fn small() -> Value {
    json!({
        "categories": [
            {"code": "sports", "number": 1, "label": {"ko": "스포츠", "en": "Sports"}, "interests": [
                {"code": "golf", "number": 1, "label": {"ko": "골프", "en": "Golf"}, "aliases": ["라운딩"]},
                {"code": "tennis", "number": 2, "label": {"ko": "테니스", "en": "Tennis"}}
            ]},
            {"code": "music", "number": 2, "label": {"ko": "음악", "en": "Music"}, "interests": [
                {"code": "jazz", "number": 3, "label": {"ko": "재즈", "en": "Jazz"}}
            ]}
        ],
        "attributes": [
            {"code": "height", "number": 1, "kind": {"number": {"min": 130, "max": 220, "unit": "cm"}},
             "visibility": "public", "label": {"ko": "키", "en": "Height"}},
            {"code": "smoking", "number": 2, "kind": "choice", "visibility": "private",
             "label": {"ko": "흡연", "en": "Smoking"}, "values": [
                {"code": "never", "number": 1, "label": {"ko": "비흡연", "en": "Never"}},
                {"code": "daily", "number": 9, "label": {"ko": "흡연", "en": "Daily"}}
            ]}
        ]
    })
}

fn broken(pointer: &str, value: Value) -> CatalogueError {
    let mut file = small();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match file.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => panic!("{pointer}: {other}"),
    }
    Catalogue::from_json(&file.to_string()).unwrap_err()
}

#[test]
fn the_built_in_catalogue_is_whole_in_both_languages() {
    let catalogue = built_in();
    assert!(catalogue.categories().len() >= 14);
    assert!(catalogue.interests().count() >= 120);
    let labels = catalogue
        .categories()
        .iter()
        .map(|category| &category.label)
        .chain(catalogue.interests().map(|interest| &interest.label))
        .chain(catalogue.attributes().iter().map(|attribute| &attribute.label))
        .chain(catalogue.attributes().iter().flat_map(|attribute| attribute.values.iter().map(|value| &value.label)));
    for label in labels {
        assert!(!label.text(Lang::Ko).trim().is_empty() && !label.text(Lang::En).trim().is_empty(), "{label:?}");
        let hangul = |c: char| ('가'..='힣').contains(&c);
        assert!(!label.en.contains(hangul), "Korean as English: {label:?}");
        assert!(label.ko.contains(hangul) || label.ko.is_ascii(), "no Korean: {label:?}");
    }
    let codes = "height mbti smoking drinking religion education job body_type children wants_children pets languages \
                 relationship_goal exercise diet";
    for code in codes.split_whitespace() {
        assert!(catalogue.attribute(code).is_some(), "{code}");
    }
    assert_eq!(catalogue.attribute("mbti").unwrap().values.len(), 16);
}

/// The engine and stored profiles hold these numbers: an entry may be added, never renumbered.
#[test]
fn numbers_of_the_built_in_catalogue_do_not_move() {
    let catalogue = built_in();
    for (code, number) in [("gym", 1), ("running", 2), ("hiking", 22), ("k_pop", 60), ("social_clubs", 129)] {
        assert_eq!(catalogue.interest(code).unwrap().number, number, "{code}");
        assert_eq!(catalogue.interest_by_number(number).unwrap().code, code);
    }
    for (code, number, value, value_number) in
        [("mbti", 2, "enfp", 16), ("smoking", 3, "never", 1), ("religion", 5, "buddhist", 4), ("job", 7, "other", 27)]
    {
        let attribute = catalogue.attribute(code).unwrap();
        assert_eq!(attribute.number, number);
        assert_eq!(catalogue.attribute_by_number(number).unwrap().code, code);
        assert_eq!(attribute.value(value).unwrap().number, value_number, "{code}/{value}");
        assert_eq!(attribute.value_by_number(value_number).unwrap().code, value);
    }
    assert!(catalogue.interest_by_number(0).is_none());
    assert!(catalogue.attribute("smoking").unwrap().value_by_number(0).is_none());
}

#[test]
fn religion_is_sensitive_and_not_public() {
    for attribute in built_in().attributes() {
        assert_eq!(attribute.sensitive, attribute.code == "religion", "{}", attribute.code);
    }
    assert_eq!(built_in().attribute("religion").unwrap().visibility, Visibility::AfterMatch);
    assert_eq!(built_in().attribute("height").unwrap().visibility, Visibility::Public);
}

#[test]
fn an_interest_is_understood_however_it_is_written() {
    let cases = [
        ("hiking", "hiking"),
        ("등산", "hiking"),
        (" 등 산 ", "hiking"),
        ("HIKING", "hiking"),
        ("카페 투어", "cafe_tour"),
        ("카페투어", "cafe_tour"),
        ("맛집탐방", "food_tour"),
        ("board games", "board_games"),
        ("Board_Games", "board_games"),
        ("보드게임", "board_games"),
        ("k-pop", "k_pop"),
        ("K POP", "k_pop"),
        ("Ｋ－ＰＯＰ", "k_pop"),
        ("케이팝", "k_pop"),
        ("café hopping", "cafe_tour"),
        ("Skiing and Snowboarding", "skiing"),
        ("스노보드", "skiing"),
        ("넷플릭스", "streaming"),
    ];
    for (text, code) in cases {
        assert_eq!(built_in().find_interest(text).map(|found| found.code.as_str()), Some(code), "{text}");
        let decomposed: String = text.nfd().collect();
        assert_eq!(built_in().find_interest(&decomposed).map(|found| found.code.as_str()), Some(code), "{text} (NFD)");
    }
    for nothing in ["", " - ", "등산가", "hikin"] {
        assert!(built_in().find_interest(nothing).is_none(), "{nothing}");
    }
    assert!(built_in().interest("등산").is_none(), "a lookup by code takes codes only");
    assert_eq!(built_in().category_of("hiking").unwrap().code, "outdoors");
}

#[test]
fn every_entry_is_found_by_code_and_by_both_labels() {
    for interest in built_in().interests() {
        for name in [&interest.code, &interest.label.ko, &interest.label.en].into_iter().chain(&interest.aliases) {
            assert_eq!(built_in().find_interest(name), Some(interest), "{name}");
        }
    }
    for attribute in built_in().attributes() {
        for value in &attribute.values {
            for name in [&value.code, &value.label.ko, &value.label.en] {
                assert_eq!(attribute.find_value(name), Some(value), "{}/{name}", attribute.code);
            }
        }
    }
}

#[test]
fn attributes_are_read_from_json_and_from_forms() {
    let read = |code: &str, value: Value| built_in().parse_attribute(code, &value);
    let choice = |code: &str| Ok(AttributeValue::Choice(code.to_owned()));
    assert_eq!(read("smoking", json!("never")), choice("never"));
    assert_eq!(read("smoking", json!("비흡연")), choice("never"));
    assert_eq!(read("mbti", json!("ENFP")), choice("enfp"));
    assert_eq!(read("height", json!(175)), Ok(AttributeValue::Number(175)));
    assert_eq!(read("height", json!(" 175 ")), Ok(AttributeValue::Number(175)));
    assert_eq!(read("height", json!(130)), Ok(AttributeValue::Number(130)));
    assert_eq!(read("height", json!(220)), Ok(AttributeValue::Number(220)));
    // In the catalogue's order, each once.
    let languages = AttributeValue::Choices(vec!["korean".to_owned(), "english".to_owned()]);
    assert_eq!(read("languages", json!(["English", "korean", "영어"])), Ok(languages));
    assert_eq!(read("pets", json!("likes_cats")), Ok(AttributeValue::Choices(vec!["likes_cats".to_owned()])));
}

#[test]
fn wrong_attributes_are_refused_with_the_reason() {
    let read = |code: &str, value: Value| built_in().parse_attribute(code, &value).unwrap_err();
    assert_eq!(read("shoe_size", json!(42)), ValueError::UnknownAttribute { attribute: "shoe_size".to_owned() });
    for number in [json!(129), json!(221), json!(-1), json!(i64::MAX), json!("1000")] {
        let expected = ValueError::OutOfRange { attribute: "height".to_owned(), min: 130, max: 220 };
        assert_eq!(read("height", number), expected);
    }
    for (code, value, expected) in [
        ("height", json!(175.5), "a whole number"),
        ("height", json!("tall"), "a whole number"),
        ("height", json!(u64::MAX), "a whole number"),
        ("height", json!([175]), "a whole number"),
        ("height", Value::Null, "a whole number"),
        ("smoking", json!(1), "a value"),
        ("smoking", json!(["never"]), "a value"),
        ("languages", json!({"korean": true}), "a list of values"),
        ("languages", json!(["korean", 2]), "a list of values"),
    ] {
        assert_eq!(read(code, value), ValueError::WrongType { attribute: code.to_owned(), expected });
    }
    for (code, value, named) in [
        ("smoking", json!("chain"), "chain"),
        ("languages", json!(["korean", "lisp"]), "lisp"),
        ("mbti", json!(""), ""),
    ] {
        let expected = ValueError::UnknownValue { attribute: code.to_owned(), value: named.to_owned() };
        assert_eq!(read(code, value), expected);
    }
    assert_eq!(read("languages", json!([])), ValueError::NoValue { attribute: "languages".to_owned() });
}

#[test]
fn the_engine_gets_numbers() {
    let attribute = |code: &str| built_in().attribute(code).unwrap();
    let choice = |code: &str| AttributeValue::Choice(code.to_owned());
    assert_eq!(attribute("smoking").engine_value(&choice("regularly")), Some(4));
    assert_eq!(attribute("smoking").engine_values(&choice("regularly")), [4]);
    assert_eq!(attribute("height").engine_value(&AttributeValue::Number(175)), Some(175));
    let pets = AttributeValue::Choices(vec!["has_dogs".to_owned(), "likes_cats".to_owned(), "gone".to_owned()]);
    assert_eq!(attribute("pets").engine_value(&pets), None);
    assert_eq!(attribute("pets").engine_values(&pets), [1, 5]);
    // What is not a value of the attribute is nothing, rather than something else.
    assert_eq!(attribute("smoking").engine_value(&choice("gone")), None);
    assert_eq!(attribute("smoking").engine_value(&AttributeValue::Number(4)), None);
    assert_eq!(attribute("smoking").engine_values(&pets), [0_u16; 0]);
    for number in [-1, 129, 221, 70_000] {
        assert_eq!(attribute("height").engine_value(&AttributeValue::Number(number)), None, "{number}");
    }
}

#[test]
fn values_are_displayed_in_both_languages() {
    let attribute = |code: &str| built_in().attribute(code).unwrap();
    let height = AttributeValue::Number(175);
    assert_eq!(attribute("height").display(&height, Lang::Ko).as_deref(), Some("175 cm"));
    let smoking = AttributeValue::Choice("never".to_owned());
    assert_eq!(attribute("smoking").display(&smoking, Lang::Ko).as_deref(), Some("비흡연"));
    assert_eq!(attribute("smoking").display(&smoking, Lang::En).as_deref(), Some("Never"));
    let languages = AttributeValue::Choices(vec!["korean".to_owned(), "english".to_owned()]);
    assert_eq!(attribute("languages").display(&languages, Lang::En).as_deref(), Some("Korean, English"));
    assert_eq!(attribute("languages").display(&AttributeValue::Choices(Vec::new()), Lang::En), None);
    assert_eq!(attribute("smoking").display(&height, Lang::En), None);
}

#[test]
fn attribute_values_are_plain_json() {
    for (value, text) in [
        (AttributeValue::Choice("never".to_owned()), r#""never""#),
        (AttributeValue::Choices(vec!["korean".to_owned()]), r#"["korean"]"#),
        (AttributeValue::Number(175), "175"),
    ] {
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
        assert_eq!(serde_json::from_str::<AttributeValue>(text).unwrap(), value);
    }
}

#[test]
fn an_operators_file_replaces_the_built_in_one() {
    let catalogue = Catalogue::from_json(&small().to_string()).unwrap();
    assert_eq!(catalogue.interests().map(|interest| interest.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(catalogue.find_interest("라운딩").unwrap().code, "golf");
    assert_eq!(catalogue.attribute("smoking").unwrap().visibility, Visibility::Private);
    let height = AttributeKind::Number { min: 130, max: 220, unit: "cm".to_owned() };
    assert_eq!(catalogue.attribute("height").unwrap().kind, height);
    assert!(catalogue.interest("hiking").is_none());
    // What is served is what was loaded.
    let attributes: Vec<super::Attribute> =
        serde_json::from_value(serde_json::to_value(catalogue.attributes()).unwrap()).unwrap();
    assert_eq!(attributes, catalogue.attributes());
}

#[test]
fn a_wrong_file_is_refused_with_the_entry() {
    type Check = fn(&CatalogueError) -> bool;
    let label = |ko: &str, en: &str| json!({"ko": ko, "en": en});
    let cases: [(&str, Value, &str, Check); 17] = [
        ("/categories", json!([]), "`categories`", |e| matches!(e, CatalogueError::Empty { .. })),
        ("/attributes", json!([]), "`attributes`", |e| matches!(e, CatalogueError::Empty { .. })),
        ("/categories/1/interests", json!([]), "`music`", |e| matches!(e, CatalogueError::Empty { .. })),
        ("/attributes/1/values", json!([]), "`smoking`", |e| matches!(e, CatalogueError::Empty { .. })),
        ("/categories/1/code", json!("sports"), "`sports`", |e| matches!(e, CatalogueError::DuplicateCode { .. })),
        ("/categories/1/interests/0/code", json!("golf"), "`music/golf`", |e| {
            matches!(e, CatalogueError::DuplicateCode { .. })
        }),
        ("/attributes/1/values/1/code", json!("never"), "`smoking/never`", |e| {
            matches!(e, CatalogueError::DuplicateCode { .. })
        }),
        (
            "/categories/1/interests/0/number",
            json!(2),
            "`music/jazz`",
            |e| matches!(e, CatalogueError::DuplicateNumber { number: 2, other, .. } if other == "sports/tennis"),
        ),
        (
            "/attributes/1/number",
            json!(1),
            "`smoking`",
            |e| matches!(e, CatalogueError::DuplicateNumber { number: 1, other, .. } if other == "height"),
        ),
        ("/attributes/1/values/1/number", json!(1), "`smoking/daily`", |e| {
            matches!(e, CatalogueError::DuplicateNumber { number: 1, .. })
        }),
        ("/categories/0/number", json!(0), "`sports`", |e| matches!(e, CatalogueError::ZeroNumber { .. })),
        ("/categories/0/interests/0/label", label("골프", " "), "`sports/golf`", |e| {
            matches!(e, CatalogueError::MissingLabel { lang: Lang::En, .. })
        }),
        ("/attributes/1/values/0/label", json!({"en": "Never"}), "`smoking/never`", |e| {
            matches!(e, CatalogueError::MissingLabel { lang: Lang::Ko, .. })
        }),
        ("/categories/0/interests/0/code", json!("Golf Club"), "`sports/Golf Club`", |e| {
            matches!(e, CatalogueError::Code { .. })
        }),
        (
            "/categories/1/interests/0/label",
            label("라 운딩", "Jazz"),
            "`music/jazz`",
            |e| matches!(e, CatalogueError::SharedSpelling { other, .. } if other == "sports/golf"),
        ),
        ("/attributes/0/kind", json!({"number": {"min": 220, "max": 130}}), "`height`", |e| {
            matches!(e, CatalogueError::Range { .. })
        }),
        ("/attributes/1/kind", json!({"number": {"min": 0, "max": 9}}), "`smoking`", |e| {
            matches!(e, CatalogueError::UnexpectedValues { .. })
        }),
    ];
    for (pointer, value, named, check) in cases {
        let error = broken(pointer, value);
        assert!(check(&error), "{pointer}: {error:?}");
        assert!(error.to_string().contains(named), "{pointer}: {error} does not name {named}");
    }
    for (min, max) in [(-1, 5), (0, 65_536)] {
        let error = broken("/attributes/0/kind", json!({"number": {"min": min, "max": max}}));
        assert!(matches!(error, CatalogueError::Range { .. }), "{error:?}");
    }
    let misspelt = broken("/attributes/0/visiblity", json!("public"));
    assert!(matches!(misspelt, CatalogueError::Json(_)), "{misspelt:?}");
    assert!(matches!(Catalogue::from_json("not json"), Err(CatalogueError::Json(_))));
}
