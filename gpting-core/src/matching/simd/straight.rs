//! What the index is measured against: a scan of every row with a mask, and what the memory itself can do.
//!
//! Plain loops, compiled for the processor's instructions like the index's own. Called by the benchmarks of the lab.

use super::level::Level;

/// Columns of all people, one number behind the other, for a scan without any index.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "names say it; places on the unit sphere, limits as squared chords")]
pub struct Straight {
    pub gender: Vec<u8>,
    pub wanted: Vec<u8>,
    pub age: Vec<u8>,
    pub age_min: Vec<u8>,
    pub age_max: Vec<u8>,
    /// 1 active, 2 verified, 4 wants verified people only.
    pub flags: Vec<u8>,
    pub x: Vec<f32>,
    pub y: Vec<f32>,
    pub z: Vec<f32>,
    pub limit: Vec<f32>,
    /// `is`, then `seeks`, of all rows.
    pub is: Vec<f32>,
    pub seeks: Vec<f32>,
}

/// One line of memory.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Line(pub [u64; 8]);

/// Rows that are masked together.
const BLOCK: usize = 64;

#[inline(always)]
fn scan(all: &Straight, me: usize, dims: usize, found: &mut Vec<(u32, f32, f32)>) {
    found.clear();
    let my_age = all.age[me];
    let (my_gender, my_wanted, my_flags) = (all.gender[me], all.wanted[me], all.flags[me]);
    let (low, high) = (all.age_min[me], all.age_max[me]);
    let (x, y, z, limit) = (all.x[me], all.y[me], all.z[me], all.limit[me]);
    let must = 1 | if my_flags & 4 == 0 { 0 } else { 2 };
    let never = if my_flags & 2 == 0 { 4 } else { 0 };
    let mut keep = [0_u8; BLOCK];
    for from in (0..all.gender.len()).step_by(BLOCK) {
        let rows = from..(from + BLOCK).min(all.gender.len());
        let len = rows.len();
        macro_rules! column {
            ($name:ident) => {
                &all.$name[rows.clone()]
            };
        }
        let (gender, wanted, age, flags) = (column!(gender), column!(wanted), column!(age), column!(flags));
        let (age_min, age_max) = (column!(age_min), column!(age_max));
        for i in 0..len {
            keep[i] = u8::from(gender[i] & my_wanted != 0)
                & u8::from(wanted[i] & my_gender != 0)
                & u8::from(age[i] >= low)
                & u8::from(age[i] <= high)
                & u8::from(age_min[i] <= my_age)
                & u8::from(age_max[i] >= my_age)
                & u8::from(flags[i] & must == must)
                & u8::from(flags[i] & never == 0);
        }
        let (xs, ys, zs, limits) = (column!(x), column!(y), column!(z), column!(limit));
        for i in 0..len {
            let (dx, dy, dz) = (x - xs[i], y - ys[i], z - zs[i]);
            let square = dx * dx + dy * dy + dz * dz;
            let most = if limits[i] < limit { limits[i] } else { limit };
            keep[i] &= u8::from(square <= most);
        }
        for i in 0..len {
            if keep[i] != 0 && from + i != me {
                found.push(((from + i) as u32, 0.0, 0.0));
            }
        }
    }
    if dims == 0 {
        return;
    }
    let range = |row: usize| row * dims..(row + 1) * dims;
    let (my_is, my_seeks) = (&all.is[range(me)], &all.seeks[range(me)]);
    for (other, there, back) in found {
        let range = range(*other as usize);
        *there = dot(my_seeks, &all.is[range.clone()]);
        *back = dot(&all.seeks[range], my_is);
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 32];
    let (a, b) = (a.as_chunks::<32>(), b.as_chunks::<32>());
    for (a, b) in a.0.iter().zip(b.0) {
        for i in 0..32 {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a.1.iter().zip(b.1).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Touches every line of memory, one behind the other.
#[inline(always)]
fn stream_all(lines: &[Line]) -> u64 {
    let mut sum = 0;
    for line in lines {
        // Hidden from the compiler, which would rather shuffle whole lines than wait for the memory.
        sum ^= std::hint::black_box(line).0[0];
    }
    sum
}

/// Touches both lines of rows here and there, 32 rows asked for ahead.
#[inline(always)]
fn gather_all(lines: &[Line], rows: &[u32]) -> u64 {
    let mut sum = 0;
    for (at, &row) in rows.iter().enumerate() {
        if let Some(&next) = rows.get(at + 32) {
            super::memory::prefetch(&lines[2 * next as usize]);
            super::memory::prefetch(&lines[2 * next as usize + 1]);
        }
        let row = 2 * row as usize;
        sum ^= std::hint::black_box(&lines[row]).0[0] ^ std::hint::black_box(&lines[row + 1]).0[0];
    }
    sum
}

macro_rules! compiled_for {
    ($($(#[$attribute:meta])* $name:ident,)*) => {
        $(
            #[cfg(target_arch = "x86_64")]
            mod $name {
                use super::{Line, Straight};

                /// # Safety
                /// The processor has these instructions.
                $(#[$attribute])*
                pub(super) unsafe fn scan(all: &Straight, me: usize, dims: usize, found: &mut Vec<(u32, f32, f32)>) {
                    super::scan(all, me, dims, found);
                }

                /// # Safety
                /// The processor has these instructions.
                $(#[$attribute])*
                pub(super) unsafe fn stream(lines: &[Line]) -> u64 {
                    super::stream_all(lines)
                }

                /// # Safety
                /// The processor has these instructions.
                $(#[$attribute])*
                pub(super) unsafe fn gather(lines: &[Line], rows: &[u32]) -> u64 {
                    super::gather_all(lines, rows)
                }
            }
        )*
    };
}

compiled_for! {
    #[target_feature(enable = "avx2,fma")]
    avx2,
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    avx512,
}

macro_rules! dispatched {
    ($level:expr, $plain:expr, $name:ident($($argument:expr),*)) => {
        match $level {
            Level::Plain => $plain,
            // SAFETY: a level above `Plain` comes only from `Level::available`, which has asked the processor.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::$name($($argument),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::$name($($argument),*) },
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx2 | Level::Avx512 => $plain,
        }
    };
}

impl Straight {
    /// Everybody whom `me` fits and who fits `me`, with both inner products: row, there, back. Without vectors (`dims` 0)
    /// the products are 0.
    pub fn scan(&self, me: usize, dims: usize, found: &mut Vec<(u32, f32, f32)>) {
        dispatched!(Level::best(), scan(self, me, dims, found), scan(self, me, dims, found));
    }
}

/// Reads memory from end to end: the exclusive or of the first word of every line.
pub fn stream(lines: &[Line]) -> u64 {
    dispatched!(Level::best(), stream_all(lines), stream(lines))
}

/// Reads rows of 128 bytes here and there: the exclusive or of the first words of their lines.
///
/// # Panics
/// When a row lies outside.
pub fn gather(lines: &[Line], rows: &[u32]) -> u64 {
    dispatched!(Level::best(), gather_all(lines, rows), gather(lines, rows))
}
