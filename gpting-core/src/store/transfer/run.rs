//! The copy itself: table after table, batch after batch, and both sides summed up at the end.
//!
//! Calls the source and the target and nothing else. What a target has noted of an earlier attempt is held against the
//! source first: where the source still says the same, the copy goes on from there; where it does not, that table and
//! those behind it are copied anew.

use super::{Digest, Keyed, Progress, Row, Source, Standing, TABLES, Table, Target};
use crate::store::StoreError;

/// Rows read and written at once: a commit each, some two megabytes of documents.
const BATCH: usize = 1_000;

/// How a copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    /// What is being done: `resume`, `copy` or `verify`.
    pub step: &'static str,
    /// Which table.
    pub table: &'static str,
    /// Rows done, of this step.
    pub done: u64,
    /// Rows there are.
    pub total: u64,
}

/// A table that is the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Copied {
    /// Which table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// [`Digest::sum`] of either side.
    pub checksum: String,
    /// How many of them an earlier attempt had copied.
    pub resumed: u64,
}

/// Why there is no copy. What was copied stays, and another attempt goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The target holds people already.
    #[error("the target is not empty: a copy goes into an empty store, or goes on with one that was cut off")]
    NotEmpty,
    /// The target holds a part of a copy of another store.
    #[error("the target holds a part of a copy of another store")]
    OtherSource,
    /// Both are one.
    #[error("source and target are the same store")]
    Same,
    /// A table came out different. It has been emptied.
    #[error("{table}: the target does not say what the source says; that table is copied anew by the next attempt")]
    Different {
        /// Which.
        table: &'static str,
    },
    /// The source could not be read.
    #[error("the source failed")]
    Source(#[source] StoreError),
    /// The target could not be read or written.
    #[error("the target failed")]
    Target(#[source] StoreError),
}

/// Copies everything from one store into another, and sums up both sides.
///
/// `told` hears how it goes, once per batch. `O(rows)`; memory for one batch.
///
/// # Errors
/// See [`CopyError`].
pub async fn copy(
    source: &mut dyn Source,
    target: &mut dyn Target,
    told: &mut (dyn FnMut(Advance) + Send),
) -> Result<Vec<Copied>, CopyError> {
    let mut total = 0;
    for table in &TABLES {
        total += source.count(table).await.map_err(CopyError::Source)?;
    }
    if source.identity() == target.identity() {
        return Err(CopyError::Same);
    }
    let mut progress = match target.standing().await.map_err(CopyError::Target)? {
        Standing::Used => return Err(CopyError::NotEmpty),
        Standing::Begun { source: other, .. } if other != source.identity() => return Err(CopyError::OtherSource),
        Standing::Begun { progress, .. } if progress.len() == TABLES.len() => progress,
        Standing::Begun { .. } => {
            target.clear(&TABLES).await.map_err(CopyError::Target)?;
            vec![Progress::default(); TABLES.len()]
        }
        Standing::Empty => {
            target.begin(source.identity()).await.map_err(CopyError::Target)?;
            vec![Progress::default(); TABLES.len()]
        }
    };
    let mut tell = Teller { told, total, done: 0 };
    resume(source, target, &mut progress, &mut tell).await?;
    let resumed: Vec<u64> = progress.iter().map(|progress| progress.taken.rows).collect();
    tell.done = resumed.iter().sum();
    for (table, progress) in TABLES.iter().zip(&mut progress) {
        take(source, target, table, progress, &mut tell).await?;
    }
    let last_event = source.last_event().await.map_err(CopyError::Source)?;
    tell.done = 0;
    for (place, table) in TABLES.iter().enumerate() {
        let found = sum(target, table, &mut tell).await?;
        if found != progress[place].taken {
            target.clear(&TABLES[place..]).await.map_err(CopyError::Target)?;
            return Err(CopyError::Different { table: table.name });
        }
    }
    target.end(last_event).await.map_err(CopyError::Target)?;
    let copied = TABLES.iter().zip(progress).zip(resumed).map(|((table, progress), resumed)| Copied {
        table: table.name,
        rows: progress.taken.rows,
        checksum: progress.taken.sum(),
        resumed,
    });
    Ok(copied.collect())
}

struct Teller<'a> {
    told: &'a mut (dyn FnMut(Advance) + Send),
    total: u64,
    done: u64,
}

