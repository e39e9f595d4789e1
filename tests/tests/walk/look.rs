//! Whom people are proposed, held against the model: whole pages, pages behind pages, and pages behind which others
//! have acted; cards and compatibility of those who must not be known; picks of both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use gpting_core::{Clock as _, SystemClock};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;

use crate::between::Match;
use crate::human::Standing;
use crate::world::World;

/// By when whoever is right must be there. Promised are 3 s; the rest is for a machine with other work.
const LATE: Duration = Duration::from_secs(10);

/// A paging that somebody goes on with later.
pub(crate) struct Held {
    me: usize,
    limit: usize,
    cursor: String,
    seen: BTreeSet<usize>,
    /// Who was shown on other pages since: where another server goes on, they need not come once more.
    elsewhere: BTreeSet<usize>,
    /// Who has fitted all the time since the first page.
    always: BTreeSet<usize>,
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Ask<'a> {
    server: usize,
    limit: usize,
    /// With the own limit of distance set aside.
    anywhere: bool,
    cursor: Option<&'a str>,
    /// Since when the model holds.
    from: Timestamp,
}

/// A page as it came.
struct Page {
    shown: Vec<usize>,
    picked: Vec<usize>,
    next: Option<String>,
}

impl World {
    /// Somebody looks at their proposals, and at people they must not know.
    pub(crate) async fn look_around(&mut self) {
        let me = self.anybody();
        let limit = self.dice.of(&[100, 100, 10, 3]);
        let anywhere = self.dice.once_in(6);
        self.look(me, limit, anywhere).await;
        self.strangers(me).await;
    }

    /// Everybody looks once more.
    pub(crate) async fn everybody_looks(&mut self) {
        self.pick();
        let mut picked = BTreeMap::new();
        for me in 0..self.people.len() {
            if self.people[me].standing == Standing::Active {
                let (_, picks) = self.look(me, 100, false).await;
                picked.insert(me, picks);
            }
        }
        // A pick is one for both, unless the other has decided, or must not see who hides.
        for (me, other) in picked.iter().flat_map(|(me, picks)| picks.iter().map(move |other| (*me, *other))) {
            let now = SystemClock.now();
            if self.eligible(other, false, now, now).0.contains(&me) {
                assert!(picked[&other].contains(&me), "{other} is a pick of {me}, who is none of theirs");
                self.counts.picked += 1;
            }
        }
    }

    /// Pages from the first to the last; answers who was shown, and who of them as a pick.
    async fn look(&mut self, me: usize, limit: usize, anywhere: bool) -> (BTreeSet<usize>, Vec<usize>) {
        let server = self.dice.below(self.servers.len());
        self.look_at(server, me, limit, anywhere).await
    }

