//! What is believed of everybody in one of two roles: the bias and the factors of each, one row per person.
//!
//! Owned by `factors` once per role; rows are made at the first decision, in its order, and start from a hash of the id,
//! so what a person starts with does not depend on who came before. Row layout: bias, then factors; f32, since a belief is
//! never sharper than that.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::matching::PersonId;
use crate::matching::learn::draw::Draws;

/// The standard deviation of the factors a person starts with: enough to tell the axes apart, too little to matter.
const START: f64 = 0.1;

/// How a new row begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Start {
    pub(super) factors: usize,
    pub(super) seed: u64,
    pub(super) bias_variance: f32,
    pub(super) factor_variance: f32,
}

#[derive(Debug, Clone)]
pub(super) struct Side<Id> {
    index: FxHashMap<Id, u32>,
    ids: Vec<Id>,
    stride: usize,
    mean: Vec<f32>,
    variance: Vec<f32>,
}

impl<Id: PersonId> Side<Id> {
    pub(super) fn new(factors: usize) -> Self {
        Self {
            index: FxHashMap::default(),
            ids: Vec::new(),
            stride: 1 + factors,
            mean: Vec::new(),
            variance: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn ids(&self) -> &[Id] {
        &self.ids
    }

    pub(super) fn find(&self, id: Id) -> Option<usize> {
        self.index.get(&id).map(|&row| row as usize)
    }

    /// The row of a person, made when there is none.
    pub(super) fn row(&mut self, id: Id, start: Start, role: impl Hash + Copy) -> usize {
        if let Some(row) = self.find(id) {
            return row;
        }
        let mut draws = Draws::new(start.seed, (role, id));
        self.mean.push(0.0);
        self.mean.extend((0..start.factors).map(|_| (START * draws.normal()) as f32));
        self.variance.push(start.bias_variance);
        self.variance.extend((0..start.factors).map(|_| start.factor_variance));
        self.ids.push(id);
        let row = self.ids.len() - 1;
        self.index.insert(id, row as u32);
        row
    }

    /// Means and variances of a row.
    #[inline]
    pub(super) fn of(&self, row: usize) -> (&[f32], &[f32]) {
        let range = row * self.stride..(row + 1) * self.stride;
        (&self.mean[range.clone()], &self.variance[range])
    }

    #[inline]
    pub(super) fn of_mut(&mut self, row: usize) -> (&mut [f32], &mut [f32]) {
        let range = row * self.stride..(row + 1) * self.stride;
        (&mut self.mean[range.clone()], &mut self.variance[range])
    }
}
