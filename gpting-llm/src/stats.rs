//! What a server was asked and what it cost, counted for whoever watches. Numbers only.

use std::sync::atomic::{AtomicU64, Ordering};

use gpting_core::assist::model::Usage;

use crate::failure::Failure;
use crate::transport::Path;

/// How calls ended, counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallStats {
    /// With an answer.
    pub answered: u64,
    /// Without one: out of reach, too slow, overloaded, or left alone.
    pub unavailable: u64,
    /// With a status that no retry changes.
    pub rejected: u64,
    /// By the model declining.
    pub refused: u64,
    /// With something that is no answer.
    pub unreadable: u64,
    /// Whether nothing is sent now, because too much has failed.
    pub is_open: bool,
}

/// What one server was asked, counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls for text. A call is one use of the port, however many requests it took.
    pub text: CallStats,
    /// Calls for vectors, one a batch.
    pub embeddings: CallStats,
    /// Calls for opinions on texts and pictures.
    pub moderations: CallStats,
    /// Requests sent, retries and fall-backs included.
    pub requests: u64,
    /// Requests sent again.
    pub retries: u64,
    /// Tokens of prompts, as the server counts them.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Requests on their way.
    pub in_hand: u64,
}

#[derive(Debug, Default)]
struct CallCounters([AtomicU64; 5]);

impl CallCounters {
    fn read(&self) -> CallStats {
        let [answered, unavailable, rejected, refused, unreadable] =
            std::array::from_fn(|place| self.0[place].load(Ordering::Relaxed));
        CallStats { answered, unavailable, rejected, refused, unreadable, is_open: false }
    }
}

/// The counters of a line.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    text: CallCounters,
    embeddings: CallCounters,
    moderations: CallCounters,
    requests: AtomicU64,
    retries: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
    in_hand: AtomicU64,
}

/// A request on its way, until this is dropped.
#[derive(Debug)]
pub(crate) struct InHand<'a>(&'a Counters);

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// A request goes out.
    pub(crate) fn request(&self) -> InHand<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.in_hand.fetch_add(1, Ordering::Relaxed);
        InHand(self)
    }

    /// The next request is one that was sent before.
    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A call has ended.
    pub(crate) fn call<T>(&self, path: Path, ended: &Result<T, Failure>) {
        let counters = match path {
            Path::Embeddings => &self.embeddings,
            Path::Moderations => &self.moderations,
            Path::Chat | Path::Models => &self.text,
        };
        let place = match ended {
            Ok(_) => 0,
            Err(Failure::Unavailable { .. }) => 1,
            Err(Failure::Rejected { .. }) => 2,
            Err(Failure::Refused { .. }) => 3,
            Err(Failure::Unreadable) => 4,
        };
        counters.0[place].fetch_add(1, Ordering::Relaxed);
    }

    /// What a call has cost.
    pub(crate) fn spent(&self, usage: Usage) {
        self.input.fetch_add(usage.input, Ordering::Relaxed);
        self.output.fetch_add(usage.output, Ordering::Relaxed);
    }

    /// The numbers as they are; breakers are not known here.
    pub(crate) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            text: self.text.read(),
            embeddings: self.embeddings.read(),
            moderations: self.moderations.read(),
            requests: read(&self.requests),
            retries: read(&self.retries),
            input_tokens: read(&self.input),
            output_tokens: read(&self.output),
            in_hand: read(&self.in_hand),
        }
    }
}
