//! One leaf of the index, seen by one viewer: who passes the tests, and who of them can reach the floor.
//!
//! Written once, compiled per level. A filter, then three rounds, each on the rows that the one before kept and each asking
//! for the memory that the next one reads, so that several leaves can be under way at once: what the viewer seeks against
//! the upper four bits of what they are; the other direction; both with all eight bits. A round drops a row when the fused
//! score of its bounds is below the floor, so a row whose first side is hopeless never costs a look at its second.
//! Any fusion that is monotone in both sides has such a bound.

use super::lanes::{GROUP, Lanes};
use super::memory::check;
use super::wanted::Wanted;
use crate::matching::candidate::Candidate;
use crate::matching::fusion::{Fusion, Link};
use crate::matching::index::columns::{BLOCK, HAS_INTERESTS, LEAF};
use crate::matching::index::leaf::Leaf;
use crate::matching::index::quantise::Probe;
use crate::matching::place::EARTH_RADIUS_KM;
use crate::matching::retrieval::ask::{Ask, SLACK};

/// What a kept fused score may be short of the floor: the rounding of the quick exponential, and of chances near 1.
pub(super) const ALMOST: f32 = 1.0 + 3e-5;
/// Half a step on each of three axes, and what is left of it after rounding.
const HALF_STEPS: f32 = 0.9;

/// Lines that are asked for beside one block of the filter, and beside one group of a round.
const FEW: usize = 4;
const MANY: usize = 32;

/// 0 to 15.
const NUMBERS: [u32; GROUP] = {
    let mut numbers = [0; GROUP];
    let mut at = 0;
    while at < GROUP {
        numbers[at] = at as u32;
        at += 1;
    }
    numbers
};

/// The filter reads one block of columns at once.
const _: () = assert!(BLOCK == GROUP);

/// Room for one leaf on its way through the rounds. Columns are used again as soon as what was in them has been read.
#[derive(Debug, Clone)]
pub(in crate::matching) struct Pad {
    /// Steps that a distance may be wrong by, and kilometres of a step.
    slack: f32,
    step_km: f32,
    /// Rows that are left.
    len: usize,
    rows: [u32; LEAF + GROUP],
    /// The column of biases, then the bound of "viewer likes candidate" without content.
    there: [u32; LEAF + GROUP],
    /// The column of facts, then the bound of the other direction without content.
    back: [u32; LEAF + GROUP],
    /// Squared distances in steps, then the bound of the first side with content, then the product of the second side.
    second: [u32; LEAF + GROUP],
    /// Scale and error of the first side, then its product.
    first: [u32; LEAF + GROUP],
    /// Scale and error of the second side.
    seeks: [u32; LEAF + GROUP],
}

impl Pad {
    pub(in crate::matching) fn new() -> Self {
        const EMPTY: [u32; LEAF + GROUP] = [0; LEAF + GROUP];
        Self {
            slack: 0.0,
            step_km: 0.0,
            len: 0,
            rows: EMPTY,
            there: EMPTY,
            back: EMPTY,
            second: EMPTY,
            first: EMPTY,
            seeks: EMPTY,
        }
    }

    /// How many rows are left.
    pub(in crate::matching) fn len(&self) -> usize {
        self.len
    }

    /// Fills the last group up with repetitions; somebody is left.
    #[inline(always)]
    fn fill_up(&mut self) {
        let len = self.len.min(LEAF);
        let last = self.rows[len.saturating_sub(1)];
        self.rows[len..len + GROUP].fill(last);
    }
}

/// 16 numbers of a longer array.
#[inline(always)]
fn group<T>(all: &[T], from: usize) -> &[T; GROUP] {
    all[from..].first_chunk().expect("room behind the last row")
}

#[inline(always)]
fn group_mut<T>(all: &mut [T], from: usize) -> &mut [T; GROUP] {
    all[from..].first_chunk_mut().expect("room behind the last row")
}

/// The bits of the rows of a group that are not repetitions.
#[inline(always)]
fn group_mask(left: usize) -> u32 {
    if left < GROUP { (1 << left) - 1 } else { 0xffff }
}

