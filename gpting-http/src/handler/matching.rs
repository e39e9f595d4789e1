//! Proposals.

use gpting_core::matching::slate::{SlateCursor, SlateRequest};
use gpting_core::{Code, Fault, Relax};

use crate::endpoint::{Answer, Call, Reply};
use crate::error::Problem;
use crate::wire::matching::{CompatibilityBody, ReachBody, RecommendationBody, relax_words};

/// How many people are proposed when nobody says.
const SLATE: usize = 10;

/// People to meet, best first.
pub(crate) async fn recommended(call: Call) -> Answer<Vec<RecommendationBody>> {
    let relax = relaxation(call.query("relax")?.unwrap_or_default())?;
    // A cursor goes on over the people it has begun with: with other limits it would skip some.
    let list = format!("recommended/{}", relax_words(relax).join(","));
    let after: Option<SlateCursor> = call.cursor(&list)?;
    let request = SlateRequest { limit: call.limit(SLATE)?, after, relax };
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

/// The explained score of a person one may see.
pub(crate) async fn compatibility(call: Call) -> Answer<CompatibilityBody> {
    let other = call.id(Code::MemberNotFound)?;
    let found = call.g().matching().compatibility(call.me()?, other).await?;
    Ok(Reply::ok(call.view()?.compatibility(&found)))
}

/// Which own limits are set aside or widened: `distance`, `age`, `distance:50` (up to so many km), `age:2` (so many years
/// at both ends).
fn relaxation(words: &str) -> Result<Relax, Problem> {
    let refused = |fault| Problem::field("relax", fault);
    let number = |text: &str, max: i64| {
        let number: i64 = text.trim().parse().map_err(|_| refused(Fault::Invalid))?;
        if (1..=max).contains(&number) { Ok(number) } else { Err(refused(Fault::OutOfRange { min: 1, max })) }
    };
    let mut relax = Relax::NONE;
    for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.split_once(':') {
            None if word == "distance" => relax.distance = true,
            None if word == "age" => relax.age = true,
            Some(("distance", km)) => relax.within_km = u16::try_from(number(km, 20_000)?).ok(),
            Some(("age", years)) => relax.age_years = u8::try_from(number(years, 100)?).unwrap_or(u8::MAX),
            None | Some(_) => return Err(refused(Fault::Unknown)),
        }
    }
    Ok(relax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxations_are_whole_or_by_steps() {
        let read = |words| relaxation(words).unwrap();
        assert_eq!(read(""), Relax::NONE);
        assert_eq!(read("distance, age"), Relax { distance: true, age: true, ..Relax::NONE });
        let steps = Relax { within_km: Some(50), age_years: 2, ..Relax::NONE };
        assert_eq!(read("distance:50,age:2"), steps);
        assert_eq!(read(&relax_words(steps).join(",")), steps, "what a step is called is understood");
        for bad in ["gender", "distance:", "distance:0", "distance:20001", "age:x", "age:-1", "age:101", "gender:2"] {
            assert_eq!(relaxation(bad).unwrap_err().status(), 400, "{bad}");
        }
    }
}
