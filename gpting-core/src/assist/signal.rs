//! What people value, as a term of the score: bounded, and part of each person's row in the engine.
//!
//! A row carries the topics that a person's text shows and those that they value as values of two attributes whose
//! numbers no catalogue can have; [`Valued`] reads both sides of a pair from their rows. So what a view says does not change
//! while it is paged, and somebody of whom nothing is derived has the score they would have without this term, to the bit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::derived::Derived;
use super::topic::Topics;
use crate::matching::sketch::{Bounds, Sketch, Sketcher};
use crate::matching::{Person, PersonId, Row, Signal};

/// The number of the attribute that holds what a text shows. Catalogues with it are refused.
pub(crate) const SHOWS: u16 = u16::MAX - 1;
/// The number of the attribute that holds what somebody values.
pub(crate) const SEEKS: u16 = u16::MAX;

/// Most topics of either kind in a row.
const TOPICS: usize = 16;
/// Bits of a value that hold the strength; the topic lies above.
const BITS: u16 = 6;
const MASK: u16 = (1 << BITS) - 1;
/// The strength that a value of 1 is, and the zero of signed ones.
const ONE: f64 = 31.0;
const ZERO: u16 = 32;

/// What the engine is told about a person beside their stated attributes, of which there are `stated`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "strengths lie between -31 and 31")]
pub(crate) fn attributes(derived: &Derived, topics: &Topics, stated: usize) -> Vec<(u16, u16)> {
    let level = |strength: f64| (strength.clamp(-1.0, 1.0) * ONE).round();
    let mut seeks: Vec<(f64, u16)> = derived
        .values()
        .into_iter()
        .filter_map(|(code, value)| Some((level(value), topics.index(code)?)))
        .filter(|(level, _)| *level != 0.0)
        .collect();
    seeks.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(&b.1)));
    let shown = derived.profile.iter().flat_map(|traits| &traits.topics);
    let mut shown: Vec<(f64, u16)> = shown
        .filter_map(|(code, strength)| Some((level(f64::from(*strength) / 100.0), topics.index(code)?)))
        .filter(|(level, _)| *level > 0.0)
        .collect();
    shown.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let seeks =
        seeks.into_iter().take(TOPICS).map(|(level, at)| (SEEKS, at << BITS | (level + f64::from(ZERO)) as u16));
    let shown = shown.into_iter().take(TOPICS).map(|(level, at)| (SHOWS, at << BITS | level as u16));
    seeks.chain(shown).take(Person::MAX_ATTRIBUTES.saturating_sub(stated)).collect()
}

/// What a sum of strengths may be wrong by in an f32.
const ROUNDING: f32 = 1e-6;

/// What one values and the other has: `most · Σ value · has / max(1, Σ |value|)`, in logits, for each direction.
#[derive(Clone, Debug)]
pub(crate) struct Valued {
    topics: Arc<Topics>,
    most: f32,
    /// Whether anybody was ever known to value something: until then the term is 0 for everybody, and no search need reckon
    /// with it. Set before the first such row comes in, and never taken back: a bound may be too high, not too low.
    is_used: Arc<AtomicBool>,
}

impl Valued {
    /// The name under which explanations show the term; people are not told of it.
    pub(crate) const NAME: &'static str = "valued";

    /// At most so many logits, from 0 to 2.
    pub(crate) fn new(topics: Arc<Topics>, most: f32) -> Self {
        let most = if most.is_nan() { 0.0 } else { most.clamp(0.0, 2.0) };
        Self { topics, most, is_used: Arc::default() }
    }

    /// The topics it speaks of.
    pub(crate) fn topics(&self) -> &Topics {
        &self.topics
    }

    /// Notes that somebody who values something is about to come in.
    pub(crate) fn note_use(&self) {
        self.is_used.store(true, Ordering::Release);
    }

    /// What somebody of this row values: topic and how much, from -1 to 1.
    fn seeks<Id: PersonId>(row: Row<'_, Id>) -> impl Iterator<Item = (u16, f64)> {
        let of = row.attributes().filter(|(attribute, _)| *attribute == SEEKS);
        of.map(|(_, value)| (value >> BITS, (f64::from(value & MASK) - f64::from(ZERO)) / ONE))
    }

    /// How much of a topic somebody has: all of what they state, or as much as their text shows.
    fn has<Id: PersonId>(&self, row: Row<'_, Id>, topic: u16) -> f64 {
        let stated = self.topics.interest(topic).is_some_and(|number| row.interests().binary_search(&number).is_ok());
        if stated {
            return 1.0;
        }
        let shown = |(attribute, value): &(u16, u16)| *attribute == SHOWS && value >> BITS == topic;
        row.attributes().find(shown).map_or(0.0, |(_, value)| f64::from(value & MASK) / ONE)
    }

    /// Everything that somebody with these has, and how much, from 0 to 1; see [`Self::has`].
    fn all_of(&self, interests: &[u16], attributes: &[[u16; 2]]) -> impl Iterator<Item = (u16, f64)> {
        let stated = interests.iter().filter_map(|&number| Some((self.topics.of_interest(number)?, 1.0)));
        let is_stated =
            |topic: u16| self.topics.interest(topic).is_some_and(|number| interests.binary_search(&number).is_ok());
        let shown =
            attributes.iter().filter(move |[attribute, value]| *attribute == SHOWS && !is_stated(value >> BITS));
        stated.chain(shown.map(|[_, value]| (value >> BITS, f64::from(value & MASK) / ONE)))
    }

