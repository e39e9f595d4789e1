//! What is looked at, by whom, by whose consent, and what is left of it: bios, pictures, first messages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gpting_core::account::SignUp;
use gpting_core::assist::model::ModelError;
use gpting_core::assist::moderator::{Reach, Sight};
use gpting_core::assist::{Errand, Finding, Flag, Judge, Opinion, Outcome, ScriptedModerator, Subject};
use gpting_core::chat::Draft;
use gpting_core::id::{MemberId, RoomId};
use gpting_core::lang::Lang;
use gpting_core::port::{BlobStore, Picture, PictureError, Pictures, PortError};
use gpting_core::safety::Purpose;
use gpting_core::store::{Change, Page, Store as _, Work};
use jiff::SignedDuration;

use crate::assist::{bio, consent, say, work};
use crate::people::{Town, town, town_with};

const TALK: [Purpose; 2] = [Purpose::ConversationAnalysis, Purpose::TransferAbroad];
const PHOTOS: [Purpose; 2] = [Purpose::PhotoAnalysis, Purpose::TransferAbroad];
const CONTACT: &str = "민지예요. 카톡 아이디 minjilove 로 연락 주세요, 투자 이야기해요";

#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

#[async_trait]
impl BlobStore for Shelf {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        self.0.lock().unwrap().insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

#[derive(Debug)]
struct AsTheyAre;

#[async_trait]
impl Pictures for AsTheyAre {
    async fn prepare(&self, bytes: Vec<u8>) -> Result<Picture, PictureError> {
        Ok(Picture { bytes, width: 1, height: 1 })
    }
}

/// Everything that a moderator was shown, as text.
type Shown = Arc<Mutex<Vec<String>>>;

/// Flags what speaks of investments or shows skin, and writes down what it sees.
fn watcher(reach: Reach) -> (ScriptedModerator, Shown) {
    let shown = Shown::default();
    let all = Arc::clone(&shown);
    let moderator = ScriptedModerator::new(reach, move |sight| {
        let (text, word, flag) = match sight {
            Sight::Bio(text) | Sight::Message(text) => (text.to_owned(), "투자", Flag::Scam),
            Sight::Photo(bytes) => (String::from_utf8_lossy(bytes).into_owned(), "skin", Flag::Sexual),
        };
        let sure = if text.contains(word) { 0.8 } else { 0.2 };
        all.lock().unwrap().push(text);
        Ok(Opinion::default().with(flag, sure))
    });
    (moderator, shown)
}

async fn watched(moderator: ScriptedModerator) -> Town {
    town_with(|builder| builder.moderator(moderator).blobs(Shelf::default()).pictures(AsTheyAre)).await
}

async fn flagged(town: &Town) -> Vec<Finding> {
    town.g.safety().flagged(Page::first(100)).await.unwrap()
}

async fn of_first(town: &Town, me: MemberId, room: RoomId) -> Vec<Finding> {
    town.store.findings(me, Subject::FirstMessage(room)).await.unwrap()
}

/// Two people of these names, and their room.
async fn couple(town: &Town, names: [&str; 2]) -> (MemberId, MemberId, RoomId) {
    let (a, b) = (town.person(names[0], "F", &["M"]).await, town.person(names[1], "M", &["F"]).await);
    town.g.matching().like(a, b, None).await.unwrap();
    (a, b, town.g.matching().like(b, a, None).await.unwrap().matched.unwrap())
}

#[tokio::test]
async fn the_first_thing_that_each_says_is_flagged_by_rules_and_nothing_later() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    say(&town, room, &[(a, "안녕하세요"), (b, CONTACT), (a, CONTACT), (b, CONTACT)]).await;
    assert!(flagged(&town).await.is_empty(), "nobody waits for it");
    work(&town).await;
    let found = flagged(&town).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].member, found[0].subject, found[0].by), (b, Subject::FirstMessage(room), Judge::Rules));
    assert_eq!((found[0].content.as_str(), found[0].by_consent), ("2", false));
    assert_eq!(found[0].flags, [(Flag::Contact, 100)].into());
    assert!(!format!("{found:?}").contains("minjilove"));
    // After a restart nobody remembers who has spoken: looked at again, to the same end.
    let before = found;
    let again = town.again_as_town().await;
    say(&again, room, &[(a, "또 만나요"), (b, "네")]).await;
    work(&again).await;
    assert_eq!(flagged(&again).await, before);
    assert!(town.store.calls(b, 9).await.unwrap().is_empty(), "no model was asked");
}