/// Writes into the pad which rows of a leaf pass every test that columns can make, and asks for their coordinates.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn filter<L: Lanes>(leaf: &Leaf, placed: bool, ask: &Ask, pad: &mut Pad, wanted: &mut Wanted) {
    let columns = &leaf.columns;
    let near = placed && ask.placed;
    let steps = 1.0 / f64::from(leaf.frame.step);
    let mut here = [0.0_f32; 3];
    for axis in 0..3 {
        here[axis] = ((ask.point[axis] - f64::from(leaf.frame.centre[axis])) * steps) as f32;
    }
    let slack = if near { HALF_STEPS + 1e-6 * (here[0].abs() + here[1].abs() + here[2].abs()) } else { 0.0 };
    (pad.slack, pad.step_km) = (slack, if near { leaf.frame.step * EARTH_RADIUS_KM as f32 } else { 1.0 });
    let steps = steps as f32;
    let mut len = 0;
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let here = [L::splat(here[0]), L::splat(here[1]), L::splat(here[2])];
        let (slack, mine) = (L::splat(slack), L::splat(ask.limit * steps + slack));
        let (steps, infinite) = (L::splat(steps), L::splat(f32::INFINITY));
        let low_half = L::splat_i(0xffff);
        let (first, last) = (L::splat_i(ask.births.0.into()), L::splat_i(ask.births.1.into()));
        let age = L::splat_i(ask.age.into());
        let tested = L::splat_i(u32::from(ask.must | ask.never) << 16);
        let must = L::splat_i(u32::from(ask.must) << 16);
        let numbers = L::load_i(&NUMBERS);
        for (block, from) in columns.blocks.iter().zip((0..columns.len).step_by(GROUP)) {
            wanted.serve(FEW);
            let theirs = L::cast(L::shl::<16>(L::load_u16(&block.limit)));
            let (square, within) = if near {
                let x = L::sub(here[0], L::load_i16(&block.place[0]));
                let y = L::sub(here[1], L::load_i16(&block.place[1]));
                let z = L::sub(here[2], L::load_i16(&block.place[2]));
                let square = L::add(L::add(L::mul(x, x), L::mul(y, y)), L::mul(z, z));
                let limit = L::min(L::add(L::mul(theirs, steps), slack), mine);
                (square, L::ge(L::mul(limit, limit), square))
            } else {
                // Only people without any limit meet somebody whose place is not known.
                (infinite, L::ge(theirs, infinite))
            };
            let facts = L::load_i(&block.facts);
            let birth = L::and(facts, low_half);
            let mask = within
                & L::ge_i(birth, first)
                & L::ge_i(last, birth)
                & L::ge_i(L::shr::<24>(facts), age)
                & L::ge_i(age, L::load_u8(&block.age_min))
                & L::eq_i(L::and(facts, tested), must)
                & group_mask(columns.len - from);
            if mask != 0 {
                let at = len.min(LEAF);
                L::press(mask, L::add_i(numbers, L::splat_i(from as u32)), group_mut(&mut pad.rows, at));
                L::press(mask, L::load_i(&block.bias), group_mut(&mut pad.there, at));
                L::press(mask, facts, group_mut(&mut pad.back, at));
                L::press(mask, L::cast_f(square), group_mut(&mut pad.second, at));
                if ask.stride > 0 {
                    L::press(mask, L::load_i(&block.is), group_mut(&mut pad.first, at));
                    L::press(mask, L::load_i(&block.seeks), group_mut(&mut pad.seeks, at));
                }
                len += mask.count_ones() as usize;
            }
        }
    }
    pad.len = len;
    if ask.stride > 0 {
        wanted.rows(leaf.planes.is_upper.rows(), ask.stride, &pad.rows[..len]);
    }
}

