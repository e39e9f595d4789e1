//! One act as a call of a facet, and its answer in the words of the model.

#![expect(clippy::wildcard_enum_match_arm, reason = "a function for the calls of each facet; `call` tells them apart")]

use std::fmt::Debug;

use gpting_core::chat::{Draft, MessageView, RoomView};
use gpting_core::id::HostId;
use gpting_core::interaction::{Connection, DecisionKind};
use gpting_core::matching::slate::SlateRequest;
use gpting_core::profile::{PreferencesEdit, ProfileEdit};
use gpting_core::safety::{ReportInput, ReportReason};
use gpting_core::store::Page;
use gpting_core::{Gpting, Result};
use uuid::Uuid;

use crate::act::Act;
use crate::answer::{Answer, Entry, RoomEntry, Said};
use crate::ids::Ids;

/// More rows than any list has.
const ALL: Page = Page::first(100);

/// Calls the service. Answers what it said word for word, for comparison with another store, and what that means.
pub(crate) async fn call(g: &Gpting, ids: &mut Ids, act: &Act) -> (String, Answer) {
    match *act {
        Act::Join(me) => {
            let joined = g.members().ensure(HostId::from(format!("host {me}"))).await;
            told(joined, |id| {
                ids.joined(me, id);
                Answer::Done
            })
        }
        Act::Describe { me, gender, born } => {
            let edit = ProfileEdit {
                nickname: Some(format!("name{me}")),
                gender: Some(gender.to_string()),
                birth_date: Some(format!("{born}-05-05")),
                ..ProfileEdit::default()
            };
            told(g.profiles().edit(ids.member(me), edit, None).await, |_| Answer::Done)
        }
        Act::Wish { me, ref genders, ages } => {
            let edit = PreferencesEdit {
                genders: Some(genders.iter().map(char::to_string).collect()),
                age_min: Some(ages.0),
                age_max: Some(ages.1),
                ..PreferencesEdit::default()
            };
            told(g.profiles().set_preferences(ids.member(me), edit).await, |_| Answer::Done)
        }
        Act::Card { me, other } => told(g.profiles().card(ids.member(me), ids.member(other)).await, |card| {
            Answer::Card { name: card.nickname, age: card.age }
        }),
        Act::Slate(me) => told(g.matching().slate(ids.member(me), SlateRequest::first(20)).await, |slate| {
            Answer::Slate(slate.cards.iter().map(|card| ids.who(card.card.id)).collect())
        }),
        Act::Erase(me) => told(g.safety().erase(ids.member(me)).await, |()| Answer::Done),
        Act::Wait { .. } => told(g.run_due_jobs().await, |_| Answer::Done),
        Act::Report { .. } | Act::Block { .. } | Act::Unblock { .. } | Act::Blocks(_) => safety(g, ids, act).await,
        Act::Open { .. } | Act::Send { .. } | Act::Read { .. } | Act::History { .. } | Act::Rooms(_) => {
            chat(g, ids, act).await
        }
        Act::Ask { .. } | Act::Respond { .. } | Act::Unfriend { .. } | Act::Friends(_) | Act::Requests { .. } => {
            friends(g, ids, act).await
        }
        Act::Like { .. } | Act::Pass { .. } | Act::Undo(_) | Act::Unmatch { .. } | Act::Matches(_) | Act::Likes(_) => {
            decide(g, ids, act).await
        }
    }
}

async fn decide(g: &Gpting, ids: &mut Ids, act: &Act) -> (String, Answer) {
    match *act {
        Act::Like { me, other, line } => {
            let line = line.then(|| format!("line of {me}"));
            told(g.matching().like(ids.member(me), ids.member(other), line).await, |liked| {
                if let Some(room) = liked.matched {
                    ids.has_room(me, other, room);
                }
                Answer::Liked { already: liked.already, matched: liked.matched.is_some() }
            })
        }
        Act::Pass { me, other } => {
            told(g.matching().pass(ids.member(me), ids.member(other)).await, |passed| Answer::Already(passed.already))
        }
        Act::Undo(me) => told(g.matching().undo(ids.member(me)).await, |(other, kind)| Answer::Undone {
            other: ids.who(other),
            like: kind == DecisionKind::Like,
        }),
        Act::Unmatch { me, other } => {
            told(g.matching().unmatch(ids.member(me), ids.member(other)).await, |()| Answer::Done)
        }
        Act::Matches(me) => told(g.matching().matches(ids.member(me), ALL).await, |list| people(ids, list)),
        Act::Likes(me) => told(g.matching().likes_received(ids.member(me), ALL).await, |list| people(ids, list)),
        _ => unreachable!("not a decision: {act:?}"),
    }
}

