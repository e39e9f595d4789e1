//! `gpting evaluate log`: what people answered to what they were shown, by ranker, place and group.
//!
//! Called by the command line; reads impressions, decisions and outcomes out of the store a page at a time, and hands them to
//! the laboratory, which keeps a few numbers per person. Nothing is written but the schema of this build. Invariant: figures
//! only, nothing about any person.

use std::collections::HashMap;

use clap::Args;
use gpting_core::interaction::{DecisionKind, MatchState, Pair, PairList, Stage};
use gpting_core::lab::log::{Answer, Log, Membership, Report, Settings, Showing};
use gpting_core::matching::exposure::{Impression, Slot};
use gpting_core::matching::ranker::Ranker;
use gpting_core::profile::{Member, gender_letter_of};
use gpting_core::store::{Before, FeedCursor, FeedEntry, Page, Store, StoreResult};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::evaluate_log_text::{json, text};

/// Rows of one read.
const BATCH: usize = 2_000;
/// Pairs of one read.
const PAIRS: usize = 500;
/// The calendar of the product.
const SEOUL: TimeZone = TimeZone::fixed(Offset::constant(9));

/// The flags of the command.
#[derive(Clone, Debug, Args)]
pub(super) struct LogFlags {
    /// The ranker that others are compared with
    #[arg(long, value_name = "RANKER", default_value = "served", value_parser = ranker)]
    base: Ranker,
    /// How far down a list is looked at
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    k: u16,
    /// How often viewers are drawn again for the intervals
    #[arg(long, value_name = "N", default_value_t = 1000)]
    rounds: usize,
    /// What they are drawn from
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Only of people who were shown to a viewer for the first time then or later: a time such as 2026-11-01T00:00:00Z, or a
    /// day, which begins in Seoul
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

fn since(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(SEOUL).ok().map(|day| day.timestamp());
    let wanted = || "expected a time such as 2026-11-01T00:00:00Z, or a day such as 2026-11-01".to_owned();
    text.parse().ok().or_else(day).ok_or_else(wanted)
}

fn ranker(name: &str) -> Result<Ranker, String> {
    let known = Ranker::ALL.into_iter().find(|ranker| ranker.name() == name);
    known.ok_or_else(|| "there are served, harmonic, unlearned and newest".to_owned())
}

/// Runs the command; the text it answers.
///
/// # Errors
/// When the store fails.
pub(super) async fn run(store: &dyn Store, flags: &LogFlags, now: Timestamp) -> StoreResult<String> {
    let report = evaluated(store, flags, now).await?;
    Ok(if flags.json {
        json(&report, flags.base.name(), flags.k, flags.since).to_string()
    } else {
        text(&report, flags.k)
    })
}

async fn evaluated(store: &dyn Store, flags: &LogFlags, now: Timestamp) -> StoreResult<Report> {
    let place = |ranker: Ranker| Ranker::ALL.iter().position(|known| *known == ranker).unwrap_or(0);
    let mut log = Log::new(Settings {
        rankers: Ranker::ALL.map(Ranker::name).to_vec(),
        base: place(flags.base),
        k: flags.k.into(),
        rounds: flags.rounds,
        seed: flags.seed,
    });
    read_people(store, &mut log, now).await?;
    let mut after = None;
    let mut of_viewer: Vec<Impression> = Vec::new();
    loop {
        let rows = store.impressions(after, BATCH).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.viewer, last.candidate));
        for row in rows.into_iter().filter(|row| flags.since.is_none_or(|since| row.first_at >= since)) {
            if of_viewer.first().is_some_and(|first| first.viewer != row.viewer) {
                take_viewer(store, &mut log, &of_viewer, place).await?;
                of_viewer.clear();
            }
            of_viewer.push(row);
        }
    }
    take_viewer(store, &mut log, &of_viewer, place).await?;
    let report = tokio::task::spawn_blocking(move || log.report()).await;
    report.map_err(|error| gpting_core::store::StoreError::Internal(Box::new(error)))
}

