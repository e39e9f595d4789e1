//! The people of a hostile town: who carries which payloads, what they state of themselves, and how they get there by the
//! documented way.
//!
//! Every payload of the corpus is planted: bios that are short share a person by two, nicknames, lines, messages and payloads of
//! two people have people of their own. Each person also writes down what no prompt may hold: mail address, phone, birthday.
//! Called by the scenes; what a person wrote is kept as the server keeps it.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use gpting_tests::hostile::{Payload, Told, payloads};
use gpting_tests::{Person, Registration, Server};
use jiff::civil::Date;
use reqwest::Method;
use serde_json::json;

/// Gangnam, Incheon, Suwon, Daejeon, Busan. No two distances lie within 15 km of a limit below.
const PLACES: [(f64, f64); 5] =
    [(37.4979, 127.0276), (37.4563, 126.7052), (37.2636, 127.0286), (36.3504, 127.3845), (35.1587, 129.1604)];
const LIMITS: [u16; 3] = [500, 80, 270];
const AGES: [(i16, i16); 4] = [(18, 99), (22, 40), (30, 60), (18, 99)];
const INTERESTS: [&str; 8] = ["hiking", "wine", "jazz", "board_games", "cooking", "camping", "movies", "running"];

/// What one person writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) nickname: Option<String>,
    pub(crate) bio: String,
    pub(crate) line: Option<String>,
    pub(crate) messages: Vec<String>,
    /// The payloads in it, by their place in the corpus.
    pub(crate) carries: BTreeSet<usize>,
}

/// What the hard rules go by.
#[derive(Clone, Debug)]
pub(crate) struct Stated {
    pub(crate) gender: &'static str,
    pub(crate) wishes: Vec<&'static str>,
    pub(crate) born: Date,
    pub(crate) ages: (i16, i16),
    pub(crate) at: (f64, f64),
    pub(crate) most_km: u16,
}

/// Somebody who has signed up.
#[derive(Clone, Debug)]
pub(crate) struct Soul {
    pub(crate) person: Person,
    pub(crate) script: Script,
    pub(crate) stated: Stated,
    pub(crate) phone: String,
    /// What of this person others may read, as the server keeps it: bio, nickname, the line of a like.
    pub(crate) shown: BTreeSet<String>,
}

/// A town of souls; the first `couples` twos of them are matched and have talked.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    pub(crate) souls: Vec<Soul>,
    pub(crate) couples: usize,
    /// Who blocks whom, and who has decided about whom, by place.
    pub(crate) blocks: BTreeSet<(usize, usize)>,
    pub(crate) decided: BTreeSet<(usize, usize)>,
}

/// The word of a payload's own: letters alone, so that it passes for a word wherever it goes.
pub(crate) fn word(place: usize) -> String {
    let letter = |at: usize| char::from(b'a' + u8::try_from(at % 26).unwrap());
    format!("zq{}{}{}hxv", letter(place / 676), letter(place / 26), letter(place))
}

/// The payloads whose words a text holds.
pub(crate) fn words_in(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("zq") {
        let Some(word) = text.get(at..at + 8).filter(|word| word.ends_with("hxv")) else { continue };
        let place =
            word.bytes().skip(2).take(3).fold(0, |sum, letter| sum * 26 + usize::from(letter.wrapping_sub(b'a')));
        found.push(place);
    }
    found
}

fn script(place: usize, payload: &Payload, told: &Told) -> Script {
    let own = |text: &String| text.replace(&payload.canary, &word(place));
    Script {
        nickname: told.nickname.as_ref().map(own),
        bio: told.bio.as_ref().map(own).unwrap_or_default(),
        line: told.line.as_ref().map(own),
        messages: told.messages.iter().map(own).collect(),
        carries: BTreeSet::from([place]),
    }
}

