//! Suggestions from one's own text.

use crate::endpoint::{Answer, Call, Reply};
use crate::wire::suggestion::SuggestionsBody;

/// What the own text suggests to add to the own profile.
pub(crate) async fn suggestions(call: Call) -> Answer<SuggestionsBody> {
    let found = call.g().profiles().suggestions(call.me()?).await?;
    Ok(Reply::ok(call.view()?.suggestions(&found)))
}
