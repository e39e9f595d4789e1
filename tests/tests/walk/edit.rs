//! What people say of themselves and wish for.

use gpting_core::{Clock as _, SystemClock};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::human::{Answer, LIMITS, PLACES, Standing, Wish};
use crate::world::{World, birth_date};

const SMOKING: [&str; 3] = ["never", "sometimes", "regularly"];
/// The question that is asked, and what can be answered.
const QUESTION: &str = "promise";
const CHOICES: [&str; 3] = ["never", "tell", "relaxed"];

impl World {
    /// A first profile: where one lives and whom one would like to meet, rather widely.
    pub(crate) async fn settle(&mut self, me: usize) {
        self.wish_genders(me).await;
        self.move_somewhere(me).await;
    }

    /// One edit of chance.
    pub(crate) async fn edit(&mut self, me: usize) {
        match self.dice.below(12) {
            0 => self.wish_genders(me).await,
            1 => self.wish_ages(me).await,
            2 => self.wish_distance(me).await,
            3 => self.wish_smoking(me).await,
            4 => self.weigh(me).await,
            5 => self.move_somewhere(me).await,
            6 => self.be_somebody(me).await,
            7 => self.answer(me).await,
            8 | 9 => self.snooze(me).await,
            10 => self.go_incognito(me).await,
            _ => self.describe(me).await,
        }
    }

    async fn put(&mut self, me: usize, path: &str, body: &Value) {
        self.send(me, Method::PUT, path, Some(body)).await.expect(200);
    }

    async fn wishes(&mut self, me: usize, body: Value) {
        self.tell(format!("{me} wishes {body}"));
        self.put(me, "/api/accounts/preferences/", &body).await;
    }

    async fn wish_genders(&mut self, me: usize) {
        let wants = match self.people[me].gender {
            _ if self.dice.once_in(4) => self.dice.some(&["F", "M", "O"]),
            "F" => vec!["M", "O"],
            "M" => vec!["F"],
            _ => vec!["F", "M", "O"],
        };
        self.wishes(me, json!({"genders": wants})).await;
        self.people[me].wants = wants;
    }

    async fn wish_ages(&mut self, me: usize) {
        let ages = self.dice.of(&[(18, 120), (18, 60), (20, 35), (28, 50), (18, 29)]);
        self.wishes(me, json!({"age_min": ages.0, "age_max": ages.1})).await;
        self.people[me].ages = ages;
    }

    async fn wish_distance(&mut self, me: usize) {
        let within = self.dice.of(&LIMITS);
        self.wishes(me, json!({"max_distance_km": within})).await;
        self.people[me].within = within;
    }

    async fn wish_smoking(&mut self, me: usize) {
        let values = self.dice.some(&SMOKING);
        let wish = (!values.is_empty()).then(|| Wish { is_must: self.dice.once_in(3), values });
        let told = wish.iter().map(|wish| {
            let strength = if wish.is_must { "must" } else { "never" };
            json!({"attribute": "smoking", "values": wish.values, "strength": strength})
        });
        let told: Vec<Value> = told.collect();
        self.wishes(me, json!({"attributes": told})).await;
        self.people[me].wish = wish;
    }

    /// What matters how much changes the order and nothing else.
    async fn weigh(&mut self, me: usize) {
        let mut level = || self.dice.of(&["off", "low", "normal", "high"]);
        let weights = json!({"distance": level(), "age": level(), "interests": level(), "questions": level()});
        self.wishes(me, json!({"weights": weights})).await;
    }

    async fn move_somewhere(&mut self, me: usize) {
        let path = "/api/accounts/profile/location/";
        if self.dice.once_in(8) {
            self.tell(format!("{me} lives nowhere"));
            self.send(me, Method::DELETE, path, None).await.expect(200);
            self.people[me].place = None;
        } else {
            let place = self.dice.below(PLACES.len());
            self.tell(format!("{me} moves to place {place}"));
            let (latitude, longitude) = PLACES[place];
            let body = json!({"latitude": latitude, "longitude": longitude});
            self.send(me, Method::POST, path, Some(&body)).await.expect(201);
            self.people[me].place = Some(place);
        }
    }