/// Everybody's script; the first twos are couples, so many.
fn scripts() -> (Vec<Script>, usize) {
    let (mut twos, mut alone, mut short): (Vec<[Script; 2]>, Vec<Script>, Vec<Script>) = Default::default();
    let mut talkers = Vec::new();
    for (place, payload) in payloads().iter().enumerate() {
        let mut told: Vec<Script> = payload.people.iter().map(|told| script(place, payload, told)).collect();
        let first = told.remove(0);
        match told.pop() {
            Some(second) => twos.push([first, second]),
            None if !first.messages.is_empty() => talkers.push(first),
            None if first.nickname.is_some() || first.bio.len() > 900 => alone.push(first),
            None => match short.last_mut() {
                Some(last) if last.carries.len() < 2 && last.bio.len() + first.bio.len() < 900 => {
                    last.bio = format!("{}\n{}", last.bio, first.bio);
                    last.carries.extend(first.carries);
                }
                _ => short.push(first),
            },
        }
    }
    twos.extend(talkers.into_iter().map(|talker| [talker, short.pop().unwrap()]));
    // Whoever only talks has a text as well.
    for script in twos.iter_mut().flatten().filter(|script| script.bio.is_empty()) {
        let more = short.pop().unwrap();
        script.bio = more.bio;
        script.carries.extend(more.carries);
    }
    let couples = twos.len();
    (twos.into_iter().flatten().chain(alone).chain(short).collect(), couples)
}

fn stated(place: usize) -> Stated {
    let (gender, other) = if place.is_multiple_of(2) { ("F", "M") } else { ("M", "F") };
    let (gender, wishes) = match place % 11 {
        5 => (gender, vec!["F", "M", "O"]),
        7 => ("O", vec!["F", "M", "O"]),
        _ => (gender, vec![other]),
    };
    let year = 1971 + i16::try_from(place * 7 % 34).unwrap();
    let month = i8::try_from(1 + place % 12).unwrap();
    let (north, east) = PLACES[place % 5];
    // Digits that nobody else has.
    let own = (place + 1) as f64;
    Stated {
        gender,
        wishes,
        born: jiff::civil::date(year, month, i8::try_from(1 + place % 27).unwrap()),
        ages: AGES[place % 4],
        at: (north + own * 1.3e-5, east + own * 1.7e-5),
        most_km: LIMITS[place % 3],
    }
}

impl Population {
    /// Signs everybody up, plants what they write, and lets them meet.
    pub(crate) async fn settle(server: &Server) -> Self {
        let (scripts, couples) = scripts();
        let count = scripts.len();
        let newcomers = stream::iter(scripts.into_iter().enumerate());
        let arriving = newcomers.map(|(place, script)| arrive(server, place, script));
        let mut souls: Vec<(usize, Soul)> = arriving.buffer_unordered(8).collect().await;
        souls.sort_by_key(|(place, _)| *place);
        let souls = souls.into_iter().map(|(_, soul)| soul).collect();
        let mut town = Self { souls, couples, blocks: BTreeSet::new(), decided: BTreeSet::new() };
        for couple in 0..couples {
            town.meet(2 * couple, 2 * couple + 1).await;
        }
        let alone = 2 * couples;
        for place in alone..count {
            let other = alone + (place - alone + 7) % (count - alone);
            let (me, id) = (&town.souls[place].person, town.souls[other].person.id);
            if let Some(line) = town.souls[place].script.line.clone() {
                me.post(&format!("/api/matches/like/{id}/"), &json!({ "message": line })).await.expect(201);
                town.souls[place].shown.insert(line);
                town.decided.insert((place, other));
            } else if place % 4 == 0 {
                me.post("/api/matches/pass/", &json!({ "user_profile": id })).await.expect(201);
                town.decided.insert((place, other));
            } else if place % 5 == 0 {
                me.post("/api/accounts/blocks/", &json!({ "user_profile": id })).await.expect(201);
                town.blocks.insert((place, other));
            }
        }
        for soul in &town.souls {
            wish(&soul.person, &soul.stated).await;
        }
        town
    }