/// The first round: keeps the rows whose first side, from its upper four bits, leaves them a chance. Asks for the second.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn first<L: Lanes>(leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, wanted: &mut Wanted) {
    let (len, stride) = (pad.len, ask.stride);
    // A viewer without content reads no planes, whatever the leaf has.
    if stride > 0 {
        check(leaf, stride);
    }
    pad.fill_up();
    let mut kept = 0;
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let floor = L::splat(floor / ALMOST);
        let second_side = L::splat(ask.is.length * leaf.longest[1]);
        for from in (0..len).step_by(GROUP) {
            wanted.serve(MANY);
            let rows = L::load_i(group(&pad.rows, from));
            let (there, back) = bases::<L>(ask, pad, from);
            let (mut most_there, mut most_back, mut products) = (there, back, L::splat_i(0));
            if stride > 0 {
                products = L::products(leaf.planes.is_upper.rows(), stride, group(&pad.rows, from), &ask.seeks.steps);
                let quantised = L::load_i(group(&pad.first, from));
                most_there = L::add(there, upper_bits::<L>(quantised, products, &ask.seeks, leaf.longest[0]));
                most_back = L::add(back, second_side);
            }
            let mask = reach::<L>(ask, most_there, most_back, floor) & group_mask(len - from);
            // What is kept never lies behind what was read.
            L::press(mask, rows, group_mut(&mut pad.rows, kept));
            L::press(mask, L::cast_f(there), group_mut(&mut pad.there, kept));
            L::press(mask, L::cast_f(back), group_mut(&mut pad.back, kept));
            if stride > 0 {
                let seeks = L::load_i(group(&pad.seeks, from));
                L::press(mask, seeks, group_mut(&mut pad.seeks, kept));
                L::press(mask, L::cast_f(most_there), group_mut(&mut pad.second, kept));
                L::press(mask, products, group_mut(&mut pad.first, kept));
            }
            kept += mask.count_ones() as usize;
        }
    }
    pad.len = kept;
    if stride > 0 {
        wanted.rows(leaf.planes.seeks_upper.rows(), stride, &pad.rows[..kept]);
    }
}

/// The second round: the other side, from its upper four bits. Asks for the lower bits of both.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn second<L: Lanes>(leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, wanted: &mut Wanted) {
    let (len, stride) = (pad.len, ask.stride);
    if stride == 0 {
        return;
    }
    check(leaf, stride);
    pad.fill_up();
    let mut kept = 0;
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let floor = L::splat(floor / ALMOST);
        for from in (0..len).step_by(GROUP) {
            wanted.serve(MANY);
            let rows = L::load_i(group(&pad.rows, from));
            let products = L::products(leaf.planes.seeks_upper.rows(), stride, group(&pad.rows, from), &ask.is.steps);
            let quantised = L::load_i(group(&pad.seeks, from));
            let (there, back) = (L::load_i(group(&pad.there, from)), L::load_i(group(&pad.back, from)));
            let most_there = L::cast(L::load_i(group(&pad.second, from)));
            let first_products = L::load_i(group(&pad.first, from));
            let most_back = L::add(L::cast(back), upper_bits::<L>(quantised, products, &ask.is, leaf.longest[1]));
            let mask = reach::<L>(ask, most_there, most_back, floor) & group_mask(len - from);
            L::press(mask, rows, group_mut(&mut pad.rows, kept));
            L::press(mask, there, group_mut(&mut pad.there, kept));
            L::press(mask, back, group_mut(&mut pad.back, kept));
            L::press(mask, first_products, group_mut(&mut pad.first, kept));
            L::press(mask, products, group_mut(&mut pad.second, kept));
            kept += mask.count_ones() as usize;
        }
    }
    pad.len = kept;
    wanted.rows(leaf.planes.is_lower.rows(), stride, &pad.rows[..kept]);
    wanted.rows(leaf.planes.seeks_lower.rows(), stride, &pad.rows[..kept]);
    for &row in &pad.rows[..kept] {
        wanted.push(&leaf.columns.row[row as usize % LEAF]);
    }
}

