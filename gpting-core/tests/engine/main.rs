//! The engine against a slow, independent statement of the same rules, and its promises one by one.
//!
//! `oracle` knows the rules again, in the plainest form and with the standard library's mathematics. `random` plays with
//! few people and all their history; `crowd` makes populations of many leaves, which `exact` searches and `churn` changes;
//! `edges` and `promises` hold the single cases that a random population meets too seldom; `saved` saves and
//! loads, `regions` cuts the market, `everybody` asks for all pages and the market at once.

#![expect(clippy::float_cmp, reason = "scores are promised to the last bit")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "random numbers of people are made of small ranges"
)]

#[cfg(test)]
mod churn;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod everybody;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod random;
#[cfg(test)]
mod regions;
#[cfg(test)]
mod saved;
#[cfg(test)]
mod taste;
