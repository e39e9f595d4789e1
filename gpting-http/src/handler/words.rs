//! Words that help: first lines for two people who have met, hints on one's own profile.

use super::other;
use crate::endpoint::{Answer, Call, Reply};
use crate::wire::words::{HintsBody, OpenersBody};

/// First lines for a match or friend.
pub(crate) async fn openers(call: Call) -> Answer<OpenersBody> {
    let openers = call.g().matching().openers(call.me()?, other(&call)?, call.lang).await?;
    Ok(Reply::ok(openers.into()))
}

/// Hints on the own profile.
pub(crate) async fn coach(call: Call) -> Answer<HintsBody> {
    let hints = call.g().profiles().coach(call.me()?, call.lang).await?;
    Ok(Reply::ok(hints.into()))
}
