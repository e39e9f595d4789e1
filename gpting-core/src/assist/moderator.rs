//! The port to whoever looks at texts and pictures: [`Moderator`]. What it says is a flag for a person, and never more.
//!
//! Called by `moderation`, in jobs alone: nobody waits for it, and one that fails, hangs or lies hides, refuses and delays
//! nothing. Consent, budget, time-out and what may leave the house are the caller's.
//!
//! ```
//! use async_trait::async_trait;
//! use gpting_core::assist::moderator::{Looked, Moderator, Opinion, Reach, Sight};
//! use gpting_core::assist::{Flag, model::{ModelError, Usage}};
//! use gpting_core::config::{AssistConfig, Config};
//! use gpting_core::profile::ProfileEdit;
//! use gpting_core::{Gpting, id::HostId, store::{MemoryStore, Page}};
//! use jiff::SignedDuration;
//!
//! /// The host's own list of words, in its own process.
//! #[derive(Debug)]
//! struct HouseRules;
//!
//! #[async_trait]
//! impl Moderator for HouseRules {
//!     fn name(&self) -> &str {
//!         "house rules of May"
//!     }
//!     fn reach(&self) -> Reach {
//!         Reach::Process // nothing leaves, so nobody's consent is needed
//!     }
//!     async fn look(&self, sight: Sight<'_>) -> Result<Looked, ModelError> {
//!         let found = matches!(sight, Sight::Bio(text) | Sight::Message(text) if text.contains("pyramid"));
//!         let opinion = Opinion::default().with(Flag::Scam, if found { 0.9 } else { 0.0 });
//!         Ok(Looked { opinion, usage: Usage::default() })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> gpting_core::Result<()> {
//! let assist = AssistConfig { settles_in: SignedDuration::ZERO, ..AssistConfig::default() };
//! let config = Config { assist, ..Config::default() };
//! let g = Gpting::builder(MemoryStore::default()).moderator(HouseRules).config(config).build().await?;
//! let me = g.members().ensure(HostId::from("user-42")).await?;
//! let edit = ProfileEdit { bio: Some("Ask me about my pyramid".to_owned()), ..ProfileEdit::default() };
//! g.profiles().edit(me, edit, None).await?; // waits for nobody
//! while g.run_due_jobs().await? > 0 {}
//! assert_eq!(g.safety().flags(me).await?, [Flag::Scam]);
//! assert_eq!(g.safety().flagged(Page::first(10)).await?[0].name, "house rules of May");
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;

use super::flag::Flag;
use super::model::{ModelError, Usage};

/// From here on, out of a hundred, something is flagged.
pub(crate) const FLAGGED: u8 = 50;

/// How far what a moderator looks at travels: what of whom it may be shown follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It stays in this process. Nobody's consent is needed; texts come as they are.
    Process,
    /// To another program within the country: with the consent to the analysis; texts come scrubbed.
    Country,
    /// Out of the country, or nobody knows: with that consent and the one to the transfer.
    Abroad,
}

/// Something to look at.
#[derive(Clone, Copy)]
pub enum Sight<'a> {
    /// A member's text about themselves.
    Bio(&'a str),
    /// The first thing that a member said in a room.
    Message(&'a str),
    /// A picture: JPEG bytes without metadata.
    Photo(&'a [u8]),
}

impl Debug for Sight<'_> {
    /// Without what is seen.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bio(_) => "Bio",
            Self::Message(_) => "Message",
            Self::Photo(_) => "Photo",
        })
    }
}

/// What a moderator thinks: how sure it is of each flag. Whatever it was given, it holds numbers from 0 to 100.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opinion {
    scores: BTreeMap<Flag, u8>,
}

impl Opinion {
    /// The same, at least this sure of a flag: from 0 to 1. What lies beyond is cut; what is no number counts as nothing.
    #[must_use]
    pub fn with(mut self, flag: Flag, sure: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number from 0 to 100")]
        let percent = if sure.is_nan() { 0 } else { (sure.clamp(0.0, 1.0) * 100.0).round() as u8 };
        if percent > 0 {
            let known = self.scores.entry(flag).or_default();
            *known = (*known).max(percent);
        }
        self
    }

    /// How sure it is of each flag, from 1 to 100; what is not there is 0.
    pub fn scores(&self) -> &BTreeMap<Flag, u8> {
        &self.scores
    }

    /// What is flagged: of what it is at least half sure.
    pub(crate) fn flagged(self) -> BTreeMap<Flag, u8> {
        self.scores.into_iter().filter(|(_, percent)| *percent >= FLAGGED).collect()
    }
}

/// An opinion and what it cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// What it thinks.
    pub opinion: Opinion,
    /// What that cost; nothing for one that runs here.
    pub usage: Usage,
}

/// Looks at texts and pictures.
#[async_trait]
pub trait Moderator: Debug + Send + Sync + 'static {
    /// Which one it is, as whoever moderates reads it; of another name it looks anew at what it is shown. At most 100 characters
    /// are kept.
    fn name(&self) -> &str;

    /// How far what it is shown travels; out of the country unless it says otherwise.
    fn reach(&self) -> Reach {
        Reach::Abroad
    }

    /// Looks at something. What it has no opinion on it answers with [`Opinion::default`].
    ///
    /// # Errors
    /// See [`ModelError`]: one that is out of reach is asked again later, anything else ends it for this text or picture.
    async fn look(&self, sight: Sight<'_>) -> Result<Looked, ModelError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_was_given_an_opinion_is_bounded() {
        let insane = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -3.0, 7.5, 1e300, 0.5];
        for sure in insane {
            let opinion = Opinion::default().with(Flag::Hate, sure);
            assert!(opinion.scores().values().all(|percent| (1..=100).contains(percent)), "{sure}");
        }
        let opinion = Opinion::default().with(Flag::Scam, 0.7).with(Flag::Scam, 0.2).with(Flag::Hate, 0.49);
        assert_eq!(opinion.scores()[&Flag::Scam], 70);
        assert_eq!(opinion.flagged().into_iter().collect::<Vec<_>>(), [(Flag::Scam, 70)]);
    }

    #[test]
    fn nothing_that_is_seen_is_printed() {
        assert_eq!(format!("{:?}", Sight::Message("canary")), "Message");
    }
}
