//! Applies one work to the open transaction of the writer.
//!
//! Called by [`writer`](crate::writer), which opens and ends the transaction; calls the file of each noun. What a
//! change expects is part of the statement that makes it, so nothing is looked at first and written later.

#[cfg(feature = "accounts")]
use gpting_core::account::AccountChange;
use gpting_core::profile::Member;
use gpting_core::store::{Change, Committed, Expect, StoreResult, Work};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::statement::unknown_change;
use crate::{
    allowance, assist, erase, event, finding, impression, job, member, message, pair, pick, report, room, ticket,
};

/// Everything that one call wants committed.
#[derive(Debug)]
pub(crate) struct Whole {
    /// Account changes, applied first.
    #[cfg(feature = "accounts")]
    pub(crate) account: Vec<AccountChange>,
    /// Domain changes and events.
    pub(crate) work: Work,
}

/// What applying a work did.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The answer, once the transaction is committed.
    pub(crate) committed: Committed,
    /// Whether something was erased that no file may keep.
    pub(crate) erased: bool,
}

/// Applies all changes, in order, and then the events.
pub(crate) async fn apply(connection: &mut SqliteConnection, whole: Whole, now: Timestamp) -> StoreResult<Applied> {
    let mut applied = Applied::default();
    #[cfg(feature = "accounts")]
    for change in &whole.account {
        applied.erased |= crate::account::apply(connection, change).await?;
    }
    let mut newcomers = Vec::new();
    for change in whole.work.changes {
        if let Change::PutMember(member, Expect::New) = change {
            newcomers.push(*member);
            continue;
        }
        insert_waiting(connection, &mut newcomers).await?;
        apply_one(connection, change, now, &mut applied).await?;
    }
    insert_waiting(connection, &mut newcomers).await?;
    event::put(connection, &whole.work.events).await?;
    if applied.erased {
        erase::note(connection).await?;
    }
    Ok(applied)
}

/// Puts new members that followed each other in by one statement.
async fn insert_waiting(connection: &mut SqliteConnection, newcomers: &mut Vec<Member>) -> StoreResult<()> {
    if !newcomers.is_empty() {
        member::insert(connection, newcomers).await?;
        newcomers.clear();
    }
    Ok(())
}

async fn apply_one(
    connection: &mut SqliteConnection,
    change: Change,
    now: Timestamp,
    applied: &mut Applied,
) -> StoreResult<()> {
    match change {
        Change::PutMember(member, expect) => match expect {
            Expect::New => member::insert(connection, &[*member]).await,
            Expect::Version(version) => member::update(connection, &member, version).await,
        },
        Change::PutPair(pair, expect) => pair::put(connection, &pair, expect).await,
        Change::PutRoom(room, expect) => room::put(connection, &room, expect).await,
        Change::Append(message) => {
            let appended = message::append(connection, message).await?;
            applied.committed.appended.push(appended);
            Ok(())
        }
        Change::MarkRead { room, member, seq, shown } => message::mark_read(connection, room, member, seq, shown).await,
        Change::Unsend { room, sender, seq } => message::unsend(connection, room, sender, seq).await,
        Change::Hide { room, member, seq } => message::hide(connection, room, member, seq).await,
        Change::Mute { room, member, muted } => room::mute(connection, room, member, muted).await,
        Change::PutTicket(ticket) => ticket::put(connection, &ticket).await,
        Change::TakeTicket(hash) => ticket::take(connection, hash).await,
        Change::Serve { viewer, candidates, at } => impression::serve(connection, viewer, &candidates, at).await,
        Change::DropImpressions { from, to, before } => impression::drop_old(connection, from, to, before).await,
        Change::PutPicks { day, pairs } => pick::put(connection, day, &pairs).await,
        Change::ClearPicks { day } => pick::clear(connection, day).await,
        Change::PutReport(report, expect) => report::put(connection, &report, expect).await,
        Change::PutJob(job, expect) => job::put(connection, &job, expect).await,
        Change::DeleteJob(id, version) => job::delete(connection, id, version).await,
        Change::DropEvents(numbers) => event::drop_numbers(connection, &numbers).await,
        Change::Erase { member, tombstone } => {
            applied.erased |= erase::member(connection, member, tombstone, now).await?;
            Ok(())
        }
        Change::Take { claims, now } => {
            let left = allowance::take(connection, &claims, now).await?;
            applied.committed.left = applied.committed.left.into_iter().chain(left).min();
            Ok(())
        }
        Change::GiveBack(claims) => allowance::give_back(connection, &claims).await,
        Change::Sweep { now } => {
            allowance::sweep(connection, now).await?;
            assist::sweep(connection, now).await?;
            finding::sweep(connection, now).await
        }
        Change::DropReports { before } => {
            applied.erased |= report::drop_ended(connection, before).await? > 0;
            Ok(())
        }
        Change::Require { member, version } => assist::require(connection, member, version).await,
        Change::KeepMade(made) => assist::keep(connection, &made).await,
        Change::DropMade { member } => assist::drop_made(connection, member).await,
        Change::NoteCall(call) => assist::note(connection, &call).await,
        Change::PutFinding(found) => finding::put(connection, &found).await,
        Change::DropFindings { member, subject } => finding::drop_all(connection, member, subject).await,
        Change::ForgetFindings { member, aspect } => finding::forget(connection, member, aspect).await,
        Change::LeaveMark(mark) => erase::leave_mark(connection, mark, now).await,
        // The enum grows in minor versions of the core; a store that does not know a change must not pass over it.
        unknown => {
            tracing::error!(change = ?std::mem::discriminant(&unknown), "store.sqlite.unknown_change");
            Err(unknown_change())
        }
    }
}
