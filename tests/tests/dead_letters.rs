//! Jobs that fail for good, as somebody sees them who watches over a server: on the admin port, where they can be looked
//! at, tried again, or let go.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gpting_core::job::Job;
use gpting_core::store::{Change, Expect, Store as _, Work};
use gpting_store_sqlite::SqliteStore;
use gpting_tests::{Person, Registration, Server, Settings};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A mail server that takes mails, or refuses each.
#[derive(Clone, Debug, Default)]
struct Post {
    refuses: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Post {
    /// Opens; answers its address.
    async fn open(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let post = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(post.clone().talk(stream));
            }
        });
        url
    }

    async fn talk(self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 here\r\n").await?;
        let mut mail: Option<String> = None;
        while let Some(line) = lines.next_line().await? {
            let answer = match (&mut mail, line.as_str()) {
                (Some(text), ".") => {
                    self.taken.lock().unwrap().push(std::mem::take(text));
                    mail = None;
                    "250 taken\r\n"
                }
                (Some(text), _) => {
                    text.push_str(&line);
                    text.push('\n');
                    continue;
                }
                (None, rcpt) if rcpt.starts_with("RCPT") && self.refuses.load(Ordering::Relaxed) => {
                    "550 nobody of that name at c4nary.example\r\n"
                }
                (None, "DATA") => {
                    mail = Some(String::new());
                    "354 go on\r\n"
                }
                (None, "QUIT") => return write.write_all(b"221 bye\r\n").await,
                (None, _) => "250 fine\r\n",
            };
            write.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }

    /// The six digits that were mailed to an address, once they were.
    async fn code(&self, to: &str) -> String {
        let since = Instant::now();
        loop {
            let taken = self.taken.lock().unwrap().clone();
            if let Some(mail) = taken.iter().find(|mail| mail.contains(to)) {
                // The body may be in lines of base64 or quoted: digits are digits in the latter.
                let body = mail.split_once("\n\n").map_or(mail.as_str(), |(_, body)| body);
                return digits(body).expect("a code in the mail");
            }
            assert!(since.elapsed() < PATIENCE, "no mail came for {to}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Six digits of a mail's body, plain, quoted or in base64.
fn digits(body: &str) -> Option<String> {
    use base64::Engine as _;
    let packed: String = body.split_whitespace().collect();
    let unpacked = base64::engine::general_purpose::STANDARD.decode(&packed).ok();
    let text = unpacked.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| body.to_owned());
    let words = text.split(|c: char| !c.is_ascii_digit());
    words.map(str::to_owned).find(|word| word.len() == 6)
}

/// The admin port of a server.
struct Desk {
    base: String,
    http: Client,
}

impl Desk {
    fn of(server: &Server) -> Self {
        Self { base: server.admin_url(), http: Client::builder().no_proxy().build().unwrap() }
    }

    async fn ask(&self, method: Method, path: &str) -> Response {
        self.http.request(method, format!("{}{path}", self.base)).send().await.unwrap()
    }

    /// The dead letters, held against what is documented of them.
    async fn dead(&self, query: &str) -> Vec<Value> {
        let answer = self.ask(Method::GET, &format!("/admin/jobs/dead{query}")).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/json");
        let letters: Vec<Value> = answer.json().await.unwrap();
        for letter in &letters {
            let names: Vec<&str> = letter.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, ["attempts", "code", "dead_at", "failed_at", "id", "kind", "what"]);
        }
        letters
    }

    async fn metric(&self, name: &str) -> f64 {
        let text = self.ask(Method::GET, "/metrics").await.text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }
}

/// Signs somebody up whose mail is refused, and lets all attempts but the last go by at once.
async fn refused(server: &Server, store: &SqliteStore, name: &str, known: &[u64]) -> Registration {
    let form = Registration::new(name, "F");
    let stranger = Person::stranger(server, form.clone());
    stranger.post("/api/accounts/signup/", &form.body()).await.expect(200);
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < PATIENCE, "no job failed");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let all = store.due_jobs(&["send_sign_up_code"], "2100-01-01T00:00:00Z".parse().unwrap(), 100).await.unwrap();
        let fresh = |job: &Job| job.failure.is_some() && !known.contains(&job.id.value().unsigned_abs());
        let Some(row) = all.into_iter().find(|row| fresh(&row.value)) else { continue };
        assert!(row.value.dead_at.is_none() && row.value.attempts < 12, "one refusal is not the end");
        let late = Job { attempts: 11, run_at: row.value.failure.as_ref().unwrap().at, ..row.value };
        let put = Work::new().change(Change::PutJob(late, Expect::Version(row.version)));
        // The server may hold it at this moment; then it is looked for again.
        if store.commit(put).await.is_ok() {
            return form;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_failed_for_good_is_seen_tried_again_or_let_go() {
    let post = Post::default();
    post.refuses.store(true, Ordering::Relaxed);
    let settings = Settings::sqlite()
        .with("GPTING_SMTP_URL", &post.open().await)
        .with("GPTING_MAIL_FROM", "GPTing <no-reply@example.com>");
    let server = Server::start(settings).await;
    let store = SqliteStore::open(server.data_dir().join("gpting.db")).await.unwrap();
    let desk = Desk::of(&server);
    assert_eq!(desk.dead("").await, Vec::<Value>::new());

    let mut people = Vec::new();
    let mut ids: Vec<u64> = Vec::new();
    for name in ["minji", "junho"] {
        people.push(refused(&server, &store, name, &ids).await);
        let since = Instant::now();
        let letter = loop {
            let letters = desk.dead("").await;
            if let Some(letter) = letters.into_iter().find(|letter| !ids.contains(&letter["id"].as_u64().unwrap())) {
                break letter;
            }
            assert!(since.elapsed() < PATIENCE, "the last attempt is not the end");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!((&letter["kind"], &letter["attempts"]), (&json!("send_sign_up_code"), &json!(12)));
        for time in ["dead_at", "failed_at"] {
            letter[time].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        }
        assert!(letter["code"].is_string() && letter["what"].is_string(), "{letter}");
        ids.push(letter["id"].as_u64().unwrap());
    }
    // Of what they are about nothing is told, nor what the other side said.
    let told = desk.ask(Method::GET, "/admin/jobs/dead").await.text().await.unwrap();
    for form in &people {
        for secret in [&form.email, &form.username, &form.nickname, &form.password, "c4nary", "127.0.0.1"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    // In pages, by id.
    let first = desk.dead("?limit=1").await;
    let second = desk.dead(&format!("?limit=1&after={}", first[0]["id"])).await;
    let mut paged: Vec<u64> = [first, second].concat().iter().map(|letter| letter["id"].as_u64().unwrap()).collect();
    assert!(paged.is_sorted());
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(paged, sorted);
    assert_eq!(desk.dead(&format!("?after={}", paged.pop().unwrap())).await, Vec::<Value>::new());
    // Counted, a little later.
    let since = Instant::now();
    while desk.metric("gpting_jobs_dead").await < 2.0 {
        assert!(since.elapsed() < PATIENCE, "never counted");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let failed = desk.metric("gpting_jobs_failed_total{kind=\"send_sign_up_code\"}").await;
    assert!(failed >= 4.0, "two attempts of each were made here: {failed}");

    refusals(&desk, ids[0]).await;
    post.refuses.store(false, Ordering::Relaxed);
    assert!(post.taken.lock().unwrap().is_empty(), "nobody takes a dead letter by themselves");
    assert_eq!(desk.ask(Method::POST, &format!("/admin/jobs/dead/{}/retry", ids[0])).await.status(), 204);
    assert_eq!(desk.ask(Method::DELETE, &format!("/admin/jobs/dead/{}", ids[1])).await.status(), 204);
    // Whoever was to be mailed gets their code, and it is good.
    let code = post.code(&people[0].email).await;
    let stranger = Person::stranger(&server, people[0].clone());
    let proof = json!({"email": people[0].email, "code": code});
    stranger.post("/api/accounts/verify-email/", &proof).await.expect(201);
    assert_eq!(desk.dead("").await, Vec::<Value>::new());
    // Neither is there any more; what was let go is never done.
    for id in &ids {
        assert_eq!(desk.ask(Method::POST, &format!("/admin/jobs/dead/{id}/retry")).await.status(), 404);
        assert_eq!(desk.ask(Method::DELETE, &format!("/admin/jobs/dead/{id}")).await.status(), 404);
    }
    let left = store.due_jobs(&["send_sign_up_code"], "2100-01-01T00:00:00Z".parse().unwrap(), 10).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    assert!(!post.taken.lock().unwrap().iter().any(|mail| mail.contains(&people[1].email)));
    let log = server.log();
    assert!(people.iter().all(|form| !log.contains(&form.email)) && !log.contains("c4nary"), "nobody's in the log");
    store.close().await;
}

/// What is asked in a way that is not documented changes nothing.
async fn refusals(desk: &Desk, id: u64) {
    for (method, path, status, code) in [
        (Method::GET, format!("/admin/jobs/dead/{id}"), 405, None),
        (Method::GET, format!("/admin/jobs/dead/{id}/retry"), 405, None),
        (Method::DELETE, format!("/admin/jobs/dead/{id}/retry"), 405, None),
        (Method::POST, "/admin/jobs/dead".to_owned(), 405, None),
        (Method::POST, "/admin/jobs/dead/77/retry".to_owned(), 404, Some("not_found")),
        (Method::DELETE, "/admin/jobs/dead/nonsense".to_owned(), 404, Some("not_found")),
        (Method::GET, "/admin/jobs/dead?limit=0".to_owned(), 400, Some("validation_failed")),
        (Method::GET, "/admin/jobs/dead?after=x".to_owned(), 400, Some("validation_failed")),
        (Method::GET, "/admin/jobs/dead?page=2".to_owned(), 400, Some("validation_failed")),
        (Method::GET, "/admin/jobs".to_owned(), 404, None),
    ] {
        let answer = desk.ask(method.clone(), &path).await;
        assert_eq!(answer.status(), status, "{method} {path}");
        assert!(status != 405 || answer.headers().contains_key("allow"), "{method} {path}");
        if let Some(code) = code {
            assert_eq!(answer.json::<Value>().await.unwrap()["code"], code, "{method} {path}");
        }
    }
    // A page that somebody has open in a browser.
    for (method, path) in [(Method::POST, format!("{id}/retry")), (Method::DELETE, id.to_string())] {
        let request = desk.http.request(method, format!("{}/admin/jobs/dead/{path}", desk.base));
        let answer = request.header("origin", "https://evil.example").send().await.unwrap();
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "foreign_origin");
    }
    assert_eq!(desk.dead("").await.len(), 2);
}
