//! What people do, and how it is drawn: mostly between the same two, so that a history gets deep into the table of a pair.

use gpting_core::store::MessageRange;
use proptest::prelude::*;

use crate::reference::Model;

/// Somebody, by number. Ids are drawn by the service and known to nobody beforehand.
pub(crate) type Who = usize;

/// How many people there are. The last one has not joined when a history begins.
pub(crate) const PEOPLE: usize = 5;

/// One call of the service.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Makes sure that somebody is a member.
    Join(Who),
    /// Edits the profile; the year of birth may be one that is refused.
    Describe {
        me: Who,
        gender: char,
        born: i16,
    },
    /// Edits the preferences; the range of ages may be upside down.
    Wish {
        me: Who,
        genders: Vec<char>,
        ages: (i64, i64),
    },
    Like {
        me: Who,
        other: Who,
        line: bool,
    },
    Pass {
        me: Who,
        other: Who,
    },
    Undo(Who),
    Unmatch {
        me: Who,
        other: Who,
    },
    /// Asks for friendship.
    Ask {
        me: Who,
        other: Who,
    },
    /// Answers the newest friend request of the two, whoever asked.
    Respond {
        me: Who,
        other: Who,
        accept: bool,
    },
    Unfriend {
        me: Who,
        other: Who,
    },
    Block {
        me: Who,
        other: Who,
    },
    Unblock {
        me: Who,
        other: Who,
    },
    Report {
        me: Who,
        other: Who,
        seq: Option<u64>,
    },
    /// Opens the room with somebody.
    Open {
        me: Who,
        other: Who,
    },
    /// Says something in the room of two people, perhaps a stranger's. `text` 0 is empty; `client` is the sender's own id.
    Send {
        me: Who,
        room: (Who, Who),
        text: u8,
        client: Option<u8>,
    },
    Read {
        me: Who,
        room: (Who, Who),
        seq: u64,
    },
    History {
        me: Who,
        room: (Who, Who),
        range: MessageRange,
        limit: usize,
    },
    Rooms(Who),
    Matches(Who),
    Likes(Who),
    Friends(Who),
    Requests {
        me: Who,
        sent: bool,
    },
    Blocks(Who),
    Card {
        me: Who,
        other: Who,
    },
    Slate(Who),
    Erase(Who),
    /// Time passes, and what is due is done.
    Wait {
        minutes: i64,
    },
}

impl Act {
    /// The name of the call.
    pub(crate) fn name(&self) -> String {
        let told = format!("{self:?}");
        told.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase()
    }
}

fn who() -> impl Strategy<Value = Who> + Clone {
    prop_oneof![6 => 0..2_usize, 3 => 2..PEOPLE]
}

/// Two people, the first acting: the same two most of the time, now and then somebody and themselves.
fn two() -> impl Strategy<Value = (Who, Who)> + Clone {
    prop_oneof![5 => Just((0, 1)), 5 => Just((1, 0)), 4 => (0..PEOPLE, 0..PEOPLE)]
}

/// One of two people who talk, or somebody else, and the room of the two.
fn seat() -> impl Strategy<Value = (Who, (Who, Who))> + Clone {
    prop_oneof![
        12 => two().prop_map(|(me, other)| (me, (me, other))),
        1 => (who(), two()),
    ]
    // Nobody has a room with themselves.
    .prop_map(|(me, (a, b))| (me, if a == b { (0, 1) } else { (a.min(b), a.max(b)) }))
}

fn genders() -> impl Strategy<Value = Vec<char>> {
    prop_oneof![
        2 => Just(vec!['F', 'M', 'O']), 2 => Just(vec!['M']), 2 => Just(vec!['F']), 1 => Just(Vec::new()),
    ]
}

fn range() -> impl Strategy<Value = MessageRange> {
    prop_oneof![
        (0..4_u64).prop_map(MessageRange::After),
        (1..6_u64).prop_map(MessageRange::Before),
        Just(MessageRange::Before(u64::MAX)),
    ]
}

