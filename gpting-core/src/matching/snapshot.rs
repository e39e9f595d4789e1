//! The index of this instance as bytes, so that the next start need not read everybody.
//!
//! Called by the builder (read), the runner and the host at its end (write); calls [`SnapshotStore`] for the bytes and the
//! engine for most of them. Before the engine's own form stand what it was made with, who is known at which version, who
//! hides, who joined lately, where the feed was read to, and a mark that was left in the store afterwards.
//! Invariants:
//!
//! - it is used only while the store has the mark: then nothing that it knows has been undone, and the feed tells of
//!   every change and every erasure since;
//! - what is not whole, not of this build or not of these settings is thrown away, and everybody is read instead;
//! - it holds what the engine holds (numbers, no text), and is written anew soon after somebody was erased.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use super::activity::{Pace, Paces};
use super::replica::{Cursors, Known, settings};
use super::{Config as EngineConfig, Engine};
use crate::assist::local::LocalAnalyst;
use crate::config::Config;
use crate::error::{Chain, Error, Result};
use crate::gpting::{Core, Gpting};
use crate::id::MemberId;
use crate::port::SnapshotStore;
use crate::profile::Visibility;
use crate::profile::catalogue::Catalogue;
use crate::store::{Change, FeedCursor, PairCursor, Version, Work};

/// Eight bytes that nothing else begins with; the last two are the number of the form.
const FORM: [u8; 8] = *b"gptIdx04";

/// Bytes before the lists of members; of one who hides; of one who joined lately; of one who decides.
const HEAD: usize = 104;
const VEIL: usize = 32;
const JOINED: usize = 24;
const PACE: usize = 8 + Pace::BYTES;

/// Counted up whenever the same member would become another row of the engine, so that rows of before are not used.
const INTAKE: u32 = 2;

/// How long a snapshot of a store in which nothing happens is left as it is: its mark is kept for less than a day.
const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(8);

/// What was last written, so that nothing is written twice.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    at: Option<Timestamp>,
    cursor: Cursors,
    forgotten: u64,
}

/// A snapshot that was read, not yet held against the store.
struct Content {
    mark: u128,
    cursor: Cursors,
    known: Known,
}

impl Gpting {
    /// Writes the index down for the next start; answers whether there was anything to write to and anything new.
    /// [`Gpting::run`] does so now and then; a host that ends gently does it once more.
    ///
    /// # Errors
    /// When the store fails, or the bytes cannot be written; what was written before stays.
    pub async fn save_index(&self) -> Result<bool> {
        self.core.save_index(true).await
    }

    /// Whether this instance began with an index that was written down before.
    pub fn index_was_loaded(&self) -> bool {
        self.core.index_loaded.load(Ordering::Relaxed)
    }
}

