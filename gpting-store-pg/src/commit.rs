//! Applies work: one transaction, or one statement where that is enough.
//!
//! Every change is one statement (erasure is several), and what is sent most often, a message or a decision with its
//! event, is one statement as a whole: a statement is a transaction of its own, so it costs one round trip and holds
//! its row lock for no longer than the commit takes. Larger work runs between `BEGIN` and `COMMIT` under READ COMMITTED,
//! whatever the connection's default is: a statement that has waited for a lock must see what the other has done. A
//! caller who stops waiting leaves it to itself.
//!
//! What the database gives up for somebody else's work is done over here ([`again`](crate::again)).
//!
//! Nothing here sends a `NOTIFY`: notifying transactions commit one at a time.

#[cfg(feature = "accounts")]
use gpting_core::account::{AccountChange, AccountWork};
use gpting_core::profile::Member;
use gpting_core::store::{Change, Committed, Expect, StoreError, StoreResult, Work};
use sqlx::{Postgres, Transaction};

use crate::again::until_won;
use crate::error::commit_error;
use crate::feed;
use crate::lock::Lock;
use crate::on_its_way::Commit;
use crate::{PgStore, group};

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// How many new members go into one statement: enough to make its fixed cost vanish, some two megabytes of documents.
const BATCH: usize = 1_000;

/// Commits work as a whole; a message together with those that come at the same time.
pub(crate) async fn commit(store: &PgStore, mut work: Work) -> StoreResult<Committed> {
    if work.is_empty() {
        return Ok(Committed::default());
    }
    if let ([Change::Append(message)], [] | [_]) = (work.changes.as_slice(), work.events.as_slice()) {
        return group::append(store, message.clone(), work.events.pop()).await;
    }
    commit_alone(store, work).await
}

/// Commits work as a whole, and nothing else with it.
pub(crate) async fn commit_alone(store: &PgStore, work: Work) -> StoreResult<Committed> {
    if let Some(committed) = until_won(|| commit_at_once(store, &work)).await? {
        return Ok(committed);
    }
    let store = store.clone();
    to_its_end(async move {
        until_won(|| async {
            let mut transaction = begin(&store, &work).await?;
            let mut commit = Commit::on(&mut transaction, &store.schema);
            let done = Box::pin(commit.apply(&work)).await;
            let committed = commit.committed();
            finish(transaction, done, committed).await
        })
        .await
    })
    .await
}

/// Commits account changes together with domain changes.
#[cfg(feature = "accounts")]
pub(crate) async fn commit_account(store: &PgStore, work: AccountWork) -> StoreResult<Committed> {
    if work.changes.is_empty() {
        return commit(store, work.work).await;
    }
    let store = store.clone();
    to_its_end(async move {
        until_won(|| async {
            let mut transaction = begin(&store, &work.work).await?;
            let mut commit = Commit::on(&mut transaction, &store.schema);
            let done = Box::pin(commit.apply_account(&work)).await;
            let committed = commit.committed();
            finish(transaction, done, committed).await
        })
        .await
    })
    .await
}

/// Brings a transaction to its end, whether or not the caller goes on waiting.
///
/// A `BEGIN` that is dropped before it is answered is begun all the same, and sqlx (0.9) rolls back only what was
/// answered: the connection would go back to the pool with a transaction open, and swallow the commits of others.
async fn to_its_end(
    transaction: impl Future<Output = StoreResult<Committed>> + Send + 'static,
) -> StoreResult<Committed> {
    let done = tokio::spawn(transaction).await;
    done.unwrap_or_else(|error| Err(StoreError::Internal(Box::new(error))))
}

async fn begin(store: &PgStore, work: &Work) -> StoreResult<Transaction<'static, Postgres>> {
    let is_told =
        |change: &Change| matches!(change, Change::PutMember(..) | Change::PutPair(..) | Change::Erase { .. });
    let statement = if work.changes.iter().any(is_told) { feed::BEGIN } else { BEGIN };
    store.pool.begin_with(store.schema.sql(statement)).await.map_err(commit_error)
}

async fn finish(
    transaction: Transaction<'static, Postgres>,
    done: StoreResult<()>,
    committed: Committed,
) -> StoreResult<Committed> {
    match done {
        Ok(()) => {
            transaction.commit().await.map_err(commit_error)?;
            Ok(committed)
        }
        Err(error) => {
            // Waited for, so that the locks are gone when the caller tries again. A connection that cannot roll back
            // is lost, and with it the transaction.
            drop(transaction.rollback().await);
            Err(error)
        }
    }
}

/// Commits work that one statement can do; none when it takes more, or has to be done under a lock.
async fn commit_at_once(store: &PgStore, work: &Work) -> StoreResult<Option<Committed>> {
    let events = work.events.as_slice();
    let [change] = work.changes.as_slice() else {
        return Ok(None);
    };
    let takes_events = matches!(change, Change::Append(_) | Change::PutPair(..));
    let is_several = if let Change::Take { claims, .. } | Change::GiveBack(claims) = change {
        claims.len() > 1
    } else {
        matches!(change, Change::Erase { .. } | Change::Sweep { .. })
    };
    if is_several || !(takes_events || events.is_empty()) {
        return Ok(None);
    }
    let mut connection = store.pool.acquire().await.map_err(commit_error)?;
    let mut commit = Commit::on(&mut connection, &store.schema);
    if let Change::Append(message) = change {
        if !commit.append_at_once(message, events).await? {
            return Ok(None);
        }
    } else if let Change::PutPair(pair, expect) = change {
        commit.put_pair(pair, *expect, events).await?;
    } else {
        commit.apply_change(change).await?;
    }
    Ok(Some(commit.committed()))
}

