//! The few operations on 16 numbers at once that the rounds of a search are written in.
//!
//! One implementation per level. Written out, since a compiler that is left to find them itself finds some and misses
//! others; the rounds are written once, over this trait.

/// Numbers that are handled at once.
pub(super) const GROUP: usize = 16;

/// What every level can do. `F` are 16 numbers in f32, `I` 16 words.
///
/// # Safety
/// Every function: the processor has the level's instructions.
pub(super) trait Lanes: Copy {
    type F: Copy;
    type I: Copy;

    unsafe fn splat(x: f32) -> Self::F;
    unsafe fn splat_i(x: u32) -> Self::I;
    unsafe fn store(a: Self::F, out: &mut [f32; GROUP]);
    unsafe fn load_i(numbers: &[u32; GROUP]) -> Self::I;
    /// As numbers.
    unsafe fn load_i16(numbers: &[i16; GROUP]) -> Self::F;
    unsafe fn load_u16(numbers: &[u16; GROUP]) -> Self::I;
    unsafe fn load_u8(numbers: &[u8; GROUP]) -> Self::I;

    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    /// Without NaN.
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F;
    /// Without NaN.
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sqrt(a: Self::F) -> Self::F;
    unsafe fn abs(a: Self::F) -> Self::F;
    unsafe fn and(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn shl<const BITS: u32>(a: Self::I) -> Self::I;
    unsafe fn shr<const BITS: u32>(a: Self::I) -> Self::I;
    unsafe fn add_i(a: Self::I, b: Self::I) -> Self::I;
    /// The same bits.
    unsafe fn cast(a: Self::I) -> Self::F;
    /// The same bits.
    unsafe fn cast_f(a: Self::F) -> Self::I;
    /// The words as signed numbers.
    unsafe fn to_f(a: Self::I) -> Self::F;

    /// A bit for each pair with `a >= b`.
    unsafe fn ge(a: Self::F, b: Self::F) -> u32;
    /// The same for signed words.
    unsafe fn ge_i(a: Self::I, b: Self::I) -> u32;
    unsafe fn eq_i(a: Self::I, b: Self::I) -> u32;
    /// Writes those with a bit first, in their order, and behind them anything.
    unsafe fn press(mask: u32, a: Self::I, out: &mut [u32; GROUP]);

    /// For each of the rows, `Σ nibble · step` over a plane: `steps` holds the factors of all lower halves, then those of
    /// all upper ones. Panics when a row lies outside of the plane.
    unsafe fn products(plane: &[u8], stride: usize, rows: &[u32; GROUP], steps: &[i8]) -> Self::I;
}
