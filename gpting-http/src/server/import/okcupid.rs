//! The public OkCupid profiles (Kim and Escobedo-Land, Journal of Statistics Education 23(2), 2015, revised 2021).
//!
//! Called by [`table`](super::table) for a CSV file with their columns. What the catalogue has a code for is taken over:
//! body, diet, drinking, education, height, job, children, pets, religion, smoking, languages; sex and orientation become
//! gender and wished-for genders. Ethnicity, income, drugs, sign and status are not read. The file tells neither places
//! nor interests nor wishes about age and distance: those are drawn, and mean nothing about the person. Religion is
//! read but not kept, because nobody in the file has consented to its use.
//!
//! A value that is noise (a height of 3 inches) is left out; only age and sex can make a row useless.

use serde_json::{Value, json};

use super::draw::Draw;
use super::row::{Rejected, Row, WishedFor};

/// Columns by which the file is recognised.
pub(super) const COLUMNS: [&str; 5] = ["age", "body_type", "orientation", "sex", "speaks"];

/// Reads a record by its columns; `cell` is empty for what was not given.
pub(super) fn row<'a>(cell: impl Fn(&str) -> &'a str) -> Result<Row, Rejected> {
    let gender = match cell("sex") {
        "m" => "M",
        "f" => "F",
        "" => return Err(Rejected::new("sex: missing")),
        _ => return Err(Rejected::new("sex: unknown")),
    };
    let other = if gender == "M" { "F" } else { "M" };
    let genders = match cell("orientation") {
        "straight" => vec![other],
        "gay" => vec![gender],
        "bisexual" => vec![gender, other],
        _ => return Err(Rejected::new("orientation: unknown")),
    };
    let mut row = Row {
        gender: Some(gender.to_owned()),
        age: Some(cell("age").parse().map_err(|_| Rejected::new("age: not a number"))?),
        preferences: Some(WishedFor {
            genders: genders.into_iter().map(str::to_owned).collect(),
            ..WishedFor::default()
        }),
        ..Row::default()
    };
    let (children, wants_children) = offspring(cell("offspring"));
    let one = |code: Option<&str>| code.map(|code| json!(code));
    for (attribute, value) in [
        ("body_type", one(body_type(cell("body_type")))),
        ("diet", one(diet(cell("diet")))),
        ("drinking", one(drinking(cell("drinks")))),
        ("education", one(education(cell("education")))),
        ("height", height_cm(cell("height")).map(|cm| json!(cm))),
        ("job", one(job(cell("job")))),
        ("children", one(children)),
        ("wants_children", one(wants_children)),
        ("pets", some(&pets(cell("pets")))),
        ("religion", one(religion(cell("religion")))),
        ("smoking", one(smoking(cell("smokes")))),
        ("languages", some(&languages(cell("speaks")))),
    ] {
        if let Some(value) = value {
            row.attributes.insert(attribute.to_owned(), value);
        }
    }
    Ok(row)
}

/// Draws what the file does not tell about wishes: ages around one's own (men look a little below theirs, women a
/// little above; one in ten is open to everybody), and a distance.
pub(super) fn complete(row: &mut Row, key: &str) {
    let mut draw = Draw::new(key, "wishes");
    let (Some(wished), Some(age)) = (&mut row.preferences, row.age) else { return };
    let (below, above) = if row.gender.as_deref() == Some("M") {
        (draw.between(2, 10), draw.between(0, 5))
    } else {
        (draw.between(0, 4), draw.between(2, 10))
    };
    let years = |years: usize| i64::try_from(years).unwrap_or(0);
    let (youngest, oldest) = if draw.unit() < 0.10 { (18, 99) } else { (age - years(below), age + years(above)) };
    wished.age_min = Some(youngest.clamp(18, 120));
    wished.age_max = Some(oldest.clamp(18, 120));
    let distances = [(Some(30), 0.2), (Some(50), 0.3), (Some(80), 0.2), (Some(100), 0.15), (None, 0.15)];
    wished.max_distance_km = distances[draw.weighted(distances.iter().map(|(_, weight)| *weight))].0;
}

