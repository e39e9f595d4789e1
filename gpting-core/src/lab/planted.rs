//! Preferences that are planted in conversations alone: does the service find them, and does it forget them again?
//!
//! Seekers say nothing of a topic in their profiles, mention in a chat that they like people who have it, and decide
//! accordingly. Slates are compared with decisions that nobody has made yet, before anything is read of the chats and
//! after; then everybody withdraws. Called by tests and by the bench of the name; runs the whole service on a memory store.
//! Every figure is a function of the model, the sizes and the seed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::bootstrap::Bootstrap;
use super::stream::Stream;
use crate::assist::ScriptedModel;
use crate::assist::model::TextModel;
use crate::chat::Draft;
use crate::clock::{Clock, ManualClock};
use crate::config::{AssistConfig, Config, Limits};
use crate::error::Result;
use crate::gpting::Gpting;
use crate::id::{HostId, MemberId};
use crate::matching::slate::{Slate, SlateRequest};
use crate::profile::catalogue::Catalogue;
use crate::profile::{LocateInput, PreferencesEdit, ProfileEdit};
use crate::rng::SeededRng;
use crate::safety::{ConsentInput, Purpose};
use crate::store::MemoryStore;

/// What can be planted and what people have, by the code of the interest.
const TOPICS: [&str; 12] = [
    "hiking",
    "wine",
    "jazz",
    "board_games",
    "cooking",
    "camping",
    "movies",
    "running",
    "pottery",
    "dogs",
    "baking",
    "exhibitions",
];
/// What a planted topic adds to the logit of a like, and a shared interest.
const PLANTED: f64 = 2.0;
const SHARED: f64 = 0.5;
const BASE: f64 = -1.0;

/// The sizes of the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plot {
    /// People with a planted preference, each with one conversation.
    pub seekers: usize,
    /// People they have not met; with the seekers below 400.
    pub candidates: usize,
    /// What everything random follows from.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// How well slates order decisions that nobody has made yet (area under the curve, mean of the seekers), without analysis.
    pub before: f64,
    /// The same once the conversations were read.
    pub after: f64,
    /// The difference, with the interval that holds 95 % of redrawn seekers.
    pub lift: (f64, f64, f64),
    /// For how many seekers the planted topic is among what the service holds that they value.
    pub found: usize,
    /// Whether, once all had withdrawn, every slate was what it had been before, to the byte.
    pub is_forgotten: bool,
    /// How many seekers.
    pub seekers: usize,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (lift, low, high) = self.lift;
        writeln!(f, "| | AUC of held-out decisions |\n|---|---|")?;
        writeln!(f, "| without analysis | {:.3} |\n| conversations read | {:.3} |", self.before, self.after)?;
        writeln!(f, "| lift | {lift:+.3} (95 %: {low:+.3} to {high:+.3}) |")?;
        writeln!(f, "| planted topics found | {} of {} |", self.found, self.seekers)?;
        write!(f, "| slates after withdrawal as before | {} |", if self.is_forgotten { "yes, all" } else { "no" })
    }
}

#[derive(Debug)]
struct Hand(Arc<ManualClock>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// Reads the planted words: `… people who like <label>` in a line makes the topic something its speaker values.
pub fn reading_model() -> ScriptedModel {
    ScriptedModel::answering(|_, data| {
        let of = |who: &str| -> Value {
            let lines = data["conversation"].as_array().into_iter().flatten().filter(|line| line["who"] == who);
            let said: String = lines.filter_map(|line| line["text"].as_str()).collect::<Vec<_>>().join("\n");
            let found = TOPICS.iter().filter(|code| said.contains(&planted_words(code)));
            found.map(|code| json!({ "topic": code, "strength": 90 })).collect()
        };
        json!({ "a": of("a"), "b": of("b"), "topics": [] })
    })
}

fn label(code: &str) -> String {
    Catalogue::built_in().interest(code).map_or_else(String::new, |interest| interest.label.en.clone())
}

fn planted_words(code: &str) -> String {
    format!("people who like {}", label(code))
}

/// Runs the experiment.
///
/// # Errors
/// When the service refuses a step, which it does not.
pub async fn run(model: impl TextModel, plot: Plot) -> Result<Found> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_second(1_795_400_000).unwrap_or_default()));
    let config = Config {
        limits: Limits { page: 400, ..Limits::default() },
        assist: AssistConfig { model_is_abroad: false, ..AssistConfig::default() },
        ..Config::default()
    };
    let builder = Gpting::builder(MemoryStore::default()).clock(Hand(Arc::clone(&clock)));
    let g = builder.rng(SeededRng::new(plot.seed)).config(config).text_model(model).build().await?;
    let town = Town { g, clock, draw: Stream::of(plot.seed, 0) };
    town.play(plot).await
}

