//! Proposals.

use gpting_core::matching::slate::{SlateCursor, SlateRequest};
use gpting_core::{Code, Fault};

use crate::endpoint::{Answer, Call, Reply};
use crate::error::Problem;
use crate::wire::matching::{ReachBody, RecommendationBody};

/// How many people are proposed when nobody says.
const SLATE: usize = 10;

/// People to meet, best first.
pub(crate) async fn recommended(call: Call) -> Answer<Vec<RecommendationBody>> {
    let (mut relax_distance, mut relax_age) = (false, false);
    for word in call.query("relax")?.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "distance" => relax_distance = true,
            "age" => relax_age = true,
            _ => return Err(Problem::field("relax", Fault::Unknown)),
        }
    }
    // A cursor goes on over the people it has begun with: with other limits it would skip some.
    let list = format!("recommended/{relax_distance}/{relax_age}");
    let after: Option<SlateCursor> = call.cursor(&list)?;
    let request = SlateRequest { limit: call.limit(SLATE)?, after, relax_distance, relax_age };
    let slate = match call.g().matching().slate(call.me()?, request).await {
        Ok(slate) => slate,
        // Whoever nobody can meet yet meets nobody: an empty list, as the original answered.
        Err(error) if error.code() == Code::ProfileIncomplete => return Ok(Reply::ok(Vec::new())),
        Err(error) => return Err(error.into()),
    };
    let view = call.view()?;
    let body = slate.cards.iter().map(|card| view.recommendation(card, &slate.relaxed)).collect();
    call.paged(Reply::ok(body), &list, slate.next.as_ref())
}

/// How many people each own filter hides.
pub(crate) async fn reach(call: Call) -> Answer<ReachBody> {
    let reach = call.g().matching().reach(call.me()?).await?;
    Ok(Reply::ok(call.view()?.reach(reach)))
}
