//! Limits that hold over all instances of a deployment: through the library on every store, and over HTTP with three
//! servers on one PostgreSQL.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use gpting_core::account::{Device, SignUp};
use gpting_core::chat::Draft;
use gpting_core::config::Config;
use gpting_core::lang::Lang;
use gpting_core::{Code, Error, Gpting};
use gpting_tests::double::TownClock;
use gpting_tests::town::PASSWORD;
use gpting_tests::{Answer, Person, Postgres, Server, Settings, Town, on_every_store};
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

on_every_store!(
    a_guesser_everywhere_is_slowed_and_the_owner_gets_in,
    a_login_that_nobody_has_is_refused_like_any_other,
    waits_grow_and_a_right_password_ends_them,
    mails_to_one_address_and_from_one_place_are_counted_once_for_all,
    likes_of_a_day_are_counted_once_for_all,
    messages_of_a_minute_are_counted_once_for_all,
    no_address_stands_in_the_table_of_allowances,
);

fn device(ip: [u8; 4]) -> Device {
    Device { agent: "test".to_owned(), ip: Some(IpAddr::from(ip)) }
}

/// How a login went: looked at and wrong, or refused unlooked.
fn was_looked_at(result: &Result<gpting_core::account::LoggedIn, Error>) -> bool {
    match result {
        Ok(_) => panic!("the password was wrong"),
        Err(error) if error.code() == Code::WrongCredentials => true,
        Err(Error::TooMany { .. }) => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Guesses all at once on all instances, each from the address that `from` says; answers how many were looked at.
async fn guess(town: &Town, login: &str, count: usize, from: impl Fn(usize) -> [u8; 4]) -> usize {
    let (gate, mut guesses) = (Arc::new(Semaphore::new(12)), JoinSet::new());
    for number in 0..count {
        let (g, gate, login, device) =
            (town.g(number).clone(), Arc::clone(&gate), login.to_owned(), device(from(number)));
        guesses.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            was_looked_at(&g.accounts().login(&login, &format!("wrong password {number}"), device).await)
        });
    }
    guesses.join_all().await.into_iter().filter(|looked_at| *looked_at).count()
}

async fn a_guesser_everywhere_is_slowed_and_the_owner_gets_in(town: Town) {
    let home = [203, 0, 113, 9];
    town.signed_in(Town::form("minji"), device(home)).await;
    let mut looked_at = 0;
    // An hour: a burst from one place, then from a new address each time, by name and by mail address.
    for minute in 0..20_u8 {
        looked_at += guess(&town, "minji", 20, |_| [198, 51, 100, 7]).await;
        looked_at +=
            guess(&town, "MINJI@example.com", 30, |number| [100, 64, minute, u8::try_from(number).unwrap()]).await;
        town.clock.advance(SignedDuration::from_mins(3));
    }
    eprintln!("{looked_at} of 1000 guesses in an hour were looked at");
    assert!((40..=100).contains(&looked_at), "{looked_at}");
    // At home, while it goes on from everywhere.
    guess(&town, "minji", 50, |number| [100, 65, 0, u8::try_from(number).unwrap()]).await;
    town.g(1).accounts().login("minji", PASSWORD, device(home)).await.unwrap();
    // On the road, while it goes on from one place.
    town.clock.advance(SignedDuration::from_mins(10));
    guess(&town, "minji", 50, |_| [198, 51, 100, 7]).await;
    for instance in 0..3 {
        town.g(instance).accounts().login("minji", PASSWORD, device([192, 0, 2, 33])).await.unwrap();
    }
    let wrong = town.g(0).accounts().login("minji", PASSWORD, device([198, 51, 100, 7])).await.unwrap_err();
    assert!(matches!(wrong, Error::TooMany { .. }), "who guesses is not let in by chance: {wrong:?}");
}

async fn a_login_that_nobody_has_is_refused_like_any_other(town: Town) {
    town.signed_in(Town::form("minji"), Device::default()).await;
    for from in [[198, 51, 100, 7], [198, 51, 100, 8]] {
        let known = guess(&town, "minji", 25, |_| from).await;
        let unknown = guess(&town, "nobody", 25, |_| from).await;
        assert_eq!(known, unknown, "how often tells who is there");
    }
}

