//! What was derived from what a member wrote: codes and bounded numbers, part of the member's own row.
//!
//! It stands in the row that also holds the consents, so that one commit withdraws and purges, and an analysis that was
//! begun before finds its version gone. Read by the engine's intake through `signal`; written by `analyst`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::embedding::Embedding;
use super::topic::Strengths;
use crate::id::{JobId, RoomId};

/// Of so many rooms, the newest, values are kept.
const ROOMS: usize = 50;

/// Everything that was derived about a member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derived {
    /// What their own text shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Traits>,
    /// Where a model puts their own text among others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
    /// What they value, by the room it was learned in. A room stands with both who take part, or with neither.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rooms: BTreeMap<RoomId, Learned>,
    /// The job that goes on learning from their conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learner: Option<JobId>,
}

/// What a member's text about themselves shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// Hash of model, version of the prompt, and what was read.
    pub content: String,
    /// When.
    pub at: Timestamp,
    /// How much of each topic, from 1 to 100.
    #[serde(default, skip_serializing_if = "Strengths::is_empty")]
    pub topics: Strengths,
}

/// What a member values, as far as one conversation shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// Up to which message it was read.
    pub through: u64,
    /// When.
    pub at: Timestamp,
    /// How much they value each topic in others, from -100 to 100.
    #[serde(default, skip_serializing_if = "Strengths::is_empty")]
    pub values: Strengths,
}

impl Derived {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What they value, over all conversations, each from -1 to 1: the sum of what the conversations say, over half a
    /// conversation more than there are, so that one alone says less than several that agree.
    pub fn values(&self) -> BTreeMap<&str, f64> {
        let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (code, value) in self.rooms.values().flat_map(|learned| &learned.values) {
            let (sum, count) = sums.entry(code).or_default();
            *sum += f64::from(*value) / 100.0;
            *count += 1.0;
        }
        sums.into_iter().map(|(code, (sum, count))| (code, (sum / (count + 0.5)).clamp(-1.0, 1.0))).collect()
    }

    /// Keeps what was learned in a room; of rooms beyond the fiftieth, oldest first, only that they were read.
    pub(crate) fn learn(&mut self, room: RoomId, learned: Learned) {
        self.rooms.insert(room, learned);
        let mut rooms: Vec<(Timestamp, RoomId)> =
            self.rooms.iter().filter(|(_, row)| !row.values.is_empty()).map(|(id, row)| (row.at, *id)).collect();
        rooms.sort_unstable();
        let beyond = rooms.len().saturating_sub(ROOMS);
        for (_, old) in rooms.drain(..beyond) {
            if let Some(row) = self.rooms.get_mut(&old) {
                row.values.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(at: i64, values: &[(&str, i8)]) -> Learned {
        let values = values.iter().map(|(code, value)| ((*code).to_owned(), *value)).collect();
        Learned { through: 9, at: Timestamp::from_second(at).unwrap(), values }
    }

    #[test]
    fn it_is_read_back_as_it_was_written_and_is_nothing_when_empty() {
        let mut derived = Derived { learner: JobId::new(5), ..Derived::default() };
        derived.learn(RoomId::new(7).unwrap(), learned(1, &[("hiking", 80)]));
        let json = serde_json::to_value(&derived).unwrap();
        assert_eq!(serde_json::from_value::<Derived>(json).unwrap(), derived);
        assert_eq!(serde_json::to_value(Derived::default()).unwrap(), serde_json::json!({}));
    }

    #[test]
    fn conversations_that_agree_say_more_than_one_and_those_that_do_not_say_less() {
        let mut derived = Derived::default();
        derived.learn(RoomId::new(1).unwrap(), learned(1, &[("hiking", 90), ("wine", 90)]));
        let one = derived.values()["hiking"];
        derived.learn(RoomId::new(2).unwrap(), learned(2, &[("hiking", 90), ("wine", -90)]));
        assert!(derived.values()["hiking"] > one && one > 0.5);
        assert!(derived.values()["wine"].abs() < 1e-9);
    }

    #[test]
    fn of_many_rooms_the_old_ones_keep_their_place_and_no_values() {
        let mut derived = Derived::default();
        for n in 1..=60 {
            derived.learn(RoomId::new(n).unwrap(), learned(n, &[("hiking", 50)]));
        }
        assert_eq!(derived.rooms.len(), 60);
        assert_eq!(derived.rooms.values().filter(|row| !row.values.is_empty()).count(), ROOMS);
        assert!(derived.rooms[&RoomId::new(10).unwrap()].values.is_empty());
    }
}
