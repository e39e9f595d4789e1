//! The hub without a store: given states and news, who is told what.

use std::sync::Arc;

use super::inbox::{Inbox, Rooms};
use super::{Face, Hub, Told};
use crate::chat::room::{Message, ReadMark, Room, RoomState};
use crate::id::{MemberId, MessageId, RoomId};
use crate::interaction::PairKey;
use crate::port::Hint;
use crate::profile::{Member, Preferences, Profile, Standing};

fn id(n: i64) -> MemberId {
    MemberId::new(n).unwrap()
}

fn room(n: i64) -> RoomId {
    RoomId::new(n).unwrap()
}

fn member(n: i64) -> Member {
    Member {
        id: id(n),
        host: None,
        source: None,
        standing: Standing::Active,
        verified: true,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        last_active: jiff::Timestamp::UNIX_EPOCH,
        profile: Profile { nickname: format!("n{n}"), ..Profile::default() },
        preferences: Preferences::default(),
        answers: std::collections::BTreeMap::new(),
        consents: Vec::new(),
        derived: crate::assist::Derived::default(),
        visibility: crate::profile::Visibility::default(),
    }
}

fn message(seq: u64, sender: i64, unsent: Option<u64>) -> Message {
    Message {
        id: MessageId::new(100 + i64::try_from(seq).unwrap()).unwrap(),
        room: room(1),
        seq,
        sender: id(sender),
        text: format!("text {seq}"),
        at: jiff::Timestamp::UNIX_EPOCH,
        client_msg_id: None,
        unsent,
    }
}

/// Room 1 of members 1 and 2 at a version.
fn state(last_seq: u64, revision: u64, version: u64) -> RoomState {
    let key = PairKey::of(id(1), id(2)).unwrap();
    let room = Room { last_seq, revision, ..Room::open(room(1), key, jiff::Timestamp::UNIX_EPOCH) };
    RoomState::of(room, version, [ReadMark::default(); 2])
}

fn listen(hub: &Hub, who: i64, rooms: Rooms) -> Arc<Inbox> {
    let inbox = Arc::new(Inbox::new(id(who), rooms));
    hub.enter(&inbox);
    hub.watch(&state(0, 0, 1), [1, 2].map(|n| Face::of(Some(&member(n)))));
    inbox
}

/// Everything that waits, as short words.
fn heard(inbox: &Inbox) -> Vec<String> {
    let mut heard = Vec::new();
    loop {
        let next = futures_util::FutureExt::now_or_never(inbox.next());
        heard.push(match next {
            None => return heard,
            Some(Err(_)) => return vec!["overrun".to_owned()],
            Some(Ok(Told::Message { message, nickname })) => format!("{} of {nickname}", message.seq),
            Some(Ok(Told::Unsent { seq, revision, .. })) => format!("unsent {seq} at {revision}"),
            Some(Ok(Told::Read { member, seq, .. })) => format!("{member} read {seq}"),
            Some(Ok(Told::Typing { member, .. })) => format!("{member} types"),
            Some(Ok(Told::Presence { member, online, .. })) => format!("{member} there {online}"),
            Some(Ok(Told::Opened { room })) => format!("opened {room}"),
            Some(Ok(Told::Closed { room })) => format!("closed {room}"),
            Some(Ok(Told::Lost { room })) => format!("lost {room}"),
            Some(Ok(Told::Me)) => "me".to_owned(),
        });
    }
}

#[test]
fn both_hear_what_is_said_once_and_in_order() {
    let hub = Hub::default();
    let (one, all) = (listen(&hub, 1, Rooms::One(room(1))), listen(&hub, 2, Rooms::All));
    let elsewhere = Arc::new(Inbox::new(id(2), Rooms::One(room(9))));
    hub.enter(&elsewhere);
    assert_eq!(hub.to_ask(false), [(room(1), 1)], "looked at once, for what came before it was watched");
    let since = hub.since(&[state(2, 0, 3)]);
    assert_eq!((since[0].seq, since[0].revision), (0, None));
    hub.moved(&[state(2, 0, 3)], vec![message(1, 1, None), message(2, 2, None), message(3, 1, None)], 99);
    // A state that is older than its news, and news that comes twice: nothing is told again.
    hub.moved(&[state(3, 0, 4)], vec![message(3, 1, None)], 99);
    for inbox in [&one, &all] {
        assert_eq!(heard(inbox), ["1 of n1", "2 of n2", "3 of n1"]);
    }
    assert!(heard(&elsewhere).is_empty());
    assert_eq!(hub.to_ask(true), [(room(1), 4)]);
}

