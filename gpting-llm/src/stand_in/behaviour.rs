//! What a stand-in does with a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::asked::Asked;

/// One way to behave. The same list serves both kinds of requests; what makes no sense for one is [`Obedient`](Self::Obedient)
/// there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Behaviour {
    /// The least that the schema allows, `ok` without one; vectors that are near when texts share words.
    Obedient,
    /// Whatever this makes of the request, as a text that ended by itself; for opinions a JSON object of categories with
    /// numbers from 0 to 1, flagged from one half on.
    Answers(Answerer),
    /// 200, and no JSON.
    Garbage,
    /// JSON that follows no schema; vectors with one number more.
    WrongSchema,
    /// The model declines.
    Refusal,
    /// A text that is cut at the most tokens.
    Length,
    /// A filter left nothing.
    Filtered,
    /// A right answer, a byte at a time.
    Drip(Duration),
    /// Takes the request and says nothing.
    Hang,
    /// Takes the request and resets the connection.
    Reset,
    /// Half of a right answer, then the end of the connection.
    Half,
    /// This status.
    Status {
        /// It.
        status: u16,
        /// Headers.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
    /// A right answer with blanks behind it, so many bytes in all, its length told or not.
    Huge {
        /// How many.
        bytes: usize,
        /// Whether `content-length` says so.
        is_told: bool,
    },
    /// Right vectors, last one first.
    Unordered,
    /// A vector is missing.
    Missing,
    /// A number that is too large to be one.
    NotFinite,
    /// `NaN`, which is no JSON.
    NotANumber,
}

impl Behaviour {
    /// This text, whatever was asked.
    pub fn says(text: &str) -> Self {
        let text = text.to_owned();
        Self::answers(move |_| text.clone())
    }

    /// What a function makes of the request: a scripted model.
    pub fn answers(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::Answers(Answerer(Arc::new(answer)))
    }

    /// This status, with a body as servers have it.
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: r#"{"error":{"message":"scripted"}}"#.to_owned() }
    }

    /// 429, to be tried again after so many milliseconds.
    pub fn busy(retry_after_ms: u64) -> Self {
        let headers = vec![("retry-after-ms", retry_after_ms.to_string())];
        Self::Status { status: 429, headers, body: r#"{"error":{"message":"slow down"}}"#.to_owned() }
    }

    /// A redirect to another address.
    pub fn moved(to: &str) -> Self {
        Self::Status { status: 307, headers: vec![("location", to.to_owned())], body: String::new() }
    }
}

/// A function that answers.
#[derive(Clone)]
pub struct Answerer(Arc<dyn Fn(&Asked) -> String + Send + Sync>);

impl Answerer {
    pub(super) fn answer(&self, asked: &Asked) -> String {
        (self.0)(asked)
    }
}

impl fmt::Debug for Answerer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answerer")
    }
}
