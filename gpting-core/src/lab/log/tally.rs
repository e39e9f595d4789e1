//! A log on its way: counts per viewer, person, place and prediction, and nothing else.
//!
//! Made of showings, viewer by viewer; read by [`report`](super::report).

use rustc_hash::FxHashMap;

use super::answer::{Answer, ndcg};

/// Bins of the reliability table.
pub const BINS: usize = 10;

/// One showing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Showing {
    /// Who was shown.
    pub candidate: u64,
    /// The day, by any count; showings of one day are one list.
    pub day: i64,
    /// The place on the list, from 1.
    pub position: u32,
    /// Which ranker; a place in the names of [`Settings`].
    pub ranker: usize,
    /// Whether the place follows from a score, and not from a pick of the day or exploration.
    pub is_ranked: bool,
    /// The predicted chance of a like, in `[0, 1]`.
    pub there: f64,
    /// What came of it.
    pub answer: Answer,
}

/// What is compared with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The names of the rankers.
    pub rankers: Vec<&'static str>,
    /// The one that others are compared with; a place in the names.
    pub base: usize,
    /// How far down a list is looked at.
    pub k: usize,
    /// Rounds of the bootstrap.
    pub rounds: usize,
    /// What they are drawn from.
    pub seed: u64,
}

/// A way to cut people into groups, and which of them somebody is in.
pub type Membership = (&'static str, &'static str);

/// Counts of a viewer under one ranker.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) showings: u32,
    pub(super) decided: u32,
    pub(super) likes: u32,
    pub(super) matches: u32,
    pub(super) replies: u32,
    pub(super) conversations: u32,
    /// Lists with a like, and the sum of their gains.
    pub(super) lists: u32,
    pub(super) ndcg: f64,
}

/// Counts of a person as somebody who is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Person {
    pub(super) groups: Vec<Membership>,
    pub(super) shown: u32,
    pub(super) liked: u32,
}

/// Counts of decisions whose prediction lay in one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Calibration {
    pub(super) count: u64,
    pub(super) liked: u64,
    pub(super) predicted: f64,
}

/// A log on its way.
#[derive(Debug, Clone)]
pub struct Log {
    pub(super) settings: Settings,
    pub(super) people: FxHashMap<u64, Person>,
    /// Viewer by viewer, with the ranker.
    pub(super) viewers: Vec<Vec<(usize, Sums)>>,
    /// By ranker and place: showings and likes.
    pub(super) places: Vec<Vec<[u64; 2]>>,
    pub(super) bins: [Calibration; BINS],
}

impl Log {
    /// A log without showings.
    ///
    /// # Panics
    /// When the base is none of the rankers, or `k` is 0.
    pub fn new(settings: Settings) -> Self {
        assert!(settings.base < settings.rankers.len(), "the base is one of the rankers");
        assert!(settings.k > 0, "a list has places");
        let places = vec![vec![[0; 2]; settings.k]; settings.rankers.len()];
        Self { settings, people: FxHashMap::default(), viewers: Vec::new(), places, bins: Default::default() }
    }

    /// Says of a person which groups they are in. Whoever is not named is in none.
    pub fn person(&mut self, id: u64, groups: Vec<Membership>) {
        self.people.entry(id).or_default().groups = groups;
    }

    /// Takes in everything that one viewer was shown. `O(n log n)`.
    ///
    /// # Panics
    /// When a ranker is none of the settings'.
    pub fn viewer(&mut self, showings: &[Showing]) {
        let mut sums: Vec<(usize, Sums)> = Vec::new();
        for showing in showings {
            self.count(showing);
            let at = sums.iter().position(|(ranker, _)| *ranker == showing.ranker);
            let at = at.unwrap_or_else(|| {
                sums.push((showing.ranker, Sums::default()));
                sums.len() - 1
            });
            sums[at].1.add(showing.answer);
        }
        let mut sorted: Vec<&Showing> = showings.iter().collect();
        sorted.sort_by_key(|showing| (showing.ranker, showing.day, showing.position, showing.candidate));
        for list in sorted.chunk_by(|a, b| (a.ranker, a.day) == (b.ranker, b.day)) {
            let placed: Vec<(u32, Answer)> = list.iter().map(|showing| (showing.position, showing.answer)).collect();
            if let Some(gain) = ndcg(&placed, self.settings.k)
                && let Some((_, of)) = sums.iter_mut().find(|(ranker, _)| *ranker == list[0].ranker)
            {
                of.lists += 1;
                of.ndcg += gain;
            }
        }
        if !sums.is_empty() {
            self.viewers.push(sums);
        }
    }

    /// What does not depend on the viewer.
    fn count(&mut self, showing: &Showing) {
        let is_like = showing.answer >= Answer::Like;
        let person = self.people.entry(showing.candidate).or_default();
        person.shown += 1;
        person.liked += u32::from(is_like);
        let place = (showing.position as usize).checked_sub(1).filter(|_| showing.is_ranked);
        if let Some(counts) = place.and_then(|place| self.places[showing.ranker].get_mut(place)) {
            counts[0] += 1;
            counts[1] += u64::from(is_like);
        }
        if showing.answer != Answer::None {
            let chance = showing.there.clamp(0.0, 1.0);
            let bin = &mut self.bins[((chance * BINS as f64) as usize).min(BINS - 1)];
            bin.count += 1;
            bin.liked += u64::from(is_like);
            bin.predicted += chance;
        }
    }
}

impl Sums {
    fn add(&mut self, answer: Answer) {
        self.showings += 1;
        self.decided += u32::from(answer != Answer::None);
        self.likes += u32::from(answer >= Answer::Like);
        self.matches += u32::from(answer >= Answer::Match);
        self.replies += u32::from(answer >= Answer::Reply);
        self.conversations += u32::from(answer == Answer::Conversation);
    }
}
