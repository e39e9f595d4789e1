//! Login, refresh, logout, and the devices that are signed in.
//!
//! An access token is as good as its session: every request asks whether the session lives, so ending it ends the
//! tokens and the sockets with it. Spent refresh tokens end the whole session (RFC 9700 §4.14.2), except that the last
//! one may come again within a minute while its successor is unused: then an answer was lost.

use std::net::IpAddr;

use super::token::{Identity, Tokens};
use super::{Account, AccountChange, AccountWork, AccountsPart, Session};
use crate::error::{Code, Result};
use crate::gpting::{Accounts, Core, until_fresh};
use crate::id::{MemberId, SessionId};
use crate::port::Hint;
use crate::profile::Standing;
use crate::store::{Change, Expect, Work};

/// What is known of the device that logs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// What it calls itself (`User-Agent`).
    pub agent: String,
    /// Where it calls from.
    pub ip: Option<IpAddr>,
}

/// A successful login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// Who.
    pub member: MemberId,
    /// Their login name.
    pub username: String,
    /// Their tokens.
    pub tokens: Tokens,
}

impl Accounts<'_> {
    /// Logs in by user name or address. A deactivated member comes back by it.
    ///
    /// # Errors
    /// [`Code::WrongCredentials`], told in the same time whether the name exists or not; [`Code::AccountErased`] for the
    /// right password of an account in erasure; [`Error::TooMany`](crate::Error::TooMany) after many wrong passwords, for
    /// this account, from this address or both, wherever they were tried.
    pub async fn login(&self, login: &str, password: &str, device: Device) -> Result<LoggedIn> {
        let core = self.0;
        let accounts = core.accounts()?;
        let (raw, login) = (login, super::login_name::canonical_login(login));
        let account = match &login {
            Some(login) => accounts.store.account_by_login(login).await?,
            None => None,
        };
        let whose = account.as_ref().map(|row| row.value.member);
        // Counted before the password is looked at: a guess that is not counted is a free guess.
        let guess = core.begin_guess(accounts, whose, raw, device.ip).await?;
        let too_long = password.chars().count() > core.config.accounts.password_max_chars;
        let password = if too_long { "" } else { password };
        let stored = account.as_ref().map(|row| row.value.password_hash.clone());
        let verdict = match accounts.passwords.verify(password, stored.as_deref()).await {
            Ok(verdict) => verdict,
            Err(error) => {
                core.take_guess_back(guess).await;
                return Err(error);
            }
        };
        let Some(account) = account.filter(|_| verdict.right) else {
            return Err(Code::WrongCredentials.into());
        };
        core.end_guess(guess).await;
        let fresh_hash =
            if verdict.outdated { Some(accounts.passwords.hash(password, &*core.rng).await?) } else { None };
        core.open_session(accounts, account.value.member, &device, fresh_hash).await
    }

    /// Trades a refresh token for a fresh pair.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`] when it is none of ours, its session has ended, or it was spent before: that ends the
    /// session.
    pub async fn refresh(&self, refresh: &str) -> Result<Tokens> {
        let core = self.0;
        let accounts = core.accounts()?;
        let token = accounts.keys.read_refresh(refresh)?;
        until_fresh(|| async {
            let loaded = accounts.store.session(token.session).await?.ok_or(Code::TokenInvalid)?;
            let (expect, mut session) = (loaded.expect(), loaded.value);
            let (now, config) = (core.now(), &core.config.accounts);
            if session.expires_at <= now || session.idle_until <= now {
                return Err(Code::TokenInvalid.into());
            }
            core.member(session.member)
                .await?
                .filter(|member| member.value.standing == Standing::Active)
                .ok_or(Code::TokenInvalid)?;
            let presented = token.hash();
            let identity = Identity { member: session.member, session: session.id };
            if presented == session.refresh_hash {
                let successor = accounts.keys.successor(&token);
                session.previous_hash = Some(presented);
                session.refresh_hash = successor.hash();
                session.rotated_at = now;
                session.last_seen = now;
                session.idle_until = now + config.session_idle;
                let work = AccountWork::new().change(AccountChange::PutSession(Box::new(session), expect));
                accounts.store.commit_account(work).await?;
                let access = accounts.keys.access(identity, now, config, &*core.rng)?;
                return Ok(Tokens { access, refresh: successor.text() });
            }
            let retried = session.previous_hash.as_deref() == Some(&presented)
                && now.duration_since(session.rotated_at) <= config.refresh_grace;
            if retried {
                let access = accounts.keys.access(identity, now, config, &*core.rng)?;
                return Ok(Tokens { access, refresh: accounts.keys.successor(&token).text() });
            }
            tracing::warn!(session = %session.id, member = %session.member, "a spent refresh token came again");
            core.end(accounts, session.member, &[session.id]).await?;
            Err(Code::TokenInvalid.into())
        })
        .await
    }

    /// Ends the session of a refresh token. A token that is none of ours, or of an ended session, ends nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn logout(&self, refresh: &str) -> Result<()> {
        let core = self.0;
        let accounts = core.accounts()?;
        let Ok(token) = accounts.keys.read_refresh(refresh) else {
            return Ok(());
        };
        let Some(session) = accounts.store.session(token.session).await? else {
            return Ok(());
        };
        core.end(accounts, session.value.member, &[session.value.id]).await
    }

    /// Who an access token speaks for, if its session lives.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`].
    pub async fn authenticate(&self, access: &str) -> Result<Identity> {
        let core = self.0;
        let accounts = core.accounts()?;
        let identity = accounts.keys.read_access(access, core.now(), &core.config.accounts)?;
        if self.is_live(identity).await? { Ok(identity) } else { Err(Code::TokenInvalid.into()) }
    }

    /// Whether a session lives.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_live(&self, identity: Identity) -> Result<bool> {
        let core = self.0;
        let now = core.now();
        let session = core.accounts()?.store.session(identity.session).await?;
        Ok(session.is_some_and(|row| {
            let session = row.value;
            session.member == identity.member && session.expires_at > now && session.idle_until > now
        }))
    }

    /// Those of some sessions that have ended.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ended(&self, sessions: &[SessionId]) -> Result<Vec<SessionId>> {
        let core = self.0;
        Ok(core.accounts()?.store.ended_sessions(sessions, core.now()).await?)
    }

    /// The member's signed-in devices, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sessions(&self, me: MemberId) -> Result<Vec<Session>> {
        let core = self.0;
        let now = core.now();
        let mut sessions = core.accounts()?.store.list_sessions(me).await?;
        sessions.retain(|session| session.expires_at > now && session.idle_until > now);
        Ok(sessions)
    }

    /// Ends one of the member's sessions.
    ///
    /// # Errors
    /// [`Code::NotFound`] when it is not the member's, or has ended.
    pub async fn end_session(&self, me: MemberId, session: SessionId) -> Result<()> {
        let core = self.0;
        let accounts = core.accounts()?;
        let found = accounts.store.session(session).await?.filter(|row| row.value.member == me);
        core.end(accounts, me, &[found.ok_or(Code::NotFound)?.value.id]).await
    }

    /// Ends all of the member's sessions but one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_other_sessions(&self, me: MemberId, keep: Option<SessionId>) -> Result<()> {
        let core = self.0;
        let accounts = core.accounts()?;
        let sessions = accounts.store.list_sessions(me).await?;
        let others: Vec<SessionId> =
            sessions.into_iter().map(|session| session.id).filter(|id| Some(*id) != keep).collect();
        core.end(accounts, me, &others).await
    }

    /// Hides the member until the next login and ends all sessions. A password, where one is given, must be right.
    ///
    /// # Errors
    /// [`Code::WrongCredentials`].
    pub async fn deactivate(&self, me: MemberId, password: Option<&str>) -> Result<()> {
        self.check_password(me, password).await?;
        self.0
            .change_member(me, None, |member, _| {
                member.standing = Standing::Deactivated;
                Ok(())
            })
            .await?;
        self.end_other_sessions(me, None).await
    }

    /// Begins the member's erasure and ends all sessions. A password, where one is given, must be right.
    ///
    /// # Errors
    /// [`Code::WrongCredentials`].
    pub async fn delete(&self, me: MemberId, password: Option<&str>) -> Result<()> {
        let core = self.0;
        let accounts = core.accounts()?;
        self.check_password(me, password).await?;
        until_fresh(|| async {
            let mut work = AccountWork::new();
            for session in accounts.store.list_sessions(me).await? {
                work = work.change(AccountChange::DeleteSession(session.id));
            }
            let work = work.with(core.begin_erasure(me).await?);
            core.commit_account(accounts, work).await?;
            Ok(())
        })
        .await
    }

    /// Holds a password against the member's account, where one is given.
    async fn check_password(&self, me: MemberId, password: Option<&str>) -> Result<()> {
        let Some(password) = password else { return Ok(()) };
        let accounts = self.0.accounts()?;
        let account = accounts.store.account(me).await?.ok_or(Code::WrongCredentials)?;
        let guess = self.0.begin_guess(accounts, Some(me), "", None).await?;
        let verdict = accounts.passwords.verify(password, Some(&account.value.password_hash)).await?;
        if !verdict.right {
            return Err(Code::WrongCredentials.into());
        }
        self.0.end_guess(guess).await;
        Ok(())
    }

    /// The member's own login.
    ///
    /// # Errors
    /// [`Code::NotFound`] when the member has none: the host's users and imported people do not.
    pub async fn account(&self, me: MemberId) -> Result<Account> {
        Ok(self.0.accounts()?.store.account(me).await?.ok_or(Code::NotFound)?.value)
    }

    /// The public keys of access tokens (RFC 7517).
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) when the service was built without accounts.
    pub fn jwks(&self) -> Result<serde_json::Value> {
        Ok(self.0.accounts()?.keys.jwks())
    }
}