async fn waits_grow_and_a_right_password_ends_them(town: Town) {
    town.signed_in(Town::form("minji"), Device::default()).await;
    let from = device([198, 51, 100, 7]);
    let mut tries = Vec::new();
    for _ in 0..140 {
        match town.g(tries.len()).accounts().login("minji", "wrong", from.clone()).await.unwrap_err() {
            Error::TooMany { retry_after } => {
                tries.push(retry_after.as_secs());
                assert!(retry_after.as_secs() <= 15 * 60, "{retry_after:?}");
                town.clock.advance(SignedDuration::try_from(retry_after).unwrap() + SignedDuration::from_micros(1));
            }
            error => assert_eq!(error.code(), Code::WrongCredentials),
        }
    }
    let (first, last) = (tries[0], *tries.last().unwrap());
    assert!(first <= 60 && last >= 10 * 60, "from {first} s to {last} s");
    town.clock.advance(SignedDuration::from_mins(16));
    town.g(0).accounts().login("minji", PASSWORD, from.clone()).await.unwrap();
    for _ in 0..10 {
        assert!(was_looked_at(&town.g(1).accounts().login("minji", "wrong", from.clone()).await), "it starts afresh");
    }
}

async fn mails_to_one_address_and_from_one_place_are_counted_once_for_all(town: Town) {
    let sign_up = |number: usize, form: SignUp, ip: [u8; 4]| {
        let g = town.g(number).clone();
        async move {
            match g.accounts().sign_up_from(form, Lang::Ko, Some(ip.into())).await {
                Ok(()) => true,
                Err(Error::TooMany { .. }) => false,
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    let mut asked = JoinSet::new();
    for number in 0..12_u8 {
        let form = SignUp { email: "one@example.com".to_owned(), ..Town::form(&format!("name{number}")) };
        asked.spawn(sign_up(usize::from(number), form, [192, 0, 2, number]));
    }
    assert_eq!(asked.join_all().await.into_iter().filter(|taken| *taken).count(), 1, "one a minute to one address");
    let mut asked = JoinSet::new();
    for number in 0..40 {
        asked.spawn(sign_up(number, Town::form(&format!("person{number}")), [198, 51, 100, 7]));
    }
    assert_eq!(asked.join_all().await.into_iter().filter(|taken| *taken).count(), 20, "twenty an hour from one place");
    town.work_off().await;
    assert_eq!(town.letters.addressees().len(), 21);
    // Asking again is counted alike whether or not somebody waits for a code.
    for address in ["one@example.com", "nobody@example.com"] {
        town.clock.advance(SignedDuration::from_hours(4));
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(town.g(answers.len()).accounts().resend_code(address).await.is_ok());
        }
        assert_eq!(answers, [true, false, false], "{address}");
    }
}

/// Three instances that count.
async fn counting(town: &Town, config: &Config) -> Vec<Gpting> {
    let mut instances = Vec::new();
    for store in &town.stores {
        let builder = Gpting::builder_on(Arc::clone(store) as _).clock(TownClock(Arc::clone(&town.clock)));
        instances.push(builder.config(config.clone()).build().await.unwrap());
    }
    instances
}

async fn likes_of_a_day_are_counted_once_for_all(town: Town) {
    let mut config = Config::default();
    config.quotas.likes_per_day = Some(7);
    let me = town.person("민지", "F", &["M"]).await;
    let others: Vec<_> = town.couples(30).await.into_iter().map(|(_, him)| him).collect();
    let instances = counting(&town, &config).await;
    let mut likes = JoinSet::new();
    for (number, him) in others.iter().copied().enumerate() {
        let g = instances[number % 3].clone();
        likes.spawn(async move { (him, g.matching().like(me, him, None).await) });
    }
    let done = likes.join_all().await;
    let liked: Vec<_> = done.iter().filter(|(_, result)| result.is_ok()).map(|(him, _)| *him).collect();
    assert_eq!(liked.len(), 7);
    assert!(done.iter().all(|(_, result)| matches!(result, Ok(_) | Err(Error::TooMany { .. }))), "{done:?}");
    // What stands already costs nothing, and says so.
    for him in &liked {
        assert!(instances[0].matching().like(me, *him, None).await.unwrap().already);
    }
    let new = others.iter().copied().find(|him| !liked.contains(him)).unwrap();
    let wait = instances[1].matching().like(me, new, None).await.unwrap_err().retry_after().unwrap();
    town.clock.advance(SignedDuration::try_from(wait).unwrap());
    assert!(instances[2].matching().like(me, new, None).await.is_ok(), "they come back over the day");
    assert!(instances[0].matching().like(me, me, None).await.is_err());
}

async fn messages_of_a_minute_are_counted_once_for_all(town: Town) {
    let mut config = Config::default();
    config.quotas.messages_per_minute = Some(40);
    let (me, other) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    let room = town.matched(me, other).await;
    let instances = counting(&town, &config).await;
    let mut said = 0;
    loop {
        let mut tries = JoinSet::new();
        for number in 0..30 {
            let g = instances[number % 3].clone();
            tries.spawn(async move { g.chat().send(me, room, Draft::text("안녕하세요")).await });
        }
        let results = tries.join_all().await;
        let went = results.iter().filter(|result| result.is_ok()).count();
        assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(Error::TooMany { .. }))), "{results:?}");
        said += went;
        if went == 0 {
            break;
        }
    }
    assert_eq!(said, 40);
    assert_eq!(town.store().room(room).await.unwrap().unwrap().value.last_seq, 40);
    assert!(instances[0].chat().send(other, room, Draft::text("저는 아직")).await.is_ok(), "counted by member");
}

