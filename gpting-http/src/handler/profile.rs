//! The own profile, other people's cards, where one is met, what one agreed to.

use gpting_core::Code;
use gpting_core::id::MemberId;
use gpting_core::profile::Member;
use gpting_core::store::Versioned;
use http::header;

use super::other;
use crate::endpoint::{Answer, Call, Reply};
use crate::error::Problem;
use crate::lang::said;
use crate::wire::card::CardBody;
use crate::wire::profile::{ConsentsBody, ConsentsChange, LocationBody, LocationChange, OwnProfile, ProfileChange};
use crate::wire::{Message, text_of};

/// The own profile.
pub(crate) async fn own(call: Call) -> Answer<OwnProfile> {
    let member = call.g().profiles().own(call.me()?).await?;
    answer(&call, &member).await
}

/// Changes the own profile. A picture becomes the first one.
pub(crate) async fn edit(call: Call<ProfileChange>) -> Answer<OwnProfile> {
    let me = call.me()?;
    let if_match = if_match(&call)?;
    let (call, change) = call.take();
    let picture = change.profile_picture.clone();
    let mut member = call.g().profiles().edit(me, change.into(), if_match).await?;
    if let Some(picture) = picture {
        super::photo::make_first(&call, &member.value, picture).await?;
        member = call.g().profiles().own(me).await?;
    }
    answer(&call, &member).await
}

async fn answer(call: &Call, member: &Versioned<Member>) -> Answer<OwnProfile> {
    let location = call.g().profiles().location(member.value.id).await?;
    let login = login_of(call, member.value.id).await?;
    let body = call.view()?.own(&member.value, login, location.map(|label| text_of(&label, call.lang)));
    Ok(Reply::ok(body).header(header::ETAG, &format!("\"{}\"", member.version)))
}

/// Login name and address, where there are any.
#[cfg(feature = "accounts")]
async fn login_of(call: &Call, me: MemberId) -> Result<Option<(String, String)>, Problem> {
    use gpting_core::ErrorKind;
    match call.g().accounts().account(me).await {
        Ok(account) => Ok(Some((account.username, account.email))),
        // The host's own users have no login here, nor has a service without accounts any.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unavailable) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(feature = "accounts"))]
#[expect(clippy::unused_async, reason = "the same call as with accounts")]
async fn login_of(_: &Call, _: MemberId) -> Result<Option<(String, String)>, Problem> {
    Ok(None)
}

/// The version that `If-Match` names; `*` is any.
fn if_match<I>(call: &Call<I>) -> Result<Option<u64>, Problem> {
    let Some(value) = call.headers.get(header::IF_MATCH) else { return Ok(None) };
    let tag = value.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Ok(None);
    }
    let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| tag.parse().ok());
    // A tag that is none of ours names no present version.
    version.map(Some).ok_or_else(|| Code::ProfileChanged.into())
}

/// The card of a person one may see.
pub(crate) async fn card(call: Call) -> Answer<CardBody> {
    let card = call.g().profiles().card(call.me()?, other(&call)?).await?;
    Ok(Reply::ok(call.view()?.card(&card)))
}

/// Where one is met.
pub(crate) async fn location(call: Call) -> Answer<LocationBody> {
    let label = call.g().profiles().location(call.me()?).await?;
    Ok(Reply::ok(LocationBody { message: None, location: label.map(|label| text_of(&label, call.lang)) }))
}

/// Sets where one is met.
pub(crate) async fn locate(call: Call<LocationChange>) -> Answer<LocationBody> {
    let me = call.me()?;
    let (call, change) = call.take();
    let label = call.g().profiles().locate(me, change.into()).await?;
    Ok(Reply::created(LocationBody {
        message: Some(said(call.lang, "위치가 저장되었습니다.", "Your location has been saved.")),
        location: label.map(|label| text_of(&label, call.lang)),
    }))
}

/// Forgets where one is met.
pub(crate) async fn unlocate(call: Call) -> Answer<Message> {
    call.g().profiles().unlocate(call.me()?).await?;
    Ok(Reply::ok(Message::said(call.lang, "위치가 삭제되었습니다.", "Your location has been deleted.")))
}

/// What one has agreed to.
pub(crate) async fn consents(call: Call) -> Answer<ConsentsBody> {
    Ok(Reply::ok(call.g().profiles().consents(call.me()?).await?.into()))
}

/// Gives or withdraws consent.
pub(crate) async fn set_consents(call: Call<ConsentsChange>) -> Answer<ConsentsBody> {
    let me = call.me()?;
    let (call, change) = call.take();
    Ok(Reply::ok(call.g().profiles().set_consents(me, change.inputs()).await?.into()))
}
