//! Aligned slots: a pair stands at the same place in both lists.
//!
//! Works on [`Pairs`]; `response` polishes what comes out. When both look at the same place the exposures multiply as
//! `v_k²`, so pairs of high worth should share early places: a weighted edge colouring. Invariant: closed pairs are on no
//! list, every open pair is on both.

use super::assignment::Assignment;
use super::order::Sorter;
use super::pairs::{CLOSED, open};
use super::{Lists, Matrix, Pairs, Slates, parallel};

/// No slot yet.
const NONE: u32 = u32::MAX;

/// How slots are filled.
///
/// Greedy slots take the pairs by falling worth and give each the earliest slot that is free on both sides: `O(E log E + E
/// T / 64)`. Exact slots before them are each a maximum-weight assignment of the pairs that are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlignedSlots {
    /// How many of the first slots are exact assignments. 3 is the hybrid of choice; 0 is greedy throughout.
    pub exact: usize,
    /// How many slots are filled greedily; pairs without a slot follow by worth.
    pub greedy: usize,
    /// Threads to use; the result does not depend on them.
    pub threads: usize,
}

impl Default for AlignedSlots {
    fn default() -> Self {
        Self { exact: 3, greedy: 64, threads: 1 }
    }
}

/// The slots of both sides, person × slot, with who has them.
struct Table {
    left: Matrix<u32>,
    right: Matrix<u32>,
}

impl AlignedSlots {
    /// Greedy slots throughout.
    pub fn greedy() -> Self {
        Self { exact: 0, ..Self::default() }
    }

    /// The lists of a market.
    ///
    /// # Panics
    /// If the market has more than 2³² pairs.
    pub fn fill(self, pairs: &Pairs) -> Slates {
        let (lefts, rights) = (pairs.lefts(), pairs.rights());
        let exact = self.exact.min(lefts.min(rights));
        let slots = exact + self.greedy.min(lefts.max(rights));
        let mut table = Table { left: Matrix::filled(lefts, slots, NONE), right: Matrix::filled(rights, slots, NONE) };
        let mut rest = pairs.left().clone();
        table.fill_exactly(&mut rest, exact);
        table.fill_greedily(&rest, exact);
        Slates {
            left: lists(&table.left, pairs.left(), self.threads),
            right: lists(&table.right, pairs.right(), self.threads),
        }
    }
}

impl Table {
    /// Fills slots `0..count` with the best assignments, one after the other, and closes their pairs in `rest`.
    fn fill_exactly(&mut self, rest: &mut Matrix<f32>, count: usize) {
        if count == 0 {
            return;
        }
        let is_tall = rest.rows() > rest.columns();
        let worth = if is_tall { rest.transposed() } else { rest.clone() };
        // Staying alone costs nothing, and neither does a pair that may not be shown: it is dropped afterwards.
        let costs = worth.values().iter().map(|worth| -f64::from(worth.max(0.0))).collect();
        let mut solver = Assignment::new(Matrix::from_rows(worth.rows(), worth.columns(), costs));
        for slot in 0..count {
            let columns = solver.solve().to_vec();
            for (row, column) in columns.into_iter().enumerate() {
                let column = column as usize;
                let (left, right) = if is_tall { (column, row) } else { (row, column) };
                // Above zero, so that the pair never comes again while another is left.
                *solver.cost_mut(row, column) = 1.0;
                if rest.at(left, right) >= 0.0 {
                    self.put(left, right, slot);
                    rest.row_mut(left)[right] = CLOSED;
                }
            }
        }
    }

    /// Fills the slots from `first` on with the pairs of `rest` by falling worth.
    fn fill_greedily(&mut self, rest: &Matrix<f32>, first: usize) {
        let columns = rest.columns();
        assert!(u32::try_from(rest.values().len()).is_ok(), "at most 2^32 pairs");
        let mut left = Free::all(rest.rows(), self.left.columns() - first);
        let mut right = Free::all(columns, self.left.columns() - first);
        for (pair, worth) in Sorter::default().rank(rest.values().iter().copied()) {
            if worth < 0.0 {
                break;
            }
            let (i, j) = (pair / columns, pair % columns);
            if let Some(slot) = left.first_common(i, &right, j) {
                left.take(i, slot);
                right.take(j, slot);
                self.put(i, j, first + slot);
            }
        }
    }

    fn put(&mut self, left: usize, right: usize, slot: usize) {
        self.left.row_mut(left)[slot] = right as u32;
        self.right.row_mut(right)[slot] = left as u32;
    }
}

