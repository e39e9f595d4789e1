//! The outbox.
//!
//! Events are numbered as they are inserted, the last thing a work does before it commits: while it holds the lock of
//! the pair or room that they tell of. So the numbers of one pair grow in commit order, though those of different pairs
//! may appear out of order; who delivers reads the oldest and drops what was delivered, and misses none.

use gpting_core::event::{Event, StoredEvent};
use gpting_core::store::StoreResult;
use sqlx::types::Json;

use crate::PgStore;
use crate::error::store_error;
use crate::on_its_way::Commit;
use crate::row::{Row, limit, number};

const TABLE: &str = "outbox";

const OLDEST: &str = "SELECT number, document FROM gpting.outbox WHERE number > $1 ORDER BY number LIMIT $2";

const TELL: &str = "
    INSERT INTO gpting.outbox (document)
    SELECT document FROM unnest($1::jsonb[]) WITH ORDINALITY AS event (document, place)
    ORDER BY place";
const DROP: &str = "
    DELETE FROM gpting.outbox WHERE number IN (
        SELECT number FROM gpting.outbox WHERE number = ANY($1) ORDER BY number FOR UPDATE
    )";

pub(crate) async fn events(store: &PgStore, after: u64, most: usize) -> StoreResult<Vec<StoredEvent>> {
    let rows = store.query(OLDEST).bind(number(after)).bind(limit(most));
    let rows = rows.fetch_all(&store.pool).await.map_err(store_error)?;
    rows.iter()
        .map(|row| {
            let row = Row::of(TABLE, row);
            Ok(StoredEvent { number: row.count("number")?, event: row.document()? })
        })
        .collect()
}

impl Commit<'_> {
    pub(crate) async fn tell(&mut self, events: &[Event]) -> StoreResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        let events: Vec<Json<&Event>> = events.iter().map(Json).collect();
        let statement = self.query(TELL).bind(events);
        self.run(statement).await.map(drop)
    }

    pub(crate) async fn drop_events(&mut self, numbers: &[u64]) -> StoreResult<()> {
        let numbers: Vec<i64> = numbers.iter().map(|place| number(*place)).collect();
        let statement = self.query(DROP).bind(numbers);
        self.run(statement).await.map(drop)
    }
}
