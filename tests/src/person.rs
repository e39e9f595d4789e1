//! A person who uses the service: signs up with the mailed code, logs in, calls the documented endpoints.
//!
//! Called by the black-box tests. Everything a test does to the server it does through a person (or through a
//! [`Socket`](crate::Socket) opened with a person's token), by the paths and field names of the documentation.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::server::Server;

/// What somebody fills in to sign up.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The login name.
    pub username: String,
    /// The address that the code is mailed to.
    pub email: String,
    /// The password.
    pub password: String,
    /// What others see.
    pub nickname: String,
    /// `M`, `F` or `O`.
    pub gender: String,
    /// `YYYY-MM-DD`; may be given later.
    pub birth_date: Option<String>,
}

impl Registration {
    /// Unique among all runs; `name` (ASCII letters) makes it readable.
    pub fn new(name: &str, gender: &str) -> Self {
        static PEOPLE: AtomicU32 = AtomicU32::new(0);
        let number = PEOPLE.fetch_add(1, Ordering::Relaxed);
        let random = uuid::Uuid::new_v4().simple().to_string();
        let username = format!("{name}{number}{}", &random[..6]);
        Self {
            email: format!("{username}@example.com"),
            password: format!("{}-hopscotch-{}", &random[6..12], &random[12..18]),
            nickname: format!("{name}{number}{}", &random[18..21]),
            username,
            gender: gender.to_owned(),
            birth_date: None,
        }
    }

    /// With a date of birth.
    #[must_use]
    pub fn born(mut self, date: &str) -> Self {
        self.birth_date = Some(date.to_owned());
        self
    }

    /// The body of `POST signup/`.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "username": self.username, "email": self.email, "password": self.password,
            "nickname": self.nickname, "gender": self.gender,
        });
        if let Some(date) = &self.birth_date {
            body["birth_date"] = json!(date);
        }
        body
    }
}

/// Somebody, logged in or not.
#[derive(Debug, Clone)]
pub struct Person {
    /// What was filled in.
    pub registration: Registration,
    /// The member's id, 0 for a stranger.
    pub id: u64,
    /// The access token, empty for a stranger.
    pub access: String,
    /// The refresh token, empty for a stranger.
    pub refresh: String,
    base: String,
    http: Client,
}

impl Person {
    /// Somebody without an account (yet).
    pub fn stranger(server: &Server, registration: Registration) -> Self {
        let http = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            // A kept connection would break at a restart of the server, in the middle of another request.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client without TLS");
        let (access, refresh) = (String::new(), String::new());
        Self { registration, id: 0, access, refresh, base: server.url(), http }
    }

    /// Signs up, types in the mailed code, logs in.
    pub async fn sign_up(server: &Server, registration: Registration) -> Self {
        let mut person = Self::stranger(server, registration);
        let body = person.registration.body();
        let answer = person.post("/api/accounts/signup/", &body).await.expect(200);
        assert_eq!(answer["message"], "인증 코드가 이메일로 전송되었습니다.");
        let email = person.registration.email.clone();
        let code = server.mailbox().sign_up_code(&email).await;
        let answer = person.post("/api/accounts/verify-email/", &json!({"email": email, "code": code})).await;
        assert_eq!(answer.expect(201)["message"], "회원가입이 완료되었습니다.");
        person.log_in().await;
        person
    }

    /// Signs up somebody who can be shown at once: an adult with a place and wide preferences.
    pub async fn sign_up_complete(server: &Server, name: &str, gender: &str, wants: &[&str]) -> Self {
        let person = Self::sign_up(server, Registration::new(name, gender).born("1996-03-02")).await;
        person.settle("서울특별시 강남구", wants).await;
        person
    }

    /// The same person with the same tokens, who calls another server.
    #[must_use]
    pub fn at(&self, server: &Server) -> Self {
        Self { base: server.url(), ..self.clone() }
    }

    /// Logs in (again) with the password.
    pub async fn log_in(&mut self) {
        let Registration { username, password, .. } = &self.registration;
        let body = json!({"username": username, "password": password});
        let answer = self.post("/api/accounts/login/", &body).await.expect(200);
        assert_eq!(answer["success"], true);
        self.take_tokens(&answer);
        let me = self.get("/api/accounts/current-user/").await.expect(200);
        self.id = me["id"].as_u64().expect("an id is an integer");
        assert!(self.id < 1 << 53, "an id that JavaScript cannot hold: {}", self.id);
    }

    /// Keeps the tokens of an answer of `login/` or `token/refresh/`.
    pub fn take_tokens(&mut self, answer: &Value) {
        let text = |field: &str| answer[field].as_str().expect("tokens are strings").to_owned();
        (self.access, self.refresh) = (text("access"), text("refresh"));
    }

    /// Says where one lives and whom one would like to meet: `genders`, from 18 to 99, within 500 km.
    pub async fn settle(&self, place: &str, genders: &[&str]) {
        self.post("/api/accounts/profile/location/", &json!({"location": place})).await.expect(201);
        let wishes =
            json!({"genders": genders, "age_min": 18, "age_max": 99, "max_distance_km": 500, "attributes": []});
        self.put("/api/accounts/preferences/", &wishes).await.expect(200);
    }

    /// The cards that are recommended to this person now (up to 100).
    pub async fn recommended(&self) -> Vec<Value> {
        let cards = self.get("/api/matches/recommended/?limit=100").await.expect(200);
        cards.as_array().expect("recommendations are an array").clone()
    }

    /// Waits until `other` is recommended, at most 10 s (the promise is 3 s), and returns the card.
    pub async fn wait_until_recommended(&self, other: &Self) -> Value {
        let mut left = 100;
        loop {
            if let Some(card) = self.recommended().await.into_iter().find(|card| card["id"] == other.id) {
                return card;
            }
            left -= 1;
            assert!(left > 0, "{} was never recommended", other.registration.nickname);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Likes each other with `other`, and returns the room of the match.
    pub async fn match_with(&self, other: &Self) -> u64 {
        self.wait_until_recommended(other).await;
        other.wait_until_recommended(self).await;
        let first = self.post(&format!("/api/matches/like/{}/", other.id), &json!({})).await.expect(201);
        assert_eq!(first["matched"], false);
        let second = other.post(&format!("/api/matches/like/{}/", self.id), &json!({})).await.expect(201);
        assert_eq!(second["matched"], true);
        second["room_id"].as_u64().expect("a match has a room")
    }

    /// A request with this person's token, to be completed and given to [`Person::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.access.is_empty() { request } else { request.bearer_auth(&self.access) }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// No whole answer came: the server is gone.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let request = request.build()?;
        let name = format!("{} {}", request.method(), request.url().path());
        Answer::read(name, self.http.execute(request).await?).await
    }

    /// Sends a request to a server that must be there.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }
}
