//! `gpting demo`: the server with made-up members, so that a first visit is not a visit to an empty house.
//!
//! Called by the command line and by `start`; calls the core as an import does. [`Demo::fill`] takes the members in before
//! the engine is filled, [`run`] lets them act beside the server: they like, write first, read and answer. Invariants:
//!
//! - nobody can take them for people: the nickname ends with `(데모)` or `(demo)`, and the bio says it in its first sentence;
//! - they never stand beside real people: a database that held anybody before its first demo member is refused, and so is
//!   one that people were imported into. Whoever signs up with the demo is its guest;
//! - what a member is follows from its number and the seed, so starting again goes on with the same ones.

mod life;
mod people;
mod phrases;
mod portrait;

use std::time::Duration;

use gpting_core::store::{FeedCursor, FeedEntry, Store};
use gpting_core::{Clock as _, SystemClock};
use tokio_util::sync::CancellationToken;

use super::import::draw::Draw;
use super::store::AnyStore;

/// What the source keys of the made-up members begin with. No import makes such a key: sources of files have no tilde.
const SOURCE: &str = "~demo:";
/// Members of the feed that are looked at together.
const BATCH: usize = 1_000;

/// The flags of `gpting demo`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Demo {
    /// How many made-up members there are; those of an earlier start stay
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(2..=5_000))]
    members: u32,
    /// What they are and what they do is drawn from this number
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How long they take to react, in seconds on average
    #[arg(long, value_name = "SECONDS", default_value = "8", value_parser = pace)]
    pace: Duration,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    /// Somebody real could meet the made-up members.
    #[error(
        "this database has members who are not the demo's: made-up people never stand beside real ones. \
         Give the demo a folder of its own: --data-dir"
    )]
    RealMembers,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] gpting_core::store::StoreError),
    /// The members could not be made.
    #[error("the members of the demo could not be made")]
    Core(#[from] gpting_core::Error),
}

impl Demo {
    /// Takes the made-up members in, as far as they are not there yet.
    ///
    /// # Errors
    /// [`DemoError::RealMembers`], and then nothing was changed; otherwise when the store fails.
    pub(super) async fn fill(&self, store: &AnyStore) -> Result<(), DemoError> {
        refuse_real_members(store.store()).await?;
        let g = store.builder_without_accounts().build().await?;
        let people = people::made_up(self.members, self.seed, g.profiles().catalogue(), g.config(), SystemClock.now())?;
        let done = g.members().import(people).await?;
        tracing::info!(new = done.imported, known = done.unchanged, "the members of the demo are made up");
        Ok(())
    }

    /// Lets the members act until they are told to stop.
    pub(super) async fn run(self, g: gpting_core::Gpting, store: AnyStore, stop: CancellationToken) {
        let acts = life::Life::new(&g, store.store(), self.seed, self.pace);
        tokio::join!(portrait::hang_all(&g, store.store(), self.seed, &stop), async {
            stop.run_until_cancelled(Box::pin(acts.go_on())).await
        },);
    }
}

/// Refuses a database on which somebody was there before the demo, or came by another way than signing up with it.
async fn refuse_real_members(store: &dyn Store) -> Result<(), DemoError> {
    let first = store.members_by_source(&[people::source(1)]).await?.pop();
    let began = first.map(|first| first.value.created_at);
    let mut cursor = FeedCursor::default();
    loop {
        let (entries, next) = store.members_changed(cursor, BATCH).await?;
        for entry in &entries {
            let FeedEntry::Put(member) = entry else { continue };
            let member = &member.value;
            if is_made_up(member) {
                continue;
            }
            let is_guest = member.source.is_none() && member.host.is_none();
            if !is_guest || began.is_none_or(|began| member.created_at < began) {
                return Err(DemoError::RealMembers);
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        cursor = next;
    }
}

/// Whether a member is one of the demo's.
fn is_made_up(member: &gpting_core::profile::Member) -> bool {
    member.source.as_ref().is_some_and(|source| source.starts_with(SOURCE))
}

/// The numbers that belong to a key under a seed.
fn draw(seed: u64, key: &str, purpose: &str) -> Draw {
    Draw::new(&format!("{seed}/{key}"), purpose)
}

/// One of a list that is not empty.
fn one<'t, T>(draw: &mut Draw, of: &'t [T]) -> &'t T {
    &of[draw.below(of.len())]
}

fn pace(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.05..=3_600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("0.05 to 3600 seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_time_that_can_be_waited_for() {
        assert_eq!(pace("0.5").unwrap(), Duration::from_millis(500));
        for bad in ["0", "-1", "NaN", "1e9", "soon"] {
            assert!(pace(bad).is_err(), "{bad}");
        }
    }
}
