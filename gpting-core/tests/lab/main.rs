//! The laboratory against published and exact figures: what it says about a method is worth what these tests are.

mod sequential;
mod speed_dating;
