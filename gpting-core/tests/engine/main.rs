//! The engine against a slow, independent statement of the same rules, and its promises one by one.
//!
//! `oracle` knows the rules again, in the plainest form and with the standard library's mathematics; `promises` holds
//! the single cases that a random population meets too seldom.

#![expect(clippy::float_cmp, reason = "scores are promised to the last bit")]

#[cfg(test)]
mod everybody;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod random;
