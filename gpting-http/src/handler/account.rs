//! Sign-up, login, tokens, devices.

use std::future::{Ready, ready};

use gpting_core::account::Device;
use gpting_core::{Code, Error};
use http::{HeaderValue, Response, header};

use crate::body::Body;
use crate::endpoint::{Answer, Call, Reply};
use crate::error::Problem;
use crate::lang::said;
use crate::wire::Message;
use crate::wire::account::{Address, LoggedInBody, Login, MailedCode, Refresh, SessionBody, SignUpForm, TokensBody};
use crate::wire::safety::Leaving;

/// Begins a sign-up; a code is mailed.
pub(crate) async fn sign_up(call: Call<SignUpForm>) -> Answer<Message> {
    let (call, form) = call.take();
    call.g().accounts().sign_up_from(form.into(), call.lang, call.client).await?;
    Ok(Reply::ok(mailed(&call)))
}

/// Mails the code again.
pub(crate) async fn resend(call: Call<Address>) -> Answer<Message> {
    call.g().accounts().resend_code_from(&call.input.email, call.client).await?;
    Ok(Reply::ok(mailed(&call)))
}

fn mailed<I>(call: &Call<I>) -> Message {
    Message::said(call.lang, "인증 코드가 이메일로 전송되었습니다.", "A code has been sent to your e-mail address.")
}

/// Ends a sign-up by its code.
pub(crate) async fn verify(call: Call<MailedCode>) -> Answer<Message> {
    call.g().accounts().verify_email(&call.input.email, &call.input.code).await?;
    Ok(Reply::created(Message::said(call.lang, "회원가입이 완료되었습니다.", "Your account is ready.")))
}

/// Logs in, as the original answered it.
pub(crate) async fn login(call: Call<Login>) -> Answer<LoggedInBody> {
    let logged_in = log_in(&call).await.map_err(|error| Problem::from(error).with("success", false))?;
    Ok(Reply::ok(LoggedInBody {
        username: logged_in.username,
        success: true,
        message: said(call.lang, "로그인 성공", "Logged in."),
        access: logged_in.tokens.access,
        refresh: logged_in.tokens.refresh,
    }))
}

/// Logs in, tokens only.
pub(crate) async fn token(call: Call<Login>) -> Answer<TokensBody> {
    Ok(Reply::ok(log_in(&call).await?.tokens.into()))
}

async fn log_in(call: &Call<Login>) -> Result<gpting_core::account::LoggedIn, Error> {
    let agent = call.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let device = Device { agent: agent.to_owned(), ip: call.client };
    call.g().accounts().login(&call.input.username, &call.input.password, device).await
}

/// Fresh tokens for a refresh token, once.
pub(crate) async fn refresh(call: Call<Refresh>) -> Answer<TokensBody> {
    Ok(Reply::ok(call.g().accounts().refresh(&call.input.refresh).await?.into()))
}

/// Ends the session of a refresh token.
pub(crate) async fn logout(call: Call<Refresh>) -> Answer<Message> {
    call.g().accounts().logout(&call.input.refresh).await?;
    Ok(Reply::ok(Message::said(call.lang, "로그아웃 완료", "Logged out.")))
}

/// Devices signed in.
pub(crate) async fn sessions(call: Call) -> Answer<Vec<SessionBody>> {
    let current = call.caller.and_then(|caller| caller.session);
    let sessions = call.g().accounts().sessions(call.me()?).await?;
    Ok(Reply::ok(sessions.iter().map(|session| SessionBody::of(session, current)).collect()))
}

/// Signs out every device, this one included.
pub(crate) async fn end_sessions(call: Call) -> Answer<Message> {
    call.g().accounts().end_other_sessions(call.me()?, None).await?;
    Ok(Reply::ok(Message::said(call.lang, "모든 기기에서 로그아웃되었습니다.", "Every device has been signed out.")))
}

/// Signs out one device.
pub(crate) async fn end_session(call: Call) -> Answer<Message> {
    call.g().accounts().end_session(call.me()?, call.id(Code::NotFound)?).await?;
    Ok(Reply::ok(Message::said(call.lang, "기기에서 로그아웃되었습니다.", "The device has been signed out.")))
}

/// Hides the account until the next login.
pub(crate) async fn deactivate(call: Call<Leaving>) -> Answer<Message> {
    call.g().accounts().deactivate(call.me()?, call.input.password.as_deref()).await?;
    Ok(Reply::ok(Message::said(
        call.lang,
        "계정이 비활성화되었습니다. 다시 로그인하면 활성화됩니다.",
        "Your account is hidden until you log in again.",
    )))
}

/// The public keys of access tokens.
pub(crate) fn jwks(call: Call) -> Ready<Result<Response<Body>, Problem>> {
    let Call { shared, .. } = call;
    ready(shared.g.accounts().jwks().map_err(Problem::from).map(|keys| {
        let mut response = Response::new(Body::from(keys.to_string()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        response
    }))
}