#[test]
fn what_was_committed_here_is_told_unread_and_other_messages_are_read_without_the_room() {
    let hub = Hub::default();
    let inbox = listen(&hub, 1, Rooms::All);
    hub.to_ask(false);
    let news = |seq| Hint::Message { room: room(1), seq };
    hub.said(&message(1, 1, None));
    assert!(!hub.hint(news(1)), "told already: nothing to read");
    // The third was committed here, the second elsewhere: it has to come first.
    hub.said(&message(3, 1, None));
    assert_eq!(heard(&inbox), ["1 of n1"]);
    assert!(hub.hint(news(3)));
    assert!(hub.to_ask(false).is_empty(), "the state of the room is not asked for");
    let since = hub.to_read();
    assert_eq!(since, [crate::chat::Since { room: room(1), seq: 1, revision: None }]);
    hub.said(&message(2, 2, None));
    // What was read meanwhile holds what was told meanwhile.
    hub.moved(&[], vec![message(2, 2, None), message(3, 1, None)], 9);
    assert_eq!(heard(&inbox), ["2 of n2", "3 of n1"]);
    assert!(hub.to_read().is_empty());
    hub.said(&message(3, 1, None));
    assert!(heard(&inbox).is_empty(), "the same again is nothing new");
    // Taken back before it was read, or more than fits: the room is asked about as a whole.
    for (news, limit) in [(vec![message(4, 1, Some(1))], 9), (vec![message(4, 1, None)], 1)] {
        assert!(hub.hint(Hint::Message { room: room(1), seq: 4 }));
        assert_eq!(hub.to_read().len(), 1);
        hub.moved(&[], news, limit);
        assert_eq!(hub.to_ask(false).len(), 1);
        assert!(heard(&inbox).is_empty());
    }
    let mut closed = state(4, 0, 9);
    closed.room.closed_at = Some(jiff::Timestamp::UNIX_EPOCH);
    hub.moved(&[closed], Vec::new(), 9);
    hub.said(&message(4, 1, None));
    hub.moved(&[], vec![message(4, 1, None)], 9);
    assert_eq!(heard(&inbox), ["closed 1"], "nothing of a closed room is told");
    assert!(!hub.hint(Hint::Message { room: room(2), seq: 1 }), "nobody watches it");
}

#[test]
fn what_is_passed_on_is_told_once_and_before_what_is_said_next() {
    let hub = Hub::default();
    let inbox = listen(&hub, 2, Rooms::All);
    hub.to_ask(false);
    let typing = Hint::Typing { room: room(1), member: id(1) };
    hub.pass_on(typing);
    hub.said(&message(1, 1, None));
    hub.hint(typing);
    assert_eq!(heard(&inbox), ["1 types", "1 of n1"], "the bus brings it again");
    hub.hint(typing);
    assert_eq!(heard(&inbox), ["1 types"], "from another instance");
    // An echo may still come after a poll; one that was lost keeps nobody silent beyond the next.
    hub.pass_on(typing);
    hub.to_ask(true);
    hub.hint(typing);
    assert_eq!(heard(&inbox), ["1 types"]);
    hub.pass_on(typing);
    hub.to_ask(true);
    hub.to_ask(true);
    hub.hint(typing);
    assert_eq!(heard(&inbox), ["1 types", "1 types"]);
}

#[test]
fn what_is_cut_is_asked_for_again() {
    let hub = Hub::default();
    let inbox = listen(&hub, 1, Rooms::All);
    hub.to_ask(false);
    hub.moved(&[state(3, 1, 5)], vec![message(1, 1, None), message(2, 1, Some(1))], 2);
    assert_eq!(hub.to_ask(false), [(room(1), 1)], "as if nothing were known");
    assert_eq!(hub.since(&[state(3, 1, 5)])[0].seq, 2);
    hub.moved(&[state(3, 1, 5)], vec![message(3, 1, None)], 2);
    assert!(hub.to_ask(false).is_empty());
    assert_eq!(heard(&inbox), ["1 of n1", "2 of n1", "3 of n1"], "taken back before it was told: only the tombstone");
    // More was taken back at once than is read: whoever listens loads the history.
    hub.moved(&[state(3, 4, 8)], vec![message(1, 1, Some(2)), message(2, 1, Some(3))], 2);
    assert_eq!(heard(&inbox), ["unsent 1 at 2", "unsent 2 at 3", "lost 1"]);
    assert!(hub.since(&[state(3, 4, 8)]).is_empty(), "and it is not read for ever");
}

