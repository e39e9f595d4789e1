//! A scripted server that stands in for a model: OpenAI-compatible, on a free port of this machine, as well or badly behaved as
//! a test wants it. For tests and demonstrations; it has no model.
//!
//! ```
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use gpting_core::assist::model::{Pace, Prompt, TextModel as _};
//! use gpting_llm::Llm;
//! use gpting_llm::stand_in::{Behaviour, StandIn};
//!
//! let server = StandIn::start().await?;
//! server.script([Behaviour::Refusal, Behaviour::says("hello")]); // one a request; then `Obedient`
//! let text = Llm::builder(&server.url()).model("any").build()?.text().expect("a model is named");
//! let ask = || Prompt {
//!     system: "Greet.".to_owned(),
//!     user: "{}".to_owned(),
//!     schema: None,
//!     max_tokens: 16,
//!     pace: Pace::Interactive,
//! };
//! assert!(text.complete(&ask()).await.is_err());
//! assert_eq!(text.complete(&ask()).await?.text, "hello");
//! assert_eq!(server.asked().len(), 2);
//! # Ok(()) }
//! ```
//! Rooms: `behaviour` is the script's vocabulary, `answer` makes the bodies, `speech` is the HTTP of it (by hand, since it must
//! be able to do it wrong), `allowed` the keys that each kind of server takes.

mod allowed;
mod answer;
mod asked;
mod behaviour;
mod schema;
mod speech;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

pub use self::allowed::{CHAT, EMBEDDINGS, MODERATIONS, unknown_keys};
pub use self::asked::Asked;
pub use self::behaviour::{Answerer, Behaviour};
use crate::profile::Profile;

/// How many numbers the vectors of a stand-in have, unless [`StandIn::dims`] says otherwise.
pub const DIMS: usize = 64;

/// A running stand-in. Clones are the same one; it ends with the last of them.
#[derive(Clone, Debug)]
pub struct StandIn {
    address: SocketAddr,
    state: Arc<State>,
    _task: Arc<Task>,
}

#[derive(Debug)]
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What connections share.
#[derive(Debug)]
struct State {
    profile: Profile,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    script: VecDeque<Behaviour>,
    then: Behaviour,
    asked: Vec<Asked>,
    formats: Vec<String>,
    models: Vec<String>,
    dims: usize,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StandIn {
    /// Starts one on a free port. It takes what the loosest kind of server takes.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start() -> io::Result<Self> {
        Self::start_as(Profile::Compatible).await
    }

    /// Starts one that takes the keys of this kind of server and answers 400 to any other.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start_as(profile: Profile) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let formats = ["json_schema", "json_object", "text"].map(str::to_owned);
        let inner = Inner {
            script: VecDeque::new(),
            then: Behaviour::Obedient,
            asked: Vec::new(),
            // As that server does.
            formats: formats.into_iter().filter(|kind| profile != Profile::LmStudio || kind != "json_object").collect(),
            models: ["stand-in", "stand-in-embedding"].map(str::to_owned).to_vec(),
            dims: DIMS,
        };
        let state = Arc::new(State { profile, inner: Mutex::new(inner) });
        let task = tokio::spawn(listen(listener, Arc::clone(&state)));
        Ok(Self { address, state, _task: Arc::new(Task(task.abort_handle())) })
    }

    /// The base URL of a server that is not there: its port was free a moment ago.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn dead() -> io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(format!("http://{}/v1", listener.local_addr()?))
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What the next requests for text or vectors meet, one each, behind what is scripted already. Lists of models are always
    /// given.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.state.lock().script.extend(behaviours);
    }

    /// What every request meets that no script is left for; [`Behaviour::Obedient`] at first.
    pub fn always(&self, behaviour: Behaviour) {
        self.state.lock().then = behaviour;
    }

    /// Which kinds of `response_format` it takes; it answers 400 to others. All at first.
    pub fn formats(&self, kinds: &[&str]) {
        self.state.lock().formats = kinds.iter().map(|&kind| kind.to_owned()).collect();
    }

    /// Which models it lists.
    pub fn models(&self, names: &[&str]) {
        self.state.lock().models = names.iter().map(|&name| name.to_owned()).collect();
    }

    /// How many numbers its vectors have.
    pub fn dims(&self, dims: usize) {
        self.state.lock().dims = dims;
    }

    /// Everything it was asked, in the order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().asked.clone()
    }

    /// Forgets what it was asked.
    pub fn forget(&self) {
        self.state.lock().asked.clear();
    }
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    // Connections end with the listener.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(speech::serve(stream, Arc::clone(&state)));
                }
                // Too many files are open: some will close.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            },
        }
    }
}