/// The third round: both sides from all eight bits. Whoever is left becomes a candidate.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn third<L: Lanes>(leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, out: &mut Vec<Candidate>) {
    let stride = ask.stride;
    let (planes, columns) = (&*leaf.planes, &leaf.columns);
    if stride == 0 {
        let row_of = |&row: &u32| columns.row[row as usize % LEAF];
        let rows = pad.rows[..pad.len].iter().map(row_of);
        out.extend(rows.map(|row| Candidate { row, there: (0.0, 0.0), back: (0.0, 0.0) }));
        return;
    }
    check(leaf, stride);
    if pad.len > 0 {
        pad.fill_up();
    }
    for from in (0..pad.len).step_by(GROUP) {
        let (mut ends, mut mask) = ([[0.0; GROUP]; 4], 0);
        // SAFETY: the caller vouches for the instructions.
        unsafe {
            let rows = group(&pad.rows, from);
            let is = L::products(planes.is_lower.rows(), stride, rows, &ask.seeks.steps);
            let is = L::add_i(is, L::shl::<4>(L::load_i(group(&pad.first, from))));
            let seeks = L::products(planes.seeks_lower.rows(), stride, rows, &ask.is.steps);
            let seeks = L::add_i(seeks, L::shl::<4>(L::load_i(group(&pad.second, from))));
            let mut quantised = [[0; GROUP]; 2];
            for i in 0..GROUP {
                let row = pad.rows[from + i] as usize % LEAF;
                let (block, row) = (&columns.blocks[row / BLOCK], row % BLOCK);
                (quantised[0][i], quantised[1][i]) = (block.is[row], block.seeks[row]);
            }
            let there = all_bits::<L>(L::load_i(&quantised[0]), is, &ask.seeks, ask.root_dims, leaf.longest[0]);
            let back = all_bits::<L>(L::load_i(&quantised[1]), seeks, &ask.is, ask.root_dims, leaf.longest[1]);
            let most_there = L::add(L::cast(L::load_i(group(&pad.there, from))), there.1);
            let most_back = L::add(L::cast(L::load_i(group(&pad.back, from))), back.1);
            mask |= reach::<L>(ask, most_there, most_back, L::splat(floor / ALMOST)) & group_mask(pad.len - from);
            for (end, out) in [there.0, there.1, back.0, back.1].into_iter().zip(&mut ends) {
                L::store(end, out);
            }
        }
        while mask != 0 {
            let i = mask.trailing_zeros() as usize % GROUP;
            let row = columns.row[pad.rows[from + i] as usize % LEAF];
            out.push(Candidate { row, there: (ends[0][i], ends[1][i]), back: (ends[2][i], ends[3][i]) });
            mask &= mask - 1;
        }
    }
}

/// The bounds of both logits without content.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn bases<L: Lanes>(ask: &Ask, pad: &Pad, from: usize) -> (L::F, L::F) {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let bias = L::load_i(group(&pad.there, from));
        let facts = L::load_i(group(&pad.back, from));
        let square = L::cast(L::load_i(group(&pad.second, from)));
        let away = L::max(L::sub(L::sqrt(square), L::splat(pad.slack)), L::splat(0.0));
        let km = L::mul(away, L::splat(pad.step_km));
        let near = L::div(L::splat(ask.near * ask.near_km), L::add(L::splat(ask.near_km), km));
        let born = L::to_f(L::and(facts, L::splat_i(0xffff)));
        let days = L::abs(L::sub(born, L::splat(f32::from(ask.birth))));
        let age = L::div(L::splat(ask.age_weight * ask.age_days), L::add(L::splat(ask.age_days), days));
        // The flag is bit 18 of the word: 1 or 0 after shifting.
        let has = L::and(L::shr::<16>(facts), L::splat_i(HAS_INTERESTS.into()));
        let interests = L::mul(L::to_f(has), L::splat(ask.interests / f32::from(HAS_INTERESTS)));
        let both = L::add(L::add(near, age), interests);
        // Not by a closure: it would be compiled without the instructions of `L`.
        let (own_near, own_age) = (L::splat(ask.own[0]), L::splat(ask.own[1]));
        let own_interests = L::splat(ask.own[2]);
        let mine = L::add(L::mul(near, own_near), L::mul(age, own_age));
        let mine = L::add(mine, L::mul(interests, own_interests));
        let appeal = L::cast(L::and(bias, L::splat_i(0xffff_0000)));
        let pickiness = L::cast(L::shl::<16>(bias));
        (L::add(L::add(appeal, L::splat(ask.there)), mine), L::add(L::add(pickiness, L::splat(ask.back)), both))
    }
}

/// The most that content adds, from the upper four bits.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn upper_bits<L: Lanes>(quantised: L::I, products: L::I, probe: &Probe, longest: f32) -> L::F {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let scale = L::cast(L::and(quantised, L::splat_i(0xffff_0000)));
        let error = L::cast(L::shl::<16>(quantised));
        let steps = L::add(
            L::mul(L::to_f(products), L::splat(16.0 * probe.scale)),
            L::splat(-120.5 * probe.scale * probe.sum as f32),
        );
        let errors = L::mul(error, L::splat(probe.length + probe.error));
        L::add(L::add(L::mul(scale, steps), errors), L::splat(probe.error * longest))
    }
}

