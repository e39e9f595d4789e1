//! One leaf of the index, seen by one viewer: who passes the tests, and who of them can reach the floor.
//!
//! Written once, compiled per level. A filter, then three rounds, each on the rows that the one before kept and each asking
//! for the memory that the next one reads, so that several leaves can be under way at once: what the viewer seeks against
//! the upper four bits of what they are; the other direction; both with all eight bits. A round drops a row when the fused
//! score of its bounds is below the floor, so a row whose first side is hopeless never costs a look at its second.
//! Any fusion that is monotone in both sides has such a bound.

use super::bounds::{all_bits, bases, reach, upper_bits};
use super::lanes::{GROUP, Lanes};
use super::memory::check;
use super::pad::{Pad, group, group_mask, group_mut};
use super::wanted::Wanted;
use crate::matching::candidate::Candidate;
use crate::matching::index::columns::{BLOCK, LEAF};
use crate::matching::index::leaf::Leaf;
use crate::matching::place::EARTH_RADIUS_KM;
use crate::matching::retrieval::ask::Ask;

/// What a kept fused score may be short of the floor: the rounding of the quick exponential, and of chances near 1.
pub(super) const ALMOST: f32 = 1.0 + 3e-5;
/// Half a step on each of three axes, and what is left of it after rounding.
const HALF_STEPS: f32 = 0.9;

/// Lines that are asked for beside one block of the filter, and beside one group of a round.
const FEW: usize = 4;
const MANY: usize = 32;

/// Rows that are weighed before it is asked whether that is worth it, and one in how many has to be dropped then.
const TRIED: usize = 64;
const WORTH: usize = 32;

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

/// Writes into the pad which rows of a leaf pass every test that columns can make, and asks for their coordinates.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn filter<L: Lanes>(
    leaf: &Leaf,
    placed: bool,
    ask: &Ask,
    floor: f32,
    pad: &mut Pad,
    wanted: &mut Wanted,
) {
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
    if len > 0 {
        // SAFETY: the caller vouches for the instructions.
        unsafe { weigh::<L>(leaf, ask, floor, pad, wanted) };
    }
    if ask.stride > 0 {
        wanted.rows(leaf.planes.is_upper.rows(), ask.stride, &pad.rows[..pad.len]);
    }
}

/// The end of the filter: bounds of both sides without content, from columns alone; drops whom no content could bring to
/// the floor.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn weigh<L: Lanes>(leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, wanted: &mut Wanted) {
    let (len, stride) = (pad.len, ask.stride);
    pad.fill_up();
    let mut kept = 0;
    // Where content decides alone nobody is dropped here, and the test is not worth its time.
    let drops = stride == 0 || pad.weighed < TRIED || pad.dropped * WORTH > pad.weighed;
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let floor = L::splat(floor / ALMOST);
        let first_side = L::splat(if stride > 0 { ask.seeks.length * leaf.longest[0] } else { 0.0 });
        let second_side = L::splat(if stride > 0 { ask.is.length * leaf.longest[1] } else { 0.0 });
        for from in (0..len).step_by(GROUP) {
            wanted.serve(FEW);
            let (there, back) = bases::<L>(leaf, ask, pad, from);
            if !drops {
                L::press(0xffff, L::cast_f(there), group_mut(&mut pad.there, from));
                L::press(0xffff, L::cast_f(back), group_mut(&mut pad.back, from));
                continue;
            }
            let (most_there, most_back) = (L::add(there, first_side), L::add(back, second_side));
            let mask = reach::<L>(ask, most_there, most_back, floor) & group_mask(len - from);
            let rows = L::load_i(group(&pad.rows, from));
            // What is kept never lies behind what was read.
            L::press(mask, rows, group_mut(&mut pad.rows, kept));
            L::press(mask, L::cast_f(there), group_mut(&mut pad.there, kept));
            L::press(mask, L::cast_f(back), group_mut(&mut pad.back, kept));
            if stride > 0 {
                let is = L::load_i(group(&pad.first, from));
                L::press(mask, is, group_mut(&mut pad.first, kept));
                let seeks = L::load_i(group(&pad.seeks, from));
                L::press(mask, seeks, group_mut(&mut pad.seeks, kept));
            }
            kept += mask.count_ones() as usize;
        }
    }
    if drops {
        pad.weighed += len;
        pad.dropped += len - kept;
        pad.len = kept;
    }
}

/// The first round: keeps the rows whose first side, from its upper four bits, leaves them a chance. Asks for the second.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn first<L: Lanes>(leaf: &Leaf, ask: &Ask, floor: f32, pad: &mut Pad, wanted: &mut Wanted) {
    let (len, stride) = (pad.len, ask.stride);
    // A viewer without content reads no planes, whatever the leaf has, and has been weighed.
    if stride == 0 {
        return;
    }
    check(leaf, stride);
    pad.fill_up();
    let mut kept = 0;
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let floor = L::splat(floor / ALMOST);
        let second_side = L::splat(ask.is.length * leaf.longest[1]);
        for from in (0..len).step_by(GROUP) {
            wanted.serve(MANY);
            let rows = L::load_i(group(&pad.rows, from));
            let there = L::cast(L::load_i(group(&pad.there, from)));
            let back = L::cast(L::load_i(group(&pad.back, from)));
            let products = L::products(leaf.planes.is_upper.rows(), stride, group(&pad.rows, from), &ask.seeks.steps);
            let quantised = L::load_i(group(&pad.first, from));
            let most_there = L::add(there, upper_bits::<L>(quantised, products, &ask.seeks, leaf.longest[0]));
            let most_back = L::add(back, second_side);
            let mask = reach::<L>(ask, most_there, most_back, floor) & group_mask(len - from);
            // What is kept never lies behind what was read.
            L::press(mask, rows, group_mut(&mut pad.rows, kept));
            L::press(mask, L::cast_f(there), group_mut(&mut pad.there, kept));
            L::press(mask, L::cast_f(back), group_mut(&mut pad.back, kept));
            let seeks = L::load_i(group(&pad.seeks, from));
            L::press(mask, seeks, group_mut(&mut pad.seeks, kept));
            L::press(mask, L::cast_f(most_there), group_mut(&mut pad.second, kept));
            L::press(mask, products, group_mut(&mut pad.first, kept));
            kept += mask.count_ones() as usize;
        }
    }
    pad.len = kept;
    wanted.rows(leaf.planes.seeks_upper.rows(), stride, &pad.rows[..kept]);
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
