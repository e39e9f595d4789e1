//! `gpting import`: takes in people from a file, as active members without account.
//!
//! Called by the command line; calls the core, four thousand people per commit. A reader thread parses ahead while the
//! store writes. What the file does not tell (nickname, birthday, place, interests) is made up, the same way every time.
//! Invariants:
//!
//! - running it again changes nothing: a person is recognised by `source:id` when the row has an id, else by the hash of
//!   the row and how many equal rows came before it;
//! - it can be stopped at any moment and run again, since a batch is there whole or not at all;
//! - a row that cannot be used is reported with its line and reason, and the others are taken in;
//! - memory does not grow with the file but for some forty bytes per row.

pub(super) mod draw;
mod jsonl;
pub(super) mod nickname;
mod okcupid;
mod place;
mod row;
mod table;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use gpting_core::profile::Member;
use gpting_core::{Clock as _, Gpting, SystemClock, SystemRng};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use self::jsonl::Lines;
use self::row::{Intake, Rejected, Row};
use self::table::Table;

/// People per commit. Ids and keys are random, so a batch touches most pages of a small database: a larger one writes
/// them fewer times, a smaller one keeps a server beside it waiting less.
const BATCH: usize = 4_000;
/// Batches that are parsed ahead.
const AHEAD: usize = 2;
/// Longest id of a person in the system they come from, in bytes.
const ID_BYTES: usize = 200;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Summary {
    /// People taken in.
    pub(crate) imported: u64,
    /// People who were there already.
    pub(crate) unchanged: u64,
    /// Rows that could not be used.
    pub(crate) rejected: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "imported {}, unchanged {}, rejected {}", self.imported, self.unchanged, self.rejected)
    }
}

/// Why an import stopped. What was taken in before stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The file cannot be read, or its compression is broken.
    #[error("the file cannot be read")]
    Read(#[source] io::Error),
    /// The first line of a CSV file cannot be used.
    #[error("columns: {reason}")]
    Columns {
        /// What is wrong.
        reason: String,
    },
    /// The name of the source cannot be part of a key.
    #[error("a source is 1 to 40 letters, digits, `.`, `-` or `_`")]
    Source,
    /// The store failed.
    #[error("people could not be taken in")]
    Core(#[from] gpting_core::Error),
}

/// Hears how an import goes.
pub(crate) trait Progress: Send {
    /// A row was left out.
    fn rejected(&mut self, line: u64, reason: &str);
    /// A batch is done; `read` of `total` bytes of the file have been looked at.
    fn advanced(&mut self, so_far: Summary, read: u64, total: u64);
}

/// A row as its reader tells it.
struct Told {
    row: Row,
    /// What recognises the row when it has no id.
    hash: u128,
    /// Draws what the format leaves open, once the person's key is known.
    complete: fn(&mut Row, &str),
}

/// A line of the file, and what it tells.
type Numbered = (u64, Result<Told, Rejected>);

/// People that are ready to be taken in, and what was wrong on the way.
struct Batch {
    people: Vec<Member>,
    rejected: Vec<(u64, Rejected)>,
    read: u64,
}

/// Takes in the people of a file. `source` names where they are from; by default it follows from the format.
///
/// # Errors
/// See [`ImportError`]. The summary so far is lost with it; running again counts those people as unchanged.
pub(crate) async fn import(
    g: &Gpting,
    file: &Path,
    source: Option<&str>,
    progress: &mut dyn Progress,
) -> Result<Summary, ImportError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if source.is_some_and(|source| source.is_empty() || source.len() > 40 || !source.chars().all(is_plain)) {
        return Err(ImportError::Source);
    }
    let opened = File::open(file).map_err(ImportError::Read)?;
    let total = opened.metadata().map_or(0, |meta| meta.len());
    let (into, mut batches) = mpsc::channel(AHEAD);
    let reader = {
        let (g, source) = (g.clone(), source.map(str::to_owned));
        tokio::task::spawn_blocking(move || read(&g, opened, source.as_deref(), &into))
    };
    let mut summary = Summary::default();
    while let Some(Batch { people, rejected, read }) = batches.recv().await {
        let done = g.members().import(people).await?;
        summary.imported += done.imported as u64;
        summary.unchanged += done.unchanged as u64;
        summary.rejected += rejected.len() as u64;
        for (line, reason) in &rejected {
            progress.rejected(*line, &reason.0);
        }
        progress.advanced(summary, read, total);
    }
    reader.await.map_err(|error| ImportError::Read(io::Error::other(error)))??;
    Ok(summary)
}