struct Seeker {
    id: MemberId,
    interests: Vec<usize>,
    wants: usize,
}

struct Town {
    g: Gpting,
    clock: Arc<ManualClock>,
    draw: Stream,
}

impl Town {
    async fn play(mut self, plot: Plot) -> Result<Found> {
        let mut candidates = Vec::new();
        for n in 0..plot.candidates {
            let interests = self.interests(TOPICS.len());
            candidates.push((self.person(&format!("c{n}"), "M", "F", &interests).await?, interests));
        }
        let mut seekers = Vec::new();
        for n in 0..plot.seekers {
            let wants = self.draw.below(TOPICS.len());
            let interests = self.interests(wants);
            let id = self.person(&format!("s{n}"), "F", "M", &interests).await?;
            let partner = self.person(&format!("p{n}"), "M", "F", &[]).await?;
            self.talk(id, partner, wants).await?;
            seekers.push(Seeker { id, interests, wants });
        }
        // The picks of the day stand at the head of every slate of the day, the same throughout.
        self.work().await?;
        let before = self.slates(&seekers).await?;
        self.agree(true).await?;
        self.work().await?;
        let after = self.slates(&seekers).await?;
        let mut found = 0;
        for seeker in &seekers {
            let derived = self.g.profiles().own(seeker.id).await?.value.derived;
            found += usize::from(derived.values().get(TOPICS[seeker.wants]).is_some_and(|value| *value > 0.0));
        }
        self.agree(false).await?;
        self.work().await?;
        let is_forgotten = self.slates(&seekers).await? == before;
        let mut scores = Vec::new();
        for ((seeker, before), after) in seekers.iter().zip(&before).zip(&after) {
            // Decisions that are never made: they only say what would have been right.
            let mut likes = Vec::new();
            for (id, has) in &candidates {
                let shared = has.iter().filter(|one| seeker.interests.contains(one)).count() as f64;
                let logit = BASE + PLANTED * f64::from(u8::from(has.contains(&seeker.wants))) + SHARED * shared;
                if self.draw.unit() < 1.0 / (1.0 + (-logit).exp()) {
                    likes.push(*id);
                }
            }
            if let (Some(before), Some(after)) = (auc(before, &candidates, &likes), auc(after, &candidates, &likes)) {
                scores.push((before, after));
            }
        }
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| scores.iter().map(of).sum::<f64>() / scores.len() as f64;
        let lift = mean(&|score| score.1 - score.0);
        let bootstrap = Bootstrap { people: scores.len(), rounds: 2_000, seed: plot.seed };
        let of_draw = |times: &[u32]| {
            let sum: f64 = scores.iter().zip(times).map(|(score, times)| f64::from(*times) * (score.1 - score.0)).sum();
            Some(sum / scores.len() as f64)
        };
        let (low, high) = bootstrap.interval(of_draw).unwrap_or((f64::NAN, f64::NAN));
        let (before, after) = (mean(&|score| score.0), mean(&|score| score.1));
        Ok(Found { before, after, lift: (lift, low, high), found, is_forgotten, seekers: seekers.len() })
    }

