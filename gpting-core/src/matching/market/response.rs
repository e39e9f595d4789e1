//! Best response: everybody ranks by what they get, given how the others rank.
//!
//! Takes the lists of any other method and makes them worth more, on the [`Pairs`] they were made for. Expected matches
//! are bilinear in the two sides' exposures, so one side's best lists for fixed lists of the other come from a sort
//! (rearrangement inequality), and in turns matches never fall. Invariant: what comes out is lists, not mixtures.

use super::order::Sorter;
use super::pairs::{CLOSED, open};
use super::{Lists, Matrix, Pairs, Reading, Slates, parallel};

/// When the turns end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// The most turns of both sides. 30: few markets need them.
    pub rounds: usize,
    /// Ends when a turn of both sides wins less than this share. `1e-5`, after which hardly anything moves but the ends of
    /// lists.
    pub tolerance: f64,
    /// Threads to use; the result does not depend on them.
    pub threads: usize,
}

impl Default for Response {
    fn default() -> Self {
        Self { rounds: 30, tolerance: 1e-5, threads: 1 }
    }
}

/// One side as the turns see it.
struct Lister<'a> {
    /// What each pair is worth, this side × the other.
    worth: &'a Matrix<f32>,
    weights: Vec<f32>,
    /// Everybody in the order of the last turn, closed pairs at the end.
    names: Matrix<u32>,
    exposures: Matrix<f32>,
}

impl Response {
    /// Answers `slates` in turns, the left first; closed pairs are on no list of the result.
    ///
    /// `O(n m)` a turn. The expected matches of the result are at least those of `slates` without their closed pairs, but
    /// for the rounding of single precision.
    ///
    /// # Panics
    /// If the slates are of another market.
    pub fn answer(self, pairs: &Pairs, slates: &Slates, reading: Reading) -> Slates {
        assert_eq!((slates.left.len(), slates.right.len()), (pairs.lefts(), pairs.rights()), "slates of this market");
        let mut left = Lister::new(pairs.left(), &slates.left, reading);
        let mut right = Lister::new(pairs.right(), &slates.right, reading);
        let mut before = 0.0;
        for _ in 0..self.rounds {
            left.answer(&right.exposures.transposed(), self.threads);
            let matches = right.answer(&left.exposures.transposed(), self.threads);
            if matches - before <= self.tolerance * matches {
                break;
            }
            before = matches;
        }
        Slates { left: left.lists(), right: right.lists() }
    }
}

impl<'a> Lister<'a> {
    fn new(worth: &'a Matrix<f32>, lists: &Lists, reading: Reading) -> Self {
        let weights: Vec<f32> = reading.weights(worth.columns()).iter().map(|weight| *weight as f32).collect();
        let mut exposures = Matrix::filled(worth.rows(), worth.columns(), 0.0);
        let mut names = Matrix::filled(worth.rows(), worth.columns(), 0);
        for person in 0..worth.rows() {
            let list = lists.row(person).iter().filter(|name| worth.at(person, **name as usize) >= 0.0);
            for (name, weight) in list.zip(&weights) {
                exposures.row_mut(person)[*name as usize] = *weight;
            }
            let mut is_listed = vec![false; worth.columns()];
            lists.row(person).iter().for_each(|name| is_listed[*name as usize] = true);
            let others = (0..).take(worth.columns()).filter(|name| !is_listed[*name as usize]);
            let all = lists.row(person).iter().copied().chain(others);
            for (place, name) in names.row_mut(person).iter_mut().zip(all) {
                *place = name;
            }
        }
        Self { worth, weights, names, exposures }
    }

    /// Ranks everybody by worth times `facing`, how much the other side looks back; the expected matches.
    fn answer(&mut self, facing: &Matrix<f32>, threads: usize) -> f64 {
        let width = self.worth.columns();
        let mut utilities = vec![0.0; self.worth.rows()];
        let lists = self.names.values_mut().chunks_mut(width).zip(self.exposures.values_mut().chunks_mut(width));
        let memory = || (Sorter::default(), vec![0.0; width]);
        parallel::each(
            lists.zip(&mut utilities),
            threads,
            memory,
            |(sorter, scores), person, ((names, looks), utility)| {
                score(scores, self.worth.row(person), facing.row(person));
                looks.fill(0.0);
                for ((name, score), weight) in sorter.rank_again(names, scores).zip(&self.weights) {
                    if score < 0.0 {
                        break;
                    }
                    looks[name] = *weight;
                    *utility += f64::from(score * weight);
                }
            },
        );
        utilities.iter().sum()
    }

    fn lists(&self) -> Lists {
        Lists::gathered((0..self.worth.rows()).map(|person| &self.names.row(person)[..open(self.worth.row(person))]))
    }
}

/// The worth of every name times how much it looks back.
fn score(scores: &mut [f32], worth: &[f32], facing: &[f32]) {
    for ((score, worth), facing) in scores.iter_mut().zip(worth).zip(facing) {
        *score = if *worth < 0.0 { CLOSED } else { worth * facing };
    }
}