async fn friends(g: &Gpting, ids: &mut Ids, act: &Act) -> (String, Answer) {
    match *act {
        Act::Ask { me, other } => told(g.matching().request_friend(ids.member(me), ids.member(other)).await, |asked| {
            if let Some(request) = asked.request {
                ids.asked(me, other, request);
            }
            if let Some(room) = asked.friends {
                ids.has_room(me, other, room);
            }
            let (waits, friends) = (asked.request.is_some(), asked.friends.is_some());
            Answer::Asked { already: asked.already, waits, friends }
        }),
        Act::Respond { me, other, accept } => {
            let request = ids.request(me, other);
            told(g.matching().respond_friend(ids.member(me), request, accept).await, |opened| {
                if let Some(room) = opened {
                    ids.has_room(me, other, room);
                }
                Answer::Responded { opened: opened.is_some() }
            })
        }
        Act::Unfriend { me, other } => {
            told(g.matching().unfriend(ids.member(me), ids.member(other)).await, |()| Answer::Done)
        }
        Act::Friends(me) => told(g.matching().friends(ids.member(me), ALL).await, |list| people(ids, list)),
        Act::Requests { me, sent } => told(g.matching().friend_requests(ids.member(me), sent, ALL).await, |list| {
            let entry = |view: gpting_core::interaction::FriendRequestView| {
                let who = ids.who(view.card.id);
                assert_eq!(view.id, ids.request(me, who), "the newest request waits");
                let since = ids.seconds(view.at);
                Entry { who, name: view.card.nickname, since, line: None, room: false }
            };
            Answer::People(list.into_iter().map(entry).collect())
        }),
        _ => unreachable!("not about friends: {act:?}"),
    }
}

async fn chat(g: &Gpting, ids: &mut Ids, act: &Act) -> (String, Answer) {
    match *act {
        Act::Open { me, other } => {
            told(g.chat().room_with(ids.member(me), ids.member(other)).await, |(room, created)| {
                ids.has_room(me, other, room.overview.room.id);
                Answer::Opened { created, room: room_entry(ids, &room) }
            })
        }
        Act::Send { me, room, text, client } => {
            let words = if text == 0 { String::new() } else { format!("text {text}") };
            let draft = Draft::text(words).id(client.map(|client| Uuid::from_u128(1 + u128::from(client))));
            told(g.chat().send(ids.member(me), ids.room(room), draft).await, |sent| {
                ids.said(sent.view.message.id, sent.view.message.seq);
                Answer::Sent { message: said(ids, sent.view), replayed: sent.replayed }
            })
        }
        Act::Read { me, room, seq } => told(g.chat().read(ids.member(me), ids.room(room), seq).await, Answer::Marked),
        Act::History { me, room, range, limit } => {
            told(g.chat().history(ids.member(me), ids.room(room), range, limit).await, |list| {
                Answer::Talk(list.into_iter().map(|view| said(ids, view)).collect())
            })
        }
        Act::Rooms(me) => told(g.chat().rooms(ids.member(me), ALL).await, |list| {
            Answer::Rooms(list.iter().map(|room| room_entry(ids, room)).collect())
        }),
        _ => unreachable!("not chat: {act:?}"),
    }
}

async fn safety(g: &Gpting, ids: &mut Ids, act: &Act) -> (String, Answer) {
    match *act {
        Act::Report { me, other, seq } => {
            let detail = "words".to_owned();
            let input = ReportInput { subject: ids.member(other), reason: ReportReason::Spam, detail, seq };
            told(g.safety().report(ids.member(me), input).await, |id| Answer::Reported { case: ids.case(id) })
        }
        Act::Block { me, other } => told(g.safety().block(ids.member(me), ids.member(other)).await, Answer::Already),
        Act::Unblock { me, other } => {
            told(g.safety().unblock(ids.member(me), ids.member(other)).await, |()| Answer::Done)
        }
        Act::Blocks(me) => told(g.safety().blocks(ids.member(me), ALL).await, |list| {
            let entry = |view: gpting_core::safety::BlockView| {
                let since = ids.seconds(view.since);
                Entry { who: ids.who(view.id), name: view.nickname, since, line: None, room: false }
            };
            Answer::People(list.into_iter().map(entry).collect())
        }),
        _ => unreachable!("not about safety: {act:?}"),
    }
}

fn told<T: Debug>(result: Result<T>, meaning: impl FnOnce(T) -> Answer) -> (String, Answer) {
    let word_for_word = format!("{result:?}");
    (word_for_word, result.map_or_else(|error| Answer::Refused(error.code()), meaning))
}

fn people(ids: &Ids, list: Vec<Connection>) -> Answer {
    let entry = |connection: Connection| Entry {
        who: ids.who(connection.card.id),
        name: connection.card.nickname,
        since: ids.seconds(connection.since),
        line: connection.message,
        room: connection.room.is_some(),
    };
    Answer::People(list.into_iter().map(entry).collect())
}

fn said(ids: &Ids, view: MessageView) -> Said {
    Said {
        seq: view.message.seq,
        by: ids.who(view.message.sender),
        name: view.sender_nickname,
        text: view.message.text,
        at: ids.seconds(view.message.at),
        mine: view.is_mine,
        read: view.is_read,
    }
}

fn room_entry(ids: &Ids, view: &RoomView) -> RoomEntry {
    RoomEntry {
        partner: ids.who(view.partner.id),
        newest: view.overview.last_message.as_ref().map(|message| (message.seq, message.text.clone())),
        my_read: view.overview.my_read,
        their_read: view.overview.their_read,
        unread: view.overview.unread,
    }
}