    /// Three different topics, without one.
    fn interests(&mut self, without: usize) -> Vec<usize> {
        let mut chosen = Vec::new();
        while chosen.len() < 3 {
            let one = self.draw.below(TOPICS.len());
            if one != without && !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }

    async fn person(&self, name: &str, gender: &str, wants: &str, interests: &[usize]) -> Result<MemberId> {
        let me = self.g.members().ensure(HostId::from(name)).await?;
        let edit = ProfileEdit {
            nickname: Some(name.to_owned()),
            gender: Some(gender.to_owned()),
            birth_date: Some("1996-05-05".to_owned()),
            interests: Some(interests.iter().map(|&one| TOPICS[one].to_owned()).collect()),
            ..ProfileEdit::default()
        };
        self.g.profiles().edit(me, edit, None).await?;
        let wishes = PreferencesEdit { genders: Some(vec![wants.to_owned()]), ..PreferencesEdit::default() };
        self.g.profiles().set_preferences(me, wishes).await?;
        let place = LocateInput { location: Some("서울 강남구".to_owned()), coordinates: None };
        self.g.profiles().locate(me, place).await?;
        Ok(me)
    }

    async fn talk(&self, seeker: MemberId, partner: MemberId, wants: usize) -> Result<()> {
        self.g.matching().like(seeker, partner, None).await?;
        let Some(room) = self.g.matching().like(partner, seeker, None).await?.matched else { return Ok(()) };
        let wish = format!("To be honest I am happiest with {}", planted_words(TOPICS[wants]));
        let other = format!("My brother is all about {}, I am not", label(TOPICS[(wants + 5) % TOPICS.len()]));
        for (who, line) in [
            (seeker, "Hello! How was your week?"),
            (partner, "Busy, but good. And yours?"),
            (seeker, "Quiet, I read a lot"),
            (partner, other.as_str()),
            (partner, "What kind of person do you get along with?"),
            (seeker, wish.as_str()),
            (partner, "I see!"),
            (seeker, "And you?"),
        ] {
            self.g.chat().send(who, room, Draft::text(line)).await?;
        }
        Ok(())
    }

    async fn agree(&self, granted: bool) -> Result<()> {
        for row in self.g.core.store.members_changed(crate::store::FeedCursor::default(), 10_000).await?.0 {
            let crate::store::FeedEntry::Put(row) = row else { continue };
            let purpose = Purpose::ConversationAnalysis;
            let input = ConsentInput { purpose, version: "1".to_owned(), granted };
            self.g.profiles().set_consents(row.value.id, vec![input]).await?;
        }
        Ok(())
    }

    async fn work(&self) -> Result<()> {
        self.clock.advance(SignedDuration::from_secs(1));
        while self.g.run_due_jobs().await? > 0 {}
        Ok(())
    }

    async fn slates(&self, seekers: &[Seeker]) -> Result<Vec<Slate>> {
        let mut slates = Vec::new();
        for seeker in seekers {
            let mut slate = self.g.matching().slate(seeker.id, SlateRequest::first(400)).await?;
            slate.next = None;
            slates.push(slate);
        }
        Ok(slates)
    }
}

/// The chance that somebody who would be liked stands before somebody who would not.
fn auc(slate: &Slate, candidates: &[(MemberId, Vec<usize>)], likes: &[MemberId]) -> Option<f64> {
    let known = |id: MemberId| candidates.iter().any(|(candidate, _)| *candidate == id);
    let order: Vec<bool> = slate
        .cards
        .iter()
        .filter(|card| !card.picked && known(card.card.id))
        .map(|card| likes.contains(&card.card.id))
        .collect();
    let (mut right, mut liked) = (0_usize, 0_usize);
    for is_liked in &order {
        if *is_liked {
            liked += 1;
        } else {
            right += liked;
        }
    }
    let pairs = liked * (order.len() - liked);
    (pairs > 0).then(|| right as f64 / pairs as f64)
}
