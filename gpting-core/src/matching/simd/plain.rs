//! The plainest level: arrays and loops, no instructions beyond the target's baseline, and the twin that the others are
//! tested against.

use super::entry::entry_points;
use super::lanes::{GROUP, Lanes};

#[derive(Debug, Clone, Copy)]
pub(super) struct Plain;

type F = [f32; GROUP];
type I = [u32; GROUP];

#[inline(always)]
fn each<T: Copy, U: Default + Copy>(a: [T; GROUP], f: impl Fn(T) -> U) -> [U; GROUP] {
    let mut out = [U::default(); GROUP];
    for i in 0..GROUP {
        out[i] = f(a[i]);
    }
    out
}

#[inline(always)]
fn both<T: Copy, U: Default + Copy>(a: [T; GROUP], b: [T; GROUP], f: impl Fn(T, T) -> U) -> [U; GROUP] {
    let mut out = [U::default(); GROUP];
    for i in 0..GROUP {
        out[i] = f(a[i], b[i]);
    }
    out
}

#[inline(always)]
fn mask(bits: [bool; GROUP]) -> u32 {
    let mut mask = 0;
    for i in 0..GROUP {
        mask |= u32::from(bits[i]) << i;
    }
    mask
}

/// Nothing here is unsafe; the trait is, for the other levels.
impl Lanes for Plain {
    type F = F;
    type I = I;

    #[inline(always)]
    unsafe fn splat(x: f32) -> F {
        [x; GROUP]
    }
    #[inline(always)]
    unsafe fn splat_i(x: u32) -> I {
        [x; GROUP]
    }
    #[inline(always)]
    unsafe fn store(a: F, out: &mut [f32; GROUP]) {
        *out = a;
    }
    #[inline(always)]
    unsafe fn load_i(numbers: &[u32; GROUP]) -> I {
        *numbers
    }
    #[inline(always)]
    unsafe fn load_i16(numbers: &[i16; GROUP]) -> F {
        each(*numbers, f32::from)
    }
    #[inline(always)]
    unsafe fn load_u16(numbers: &[u16; GROUP]) -> I {
        each(*numbers, u32::from)
    }
    #[inline(always)]
    unsafe fn load_u8(numbers: &[u8; GROUP]) -> I {
        each(*numbers, u32::from)
    }
    #[inline(always)]
    unsafe fn add(a: F, b: F) -> F {
        both(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: F, b: F) -> F {
        both(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: F, b: F) -> F {
        both(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: F, b: F) -> F {
        both(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn min(a: F, b: F) -> F {
        both(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn max(a: F, b: F) -> F {
        both(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn sqrt(a: F) -> F {
        each(a, f32::sqrt)
    }
    #[inline(always)]
    unsafe fn abs(a: F) -> F {
        each(a, f32::abs)
    }
    #[inline(always)]
    unsafe fn and(a: I, b: I) -> I {
        both(a, b, |a, b| a & b)
    }
    #[inline(always)]
    unsafe fn shl<const BITS: u32>(a: I) -> I {
        each(a, |a| a << BITS)
    }
    #[inline(always)]
    unsafe fn shr<const BITS: u32>(a: I) -> I {
        each(a, |a| a >> BITS)
    }
    #[inline(always)]
    unsafe fn add_i(a: I, b: I) -> I {
        both(a, b, u32::wrapping_add)
    }
    #[inline(always)]
    unsafe fn cast(a: I) -> F {
        each(a, f32::from_bits)
    }
    #[inline(always)]
    unsafe fn cast_f(a: F) -> I {
        each(a, f32::to_bits)
    }
    #[inline(always)]
    unsafe fn to_f(a: I) -> F {
        each(a, |a| a as i32 as f32)
    }
    #[inline(always)]
    unsafe fn ge(a: F, b: F) -> u32 {
        mask(both(a, b, |a, b| a >= b))
    }
    #[inline(always)]
    unsafe fn ge_i(a: I, b: I) -> u32 {
        mask(both(a, b, |a, b| a as i32 >= b as i32))
    }
    #[inline(always)]
    unsafe fn eq_i(a: I, b: I) -> u32 {
        mask(both(a, b, |a, b| a == b))
    }
    #[inline(always)]
    unsafe fn press(mask: u32, a: I, out: &mut [u32; GROUP]) {
        let (mut mask, mut at) = (mask, 0);
        while mask != 0 {
            out[at] = a[mask.trailing_zeros() as usize];
            at += 1;
            mask &= mask - 1;
        }
    }
    #[inline(always)]
    unsafe fn products(plane: &[u8], stride: usize, rows: &[u32; GROUP], steps: &[i8]) -> I {
        each(*rows, |row| product(&plane[row as usize * stride..][..stride], steps) as u32)
    }
}

/// See [`Lanes::product`].
#[inline(always)]
fn product(row: &[u8], steps: &[i8]) -> i32 {
    let (low, high) = steps.split_at(row.len());
    let mut sum = 0;
    for ((&byte, &low), &high) in row.iter().zip(low).zip(high) {
        sum += i32::from(byte & 15) * i32::from(low) + i32::from(byte >> 4) * i32::from(high);
    }
    sum
}

entry_points! { Plain, }
