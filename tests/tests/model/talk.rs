//! Chat in the model: who may sit in a room, and what is said and seen there.

use gpting_core::Code;
use gpting_core::store::MessageRange;

use crate::act::Who;
use crate::answer::{Answer, RoomEntry, Said, Told};
use crate::flaw::Flaw;
use crate::pair::Pair;
use crate::reference::{Model, Outcome, side};
use crate::room::{Line, Placed, key};

impl Model {
    pub(crate) fn open(&mut self, me: Who, other: Who) -> Outcome {
        self.people[me].acting()?;
        if me == other {
            return Err(Code::SelfAction);
        }
        if !self.pairs.get(&key(me, other)).is_some_and(Pair::is_connected) {
            return Err(if self.sees(me, other) { Code::NotConnected } else { Code::MemberNotFound });
        }
        self.seat(me, key(me, other)).map_err(|_| Code::MemberNotFound)?;
        // Whoever is connected has an open room.
        Ok(Answer::Opened { created: false, room: self.room_entry(me, other).expect("an open room") })
    }

    /// Which side of an open room somebody sits on. Everybody else is told that there is no such room.
    pub(crate) fn seat(&self, me: Who, room: (Who, Who)) -> Result<usize, Code> {
        let other = if me == room.0 { room.1 } else { room.0 };
        let takes_part = me == room.0 || me == room.1;
        let open = self.pairs.get(&room).and_then(|pair| pair.room.as_ref()).is_some_and(|room| room.open);
        let both = self.people[me].is_active() && self.people[other].is_active();
        if takes_part && open && both { Ok(side(me, other)) } else { Err(Code::RoomNotFound) }
    }

    pub(crate) fn send(&mut self, me: Who, place: (Who, Who), text: u8, client: Option<u8>) -> Outcome {
        if text == 0 {
            return Err(Code::ValidationFailed);
        }
        let side = self.seat(me, place)?;
        let client = if self.flaw == Flaw::ResendAppends { None } else { client };
        let line = Line { side, text: format!("text {text}"), at: self.now, client };
        let other = if me == place.0 { place.1 } else { place.0 };
        let room = self.pairs.get_mut(&place).and_then(|pair| pair.room.as_mut()).expect("a room was found");
        let (seq, replayed) = room.say(line.clone());
        let stored = room.all().find(|(at, _)| *at == seq).expect("what was said").1.clone();
        let is_read = seq <= room.read[1 - side];
        self.told.push(Told::Message(me, other, seq));
        if stored.text != line.text {
            return Err(Code::IdempotencyConflict);
        }
        let message = Said {
            seq,
            by: me,
            name: self.people[me].name(),
            text: stored.text,
            at: stored.at,
            mine: true,
            read: is_read,
        };
        Ok(Answer::Sent { message, replayed })
    }

    pub(crate) fn history(&self, me: Who, place: (Who, Who), range: MessageRange, limit: usize) -> Outcome {
        let side = self.seat(me, place)?;
        let room = self.pairs[&place].room.as_ref().expect("a room was found");
        let mut room = room.clone();
        if self.flaw == Flaw::HiddenReturns {
            room.hidden = 0;
        }
        let said = |(seq, line): Placed<'_>| {
            let by = if line.side == 0 { place.0 } else { place.1 };
            Said {
                seq,
                by,
                name: self.people[by].name(),
                text: line.text.clone(),
                at: line.at,
                mine: by == me,
                // By whom it was written to.
                read: seq <= room.read[if by == me { 1 - side } else { side }],
            }
        };
        Ok(Answer::Talk(room.range(range, limit).into_iter().map(said).collect()))
    }

    pub(crate) fn rooms(&self, me: Who) -> Outcome {
        self.people[me].acting()?;
        let mut rooms: Vec<(i64, RoomEntry)> = self
            .others(me)
            .filter(|(other, _)| self.people[*other].is_active())
            .filter_map(|(other, pair)| {
                let activity = pair.room.as_ref().filter(|room| room.open)?.activity();
                Some((activity, self.room_entry(me, other)?))
            })
            .collect();
        rooms.sort_by_key(|(activity, _)| std::cmp::Reverse(*activity));
        Ok(Answer::Rooms(rooms.into_iter().map(|(_, room)| room).collect()))
    }

    fn room_entry(&self, me: Who, other: Who) -> Option<RoomEntry> {
        let room = self.pairs.get(&key(me, other))?.room.as_ref()?;
        let side = side(me, other);
        Some(RoomEntry {
            partner: other,
            newest: room.visible().last().map(|(seq, line)| (seq, line.text.clone())),
            my_read: room.read[side],
            their_read: room.read[1 - side],
            unread: room.unread(side),
        })
    }
}