/// A bit for each pair of bounds whose fused score reaches the floor.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn reach<L: Lanes>(ask: &Ask, there: L::F, back: L::F, floor: L::F) -> u32 {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let (there, back) = (raised::<L>(there), raised::<L>(back));
        let one = L::splat(1.0);
        match (ask.link, ask.fusion) {
            (Link::Logistic, Fusion::Product) => {
                // 1 / ((1 + e^-x)(1 + e^-y)) against the floor, without a division.
                let odds = L::mul(L::add(one, exp_minus::<L>(there)), L::add(one, exp_minus::<L>(back)));
                L::ge(one, L::mul(floor, odds))
            }
            (Link::Logistic, Fusion::Uninorm) => {
                L::ge(one, L::mul(floor, L::add(one, exp_minus::<L>(L::add(there, back)))))
            }
            (Link::Logistic, fusion) => {
                let p = L::div(one, L::add(one, exp_minus::<L>(there)));
                let q = L::div(one, L::add(one, exp_minus::<L>(back)));
                L::ge(fused::<L>(fusion, p, q), floor)
            }
            (Link::Clipped, fusion) => {
                let p = L::min(L::max(there, L::splat(0.0)), one);
                let q = L::min(L::max(back, L::splat(0.0)), one);
                L::ge(fused::<L>(fusion, p, q), floor)
            }
        }
    }
}

/// Two chances fused.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn fused<L: Lanes>(fusion: Fusion, p: L::F, q: L::F) -> L::F {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        match fusion {
            Fusion::Product => L::mul(p, q),
            Fusion::Harmonic => {
                let sum = L::max(L::add(p, q), L::splat(f32::MIN_POSITIVE));
                L::div(L::mul(L::splat(2.0), L::mul(p, q)), sum)
            }
            Fusion::Min => L::min(p, q),
            Fusion::Arithmetic => L::mul(L::splat(0.5), L::add(p, q)),
            Fusion::Uninorm => {
                let one = L::splat(1.0);
                let (yes, no) = (L::mul(p, q), L::mul(L::sub(one, p), L::sub(one, q)));
                // Nearly certain and nearly impossible at once says nothing: there the bound is raised to 1 and beyond.
                L::div(L::add(yes, L::splat(1e-6)), L::add(yes, no))
            }
        }
    }
}

/// Raised by what a dozen steps in f32 can lose.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn raised<L: Lanes>(logits: L::F) -> L::F {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let slack = L::mul(L::abs(logits), L::splat(SLACK.1));
        L::add(logits, L::add(slack, L::splat(SLACK.0 + 40.0 * SLACK.1)))
    }
}

/// `e^-x`, with `x` cut to where f32 still tells chances apart.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn exp_minus<L: Lanes>(x: L::F) -> L::F {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let x = L::min(L::max(x, L::splat(-40.0)), L::splat(40.0));
        // e^-x = 2^k · 2^f with a whole k; adding and taking away 1.5 · 2^23 rounds to a whole number, whose bits are the
        // lowest of the sum.
        let y = L::mul(x, L::splat(-std::f32::consts::LOG2_E));
        let rounded = L::add(y, L::splat(12_582_912.0));
        let f = L::mul(L::sub(y, L::sub(rounded, L::splat(12_582_912.0))), L::splat(std::f32::consts::LN_2));
        let square = L::mul(f, f);
        let low = L::add(L::splat(1.0), f);
        let middle = L::add(L::splat(0.5), L::mul(f, L::splat(1.0 / 6.0)));
        let high = L::add(L::splat(1.0 / 24.0), L::mul(f, L::splat(1.0 / 120.0)));
        let power = L::add(low, L::mul(square, L::add(middle, L::mul(square, high))));
        let scale = L::cast(L::add_i(L::shl::<23>(L::cast_f(rounded)), L::splat_i(127 << 23)));
        L::mul(power, scale)
    }
}

/// The least and the most that content adds, from all bits.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn all_bits<L: Lanes>(
    quantised: L::I,
    products: L::I,
    probe: &Probe,
    root_dims: f32,
    longest: f32,
) -> (L::F, L::F) {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let scale = L::cast(L::and(quantised, L::splat_i(0xffff_0000)));
        let middle = L::splat_i((-128 * probe.sum) as u32);
        let content = L::mul(L::mul(scale, L::splat(probe.scale)), L::to_f(L::add_i(products, middle)));
        // Half a step in every dimension.
        let errors = L::mul(scale, L::splat(0.5 * root_dims * (probe.length + probe.error)));
        let error = L::add(errors, L::splat(probe.error * longest));
        let slack = L::add(L::splat(SLACK.0), L::mul(L::add(L::abs(content), error), L::splat(SLACK.1)));
        let error = L::add(error, slack);
        (L::sub(content, error), L::add(content, error))
    }
}