    async fn look_at(
        &mut self,
        server: usize,
        me: usize,
        limit: usize,
        anywhere: bool,
    ) -> (BTreeSet<usize>, Vec<usize>) {
        let began = Instant::now();
        loop {
            let from = SystemClock.now();
            let ask = Ask { server, limit, anywhere, cursor: None, from };
            let mut page = self.page(me, ask).await;
            let picked = page.picked.clone();
            let mut full = page.shown.len();
            let mut seen = BTreeSet::new();
            loop {
                once(me, &mut seen, &page.shown);
                let Some(cursor) = page.next.take() else { break };
                assert_eq!(page.shown.len(), limit, "{me} was told of more, and got a page that is not full");
                // Whichever server is asked for the next one.
                let server = self.dice.below(self.servers.len());
                page = self.page(me, Ask { server, cursor: Some(&cursor), ..ask }).await;
                full = full.max(page.shown.len());
            }
            let (sure, _) = self.eligible(me, anywhere, from, SystemClock.now());
            let missing: Vec<usize> = sure.difference(&seen).copied().collect();
            if missing.is_empty() {
                assert!(full >= limit.min(sure.len()), "{me} got pages of {full}");
                return (seen, picked);
            }
            assert!(began.elapsed() < LATE, "{me} was not shown {missing:?}, limit {limit}, anywhere {anywhere}");
            self.counts.late += 1;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Begins a paging that is to be read on later.
    pub(crate) async fn hold(&mut self, me: usize) {
        // Everybody who is right is there on every server before it begins: any of them may be asked to go on.
        for server in 0..self.servers.len() {
            self.look_at(server, me, 100, false).await;
        }
        let (server, limit) = (self.dice.below(self.servers.len()), self.dice.of(&[1, 2, 4]));
        let from = SystemClock.now();
        let ask = Ask { server, limit, anywhere: false, cursor: None, from };
        let page = self.page(me, ask).await;
        let (always, _) = self.eligible(me, false, from, SystemClock.now());
        let mut seen = BTreeSet::new();
        once(me, &mut seen, &page.shown);
        if let Some(cursor) = page.next {
            self.tell(format!("{me} holds a page of {:?}", page.shown));
            self.held.push(Held { me, limit, cursor, seen, elsewhere: BTreeSet::new(), always });
        }
    }

    /// Somebody goes on with a paging: one page, which was long in the making.
    pub(crate) async fn read_on(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let place = self.dice.below(self.held.len());
        let mut held = self.held.swap_remove(place);
        let me = held.me;
        self.tell(format!("{me} reads on behind {:?}", held.seen));
        let from = SystemClock.now();
        let server = self.dice.below(self.servers.len());
        let (limit, cursor) = (held.limit, Some(held.cursor.as_str()));
        let ask = Ask { server, limit, anywhere: false, cursor, from };
        let page = self.page(me, ask).await;
        self.counts.read_on += 1;
        once(me, &mut held.seen, &page.shown);
        if let Some(cursor) = page.next {
            held.cursor = cursor;
            self.held.push(held);
        } else {
            let missed = held.always.difference(&held.seen).filter(|other| !held.elsewhere.contains(other));
            let missed: Vec<&usize> = missed.collect();
            assert!(missed.is_empty(), "{me} read to the end and missed {missed:?}");
        }
    }

    /// After a step: who fits no more need not come on a page that is read later; who has left reads none.
    pub(crate) fn keep_held(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        let now = SystemClock.now();
        held.retain(|held| self.people[held.me].standing == Standing::Active);
        for held in &mut held {
            let (fit, _) = self.eligible(held.me, false, now, now);
            held.always.retain(|other| fit.contains(other));
        }
        self.held = held;
    }

    /// One page, on which everybody is right.
    async fn page(&mut self, me: usize, ask: Ask<'_>) -> Page {
        let Ask { server, limit, anywhere, cursor, from } = ask;
        let mut path = format!("/api/matches/recommended/?limit={limit}");
        path += if anywhere { "&relax=distance" } else { "" };
        path += &cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let answer = self.send_to(server, me, Method::GET, &path, None).await;
        let cards = answer.expect(200);
        let cards = cards.as_array().expect("proposals are an array");
        assert!(cards.len() <= limit, "{answer}");
        let (sure, perhaps) = self.eligible(me, anywhere, from, SystemClock.now());
        let mut page = Page { shown: Vec::new(), picked: Vec::new(), next: None };
        for card in cards {
            let id = card["id"].as_u64().expect("an id");
            let other = *self.by_id.get(&id).unwrap_or_else(|| panic!("nobody is {id}"));
            let is_right = sure.contains(&other) || perhaps.contains(&other);
            assert!(is_right, "{me} was shown {other}: {}", self.why_not(me, other));
            self.holds_true(card, other);
            page.shown.push(other);
            if card["picked"] == true {
                page.picked.push(other);
            }
        }
        page.next = answer.header("x-next-cursor").map(str::to_owned);
        self.counts.pages += 1;
        self.counts.shown += page.shown.len();
        self.people[me].served.extend(&page.shown);
        // The paging that a page belongs to is not among these while it is read on.
        for held in self.held.iter_mut().filter(|held| held.me == me) {
            held.elsewhere.extend(&page.shown);
        }
        page
    }

    /// A card says who they are now.
    fn holds_true(&self, card: &Value, other: usize) {
        let human = &self.people[other];
        assert_eq!(card["age"].as_u64(), human.age.map(u64::from), "{card}");
        assert_eq!(card["gender"], human.gender, "{card}");
        for private in ["email", "username", "birth_date", "last_active", "location"] {
            assert!(card.get(private).is_none(), "a card with {private}");
        }
    }

    fn why_not(&self, me: usize, other: usize) -> String {
        format!("{:?}, {:?}, {:?}", self.between(me, other), self.people[me], self.people[other])
    }

    /// Some of those whom `me` must not know do not exist for them.
    async fn strangers(&mut self, me: usize) {
        for _ in 0..2 {
            let other = self.dice.below(self.people.len());
            let from = SystemClock.now();
            if other == me || !self.must_not_know(me, other, from) {
                continue;
            }
            self.counts.strangers += 1;
            for path in ["/api/accounts/profile/", "/api/matches/compatibility/"] {
                let path = format!("{path}{}/", self.people[other].person.id);
                let answer = self.send(me, Method::GET, &path, None).await;
                if self.must_not_know(me, other, from) {
                    assert_eq!(answer.status, 404, "{me} asked for {other}: {answer}; {}", self.why_not(me, other));
                    answer.refused(404, "member_not_found");
                }
            }
        }
    }

    /// Whether `other` must not exist for `me`: blocked, parted, gone or away without a connection, whoever hides from
    /// them, or a stranger who does not fit and was never shown.
    fn must_not_know(&self, me: usize, other: usize, from: Timestamp) -> bool {
        let (pair, side) = self.between(me, other);
        let them = &self.people[other];
        if pair.is_blocked() || pair.matched == Match::Ended || them.standing == Standing::Erased {
            return true;
        }
        if them.standing == Standing::Deactivated {
            return !pair.is_connected();
        }
        if pair.knows(side) {
            return false;
        }
        let hides = self.hides(other, me, from, SystemClock.now()) == Some(true);
        let is_known = self.people[me].served.contains(&other);
        hides || !(is_known || self.people[me].fits(them, false))
    }
}

/// Nobody on these pages has been there before.
fn once(me: usize, seen: &mut BTreeSet<usize>, shown: &[usize]) {
    for other in shown {
        assert!(seen.insert(*other), "{me} was shown {other} twice");
    }
}
