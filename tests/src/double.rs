//! Doubles of the ports: a clock to move, a mailbox to read, a folder of pictures, a host that listens.
//!
//! Called by [`crate::town`], which hands one of each to every instance of a town. Each double is cheap to clone and
//! clones share what they hold, so that a test looks at what all instances did together.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use gpting_core::event::Event;
use gpting_core::id::MemberId;
use gpting_core::port::{BlobStore, EventSink, Mail, Mailer, Picture, PictureError, Pictures, PortError};
use gpting_core::{Clock, ManualClock};
use jiff::Timestamp;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A clock that a test moves for all instances at once.
#[derive(Clone, Debug)]
pub struct TownClock(pub Arc<ManualClock>);

impl Clock for TownClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// Keeps every mail, and may refuse some.
#[derive(Clone, Debug, Default)]
pub struct Letters(Arc<Mutex<Vec<Mail>>>, Arc<AtomicUsize>);

#[async_trait]
impl Mailer for Letters {
    async fn send(&self, mail: Mail) -> Result<(), PortError> {
        if self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(PortError::new("sending a mail", format!("{} does not exist", mail.to)));
        }
        lock(&self.0).push(mail);
        Ok(())
    }
}

impl Letters {
    /// Refuses the next so many mails.
    pub fn refuse(&self, times: usize) {
        self.1.store(times, Ordering::SeqCst);
    }

    /// Who was written to, once per mail, in the order of sending.
    pub fn addressees(&self) -> Vec<String> {
        lock(&self.0).iter().map(|mail| mail.to.clone()).collect()
    }

    /// The six digits of the newest mail to somebody.
    pub fn code(&self, to: &str) -> String {
        let mails = lock(&self.0);
        let mail = mails.iter().rev().find(|mail| mail.to == to).expect("a mail has come");
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        mail.text.split_whitespace().find(digits).expect("the mail holds a code").to_owned()
    }
}

/// Keeps pictures as files of one folder, and counts what it was asked to delete.
#[derive(Clone, Debug)]
pub struct Folder {
    path: Arc<PathBuf>,
    deleted: Arc<Mutex<Vec<String>>>,
    hangs: Arc<AtomicUsize>,
}

impl Folder {
    /// The pictures in a folder that is there.
    pub fn new(path: PathBuf) -> Self {
        Self { path: Arc::new(path), deleted: Arc::default(), hangs: Arc::default() }
    }

    /// Every name whose deletion was asked for, as often as it was.
    pub fn deleted(&self) -> Vec<String> {
        lock(&self.deleted).clone()
    }

    /// The next so many deletions never return, as when the process dies in the middle of one.
    pub fn hang(&self, times: usize) {
        self.hangs.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl BlobStore for Folder {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        tokio::fs::write(self.path.join(key), bytes).await.map_err(|error| PortError::new("write", error))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        Ok(tokio::fs::read(self.path.join(key)).await.ok())
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        lock(&self.deleted).push(key.to_owned());
        if self.hangs.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            std::future::pending::<()>().await;
        }
        match tokio::fs::remove_file(self.path.join(key)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(PortError::new("delete", error)),
            _ => Ok(()),
        }
    }
}

/// Takes every upload for a picture, as it stands.
#[derive(Clone, Copy, Debug)]
pub struct AsTheyAre;

#[async_trait]
impl Pictures for AsTheyAre {
    async fn prepare(&self, bytes: Vec<u8>) -> Result<Picture, PictureError> {
        Ok(Picture { bytes, width: 1, height: 1 })
    }
}

/// A host that writes down what it is told, and may refuse or die first.
#[derive(Clone, Debug, Default)]
pub struct Host {
    told: Arc<Mutex<Vec<Event>>>,
    refusals: Arc<AtomicUsize>,
    deaths: Arc<AtomicUsize>,
    disliked: Arc<Mutex<Option<MemberId>>>,
}

impl Host {
    /// Everything it was told, in the order of telling, repetitions included.
    pub fn told(&self) -> Vec<Event> {
        lock(&self.told).clone()
    }

    /// Refuses the next so many deliveries, after writing them down.
    pub fn refuse(&self, times: usize) {
        self.refusals.store(times, Ordering::SeqCst);
    }

    /// Refuses every delivery with an event of this member, before writing it down; of nobody, takes everything again.
    pub fn dislike(&self, member: Option<MemberId>) {
        *lock(&self.disliked) = member;
    }

    /// Never returns from the next so many deliveries, after writing them down.
    pub fn die(&self, times: usize) {
        self.deaths.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl EventSink for Host {
    async fn deliver(&self, events: &[Event]) -> Result<(), PortError> {
        let disliked = lock(&self.disliked).map(|member| member.to_string());
        let names = |event: &Event| {
            let text = format!("{:?}", event.fact);
            disliked.as_ref().is_some_and(|id| text.contains(&format!("MemberId({id})")))
        };
        if events.iter().any(names) {
            return Err(PortError::new("listen", "not about them"));
        }
        lock(&self.told).extend_from_slice(events);
        let due = |times: &AtomicUsize| {
            times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        };
        if due(&self.deaths) {
            std::future::pending::<()>().await;
        }
        if due(&self.refusals) { Err(PortError::new("listen", "not now")) } else { Ok(()) }
    }
}