impl Core {
    /// Opens a session for a member whose password was right.
    async fn open_session(
        &self,
        accounts: &AccountsPart,
        id: MemberId,
        device: &Device,
        fresh_hash: Option<String>,
    ) -> Result<LoggedIn> {
        until_fresh(|| async {
            let (now, config) = (self.now(), &self.config.accounts);
            let account = accounts.store.account(id).await?.ok_or(Code::WrongCredentials)?;
            let member = self.member(id).await?.ok_or(Code::WrongCredentials)?;
            let mut work = AccountWork::new();
            match member.value.standing {
                Standing::Erasing { .. } => return Err(Code::AccountErased.into()),
                Standing::Active => {}
                Standing::Deactivated => {
                    let mut back = member.value.clone();
                    back.standing = Standing::Active;
                    back.last_active = now;
                    let follows = self.follow(&member.value, &mut back);
                    let mut put = Work::new().change(Change::PutMember(Box::new(back), member.expect()));
                    put.changes.extend(follows);
                    work = work.with(put);
                }
            }
            let (expect, mut kept) = (account.expect(), account.value.clone());
            if let Some(hash) = &fresh_hash {
                kept.password_hash.clone_from(hash);
            }
            if kept != account.value {
                work = work.change(AccountChange::PutAccount(Box::new(kept), expect));
            }
            let session_id = SessionId::draw(&*self.rng);
            let token = accounts.keys.first_refresh(session_id, &*self.rng);
            let session = Session {
                id: session_id,
                member: id,
                device: readable(&device.agent),
                network: device.ip.map(coarse).unwrap_or_default(),
                created_at: now,
                last_seen: now,
                expires_at: now + config.session_ttl,
                idle_until: now + config.session_idle,
                refresh_hash: token.hash(),
                previous_hash: None,
                rotated_at: now,
            };
            for old in accounts.store.list_sessions(id).await?.iter().skip(config.sessions.saturating_sub(1)) {
                work = work.change(AccountChange::DeleteSession(old.id));
            }
            let work = work.change(AccountChange::PutSession(Box::new(session), Expect::New));
            self.commit_account(accounts, work).await?;
            let identity = Identity { member: id, session: session_id };
            let access = accounts.keys.access(identity, now, config, &*self.rng)?;
            let tokens = Tokens { access, refresh: token.text() };
            Ok(LoggedIn { member: id, username: account.value.username, tokens })
        })
        .await
    }

    /// Ends sessions and tells the sockets of their member.
    async fn end(&self, accounts: &AccountsPart, member: MemberId, sessions: &[SessionId]) -> Result<()> {
        let mut work = AccountWork::new();
        for session in sessions {
            work = work.change(AccountChange::DeleteSession(*session));
        }
        accounts.store.commit_account(work).await?;
        self.bus.publish(&[Hint::Member(member)]);
        Ok(())
    }
}

/// What a device calls itself, without control characters and cut to 120 characters.
fn readable(agent: &str) -> String {
    agent.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// The network of an address: /24 or /48. Enough to recognise one's own, not enough to find a flat.
pub(super) fn coarse(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}
