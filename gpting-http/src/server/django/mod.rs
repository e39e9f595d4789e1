//! `gpting copy --from-django`: brings over an installation of the original service.
//!
//! Called by the command line; reads the original's database and hands people, pairs and conversations to the core,
//! which holds them against its own rules. Invariants:
//!
//! - the original is read in one transaction and never written;
//! - whoever or whatever is there already stays as it is, so the command can be stopped and run again;
//! - every row that is not brought over is told of by table, number and reason, never by its content;
//! - memory grows with people and pairs, not with messages.

mod bonds;
mod layout;
mod original;
mod people;

use std::collections::HashMap;

use gpting_core::account::Adopted;
use gpting_core::id::MemberId;
use gpting_core::interaction::{AdoptedMessage, AdoptedPair, AdoptedRoom, DecisionKind, Side};
use gpting_core::{Clock as _, Gpting, SystemClock, SystemRng};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use self::bonds::{Bond, Bonds, Request};
use self::layout::{FROM, Layout, People, ROOM, SENDER, TO};
use self::original::{Original, Row, Table};
use self::people::{Intake, Read, words};
use super::settings::Database;
use super::start::StartError;

/// People per commit.
const PEOPLE: usize = 500;
/// Columns that tell when something was.
const WHEN: &[&str] =
    &["created_at", "timestamp", "sent_at", "matched_at", "liked_at", "updated_at", "date", "created"];

/// What was brought over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Summary {
    accounts: u64,
    profiles: u64,
    likes: u64,
    passes: u64,
    matches: u64,
    friend_requests: u64,
    friends: u64,
    blocks: u64,
    rooms: u64,
    messages: u64,
    /// People and pairs who were here before.
    unchanged: u64,
    /// Rows that stayed behind.
    rejected: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { accounts, profiles, likes, passes, matches, friend_requests, .. } = self;
        let Self { friends, blocks, rooms, messages, unchanged, rejected, .. } = self;
        write!(
            f,
            "accounts {accounts}, profiles {profiles}, likes {likes}, passes {passes}, matches {matches}, friend requests \
             {friend_requests}, friends {friends}, blocks {blocks}, rooms {rooms}, messages {messages}, unchanged \
             {unchanged}, rejected {rejected}"
        )
    }
}

/// Hears how it goes.
pub(super) trait Progress: Send {
    /// Something worth a line.
    fn told(&mut self, line: &str);
    /// So many of so many people and pairs are done.
    fn advanced(&mut self, what: &'static str, done: u64, total: u64);
}

/// Brings everything over.
///
/// # Errors
/// When the original cannot be read or holds no users, or the store fails.
pub(super) async fn run(g: &Gpting, from: &Database, progress: &mut dyn Progress) -> Result<Summary, StartError> {
    let mut original = match from {
        Database::Sqlite(path) => Original::sqlite(path).await?,
        Database::Postgres(url) => Original::postgres(url.expose_secret()).await?,
    };
    let layout = Layout::find(&mut original).await?.ok_or(
        "this is no installation of the original service: no table has the columns id, username, email and password",
    )?;
    layout.told().iter().for_each(|line| progress.told(line));
    let mut moving = Moving {
        g,
        original,
        layout,
        people: People::default(),
        summary: Summary::default(),
        progress,
        now: SystemClock.now(),
    };
    moving.people().await?;
    let bonds = moving.bonds().await?;
    moving.pairs(bonds).await?;
    Ok(moving.summary)
}

struct Moving<'a> {
    g: &'a Gpting,
    original: Original,
    layout: Layout,
    people: People,
    summary: Summary,
    progress: &'a mut dyn Progress,
    now: Timestamp,
}