/// One bit per person and slot: whether it is free.
struct Free {
    bits: Matrix<u64>,
}

impl Free {
    fn all(people: usize, slots: usize) -> Self {
        let mut bits = Matrix::filled(people, slots.div_ceil(64).max(1), u64::MAX);
        for person in 0..people {
            for (word, bits) in bits.row_mut(person).iter_mut().enumerate() {
                let here = slots.saturating_sub(word * 64);
                if here < 64 {
                    *bits = (1 << here) - 1;
                }
            }
        }
        Self { bits }
    }

    fn first_common(&self, person: usize, other: &Self, name: usize) -> Option<usize> {
        let words = self.bits.row(person).iter().zip(other.bits.row(name));
        let mut common = words.map(|(one, other)| one & other).enumerate();
        common.find(|(_, bits)| *bits != 0).map(|(word, bits)| word * 64 + bits.trailing_zeros() as usize)
    }

    fn take(&mut self, person: usize, slot: usize) {
        self.bits.row_mut(person)[slot / 64] &= !(1 << (slot % 64));
    }
}

/// The lists of one side: who has the slots in their order, then the other open pairs by worth.
fn lists(slots: &Matrix<u32>, worth: &Matrix<f32>, threads: usize) -> Lists {
    let mut rows = vec![Vec::new(); slots.rows()];
    parallel::each(&mut rows, threads, Sorter::default, |sorter, person, list: &mut Vec<u32>| {
        let mut rest = worth.row(person).to_vec();
        list.reserve(open(&rest));
        for name in slots.row(person).iter().filter(|name| **name != NONE) {
            list.push(*name);
            rest[*name as usize] = CLOSED;
        }
        let others = sorter.rank(rest.iter().copied()).take_while(|(_, worth)| *worth >= 0.0);
        list.extend(others.map(|(name, _)| name as u32));
    });
    Lists::gathered(rows)
}

#[cfg(test)]
mod tests {
    use super::super::random::SplitMix;
    use super::*;

    fn market(lefts: usize, rights: usize, closed: f64) -> Pairs {
        let mut random = SplitMix::of(&[5]);
        Pairs::worth(&Matrix::from_fn(lefts, rights, |_, _| {
            let worth = random.uniform();
            if random.uniform() < closed { -1.0 } else { worth }
        }))
    }

    #[test]
    fn a_market_worked_out_by_hand() {
        // Greedy takes 0.9 first and pays with 0.1 beside it; the assignment takes 0.8 + 0.7.
        let pairs = Pairs::worth(&Matrix::from_rows(2, 2, vec![0.9, 0.8, 0.7, 0.1]));
        let greedy = AlignedSlots::greedy().fill(&pairs);
        assert_eq!((greedy.left.row(0), greedy.left.row(1)), (&[0, 1][..], &[1, 0][..]));
        let exact = AlignedSlots::default().fill(&pairs);
        assert_eq!((exact.left.row(0), exact.right.row(0)), (&[1, 0][..], &[1, 0][..]));
    }

    #[test]
    fn every_open_pair_is_on_both_lists_and_no_closed_one() {
        for (lefts, rights, closed) in [(9, 14, 0.0), (14, 9, 0.3), (80, 70, 0.1), (3, 3, 1.0)] {
            let pairs = market(lefts, rights, closed);
            for slots in
                [AlignedSlots::greedy(), AlignedSlots::default(), AlignedSlots { exact: 9, greedy: 0, threads: 3 }]
            {
                let slates = slots.fill(&pairs);
                for (lists, worth) in [(&slates.left, pairs.left()), (&slates.right, pairs.right())] {
                    for person in 0..worth.rows() {
                        let mut names = lists.row(person).to_vec();
                        names.sort_unstable();
                        let all = (0_u32..).zip(worth.row(person)).filter(|(_, worth)| **worth >= 0.0);
                        assert_eq!(names, all.map(|(name, _)| name).collect::<Vec<_>>());
                    }
                }
                assert_eq!(AlignedSlots { threads: 5, ..slots }.fill(&pairs), slates);
            }
        }
    }

    #[test]
    fn full_slots_stand_at_the_same_place_in_both_lists() {
        let pairs = market(30, 30, 0.0);
        let slates = AlignedSlots { exact: 30, greedy: 0, threads: 1 }.fill(&pairs);
        for person in 0..30 {
            for (slot, name) in slates.left.row(person).iter().enumerate() {
                assert_eq!(slates.right.row(*name as usize)[slot], person as u32);
            }
        }
    }
}
