//! The service over the memory store: what people do, end to end, without HTTP.

#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a failed step fails its test")]

mod accounts;
mod chat;
mod matching;
mod people;
mod safety;
