//! The one order in which rows are locked, so that two works never wait for each other.
//!
//! Changes are applied in the order of their work, which decides what a caller is told when several of them fail. Where
//! that order differs from the canonical one (tables as in [`Table`], rows by key), the rows are locked beforehand in
//! the canonical order. The works of the library are in that order already and pay nothing.
//!
//! What this cannot order (new rows that collide in a unique value, an erasure beside other changes) PostgreSQL detects
//! and ends for one of the two, which is done over ([`again`](crate::again)).

#[cfg(feature = "accounts")]
use gpting_core::account::AccountChange;
use gpting_core::store::{Change, Expect, StoreResult};

use crate::on_its_way::Commit;

/// Tables whose rows a change locks, in the order of locking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    #[cfg(feature = "accounts")]
    Account,
    #[cfg(feature = "accounts")]
    Session,
    #[cfg(feature = "accounts")]
    Pending,
    Member,
    Room,
    ReadMark,
    Pair,
    Report,
    Job,
}

/// A row that a change locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lock {
    table: Table,
    key: (i64, i64),
}

impl Lock {
    fn row(table: Table, key: i64) -> Self {
        Self { table, key: (key, 0) }
    }

    fn put(expect: Expect, table: Table, key: i64) -> Option<Self> {
        match expect {
            // A new row is nobody else's.
            Expect::New => None,
            Expect::Version(_) => Some(Self::row(table, key)),
        }
    }

    /// The row that a change locks; none when it makes its rows, or orders them itself as the last of its table.
    pub(crate) fn of(change: &Change) -> Option<Self> {
        match change {
            Change::PutMember(member, expect) => Self::put(*expect, Table::Member, member.id.value()),
            Change::PutPair(pair, expect) => Self::put(*expect, Table::Pair, pair.key.low.value())
                .map(|lock| Self { key: (pair.key.low.value(), pair.key.high.value()), ..lock }),
            Change::PutRoom(room, expect) => Self::put(*expect, Table::Room, room.id.value()),
            Change::Append(message) => Some(Self::row(Table::Room, message.room.value())),
            Change::Unsend { room, .. } => Some(Self::row(Table::Room, room.value())),
            Change::MarkRead { room, member, .. } | Change::Mute { room, member, .. } => {
                Some(Self { table: Table::ReadMark, key: (room.value(), member.value()) })
            }
            Change::PutReport(report, expect) => Self::put(*expect, Table::Report, report.id.value()),
            Change::PutJob(job, expect) => Self::put(*expect, Table::Job, job.id.value()),
            Change::DeleteJob(id, _) => Some(Self::row(Table::Job, id.value())),
            Change::Erase { member, .. } | Change::Require { member, .. } => {
                Some(Self::row(Table::Member, member.value()))
            }
            Change::Serve { .. } | Change::DropEvents(_) | Change::DropReports { .. } | _ => None,
        }
    }

    /// The row that an account change locks.
    #[cfg(feature = "accounts")]
    pub(crate) fn of_account(change: &AccountChange) -> Option<Self> {
        match change {
            AccountChange::PutAccount(account, expect) => Self::put(*expect, Table::Account, account.member.value()),
            AccountChange::PutSession(session, expect) => Self::put(*expect, Table::Session, session.id.value()),
            AccountChange::DeleteSession(id) => Some(Self::row(Table::Session, id.value())),
            AccountChange::PutPending(pending, expect) => Self::put(*expect, Table::Pending, pending.id.value()),
            AccountChange::TakePending(id) => Some(Self::row(Table::Pending, id.value())),
            AccountChange::EraseAccount(member) => Some(Self::row(Table::Account, member.value())),
            AccountChange::DropPendings { .. } | AccountChange::DropOldPendings { .. } | _ => None,
        }
    }
}

const MEMBERS: &str = "SELECT FROM gpting.member WHERE id = ANY($1) ORDER BY id FOR UPDATE";
const ROOMS: &str = "SELECT FROM gpting.room WHERE id = ANY($1) ORDER BY id FOR UPDATE";
const READ_MARKS: &str = "
    SELECT FROM gpting.read_mark WHERE (room, member) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
    ORDER BY room, member FOR UPDATE";
const PAIRS: &str = "
    SELECT FROM gpting.pair WHERE (low, high) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
    ORDER BY low, high FOR UPDATE";