fn some(codes: &[&'static str]) -> Option<Value> {
    (!codes.is_empty()).then(|| json!(codes))
}

fn body_type(text: &str) -> Option<&'static str> {
    Some(match text {
        "average" => "average",
        "fit" => "fit",
        "athletic" => "athletic",
        "thin" => "slim",
        "curvy" => "curvy",
        "a little extra" => "a_little_extra",
        "skinny" => "skinny",
        "full figured" => "full_figured",
        "overweight" => "overweight",
        "jacked" => "muscular",
        _ => return None,
    })
}

fn diet(text: &str) -> Option<&'static str> {
    // How strictly does not matter to anybody's table.
    let kind = text.strip_prefix("strictly ").or_else(|| text.strip_prefix("mostly ")).unwrap_or(text);
    ["anything", "vegetarian", "vegan", "halal", "kosher", "other"].into_iter().find(|code| *code == kind)
}

fn drinking(text: &str) -> Option<&'static str> {
    Some(match text {
        "not at all" => "never",
        "rarely" => "rarely",
        "socially" => "socially",
        "often" => "often",
        "very often" | "desperately" => "very_often",
        _ => return None,
    })
}

/// A school without a verb counts as finished; who left one has what leads to it.
fn education(text: &str) -> Option<&'static str> {
    let (verb, school) = ["graduated from ", "working on ", "dropped out of "]
        .into_iter()
        .find_map(|verb| text.strip_prefix(verb).map(|school| (verb, school)))
        .unwrap_or(("graduated from ", text));
    Some(match (verb, school) {
        ("graduated from ", "high school") => "high_school",
        ("graduated from ", "two-year college") => "two_year_college",
        ("graduated from ", "ph.d program") => "doctorate",
        // Somebody in law or medicine is taken for what they become.
        ("graduated from " | "working on ", "law school") => "law_school",
        ("graduated from " | "working on ", "med school") => "medical_school",
        ("working on ", "two-year college" | "college/university") => "university_student",
        ("working on ", "masters program" | "ph.d program") => "graduate_student",
        ("working on " | "dropped out of ", "high school") => "below_high_school",
        ("dropped out of ", "two-year college" | "college/university") => "attended_university",
        ("graduated from ", "college/university")
        | ("dropped out of ", "masters program" | "law school" | "med school") => "bachelor",
        ("graduated from ", "masters program") | ("dropped out of ", "ph.d program") => "master",
        (_, "space camp") => "other",
        _ => return None,
    })
}

/// Whole centimetres from inches, where a grown person can be that tall.
fn height_cm(text: &str) -> Option<i32> {
    let inches: f64 = text.parse().ok()?;
    let cm = (inches * 2.54).round();
    // In this range the value is whole and small.
    #[expect(clippy::cast_possible_truncation, reason = "between 130 and 220")]
    (130.0..=220.0).contains(&cm).then_some(cm as i32)
}

fn job(text: &str) -> Option<&'static str> {
    Some(match text {
        "student" => "student",
        "science / tech / engineering" => "engineering_science",
        "computer / hardware / software" => "it",
        "artistic / musical / writer" => "arts_design",
        "sales / marketing / biz dev" => "sales_marketing",
        "medicine / health" => "healthcare",
        "education / academia" => "education",
        "executive / management" => "management",
        "banking / financial / real estate" => "finance_real_estate",
        "entertainment / media" => "media_entertainment",
        "law / legal services" => "law",
        "hospitality / travel" => "hospitality_service",
        "construction / craftsmanship" => "construction_crafts",
        "clerical / administrative" => "office_admin",
        "political / government" => "public_service",
        "transportation" => "transportation",
        "unemployed" => "job_seeking",
        "retired" => "retired",
        "military" => "military_police",
        "other" => "other",
        _ => return None,
    })
}

/// Children, and whether (more) are wanted.
fn offspring(text: &str) -> (Option<&'static str>, Option<&'static str>) {
    let children = match text {
        _ if text.contains("doesn't have kids") => Some("none"),
        _ if text.contains("has a kid") => Some("one"),
        _ if text.contains("has kids") => Some("several"),
        _ => None,
    };
    let wants = match text {
        _ if text.contains("might want") => Some("maybe"),
        _ if text.contains("doesn't want") => Some("no"),
        _ if text.contains("wants") => Some("yes"),
        _ => None,
    };
    (children, wants)
}

fn pets(text: &str) -> Vec<&'static str> {
    let codes = ["has_dogs", "has_cats", "likes_dogs", "likes_cats", "dislikes_dogs", "dislikes_cats"];
    text.split(" and ").filter_map(|said| codes.into_iter().find(|code| code.replace('_', " ") == said)).collect()
}

