//! The servers, the people, what stands between them, and what has been done so far.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;

use gpting_core::{Clock as _, SystemClock};
use gpting_tests::{Answer, Person, Registration, Server, server};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::between::{Between, Decision};
use crate::dice::Dice;
use crate::human::{Human, Standing};
use crate::look::Held;

/// Access tokens are good for 15 minutes; a fresh one is fetched well before.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// What a walk came across.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) pages: usize,
    pub(crate) shown: usize,
    /// Pages of those that were held while others acted.
    pub(crate) read_on: usize,
    /// People who must not be known, and were not.
    pub(crate) strangers: usize,
    pub(crate) matches: usize,
    /// Mutual picks of a day that were shown to both.
    pub(crate) picked: usize,
    /// Pages that were asked for again since somebody was late.
    pub(crate) late: usize,
}

/// Everything.
pub(crate) struct World {
    pub(crate) servers: Vec<Server>,
    database: Option<String>,
    pub(crate) people: Vec<Human>,
    pub(crate) by_id: HashMap<u64, usize>,
    /// By the two numbers, the lower first.
    pub(crate) pairs: BTreeMap<(usize, usize), Between>,
    pub(crate) dice: Dice,
    pub(crate) held: Vec<Held>,
    pub(crate) counts: Counts,
    pub(crate) seed: u64,
    history: Vec<String>,
}

impl World {
    pub(crate) fn of(servers: Vec<Server>, database: Option<String>, seed: u64) -> Self {
        Self {
            servers,
            database,
            people: Vec::new(),
            by_id: HashMap::new(),
            pairs: BTreeMap::new(),
            dice: Dice(seed),
            held: Vec::new(),
            counts: Counts::default(),
            seed,
            history: Vec::new(),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Writes down what is about to happen.
    pub(crate) fn tell(&mut self, step: impl Into<String>) {
        self.history.push(step.into());
    }

    /// So many more people sign up and fill in their profiles; one of eight does not say when they were born.
    pub(crate) async fn join(&mut self, count: usize) {
        let today = SystemClock.now().in_tz("Asia/Seoul").expect("a known zone").date();
        let mut joining = JoinSet::new();
        for _ in 0..count {
            let gender = self.dice.of(&["F", "F", "F", "M", "M", "M", "O"]);
            let age = 20 + u8::try_from(self.dice.below(30)).expect("below 30");
            let is_told = !self.dice.once_in(8);
            let born = birth_date(today, age);
            let number = self.people.len() + joining.len();
            let mut form = Registration::new("walk", gender);
            if is_told {
                form = form.born(&born.to_string());
            }
            self.tell(format!("{number} joins: {gender}, {age}{}", if is_told { "" } else { " untold" }));
            let stranger = Person::stranger(&self.servers[0], form);
            let mailbox = self.servers[0].mailbox();
            joining.spawn(async move {
                let mut person = stranger;
                let (body, email) = (person.registration.body(), person.registration.email.clone());
                person.post("/api/accounts/signup/", &body).await.expect(200);
                let code = mailbox.sign_up_code(&email).await;
                let verify = serde_json::json!({"email": email, "code": code});
                person.post("/api/accounts/verify-email/", &verify).await.expect(201);
                person.log_in().await;
                (number, Human::new(person, gender, is_told.then_some(age)))
            });
        }
        let mut joined = joining.join_all().await;
        joined.sort_by_key(|(number, _)| *number);
        for (number, human) in joined {
            self.by_id.insert(human.person.id, number);
            self.people.push(human);
            self.settle(number).await;
        }
    }

    /// Sends a request as somebody, to a server of chance.
    pub(crate) async fn send(&mut self, me: usize, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let server = self.dice.below(self.servers.len());
        self.send_to(server, me, method, path, body).await
    }

    /// Sends a request as somebody, to this server.
    pub(crate) async fn send_to(
        &mut self,
        server: usize,
        me: usize,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        if SystemClock.now().duration_since(self.people[me].logged_in) > FRESH {
            self.log_in(me).await;
        }
        let person = self.people[me].person.at(&self.servers[server]);
        let mut request = person.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        person.send(request).await
    }

    /// Logs somebody in, which brings back whoever was away.
    pub(crate) async fn log_in(&mut self, me: usize) {
        let human = &mut self.people[me];
        human.person.log_in().await;
        human.logged_in = SystemClock.now();
    }

    /// What stands between two, and the side that the first is on.
    pub(crate) fn between(&self, a: usize, b: usize) -> (Between, usize) {
        let pair = self.pairs.get(&(a.min(b), a.max(b))).copied().unwrap_or_default();
        (pair, usize::from(a > b))
    }

    /// Changes what stands between two.
    pub(crate) fn change(&mut self, a: usize, b: usize, act: impl FnOnce(&mut Between, usize)) {
        act(self.pairs.entry((a.min(b), a.max(b))).or_default(), usize::from(a > b));
    }

    /// Whether `other` hides from `me` for the time between two instants, but for those they like; none when a pause ends
    /// about then.
    pub(crate) fn hides(&self, other: usize, me: usize, from: Timestamp, to: Timestamp) -> Option<bool> {
        let human = &self.people[other];
        let (pair, side) = self.between(me, other);
        if human.incognito && pair.decided[1 - side] != Some(Decision::Like) {
            return Some(true);
        }
        human.is_snoozed(from, to)
    }

    /// Whom `me` is to be proposed between two instants: certainly, and perhaps.
    pub(crate) fn eligible(
        &self,
        me: usize,
        anywhere: bool,
        from: Timestamp,
        to: Timestamp,
    ) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut sure, mut perhaps) = (BTreeSet::new(), BTreeSet::new());
        for other in 0..self.people.len() {
            let (pair, side) = self.between(me, other);
            if other != me && self.people[me].fits(&self.people[other], anywhere) && !pair.keeps_apart(side) {
                match self.hides(other, me, from, to) {
                    Some(false) => drop(sure.insert(other)),
                    Some(true) => {}
                    None => drop(perhaps.insert(other)),
                }
            }
        }
        (sure, perhaps)
    }

    /// Somebody who can act.
    pub(crate) fn anybody(&mut self) -> usize {
        let active: Vec<usize> =
            (0..self.people.len()).filter(|me| self.people[*me].standing == Standing::Active).collect();
        self.dice.of(&active)
    }

    /// Makes the picks of the day anew, by the command, beside the servers.
    pub(crate) fn pick(&mut self) {
        self.tell("the picks of the day are made");
        let mut command = Command::new(server::binary());
        command.args(["picks", "--again", "--json"]).env_clear().env("GPTING_DATA_DIR", self.servers[0].data_dir());
        if let Some(url) = &self.database {
            command.env("GPTING_DATABASE_URL", url);
        }
        let output = command.output().expect("the binary can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The day on which somebody was born who is in the middle of a year of age.
pub(crate) fn birth_date(today: jiff::civil::Date, age: u8) -> jiff::civil::Date {
    today.checked_sub((12 * i64::from(age) + 6).months()).expect("within the calendar")
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- GPTING_WALK_SEED={} failed after these steps ---\n{}", self.seed, self.history.join("\n"));
        }
    }
}
