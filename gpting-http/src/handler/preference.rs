//! Wishes, and the catalogue.

use crate::endpoint::{Answer, Call, Reply};
use crate::wire::preference::{AttributesBody, InterestsBody, PreferencesBody, PreferencesChange};

/// Whom one wishes to meet.
pub(crate) async fn read(call: Call) -> Answer<PreferencesBody> {
    let preferences = call.g().profiles().preferences(call.me()?).await?;
    Ok(Reply::ok((&preferences).into()))
}

/// Says whom one wishes to meet.
pub(crate) async fn write(call: Call<PreferencesChange>) -> Answer<PreferencesBody> {
    let me = call.me()?;
    let (call, change) = call.take();
    let preferences = call.g().profiles().set_preferences(me, change.into()).await?;
    Ok(Reply::ok((&preferences).into()))
}

/// The interests there are.
pub(crate) fn interests(call: &Call) -> InterestsBody {
    InterestsBody::of(call.g().profiles().catalogue().categories(), call.lang)
}

/// The attributes there are.
pub(crate) fn attributes(call: &Call) -> AttributesBody {
    AttributesBody::of(call.g().profiles().catalogue().attributes(), call.lang)
}
