//! Hints as one line of text, and back.
//!
//! `1 <origin> r5 s5.9 m7 t5.7 h5.7 g5.7 o5.7`: the format's number, sixteen hexadecimal digits that tell one running
//! process from another, then hints: a room, a message in a room by its place, a member, a member who writes in a room, is
//! there, has left it, for whom it was opened. Readers skip words that they do not know, so a newer
//! build may add kinds while older ones still run. Nothing but ids fits in.

use std::fmt::Write as _;

use crate::port::Hint;

/// How many hints one line holds at the most: 2.4 kB, well below what PostgreSQL takes (8 kB).
pub(super) const MOST: usize = 64;

const FORMAT: &str = "1";

/// Hints of this process as one line. No hints make the line of a heartbeat.
pub(super) fn encode(origin: u64, hints: &[Hint]) -> String {
    let mut text = format!("{FORMAT} {origin:016x}");
    for hint in hints {
        let written = match hint {
            Hint::Room(room) => write!(text, " r{room}"),
            Hint::Message { room, seq } => write!(text, " s{room}.{seq}"),
            Hint::Member(member) => write!(text, " m{member}"),
            Hint::Typing { room, member } => write!(text, " t{room}.{member}"),
            Hint::Presence { room, member, online: true } => write!(text, " h{room}.{member}"),
            Hint::Presence { room, member, online: false } => write!(text, " g{room}.{member}"),
            Hint::Opened { room, member } => write!(text, " o{room}.{member}"),
        };
        written.expect("a text can be written to");
    }
    text
}

/// Who said a line, and the hints in it; none when it is not one of ours.
pub(super) fn decode(text: &str) -> Option<(u64, impl Iterator<Item = Hint>)> {
    let mut words = text.split(' ');
    if words.next() != Some(FORMAT) {
        return None;
    }
    let origin = u64::from_str_radix(words.next()?, 16).ok()?;
    Some((origin, words.filter_map(hint)))
}

fn hint(word: &str) -> Option<Hint> {
    let (kind, rest) = word.split_at_checked(1)?;
    match kind {
        "r" => rest.parse().ok().map(Hint::Room),
        "m" => rest.parse().ok().map(Hint::Member),
        "s" => {
            let (room, seq) = rest.split_once('.')?;
            Some(Hint::Message { room: room.parse().ok()?, seq: seq.parse().ok()? })
        }
        "t" | "h" | "g" | "o" => {
            let (room, member) = rest.split_once('.')?;
            let (room, member) = (room.parse().ok()?, member.parse().ok()?);
            Some(match kind {
                "t" => Hint::Typing { room, member },
                "o" => Hint::Opened { room, member },
                _ => Hint::Presence { room, member, online: kind == "h" },
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{MAX_ID, MemberId, RoomId};

    fn all_kinds() -> Vec<Hint> {
        let (room, member) = (RoomId::new(MAX_ID).unwrap(), MemberId::new(7).unwrap());
        let seen = |online| Hint::Presence { room, member, online };
        let both = [Hint::Typing { room, member }, Hint::Opened { room, member }];
        let said = Hint::Message { room, seq: 9 };
        vec![Hint::Room(room), said, Hint::Member(member), both[0], seen(true), seen(false), both[1]]
    }

    #[test]
    fn hints_come_back_as_they_were() {
        let text = encode(0xfeed, &all_kinds());
        assert_eq!(
            text,
            "1 000000000000feed r9007199254740991 s9007199254740991.9 m7 t9007199254740991.7 h9007199254740991.7 g9007199254740991.7 o9007199254740991.7"
        );
        let (origin, hints) = decode(&text).unwrap();
        assert_eq!((origin, hints.collect::<Vec<_>>()), (0xfeed, all_kinds()));
        assert_eq!(decode(&encode(1, &[])).unwrap().1.count(), 0, "a heartbeat wakes nobody");
    }

    #[test]
    fn the_longest_line_is_as_short_as_promised() {
        let (room, member) = (RoomId::new(MAX_ID).unwrap(), MemberId::new(MAX_ID).unwrap());
        let text = encode(u64::MAX, &[Hint::Typing { room, member }; MOST]);
        assert!(text.len() <= 3_000, "{}", text.len());
    }

    #[test]
    fn what_is_not_understood_is_skipped() {
        for foreign in ["", "1", "hello", "2 0 r5", "1 zz r5"] {
            assert!(decode(foreign).is_none(), "{foreign:?}");
        }
        let (_, hints) = decode("1 0 x9 r r0 r-1 m9007199254740992 t5 t5. t.5 s5 s5.-1 é r5 ").unwrap();
        assert_eq!(hints.collect::<Vec<_>>(), [Hint::Room(RoomId::new(5).unwrap())]);
    }
}
