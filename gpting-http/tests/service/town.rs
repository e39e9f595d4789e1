//! A small town to test in: the service, its mailbox and pictures, and people who call it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gpting_core::account::AccountKeys;
use gpting_core::port::{BlobStore, Mail, Mailer, Picture, PictureError, Pictures, PortError};
use gpting_core::store::MemoryStore;
use gpting_core::{Gpting, SystemRng};
use gpting_http::{AccountAuth, GptingHttp, HttpOptions};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Keeps every mail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox(Arc<Mutex<Vec<Mail>>>);

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: Mail) -> Result<(), PortError> {
        self.0.lock().unwrap().push(mail);
        Ok(())
    }
}

impl Mailbox {
    fn code(&self, to: &str) -> String {
        let mails = self.0.lock().unwrap();
        let mail = mails.iter().rev().find(|mail| mail.to == to).expect("a mail has come");
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        mail.text.split_whitespace().find(digits).expect("the mail holds a code").to_owned()
    }
}

/// Pictures in memory; whatever begins like a JPEG is one.
#[derive(Debug, Default)]
struct Album(Mutex<HashMap<String, Vec<u8>>>);

#[async_trait]
impl BlobStore for Album {
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
struct Darkroom;

#[async_trait]
impl Pictures for Darkroom {
    async fn prepare(&self, bytes: Vec<u8>) -> Result<Picture, PictureError> {
        if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            Ok(Picture { bytes, width: 4, height: 3 })
        } else {
            Err(PictureError::Unsupported)
        }
    }
}

/// The service and its mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Town {
    pub(crate) g: Gpting,
    pub(crate) service: GptingHttp,
    mail: Mailbox,
}

/// Somebody who calls.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) town: Town,
    pub(crate) id: i64,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// The body, if the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The refusal with this status and code, whole.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(problem["request_id"].as_str(), self.headers["x-request-id"].to_str().ok());
        problem
    }
}

impl Town {
    pub(crate) async fn new() -> Self {
        Self::with(HttpOptions { signing_key: [9; 32], ..HttpOptions::default() }).await
    }

    pub(crate) async fn with(options: HttpOptions) -> Self {
        let mail = Mailbox::default();
        let keys = AccountKeys::draw(&SystemRng).unwrap();
        let g = Gpting::builder_with_accounts(Arc::new(MemoryStore::default()), keys)
            .mailer(mail.clone())
            .blobs(Album::default())
            .pictures(Darkroom)
            .build()
            .await
            .unwrap();
        let service = GptingHttp::new(g.clone(), AccountAuth::new(g.clone())).with(options);
        Self { g, service, mail }
    }

    /// Sends a request as it is.
    pub(crate) async fn send<B>(&self, request: Request<B>) -> Answer
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A request without a token; an empty body is none.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(request(method, path, None, body)).await
    }

    /// Signs up, types in the code, logs in.
    pub(crate) async fn sign_up(&self, name: &str, gender: &str) -> Person {
        let email = format!("{name}@example.com");
        let password = "정말로 긴 비밀번호";
        let form = json!({"username": name, "email": email, "password": password, "nickname": name, "gender": gender});
        let sent = self.ask(Method::POST, "/api/accounts/signup/", &form).await.expect(200);
        assert_eq!(sent["message"], "인증 코드가 이메일로 전송되었습니다.");
        self.g.run_due_jobs().await.unwrap();
        let code = self.mail.code(&email);
        let made = self.ask(Method::POST, "/api/accounts/verify-email/", &json!({"email": email, "code": code})).await;
        assert_eq!(made.expect(201)["message"], "회원가입이 완료되었습니다.");
        let login = json!({"username": name, "password": password});
        let answer = self.ask(Method::POST, "/api/accounts/api/login/", &login).await.expect(200);
        assert_eq!((&answer["success"], &answer["message"]), (&json!(true), &json!("로그인 성공")));
        let text = |field: &str| answer[field].as_str().unwrap().to_owned();
        let mut person = Person { town: self.clone(), id: 0, access: text("access"), refresh: text("refresh") };
        person.id = person.get("/api/accounts/current-user").await.expect(200)["id"].as_i64().unwrap();
        person
    }

    /// Somebody who can be met: grown up, in Seoul, looking for people.
    pub(crate) async fn settled(&self, name: &str, gender: &str, wants: &[&str]) -> Person {
        let person = self.sign_up(name, gender).await;
        person.patch("/api/accounts/profile/", &json!({"birth_date": "1996-03-02"})).await.expect(200);
        let place = json!({"location": "서울특별시 강남구"});
        person.post("/api/accounts/profile/location/", &place).await.expect(201);
        let wishes = json!({"genders": wants, "age_min": 18, "age_max": 99, "max_distance_km": 500, "attributes": []});
        person.put("/api/accounts/preferences/", &wishes).await.expect(200);
        person
    }

    /// Two people who like each other, and their room.
    pub(crate) async fn couple(&self) -> (Person, Person, i64) {
        let (jimin, minho) = (self.settled("jimin", "F", &["M"]).await, self.settled("minho", "M", &["F"]).await);
        let first = jimin.post(&format!("/api/matches/like/{}/", minho.id), &Value::Null).await.expect(201);
        assert_eq!((&first["message"], &first["matched"]), (&json!("좋아요를 눌렀습니다."), &json!(false)));
        let second = minho.post("/api/matches/like/", &json!({"user_profile": jimin.id})).await.expect(201);
        assert_eq!(second["matched"], true);
        (jimin, minho, second["room_id"].as_i64().unwrap())
    }
}

/// A request with a JSON body; null is no body.
pub(crate) fn request(method: Method, path: &str, access: Option<&str>, body: &Value) -> Request<String> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(access) = access {
        request = request.header("authorization", format!("Bearer {access}"));
    }
    if body.is_null() {
        return request.body(String::new()).unwrap();
    }
    request.header("content-type", "application/json").body(body.to_string()).unwrap()
}

impl Person {
    /// The same person on another device.
    pub(crate) async fn log_in_again(&self) -> Self {
        let profile = self.get("/api/accounts/current-user").await.expect(200);
        let login = json!({"username": profile["username"], "password": "정말로 긴 비밀번호"});
        let answer = self.town.ask(Method::POST, "/api/accounts/login/", &login).await.expect(200);
        let text = |field: &str| answer[field].as_str().unwrap().to_owned();
        Self { access: text("access"), refresh: text("refresh"), ..self.clone() }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.town.send(request(method, path, Some(&self.access), body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    /// Posts one file in a multipart form.
    pub(crate) async fn upload(&self, method: Method, path: &str, name: &str, content: &[u8]) -> Answer {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.jpg\"\r\n\r\n");
        let body = [head.as_bytes(), content, b"\r\n--x--\r\n"].concat();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.access))
            .header("content-type", "multipart/form-data; boundary=x");
        self.town.send(request.body(Full::<bytes::Bytes>::from(body)).unwrap()).await
    }
}
