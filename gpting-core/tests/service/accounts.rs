//! Sign-up, login, tokens, sessions.

use std::sync::Arc;

use gpting_core::account::{Device, SignUp};
use gpting_core::lang::Lang;
use gpting_core::{Code, ErrorKind, Fault};
use jiff::SignedDuration;

use crate::people::{Town, town};

fn form(name: &str) -> SignUp {
    SignUp {
        username: name.to_owned(),
        email: format!("{name}@example.com"),
        password: "정말로 긴 비밀번호".to_owned(),
        nickname: name.to_owned(),
        gender: "F".to_owned(),
        birth_date: Some("1996-05-05".to_owned()),
        ..SignUp::default()
    }
}

pub async fn signed_up(town: &Town, name: &str) {
    town.g.accounts().sign_up(form(name), Lang::Ko).await.unwrap();
    town.g.run_due_jobs().await.unwrap();
    let code = town.mail.code(&format!("{name}@example.com"));
    town.g.accounts().verify_email(&format!("{name}@example.com"), &code).await.unwrap();
}

#[tokio::test]
async fn a_person_signs_up_logs_in_and_out() {
    let town = town().await;
    signed_up(&town, "minji").await;
    let accounts = town.g.accounts();
    let by_mail = accounts.login("MinJi@example.com", "정말로 긴 비밀번호", Device::default()).await.unwrap();
    let tokens = accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap().tokens;
    let me = accounts.authenticate(&tokens.access).await.unwrap();
    assert_eq!(me.member, by_mail.member);
    assert_eq!(accounts.sessions(me.member).await.unwrap().len(), 2);
    accounts.logout(&tokens.refresh).await.unwrap();
    assert_eq!(accounts.authenticate(&tokens.access).await.unwrap_err().code(), Code::TokenInvalid);
    assert_eq!(accounts.refresh(&tokens.refresh).await.unwrap_err().code(), Code::TokenInvalid);
    assert!(accounts.authenticate(&by_mail.tokens.access).await.is_ok());
    let wrong = accounts.login("minji", "잘못된 비밀번호", Device::default()).await.unwrap_err();
    let unknown = accounts.login("nobody", "잘못된 비밀번호", Device::default()).await.unwrap_err();
    assert_eq!((wrong.code(), unknown.code()), (Code::WrongCredentials, Code::WrongCredentials));
}

#[tokio::test]
async fn a_known_address_is_answered_alike_and_its_owner_is_told() {
    let town = town().await;
    signed_up(&town, "minji").await;
    town.clock.advance(SignedDuration::from_hours(2));
    let again = SignUp { username: "someone".to_owned(), ..form("minji") };
    town.g.accounts().sign_up(again, Lang::Ko).await.unwrap();
    town.g.run_due_jobs().await.unwrap();
    let mails = town.mail.0.lock().unwrap();
    assert!(mails.last().unwrap().subject.contains("이미 가입된"));
}

#[tokio::test]
async fn every_fault_of_a_form_is_told_at_once() {
    let town = town().await;
    let bad = SignUp {
        username: "a@b".to_owned(),
        email: "nowhere".to_owned(),
        password: "12345678".to_owned(),
        nickname: " ".to_owned(),
        gender: "x".to_owned(),
        birth_date: Some("2015-01-01".to_owned()),
        ..SignUp::default()
    };
    let error = town.g.accounts().sign_up(bad, Lang::Ko).await.unwrap_err();
    let told: Vec<_> = error.fields().iter().map(|field| (field.field.as_str(), field.fault.clone())).collect();
    assert_eq!(
        told,
        [
            ("username", Fault::Invalid),
            ("email", Fault::Invalid),
            ("nickname", Fault::Required),
            ("gender", Fault::Unknown),
            ("birth_date", Fault::UnderAge),
            ("password", Fault::CommonPassword),
        ]
    );
}

