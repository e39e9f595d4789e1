//! The laboratory against published and exact figures: what it says about a method is worth what these tests are.

#[cfg(feature = "service")]
mod planted;
mod sequential;
mod speed_dating;