/// Reads the file to its end, batch by batch. Ends early when nobody takes the batches any more.
fn read(g: &Gpting, file: File, source: Option<&str>, into: &mpsc::Sender<Batch>) -> Result<(), ImportError> {
    let facet = g.profiles();
    let intake = Intake { catalogue: facet.catalogue(), config: g.config(), now: SystemClock.now(), rng: &SystemRng };
    let position = Arc::new(AtomicU64::new(0));
    let mut people = People::open(unpacked(file, Arc::clone(&position)).map_err(ImportError::Read)?, &intake)?;
    let source = source.unwrap_or(people.default_source()).to_owned();
    let mut seen = Seen::default();
    loop {
        let mut batch = Batch { people: Vec::with_capacity(BATCH), rejected: Vec::new(), read: 0 };
        let mut ended = false;
        while batch.people.len() < BATCH && batch.rejected.len() < BATCH {
            let Some((line, told)) = people.next()? else {
                ended = true;
                break;
            };
            let member = told.and_then(|mut told| {
                let key = seen.key(&source, &told)?;
                (told.complete)(&mut told.row, &key);
                intake.member(&told.row, key)
            });
            match member {
                Ok(member) => batch.people.push(member),
                Err(reason) => batch.rejected.push((line, reason)),
            }
        }
        batch.read = position.load(Ordering::Relaxed);
        if into.blocking_send(batch).is_err() || ended {
            return Ok(());
        }
    }
}

/// A file of people in whichever format it is.
enum People<'a> {
    Table(Box<Table<'a>>),
    Lines(Lines<'a>),
}

impl<'a> People<'a> {
    fn open(mut input: Box<dyn BufRead + 'a>, intake: &Intake<'a>) -> Result<Self, ImportError> {
        let ahead = input.fill_buf().map_err(ImportError::Read)?;
        let ahead = ahead.strip_prefix(b"\xef\xbb\xbf").unwrap_or(ahead);
        let first = ahead.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'{') {
            return Ok(Self::Lines(Lines::new(input)));
        }
        Ok(Self::Table(Box::new(Table::open(Box::new(input), intake.catalogue)?)))
    }

    fn default_source(&self) -> &'static str {
        match self {
            Self::Table(table) => table.default_source(),
            Self::Lines(_) => "import",
        }
    }

    fn next(&mut self) -> Result<Option<Numbered>, ImportError> {
        match self {
            Self::Table(table) => table.next(),
            Self::Lines(lines) => lines.next(),
        }
    }
}

/// Which keys a file has used so far.
#[derive(Default)]
struct Seen {
    /// How many rows with this hash: of the content where there is no id, else of the id.
    counts: HashMap<u128, u32>,
}

impl Seen {
    /// The key of a row: its id, or its content and which one of equal rows it is.
    fn key(&mut self, source: &str, told: &Told) -> Result<String, Rejected> {
        let Some(id) = &told.row.id else {
            let count = self.counts.entry(told.hash).or_default();
            *count += 1;
            return Ok(format!("{source}#{:032x}.{count}", told.hash));
        };
        let id = id.to_string();
        let id = id.trim();
        if id.is_empty() || id.len() > ID_BYTES || id.chars().any(char::is_control) {
            return Err(Rejected(format!("id: 1 to {ID_BYTES} bytes without control characters")));
        }
        let count = self.counts.entry(content_hash(["id", id])).or_default();
        *count += 1;
        if *count > 1 {
            return Err(Rejected::new("id: appeared before in this file"));
        }
        Ok(format!("{source}:{id}"))
    }
}

/// The first 128 bits of SHA-256 over texts, each with its length so that borders count.
fn content_hash<'t>(texts: impl IntoIterator<Item = &'t str>) -> u128 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let digest: [u8; 32] = hash.finalize().into();
    u128::from_be_bytes(digest[..16].try_into().expect("half of 32 bytes is 16"))
}

/// The file's content, unpacked when it begins like gzip. `position` follows how much of the file has been read.
pub(super) fn unpacked(file: File, position: Arc<AtomicU64>) -> io::Result<Box<dyn BufRead>> {
    let mut input = BufReader::with_capacity(64 * 1024, Counted { file, position });
    let is_gzip = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip {
        Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(input)))
    } else {
        Box::new(input)
    })
}

/// Counts the bytes that are read from a file.
struct Counted {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