impl Moving<'_> {
    fn reject(&mut self, table: &str, id: i64, reason: &str) {
        self.summary.rejected += 1;
        self.progress.told(&format!("{table} {id}: {reason}"));
    }

    fn when(&self, row: &Row) -> Timestamp {
        row.time(WHEN).unwrap_or(self.now).min(self.now)
    }

    async fn people(&mut self) -> Result<(), StartError> {
        let mut profiles = HashMap::new();
        if let Some(table) = self.layout.profiles.clone() {
            for row in self.original.all(&table).await? {
                if let Some(user) = row.number(&["user_id"]) {
                    self.people.user_of_profile.insert(row.id(), user);
                    profiles.insert(user, row);
                }
            }
        }
        let interests = self.interests().await?;
        let users = self.layout.users.clone();
        let total = self.original.count(&users).await?.unsigned_abs();
        let (mut after, mut done) = (i64::MIN, 0);
        loop {
            let rows = self.original.rows(&users, after).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id();
            for rows in rows.chunks(PEOPLE) {
                self.take_people(&users, rows, &profiles, &interests).await?;
                done += rows.len() as u64;
                self.progress.advanced("people", done, total);
            }
        }
    }

    async fn take_people(
        &mut self,
        users: &Table,
        rows: &[Row],
        profiles: &HashMap<i64, Row>,
        interests: &HashMap<i64, Vec<String>>,
    ) -> Result<(), StartError> {
        let mut ready = Vec::new();
        for row in rows {
            let id = row.id();
            let profile = profiles.get(&id);
            let whole = profile.map_or_else(|| row.clone(), |profile| row.clone().or(profile));
            let facet = self.g.profiles();
            let intake =
                Intake { catalogue: facet.catalogue(), config: self.g.config(), now: self.now, rng: &SystemRng };
            match intake.newcomer(&whole, interests.get(&id).cloned().unwrap_or_default()) {
                Ok(read) => ready.push((id, profile.is_some(), read)),
                Err(reason) => self.reject(&users.name, id, &reason),
            }
        }
        let newcomers = ready.iter().map(|(.., read)| read.newcomer.clone()).collect();
        let adopted = self.g.accounts().adopt(newcomers).await?;
        for ((id, has_profile, Read { left_out, .. }), adopted) in ready.into_iter().zip(adopted) {
            match adopted {
                Adopted::Known(member) => {
                    self.people.by_user.insert(id, member);
                    self.summary.unchanged += 1;
                }
                Adopted::New { id: member, renamed, has_password } => {
                    self.people.by_user.insert(id, member);
                    self.summary.accounts += 1;
                    self.summary.profiles += u64::from(has_profile);
                    let mut notes = left_out;
                    if renamed {
                        notes.push(format!("username: cannot be one here; logs in by e-mail, or as user-{id}"));
                    }
                    if !has_password {
                        notes.push(
                            "password: kept in a way that cannot be verified here; has to be set anew".to_owned(),
                        );
                    }
                    for note in notes {
                        self.progress.told(&format!("{} {id}: comes without {note}", users.name));
                    }
                }
                Adopted::Refused(faults) => {
                    let reasons: Vec<String> =
                        faults.iter().map(|fault| format!("{}: {}", fault.field, words(&fault.fault))).collect();
                    self.reject(&users.name, id, &reasons.join("; "));
                }
            }
        }
        Ok(())
    }

    /// Names of interests by user, where they are a table of their own.
    async fn interests(&mut self) -> Result<HashMap<i64, Vec<String>>, StartError> {
        let tables = self.original.tables();
        let named = tables.iter().find(|table| table.name.ends_with("_interest") && table.has("name")).cloned();
        let linking =
            [self.layout.profiles.as_ref(), Some(&self.layout.users)].into_iter().flatten().find_map(|owner| {
                let name = format!("{}_interests", owner.name);
                Some((owner.name == self.layout.users.name, tables.iter().find(|table| table.name == name)?.clone()))
            });
        let (Some(named), Some((of_users, linking))) = (named, linking) else { return Ok(HashMap::new()) };
        let names: HashMap<i64, String> = self
            .original
            .all(&named)
            .await?
            .iter()
            .filter_map(|row| Some((row.id(), row.text(&["name"])?.to_owned())))
            .collect();
        let owner = linking.columns.iter().find(|column| !matches!(column.as_str(), "id" | "interest_id")).cloned();
        let owner = owner.unwrap_or_default();
        let mut all: HashMap<i64, Vec<String>> = HashMap::new();
        for row in self.original.all(&linking).await? {
            let of = row.number(&[&owner]);
            let user = if of_users { of } else { of.and_then(|id| self.people.user_of_profile.get(&id).copied()) };
            let name = row.number(&["interest_id"]).and_then(|id| names.get(&id));
            if let (Some(user), Some(name)) = (user, name) {
                all.entry(user).or_default().push(name.clone());
            }
        }
        Ok(all)
    }

    /// Goes through a table of which every row is about two people.
    async fn between(
        &mut self,
        table: Option<Table>,
        mut tell: impl FnMut(&Row, MemberId, MemberId, Timestamp) -> Result<(), String>,
    ) -> Result<(), StartError> {
        let Some(table) = table else { return Ok(()) };
        let mut after = i64::MIN;
        loop {
            let rows = self.original.rows(&table, after).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id();
            for row in &rows {
                let person = |fields| self.people.pointed_at(&self.layout, &table, row, fields);
                let both = person(FROM).and_then(|from| Ok((from, person(TO)?)));
                let told = both.and_then(|(from, to)| tell(row, from, to, self.when(row)));
                if let Err(reason) = told {
                    self.reject(&table.name, row.id(), &reason);
                }
            }
        }
    }

    async fn bonds(&mut self) -> Result<Bonds, StartError> {
        let mut bonds = Bonds::default();
        let (likes, passes) = (self.layout.likes.clone(), self.layout.passes.clone());
        self.between(likes, |_, from, to, at| bonds.decided(from, to, DecisionKind::Like, at)).await?;
        self.between(passes, |_, from, to, at| bonds.decided(from, to, DecisionKind::Pass, at)).await?;
        let (matches, requests) = (self.layout.matches.clone(), self.layout.requests.clone());
        self.between(matches, |row, a, b, at| {
            bonds.matched(a, b, at, row.flag(&["is_active", "active"]) == Some(false))
        })
        .await?;
        self.between(requests, |row, from, to, at| bonds.requested(from, to, status(row), at, &SystemRng)).await?;
        let (friends, blocks) = (self.layout.friends.clone(), self.layout.blocks.clone());
        self.between(friends, |_, a, b, at| bonds.befriended(a, b, at)).await?;
        self.between(blocks, |_, from, to, at| bonds.blocked(from, to, at)).await?;
        self.rooms(&mut bonds).await?;
        Ok(bonds)
    }

    async fn rooms(&mut self, bonds: &mut Bonds) -> Result<(), StartError> {
        let Some(rooms) = self.layout.rooms.clone() else { return Ok(()) };
        let Some(participants) = self.layout.participants.clone() else {
            return self.between(Some(rooms), |row, a, b, at| bonds.talked(a, b, row.id(), at)).await;
        };
        let people: Vec<&str> = participants
            .columns
            .iter()
            .map(String::as_str)
            .filter(|column| *column != "id" && !ROOM.contains(column))
            .map(|column| column.strip_suffix("_id").unwrap_or(column))
            .collect();
        let mut seated: HashMap<i64, Vec<Result<MemberId, String>>> = HashMap::new();
        for row in self.original.all(&participants).await? {
            if let Some(room) = row.number(ROOM) {
                let who = self.people.pointed_at(&self.layout, &participants, &row, &people);
                seated.entry(room).or_default().push(who);
            }
        }
        for row in self.original.all(&rooms).await? {
            let told = match seated.remove(&row.id()).unwrap_or_default().as_slice() {
                [Ok(a), Ok(b)] => bonds.talked(*a, *b, row.id(), self.when(&row)),
                [Err(reason), _] | [_, Err(reason)] => Err(reason.clone()),
                others => Err(format!("has {} participants, not two", others.len())),
            };
            if let Err(reason) = told {
                self.reject(&rooms.name, row.id(), &reason);
            }
        }
        Ok(())
    }

    async fn pairs(&mut self, bonds: Bonds) -> Result<(), StartError> {
        let total = bonds.len() as u64;
        for (done, (bond, counts)) in (1..).zip(bonds.settled()) {
            let (messages, numbers) = self.messages(&bond).await?;
            let began = bond.rooms.iter().map(|(_, at)| *at).min();
            let room = began.map(|created_at| AdoptedRoom { created_at, messages });
            let adopted = self.g.matching().adopt(AdoptedPair { pair: bond.pair, room }).await?;
            let sum = &mut self.summary;
            sum.messages += adopted.messages;
            if adopted.is_new {
                sum.likes += counts.likes;
                sum.passes += counts.passes;
                sum.matches += counts.matches;
                sum.friend_requests += counts.friend_requests;
                sum.friends += counts.friends;
                sum.blocks += counts.blocks;
                sum.rooms += counts.rooms;
            } else {
                sum.unchanged += 1;
            }
            let table = self.layout.messages.as_ref().map_or_else(String::new, |table| table.name.clone());
            for refused in adopted.refused {
                let number = numbers.get(&refused.key).copied().unwrap_or_default();
                self.reject(&table, number, &format!("content: {}", words(&refused.fault)));
            }
            self.progress.advanced("pairs", done, total);
        }
        Ok(())
    }

    /// What a pair has said, in order, and the original's number of each.
    async fn messages(&mut self, bond: &Bond) -> Result<(Vec<AdoptedMessage>, HashMap<Uuid, i64>), StartError> {
        let (mut messages, mut numbers) = (Vec::new(), HashMap::new());
        let Some(table) = self.layout.messages.clone() else { return Ok((Vec::new(), numbers)) };
        let Some(column) = ROOM.iter().copied().find(|column| table.has(column)) else {
            return Ok((Vec::new(), numbers));
        };
        for (room, _) in &bond.rooms {
            for row in self.original.of(&table, column, *room).await? {
                let sender = self.people.pointed_at(&self.layout, &table, &row, SENDER);
                let side = sender.and_then(|sender| {
                    bond.pair.key.side(sender).ok_or_else(|| "its sender does not take part in the room".to_owned())
                });
                match side {
                    Ok(from) => {
                        let key = key_of(&table.name, row.id());
                        numbers.insert(key, row.id());
                        messages.push((self.when(&row), row.id(), said(&row, from, key, self.when(&row))));
                    }
                    Err(reason) => self.reject(&table.name, row.id(), &reason),
                }
            }
        }
        messages.sort_by_key(|(at, id, _)| (*at, *id));
        Ok((messages.into_iter().map(|(.., message)| message).collect(), numbers))
    }
}

fn said(row: &Row, from: Side, key: Uuid, at: Timestamp) -> AdoptedMessage {
    AdoptedMessage {
        from,
        text: row.text(&["content", "message", "text", "body"]).unwrap_or_default().to_owned(),
        at,
        key,
        is_read: row.flag(&["is_read", "read"]).unwrap_or(false),
    }
}

/// By which a message is recognised at the next time.
fn key_of(table: &str, id: i64) -> Uuid {
    let hash: [u8; 32] = Sha256::digest(format!("django {table} {id}")).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn status(row: &Row) -> Request {
    if let Some(accepted) = row.flag(&["is_accepted", "accepted"]) {
        return if accepted { Request::Accepted } else { Request::Waits };
    }
    match row.text(&["status", "state"]).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "accepted" | "accept" | "a" => Request::Accepted,
        "rejected" | "reject" | "declined" | "cancelled" | "canceled" | "r" => Request::Rejected,
        _ => Request::Waits,
    }
}
