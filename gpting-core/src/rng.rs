//! Randomness as a port: the library never reaches for an ambient random source.
//!
//! Everything random (ids, codes, tokens, salts) is drawn from the [`Rng`] that the builder was given, so a test
//! with a seed is repeatable. Called by the use-cases; calls the operating system only in [`SystemRng`].

use std::fmt::Debug;
use std::sync::Mutex;

/// A source of random bytes.
///
/// Contract: every call fills the whole buffer; an implementation that guards accounts must be cryptographically
/// secure ([`SystemRng`] is).
pub trait Rng: Debug + Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// A number drawn uniformly from `0..bound`, without modulo bias.
    ///
    /// # Panics
    /// If `bound` is zero.
    fn below(&self, bound: u32) -> u32 {
        assert!(bound > 0, "an empty range has no numbers to draw");
        let zone = u32::MAX - u32::MAX % bound;
        let mut bytes = [0; 4];
        loop {
            self.fill(&mut bytes);
            let drawn = u32::from_le_bytes(bytes);
            if drawn < zone {
                return drawn % bound;
            }
        }
    }
}

/// The operating system's cryptographically secure generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's randomness enters")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A repeatable generator for tests and simulations (`SplitMix64`). Not for secrets.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug)]
pub struct SeededRng(Mutex<u64>);

impl SeededRng {
    /// The generator with this seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
