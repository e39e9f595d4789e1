//! Which table of the original installation holds what, and which column points to whom.
//!
//! Django names a table `<app>_<model>`, and people name apps and models as they like. So users and profiles are known by
//! their columns, the rest by the name of the model, and a column that points to a profile is told from one that points
//! to a user by what the database says it references, else by its name.

use std::collections::HashMap;

use gpting_core::id::MemberId;

use super::original::{Original, Row, Table};

/// The tables that were found.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) users: Table,
    pub(super) profiles: Option<Table>,
    pub(super) likes: Option<Table>,
    pub(super) passes: Option<Table>,
    pub(super) matches: Option<Table>,
    pub(super) requests: Option<Table>,
    pub(super) friends: Option<Table>,
    pub(super) blocks: Option<Table>,
    pub(super) rooms: Option<Table>,
    /// Who takes part in a room, where that is a table of its own.
    pub(super) participants: Option<Table>,
    pub(super) messages: Option<Table>,
}

/// Names of columns, without `_id`, by which the first and the second of two people are known.
pub(super) const FROM: &[&str] = &[
    "from_user",
    "from_profile",
    "sender",
    "requester",
    "liker",
    "blocker",
    "user1",
    "user_1",
    "user_a",
    "first_user",
    "user",
    "profile",
    "me",
];
pub(super) const TO: &[&str] = &[
    "to_user",
    "to_profile",
    "receiver",
    "liked_user",
    "liked_profile",
    "liked",
    "passed_user",
    "disliked_user",
    "blocked_user",
    "blocked",
    "matched_user",
    "friend",
    "target",
    "target_user",
    "user2",
    "user_2",
    "user_b",
    "second_user",
    "user_profile",
    "profile",
    "other",
];
pub(super) const SENDER: &[&str] = &["sender", "user", "author", "from_user", "profile"];
pub(super) const ROOM: &[&str] = &["room_id", "chat_room_id", "chatroom_id"];

impl Layout {
    /// Looks through the tables; none when none of them holds users.
    pub(super) async fn find(original: &mut Original) -> Result<Option<Self>, sqlx::Error> {
        let tables = original.tables().to_vec();
        let mut users: Option<(i64, Table)> = None;
        for table in tables.iter().filter(|table| ["id", "username", "email", "password"].iter().all(|c| table.has(c)))
        {
            // A project with a user model of its own may still have the empty table of the framework's.
            let count = original.count(table).await?;
            if users.as_ref().is_none_or(|(most, _)| count > *most) {
                users = Some((count, table.clone()));
            }
        }
        let Some((_, users)) = users else { return Ok(None) };
        let says = |table: &&Table| {
            table.has("id") && table.has("user_id") && ["nickname", "birth_date", "gender"].iter().any(|c| table.has(c))
        };
        let profiles = tables.iter().find(says).cloned();
        let named = |models: &[&str]| {
            models.iter().find_map(|model| {
                let ending = format!("_{model}");
                tables.iter().find(|table| table.has("id") && table.name.ends_with(&ending)).cloned()
            })
        };
        let rooms = named(&["chatroom", "chat_room", "room"]);
        let participants = rooms.as_ref().and_then(|rooms| {
            let with = ["participants", "members", "users"].map(|field| format!("{}_{field}", rooms.name));
            tables.iter().find(|table| with.contains(&table.name)).cloned()
        });
        Ok(Some(Self {
            users,
            profiles,
            likes: named(&["like", "likes"]),
            passes: named(&["pass", "dislike", "skip"]),
            matches: named(&["match", "matches"]),
            requests: named(&["friendrequest", "friend_request"]),
            friends: named(&["friendship", "friend", "friends"]),
            blocks: named(&["block", "userblock"]),
            rooms,
            participants,
            messages: named(&["message", "chatmessage"]),
        }))
    }

    /// What each table that was found is read as.
    pub(super) fn told(&self) -> Vec<String> {
        let all = [
            ("profiles", &self.profiles),
            ("likes", &self.likes),
            ("passes", &self.passes),
            ("matches", &self.matches),
            ("friend requests", &self.requests),
            ("friends", &self.friends),
            ("blocks", &self.blocks),
            ("rooms", &self.rooms),
            ("participants", &self.participants),
            ("messages", &self.messages),
        ];
        let found = all.into_iter().filter_map(|(what, table)| Some(format!("{what}: {}", table.as_ref()?.name)));
        std::iter::once(format!("accounts: {}", self.users.name)).chain(found).collect()
    }
}

/// Who is who: users by their own id and by that of their profile.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) by_user: HashMap<i64, MemberId>,
    pub(super) user_of_profile: HashMap<i64, i64>,
}

impl People {
    /// The person that the first of these columns points to; an error names whom it points to in vain.
    pub(super) fn pointed_at(
        &self,
        layout: &Layout,
        table: &Table,
        row: &Row,
        fields: &[&str],
    ) -> Result<MemberId, String> {
        let found = fields.iter().find_map(|field| {
            [format!("{field}_id"), (*field).to_owned()].into_iter().find(|column| table.has(column))
        });
        let Some(column) = found else { return Err(format!("none of the columns {} is there", fields.join(", "))) };
        let Some(id) = row.number(&[&column]) else { return Err(format!("{column} is empty")) };
        let to_profile = match table.references.get(&column) {
            Some(target) => layout.profiles.as_ref().is_some_and(|profiles| profiles.name == *target),
            None => column.contains("profile") && layout.profiles.is_some(),
        };
        let user = if to_profile { self.user_of_profile.get(&id).copied() } else { Some(id) };
        let person = user.and_then(|user| self.by_user.get(&user));
        person.copied().ok_or_else(|| format!("{column} {id} was not brought over"))
    }
}
