//! Photos in a bucket: the real server against a small store that speaks as S3 does, with all that can come of it.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use gpting_tests::{Answer, Person, Server, Settings};
use image::{ImageFormat, RgbImage};
use reqwest::multipart::{Form, Part};
use tokio::net::TcpListener;

const SECRET: &str = "c4nary-secret-of-the-bucket";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the store does beside what it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    /// Nothing.
    #[default]
    Well,
    /// Refuses so many requests as busy.
    Busy(u32),
    /// Refuses whoever asks.
    Closed,
}

/// One request as it came.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
}

#[derive(Debug, Default)]
struct Shelf {
    objects: BTreeMap<String, Vec<u8>>,
    asked: Vec<Asked>,
    mood: Mood,
}

/// A store that speaks as S3 does, by path.
#[derive(Clone, Debug, Default)]
struct Bucket(Arc<Mutex<Shelf>>);

impl Bucket {
    /// Opens; answers its address.
    async fn open(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    fn is_now(&self, mood: Mood) {
        self.0.lock().unwrap().mood = mood;
    }

    fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().objects.keys().cloned().collect()
    }
}

/// An error as S3 tells it.
fn refused(status: StatusCode, code: &str) -> Response {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>c4nary inside</Message></Error>");
    (status, [("content-type", "application/xml")], body).into_response()
}

