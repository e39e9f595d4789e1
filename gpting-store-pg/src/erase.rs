//! Erasure of a member.
//!
//! Takes its locks in the order of [`lock`](crate::lock): the member, their rooms, their pairs, what was shown, their picks,
//! their reports, what models made, what was found; rows of one table by key. Each step is a statement of its own, so that it sees what was committed while the
//! step before it waited for a lock: a message that was being sent loses its sender too.

use gpting_core::id::MemberId;
use gpting_core::store::StoreResult;

use crate::error::commit_error;
use crate::member::OLD_MARKS;
use crate::on_its_way::Commit;
use crate::row::Row;

/// Deletes the member and says so in the feed, by the database's own clock: the entry serves readers of the feed only.
const MEMBER: &str = "
    WITH gone AS (
        DELETE FROM gpting.member WHERE id = $1 RETURNING id
    )
    INSERT INTO gpting.erased (member, at)
    SELECT id, (extract(epoch FROM now()) * 1000000)::bigint FROM gone
    ON CONFLICT (member) DO UPDATE SET change = pg_current_xact_id(), at = excluded.at";
const OLD_ENTRIES: &str = "
    DELETE FROM gpting.erased WHERE member IN (
        SELECT member FROM gpting.erased
        WHERE at < (extract(epoch FROM now() - interval '1 day') * 1000000)::bigint
        ORDER BY member FOR UPDATE SKIP LOCKED
    )";

const LOCK_ROOMS: &str = "
    SELECT FROM gpting.room WHERE low = $1 OR high = $1 ORDER BY id FOR UPDATE";
/// After the lock: when the partner is being erased too, whoever comes second finds that nobody is left.
const ROOMS: &str = "
    SELECT id, EXISTS (SELECT FROM gpting.member WHERE member.id IN (room.low, room.high)) AS shared
    FROM gpting.room WHERE low = $1 OR high = $1";
const DELETE_ROOMS: &str = "
    WITH message AS (
        DELETE FROM gpting.message WHERE room = ANY($1)
    ), read_mark AS (
        DELETE FROM gpting.read_mark WHERE room = ANY($1)
    ), hidden AS (
        DELETE FROM gpting.message_hidden WHERE room = ANY($1)
    )
    DELETE FROM gpting.room WHERE id = ANY($1)";
/// The version grows: whoever has read the room before must not put the member back.
const LEAVE_ROOMS: &str = "
    WITH message AS (
        UPDATE gpting.message SET sender = $3, text = '', client_msg_id = NULL
        WHERE room = ANY($1) AND sender = $2
    ), read_mark AS (
        DELETE FROM gpting.read_mark WHERE room = ANY($1) AND member = $2
    ), hidden AS (
        DELETE FROM gpting.message_hidden WHERE room = ANY($1) AND member = $2
    )
    UPDATE gpting.room
    SET version = version + 1,
        low = least($3, CASE WHEN low = $2 THEN high ELSE low END),
        high = greatest($3, CASE WHEN low = $2 THEN high ELSE low END)
    WHERE id = ANY($1)";

const LOCK_PAIRS: &str = "
    SELECT FROM gpting.pair WHERE low = $1 OR high = $1 ORDER BY low, high FOR UPDATE";
const PAIRS: &str = "
    WITH pair AS (
        DELETE FROM gpting.pair WHERE low = $1 OR high = $1 RETURNING low, high
    )
    DELETE FROM gpting.pair_list AS list USING pair
    WHERE (list.member = pair.low AND list.other = pair.high) OR (list.member = pair.high AND list.other = pair.low)";

const IMPRESSIONS: &str = "
    DELETE FROM gpting.impression WHERE (viewer, candidate) IN (
        SELECT viewer, candidate FROM gpting.impression WHERE viewer = $1 OR candidate = $1
        ORDER BY viewer, candidate FOR UPDATE
    )";
const PICKS: &str = "
    DELETE FROM gpting.daily_pick WHERE (member, day, other) IN (
        SELECT member, day, other FROM gpting.daily_pick WHERE member = $1 OR other = $1
        ORDER BY member, day, other FOR UPDATE
    )";
const TICKETS: &str = "DELETE FROM gpting.ticket WHERE member = $1";
const REPORTS: &str = "
    DELETE FROM gpting.report WHERE id IN (
        SELECT id FROM gpting.report WHERE reporter = $1 ORDER BY id FOR UPDATE
    )";

impl Commit<'_> {
    /// Erases a member; `tombstone` stands in their place wherever a place is kept. Nothing, if they are not there.
    pub(crate) async fn erase(&mut self, member: MemberId, tombstone: MemberId) -> StoreResult<()> {
        let id = member.value();
        let gone = self.query(MEMBER).bind(id);
        if self.run(gone).await? == 0 {
            return Ok(());
        }
        self.forget_erased().await?;
        let marks = self.query(OLD_MARKS);
        self.run(marks).await?;
        self.erase_from_rooms(id, tombstone.value()).await?;
        for statement in [LOCK_PAIRS, PAIRS, IMPRESSIONS, PICKS, REPORTS, TICKETS] {
            let statement = self.query(statement).bind(id);
            self.run(statement).await?;
        }
        self.drop_made(member).await?;
        self.erase_findings(member).await?;
        self.leave_calls(member, tombstone).await
    }

    /// Forgets who was erased more than a day ago.
    pub(crate) async fn forget_erased(&mut self) -> StoreResult<()> {
        let old = self.query(OLD_ENTRIES);
        self.run(old).await.map(drop)
    }

    /// Rooms in which nobody is left go whole; in the others the tombstone takes the member's place.
    async fn erase_from_rooms(&mut self, member: i64, tombstone: i64) -> StoreResult<()> {
        let lock = self.query(LOCK_ROOMS).bind(member);
        self.run(lock).await?;
        let rooms = self.query(ROOMS).bind(member);
        let rooms = rooms.fetch_all(&mut *self.connection).await.map_err(commit_error)?;
        let (mut left, mut emptied) = (Vec::new(), Vec::new());
        for row in &rooms {
            let row = Row::of("room", row);
            let id: i64 = row.get("id")?;
            if row.get("shared")? {
                left.push(id);
            } else {
                emptied.push(id);
            }
        }
        if !emptied.is_empty() {
            let delete = self.query(DELETE_ROOMS).bind(emptied);
            self.run(delete).await?;
        }
        if !left.is_empty() {
            let leave = self.query(LEAVE_ROOMS).bind(left).bind(member).bind(tombstone);
            self.run(leave).await?;
        }
        Ok(())
    }
}
