//! How high a row can score at the most, for 16 rows at once: the arithmetic of the rounds.
//!
//! Called by [`super::survey`], compiled per level. Every bound leans upwards by [`SLACK`]; nothing here is written back.

use super::lanes::{GROUP, Lanes};
use super::pad::{Pad, group};
use crate::matching::fusion::{Fusion, Link};
use crate::matching::index::columns::Signature;
use crate::matching::index::leaf::Leaf;
use crate::matching::index::quantise::Probe;
use crate::matching::retrieval::ask::{Ask, SLACK};
use crate::matching::sketch::SHARE_AT;
use crate::matching::weights::FEW_INTERESTS;

/// The bounds of both logits without content.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn bases<L: Lanes>(leaf: &Leaf, ask: &Ask, pad: &Pad, from: usize) -> (L::F, L::F) {
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
        let interests = interests::<L>(leaf, ask, group(&pad.rows, from));
        let both = L::add(L::add(near, age), interests);
        // Not by a closure: it would be compiled without the instructions of `L`.
        let (own_near, own_age) = (L::splat(ask.own[0]), L::splat(ask.own[1]));
        let own_interests = L::splat(ask.own[2]);
        let mine = L::add(L::mul(near, own_near), L::mul(age, own_age));
        let mine = L::add(mine, L::mul(interests, own_interests));
        let appeal = L::cast(L::and(bias, L::splat_i(0xffff_0000)));
        let pickiness = L::cast(L::shl::<16>(bias));
        let (sketch_there, sketch_back) = sketched::<L>(leaf, ask, group(&pad.rows, from));
        let (mine, both) = (L::add(mine, sketch_there), L::add(both, sketch_back));
        (L::add(L::add(appeal, L::splat(ask.there)), mine), L::add(L::add(pickiness, L::splat(ask.back)), both))
    }
}

/// The most that shared interests add, from signatures.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn interests<L: Lanes>(leaf: &Leaf, ask: &Ask, rows: &[u32; GROUP]) -> L::F {
    let all = &*leaf.planes.interests;
    let mut signatures = [0; GROUP];
    if !ask.classes.is_empty() && !all.is_empty() {
        for i in 0..GROUP {
            // Repetitions behind the last row are rows of the leaf as well.
            signatures[i] = all.get(rows[i] as usize).copied().unwrap_or(0);
        }
    }
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let signatures = L::load_i(&signatures);
        let mut sum = L::splat(0.0);
        for &(bit, most) in &ask.classes {
            // The bit is a power of two in f32 as well, and divided away exactly.
            let has = L::to_f(L::and(signatures, L::splat_i(bit)));
            sum = L::add(sum, L::mul(has, L::splat(most / bit as f32)));
        }
        let count =
            L::max(L::to_f(L::shr::<{ Signature::CLASSES as u32 }>(signatures)), L::splat(FEW_INTERESTS as f32));
        L::div(sum, L::sqrt(count))
    }
}

/// The most that the signal adds which rows have sketches for, in each direction.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn sketched<L: Lanes>(leaf: &Leaf, ask: &Ask, rows: &[u32; GROUP]) -> (L::F, L::F) {
    let all = &*leaf.planes.sketches;
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let nothing = L::splat(0.0);
        if !ask.is_sketched() || all.is_empty() {
            return (nothing, nothing);
        }
        let mut words = [[0; GROUP]; 4];
        for i in 0..GROUP {
            // Repetitions behind the last row are rows of the leaf as well.
            let sketch = all.get(rows[i] as usize).copied().unwrap_or_default();
            for word in 0..4 {
                words[word][i] = sketch[word];
            }
        }
        let mut sums = [nothing; 4];
        for word in 0..4 {
            let bits = L::load_i(&words[word]);
            for &(bit, logit) in &ask.sketches.words()[word] {
                // The bit is a power of two in f32 as well, the highest a negative one, and divided away exactly.
                let has = L::to_f(L::and(bits, L::splat_i(bit)));
                sums[word] = L::add(sums[word], L::mul(has, L::splat(logit / bit.cast_signed() as f32)));
            }
        }
        let share = L::to_f(L::shr::<SHARE_AT>(L::load_i(&words[3])));
        let (there, back) = (L::add(sums[0], sums[1]), L::mul(share, L::add(sums[2], sums[3])));
        (L::min(there, L::splat(ask.sketched[0])), L::min(back, L::splat(ask.sketched[1])))
    }
}

/// The most that content adds, from the upper four bits.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn upper_bits<L: Lanes>(quantised: L::I, products: L::I, probe: &Probe, longest: f32) -> L::F {
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
pub(super) unsafe fn reach<L: Lanes>(ask: &Ask, there: L::F, back: L::F, floor: L::F) -> u32 {
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
pub(super) unsafe fn all_bits<L: Lanes>(
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
