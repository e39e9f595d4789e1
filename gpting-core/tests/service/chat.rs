//! Rooms, messages, read marks, live feeds.

use gpting_core::Code;
use gpting_core::chat::Draft;
use gpting_core::store::{MessageRange, Page};
use uuid::Uuid;

use crate::people::town;

#[tokio::test]
async fn messages_get_their_places_and_resends_find_them() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    let chat = town.g.chat();
    let id = Uuid::from_u128(1);
    let first = chat.send(a, room, Draft::text(" 안녕하세요 ").id(id)).await.unwrap();
    assert_eq!((first.view.message.seq, first.view.message.text.as_str(), first.replayed), (1, "안녕하세요", false));
    let again = chat.send(a, room, Draft::text("안녕하세요").id(id)).await.unwrap();
    assert!(again.replayed && again.view.message == first.view.message);
    let other = chat.send(a, room, Draft::text("다른 말").id(id)).await;
    assert_eq!(other.unwrap_err().code(), Code::IdempotencyConflict);
    // The id is the sender's own: the partner may use the same.
    assert_eq!(chat.send(b, room, Draft::text("반가워요").id(id)).await.unwrap().view.message.seq, 2);
    let seen = chat.history(b, room, MessageRange::After(0), 50).await.unwrap();
    let told: Vec<_> = seen.iter().map(|m| (m.message.seq, m.is_mine, m.is_read, m.sender_nickname.as_str())).collect();
    assert_eq!(told, [(1, false, true, "민지"), (2, true, false, "준호")]);
}

#[tokio::test]
async fn bad_texts_are_refused_at_the_field() {
    let town = town().await;
    let (a, _, room) = town.couple().await;
    for text in ["", "   ", "a\0b", &"가".repeat(4_001)] {
        let refused = town.g.chat().send(a, room, Draft::text(text)).await.unwrap_err();
        assert_eq!(refused.fields()[0].field, "content");
    }
}

#[tokio::test]
async fn read_marks_only_go_forward_and_count_what_is_unread() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    for n in 0..5 {
        town.g.chat().send(a, room, Draft::text(format!("{n}"))).await.unwrap();
    }
    let unread = async |me| town.g.chat().rooms(me, Page::first(5)).await.unwrap()[0].overview.unread;
    assert_eq!((unread(a).await, unread(b).await), (0, 5));
    assert_eq!(town.g.chat().read(b, room, 3).await.unwrap(), 3);
    assert_eq!(town.g.chat().read(b, room, 1).await.unwrap(), 3);
    assert_eq!(unread(b).await, 2);
    assert_eq!(town.g.chat().read(b, room, u64::MAX).await.unwrap(), 5);
    assert_eq!(unread(b).await, 0);
}

#[tokio::test]
async fn nobody_else_sees_a_room() {
    let town = town().await;
    let (_, _, room) = town.couple().await;
    let eve = town.person("이브", "F", &["M"]).await;
    let chat = town.g.chat();
    let unknown = gpting_core::id::RoomId::new(12345).unwrap();
    for room in [room, unknown] {
        assert_eq!(chat.send(eve, room, Draft::text("x")).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.history(eve, room, MessageRange::After(0), 5).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.join(eve, room, None).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.read(eve, room, 1).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.typing(eve, room).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.present(eve, room, true).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.unsend(eve, room, 1).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.hide(eve, room, 1).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.mute(eve, room, true).await.unwrap_err().code(), Code::RoomNotFound);
        assert_eq!(chat.export(eve, room).await.unwrap_err().code(), Code::RoomNotFound);
    }
}