async fn no_address_stands_in_the_table_of_allowances(town: Town) {
    let from = device([203, 0, 113, 77]);
    town.signed_in(Town::form("minji"), from.clone()).await;
    town.g(0).accounts().login("minji", "wrong", from.clone()).await.unwrap_err();
    town.g(0).accounts().sign_up_from(Town::form("junho"), Lang::Ko, from.ip).await.unwrap();
    let rows: Vec<String> = town
        .dump()
        .await
        .into_iter()
        .filter(|(table, _)| table == "allowance")
        .map(|(_, row)| row.to_lowercase())
        .collect();
    if town.rows("allowance").await.is_none() {
        return;
    }
    assert!(rows.len() >= 6, "{rows:?}");
    for secret in ["minji", "junho", "example", "203", "cb00714d"] {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        // Bare digits may be part of a time.
        let is_digits = secret.bytes().all(|byte| byte.is_ascii_digit());
        assert!(is_digits || rows.iter().all(|row| !row.contains(secret)), "{secret} in {rows:?}");
        assert!(rows.iter().all(|row| !row.contains(&hex)), "{secret} in {rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_count_as_one() {
    let database = Postgres::shared().database("limits").await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::postgres(&database.url).with("GPTING_TRUSTED_PROXIES", "127.0.0.1");
    settings.data_dir = Some(folder.path().join("data"));
    settings.rate_limits = true;
    let servers =
        tokio::join!(Server::start(settings.clone()), Server::start(settings.clone()), Server::start(settings.clone()));
    let servers = [servers.0, servers.1, servers.2];
    let (a, b) = tokio::join!(
        Person::sign_up_complete(&servers[0], "minji", "F", &["M"]),
        Person::sign_up_complete(&servers[0], "junho", "M", &["F"])
    );
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let urls: Vec<String> = servers.iter().map(Server::url).collect();
    let login = |number: usize, password: String, from: String| {
        let body = json!({"username": a.registration.username, "password": password});
        let url = format!("{}/api/accounts/login/", urls[number % 3]);
        let request = http.post(url).header("x-forwarded-for", from).json(&body);
        async move { request.send().await.unwrap() }
    };
    let (gate, mut guesses) = (Arc::new(Semaphore::new(24)), JoinSet::new());
    for number in 0..1_000 {
        // Half of them from one place, the others from all over.
        let from = if number % 2 == 0 {
            "198.51.100.7".to_owned()
        } else {
            format!("100.64.{}.{}", number / 200, number % 200)
        };
        let (gate, guess) = (Arc::clone(&gate), login(number, format!("wrong password {number}"), from));
        guesses.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            let answer = guess.await;
            let (status, has_wait) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
            assert!(status == 400 || has_wait && matches!(status, 429 | 503), "{status}");
            status
        });
    }
    let statuses = guesses.join_all().await;
    let looked_at = statuses.iter().filter(|status| **status == 400).count();
    eprintln!("{looked_at} of 1000 guesses at three servers were looked at");
    assert!((20..=100).contains(&looked_at), "{looked_at}");
    let right = login(1, a.registration.password.clone(), "127.0.0.1".to_owned()).await;
    assert_eq!(right.status(), 200, "at home, while guesses came from all over");

    let room = a.match_with(&b).await;
    let (began, mut sends) = (Instant::now(), JoinSet::new());
    for number in 0..240 {
        let (a, gate) = (a.at(&servers[number % 3]), Arc::clone(&gate));
        sends.spawn(async move {
            let _turn = gate.acquire().await.unwrap();
            let body = json!({"content": format!("{number}번째")});
            let answer: Answer = a.post(&format!("/api/chat/rooms/{room}/messages/"), &body).await;
            if answer.status != 201 {
                answer.refused(429, "too_many");
                return 0;
            }
            1
        });
    }
    let said: u32 = sends.join_all().await.into_iter().sum();
    // A hundred at once, and what has come back meanwhile.
    let most = 101 + u32::try_from(began.elapsed().as_millis() * 100 / 60_000).unwrap();
    eprintln!("{said} of 240 messages were taken, {most} at the most");
    assert!((90..=most).contains(&said), "{said}");
}