impl Core {
    /// Begins with what was written down, if it is there and good. The feed is to be read afterwards in any case.
    pub(crate) async fn load_index(&self) {
        let Some(snapshots) = self.snapshots.clone() else { return };
        if self.replica.has_others() {
            tracing::info!("a ranker needs an index of its own, so everybody is read");
            return;
        }
        let unused = match self.read_index(Arc::clone(&snapshots)).await {
            Ok(None) => return,
            Ok(Some(content)) => match self.store.has_mark(content.mark).await {
                Ok(true) => {
                    *self.replica.cursor.lock().await = content.cursor;
                    *self.saved.lock().await = Saved { at: Some(self.now()), cursor: content.cursor, forgotten: 0 };
                    self.replica.begin_with(content.known);
                    self.index_loaded.store(true, Ordering::Relaxed);
                    return;
                }
                Ok(false) => "the store has been another one since, or it is too old".to_owned(),
                Err(error) => Chain(&error).to_string(),
            },
            Err(error) => Chain(&error).to_string(),
        };
        tracing::info!(reason = unused, "the index that was written down is not used");
        // It may hold somebody who was erased since.
        let removed = tokio::task::spawn_blocking(move || snapshots.remove()).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%error, "an index that is of no use could not be removed");
        }
    }

    async fn read_index(&self, snapshots: Arc<dyn SnapshotStore>) -> Result<Option<Content>> {
        let made_with = self.made_with();
        let settings = settings(&self.config, self.replica.embedder().is_some(), self.replica.valued());
        let read = move || -> io::Result<Option<Content>> {
            snapshots.open()?.map(|input| read(input, &made_with, settings.clone())).transpose()
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(failed)?;
        read.map_err(failed)
    }

    /// Writes down the index when that is due: at the next occasion after somebody was erased, else after
    /// `snapshot_every`; at once when `now` is said. Nothing when nothing has happened.
    pub(crate) async fn save_index(&self, now: bool) -> Result<bool> {
        let Some(snapshots) = self.snapshots.clone() else { return Ok(false) };
        let mut saved = self.saved.lock().await;
        let at = self.now();
        let age = saved.at.map_or(SignedDuration::MAX, |last| at.duration_since(last));
        let erased = self.replica.forgotten() != saved.forgotten;
        if !now && !erased && age < self.config.matching.snapshot_every {
            return Ok(false);
        }
        self.refresh_replica().await?;
        let (known, cursor) = {
            let cursor = self.replica.cursor.lock().await;
            // The end of its position: a place at its entry would keep the id of whoever was erased last.
            let cursor = Cursors {
                members: FeedCursor { id: i64::MAX, ..cursor.members },
                pairs: PairCursor { pair: (i64::MAX, i64::MAX), ..cursor.pairs },
            };
            let known = self.replica.known();
            if cursor == saved.cursor && known.forgotten == saved.forgotten && age < RENEW_AFTER {
                return Ok(false);
            }
            (known, cursor)
        };
        // First what is known, then the mark: whoever finds the mark has a store with all of it.
        let forgotten = known.forgotten;
        let mut mark = [0; 16];
        self.rng.fill(&mut mark);
        let mark = u128::from_le_bytes(mark);
        let marked = self.store.commit(Work::new().change(Change::LeaveMark(mark))).await;
        if let Err(error) = marked {
            // A store that keeps no marks: tried again as seldom as if it had been written. What was written before may
            // hold whoever was erased since.
            *saved = Saved { at: Some(at), cursor: Cursors::default(), forgotten };
            tokio::task::spawn_blocking(move || snapshots.remove()).await.map_err(failed)?.map_err(failed)?;
            return Err(error.into());
        }
        let made_with = self.made_with();
        let content = Content { mark, cursor, known };
        let write = move || snapshots.replace(&mut |out| write(out, &made_with, &content));
        tokio::task::spawn_blocking(write).await.map_err(failed)?.map_err(failed)?;
        *saved = Saved { at: Some(at), cursor, forgotten };
        Ok(true)
    }

    fn made_with(&self) -> [u8; 32] {
        made_with(&self.config, &self.catalogue, self.replica.embedder(), self.replica.valued().is_some())
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Internal { what: "the index could not be written down or read", source: error.into() }
}

/// What the rows of the engine depend on beside the members.
fn made_with(config: &Config, catalogue: &Catalogue, embedder: Option<&str>, holds_values: bool) -> [u8; 32] {
    let mut said = Sha256::new();
    let (gate, dims) = (config.safety.age_gate, config.matching.content_dims);
    let analyst = LocalAnalyst::NAME;
    said.update(format!(
        "{} {INTAKE} {gate:?} {dims} {analyst} {embedder:?} {holds_values}",
        env!("CARGO_PKG_VERSION")
    ));
    for question in catalogue.questions() {
        said.update(format!("\n{question:?}"));
    }
    for interest in catalogue.interests() {
        said.update(format!("\n{interest:?}"));
    }
    for attribute in catalogue.attributes() {
        said.update(format!("\n{attribute:?}"));
    }
    said.finalize().into()
}

fn write(out: &mut dyn Write, made_with: &[u8; 32], content: &Content) -> io::Result<()> {
    let Content { mark, cursor, known } = content;
    let mut head = Vec::with_capacity(HEAD + known.versions.len() * 16 + known.hidden.len() * VEIL);
    head.extend(FORM);
    head.extend(made_with);
    head.extend(mark.to_le_bytes());
    head.extend(cursor.members.position.to_le_bytes());
    head.extend(cursor.pairs.position.to_le_bytes());
    for count in [known.versions.len(), known.hidden.len(), known.newcomers.len(), known.paces.len()] {
        head.extend((count as u64).to_le_bytes());
    }
    for (member, (version, is_shown)) in &known.versions {
        head.extend(member.value().to_le_bytes());
        head.extend((version << 1 | u64::from(*is_shown)).to_le_bytes());
    }
    for (member, visibility) in &known.hidden {
        head.extend(member.value().to_le_bytes());
        // No time is as early as that.
        let until = visibility.snoozed_until.map_or(i128::MIN, Timestamp::as_nanosecond);
        head.extend(until.to_le_bytes());
        head.extend(u64::from(visibility.incognito).to_le_bytes());
    }
    for (member, joined) in &known.newcomers {
        head.extend(member.value().to_le_bytes());
        head.extend(joined.as_nanosecond().to_le_bytes());
    }
    for (member, pace) in known.paces.iter() {
        head.extend(member.value().to_le_bytes());
        head.extend(pace.to_bytes());
    }
    let sum: [u8; 32] = Sha256::digest(&head).into();
    out.write_all(&head)?;
    out.write_all(&sum)?;
    known.engine.save(out, |member| u128::from(member.value().unsigned_abs())).map_err(io::Error::other)
}

fn read(
    mut input: Box<dyn Read + Send>,
    made_with: &[u8; 32],
    settings: EngineConfig<MemberId>,
) -> io::Result<Content> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is damaged");
    let mut head = vec![0; HEAD];
    input.read_exact(&mut head)?;
    if head[..8] != FORM || head[8..40] != *made_with {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is of another build or of other settings"));
    }
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let signed = |bytes: &[u8]| number(bytes).cast_signed();
    let mark = u128::from(number(&head[40..48])) | u128::from(number(&head[48..56])) << 64;
    // Both stood at the end of their positions.
    let cursor = Cursors {
        members: FeedCursor { position: number(&head[56..64]), id: i64::MAX },
        pairs: PairCursor { position: number(&head[64..72]), pair: (i64::MAX, i64::MAX) },
    };
    let counts = [number(&head[72..80]), number(&head[80..88]), number(&head[88..96]), number(&head[96..104])];
    // Read as it comes: a number that is not what was written must not make room for itself.
    let mut section = |count: u64, size: usize| {
        let mut rows = Vec::new();
        input.by_ref().take(count.saturating_mul(size as u64)).read_to_end(&mut rows).map(|_| rows)
    };
    let (rows, veils, joined) = (section(counts[0], 16)?, section(counts[1], VEIL)?, section(counts[2], JOINED)?);
    let decided = section(counts[3], PACE)?;
    let mut sum = [0; 32];
    input.read_exact(&mut sum)?;
    head.extend(rows.iter().chain(&veils).chain(&joined).chain(&decided));
    if sum != <[u8; 32]>::from(Sha256::digest(&head)) {
        return Err(damaged());
    }
    let id_of = |bytes: &[u8]| MemberId::new(signed(bytes)).ok_or_else(damaged);
    let mut versions: FxHashMap<MemberId, (Version, bool)> = FxHashMap::default();
    versions.reserve(rows.len() / 16);
    for row in rows.chunks_exact(16) {
        let version = number(&row[8..]);
        versions.insert(id_of(&row[..8])?, (version >> 1, version & 1 == 1));
    }
    let time_of = |nanoseconds: i128| Timestamp::from_nanosecond(nanoseconds).map_err(|_| damaged());
    let nanoseconds =
        |bytes: &[u8]| (u128::from(number(&bytes[..8])) | u128::from(number(&bytes[8..16])) << 64).cast_signed();
    let mut hidden = FxHashMap::default();
    for veil in veils.chunks_exact(VEIL) {
        let until = Some(nanoseconds(&veil[8..24])).filter(|until| *until != i128::MIN);
        let snoozed_until = until.map(time_of).transpose()?;
        hidden.insert(id_of(&veil[..8])?, Visibility { snoozed_until, incognito: veil[24] == 1 });
    }
    let newcomers = joined.chunks_exact(JOINED).map(|row| Ok((id_of(&row[..8])?, time_of(nanoseconds(&row[8..24]))?)));
    let newcomers = newcomers.collect::<io::Result<Vec<_>>>()?;
    let pace = |row: &[u8]| Some((id_of(&row[..8]).ok()?, Pace::from_bytes(row[8..].try_into().ok()?)?));
    let paces: Paces =
        decided.chunks_exact(PACE).map(|row| pace(row).ok_or_else(damaged)).collect::<io::Result<_>>()?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let id = |number: u128| i64::try_from(number).ok().and_then(MemberId::new);
    let engine = Engine::load(settings, input, id, threads).map_err(io::Error::other)?;
    Ok(Content { mark, cursor, known: Known { engine, versions, hidden, newcomers, paces, forgotten: 0 } })
}