impl Teller<'_> {
    fn advanced(&mut self, step: &'static str, table: &'static Table, rows: usize) {
        self.done += rows as u64;
        (self.told)(Advance { step, table: table.name, done: self.done, total: self.total });
    }
}

/// Holds what an earlier attempt has taken against what the source says now.
async fn resume(
    source: &mut dyn Source,
    target: &mut dyn Target,
    progress: &mut [Progress],
    tell: &mut Teller<'_>,
) -> Result<(), CopyError> {
    for (place, table) in TABLES.iter().enumerate() {
        let noted = &progress[place];
        if noted.after.is_none() {
            continue;
        }
        let found = sum_through(source, table, noted, tell).await?;
        if found != noted.taken {
            target.clear(&TABLES[place..]).await.map_err(CopyError::Target)?;
            progress[place..].fill(Progress::default());
            return Ok(());
        }
    }
    Ok(())
}

/// What the source says up to the place that a copy had reached; all of it when the copy had.
async fn sum_through(
    source: &mut dyn Source,
    table: &'static Table,
    noted: &Progress,
    tell: &mut Teller<'_>,
) -> Result<Digest, CopyError> {
    let mut found = Digest::default();
    let mut after: Option<Vec<i64>> = None;
    loop {
        let rows = source.rows(table, after.as_deref(), BATCH).await.map_err(CopyError::Source)?;
        let ended = rows.len() < BATCH;
        let within = |keyed: &&Keyed| noted.whole || noted.after.as_ref().is_some_and(|last| keyed.key <= *last);
        let before = found.rows;
        rows.iter().take_while(within).for_each(|keyed| found.add(&keyed.row));
        let taken = usize::try_from(found.rows - before).unwrap_or(usize::MAX);
        tell.advanced("resume", table, taken);
        if ended || taken < rows.len() {
            return Ok(found);
        }
        after = rows.into_iter().next_back().map(|keyed| keyed.key);
    }
}

/// Copies what is left of a table.
async fn take(
    source: &mut dyn Source,
    target: &mut dyn Target,
    table: &'static Table,
    progress: &mut Progress,
    tell: &mut Teller<'_>,
) -> Result<(), CopyError> {
    while !progress.whole {
        let read = source.rows(table, progress.after.as_deref(), BATCH).await.map_err(CopyError::Source)?;
        let before = progress.clone();
        progress.whole = read.len() < BATCH;
        if let Some(last) = read.last() {
            progress.after = Some(last.key.clone());
        }
        let rows: Vec<Row> = read.into_iter().map(|keyed| keyed.row).collect();
        for row in &rows {
            progress.taken.add(row);
        }
        // That there is nothing more is found again quickly, and a commit is not.
        if !rows.is_empty() {
            target.put(table, &rows, &before, progress).await.map_err(CopyError::Target)?;
        }
        tell.advanced("copy", table, rows.len());
    }
    Ok(())
}

/// What the target says.
async fn sum(target: &mut dyn Target, table: &'static Table, tell: &mut Teller<'_>) -> Result<Digest, CopyError> {
    let mut found = Digest::default();
    let mut after: Option<Vec<i64>> = None;
    loop {
        let rows = target.rows(table, after.as_deref(), BATCH).await.map_err(CopyError::Target)?;
        for keyed in &rows {
            found.add(&keyed.row);
        }
        tell.advanced("verify", table, rows.len());
        if rows.len() < BATCH {
            return Ok(found);
        }
        after = rows.into_iter().next_back().map(|keyed| keyed.key);
    }
}
