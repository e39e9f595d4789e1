//! 256-bit vectors, two at a time: 32 bytes of packed coordinates, which are 64 dimensions, per load.

#[cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "a list of names would say nothing"))]
use std::arch::x86_64::*;

use super::entry::entry_points;
use super::lanes::{GROUP, Lanes};

#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2;

/// Rows that are summed together.
const PART: usize = 4;

type F = [__m256; 2];
type I = [__m256i; 2];

/// For each mask of eight: the numbers of its bits first.
const ORDERS: [[u8; 8]; 256] = {
    let mut orders = [[0; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut bit, mut at) = (0, 0);
        while bit < 8 {
            if mask >> bit & 1 == 1 {
                orders[mask][at] = bit;
                at += 1;
            }
            bit += 1;
        }
        mask += 1;
    }
    orders
};

/// As in the level above; operations on two halves, one after the other.
macro_rules! lanes {
    ($($name:ident($($argument:ident: $type:ty),*) -> $out:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            unsafe fn $name($($argument: $type),*) -> $out {
                // SAFETY: the caller vouches for the instructions; memory is touched through references to arrays of the
                // size that is read or written.
                unsafe { $body }
            }
        )*
    };
}

impl Lanes for Avx2 {
    type F = F;
    type I = I;

    lanes! {
        splat(x: f32) -> F = [_mm256_set1_ps(x); 2];
        splat_i(x: u32) -> I = [_mm256_set1_epi32(x as i32); 2];
        store(a: F, out: &mut [f32; GROUP]) -> () = {
            _mm256_storeu_ps(out.as_mut_ptr(), a[0]);
            _mm256_storeu_ps(out.as_mut_ptr().add(8), a[1]);
        };
        load_i(numbers: &[u32; GROUP]) -> I = [
            _mm256_loadu_si256(numbers.as_ptr().cast()),
            _mm256_loadu_si256(numbers.as_ptr().add(8).cast()),
        ];
        load_i16(numbers: &[i16; GROUP]) -> F = [
            _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128(numbers.as_ptr().cast()))),
            _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128(numbers.as_ptr().add(8).cast()))),
        ];
        load_u16(numbers: &[u16; GROUP]) -> I = [
            _mm256_cvtepu16_epi32(_mm_loadu_si128(numbers.as_ptr().cast())),
            _mm256_cvtepu16_epi32(_mm_loadu_si128(numbers.as_ptr().add(8).cast())),
        ];
        load_u8(numbers: &[u8; GROUP]) -> I = {
            let bytes = _mm_loadu_si128(numbers.as_ptr().cast());
            [_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128::<8>(bytes))]
        };
        add(a: F, b: F) -> F = [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])];
        sub(a: F, b: F) -> F = [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])];
        mul(a: F, b: F) -> F = [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])];
        div(a: F, b: F) -> F = [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])];
        min(a: F, b: F) -> F = [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])];
        max(a: F, b: F) -> F = [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])];
        sqrt(a: F) -> F = [_mm256_sqrt_ps(a[0]), _mm256_sqrt_ps(a[1])];
        abs(a: F) -> F = {
            let sign = _mm256_set1_ps(-0.0);
            [_mm256_andnot_ps(sign, a[0]), _mm256_andnot_ps(sign, a[1])]
        };
        and(a: I, b: I) -> I = [_mm256_and_si256(a[0], b[0]), _mm256_and_si256(a[1], b[1])];
        add_i(a: I, b: I) -> I = [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])];
        cast(a: I) -> F = [_mm256_castsi256_ps(a[0]), _mm256_castsi256_ps(a[1])];
        cast_f(a: F) -> I = [_mm256_castps_si256(a[0]), _mm256_castps_si256(a[1])];
        to_f(a: I) -> F = [_mm256_cvtepi32_ps(a[0]), _mm256_cvtepi32_ps(a[1])];
        ge(a: F, b: F) -> u32 = {
            let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(a[0], b[0]));
            let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(a[1], b[1]));
            (low | high << 8) as u32
        };
        ge_i(a: I, b: I) -> u32 = {
            // Not less.
            let low = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(b[0], a[0])));
            let high = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(b[1], a[1])));
            !(low | high << 8) as u32 & 0xffff
        };
        eq_i(a: I, b: I) -> u32 = {
            let low = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a[0], b[0])));
            let high = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a[1], b[1])));
            (low | high << 8) as u32
        };
        press(mask: u32, a: I, out: &mut [u32; GROUP]) -> () = {
            let (low, high) = (mask as usize & 0xff, mask as usize >> 8 & 0xff);
            let [first, second] = [low, high].map(|mask| ORDERS[mask]);
            let first = _mm256_cvtepu8_epi32(_mm_loadl_epi64(first.as_ptr().cast()));
            let second = _mm256_cvtepu8_epi32(_mm_loadl_epi64(second.as_ptr().cast()));
            _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm256_permutevar8x32_epi32(a[0], first));
            // At most eight places further: the upper half ends inside the array.
            let out = out.as_mut_ptr().add(low.count_ones() as usize);
            _mm256_storeu_si256(out.cast(), _mm256_permutevar8x32_epi32(a[1], second));
        };
    }

    #[inline(always)]
    unsafe fn shl<const BITS: u32>(a: I) -> I {
        // SAFETY: the caller vouches for the instructions; everything happens in registers.
        unsafe {
            let bits = _mm_cvtsi32_si128(BITS as i32);
            [_mm256_sll_epi32(a[0], bits), _mm256_sll_epi32(a[1], bits)]
        }
    }

    #[inline(always)]
    unsafe fn shr<const BITS: u32>(a: I) -> I {
        // SAFETY: as above.
        unsafe {
            let bits = _mm_cvtsi32_si128(BITS as i32);
            [_mm256_srl_epi32(a[0], bits), _mm256_srl_epi32(a[1], bits)]
        }
    }

    #[inline(always)]
    unsafe fn products(plane: &[u8], stride: usize, rows: &[u32; GROUP], steps: &[i8]) -> I {
        let mut out = [0_u32; GROUP];
        // SAFETY: the caller vouches for the instructions. Every load is of 32 bytes, or of the last 16, of a row or of the
        // steps; the assertion has seen that all rows lie inside the plane and that there are `2 · stride` steps, and a
        // stride is a multiple of 16. The store fills four of the 16 numbers.
        unsafe {
            let last = {
                let [low, high] = Self::load_i(rows);
                let most = _mm256_max_epu32(low, high);
                let most = _mm_max_epu32(_mm256_extracti128_si256::<0>(most), _mm256_extracti128_si256::<1>(most));
                let most = _mm_max_epu32(most, _mm_shuffle_epi32::<0b00_00_11_10>(most));
                let most = _mm_max_epu32(most, _mm_shuffle_epi32::<0b00_00_00_01>(most));
                _mm_cvtsi128_si32(most) as u32 as usize
            };
            assert!(
                (last + 1) * stride <= plane.len() && steps.len() == 2 * stride && stride.is_multiple_of(16),
                "rows lie inside the plane"
            );
            for from in (0..GROUP).step_by(PART) {
                let mut sums = [_mm256_setzero_si256(); PART];
                let mut at = 0;
                while at < stride {
                    let left = stride - at;
                    let low = load(steps.as_ptr().add(at).cast(), left);
                    let high = load(steps.as_ptr().add(stride + at).cast(), left);
                    for i in 0..PART {
                        let row = plane.as_ptr().add(rows[from + i] as usize * stride + at);
                        sums[i] = _mm256_add_epi32(sums[i], part(load(row, left), low, high));
                    }
                    at += 32;
                }
                let pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
                let halves = (_mm256_extracti128_si256::<0>(pairs), _mm256_extracti128_si256::<1>(pairs));
                _mm_storeu_si128(out.as_mut_ptr().add(from).cast(), _mm_add_epi32(halves.0, halves.1));
            }
            Self::load_i(&out)
        }
    }
}

/// 32 bytes, or 16 and zeros where there are no more.
///
/// # Safety
/// The processor has AVX2; at least 16 bytes can be read, and 32 when `left` says so.
#[inline(always)]
unsafe fn load(at: *const u8, left: usize) -> __m256i {
    // SAFETY: the caller vouches for the instructions and for the bytes.
    unsafe {
        if left >= 32 { _mm256_loadu_si256(at.cast()) } else { _mm256_zextsi128_si256(_mm_loadu_si128(at.cast())) }
    }
}

/// Products of 64 coordinates in eight sums. A nibble is at most 15 and a step at most 127, so four products fit 16 bits.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn part(bytes: __m256i, low: __m256i, high: __m256i) -> __m256i {
    // SAFETY: the caller vouches for the instructions; everything happens in registers.
    unsafe {
        let nibbles = _mm256_set1_epi8(15);
        let lower = _mm256_maddubs_epi16(_mm256_and_si256(bytes, nibbles), low);
        let upper = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibbles), high);
        _mm256_madd_epi16(_mm256_add_epi16(lower, upper), _mm256_set1_epi16(1))
    }
}

entry_points! { Avx2, "avx2,fma" }
