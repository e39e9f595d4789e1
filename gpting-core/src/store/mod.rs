//! The store: the one required port, and the log that everything else only hints at.
//!
//! A few reads and one write. The write, [`Store::commit`], takes a [`Work`] and does all of it in one transaction or
//! none. An implementation is a crate of its own that passes the suite in `store::contract`
//! (feature `contract`); [`MemoryStore`] is the twin for tests.
//!
//! What every implementation promises (each sentence is a test of the suite):
//! - A commit is atomic: when one change is stale or conflicts, none of the work is there afterwards.
//! - `Ok` from `commit` means durable: it survives the death of the process and of the database.
//! - A row's version starts at 1 and grows by one with each put; [`Change::Append`] grows the room's.
//! - Reads see every commit that was acknowledged before they began.
//! - `seq` is 1, 2, 3 … per room, without holes, in commit order, however many writers there are.
//! - Lists are sorted newest first, ties by id descending, and paging neither repeats nor skips a row that was there
//!   the whole time.
//! - A member's document is read back as it was put.

#[cfg(feature = "contract")]
pub mod contract;
pub mod error;
pub mod memory;
pub mod transfer;
pub mod work;

use async_trait::async_trait;
use jiff::Timestamp;

pub use self::error::{StoreError, Unique};
pub use self::memory::MemoryStore;
pub use self::work::{Appended, Change, Committed, Expect, Version, Versioned, Work};
use crate::assist::{Call, Errand, Finding, Made, Subject};
use crate::chat::{Message, Room, RoomOverview, RoomState, Since, Ticket};
use crate::event::StoredEvent;
use crate::id::{FriendRequestId, HostId, JobId, MAX_ID, MemberId, RoomId};
use crate::interaction::{Pair, PairKey, PairList};
use crate::job::Job;
use crate::matching::exposure::Impression;
use crate::profile::Member;
use crate::safety::Report;

/// The result of a store call.
pub type StoreResult<T> = Result<T, StoreError>;

/// Where the last page of a list sorted by (time, id), newest first, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Before {
    /// Its last row's time.
    pub at: Timestamp,
    /// Its last row's id (the other member's, the room's, or the finding's).
    pub id: i64,
}

/// A part of a list: at most `limit` rows that come after `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where the last page ended; none for the first page.
    pub before: Option<Before>,
    /// How many rows at the most.
    pub limit: usize,
}

impl Page {
    /// The first `limit` rows.
    pub const fn first(limit: usize) -> Self {
        Self { before: None, limit }
    }

    /// At most `limit` rows after `before`.
    pub const fn after(before: Before, limit: usize) -> Self {
        Self { before: Some(before), limit }
    }
}

/// A place in the feed of changed members: keep the one a read returned and hand it back. Entries are in the order of
/// position and id, so at the end of the feed `i64::MAX` as the id is the same place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedCursor {
    /// The store's own ordering of commits.
    pub position: u64,
    /// The id within one position.
    pub id: i64,
}

/// A place in the feed of changed pairs. Opaque to callers, as [`FeedCursor`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairCursor {
    /// The store's own ordering of commits.
    pub position: u64,
    /// The pair within one position: its lower id and its higher one.
    pub pair: (i64, i64),
}

/// A changed member in the feed.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedEntry {
    /// The member as they are now.
    Put(Box<Versioned<Member>>),
    /// The member has been erased.
    Gone(MemberId),
}

/// Which messages of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRange {
    /// Those with a larger `seq`, the oldest first: at most the first `limit` of them.
    After(u64),
    /// Those with a smaller `seq`: at most the last `limit` of them, still answered oldest first.
    Before(u64),
}

