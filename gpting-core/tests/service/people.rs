//! A small town to test in.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gpting_core::account::AccountKeys;
use gpting_core::id::{HostId, MemberId};
use gpting_core::port::{Mail, Mailer, PortError};
use gpting_core::profile::{LocateInput, Member, PreferencesEdit, ProfileEdit, Standing};
use gpting_core::store::{Change, MemoryStore, Store as _, Work};
use gpting_core::{Builder, Gpting, ManualClock, SeededRng};

/// A clock that a test moves.
#[derive(Clone, Debug)]
pub struct TownClock(pub Arc<ManualClock>);

impl gpting_core::Clock for TownClock {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }
}

/// Keeps every mail.
#[derive(Clone, Debug, Default)]
pub struct Mailbox(pub Arc<Mutex<Vec<Mail>>>);

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: Mail) -> Result<(), PortError> {
        self.0.lock().unwrap().push(mail);
        Ok(())
    }
}

impl Mailbox {
    /// The six digits of the newest mail to somebody.
    pub fn code(&self, to: &str) -> String {
        let mails = self.0.lock().unwrap();
        let mail = mails.iter().rev().find(|mail| mail.to == to).expect("a mail has come");
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        mail.text.split_whitespace().find(digits).expect("the mail holds a code").to_owned()
    }
}

/// The service, its clock, store and mailbox.
pub struct Town {
    pub g: Gpting,
    pub clock: Arc<ManualClock>,
    pub store: Arc<MemoryStore>,
    pub mail: Mailbox,
}

pub async fn town() -> Town {
    town_with(|builder| builder).await
}

/// A town with settings of its own.
pub async fn town_with(set: impl FnOnce(Builder) -> Builder) -> Town {
    let clock = Arc::new(ManualClock::at("2026-11-23T03:00:00Z".parse().unwrap()));
    let (store, mail) = (Arc::new(MemoryStore::default()), Mailbox::default());
    let rng = SeededRng::new(7);
    let keys = AccountKeys::draw(&rng).unwrap();
    let builder = Gpting::builder_with_accounts(Arc::clone(&store), keys)
        .clock(TownClock(Arc::clone(&clock)))
        .rng(rng)
        .mailer(mail.clone());
    let g = set(builder).build().await.unwrap();
    Town { g, clock, store, mail }
}

impl Town {
    /// Another instance on the same store, as after a restart.
    pub async fn again(&self) -> Gpting {
        self.again_with(|builder| builder).await
    }

    /// The same with settings of its own. Its secret is that of a host without accounts.
    pub async fn again_with(&self, set: impl FnOnce(Builder) -> Builder) -> Gpting {
        let builder = set(Gpting::builder_on(Arc::<MemoryStore>::clone(&self.store)));
        builder.clock(TownClock(Arc::clone(&self.clock))).rng(SeededRng::new(8)).build().await.unwrap()
    }

    /// The town as another instance sees it.
    pub async fn again_as_town(&self) -> Self {
        let (clock, store, mail) = (Arc::clone(&self.clock), Arc::clone(&self.store), self.mail.clone());
        Self { g: self.again().await, clock, store, mail }
    }

    /// Another birth date, which nobody can give themselves.
    pub async fn reborn(&self, me: MemberId, born: &str) {
        let row = self.store.members(&[me]).await.unwrap().remove(0);
        let (expect, mut member) = (row.expect(), row.value);
        member.profile.birth_date = Some(born.parse().unwrap());
        self.store.commit(Work::new().change(Change::PutMember(Box::new(member), expect))).await.unwrap();
        // They look in, and with that this instance knows.
        self.g.matching().slate(me, gpting_core::matching::slate::SlateRequest::first(1)).await.unwrap();
    }

    /// Lets somebody be away, or come back.
    pub async fn stand(&self, me: MemberId, standing: Standing) {
        let row = self.store.members(&[me]).await.unwrap().remove(0);
        let (expect, member) = (row.expect(), Member { standing, ..row.value });
        self.store.commit(Work::new().change(Change::PutMember(Box::new(member), expect))).await.unwrap();
    }

    /// Somebody complete, in Seoul, who wants to meet `genders`.
    pub async fn person(&self, name: &str, gender: &str, genders: &[&str]) -> MemberId {
        let me = self.g.members().ensure(HostId::from(name)).await.unwrap();
        let edit = ProfileEdit {
            nickname: Some(name.to_owned()),
            gender: Some(gender.to_owned()),
            birth_date: Some("1996-05-05".to_owned()),
            bio: Some(format!("{name}입니다")),
            interests: Some(vec!["등산".to_owned()]),
            ..ProfileEdit::default()
        };
        self.g.profiles().edit(me, edit, None).await.unwrap();
        let wishes = PreferencesEdit {
            genders: Some(genders.iter().map(|&gender| gender.to_owned()).collect()),
            ..PreferencesEdit::default()
        };
        self.g.profiles().set_preferences(me, wishes).await.unwrap();
        let place = LocateInput { location: Some("서울 강남구".to_owned()), coordinates: None };
        self.g.profiles().locate(me, place).await.unwrap();
        me
    }

    /// Two people who like each other, and their room.
    pub async fn couple(&self) -> (MemberId, MemberId, gpting_core::id::RoomId) {
        let (a, b) = (self.person("민지", "F", &["M"]).await, self.person("준호", "M", &["F"]).await);
        assert_eq!(self.g.matching().like(a, b, None).await.unwrap().matched, None);
        let room = self.g.matching().like(b, a, None).await.unwrap().matched.expect("a match");
        (a, b, room)
    }
}