fn religion(text: &str) -> Option<&'static str> {
    // "catholicism but not too serious about it"
    Some(match text.split(' ').next()? {
        "agnosticism" => "agnostic",
        "atheism" => "atheist",
        "buddhism" => "buddhist",
        "catholicism" => "catholic",
        "christianity" => "protestant",
        "hinduism" => "hindu",
        "islam" => "islam",
        "judaism" => "jewish",
        "other" => "other",
        _ => return None,
    })
}

fn smoking(text: &str) -> Option<&'static str> {
    Some(match text {
        "no" => "never",
        "sometimes" => "sometimes",
        "when drinking" => "when_drinking",
        "yes" => "regularly",
        "trying to quit" => "quitting",
        _ => return None,
    })
}

/// The languages people speak; those that machines are told things in are none.
fn languages(text: &str) -> Vec<&'static str> {
    const KNOWN: [&str; 24] = [
        "korean",
        "english",
        "japanese",
        "chinese",
        "spanish",
        "french",
        "german",
        "italian",
        "russian",
        "portuguese",
        "vietnamese",
        "thai",
        "indonesian",
        "tagalog",
        "mongolian",
        "hindi",
        "arabic",
        "hebrew",
        "persian",
        "turkish",
        "dutch",
        "swedish",
        "greek",
        "polish",
    ];
    let language = |said: &str| {
        let name = said.split('(').next().unwrap_or_default().trim();
        match name {
            "" | "c++" | "lisp" => None,
            "farsi" => Some("persian"),
            "sign language" => Some("sign_language"),
            _ => Some(KNOWN.into_iter().find(|known| *known == name).unwrap_or("other")),
        }
    };
    text.split(',').filter_map(language).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[(&str, &str)]) -> Result<Row, Rejected> {
        row(|name| cells.iter().find(|(column, _)| *column == name).map_or("", |(_, value)| *value))
    }

    const PERSON: [(&str, &str); 3] = [("age", "29"), ("sex", "f"), ("orientation", "bisexual")];

    #[test]
    fn a_row_is_put_into_the_words_of_the_catalogue() {
        let mut cells = PERSON.to_vec();
        cells.extend([
            ("height", "70"),
            ("offspring", "has a kid, and might want more"),
            ("pets", "likes dogs and has cats"),
            ("speaks", "english (fluently), c++, farsi (poorly), sign language, swahili"),
            ("religion", "judaism and laughing about it"),
            ("education", "dropped out of masters program"),
            ("diet", "strictly vegan"),
            ("body_type", "rather not say"),
        ]);
        let row = read(&cells).unwrap();
        let expected = json!({
            "height": 178, "children": "one", "wants_children": "maybe", "pets": ["likes_dogs", "has_cats"],
            "languages": ["english", "persian", "sign_language", "other"], "religion": "jewish",
            "education": "bachelor", "diet": "vegan",
        });
        assert_eq!(json!(row.attributes), expected);
        assert_eq!(row.preferences.unwrap().genders, ["F", "M"]);
    }

    #[test]
    fn noise_is_left_out_and_useless_rows_are_refused() {
        for height in ["NA", "3", "95", ""] {
            assert_eq!(height_cm(height), None, "{height}");
        }
        assert_eq!((height_cm("52"), height_cm("86")), (Some(132), Some(218)));
        for (column, bad) in [("age", "x"), ("sex", "?"), ("orientation", "unsure")] {
            let cells: Vec<_> =
                PERSON.iter().map(|(name, value)| (*name, if *name == column { bad } else { *value })).collect();
            assert!(read(&cells).unwrap_err().0.starts_with(column), "{column}");
        }
    }

    #[test]
    fn wishes_are_drawn_within_what_can_be_wished() {
        for age in [18, 19, 40, 118, 120] {
            for number in 0..200 {
                let mut row = Row { age: Some(age), ..read(&PERSON).unwrap() };
                complete(&mut row, &format!("test:{number}"));
                let wished = row.preferences.unwrap();
                let (youngest, oldest) = (wished.age_min.unwrap(), wished.age_max.unwrap());
                assert!((18..=oldest).contains(&youngest) && oldest <= 120, "{age}: {youngest} to {oldest}");
            }
        }
    }
}
