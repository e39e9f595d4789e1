//! All leaves of a node, seen by one viewer from their summaries alone: which can hold anybody, and how good at the most.

use super::survey::ALMOST;
use crate::matching::index::columns::{HAS_INTERESTS, VERIFIED, VERIFIED_ONLY};
use crate::matching::index::summary::Summaries;
use crate::matching::place::EARTH_RADIUS_KM;
use crate::matching::retrieval::ask::{Ask, SLACK};

/// Leaves that are looked at together.
const WIDTH: usize = 16;
/// The rounding of f32 places on the unit sphere, as a chord.
const BLUR: f32 = 4e-7;

/// Writes a score that nobody in a leaf is above, or -1 where nobody passes the tests.
#[inline(always)]
pub(super) fn hits(summaries: &Summaries, placed: bool, ask: &Ask, out: &mut [f32]) {
    let mut from = 0;
    while from < summaries.len() {
        let width = WIDTH.min(summaries.len() - from);
        let scores = block(summaries, from, width, placed && ask.placed, ask);
        out[from..from + width].copy_from_slice(&scores[..width]);
        from += WIDTH;
    }
}

fn load<T: Copy + Default>(column: &[T], from: usize, width: usize) -> [T; WIDTH] {
    if let Some(block) = column[from..].first_chunk() {
        return *block;
    }
    let mut block = [T::default(); WIDTH];
    block[..width].copy_from_slice(&column[from..from + width]);
    block
}

#[inline(always)]
fn block(summaries: &Summaries, from: usize, width: usize, near: bool, ask: &Ask) -> [f32; WIDTH] {
    macro_rules! column {
        ($name:ident) => {
            load(&summaries.$name, from, width)
        };
    }
    let (x, y, z, radius, limit) = (column!(x), column!(y), column!(z), column!(radius), column!(limit));
    let (birth_first, birth_last) = (column!(birth_first), column!(birth_last));
    let (age_min, age_max, flags) = (column!(age_min), column!(age_max), column!(flags));
    let (appeal, pickiness, is, seeks) = (column!(appeal), column!(pickiness), column!(is), column!(seeks));
    let here = ask.point.map(|x| x as f32);
    let (first, last) = (u32::from(ask.births.0), u32::from(ask.births.1));
    let (age, mine) = (u32::from(ask.age), i32::from(ask.birth));
    let must_verified = ask.must & VERIFIED != 0;
    let never_picky = ask.never & VERIFIED_ONLY != 0;

    let (mut there, mut back, mut keep) = ([0.0; WIDTH], [0.0; WIDTH], [false; WIDTH]);
    for i in 0..WIDTH {
        let (dx, dy, dz) = (here[0] - x[i], here[1] - y[i], here[2] - z[i]);
        let away = ((dx * dx + dy * dy + dz * dz).sqrt() - radius[i] - BLUR).max(0.0);
        let reach = if limit[i] < ask.limit { limit[i] } else { ask.limit };
        let place = if near { away <= reach + BLUR } else { limit[i] == f32::INFINITY };
        let (some, every) = (flags[i] as u8, (flags[i] >> 16) as u8);
        keep[i] = place
            & (birth_last[i] >= first)
            & (birth_first[i] <= last)
            & (age_min[i] <= age)
            & (age_max[i] >= age)
            & (!must_verified | (some & VERIFIED != 0))
            & (!never_picky | (every & VERIFIED_ONLY == 0));
        let km = if near { away * EARTH_RADIUS_KM as f32 } else { f32::INFINITY };
        let days = (birth_first[i] as i32 - mine).max(mine - birth_last[i] as i32).max(0) as f32;
        let interests = if some & HAS_INTERESTS == 0 { 0.0 } else { ask.interests };
        let near = ask.near * ask.near_km / (ask.near_km + km);
        let age = ask.age_weight * ask.age_days / (ask.age_days + days);
        let both = near + age + interests;
        let mine = near * ask.own[0] + age * ask.own[1] + interests * ask.own[2];
        there[i] = ask.there + appeal[i] + mine + ask.sketched[0] + ask.seeks.length * is[i];
        back[i] = ask.back + pickiness[i] + both + ask.sketched[1] + ask.is.length * seeks[i];
        there[i] += SLACK.0 + SLACK.1 * (there[i].abs() + 40.0);
        back[i] += SLACK.0 + SLACK.1 * (back[i].abs() + 40.0);
    }
    let reach = ask.fuse(&there, &back);
    let mut out = [0.0; WIDTH];
    for i in 0..WIDTH {
        out[i] = if keep[i] { reach[i] * ALMOST } else { -1.0 };
    }
    out
}