#[test]
fn the_partner_hears_of_marks_that_are_shown_and_ones_own_devices_of_all() {
    let hub = Hub::default();
    let (one, two) = (listen(&hub, 1, Rooms::All), listen(&hub, 2, Rooms::All));
    let marks = |seq, shown| RoomState { reads: [ReadMark { seq, shown }, ReadMark::default()], ..state(9, 0, 10) };
    hub.moved(&[marks(5, 3)], Vec::new(), 9);
    hub.moved(&[marks(5, 3)], Vec::new(), 9);
    hub.moved(&[marks(4, 2)], Vec::new(), 9);
    hub.moved(&[marks(6, 3)], Vec::new(), 9);
    assert_eq!(heard(&one), ["1 read 5", "1 read 6"]);
    assert_eq!(heard(&two), ["1 read 3"]);
}

#[test]
fn nothing_of_a_closed_room_is_told() {
    let hub = Hub::default();
    let (one, two) = (listen(&hub, 1, Rooms::All), listen(&hub, 2, Rooms::One(room(1))));
    let typing = Hint::Typing { room: room(1), member: id(1) };
    let present = Hint::Presence { room: room(1), member: id(1), online: true };
    let foreign = Hint::Typing { room: room(1), member: id(3) };
    for hint in [typing, present, foreign] {
        hub.hint(hint);
    }
    assert!(heard(&one).is_empty(), "one does not hear oneself");
    assert_eq!(heard(&two), ["1 types", "1 there true"], "nor strangers");
    let closed = |version| {
        let mut closed = state(1, 0, version);
        closed.room.closed_at = Some(jiff::Timestamp::UNIX_EPOCH);
        closed
    };
    hub.moved(&[closed(2)], vec![message(1, 1, None)], 9);
    for hint in [typing, present] {
        hub.hint(hint);
    }
    hub.moved(&[closed(3)], Vec::new(), 9);
    for inbox in [&one, &two] {
        assert_eq!(heard(inbox), ["closed 1"]);
    }
    hub.moved(&[state(1, 0, 4)], Vec::new(), 9);
    assert_eq!(heard(&one), ["opened 1"]);
    assert!(heard(&two).is_empty(), "who listened to this room alone was shown out");
}

#[test]
fn who_is_gone_hears_nothing_and_is_not_heard() {
    let hub = Hub::default();
    let (one, two) = (listen(&hub, 1, Rooms::All), listen(&hub, 2, Rooms::All));
    hub.stir([id(1), id(7)].into_iter());
    assert_eq!(hub.to_look_at(), [id(1)], "strangers are not looked at");
    let hidden = Member { standing: Standing::Deactivated, ..member(1) };
    hub.look_at(&[id(1)], &[hidden]);
    assert_eq!(heard(&one), ["closed 1"], "whoever has deactivated themselves takes part in nothing");
    assert!(heard(&two).is_empty(), "and stays in the other's room");
    hub.moved(&[state(1, 0, 2)], vec![message(1, 2, None)], 9);
    assert!(heard(&one).is_empty());
    assert_eq!(heard(&two), ["1 of n2"]);
    hub.look_at(&[id(1)], &[]);
    assert_eq!(heard(&two), ["closed 1"], "the erased take the room with them");
    hub.moved(&[state(2, 0, 3)], vec![message(2, 1, None)], 9);
    assert!(heard(&two).is_empty());
}

#[test]
fn who_leaves_is_forgotten_and_the_pump_ends_with_the_last() {
    let hub = Hub::default();
    let first = Arc::new(Inbox::new(id(1), Rooms::All));
    assert!(hub.enter(&first), "the first listener starts the pump");
    hub.watch(&state(0, 0, 1), [1, 2].map(|n| Face::of(Some(&member(n)))));
    let second = Arc::new(Inbox::new(id(1), Rooms::One(room(1))));
    assert!(!hub.enter(&second));
    hub.watch(&state(0, 0, 1), [1, 2].map(|n| Face::of(Some(&member(n)))));
    assert_eq!(hub.counts(), (2, 1));
    hub.leave(&first, [room(1)].into_iter());
    assert_eq!(hub.counts(), (1, 1));
    assert!(!hub.is_over());
    hub.leave(&second, [room(1)].into_iter());
    assert_eq!(hub.counts(), (0, 0));
    assert!(hub.is_over());
    assert!(!hub.hint(Hint::Room(room(1))), "nobody watches it");
    assert!(hub.enter(&first), "and the next one starts another");
}

#[test]
fn only_those_of_all_rooms_are_told_of_new_ones() {
    let hub = Hub::default();
    let (all, one) = (listen(&hub, 1, Rooms::All), listen(&hub, 1, Rooms::One(room(1))));
    hub.hint(Hint::Opened { room: room(5), member: id(1) });
    hub.hint(Hint::Opened { room: room(6), member: id(2) });
    hub.opened(room(7), [id(1), id(9)]);
    hub.hint(Hint::Member(id(1)));
    assert_eq!(heard(&all), ["opened 5", "opened 7", "me"]);
    assert_eq!(heard(&one), ["me"]);
}
