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
    println!("64 and 128 dimensions: nearest neighbour, English among Korean, separation: {figures:?}");
    assert!(figures[0][0] >= 0.7 && figures[1][0] >= 0.7, "{figures:?}");
}