#[tokio::test]
async fn a_message_is_shown_only_where_both_agree_to_all_of_it_and_without_what_tells_who_they_are() {
    let (moderator, shown) = watcher(Reach::Abroad);
    let town = watched(moderator.clone()).await;
    let all = [Purpose::ConversationAnalysis, Purpose::ProfileAnalysis, Purpose::PhotoAnalysis];
    for (n, (of_a, of_b)) in
        [(&[][..], &TALK[..]), (&TALK, &[]), (&TALK[..1], &TALK), (&TALK, &TALK[1..]), (&all, &all)].iter().enumerate()
    {
        let (a, b, room) = couple(&town, [&format!("가{n}"), &format!("나{n}")]).await;
        consent(&town.g, a, of_a, true).await;
        consent(&town.g, b, of_b, true).await;
        say(&town, room, &[(a, CONTACT), (b, CONTACT)]).await;
        work(&town).await;
        assert_eq!(moderator.calls(), 0, "{n}");
        assert_eq!(of_first(&town, a, room).await.len(), 1, "the rules see it all the same: {n}");
    }
    let (a, b, room) = couple(&town, ["민지", "준호"]).await;
    consent(&town.g, a, &TALK, true).await;
    consent(&town.g, b, &TALK, true).await;
    say(&town, room, &[(a, CONTACT), (a, "투자 투자"), (b, "반가워요 민지님")]).await;
    work(&town).await;
    let seen = shown.lock().unwrap().clone();
    assert_eq!(seen.len(), 2, "one look at each: {seen:?}");
    assert!(seen.iter().any(|text| text.contains("투자")) && seen.iter().any(|text| text.contains("반가워요")));
    for canary in ["민지", "준호", "minjilove", &a.value().to_string(), &room.value().to_string()] {
        assert!(!seen.iter().any(|text| text.contains(canary)), "{canary}: {seen:?}");
    }
    let found = of_first(&town, a, room).await;
    let told: Vec<_> = found.iter().map(|one| (one.by, one.flags.keys().copied().collect::<Vec<_>>())).collect();
    assert_eq!(told, [(Judge::Rules, vec![Flag::Contact]), (Judge::Moderator, vec![Flag::Scam])]);
    assert!(of_first(&town, b, room).await[0].flags.is_empty(), "that it was looked at is kept");
    let calls = town.store.calls(a, 9).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (calls[0].errand, calls[0].outcome, calls[0].model.as_str()),
        (Errand::Moderation, Outcome::Answered, "scripted")
    );
    // What was seen by the consent of both goes with the consent of either.
    consent(&town.g, b, &[Purpose::ConversationAnalysis], false).await;
    let left = of_first(&town, a, room).await;
    assert_eq!(left.iter().map(|one| one.by).collect::<Vec<_>>(), [Judge::Rules]);
    consent(&town.g, b, &[Purpose::ConversationAnalysis], true).await;
    work(&town).await;
    assert_eq!(moderator.calls(), 2, "a later consent does not reach back");
}

#[tokio::test]
async fn a_picture_is_looked_at_once_and_its_flags_go_with_it() {
    let (moderator, _) = watcher(Reach::Abroad);
    let town = watched(moderator.clone()).await;
    let me = town.person("민지", "F", &["M"]).await;
    let add = async |bytes: &str| town.g.profiles().add_photo(me, bytes.as_bytes().to_vec()).await.unwrap().id;
    let first = add("skin").await;
    work(&town).await;
    assert_eq!(moderator.calls(), 0, "not without consent");
    consent(&town.g, me, &PHOTOS[..1], true).await;
    work(&town).await;
    assert_eq!(moderator.calls(), 0, "nor abroad without that");
    consent(&town.g, me, &PHOTOS[1..], true).await;
    work(&town).await;
    assert_eq!(moderator.calls(), 1, "what is there is looked at once they agree");
    let (same, other) = (add("skin").await, add("a tree").await);
    work(&town).await;
    assert_eq!(moderator.calls(), 2, "the same picture is not shown again");
    let found = async |id| town.store.findings(me, Subject::Photo(id)).await.unwrap();
    for id in [first, same] {
        assert_eq!(found(id).await[0].flags, [(Flag::Sexual, 80)].into());
    }
    assert!(found(other).await[0].flags.is_empty());
    assert_eq!(flagged(&town).await.len(), 2);
    assert!(town.g.profiles().own(me).await.unwrap().value.profile.photos.len() == 3, "nothing is hidden or lost");
    town.g.profiles().delete_photo(me, first).await.unwrap();
    assert!(found(first).await.is_empty());
    consent(&town.g, me, &PHOTOS[..1], false).await;
    assert!(flagged(&town).await.is_empty() && found(other).await.is_empty());
    consent(&town.g, me, &PHOTOS[..1], true).await;
    work(&town).await;
    assert_eq!(moderator.calls(), 4, "and is looked at again once they agree again");
    town.g.safety().erase(me).await.unwrap();
    town.clock.advance(SignedDuration::from_hours(15 * 24));
    work(&town).await;
    assert!(flagged(&town).await.is_empty() && found(same).await.is_empty());
}

