//! The store of accounts: a second trait on top of [`Store`], so that a host with its own login implements only the
//! first.

use async_trait::async_trait;

use super::{Account, PendingSignUp, Session};
use crate::id::{MemberId, PendingId, SessionId};
use crate::store::{Committed, Expect, Store, StoreResult, Versioned, Work};

/// One change of the account tables.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AccountChange {
    /// Creates or replaces an account. User name and canonical address are unique.
    PutAccount(Box<Account>, Expect),
    /// Creates or replaces a session.
    PutSession(Box<Session>, Expect),
    /// Deletes a session, if it is there.
    DeleteSession(SessionId),
    /// Creates or replaces a pending sign-up. Claims nothing: any number may share an address or a name.
    PutPending(Box<PendingSignUp>, Expect),
    /// Uses up a pending sign-up: the work is stale when it is not there any more.
    TakePending(PendingId),
    /// Deletes every pending sign-up with this canonical address.
    DropPendings {
        /// The canonical address.
        email: String,
    },
    /// Deletes pending sign-ups created before this time.
    DropOldPendings {
        /// The time.
        before: jiff::Timestamp,
    },
    /// Deletes sessions that ended before this time, by [`Session::ends_at`].
    DropEndedSessions {
        /// The time.
        before: jiff::Timestamp,
    },
    /// Deletes a member's account, sessions, and pending sign-ups with the account's address.
    EraseAccount(MemberId),
}

/// Account changes together with domain changes, committed as one.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "work does nothing until it is committed"]
pub struct AccountWork {
    /// The account changes, applied first, in this order.
    pub changes: Vec<AccountChange>,
    /// The domain changes.
    pub work: Work,
}

impl AccountWork {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an account change.
    pub fn change(mut self, change: AccountChange) -> Self {
        self.changes.push(change);
        self
    }

    /// Adds domain changes.
    pub fn with(mut self, work: Work) -> Self {
        self.work.changes.extend(work.changes);
        self.work.events.extend(work.events);
        self
    }
}

/// Everything remembered about accounts.
#[async_trait]
pub trait AccountStore: Store {
    /// Does all of the work, or nothing; promises what [`Store::commit`] promises.
    ///
    /// # Errors
    /// [`StoreError::Stale`](crate::store::StoreError::Stale) when a row is not as expected,
    /// [`StoreError::Conflict`](crate::store::StoreError::Conflict) when a name or address is taken.
    async fn commit_account(&self, work: AccountWork) -> StoreResult<Committed>;

    /// A member's account.
    async fn account(&self, member: MemberId) -> StoreResult<Option<Versioned<Account>>>;

    /// The account with this canonical user name or canonical address.
    async fn account_by_login(&self, login: &str) -> StoreResult<Option<Versioned<Account>>>;

    /// A session.
    async fn session(&self, id: SessionId) -> StoreResult<Option<Versioned<Session>>>;

    /// Those of some sessions that have ended by `now`: deleted, or run out. Asked about once a second for every session
    /// with an open socket, so it should be one statement.
    async fn ended_sessions(&self, sessions: &[SessionId], now: jiff::Timestamp) -> StoreResult<Vec<SessionId>>;

    /// A member's sessions, newest first.
    async fn list_sessions(&self, member: MemberId) -> StoreResult<Vec<Session>>;

    /// A pending sign-up.
    async fn pending(&self, id: PendingId) -> StoreResult<Option<Versioned<PendingSignUp>>>;

    /// Pending sign-ups with this canonical address, newest first.
    async fn pendings_by_email(&self, email: &str) -> StoreResult<Vec<Versioned<PendingSignUp>>>;
}
