//! What people do to each other, each answer held against the model.

use gpting_core::{Clock as _, SystemClock};
use gpting_tests::Answer;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::between::{Between, Decision, Match};
use crate::human::Standing;
use crate::world::World;

impl World {
    /// One step of chance.
    pub(crate) async fn step(&mut self) {
        let me = self.anybody();
        match self.dice.below(100) {
            0..28 => self.edit(me).await,
            28..30 => self.deactivate(me).await,
            30..33 => self.come_back().await,
            33 => self.erase(me).await,
            34 => self.pick(),
            35..41 => self.hold(me).await,
            41..47 => self.read_on().await,
            47..51 => self.undo(me).await,
            act => {
                let other = self.somebody_for(me);
                match act {
                    51..69 => self.like(me, other).await,
                    69..80 => self.pass(me, other).await,
                    80..87 => self.ask_friend(me, other).await,
                    87..90 => self.respond(me).await,
                    90..92 => self.unmatch(me, other).await,
                    92 => self.unfriend(me, other).await,
                    93..96 => self.block(me, other).await,
                    96..98 => self.unblock(me).await,
                    _ => self.report(me, other).await,
                }
            }
        }
        self.keep_held();
    }

    /// Somebody to act on: who fits, who likes one, who one has to do with, or anybody.
    fn somebody_for(&mut self, me: usize) -> usize {
        let now = SystemClock.now();
        let fits: Vec<usize> = self.eligible(me, false, now, now).0.into_iter().collect();
        let others: Vec<usize> = (0..self.people.len()).filter(|other| *other != me).collect();
        let of = |keep: &dyn Fn(usize) -> bool| others.iter().copied().filter(|other| keep(*other)).collect::<Vec<_>>();
        let liking = of(&|other| {
            let (pair, side) = self.between(me, other);
            pair.likes(1 - side) && pair.decided[side].is_none()
        });
        let known = of(&|other| self.between(me, other).0.is_begun);
        let from = match self.dice.below(10) {
            0..4 if !fits.is_empty() => fits,
            4..7 if !liking.is_empty() => liking,
            7..9 if !known.is_empty() => known,
            _ => others,
        };
        self.dice.of(&from)
    }

    /// Whether `me` may act on the other; none when a pause ends about now.
    fn may_act(&self, me: usize, other: usize, from: Timestamp, to: Timestamp) -> Option<bool> {
        let (pair, side) = self.between(me, other);
        if !self.people[other].is_visible() || pair.is_blocked() {
            return Some(false);
        }
        if pair.is_acquainted(side) {
            return Some(true);
        }
        if !self.people[me].fits(&self.people[other], false) {
            return Some(false);
        }
        self.hides(other, me, from, to).map(|hides| !hides)
    }

    /// Acts on somebody; answers what was said when that was allowed.
    async fn act_on(&mut self, me: usize, other: usize, path: &str, body: &Value) -> Option<Answer> {
        let from = SystemClock.now();
        let answer = self.send(me, Method::POST, path, Some(body)).await;
        let may = self.may_act(me, other, from, SystemClock.now());
        if self.people[me].age.is_none() {
            answer.refused(403, "profile_incomplete");
            return None;
        }
        if may == Some(false) || (may.is_none() && answer.status == 404) {
            answer.refused(404, "member_not_found");
            self.counts.strangers += 1;
            return None;
        }
        Some(answer)
    }

    fn id(&self, of: usize) -> u64 {
        self.people[of].person.id
    }

    async fn like(&mut self, me: usize, other: usize) {
        self.tell(format!("{me} likes {other}"));
        let mut body = json!({"user_profile": self.id(other)});
        if self.dice.once_in(3) {
            body["message"] = json!("반가워요");
        }
        let Some(answer) = self.act_on(me, other, "/api/matches/like/", &body).await else { return };
        let (pair, side) = self.between(me, other);
        if pair.matched == Match::Ended {
            answer.refused(409, "unmatched");
            return;
        }
        let makes_match = pair.likes(1 - side) && pair.matched == Match::None;
        let is_new = makes_match || (!pair.likes(side) && pair.matched == Match::None);
        let said = answer.expect(if is_new { 201 } else { 200 });
        assert_eq!(said["matched"], makes_match || pair.matched == Match::Matched, "{answer}");
        if pair.matched == Match::None {
            self.change(me, other, Between::like);
            self.counts.matches += usize::from(makes_match);
        }
    }

    async fn pass(&mut self, me: usize, other: usize) {
        self.tell(format!("{me} passes {other}"));
        let body = json!({"user_profile": self.id(other)});
        let Some(answer) = self.act_on(me, other, "/api/matches/pass/", &body).await else { return };
        let (pair, side) = self.between(me, other);
        if pair.matched == Match::Matched {
            answer.refused(409, "already_matched");
            return;
        }
        let already = pair.matched == Match::Ended || pair.decided[side] == Some(Decision::Pass);
        answer.expect(if already { 200 } else { 201 });
        self.change(me, other, Between::pass);
    }

