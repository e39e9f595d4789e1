//! Every level against the plainest one.

use super::lanes::{GROUP, Lanes};
use super::plain::Plain;
use super::*;

#[test]
fn all_levels_multiply_alike() {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    for stride in (16..=272).step_by(16) {
        let plane: Vec<u8> = (0..stride * 40).map(|_| next() as u8).collect();
        let steps: Vec<i8> = (0..2 * stride).map(|_| ((next() % 255) as i32 - 127) as i8).collect();
        let rows: [u32; GROUP] = std::array::from_fn(|_| next() % 40);
        // SAFETY: the plainest level needs nothing.
        let expected = unsafe { products::<Plain>(&plane, stride, &rows, &steps) };
        for (at, &row) in rows.iter().enumerate() {
            let bytes = &plane[row as usize * stride..][..stride];
            let by_hand: i32 = (0..2 * stride)
                .map(|j| {
                    let byte = bytes[j % stride];
                    i32::from(if j < stride { byte & 15 } else { byte >> 4 }) * i32::from(steps[j])
                })
                .sum();
            assert_eq!(expected[at] as i32, by_hand);
        }
        #[cfg(target_arch = "x86_64")]
        for level in Level::available() {
            // SAFETY: the levels are available.
            let found = unsafe {
                match level {
                    Level::Plain => expected,
                    Level::Avx2 => products::<avx2::Avx2>(&plane, stride, &rows, &steps),
                    Level::Avx512 => products::<avx512::Avx512>(&plane, stride, &rows, &steps),
                }
            };
            assert_eq!(found, expected, "{level:?} {stride}");
        }
    }
}

unsafe fn products<L: Lanes>(plane: &[u8], stride: usize, rows: &[u32; GROUP], steps: &[i8]) -> [u32; GROUP] {
    // SAFETY: the caller vouches for the level.
    unsafe { bits_of::<L>(L::products(plane, stride, rows, steps)) }
}

unsafe fn bits_of<L: Lanes>(a: L::I) -> [u32; GROUP] {
    let mut out = [0.0; GROUP];
    // SAFETY: the caller vouches for the level.
    unsafe { L::store(L::cast(a), &mut out) };
    out.map(f32::to_bits)
}

/// What each operation makes of some numbers, as bits.
#[expect(clippy::many_single_char_names, reason = "lanes are like the letters of a formula")]
unsafe fn operations<L: Lanes>(a: &[f32; GROUP], b: &[f32; GROUP], words: &[u32; GROUP]) -> Vec<u32> {
    let mut all = Vec::new();
    // SAFETY: the caller vouches for the level.
    unsafe {
        let numbers = |numbers: &[f32; GROUP]| L::cast(L::load_i(&numbers.map(f32::to_bits)));
        let (x, y, w) = (numbers(a), numbers(b), L::load_i(words));
        let mut keep = |number: L::I| {
            all.extend(bits_of::<L>(number));
        };
        for number in [L::add(x, y), L::sub(x, y), L::mul(x, y), L::div(x, y), L::min(x, y), L::max(x, y)] {
            keep(L::cast_f(number));
        }
        keep(L::cast_f(L::sqrt(L::abs(x))));
        keep(L::and(w, L::splat_i(0xff00_ff00)));
        keep(L::shl::<5>(w));
        keep(L::shr::<24>(w));
        keep(L::add_i(w, w));
        keep(L::cast_f(L::to_f(w)));
        keep(L::cast_f(L::load_i16(&words.map(|word| word as i16))));
        keep(L::load_u16(&words.map(|word| word as u16)));
        keep(L::load_u8(&words.map(|word| word as u8)));
        let masks = [L::ge(x, y), L::ge_i(w, L::splat_i(7)), L::eq_i(w, L::shr::<0>(w))];
        for mask in [masks[0], masks[1], 0x8421, 0, 0xffff] {
            let count = mask.count_ones() as usize;
            let mut pressed = [0; GROUP];
            L::press(mask, w, &mut pressed);
            all.extend(&pressed[..count]);
        }
        all.extend(masks);
    }
    all
}

#[test]
fn all_levels_count_alike() {
    for seed in 0..50_u32 {
        let number = |i: usize, by: f32| ((i as f32 + 1.0) * by + seed as f32 * 0.37).sin() * 50.0;
        let a: [f32; GROUP] = std::array::from_fn(|i| number(i, 1.3));
        let b: [f32; GROUP] = std::array::from_fn(|i| if i == 3 { number(i, 1.3) } else { number(i, 2.9) });
        let words: [u32; GROUP] = std::array::from_fn(|i| (i as u32 + seed).wrapping_mul(2_654_435_761));
        // SAFETY: the plainest level needs nothing, and the others are available.
        unsafe {
            let expected = operations::<Plain>(&a, &b, &words);
            #[cfg(target_arch = "x86_64")]
            for level in Level::available() {
                let found = match level {
                    Level::Plain => operations::<Plain>(&a, &b, &words),
                    Level::Avx2 => operations::<avx2::Avx2>(&a, &b, &words),
                    Level::Avx512 => operations::<avx512::Avx512>(&a, &b, &words),
                };
                assert_eq!(found, expected, "{level:?}");
            }
            let _ = expected;
        }
    }
}
