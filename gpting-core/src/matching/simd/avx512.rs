//! 512-bit vectors with VNNI: 64 bytes of packed coordinates, which are 128 dimensions, per load.

#[cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "a list of names would say nothing"))]
use std::arch::x86_64::*;

use super::entry::entry_points;
use super::lanes::{GROUP, Lanes};

#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512;

/// Wraps calls that are sound whenever the processor has the instructions: arithmetic in registers, and loads and stores
/// of whole arrays behind references.
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

impl Lanes for Avx512 {
    type F = __m512;
    type I = __m512i;

    lanes! {
        splat(x: f32) -> __m512 = _mm512_set1_ps(x);
        splat_i(x: u32) -> __m512i = _mm512_set1_epi32(x as i32);
        store(a: __m512, out: &mut [f32; GROUP]) -> () = _mm512_storeu_ps(out.as_mut_ptr(), a);
        load_i(numbers: &[u32; GROUP]) -> __m512i = _mm512_loadu_si512(numbers.as_ptr().cast());
        load_i16(numbers: &[i16; GROUP]) -> __m512 =
            _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_loadu_si256(numbers.as_ptr().cast())));
        load_u16(numbers: &[u16; GROUP]) -> __m512i = _mm512_cvtepu16_epi32(_mm256_loadu_si256(numbers.as_ptr().cast()));
        load_u8(numbers: &[u8; GROUP]) -> __m512i = _mm512_cvtepu8_epi32(_mm_loadu_si128(numbers.as_ptr().cast()));
        add(a: __m512, b: __m512) -> __m512 = _mm512_add_ps(a, b);
        sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
        mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
        div(a: __m512, b: __m512) -> __m512 = _mm512_div_ps(a, b);
        min(a: __m512, b: __m512) -> __m512 = _mm512_min_ps(a, b);
        max(a: __m512, b: __m512) -> __m512 = _mm512_max_ps(a, b);
        sqrt(a: __m512) -> __m512 = _mm512_sqrt_ps(a);
        abs(a: __m512) -> __m512 = _mm512_abs_ps(a);
        and(a: __m512i, b: __m512i) -> __m512i = _mm512_and_si512(a, b);
        add_i(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi32(a, b);
        cast(a: __m512i) -> __m512 = _mm512_castsi512_ps(a);
        cast_f(a: __m512) -> __m512i = _mm512_castps_si512(a);
        to_f(a: __m512i) -> __m512 = _mm512_cvtepi32_ps(a);
        ge(a: __m512, b: __m512) -> u32 = u32::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b));
        ge_i(a: __m512i, b: __m512i) -> u32 = u32::from(_mm512_cmpge_epi32_mask(a, b));
        eq_i(a: __m512i, b: __m512i) -> u32 = u32::from(_mm512_cmpeq_epi32_mask(a, b));
        press(mask: u32, a: __m512i, out: &mut [u32; GROUP]) -> () =
            _mm512_storeu_si512(out.as_mut_ptr().cast(), _mm512_maskz_compress_epi32(mask as u16, a));
    }

    #[inline(always)]
    unsafe fn shl<const BITS: u32>(a: __m512i) -> __m512i {
        // SAFETY: the caller vouches for the instructions; everything happens in registers.
        unsafe { _mm512_slli_epi32::<BITS>(a) }
    }

    #[inline(always)]
    unsafe fn shr<const BITS: u32>(a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_srli_epi32::<BITS>(a) }
    }

    #[inline(always)]
    unsafe fn products(plane: &[u8], stride: usize, rows: &[u32; GROUP], steps: &[i8]) -> __m512i {
        // SAFETY: the caller vouches for the instructions. Every load is masked to at most `stride` bytes of a row; the
        // assertion has seen that the row farthest behind lies inside the plane and that there are `2 · stride` steps.
        unsafe {
            let last = _mm512_reduce_max_epu32(_mm512_loadu_si512(rows.as_ptr().cast())) as usize;
            assert!((last + 1) * stride <= plane.len() && steps.len() == 2 * stride, "rows lie inside the plane");
            let mut sums = [_mm512_setzero_si512(); GROUP];
            let mut at = 0;
            while at < stride {
                let mask = u64::MAX >> (64 - (stride - at).min(64));
                let low = _mm512_maskz_loadu_epi8(mask, steps.as_ptr().add(at));
                let high = _mm512_maskz_loadu_epi8(mask, steps.as_ptr().add(stride + at));
                for i in 0..GROUP {
                    let row = plane.as_ptr().add(rows[i] as usize * stride + at);
                    sums[i] = add_product(sums[i], _mm512_maskz_loadu_epi8(mask, row.cast()), low, high);
                }
                at += 64;
            }
            totals(&sums)
        }
    }
}

/// Adds the products of 128 coordinates to 16 sums.
///
/// # Safety
/// The processor has AVX-512 with VNNI.
#[inline(always)]
unsafe fn add_product(sum: __m512i, bytes: __m512i, low: __m512i, high: __m512i) -> __m512i {
    // SAFETY: the caller vouches for the instructions; everything happens in registers.
    unsafe {
        let nibbles = _mm512_set1_epi8(15);
        let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), nibbles);
        _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sum, _mm512_and_si512(bytes, nibbles), low), upper, high)
    }
}

/// The sum of each of 16 vectors, in their order: four rounds that halve the vectors.
///
/// # Safety
/// The processor has AVX-512F.
#[inline(always)]
unsafe fn totals(sums: &[__m512i; GROUP]) -> __m512i {
    // SAFETY: the caller vouches for the instructions; everything happens in registers.
    unsafe {
        // Macros, since a closure would be compiled without the instructions of its surroundings.
        macro_rules! pair {
            ($at:expr) => {{
                let (a, b) = (sums[$at], sums[$at + 1]);
                _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b))
            }};
        }
        macro_rules! quarter {
            ($at:expr) => {{
                let (a, b) = (pair!($at), pair!($at + 2));
                _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b))
            }};
        }
        macro_rules! fold {
            ($a:expr, $b:expr) => {{
                let (a, b) = ($a, $b);
                _mm512_add_epi32(_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b))
            }};
        }
        fold!(fold!(quarter!(0), quarter!(4)), fold!(quarter!(8), quarter!(12)))
    }
}

entry_points! { Avx512, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma" }