    async fn ask_friend(&mut self, me: usize, other: usize) {
        self.tell(format!("{me} asks {other} to be friends"));
        let body = json!({"to_user": self.id(other)});
        let Some(answer) = self.act_on(me, other, "/api/matches/friend-request/send/", &body).await else { return };
        let (pair, side) = self.between(me, other);
        if pair.matched == Match::Ended {
            answer.refused(409, "unmatched");
            return;
        }
        answer.expect(if pair.friends || pair.asked == Some(side) { 200 } else { 201 });
        self.change(me, other, Between::ask);
    }

    /// Answers the newest friend request.
    async fn respond(&mut self, me: usize) {
        let waiting = self.send(me, Method::GET, "/api/matches/friend-requests/", None).await.expect(200);
        let Some(request) = waiting.as_array().and_then(|waiting| waiting.first()).cloned() else { return };
        let from = request["from_user"].as_u64().and_then(|id| self.by_id.get(&id).copied());
        let from = from.unwrap_or_else(|| panic!("{me} was asked by nobody: {request}"));
        let (pair, side) = self.between(me, from);
        assert!(pair.asked == Some(1 - side), "{me} was not asked by {from}");
        let accepts = self.dice.once_in(2);
        self.tell(format!("{me} answers the request of {from}: {accepts}"));
        let path = format!("/api/matches/friend-request/respond/{}/", request["id"]);
        let body = json!({"action": if accepts { "accept" } else { "reject" }});
        self.send(me, Method::PUT, &path, Some(&body)).await.expect(200);
        self.change(me, from, |pair, _| (pair.asked, pair.friends) = (None, accepts));
    }

    async fn unmatch(&mut self, me: usize, other: usize) {
        self.tell(format!("{me} unmatches {other}"));
        let path = format!("/api/matches/{}/", self.id(other));
        let answer = self.send(me, Method::DELETE, &path, None).await;
        let (pair, _) = self.between(me, other);
        if !pair.is_begun || pair.is_blocked() {
            answer.refused(404, "member_not_found");
        } else if pair.matched == Match::None {
            answer.refused(409, "not_matched");
        } else {
            answer.expect(200);
            self.change(me, other, |pair, _| pair.unmatch());
        }
    }

    async fn unfriend(&mut self, me: usize, other: usize) {
        self.tell(format!("{me} unfriends {other}"));
        let path = format!("/api/matches/friends/{}/", self.id(other));
        let answer = self.send(me, Method::DELETE, &path, None).await;
        let (pair, _) = self.between(me, other);
        if pair.is_begun && !pair.is_blocked() && pair.friends {
            answer.expect(200);
            self.change(me, other, |pair, _| pair.friends = false);
        } else {
            assert!([404, 409].contains(&answer.status), "{answer}");
        }
    }

    async fn block(&mut self, me: usize, other: usize) {
        self.tell(format!("{me} blocks {other}"));
        let from = SystemClock.now();
        let body = json!({"user_profile": self.id(other)});
        let answer = self.send(me, Method::POST, "/api/accounts/blocks/", Some(&body)).await;
        let (pair, side) = self.between(me, other);
        if pair.blocked[side] {
            answer.expect(200);
            return;
        }
        let may = self.may_act(me, other, from, SystemClock.now());
        if pair.is_begun && !pair.is_blocked() || may == Some(true) {
            answer.expect(201);
        } else if pair.is_blocked() || self.people[other].standing == Standing::Erased {
            answer.refused(404, "member_not_found");
            self.counts.strangers += 1;
        }
        // Whoever was shown to them once can be blocked for longer than they fit: that is the server's to say.
        if answer.status == 201 {
            self.change(me, other, Between::block);
        }
    }

    /// Lifts a block, if there is one.
    async fn unblock(&mut self, me: usize) {
        let blocked: Vec<usize> = (0..self.people.len())
            .filter(|other| {
                let (pair, side) = self.between(me, *other);
                *other != me && pair.blocked[side]
            })
            .collect();
        if !blocked.is_empty() {
            let other = self.dice.of(&blocked);
            self.tell(format!("{me} unblocks {other}"));
            let path = format!("/api/accounts/blocks/{}/", self.id(other));
            self.send(me, Method::DELETE, &path, None).await.expect(200);
            self.change(me, other, |pair, side| pair.blocked[side] = false);
        }
    }

    /// Changes nothing of who is proposed to whom.
    async fn report(&mut self, me: usize, other: usize) {
        self.tell(format!("{me} reports {other}"));
        let body = json!({"user_profile": self.id(other), "reason": "spam"});
        let answer = self.send(me, Method::POST, "/api/accounts/reports/", Some(&body)).await;
        answer.expect(if answer.status == 404 { 404 } else { 201 });
    }

    async fn undo(&mut self, me: usize) {
        self.tell(format!("{me} takes back"));
        let answer = self.send(me, Method::POST, "/api/matches/undo/", None).await;
        if answer.status == 409 {
            answer.refused(409, "nothing_to_undo");
            return;
        }
        let said = answer.expect(200);
        let id = said["user_profile"].as_u64().expect("an id");
        let other = self.by_id[&id];
        let (pair, side) = self.between(me, other);
        let kind = if said["decision"] == "like" { Decision::Like } else { Decision::Pass };
        assert!(pair.decided[side] == Some(kind) && pair.matched == Match::None && !pair.is_blocked(), "{pair:?}");
        self.tell(format!("… what was decided on {other}"));
        self.change(me, other, |pair, side| pair.decided[side] = None);
    }
}
