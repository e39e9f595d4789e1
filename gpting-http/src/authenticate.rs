//! Who is calling: the port by which a host plugs in its own login, and the one over our own accounts.
//!
//! Called by the service for every route that is not public, and by sockets: before the upgrade, for a token in a
//! frame, and every second or so while they live ([`Authenticate::ended`]).
//! Invariant: no implementation says why a proof is wrong; all of it is one 401.

use std::fmt::Debug;

use async_trait::async_trait;
use gpting_core::id::{MemberId, SessionId};

/// Somebody who has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The member.
    pub member: MemberId,
    /// The signed-in device, where the login knows such a thing.
    pub session: Option<SessionId>,
}

/// What somebody shows to prove who they are.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The head of a request: `Authorization`, a cookie, extensions set by a layer of the host.
    Head(&'a http::request::Parts),
    /// A bare token: `?token=` of a socket's address, or the `auth` frame.
    Token(&'a str),
}

/// Why somebody is not known.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Nothing was shown that could prove anything.
    #[error("nobody is signed in")]
    Missing,
    /// What was shown proves nothing.
    #[error("the proof is not valid")]
    Invalid,
    /// It could not be found out, or the member is known and refused (deactivated, being erased).
    #[error("the caller could not be told")]
    Core(#[from] gpting_core::Error),
}

/// Tells who is calling.
///
/// # Examples
/// ```
/// use gpting_core::{Gpting, id::HostId};
/// use gpting_http::{AuthError, Authenticate, Caller, Proof};
///
/// /// The host's gateway has already checked the user and says so in a header.
/// #[derive(Debug)]
/// struct GatewayAuth(Gpting);
///
/// #[async_trait::async_trait]
/// impl Authenticate for GatewayAuth {
///     async fn authenticate(&self, proof: Proof<'_>) -> Result<Caller, AuthError> {
///         let Proof::Head(head) = proof else { return Err(AuthError::Invalid) };
///         let user = head.headers.get("x-user-id").ok_or(AuthError::Missing)?;
///         let user = user.to_str().map_err(|_| AuthError::Invalid)?;
///         let member = self.0.members().ensure(HostId::new(user)).await?;
///         Ok(Caller { member, session: None })
///     }
///
///     async fn still_valid(&self, _caller: &Caller) -> Result<bool, AuthError> {
///         Ok(true)
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticate: Debug + Send + Sync + 'static {
    /// Who shows this proof.
    ///
    /// # Errors
    /// [`AuthError::Missing`] without a proof, [`AuthError::Invalid`] for a wrong or expired one, [`AuthError::Core`]
    /// when it cannot be found out.
    async fn authenticate(&self, proof: Proof<'_>) -> Result<Caller, AuthError>;

    /// Whether somebody who was authenticated before still is: their session has not ended. An error counts as yes, so
    /// that an unreachable store does not throw everybody out.
    ///
    /// # Errors
    /// When it cannot be found out.
    async fn still_valid(&self, caller: &Caller) -> Result<bool, AuthError>;

    /// Those of some callers whose session has ended. Asked about everybody with an open socket, about every 700 ms; whoever
    /// can answer for many at once should. An error counts as nobody.
    ///
    /// # Errors
    /// When it cannot be found out.
    async fn ended(&self, callers: &[Caller]) -> Result<Vec<Caller>, AuthError> {
        let mut ended = Vec::new();
        for caller in callers {
            if !self.still_valid(caller).await? {
                ended.push(*caller);
            }
        }
        Ok(ended)
    }
}

/// The token of `Authorization: Bearer …`, if there is one.
pub fn bearer(headers: &http::HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Callers by the access tokens of our own accounts.
#[cfg(feature = "accounts")]
#[derive(Clone, Debug)]
pub struct AccountAuth {
    g: gpting_core::Gpting,
}

#[cfg(feature = "accounts")]
impl AccountAuth {
    /// Callers by the accounts of this service.
    pub fn new(g: gpting_core::Gpting) -> Self {
        Self { g }
    }
}

#[cfg(feature = "accounts")]
#[async_trait]
impl Authenticate for AccountAuth {
    async fn authenticate(&self, proof: Proof<'_>) -> Result<Caller, AuthError> {
        let token = match proof {
            Proof::Head(head) => bearer(&head.headers).ok_or(AuthError::Missing)?,
            Proof::Token(token) => token,
        };
        let identity = self.g.accounts().authenticate(token).await?;
        Ok(Caller { member: identity.member, session: Some(identity.session) })
    }

    async fn still_valid(&self, caller: &Caller) -> Result<bool, AuthError> {
        match caller.session {
            Some(session) => {
                let identity = gpting_core::account::Identity { member: caller.member, session };
                Ok(self.g.accounts().is_live(identity).await?)
            }
            None => Ok(true),
        }
    }

    async fn ended(&self, callers: &[Caller]) -> Result<Vec<Caller>, AuthError> {
        let sessions: Vec<SessionId> = callers.iter().filter_map(|caller| caller.session).collect();
        let ended = self.g.accounts().ended(&sessions).await?;
        let has_ended = |caller: &&Caller| caller.session.is_some_and(|session| ended.contains(&session));
        Ok(callers.iter().filter(has_ended).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        let mut headers = http::HeaderMap::new();
        assert_eq!(bearer(&headers), None);
        for (value, token) in
            [("Bearer abc", Some("abc")), ("bearer  abc ", Some("abc")), ("Basic abc", None), ("Bearerabc", None)]
        {
            headers.insert(http::header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bearer(&headers), token, "{value}");
        }
    }
}
