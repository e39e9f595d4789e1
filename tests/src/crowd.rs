//! A crowd on a server's own database: members with accounts, signed in, who are friends where a test wants it.
//!
//! Called by tests that need more people than could sign up one by one. The first signs up by the documented way; the
//! others get its profile and the hash of its password, and everybody logs in through the library with the server's keys,
//! so that their tokens are as good as any.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gpting_core::Gpting;
use gpting_core::account::{Account, AccountChange, AccountKeys, AccountStore, AccountWork, Device};
use gpting_core::config::Config;
use gpting_core::id::MemberId;
use gpting_core::interaction::{Pair, PairKey};
use gpting_core::profile::Member;
use gpting_core::store::{Change, Expect, Work};

use crate::person::{Person, Registration};
use crate::server::Server;

const PASSWORD: &str = "everybody has this one";

/// Somebody of a crowd.
#[derive(Clone, Debug)]
pub struct Face {
    /// The member.
    pub id: MemberId,
    /// Their access token.
    pub access: String,
}

/// Where the people of a crowd come from.
#[derive(Debug)]
pub struct Crowd<S> {
    g: Gpting,
    store: Arc<S>,
    member: Member,
    account: Account,
    name: String,
    count: usize,
}

impl<S: AccountStore> Crowd<S> {
    /// On a server and its store, opened beside it.
    pub async fn on(server: &Server, store: Arc<S>) -> Self {
        Self::with(server, store, Config::default()).await
    }

    /// The same, with tokens by this configuration.
    pub async fn with(server: &Server, store: Arc<S>, config: Config) -> Self {
        let key = |name: &str| -> [u8; 32] {
            let text = std::fs::read_to_string(server.data_dir().join("keys").join(name)).expect("the server's keys");
            let bytes = URL_SAFE_NO_PAD.decode(text.trim()).expect("a key is base64");
            bytes.try_into().expect("a key has 32 bytes")
        };
        let keys = AccountKeys::new(key("signing.seed"), key("refresh.secret")).expect("keys of a server");
        let g = Gpting::builder_with_accounts(Arc::clone(&store), keys).config(config).build().await;
        let g = g.expect("an open store");
        let mut form = Registration::new("crowd", "F").born("1996-03-02");
        PASSWORD.clone_into(&mut form.password);
        let name = form.username.clone();
        let first = Person::sign_up(server, form).await;
        let first = MemberId::new(i64::try_from(first.id).expect("an id")).expect("an id");
        let account = store.account(first).await.expect("an open store").expect("who has signed up").value;
        let member = store.members(&[first]).await.expect("an open store").remove(0).value;
        Self { g, store, member, account, name, count: 0 }
    }

    /// One more.
    pub async fn face(&mut self) -> Face {
        let member = Member { id: MemberId::draw(&gpting_core::SystemRng), ..self.member.clone() };
        self.face_of(member).await
    }

    /// One more, who is this member.
    pub async fn face_of(&mut self, member: Member) -> Face {
        self.count += 1;
        let (id, mut account) = (member.id, self.account.clone());
        account.member = id;
        account.username = format!("{}x{}", self.name, self.count);
        account.email = format!("{}@example.com", account.username);
        account.email_canonical.clone_from(&account.email);
        let name = account.username.clone();
        let put = Work::new().change(Change::PutMember(Box::new(member), Expect::New));
        let work = AccountWork::new().change(AccountChange::PutAccount(Box::new(account), Expect::New)).with(put);
        self.store.commit_account(work).await.expect("somebody new");
        let login = self.g.accounts().login(&name, PASSWORD, Device::default()).await;
        Face { id, access: login.expect("the right password").tokens.access }
    }

    /// Makes friends of two people; answers their room.
    pub async fn befriend(&self, a: &Face, b: &Face) -> u64 {
        let mut pair = Pair::strangers(PairKey::of(a.id, b.id).expect("two people"));
        pair.friends_since = Some(self.account.created_at);
        let work = Work::new().change(Change::PutPair(Box::new(pair), Expect::New));
        self.store.commit(work).await.expect("strangers until now");
        let room = self.g.chat().room_with(a.id, b.id).await.expect("friends have a room").0;
        u64::try_from(room.overview.room.id.value()).expect("an id is positive")
    }
}
