//! Picks of a day: a row for each of the two.

use gpting_core::id::MemberId;
use gpting_core::interaction::PairKey;
use gpting_core::store::StoreResult;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::Row;

const TABLE: &str = "daily_pick";

/// Sorted, so that two runs for one day take their rows in one order.
const PUT: &str = "
    INSERT INTO gpting.daily_pick (member, day, other)
    SELECT member, $1, other FROM unnest($2::bigint[], $3::bigint[]) AS put (member, other)
    ORDER BY member, other
    ON CONFLICT DO NOTHING";
const CLEAR: &str = "DELETE FROM gpting.daily_pick WHERE day = $1 OR day < $1 - 1";
const OF: &str = "SELECT other FROM gpting.daily_pick WHERE member = $1 AND day = $2 ORDER BY other";

const PICKED: &str = "SELECT DISTINCT member FROM gpting.daily_pick WHERE member = ANY($1) AND day = $2";

pub(crate) async fn picked(store: &PgStore, members: &[MemberId], day: i32) -> StoreResult<Vec<MemberId>> {
    let members: Vec<i64> = members.iter().map(|member| member.value()).collect();
    let rows = store.query(PICKED).bind(members).bind(day).fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of(TABLE, row).id("member", MemberId::new)).collect()
}

pub(crate) async fn picks(store: &PgStore, member: MemberId, day: i32) -> StoreResult<Vec<MemberId>> {
    let rows = store.query(OF).bind(member.value()).bind(day).fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter().map(|row| Row::of(TABLE, row).id("other", MemberId::new)).collect()
}

impl Commit<'_> {
    pub(crate) async fn put_picks(&mut self, day: i32, pairs: &[PairKey]) -> StoreResult<()> {
        let both = || pairs.iter().flat_map(|key| [(key.low, key.high), (key.high, key.low)]);
        let members: Vec<i64> = both().map(|(member, _)| member.value()).collect();
        let others: Vec<i64> = both().map(|(_, other)| other.value()).collect();
        let statement = self.query(PUT).bind(day).bind(members).bind(others);
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn clear_picks(&mut self, day: i32) -> StoreResult<()> {
        let statement = self.query(CLEAR).bind(day);
        self.run(statement).await.map(drop)
    }
}