#[tokio::test]
async fn a_code_dies_by_time_tries_and_use() {
    let town = town().await;
    let accounts = town.g.accounts();
    accounts.sign_up(form("minji"), Lang::Ko).await.unwrap();
    assert_eq!(accounts.verify_email("minji@example.com", "000000").await.unwrap_err().code(), Code::WrongCode);
    town.g.run_due_jobs().await.unwrap();
    let code = town.mail.code("minji@example.com");
    let wrong = if code == "123456" { "654321" } else { "123456" };
    for _ in 0..5 {
        assert_eq!(accounts.verify_email("minji@example.com", wrong).await.unwrap_err().code(), Code::WrongCode);
    }
    assert_eq!(accounts.verify_email("minji@example.com", &code).await.unwrap_err().code(), Code::WrongCode, "5 tries");
    assert_eq!(accounts.resend_code("minji@example.com").await.unwrap_err().kind(), ErrorKind::TooMany);
    town.clock.advance(SignedDuration::from_secs(61));
    accounts.resend_code("minji@example.com").await.unwrap();
    accounts.resend_code("nobody@example.com").await.unwrap();
    town.g.run_due_jobs().await.unwrap();
    let code = town.mail.code("minji@example.com");
    town.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(accounts.verify_email("minji@example.com", &code).await.unwrap_err().code(), Code::WrongCode, "5 min");
    accounts.resend_code("minji@example.com").await.unwrap();
    town.g.run_due_jobs().await.unwrap();
    let code = town.mail.code("minji@example.com");
    accounts.verify_email(" MINJI@example.com ", &code).await.unwrap();
    assert_eq!(accounts.verify_email("minji@example.com", &code).await.unwrap_err().code(), Code::WrongCode, "used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_right_codes_at_once_make_one_account() {
    let town = Arc::new(town().await);
    town.g.accounts().sign_up(form("minji"), Lang::Ko).await.unwrap();
    town.g.run_due_jobs().await.unwrap();
    let code = town.mail.code("minji@example.com");
    let tries: Vec<_> = (0..10)
        .map(|_| {
            let (town, code) = (Arc::clone(&town), code.clone());
            tokio::spawn(async move { town.g.accounts().verify_email("minji@example.com", &code).await.is_ok() })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        made += usize::from(attempt.await.unwrap());
    }
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_refresh_token_used_at_once_has_one_successor_and_reuse_ends_the_session() {
    let town = Arc::new(town().await);
    signed_up(&town, "minji").await;
    let first = town.g.accounts().login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap().tokens;
    let uses: Vec<_> = (0..50)
        .map(|_| {
            let (town, token) = (Arc::clone(&town), first.refresh.clone());
            tokio::spawn(async move { town.g.accounts().refresh(&token).await.unwrap().refresh })
        })
        .collect();
    let mut successors = std::collections::HashSet::new();
    for used in uses {
        successors.insert(used.await.unwrap());
    }
    assert_eq!(successors.len(), 1, "one live branch");
    let second = successors.into_iter().next().unwrap();
    let third = town.g.accounts().refresh(&second).await.unwrap();
    assert!(town.g.accounts().authenticate(&third.access).await.is_ok());
    // The first token again, after its successor was used: somebody else has it. Everything of this login ends.
    assert_eq!(town.g.accounts().refresh(&first.refresh).await.unwrap_err().code(), Code::TokenInvalid);
    assert_eq!(town.g.accounts().refresh(&third.refresh).await.unwrap_err().code(), Code::TokenInvalid);
    assert_eq!(town.g.accounts().authenticate(&third.access).await.unwrap_err().code(), Code::TokenInvalid);
}

#[tokio::test]
async fn a_lost_answer_may_be_asked_for_again_within_a_minute() {
    let town = town().await;
    signed_up(&town, "minji").await;
    let first = town.g.accounts().login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap().tokens;
    let second = town.g.accounts().refresh(&first.refresh).await.unwrap();
    assert_eq!(town.g.accounts().refresh(&first.refresh).await.unwrap().refresh, second.refresh);
    town.clock.advance(SignedDuration::from_secs(61));
    assert!(town.g.accounts().refresh(&first.refresh).await.is_err());
    assert!(town.g.accounts().refresh(&second.refresh).await.is_err(), "the session has ended");
}

#[tokio::test]
async fn wrong_passwords_slow_down_and_never_lock_for_good() {
    let town = town().await;
    signed_up(&town, "minji").await;
    let accounts = town.g.accounts();
    for _ in 0..10 {
        assert!(accounts.login("minji", "wrong password", Device::default()).await.is_err());
    }
    let slowed = accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap_err();
    assert_eq!(slowed.kind(), ErrorKind::TooMany);
    town.clock.advance(SignedDuration::from_mins(15));
    accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap();
}

#[tokio::test]
async fn deactivation_hides_until_the_next_login_and_deletion_is_told_to_the_owner_only() {
    let town = town().await;
    signed_up(&town, "minji").await;
    let accounts = town.g.accounts();
    let me = accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap();
    accounts.deactivate(me.member, None).await.unwrap();
    assert!(accounts.authenticate(&me.tokens.access).await.is_err());
    let me = accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap();
    assert!(town.g.profiles().own(me.member).await.is_ok());
    assert_eq!(accounts.delete(me.member, Some("wrong")).await.unwrap_err().code(), Code::WrongCredentials);
    accounts.delete(me.member, Some("정말로 긴 비밀번호")).await.unwrap();
    assert!(accounts.authenticate(&me.tokens.access).await.is_err());
    let wrong = accounts.login("minji", "wrong password", Device::default()).await.unwrap_err();
    let right = accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap_err();
    assert_eq!((wrong.code(), right.code()), (Code::WrongCredentials, Code::AccountErased));
    town.clock.advance(SignedDuration::from_hours(15 * 24));
    town.g.run_due_jobs().await.unwrap();
    let gone = accounts.login("minji", "정말로 긴 비밀번호", Device::default()).await.unwrap_err();
    assert_eq!(gone.code(), Code::WrongCredentials);
    assert!(crate::safety::only_the_feed_names(&town.store, me.member));
}
