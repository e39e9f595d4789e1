//! How good the vectors are, on texts of our own: bars that a worse analyst would miss.

use std::sync::LazyLock;

use super::*;

#[path = "corpus.rs"]
mod corpus;

static ANALYSTS: LazyLock<[LocalAnalyst; 2]> =
    LazyLock::new(|| [64, 128].map(|dims| LocalAnalyst::new(Catalogue::built_in(), dims)));

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The share of texts whose nearest neighbour among `others` is about the same, leaving each out of its own neighbours.
fn accuracy(texts: &[(usize, Vec<f32>)], others: &[(usize, Vec<f32>)], is_same_list: bool) -> f64 {
    let mut right = 0;
    for (at, (topic, vector)) in texts.iter().enumerate() {
        let near = others.iter().enumerate().filter(|(other, _)| !is_same_list || *other != at);
        let nearest = near.max_by(|a, b| cosine(vector, &a.1.1).total_cmp(&cosine(vector, &b.1.1))).unwrap();
        right += usize::from(nearest.1.0 == *topic);
    }
    right as f64 / texts.len() as f64
}

fn vectors(analyst: &LocalAnalyst, english: bool) -> Vec<(usize, Vec<f32>)> {
    let mut all = Vec::new();
    for (topic, (_, korean, in_english)) in corpus::CORPUS.iter().enumerate() {
        let texts = if english { *in_english } else { *korean };
        all.extend(texts.iter().map(|text| (topic, analyst.vector(text))));
    }
    all
}

/// Pairs of one topic and pairs of two, and how often the first are nearer: 0.5 is chance.
fn separation(texts: &[(usize, Vec<f32>)]) -> f64 {
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for (at, (topic, vector)) in texts.iter().enumerate() {
        for (topic_too, too) in &texts[at + 1..] {
            (if topic == topic_too { &mut same } else { &mut other }).push(cosine(vector, too));
        }
    }
    other.sort_by(f32::total_cmp);
    let below = |x: &f32| other.partition_point(|y| y < x) as f64 / other.len() as f64;
    same.iter().map(below).sum::<f64>() / same.len() as f64
}

#[test]
fn texts_about_the_same_lie_together() {
    let figures: Vec<[f64; 3]> = ANALYSTS
        .iter()
        .map(|analyst| {
            let (korean, english) = (vectors(analyst, false), vectors(analyst, true));
            [accuracy(&korean, &korean, true), accuracy(&english, &korean, false), separation(&korean)]
        })
        .collect();
    let bars = [[0.77, 0.85, 0.78], [0.82, 0.85, 0.82]];
    for (figures, bars) in figures.iter().zip(bars) {
        assert!(figures.iter().zip(bars).all(|(figure, bar)| *figure >= bar), "{figures:?}, not {bars:?}");
    }
}

#[test]
fn particles_endings_and_spaces_hardly_move_a_vector() {
    let groups: [&[&str]; 7] = [
        &[
            "등산을 좋아해요",
            "등산 좋아합니다",
            "등산좋아함",
            "등산이 좋아요",
            "저는 등산을 즐겨요",
            "등산하는 게 취미예요",
        ],
        &["카페 투어를 좋아해요", "카페투어 좋아함", "카페투어가 취미입니다", "저는 카페 투어하는 걸 좋아해요"],
        &["고양이와 살아요", "고양이랑 살아", "고양이하고 삽니다"],
        &["수채화를 그려요", "수채화 그리기", "수채화를 그립니다"],
        &["천문대를 좋아해요", "천문대 좋아함", "천문대가 좋아요"],
        &["보드게임 카페", "보드 게임 카페", "보드게임카페"],
        &["I love hiking", "hiking!", "Really into hiking"],
    ];
    for analyst in &*ANALYSTS {
        for group in groups {
            let first = analyst.vector(group[0]);
            for form in group {
                let likeness = cosine(&first, &analyst.vector(form));
                assert!(likeness > 0.75, "{} dims: {} ~ {form}: {likeness}", analyst.dims(), group[0]);
            }
        }
        let apart = |a: &str, b: &str| cosine(&analyst.vector(a), &analyst.vector(b));
        for (a, b) in [("등산을 좋아해요", "재즈를 들어요"), ("수영을 해요", "소설을 써요"), ("I paint", "I swim")]
        {
            assert!(apart(a, b) < 0.4, "{a} / {b}: {}", apart(a, b));
        }
    }
}

#[test]
fn vectors_have_length_one_or_nothing_and_never_change() {
    let analyst = &ANALYSTS[1];
    let decomposed = "\u{1103}\u{1173}\u{11bc}\u{1109}\u{1161}\u{11ab}";
    assert_eq!(analyst.vector(decomposed), analyst.vector("등산"), "however it is composed");
    assert_eq!(analyst.vector("HIKING"), analyst.vector("hiking"));
    for nothing in ["", "  \n", "저는 좋아해요", "!!! ... ♥"] {
        assert!(analyst.vector(nothing).iter().all(|x| *x == 0.0), "{nothing}");
    }
    for text in ["등산", "a b c", &"가나다라 ".repeat(5000), "🙂 이모지", "ㅋㅋㅋ ㅎㅎ", "\u{0}\u{fffd}"]
    {
        let length = cosine(&analyst.vector(text), &analyst.vector(text));
        assert!(length == 0.0 || (length - 1.0).abs() < 1e-5, "{text}: {length}");
    }
    // What another build or processor makes of it has to be this.
    let told: Vec<String> = LocalAnalyst::new(Catalogue::built_in(), 8)
        .vector("등산을 좋아해요")
        .iter()
        .map(|x| format!("{x:.3}"))
        .collect();
    assert_eq!(told, ["0.031", "0.050", "-0.577", "-0.217", "0.614", "0.446", "-0.037", "-0.198"]);
}
