//! The delivered nginx configuration in a real nginx before real servers: sockets, uploads, and whose address counts.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::io::Cursor;
use std::net::IpAddr;

use gpting_tests::socket::SOON;
use gpting_tests::{Answer, Nginx, Person, Server, Settings, Socket};
use image::{ImageFormat, RgbImage};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// A picture that does not compress: some three megabytes as a JPEG.
fn large_picture() -> Vec<u8> {
    let mut state = 1_u32;
    let picture = RgbImage::from_fn(1_500, 1_500, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [red, green, blue, _] = state.to_be_bytes();
        image::Rgb([red, green, blue])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// Somebody who calls from an address of loopback.
fn from(address: &str) -> reqwest::Client {
    let address: IpAddr = address.parse().unwrap();
    reqwest::Client::builder().no_proxy().local_address(address).build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_and_uploads_go_through_and_no_token_is_logged() {
    let server = Server::start(Settings::sqlite().with("GPTING_TRUSTED_PROXIES", "127.0.0.1")).await;
    let nginx = Nginx::in_front_of(&[&server]);
    let a = Person::sign_up_complete(&server, "minji", "F", &["M"]).await;
    let b = Person::sign_up_complete(&server, "junho", "M", &["F"]).await;
    let room = a.match_with(&b).await;
    let http = from("127.0.0.1");
    let url = format!("http://{}", nginx.address());

    let me: Value = http
        .get(format!("{url}/api/accounts/current-user/"))
        .bearer_auth(&a.access)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(me["id"], a.id);
    let page = http.get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200, "the web client");

    let by_query = format!("ws://{}/ws/chat/{room}/?token={}", nginx.address(), a.access);
    let mut asks = Socket::open(&by_query, &[]).await.unwrap();
    asks.next_of_type("ready", SOON).await;
    let bearer = format!("Bearer {}", b.access);
    let by_header = format!("ws://{}/ws/chat/{room}/", nginx.address());
    let mut hears = Socket::open(&by_header, &[("authorization", &bearer)]).await.unwrap();
    hears.next_of_type("ready", SOON).await;
    assert_eq!(asks.say("엔진엑스 너머로").await["seq"], 1);
    assert_eq!(hears.next_of_type("message", SOON).await["message"], "엔진엑스 너머로");

    let picture = large_picture();
    assert!(picture.len() > 2_000_000, "{} bytes", picture.len());
    let upload = async |bytes: Vec<u8>| {
        let form = Form::new().part("photo", Part::bytes(bytes).file_name("me.jpg").mime_str("image/jpeg").unwrap());
        let request = http.post(format!("{url}/api/accounts/profile/photos/")).bearer_auth(&a.access).multipart(form);
        Answer::read("POST photos".to_owned(), request.send().await.unwrap()).await.unwrap()
    };
    upload(picture).await.expect(201);
    // More than the server takes and less than nginx lets through: the server's own words.
    upload(vec![0; 10 * 1024 * 1024 + 200_000]).await.refused(413, "body_too_large");
    upload(vec![0; 12 * 1024 * 1024]).await.refused(413, "body_too_large");
    let form = json!({"bio": "가".repeat(1_000_000)});
    let request = http.patch(format!("{url}/api/accounts/profile/")).bearer_auth(&a.access).json(&form);
    let answer = Answer::read("PATCH profile".to_owned(), request.send().await.unwrap()).await.unwrap();
    answer.refused(413, "body_too_large");

    drop((asks, hears));
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let log = nginx.access_log();
    assert!(log.contains("POST /api/accounts/profile/photos/"), "{log}");
    assert!(!log.contains(&a.access) && !log.contains("token="), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_go_by_the_address_of_the_client_whatever_it_says_of_itself() {
    let mut settings = Settings::sqlite().with("GPTING_TRUSTED_PROXIES", "127.0.0.1");
    settings.rate_limits = true;
    let server = Server::start(settings).await;
    let nginx = Nginx::in_front_of(&[&server]);
    let url = format!("http://{}/api/accounts/login/", nginx.address());
    let attempt = async |http: &reqwest::Client, number: usize, said: Option<String>| {
        let body = json!({"username": format!("nobody{number}"), "password": "no such password"});
        let mut request = http.post(&url).json(&body);
        if let Some(said) = said {
            request = request.header("x-forwarded-for", said);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let (one, other) = (from("127.0.0.2"), from("127.0.0.3"));
    let mut refused = None;
    for number in 0..60 {
        // A new made-up address every time: it is nobody's but the client's own that counts.
        match attempt(&one, number, Some(format!("203.0.113.{number}"))).await {
            429 => {
                refused = Some(number);
                break;
            }
            status => assert_eq!(status, 400),
        }
    }
    let refused = refused.expect("thirty logins in ten minutes are enough");
    assert!((20..=40).contains(&refused), "{refused}");
    assert_eq!(attempt(&other, 100, None).await, 400, "somebody else is not to blame");
    assert_eq!(attempt(&other, 101, Some("127.0.0.2".to_owned())).await, 400, "nor to be mistaken for another");
    assert_eq!(attempt(&one, 102, None).await, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_instance_is_passed_over() {
    let settings = Settings::sqlite().with("GPTING_TRUSTED_PROXIES", "127.0.0.1");
    let mut servers = vec![Server::start(settings.clone()).await];
    let shared = Settings { data_dir: Some(servers[0].data_dir()), ..settings };
    servers.push(Server::start(shared).await);
    let nginx = Nginx::in_front_of(&[&servers[0], &servers[1]]);
    let person = Person::sign_up_complete(&servers[1], "minji", "F", &["M"]).await;
    let http = from("127.0.0.1");
    let url = format!("http://{}/api/accounts/current-user/", nginx.address());
    let mut asked = 0;
    let mut all_well = async |times: usize| {
        for _ in 0..times {
            asked += 1;
            let answer = http.get(&url).bearer_auth(&person.access).send().await.unwrap();
            assert_eq!(answer.status(), 200, "request {asked}");
        }
    };
    all_well(20).await;
    // One address goes to one instance: that one is stopped.
    servers.sort_by_key(|server| server.log().matches("/api/accounts/current-user/").count());
    let (stopped, ()) = tokio::join!(servers[1].stop(), all_well(200));
    assert!(stopped.success());
    all_well(20).await;
    assert!(servers[0].stop().await.success());
    let nobody = http.get(&url).bearer_auth(&person.access).send().await.unwrap();
    Answer::read("GET current-user".to_owned(), nobody).await.unwrap().refused(503, "unavailable");
    assert!(servers[0].log().matches("/api/accounts/current-user/").count() >= 20, "the other has taken over");
}
