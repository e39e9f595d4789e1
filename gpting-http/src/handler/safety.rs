//! Blocks, reports, leaving.

use gpting_core::safety::ReportInput;
use gpting_core::store::Before;

use super::{next_of, other, required};
use crate::endpoint::{Answer, Call, Reply};
use crate::lang::said;
use crate::wire::Message;
use crate::wire::interaction::Person;
use crate::wire::safety::{BlockBody, Leaving, ReportDraft, ReportedBody};

/// Whom one blocks.
pub(crate) async fn blocks(call: Call) -> Answer<Vec<BlockBody>> {
    let page = call.page("blocks")?;
    let rows = call.g().safety().blocks(call.me()?, page).await?;
    let next = next_of(&rows, page.limit, |row| Before { at: row.since, id: row.id.value() });
    call.paged(Reply::ok(rows.iter().map(BlockBody::from).collect()), "blocks", next.as_ref())
}

/// Blocks somebody.
pub(crate) async fn block(call: Call<Person>) -> Answer<Message> {
    let who = required(call.input.user_profile, "user_profile")?;
    let already = call.g().safety().block(call.me()?, who).await?;
    let body = if already {
        Message::said(call.lang, "이미 차단한 상대입니다.", "You have blocked them already.")
    } else {
        Message::said(call.lang, "차단하였습니다.", "They are blocked.")
    };
    Ok(Reply::created_unless(already, body))
}

/// Lifts one's own block.
pub(crate) async fn unblock(call: Call) -> Answer<Message> {
    call.g().safety().unblock(call.me()?, other(&call)?).await?;
    Ok(Reply::ok(Message::said(call.lang, "차단을 해제했습니다.", "The block has been lifted.")))
}

/// Reports somebody.
pub(crate) async fn report(call: Call<ReportDraft>) -> Answer<ReportedBody> {
    let me = call.me()?;
    let (call, draft) = call.take();
    let input = ReportInput {
        subject: required(draft.user_profile, "user_profile")?,
        reason: required(draft.reason, "reason")?,
        detail: draft.detail.unwrap_or_default(),
        seq: draft.seq,
    };
    let id = call.g().safety().report(me, input).await?.value();
    let message = said(call.lang, "신고가 접수되었습니다.", "Your report has been received.");
    Ok(Reply::created(ReportedBody { message, id }))
}

/// Erases the account: hidden at once, gone when the term ends.
pub(crate) async fn delete(call: Call<Leaving>) -> Answer<Message> {
    let me = call.me()?;
    #[cfg(feature = "accounts")]
    {
        use gpting_core::ErrorKind;
        match call.g().accounts().delete(me, call.input.password.as_deref()).await {
            // A service without accounts has nothing but the member to erase.
            Err(error) if error.kind() == ErrorKind::Unavailable => call.g().safety().erase(me).await?,
            done => done?,
        }
    }
    #[cfg(not(feature = "accounts"))]
    call.g().safety().erase(me).await?;
    Ok(Reply::ok(Message::said(call.lang, "회원탈퇴가 완료되었습니다.", "Your account has been deleted.")))
}
