//! The relaxed matching by auction: everybody bids for partners, and for staying alone.
//!
//! Called by the parent. Every person is a bidder and, once more, an object with `cap` places. An edge is two arcs of its
//! weight, one per bidder, and an arc of weight 0 from each person to themselves stands for staying alone, so that a
//! perfect assignment always exists and prices of earlier rounds may be kept. An arc is half an edge: the optimum
//! assignment is the optimum of the matching with half-integral edges. Bids raise a price by the margin over the second
//! best plus ε, and ε shrinks from round to round; integers, so that it ends. Source: Bertsekas, "The auction algorithm",
//! 1988; Bertsekas & Castañon, "The auction algorithm for the transportation problem", 1989 (objects with several places).

use std::collections::VecDeque;

use super::super::csr::Graph;
use super::PairingSettings;

/// A weight of 1 in the auction's integers.
const ONE: f64 = (1_u64 << 40) as f64;
/// ε starts at the largest weight divided by this and shrinks by it.
const SHRINK: i64 = 6;
const NOBODY: u32 = u32::MAX;
/// An assignment to oneself.
const ALONE: u32 = u32::MAX;

/// The optimum of the relaxation.
#[derive(Debug)]
pub(super) struct Relaxed {
    /// By half: whether its person holds it. Both halves of an edge: the edge is taken; one of them: half of it.
    pub(super) half: Vec<bool>,
    /// By person: their part of a sum that no matching weighs more than, in the whole graph and in every component.
    pub(super) dual: Vec<f64>,
}

/// One place of an object.
#[derive(Clone, Copy)]
struct Place {
    price: i64,
    holder: u32,
    /// The half by which it is held, or [`ALONE`].
    half: u32,
}

struct Auction<'a> {
    graph: &'a Graph,
    cap: usize,
    weight: Vec<i64>,
    /// By object: the lowest price of its places.
    price: Vec<i64>,
    places: Vec<Place>,
    held: Vec<bool>,
}

impl Relaxed {
    pub(super) fn new(graph: &Graph, weights: &[f32], settings: PairingSettings) -> Self {
        let weight: Vec<i64> =
            graph.halves().iter().map(|half| (f64::from(weights[half.edge as usize]) * ONE).round() as i64).collect();
        let units = (graph.people() * settings.cap).max(1) as f64;
        let last = ((ONE * settings.tolerance / units) as i64).max(1);
        let mut epsilon = weight.iter().copied().max().unwrap_or(0) / SHRINK;
        let nobody = Place { price: 0, holder: NOBODY, half: ALONE };
        let mut auction = Auction {
            graph,
            cap: settings.cap,
            held: vec![false; weight.len()],
            weight,
            price: vec![0; graph.people()],
            places: vec![nobody; graph.people() * settings.cap],
        };
        loop {
            epsilon = epsilon.max(last);
            auction.round(epsilon);
            if epsilon == last {
                break;
            }
            epsilon /= SHRINK;
        }
        Self { dual: auction.dual(), half: auction.held }
    }
}

impl Auction<'_> {
    /// Sells everything anew at the prices reached so far.
    fn round(&mut self, epsilon: i64) {
        self.held.fill(false);
        for (object, places) in self.places.chunks_exact_mut(self.cap).enumerate() {
            places.fill(Place { price: self.price[object], holder: NOBODY, half: ALONE });
        }
        let mut open: VecDeque<u32> = VecDeque::with_capacity(self.places.len());
        for person in 0..self.graph.people() as u32 {
            // Who has no edge is alone without bidding.
            if !self.graph.of(person).is_empty() {
                open.extend(std::iter::repeat_n(person, self.cap));
            }
        }
        while let Some(bidder) = open.pop_front() {
            open.extend(self.bid(bidder, epsilon));
        }
    }

    /// One unit of a bidder takes the place that is worth most to it; hands back who is put out.
    fn bid(&mut self, bidder: u32, epsilon: i64) -> Option<u32> {
        let range = self.graph.range(bidder);
        let (mut best, mut second) = (-self.price[bidder as usize], i64::MIN);
        let mut choice = ALONE;
        let mut object = bidder;
        let check_held = self.cap > 1;
        let halves = &self.graph.halves()[range.clone()];
        for ((half, &weight), place) in halves.iter().zip(&self.weight[range.clone()]).zip(range.start as u32..) {
            let value = weight - self.price[half.other as usize];
            if value > second && weight > 0 && !(check_held && self.held[place as usize]) {
                if value > best {
                    second = best;
                    (best, choice, object) = (value, place, half.other);
                } else {
                    second = value;
                }
            }
        }
        let margin = if second == i64::MIN { 0 } else { best - second };
        let bid = self.price[object as usize] + margin + epsilon;
        let first = object as usize * self.cap;
        let places = &mut self.places[first..first + self.cap];
        let mut lowest = 0;
        for index in 1..places.len() {
            if places[index].price < places[lowest].price {
                lowest = index;
            }
        }
        let out = std::mem::replace(&mut places[lowest], Place { price: bid, holder: bidder, half: choice });
        self.price[object as usize] = places.iter().map(|place| place.price).min().unwrap_or(bid);
        if choice != ALONE {
            self.held[choice as usize] = true;
        }
        if out.half != ALONE {
            self.held[out.half as usize] = false;
        }
        (out.holder != NOBODY).then_some(out.holder)
    }

    /// `½ (best cap values of a bidder + cap times its price)`: at any prices the sum is at least the weight of every matching.
    fn dual(&self) -> Vec<f64> {
        // Weights were rounded to the nearest integer.
        let rounding = 0.5 * self.cap as f64 / ONE;
        let mut values = Vec::new();
        let mut dual = |person: u32| {
            let range = self.graph.range(person);
            if range.is_empty() {
                return 0.0;
            }
            values.clear();
            // Edges of no weight were not sold, and no matching needs them.
            let halves = self.graph.of(person).iter().zip(&self.weight[range]).filter(|(_, weight)| **weight > 0);
            values.extend(halves.map(|(half, weight)| weight - self.price[half.other as usize]));
            values.extend(std::iter::repeat_n(-self.price[person as usize], self.cap));
            values.sort_unstable_by(|x, y| y.cmp(x));
            let profit: i64 = values[..self.cap].iter().sum();
            let twice = profit as f64 + self.cap as f64 * self.price[person as usize] as f64;
            twice / (2.0 * ONE) + rounding
        };
        (0..self.graph.people() as u32).map(&mut dual).collect()
    }
}