/// Everything that is remembered.
///
/// Implementations are shared by reference between tasks. See the [module](self) for what they promise.
#[async_trait]
pub trait Store: std::fmt::Debug + Send + Sync + 'static {
    /// Does all of the work, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when a row is not as expected, [`StoreError::Conflict`] when a unique value is taken,
    /// [`StoreError::Spent`] when an allowance does not have what is claimed.
    async fn commit(&self, work: Work) -> StoreResult<Committed>;

    /// Those of these members that exist, in any order.
    async fn members(&self, ids: &[MemberId]) -> StoreResult<Vec<Versioned<Member>>>;

    /// The member that belongs to a host's id.
    async fn member_by_host(&self, host: &HostId) -> StoreResult<Option<Versioned<Member>>>;

    /// Those imported members whose source key is one of these, in any order.
    async fn members_by_source(&self, sources: &[String]) -> StoreResult<Vec<Versioned<Member>>>;

    /// Members changed or erased after `cursor`, oldest change first, at most `limit`; and the cursor to go on from.
    ///
    /// Every change appears once its commit is acknowledged (within a second when several processes write); a
    /// member changed twice may appear once, as they are now. The default cursor starts with all members.
    async fn members_changed(&self, cursor: FeedCursor, limit: usize) -> StoreResult<(Vec<FeedEntry>, FeedCursor)>;

    /// Whether a mark that [`Change::LeaveMark`] left is there: then this store has every change that was acknowledged
    /// before it was left, was not put back to an earlier time, and its feed still tells of every erasure since. A mark
    /// is kept for less time than the feed tells of an erasure.
    ///
    /// A store that keeps no marks answers no, which costs its readers nothing but a fast start.
    async fn has_mark(&self, _mark: u128) -> StoreResult<bool> {
        Ok(false)
    }

    /// Pairs changed after `cursor`, oldest change first, at most `limit`; and the cursor to go on from.
    ///
    /// What the engine learns decisions from, so the promises are those of [`Self::members_changed`]. Pairs that went with
    /// an erased member are not told.
    async fn pairs_changed(&self, cursor: PairCursor, limit: usize) -> StoreResult<(Vec<Versioned<Pair>>, PairCursor)>;

    /// What stands between two people, if anything.
    async fn pair(&self, key: PairKey) -> StoreResult<Option<Versioned<Pair>>>;

    /// The pair that a waiting friend request belongs to.
    async fn pair_by_request(&self, request: FriendRequestId) -> StoreResult<Option<Versioned<Pair>>>;

    /// The pairs in a member's list, by [`Pair::listings`]: newest first, ties by the other's id descending.
    async fn list_pairs(&self, member: MemberId, list: PairList, page: Page) -> StoreResult<Vec<Pair>>;

    /// Who stands in a member's list, in any order, all of them.
    async fn listed(&self, member: MemberId, list: PairList) -> StoreResult<Vec<MemberId>>;

    /// Whether a candidate was ever shown to a viewer.
    async fn was_served(&self, viewer: MemberId, candidate: MemberId) -> StoreResult<bool>;

    /// Everything that is remembered of who was shown to whom, in the order of viewers and candidates: at most `limit`
    /// behind `after` (a viewer and a candidate), from the beginning without it.
    async fn impressions(&self, after: Option<(MemberId, MemberId)>, limit: usize) -> StoreResult<Vec<Impression>>;

    /// Who was shown to a viewer at this time or later, in any order.
    ///
    /// Reads all that the viewer was ever shown through [`Self::impressions`]; a store that can do better does.
    async fn served_since(&self, viewer: MemberId, since: Timestamp) -> StoreResult<Vec<MemberId>> {
        const PIECE: usize = 1_000;
        let mut after = MemberId::new(viewer.value() - 1).zip(MemberId::new(MAX_ID));
        let mut served = Vec::new();
        loop {
            let rows = self.impressions(after, PIECE).await?;
            after = rows.last().map(|row| (row.viewer, row.candidate));
            let own = rows.iter().filter(|row| row.viewer == viewer);
            served.extend(own.filter(|row| row.last_at >= since).map(|row| row.candidate));
            if rows.len() < PIECE || after.is_some_and(|(of, _)| of != viewer) {
                return Ok(served);
            }
        }
    }

    /// To how many members each of these was ever shown, counted up to `most`; in any order, whoever was shown to nobody may
    /// be left out.
    async fn shown_to(&self, candidates: &[MemberId], most: usize) -> StoreResult<Vec<(MemberId, u64)>>;

    /// A member's picks of a day (days since 1970), by ascending id.
    async fn picks(&self, member: MemberId, day: i32) -> StoreResult<Vec<MemberId>>;

    /// Those of these members who have a pick of a day (days since 1970), in any order.
    ///
    /// Asked about thousands at once. Without an implementation of its own they are asked about one by one.
    async fn picked(&self, members: &[MemberId], day: i32) -> StoreResult<Vec<MemberId>> {
        let mut picked = Vec::new();
        for &member in members {
            if !self.picks(member, day).await?.is_empty() {
                picked.push(member);
            }
        }
        Ok(picked)
    }

    /// A room, open or closed.
    async fn room(&self, id: RoomId) -> StoreResult<Option<Versioned<Room>>>;

    /// An open room as one participant sees it; none for anybody else.
    async fn room_overview(&self, viewer: MemberId, id: RoomId) -> StoreResult<Option<RoomOverview>>;

    /// A member's open rooms, by [`RoomOverview::activity`] newest first, ties by room id descending.
    async fn list_rooms(&self, viewer: MemberId, page: Page) -> StoreResult<Vec<RoomOverview>>;

    /// Messages of a room in the order of `seq`, those closed away included; without those that `viewer` has hidden for
    /// themselves, where one is named.
    async fn messages(
        &self,
        room: RoomId,
        range: MessageRange,
        limit: usize,
        viewer: Option<MemberId>,
    ) -> StoreResult<Vec<Message>>;

    /// Those of some rooms that have moved: whose [`RoomState::moves`] is not the number given with them. Rooms that are
    /// not there are passed over. Asked about once a second for every room that somebody listens to, so it should be
    /// one statement.
    async fn rooms_moved(&self, known: &[(RoomId, u64)]) -> StoreResult<Vec<RoomState>>;

    /// What is new in some rooms, each room named once: by room and `seq`, at most the first `limit` messages of each,
    /// those taken back included whatever their place.
    async fn news(&self, since: &[Since], limit: usize) -> StoreResult<Vec<Message>>;

    /// Rooms that were opened, or opened again, since the answer that gave this cursor, as far as they are still open,
    /// with who takes part; and the next cursor. Cursor 0 answers no room, only where to go on. A room may be told again
    /// for some seconds; none is passed over.
    async fn rooms_opened(&self, cursor: u64) -> StoreResult<(Vec<(RoomId, PairKey)>, u64)>;

    /// The ticket with this hash.
    async fn ticket(&self, hash: &str) -> StoreResult<Option<Ticket>>;

    /// Tells this log from others, for as long as it exists: the same for every process on it, below 2^53.
    async fn epoch(&self) -> StoreResult<u64>;

    /// The open case of a reporter against a subject.
    async fn open_report(&self, reporter: MemberId, subject: MemberId) -> StoreResult<Option<Versioned<Report>>>;

    /// A job, waiting or dead.
    async fn job(&self, id: JobId) -> StoreResult<Option<Versioned<Job>>>;

    /// Jobs of these kinds ([`Task::kind`](crate::job::Task::kind)) with `run_at` not after `now`, the longest due first,
    /// at most `limit`. Dead letters are never due.
    async fn due_jobs(&self, kinds: &[&str], now: Timestamp, limit: usize) -> StoreResult<Vec<Versioned<Job>>>;

    /// Dead letters in the order of their ids, those after `after`, at most `limit`.
    async fn dead_jobs(&self, after: Option<JobId>, limit: usize) -> StoreResult<Vec<Versioned<Job>>>;

    /// The oldest events of the outbox with a number above `after`, at most `limit`.
    async fn events(&self, after: u64, limit: usize) -> StoreResult<Vec<StoredEvent>>;

    /// What models made for a member on an errand, by ascending id of whom it is about; only what is about `other`, where
    /// somebody is named.
    ///
    /// A store that keeps nothing of the kind answers nothing, which costs its readers nothing but what was made.
    async fn made(&self, _member: MemberId, _errand: Errand, _other: Option<MemberId>) -> StoreResult<Vec<Made>> {
        Ok(Vec::new())
    }

    /// Records of calls of models about a member, the newest first, ties by id descending, at most `limit`.
    async fn calls(&self, _member: MemberId, _limit: usize) -> StoreResult<Vec<Call>> {
        Ok(Vec::new())
    }

    /// What was found of something of a member's, by ascending number of the judge.
    async fn findings(&self, _member: MemberId, _subject: Subject) -> StoreResult<Vec<Finding>> {
        Ok(Vec::new())
    }

    /// Findings with a flag, of everybody: by time newest first, ties by id descending.
    async fn flagged(&self, _page: Page) -> StoreResult<Vec<Finding>> {
        Ok(Vec::new())
    }

    /// Whether the store can be used: reachable and on the schema this build expects.
    async fn health(&self) -> StoreResult<()>;
}