async fn answer(State(bucket): State<Bucket>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 32 << 20).await.unwrap().to_vec();
    let mut shelf = bucket.0.lock().unwrap();
    let path = head.uri.path().to_owned();
    let asked = Asked { method: head.method.clone(), path: path.clone(), headers: head.headers.clone() };
    shelf.asked.push(asked);
    match shelf.mood {
        Mood::Closed => return refused(StatusCode::FORBIDDEN, "AccessDenied"),
        Mood::Busy(left @ 1..) => {
            shelf.mood = Mood::Busy(left - 1);
            return refused(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
        }
        Mood::Well | Mood::Busy(0) => {}
    }
    match head.method {
        Method::PUT if head.headers.get("if-none-match").is_some_and(|tag| tag == "*") => {
            if shelf.objects.contains_key(&path) {
                return refused(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
            }
            shelf.objects.insert(path, body);
            (StatusCode::OK, [("etag", "\"one\"")]).into_response()
        }
        Method::GET => match shelf.objects.get(&path) {
            Some(bytes) => {
                let headers = [("etag", "\"one\""), ("last-modified", "Fri, 27 Nov 2026 10:00:00 GMT")];
                (StatusCode::OK, headers, bytes.clone()).into_response()
            }
            None => refused(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        Method::DELETE => {
            shelf.objects.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    }
}

fn picture(shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(64, 48, image::Rgb([shade, 40, 90])).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

async fn upload(me: &Person, shade: u8) -> Answer {
    let part = Part::bytes(picture(shade)).file_name("me.png").mime_str("image/png").unwrap();
    let request = me.request(Method::POST, "/api/accounts/profile/photos/");
    me.send(request.multipart(Form::new().part("photo", part))).await
}

/// The photos of somebody's profile, as id and address.
async fn photos(me: &Person) -> Vec<(u64, String)> {
    let profile = me.get("/api/accounts/current-user/").await.expect(200);
    let photos = profile["photos"].as_array().unwrap().clone();
    photos.iter().map(|one| (one["id"].as_u64().unwrap(), one["url"].as_str().unwrap().to_owned())).collect()
}

/// Looks at an address as `<img>` does.
async fn look(server: &Server, address: &str) -> (u16, Vec<u8>) {
    let path = address.find("/api/").map_or(address, |at| &address[at..]);
    let answer = reqwest::get(format!("{}{path}", server.url())).await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

async fn server(bucket: &Bucket, more: &[(&str, &str)]) -> Server {
    let mut settings = Settings::sqlite()
        .with("GPTING_BLOB_URL", "s3://dating-photos/eu/west")
        .with("AWS_ENDPOINT_URL", &bucket.open().await)
        .with("AWS_ALLOW_HTTP", "true")
        .with("AWS_REGION", "ap-northeast-2")
        .with("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .with("AWS_SECRET_ACCESS_KEY", SECRET)
        .with("NO_PROXY", "127.0.0.1");
    for (name, value) in more {
        settings = settings.with(name, value);
    }
    Server::start(settings).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_are_put_shown_and_deleted() {
    let bucket = Bucket::default();
    let server = server(&bucket, &[]).await;
    let me = Person::sign_up_complete(&server, "sora", "F", &["M"]).await;
    for shade in [10, 200] {
        upload(&me, shade).await.expect(201);
    }
    let keys = bucket.keys();
    assert_eq!(keys.len(), 2);
    for key in &keys {
        let name = key.strip_prefix("/dating-photos/eu/west/").expect("by path, below the prefix");
        assert!(name.len() >= 16 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
    let shown = photos(&me).await;
    assert_eq!(shown.len(), 2);
    for (_, address) in &shown {
        let (status, bytes) = look(&server, address).await;
        assert_eq!(status, 200);
        assert!(bucket.0.lock().unwrap().objects.values().any(|kept| *kept == bytes), "as it is kept");
    }
    // As S3 asks it of everybody: each request signed with the key of the region, and a name used once.
    for asked in &bucket.0.lock().unwrap().asked {
        let signature = asked.headers["authorization"].to_str().unwrap();
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signature}");
        assert!(signature.contains("/ap-northeast-2/s3/aws4_request"), "{signature}");
        assert!(asked.method != Method::PUT || asked.headers["if-none-match"] == "*");
        assert!(asked.path.starts_with("/dating-photos/eu/west/"), "{asked:?}");
    }
    me.delete(&format!("/api/accounts/profile/photos/{}/", shown[0].0)).await;
    assert_eq!(look(&server, &shown[0].1).await.0, 404, "at once, whatever the bucket still has");
    let since = Instant::now();
    while bucket.keys().len() > 1 {
        assert!(since.elapsed() < PATIENCE, "never deleted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(look(&server, &shown[1].1).await.0, 200);
    // What somebody took out of the bucket is no photo any more, and no error of the server's.
    bucket.0.lock().unwrap().objects.clear();
    assert_eq!(look(&server, &shown[1].1).await.0, 404);
    assert!(!server.log().contains(SECRET));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_fails_fails_an_upload_and_nothing_else() {
    let bucket = Bucket::default();
    let server = server(&bucket, &[]).await;
    let me = Person::sign_up_complete(&server, "sora", "F", &["M"]).await;
    upload(&me, 10).await.expect(201);
    let shown = photos(&me).await;
    // Busy for a moment: asked again.
    bucket.is_now(Mood::Busy(2));
    assert_eq!(look(&server, &shown[0].1).await.0, 200);
    bucket.is_now(Mood::Closed);
    let refused = upload(&me, 20).await;
    assert!(refused.status == 503 && refused.fault().is_none(), "{refused}");
    assert!(!String::from_utf8_lossy(&refused.body).contains("c4nary"), "{refused}");
    assert_eq!(look(&server, &shown[0].1).await.0, 503, "not 404: it is there");
    assert_eq!(photos(&me).await.len(), 1, "what could not be kept is not in the profile");
    // Deleting is work for later, and is done when the bucket is back.
    me.delete(&format!("/api/accounts/profile/photos/{}/", shown[0].0)).await;
    bucket.is_now(Mood::Well);
    let since = Instant::now();
    while !bucket.keys().is_empty() {
        assert!(since.elapsed() < PATIENCE, "never deleted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    upload(&me, 30).await.expect(201);
    assert_eq!(bucket.keys().len(), 1);
    let log = server.log();
    assert!(!log.contains(SECRET) && !log.contains("AWS4-HMAC"), "no secret and no signature in the log");
}