    /// The term, of what is met and of all that is valued.
    #[expect(clippy::cast_possible_truncation, reason = "the term lies between -2 and 2")]
    fn share(&self, sum: f64, all: f64) -> f32 {
        if all == 0.0 { 0.0 } else { (f64::from(self.most) * sum / all.max(1.0)) as f32 }
    }
}

impl Sketcher for Valued {
    fn signal(&self) -> &'static str {
        Self::NAME
    }

    fn sketch(&self, interests: &[u16], attributes: &[[u16; 2]]) -> Sketch {
        let mut sketch = Sketch::default();
        for (topic, _) in self.all_of(interests, attributes) {
            sketch.add_has(topic);
        }
        let all = valued(attributes).map(|(_, value)| value.abs()).sum::<f64>().max(1.0);
        for (topic, value) in valued(attributes).filter(|(_, value)| *value > 0.0) {
            sketch.add_likes(topic, value / all);
        }
        sketch
    }

    #[expect(clippy::cast_possible_truncation, reason = "the term lies between -2 and 2")]
    fn bounds(&self, interests: &[u16], attributes: &[[u16; 2]]) -> Bounds {
        let mut bounds = Bounds::default();
        let most = f64::from(self.most);
        let all = valued(attributes).map(|(_, value)| value.abs()).sum::<f64>().max(1.0);
        for (topic, value) in valued(attributes).filter(|(_, value)| *value > 0.0) {
            bounds.add_likes(topic, (most * value / all) as f32 + ROUNDING);
        }
        for (topic, has) in self.all_of(interests, attributes) {
            bounds.add_has(topic, (most * has) as f32 + ROUNDING);
        }
        bounds
    }
}

/// What somebody with these attributes values: topic and how much, from -1 to 1.
fn valued(attributes: &[[u16; 2]]) -> impl Iterator<Item = (u16, f64)> {
    let of = attributes.iter().filter(|[attribute, _]| *attribute == SEEKS);
    of.map(|[_, value]| (value >> BITS, (f64::from(value & MASK) - f64::from(ZERO)) / ONE))
}

impl<Id: PersonId + Send + Sync> Signal<Id> for Valued {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn logit(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        let wishes: Vec<(u16, f64)> = Self::seeks(viewer).collect();
        if wishes.is_empty() {
            return;
        }
        let all: f64 = wishes.iter().map(|(_, value)| value.abs()).sum();
        let wishes: Vec<(u16, Option<u16>, f64)> =
            wishes.into_iter().map(|(topic, value)| (topic, self.topics.interest(topic), value)).collect();
        for (candidate, out) in candidates.iter().zip(out) {
            // Most have none of it: a bit of a word says so before lists are searched.
            let stated = candidate.interests().iter().fold(0_u64, |bits, number| bits | 1 << (number % 64));
            let shows = candidate.attributes().filter(|(attribute, _)| *attribute == SHOWS);
            let shown = shows.fold(0_u64, |bits, (_, value)| bits | 1 << ((value >> BITS) % 64));
            let may_have = |topic: u16, interest: Option<u16>| {
                shown >> (topic % 64) & 1 == 1 || interest.is_some_and(|number| stated >> (number % 64) & 1 == 1)
            };
            let met = wishes.iter().filter(|(topic, interest, _)| may_have(*topic, *interest));
            let sum = met.fold(0.0, |sum, (topic, _, value)| sum + value * self.has(*candidate, *topic));
            *out = self.share(sum, all);
        }
    }

    fn logit_back(&self, viewer: Row<'_, Id>, candidates: &[Row<'_, Id>], out: &mut [f32]) {
        let attributes: Vec<[u16; 2]> = viewer.attributes().map(|(attribute, value)| [attribute, value]).collect();
        let mut has = vec![0.0; self.topics.codes().len()];
        for (topic, much) in self.all_of(viewer.interests(), &attributes) {
            if let Some(place) = has.get_mut(usize::from(topic)) {
                *place = much;
            }
        }
        for (candidate, out) in candidates.iter().zip(out) {
            let (mut sum, mut all) = (0.0, 0.0);
            for (topic, value) in Self::seeks(*candidate) {
                sum += value * has.get(usize::from(topic)).copied().unwrap_or(0.0);
                all += value.abs();
            }
            *out = self.share(sum, all);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the term lies between -2 and 2")]
    fn bound(&self, viewer: Row<'_, Id>) -> f32 {
        // Everything that they like, and nothing that they do not.
        let (mut likes, mut all) = (0.0, 0.0);
        for (_, value) in Self::seeks(viewer) {
            likes += value.max(0.0);
            all += value.abs();
        }
        if all == 0.0 { 0.0 } else { (f64::from(self.most) * likes / all.max(1.0)) as f32 + ROUNDING }
    }

    fn bound_back(&self, viewer: Row<'_, Id>) -> f32 {
        if !self.is_used.load(Ordering::Acquire) {
            return 0.0;
        }
        let has_something =
            !viewer.interests().is_empty() || viewer.attributes().any(|(attribute, _)| attribute == SHOWS);
        // Whoever has nothing has nothing that anybody could value.
        if has_something { self.most } else { 0.0 }
    }
}

#[cfg(test)]
#[path = "signal_tests.rs"]
mod tests;
