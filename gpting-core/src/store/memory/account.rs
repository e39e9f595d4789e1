//! The accounts in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;

use super::super::{Committed, StoreError, StoreResult, Unique, Versioned};
use super::{MemoryStore, State, put};
use crate::account::{Account, AccountChange, AccountStore, AccountWork, PendingSignUp, Session};
use crate::id::{MemberId, PendingId, SessionId};
use crate::store::Expect;

/// The rows of accounts.
#[derive(Clone, Debug, Default)]
pub(super) struct AccountState {
    accounts: BTreeMap<MemberId, Versioned<Account>>,
    sessions: BTreeMap<SessionId, Versioned<Session>>,
    pendings: BTreeMap<PendingId, Versioned<PendingSignUp>>,
}

impl AccountState {
    fn apply(&mut self, change: AccountChange) -> StoreResult<()> {
        match change {
            AccountChange::PutAccount(account, expect) => self.put_account(*account, expect)?,
            AccountChange::PutSession(session, expect) => {
                put(&mut self.sessions, session.id, *session, expect)?;
            }
            AccountChange::DeleteSession(id) => {
                self.sessions.remove(&id);
            }
            AccountChange::PutPending(pending, expect) => {
                put(&mut self.pendings, pending.id, *pending, expect)?;
            }
            AccountChange::TakePending(id) => {
                self.pendings.remove(&id).ok_or(StoreError::Stale)?;
            }
            AccountChange::DropPendings { email } => {
                self.pendings.retain(|_, row| row.value.email_canonical != email);
            }
            AccountChange::DropOldPendings { before } => self.pendings.retain(|_, row| row.value.created_at >= before),
            AccountChange::DropEndedSessions { before } => self.sessions.retain(|_, row| row.value.ends_at() >= before),
            AccountChange::EraseAccount(member) => {
                if let Some(account) = self.accounts.remove(&member) {
                    self.pendings.retain(|_, row| row.value.email_canonical != account.value.email_canonical);
                }
                self.sessions.retain(|_, row| row.value.member != member);
            }
        }
        Ok(())
    }

    fn put_account(&mut self, account: Account, expect: Expect) -> StoreResult<()> {
        for other in self.accounts.values().map(|row| &row.value).filter(|other| other.member != account.member) {
            if other.username == account.username {
                return Err(StoreError::Conflict { what: Unique::Username });
            }
            if other.email_canonical == account.email_canonical {
                return Err(StoreError::Conflict { what: Unique::Email });
            }
        }
        put(&mut self.accounts, account.member, account, expect)?;
        Ok(())
    }
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn commit_account(&self, work: AccountWork) -> StoreResult<Committed> {
        self.transact(|state: &mut State| {
            for change in work.changes {
                state.accounts.apply(change)?;
            }
            state.apply(work.work)
        })
    }

    async fn account(&self, member: MemberId) -> StoreResult<Option<Versioned<Account>>> {
        Ok(self.lock().accounts.accounts.get(&member).cloned())
    }

    async fn account_by_login(&self, login: &str) -> StoreResult<Option<Versioned<Account>>> {
        let state = self.lock();
        let named = |row: &&Versioned<Account>| row.value.username == login || row.value.email_canonical == login;
        Ok(state.accounts.accounts.values().find(named).cloned())
    }

    async fn session(&self, id: SessionId) -> StoreResult<Option<Versioned<Session>>> {
        Ok(self.lock().accounts.sessions.get(&id).cloned())
    }

    async fn ended_sessions(&self, sessions: &[SessionId], now: jiff::Timestamp) -> StoreResult<Vec<SessionId>> {
        let state = self.lock();
        let lives = |id: &SessionId| state.accounts.sessions.get(id).is_some_and(|row| row.value.ends_at() > now);
        Ok(sessions.iter().filter(|id| !lives(id)).copied().collect())
    }

    async fn list_sessions(&self, member: MemberId) -> StoreResult<Vec<Session>> {
        let state = self.lock();
        let mine = state.accounts.sessions.values().filter(|row| row.value.member == member);
        let mut sessions: Vec<Session> = mine.map(|row| row.value.clone()).collect();
        sessions.sort_by_key(|session| Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn pending(&self, id: PendingId) -> StoreResult<Option<Versioned<PendingSignUp>>> {
        Ok(self.lock().accounts.pendings.get(&id).cloned())
    }

    async fn pendings_by_email(&self, email: &str) -> StoreResult<Vec<Versioned<PendingSignUp>>> {
        let state = self.lock();
        let same = state.accounts.pendings.values().filter(|row| row.value.email_canonical == email);
        let mut pendings: Vec<_> = same.cloned().collect();
        pendings.sort_by_key(|row| Reverse((row.value.created_at, row.value.id)));
        Ok(pendings)
    }
}