    /// Another gender, another habit, or a birth date where there was none.
    async fn be_somebody(&mut self, me: usize) {
        if self.people[me].age.is_none() {
            let age = 20 + u8::try_from(self.dice.below(30)).expect("below 30");
            let today = SystemClock.now().in_tz("Asia/Seoul").expect("a known zone").date();
            self.profile(me, &json!({"birth_date": birth_date(today, age).to_string()})).await;
            self.people[me].age = Some(age);
        } else if self.dice.once_in(3) {
            let gender = self.dice.of(&["F", "M", "O"]);
            self.profile(me, &json!({"gender": gender})).await;
            self.people[me].gender = gender;
        } else {
            let smoking = self.dice.of(&[None, Some(SMOKING[0]), Some(SMOKING[1]), Some(SMOKING[2])]);
            self.profile(me, &json!({"attributes": {"smoking": smoking}})).await;
            self.people[me].smoking = smoking;
        }
    }

    async fn describe(&mut self, me: usize) {
        let bio = self.dice.of(&["등산과 커피를 좋아해요", "I read too much", "주말엔 요리합니다", ""]);
        let interests = self.dice.some(&["wine", "craft_beer", "street_food"]);
        self.profile(me, &json!({"bio": bio, "interests": interests})).await;
    }

    async fn profile(&mut self, me: usize, body: &Value) {
        self.tell(format!("{me} is {body}"));
        self.send(me, Method::PATCH, "/api/accounts/profile/", Some(body)).await.expect(200);
    }

    async fn answer(&mut self, me: usize) {
        let answer = (!self.dice.once_in(4)).then(|| {
            let accepts: Vec<&str> = self.dice.some(&CHOICES);
            // Whoever accepts everything rules nobody out.
            let is_dealbreaker = self.dice.once_in(2) && !accepts.is_empty() && accepts.len() < CHOICES.len();
            Answer { choice: self.dice.of(&CHOICES), accepts, is_dealbreaker }
        });
        let told = answer.as_ref().map_or(
            Value::Null,
            |answer| json!({"choice": answer.choice, "accepts": answer.accepts, "dealbreaker": answer.is_dealbreaker}),
        );
        self.tell(format!("{me} answers {told}"));
        self.put(me, "/api/accounts/answers/", &json!({"answers": {QUESTION: told}})).await;
        self.people[me].answer = answer;
    }

    /// A pause of seconds, which ends by itself, one of an hour, or none.
    async fn snooze(&mut self, me: usize) {
        let seconds = self.dice.of(&[0, 0, 3, 3_600]);
        let until = (seconds > 0).then(|| SystemClock.now() + SignedDuration::from_secs(seconds));
        self.tell(format!("{me} snoozes for {seconds} s"));
        let body = json!({"snoozed_until": until.map(|until| until.to_string())});
        self.put(me, "/api/accounts/visibility/", &body).await;
        self.people[me].snoozed_until = until;
    }

    async fn go_incognito(&mut self, me: usize) {
        let incognito = self.dice.once_in(2);
        self.tell(format!("{me} goes incognito: {incognito}"));
        self.put(me, "/api/accounts/visibility/", &json!({"incognito": incognito})).await;
        self.people[me].incognito = incognito;
    }

    /// Away until the next login.
    pub(crate) async fn deactivate(&mut self, me: usize) {
        self.tell(format!("{me} deactivates"));
        let body = json!({"password": self.people[me].person.registration.password});
        self.send(me, Method::POST, "/api/accounts/deactivate/", Some(&body)).await.expect(200);
        self.people[me].standing = Standing::Deactivated;
    }

    /// Back again, if anybody is away.
    pub(crate) async fn come_back(&mut self) {
        let away: Vec<usize> =
            (0..self.people.len()).filter(|me| self.people[*me].standing == Standing::Deactivated).collect();
        if !away.is_empty() {
            let me = self.dice.of(&away);
            self.tell(format!("{me} comes back"));
            self.log_in(me).await;
            self.people[me].standing = Standing::Active;
        }
    }

    /// Gone for good; somebody else joins.
    pub(crate) async fn erase(&mut self, me: usize) {
        self.tell(format!("{me} erases the account"));
        let body = json!({"password": self.people[me].person.registration.password});
        self.send(me, Method::POST, "/api/accounts/delete/", Some(&body)).await.expect(200);
        self.people[me].standing = Standing::Erased;
        self.join(1).await;
    }
}