    /// Likes each other, with the lines that there are, and talks.
    async fn meet(&mut self, a: usize, b: usize) {
        let mut room = 0;
        for (me, other) in [(a, b), (b, a)] {
            let line = self.souls[me].script.line.clone();
            let body = line.as_ref().map_or(json!({}), |line| json!({ "message": line }));
            let (person, id) = (&self.souls[me].person, self.souls[other].person.id);
            let liked = person.post(&format!("/api/matches/like/{id}/"), &body).await.expect(201);
            room = liked["room_id"].as_u64().unwrap_or_default();
            self.souls[me].shown.extend(line);
            self.decided.insert((me, other));
        }
        let lines = |soul: &Soul| {
            let mine = format!("메일은 {}, 전화는 {}", soul.person.registration.email, soul.phone);
            let plain = ["오늘 날씨가 좋네요", "주말에는 뭐 하세요?"].map(str::to_owned);
            soul.script.messages.iter().cloned().chain([mine]).chain(plain).collect::<Vec<_>>()
        };
        let said = [a, b].map(|who| (who, lines(&self.souls[who])));
        for turn in 0..said.iter().map(|(_, lines)| lines.len()).max().unwrap() {
            for (who, lines) in &said {
                if let Some(line) = lines.get(turn) {
                    let path = format!("/api/chat/rooms/{room}/messages/");
                    self.souls[*who].person.post(&path, &json!({ "content": line })).await.expect(201);
                }
            }
        }
    }

    /// Everybody answers for these purposes; of a couple the one with the larger id first, since the other one's job reads.
    pub(crate) async fn answer_for(&self, server: &Server, purposes: &[&str], granted: bool) {
        let mut souls: Vec<&Soul> = self.souls.iter().collect();
        souls.sort_by_key(|soul| std::cmp::Reverse(soul.person.id));
        for soul in souls {
            let body: serde_json::Map<String, serde_json::Value> =
                purposes.iter().map(|purpose| ((*purpose).to_owned(), json!(granted))).collect();
            soul.person.at(server).put("/api/accounts/consents/", &body.into()).await.expect(200);
        }
    }

    /// The place of a member.
    pub(crate) fn place_of(&self, id: u64) -> usize {
        self.souls.iter().position(|soul| soul.person.id == id).expect("somebody of the town")
    }

    /// Whom somebody is matched with.
    pub(crate) fn partner_of(&self, place: usize) -> Option<usize> {
        (place < 2 * self.couples).then_some(place ^ 1)
    }
}

async fn wish(person: &Person, stated: &Stated) {
    let wishes = json!({ "genders": stated.wishes, "age_min": stated.ages.0, "age_max": stated.ages.1,
        "max_distance_km": stated.most_km, "attributes": [] });
    person.put("/api/accounts/preferences/", &wishes).await.expect(200);
}

/// What no text may hold: control characters, those that turn the direction, tags.
fn is_refused(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

async fn arrive(server: &Server, place: usize, script: Script) -> (usize, Soul) {
    let stated = stated(place);
    let born = stated.born.to_string();
    let person = Person::sign_up(server, Registration::new("hostile", stated.gender).born(&born)).await;
    let phone = format!("010-48{:02}-77{place:02}", place % 100);
    let nickname = script.nickname.clone().unwrap_or_else(|| person.registration.nickname.clone());
    let mut bio = format!("{}\n{} {phone} {born}", script.bio, person.registration.email);
    if bio.chars().count() > 2_000 {
        bio.clone_from(&script.bio);
    }
    let interests: Vec<&str> = (0..3).map(|at| INTERESTS[(place * 3 + at * 2) % INTERESTS.len()]).collect();
    let profile = |bio: &str| json!({ "nickname": nickname, "bio": bio, "interests": interests });
    let answer = person.patch("/api/accounts/profile/", &profile(&bio)).await;
    if answer.status == 200 {
        answer.expect(200);
    } else {
        // Whoever is refused for what cannot be seen leaves it out.
        answer.expect(400);
        person.patch("/api/accounts/profile/", &profile(&bio.replace(is_refused, ""))).await.expect(200);
    }
    let (latitude, longitude) = stated.at;
    let point = json!({ "latitude": latitude, "longitude": longitude });
    person.post("/api/accounts/profile/location/", &point).await.expect(201);
    // Open to everybody until all have met.
    let open = Stated { wishes: vec!["F", "M", "O"], ages: AGES[0], most_km: LIMITS[0], ..stated.clone() };
    wish(&person, &open).await;
    let own = person.send(person.request(Method::GET, "/api/accounts/profile/")).await.expect(200);
    let shown = ["nickname", "bio"].into_iter().filter_map(|field| own[field].as_str().map(str::to_owned)).collect();
    (place, Soul { person, script, stated, phone, shown })
}