#[tokio::test]
async fn a_bio_is_looked_at_beside_the_rules_and_the_flags_are_of_the_present_one() {
    let (moderator, shown) = watcher(Reach::Abroad);
    let town = watched(moderator.clone()).await;
    let me = town.person("민지", "F", &["M"]).await;
    work(&town).await;
    consent(&town.g, me, &[Purpose::ProfileAnalysis, Purpose::TransferAbroad], true).await;
    work(&town).await;
    bio(&town, me, CONTACT).await;
    assert_eq!(town.g.safety().flags(me).await.unwrap(), [Flag::Contact], "the rules at once");
    work(&town).await;
    assert_eq!(town.g.safety().flags(me).await.unwrap(), [Flag::Contact, Flag::Scam]);
    for _ in 0..3 {
        bio(&town, me, CONTACT).await;
        work(&town).await;
    }
    assert_eq!(moderator.calls(), 2, "each text once");
    assert!(!shown.lock().unwrap().concat().contains("minjilove"));
    consent(&town.g, me, &[Purpose::TransferAbroad], false).await;
    assert_eq!(town.g.safety().flags(me).await.unwrap(), [Flag::Contact]);
    bio(&town, me, "등산을 좋아해요").await;
    assert!(town.g.safety().flags(me).await.unwrap().is_empty());
    assert!(town.store.findings(me, Subject::Bio).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_that_is_taken_back_takes_its_flags_with_it_and_the_next_one_is_the_first() {
    let (moderator, _) = watcher(Reach::Process);
    let town = watched(moderator.clone()).await;
    let (a, _, room) = town.couple().await;
    work(&town).await;
    let of_bios = moderator.calls();
    assert_eq!(of_bios, 2, "in this process nobody's consent is needed");
    say(&town, room, &[(a, CONTACT), (a, "투자해 보세요"), (a, "반가워요")]).await;
    work(&town).await;
    assert_eq!(moderator.calls(), of_bios + 1);
    assert_eq!(flagged(&town).await.len(), 2);
    town.g.chat().unsend(a, room, 3).await.unwrap();
    assert_eq!(flagged(&town).await.len(), 2, "another one is no matter");
    town.g.chat().unsend(a, room, 1).await.unwrap();
    assert!(of_first(&town, a, room).await.is_empty());
    work(&town).await;
    let found = of_first(&town, a, room).await;
    assert_eq!(found.iter().map(|one| (one.by, one.content.as_str())).collect::<Vec<_>>(), [(Judge::Moderator, "2")]);
    town.g.chat().unsend(a, room, 2).await.unwrap();
    // Somebody who was looking at it right then keeps what they found a moment too late.
    town.store.commit(Work::new().change(Change::PutFinding(Box::new(found[0].clone())))).await.unwrap();
    work(&town).await;
    assert!(of_first(&town, a, room).await.is_empty());
}

/// Something that happens during the next look.
type Hook = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

fn interrupted() -> (ScriptedModerator, Hook) {
    let hook = Hook::default();
    let next = Arc::clone(&hook);
    let moderator = ScriptedModerator::new(Reach::Abroad, move |_| {
        if let Some(happens) = next.lock().unwrap().take() {
            std::thread::spawn(happens).join().unwrap();
        }
        Ok(Opinion::default().with(Flag::Scam, 1.0))
    });
    (moderator, hook)
}

fn at_once(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

#[tokio::test]
async fn what_is_taken_back_while_somebody_looks_leaves_nothing() {
    let (moderator, hook) = interrupted();
    let town = watched(moderator.clone()).await;
    let (a, b, room) = town.couple().await;
    for me in [a, b] {
        consent(&town.g, me, &TALK, true).await;
        consent(&town.g, me, &[Purpose::PhotoAnalysis], true).await;
    }
    work(&town).await;
    say(&town, room, &[(a, "투자")]).await;
    let g = town.g.clone();
    *hook.lock().unwrap() = Some(Box::new(move || at_once(async { g.chat().unsend(a, room, 1).await.unwrap() })));
    work(&town).await;
    assert!(moderator.calls() == 1 && of_first(&town, a, room).await.is_empty(), "the message");
    say(&town, room, &[(b, "투자")]).await;
    let g = town.g.clone();
    *hook.lock().unwrap() = Some(Box::new(move || at_once(consent(&g, a, &TALK[1..], false))));
    work(&town).await;
    assert!(moderator.calls() == 2 && of_first(&town, b, room).await.is_empty(), "the other's consent");
    let photo = town.g.profiles().add_photo(b, b"skin".to_vec()).await.unwrap().id;
    let g = town.g.clone();
    *hook.lock().unwrap() =
        Some(Box::new(move || at_once(async { g.profiles().delete_photo(b, photo).await.unwrap() })));
    work(&town).await;
    assert!(moderator.calls() == 3 && flagged(&town).await.is_empty(), "the picture");
    assert!(town.g.jobs().dead(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_that_fails_or_lies_costs_nothing_but_its_flags() {
    type Script = fn() -> Result<Opinion, ModelError>;
    let scripts: [(&str, Script, usize); 5] = [
        ("away", || Err(ModelError::Unavailable { retry_after: None, begun: false }), 3),
        ("refused", || Err(ModelError::Refused), 1),
        ("rejected", || Err(ModelError::Rejected { status: 400 }), 1),
        ("unreadable", || Err(ModelError::Unreadable), 1),
        ("insane", || Ok(Flag::ALL.into_iter().fold(Opinion::default(), |all, flag| all.with(flag, f64::INFINITY))), 1),
    ];
    for (name, script, calls) in scripts {
        let moderator = ScriptedModerator::new(Reach::Abroad, move |_| script());
        let town = watched(moderator.clone()).await;
        let (a, b, room) = town.couple().await;
        for me in [a, b] {
            consent(&town.g, me, &TALK, true).await;
        }
        say(&town, room, &[(a, CONTACT)]).await;
        for _ in 0..6 {
            work(&town).await;
        }
        assert_eq!(moderator.calls(), calls, "{name}: again every ten minutes, or never");
        let found = of_first(&town, a, room).await;
        assert_eq!(found[0].by, Judge::Rules, "{name}");
        let most = found.iter().flat_map(|one| one.flags.values()).max().copied();
        assert!(most <= Some(100), "{name}");
        assert_eq!(
            town.g.chat().rooms(b, Page::first(5)).await.unwrap()[0].overview.unread,
            1,
            "{name}: it has arrived"
        );
        assert!(town.g.jobs().dead(None, 9).await.unwrap().is_empty(), "{name}");
        town.clock.advance(SignedDuration::from_hours(25));
        work(&town).await;
        let asked = moderator.calls();
        for _ in 0..3 {
            town.clock.advance(SignedDuration::from_hours(7));
            work(&town).await;
        }
        assert_eq!(moderator.calls(), asked, "{name}: after a day it is let be");
    }
}

#[tokio::test]
async fn one_that_panics_ends_as_a_dead_letter_and_everything_else_goes_on() {
    let moderator = ScriptedModerator::new(Reach::Process, |_| panic!("moderators should not"));
    let town = watched(moderator.clone()).await;
    let (a, _, room) = town.couple().await;
    say(&town, room, &[(a, CONTACT)]).await;
    for _ in 0..40 {
        town.clock.advance(SignedDuration::from_hours(1));
        while town.g.run_due_jobs().await.unwrap() > 0 {}
    }
    assert_eq!(of_first(&town, a, room).await.len(), 1, "the rules have seen it");
    assert!(town.g.jobs().dead(None, 9).await.unwrap().iter().all(|job| job.task.kind() == "moderate"));
    town.g.chat().send(a, room, Draft::text("계속해요")).await.unwrap();
}

#[tokio::test]
async fn a_bio_that_comes_with_the_sign_up_is_looked_at_too() {
    let town = town().await;
    let form = SignUp {
        username: "minji".to_owned(),
        email: "minji@example.com".to_owned(),
        password: "정말로 긴 비밀번호".to_owned(),
        nickname: "minji".to_owned(),
        gender: "F".to_owned(),
        birth_date: Some("1996-05-05".to_owned()),
        bio: Some(CONTACT.to_owned()),
        ..SignUp::default()
    };
    town.g.accounts().sign_up(form, Lang::Ko).await.unwrap();
    town.g.run_due_jobs().await.unwrap();
    let code = town.mail.code("minji@example.com");
    town.g.accounts().verify_email("minji@example.com", &code).await.unwrap();
    let found = flagged(&town).await;
    assert_eq!(found.iter().map(|one| (one.subject, one.by)).collect::<Vec<_>>(), [(Subject::Bio, Judge::Rules)]);
}
