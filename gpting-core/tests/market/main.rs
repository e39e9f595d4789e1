//! The bilateral market against published numbers, a slow statement of the same rules, and its promises.
//!
//! `anchors` has the values of the public code and of an independent implementation in another language; `promises` has
//! what must hold for any market; `bound` looks for lists above the upper bound. The large markets are in the benches.

#[cfg(test)]
mod anchors;
#[cfg(test)]
mod bound;
#[cfg(test)]
mod promises;