/// Hands over what one viewer was shown, with what came of it.
async fn take_viewer(
    store: &dyn Store,
    log: &mut Log,
    rows: &[Impression],
    place: impl Fn(Ranker) -> usize,
) -> StoreResult<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let mut pairs: HashMap<i64, Pair> = HashMap::default();
    let mut page = Page::first(PAIRS);
    loop {
        let read = store.list_pairs(first.viewer, PairList::Decided, page).await?;
        let is_last = read.len() < PAIRS;
        let behind = read.last().and_then(|pair| pair.listed(first.viewer, PairList::Decided));
        pairs.extend(read.into_iter().map(|pair| (pair.key.other(first.viewer).value(), pair)));
        match behind {
            Some(listing) if !is_last => {
                page = Page::after(Before { at: listing.at, id: listing.other.value() }, PAIRS);
            }
            Some(_) | None => break,
        }
    }
    let showings: Vec<Showing> = rows
        .iter()
        .filter_map(|row| {
            // What an earlier build has shown is of no known ranker.
            let exposure = row.exposure?;
            Some(Showing {
                candidate: row.candidate.value().unsigned_abs(),
                day: SEOUL.to_datetime(row.last_at).date().duration_since(jiff::civil::date(1970, 1, 1)).as_hours()
                    / 24,
                position: exposure.position,
                ranker: place(exposure.ranker),
                is_ranked: exposure.slot == Slot::Ranked,
                there: f64::from(exposure.there) / 1e6,
                answer: pairs.get(&row.candidate.value()).map_or(Answer::None, |pair| answer(pair, row)),
            })
        })
        .collect();
    log.viewer(&showings);
    Ok(())
}

/// What came of a showing. A decision from before it answers something else.
fn answer(pair: &Pair, row: &Impression) -> Answer {
    let decision = pair.key.side(row.viewer).and_then(|side| pair.stance(side).decision.as_ref());
    let Some(decision) = decision.filter(|decision| decision.at >= row.first_at) else { return Answer::None };
    if decision.kind == DecisionKind::Pass {
        return Answer::Pass;
    }
    match (pair.outcome.map(|outcome| outcome.stage), pair.match_state) {
        (Some(Stage::Conversed), _) => Answer::Conversation,
        (Some(Stage::Replied), _) => Answer::Reply,
        (Some(Stage::Silent | Stage::Opened), _)
        | (None, MatchState::Matched { .. } | MatchState::Unmatched { .. }) => Answer::Match,
        (None, MatchState::None) => Answer::Like,
    }
}

/// Reads of everybody which groups they are in.
async fn read_people(store: &dyn Store, log: &mut Log, now: Timestamp) -> StoreResult<()> {
    let mut cursor = FeedCursor::default();
    loop {
        let (entries, next) = store.members_changed(cursor, BATCH).await?;
        let is_last = entries.len() < BATCH;
        for entry in entries {
            if let FeedEntry::Put(row) = entry
                && row.value.is_visible()
            {
                log.person(row.value.id.value().unsigned_abs(), groups(&row.value, now));
            }
        }
        if is_last {
            return Ok(());
        }
        cursor = next;
    }
}

fn groups(member: &Member, now: Timestamp) -> Vec<Membership> {
    let gender = member.profile.gender.map(|gender| ("gender", gender_letter_of(gender)));
    let today = SEOUL.to_datetime(now).date();
    let age = member.profile.birth_date.map(|born| {
        let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
        ("age", band(today.year() - born.year() - i16::from(!had_birthday)))
    });
    gender.into_iter().chain(age).collect()
}

fn band(age: i16) -> &'static str {
    match age {
        ..25 => "under 25",
        25..30 => "25 to 29",
        30..35 => "30 to 34",
        35..40 => "35 to 39",
        40..50 => "40 to 49",
        50.. => "50 and over",
    }
}

#[cfg(test)]
#[path = "evaluate_log_tests.rs"]
mod tests;
