//! Snooze and incognito.

use crate::endpoint::{Answer, Call, Reply};
use crate::wire::visibility::{VisibilityBody, VisibilityChange};

/// From whom one is hidden.
pub(crate) async fn read(call: Call) -> Answer<VisibilityBody> {
    let visibility = call.g().profiles().visibility(call.me()?).await?;
    Ok(Reply::ok(visibility.into()))
}

/// Says from whom to be hidden.
pub(crate) async fn write(call: Call<VisibilityChange>) -> Answer<VisibilityBody> {
    let me = call.me()?;
    let (call, change) = call.take();
    let visibility = call.g().profiles().set_visibility(me, change.into()).await?;
    Ok(Reply::ok(visibility.into()))
}
