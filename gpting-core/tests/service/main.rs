//! The service over the memory store: what people do, end to end, without HTTP.

#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a failed step fails its test")]
#![expect(unreachable_pub, reason = "a test is a crate without users")]

mod accounts;
mod assist;
mod assist_kept;
mod assist_made;
mod assist_spent;
mod chat;
mod embedding;
mod entitlements;
mod exposures;
mod fit;
mod live;
mod matching;
mod moderation;
mod outcomes;
mod people;
mod round;
mod safety;
mod snapshot;
mod visibility;