/// The next act: often, of four that are drawn, the first that comes to something by the rules. Else histories would be made of
/// refusals.
pub(crate) fn next(model: &Model) -> BoxedStrategy<Act> {
    let model = model.clone();
    (proptest::collection::vec(any_act(model.anybody_connected()), 4), 0..10_u8)
        .prop_map(move |(drawn, chance)| {
            let comes_to_something = |act: &&Act| {
                let mut model = model.clone();
                model.perform(act);
                !model.answer.is_idle()
            };
            let chosen = if chance < 8 { drawn.iter().find(comes_to_something) } else { None };
            chosen.unwrap_or(&drawn[0]).clone()
        })
        .boxed()
}

/// Any act. Where nobody is connected yet people like each other more often, where somebody is they talk.
fn any_act(connected: bool) -> BoxedStrategy<Act> {
    let (court, talk) = if connected { (3, 12) } else { (14, 2) };
    let decide = prop_oneof![
        8 => (two(), any::<bool>()).prop_map(|((me, other), line)| Act::Like { me, other, line }),
        2 => two().prop_map(|(me, other)| Act::Pass { me, other }),
        2 => who().prop_map(Act::Undo),
        3 => two().prop_map(|(me, other)| Act::Ask { me, other }),
        3 => (two(), any::<bool>()).prop_map(|((me, other), accept)| Act::Respond { me, other, accept }),
    ];
    let chat = prop_oneof![
        8 => (seat(), prop_oneof![1 => Just(0_u8), 9 => 1..3_u8], proptest::option::of(0..2_u8))
            .prop_map(|((me, room), text, client)| Act::Send { me, room, text, client }),
        2 => (seat(), 0..8_u64).prop_map(|((me, room), seq)| Act::Read { me, room, seq }),
        2 => (seat(), range(), 1..4_usize)
            .prop_map(|((me, room), range, limit)| Act::History { me, room, range, limit }),
        2 => who().prop_map(Act::Rooms),
        1 => two().prop_map(|(me, other)| Act::Open { me, other }),
    ];
    let part = prop_oneof![
        2 => two().prop_map(|(me, other)| Act::Unmatch { me, other }),
        2 => two().prop_map(|(me, other)| Act::Unfriend { me, other }),
        3 => two().prop_map(|(me, other)| Act::Block { me, other }),
        5 => two().prop_map(|(me, other)| Act::Unblock { me, other }),
        2 => (two(), proptest::option::of(1..4_u64)).prop_map(|((me, other), seq)| Act::Report { me, other, seq }),
    ];
    let look = prop_oneof![
        who().prop_map(Act::Matches),
        who().prop_map(Act::Likes),
        who().prop_map(Act::Friends),
        (who(), any::<bool>()).prop_map(|(me, sent)| Act::Requests { me, sent }),
        who().prop_map(Act::Blocks),
        two().prop_map(|(me, other)| Act::Card { me, other }),
        who().prop_map(Act::Slate),
    ];
    let change = prop_oneof![
        2 => (0..PEOPLE).prop_map(Act::Join),
        2 => (0..PEOPLE, prop_oneof![Just('F'), Just('M'), Just('O')], prop_oneof![Just(1996), Just(1988), Just(2010)])
            .prop_map(|(me, gender, born)| Act::Describe { me, gender, born }),
        2 => (0..PEOPLE, genders(), prop_oneof![4 => Just((18, 60)), 1 => Just((18, 25)), 1 => Just((50, 40))])
            .prop_map(|(me, genders, ages)| Act::Wish { me, genders, ages }),
        1 => prop_oneof![1 => 0..2_usize, 4 => 2..PEOPLE].prop_map(Act::Erase),
        3 => prop_oneof![4 => Just(6_i64), 2 => Just(70), 4 => Just(15 * 24 * 60)]
            .prop_map(|minutes| Act::Wait { minutes }),
    ];
    prop_oneof![court => decide, talk => chat, 4 => part, 4 => look, 2 => change].boxed()
}