const REPORTS: &str = "SELECT FROM gpting.report WHERE id = ANY($1) ORDER BY id FOR UPDATE";
const JOBS: &str = "SELECT FROM gpting.job WHERE id = ANY($1) ORDER BY id FOR UPDATE";
#[cfg(feature = "accounts")]
const ACCOUNTS: &str = "SELECT FROM gpting.account WHERE member = ANY($1) ORDER BY member FOR UPDATE";
#[cfg(feature = "accounts")]
const SESSIONS: &str = "SELECT FROM gpting.session WHERE id = ANY($1) ORDER BY id FOR UPDATE";
#[cfg(feature = "accounts")]
const PENDINGS: &str = "SELECT FROM gpting.pending WHERE id = ANY($1) ORDER BY id FOR UPDATE";
#[cfg(feature = "accounts")]
const PENDINGS_BY_EMAIL: &str = "
    SELECT FROM gpting.pending WHERE id = ANY($1) OR email = ANY($2) ORDER BY id FOR UPDATE";

impl Table {
    fn statement(self) -> &'static str {
        match self {
            #[cfg(feature = "accounts")]
            Self::Account => ACCOUNTS,
            #[cfg(feature = "accounts")]
            Self::Session => SESSIONS,
            #[cfg(feature = "accounts")]
            Self::Pending => PENDINGS,
            Self::Member => MEMBERS,
            Self::Room => ROOMS,
            Self::ReadMark => READ_MARKS,
            Self::Pair => PAIRS,
            Self::Report => REPORTS,
            Self::Job => JOBS,
        }
    }

    fn has_two_keys(self) -> bool {
        self == Self::ReadMark || self == Self::Pair
    }
}

impl Commit<'_> {
    /// Locks these rows in the canonical order, unless the changes will do so by themselves.
    pub(crate) async fn lock(&mut self, mut locks: Vec<Lock>) -> StoreResult<()> {
        if locks.is_sorted() {
            return Ok(());
        }
        locks.sort_unstable();
        locks.dedup();
        for rows in locks.chunk_by(|a, b| a.table == b.table) {
            let table = rows[0].table;
            let (first, second): (Vec<i64>, Vec<i64>) = rows.iter().map(|lock| lock.key).unzip();
            let mut statement = self.query(table.statement()).bind(first);
            if table.has_two_keys() {
                statement = statement.bind(second);
            }
            self.run(statement).await?;
        }
        Ok(())
    }

    /// Locks pending sign-ups that one work takes and those it drops by their address, all in one order: two sign-ups
    /// with one address that are verified at the same instant would otherwise wait for each other.
    #[cfg(feature = "accounts")]
    pub(crate) async fn lock_pendings(&mut self, changes: &[AccountChange]) -> StoreResult<()> {
        let (mut ids, mut emails) = (Vec::new(), Vec::new());
        for change in changes {
            if let AccountChange::DropPendings { email } = change {
                emails.push(email.as_str());
            } else if let AccountChange::TakePending(id) = change {
                ids.push(id.value());
            } else if let AccountChange::PutPending(pending, Expect::Version(_)) = change {
                ids.push(pending.id.value());
            }
        }
        if ids.is_empty() || emails.is_empty() {
            return Ok(());
        }
        let statement = self.query(PENDINGS_BY_EMAIL).bind(ids).bind(emails);
        self.run(statement).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use gpting_core::chat::Room;
    use gpting_core::id::{MemberId, RoomId};
    use gpting_core::interaction::{Pair, PairKey};

    use super::*;

    #[test]
    fn a_match_is_in_the_canonical_order() {
        let id = |id| MemberId::new(id).unwrap();
        let key = PairKey::of(id(8), id(3)).unwrap();
        let room = Room::open(RoomId::new(9).unwrap(), key, jiff::Timestamp::UNIX_EPOCH);
        let works = [
            Change::PutRoom(room, Expect::Version(1)),
            Change::PutPair(Box::new(Pair::strangers(key)), Expect::Version(4)),
        ];
        let locks: Vec<Lock> = works.iter().filter_map(Lock::of).collect();
        assert_eq!(locks.len(), 2);
        assert!(locks.is_sorted());
        assert_eq!(locks[1].key, (3, 8));
    }

    #[test]
    fn new_rows_are_not_locked() {
        let id = |id| MemberId::new(id).unwrap();
        let key = PairKey::of(id(1), id(2)).unwrap();
        assert_eq!(Lock::of(&Change::PutPair(Box::new(Pair::strangers(key)), Expect::New)), None);
    }
}