impl Commit<'_> {
    async fn apply(&mut self, work: &Work) -> StoreResult<()> {
        self.lock(work.changes.iter().filter_map(Lock::of).collect()).await?;
        self.apply_work(work).await
    }

    #[cfg(feature = "accounts")]
    async fn apply_account(&mut self, work: &AccountWork) -> StoreResult<()> {
        let accounts = work.changes.iter().filter_map(Lock::of_account);
        self.lock(accounts.chain(work.work.changes.iter().filter_map(Lock::of)).collect()).await?;
        self.lock_pendings(&work.changes).await?;
        for change in &work.changes {
            self.apply_account_change(change).await?;
        }
        self.apply_work(&work.work).await
    }

    async fn apply_work(&mut self, work: &Work) -> StoreResult<()> {
        let mut rest = work.changes.as_slice();
        while let [change, after @ ..] = rest {
            let newcomers: Vec<&Member> = rest.iter().take(BATCH).map_while(newcomer).collect();
            if newcomers.len() > 1 {
                self.create_members(&newcomers).await?;
                rest = &rest[newcomers.len()..];
            } else {
                self.apply_change(change).await?;
                rest = after;
            }
        }
        self.tell(&work.events).await
    }

    async fn apply_change(&mut self, change: &Change) -> StoreResult<()> {
        match change {
            Change::PutMember(member, expect) => self.put_member(member, *expect).await,
            Change::PutPair(pair, expect) => self.put_pair(pair, *expect, &[]).await,
            Change::PutRoom(room, expect) => self.put_room(room, *expect).await,
            Change::Append(message) => self.append(message).await,
            Change::MarkRead { room, member, seq, shown } => self.mark_read(*room, *member, *seq, *shown).await,
            Change::Unsend { room, sender, seq } => self.unsend(*room, *sender, *seq).await,
            Change::Hide { room, member, seq } => self.hide(*room, *member, *seq).await,
            Change::Mute { room, member, muted } => self.mute(*room, *member, *muted).await,
            Change::PutTicket(ticket) => self.put_ticket(ticket).await,
            Change::TakeTicket(hash) => self.take_ticket(hash).await,
            Change::Serve { viewer, candidates, at } => self.serve(*viewer, candidates, *at).await,
            Change::DropImpressions { from, to, before } => self.drop_impressions(*from, *to, *before).await,
            Change::PutPicks { day, pairs } => self.put_picks(*day, pairs).await,
            Change::ClearPicks { day } => self.clear_picks(*day).await,
            Change::PutReport(report, expect) => self.put_report(report, *expect).await,
            Change::PutJob(job, expect) => self.put_job(job, *expect).await,
            Change::DeleteJob(id, version) => self.delete_job(*id, *version).await,
            Change::DropEvents(numbers) => self.drop_events(numbers).await,
            Change::Erase { member, tombstone } => self.erase(*member, *tombstone).await,
            Change::DropReports { before } => self.drop_reports(*before).await,
            Change::Take { claims, now } => self.take(claims, *now).await,
            Change::GiveBack(claims) => self.give_back(claims).await,
            Change::Sweep { now } => self.sweep(*now).await,
            Change::LeaveMark(mark) => self.leave_mark(*mark).await,
            Change::Require { member, version } => self.require_member(*member, *version).await,
            Change::KeepMade(made) => self.keep_made(made).await,
            Change::DropMade { member } => self.drop_made(*member).await,
            Change::NoteCall(call) => self.note_call(call).await,
            Change::PutFinding(found) => self.put_finding(found).await,
            Change::DropFindings { member, subject } => self.drop_findings(*member, *subject).await,
            Change::ForgetFindings { member, aspect } => self.forget_findings(*member, *aspect).await,
            _ => Err(unknown()),
        }
    }

    #[cfg(feature = "accounts")]
    async fn apply_account_change(&mut self, change: &AccountChange) -> StoreResult<()> {
        match change {
            AccountChange::PutAccount(account, expect) => self.put_account(account, *expect).await,
            AccountChange::PutSession(session, expect) => self.put_session(session, *expect).await,
            AccountChange::DeleteSession(id) => self.delete_session(*id).await,
            AccountChange::PutPending(pending, expect) => self.put_pending(pending, *expect).await,
            AccountChange::TakePending(id) => self.take_pending(*id).await,
            AccountChange::DropPendings { email } => self.drop_pendings(email).await,
            AccountChange::DropOldPendings { before } => self.drop_old_pendings(*before).await,
            AccountChange::DropEndedSessions { before } => self.drop_ended_sessions(*before).await,
            AccountChange::EraseAccount(member) => self.erase_account(*member).await,
            _ => Err(unknown()),
        }
    }
}

/// The member whom a change creates.
fn newcomer(change: &Change) -> Option<&Member> {
    if let Change::PutMember(member, Expect::New) = change { Some(member) } else { None }
}

/// A change that the library has learned after this store was built: refused, rather than half a work done.
fn unknown() -> StoreError {
    StoreError::Internal("this build of the store does not know a change of the work".into())
}
