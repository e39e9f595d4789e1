//! What stood between people in another system, with what they said to each other.
//!
//! Called by whoever moves an installation here; calls the store. A pair that is there already stays as it is, and a
//! message is recognised by its key, so the same history can be handed over any number of times, also after a stop in
//! the middle. Nobody is told of it: to the people nothing has happened.

use jiff::Timestamp;
use uuid::Uuid;

use super::pair::{MatchState, Pair, Side};
use crate::chat::{NewMessage, Room};
use crate::error::{Fault, Result};
use crate::gpting::{Core, Matching};
use crate::id::{MessageId, RoomId};
use crate::store::{Change, Expect, Work};
use crate::text;

/// Messages per commit.
const MESSAGES: usize = 500;

/// Two people and all between them.
#[derive(Clone, PartialEq)]
pub struct AdoptedPair {
    /// The pair, without its room.
    pub pair: Pair,
    /// What they said to each other; none opens a room only where the pair is connected.
    pub room: Option<AdoptedRoom>,
}

/// The conversation of a pair.
#[derive(Clone, PartialEq, Eq)]
pub struct AdoptedRoom {
    /// When it began.
    pub created_at: Timestamp,
    /// What was said, in order.
    pub messages: Vec<AdoptedMessage>,
}

/// Something that was said.
#[derive(Clone, PartialEq, Eq)]
pub struct AdoptedMessage {
    /// Which side said it.
    pub from: Side,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// By which it is recognised, at the next time too.
    pub key: Uuid,
    /// Whether the other side has read it.
    pub is_read: bool,
}

impl std::fmt::Debug for AdoptedPair {
    /// Who, and nothing of what they said.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdoptedPair").field("key", &self.pair.key).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AdoptedRoom {
    /// How much, and nothing of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdoptedRoom").field("messages", &self.messages.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AdoptedMessage {
    /// Without what was said.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdoptedMessage").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A message that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub key: Uuid,
    /// Why.
    pub fault: Fault,
}

/// What became of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairAdopted {
    /// Whether it was not there before.
    pub is_new: bool,
    /// Messages that were not there before.
    pub messages: u64,
    /// Messages that could not be taken.
    pub refused: Vec<Refused>,
}

impl Matching<'_> {
    /// Takes in a pair and its conversation. Its people must be there.
    ///
    /// # Errors
    /// When the store fails; handing the same pair over again goes on where it stopped.
    pub async fn adopt(&self, adopted: AdoptedPair) -> Result<PairAdopted> {
        let core = self.0;
        let mut done = PairAdopted::default();
        let AdoptedPair { mut pair, room } = adopted;
        let key = pair.key;
        let mut texts = Vec::new();
        for message in room.iter().flat_map(|room| &room.messages) {
            let read = text::block(&message.text, core.config.chat.message_chars);
            match read.and_then(|text| if text.is_empty() { Err(Fault::Required) } else { Ok(text) }) {
                Ok(text) => texts.push((text, message)),
                Err(fault) => done.refused.push(Refused { key: message.key, fault }),
            }
        }
        let known = core.store.pair(key).await?;
        let room_id = if let Some(known) = known {
            known.value.room
        } else {
            let opens = room.is_some() || pair.is_connected();
            let id = opens.then(|| RoomId::draw(&*core.rng));
            pair.room = id;
            let mut work = Work::new();
            if let Some(id) = id {
                let at = room.as_ref().map_or_else(|| pair_time(&pair), |room| room.created_at);
                work = work.change(Change::PutRoom(Room::open(id, key, at), Expect::New));
                let now = core.now();
                // A match that is young is followed as if it had been made here.
                if matches!(pair.match_state, MatchState::Matched { at } if Core::is_followed(at, now)) {
                    work = work.change(core.begin_to_follow(id, now));
                }
            }
            core.store.commit(work.change(Change::PutPair(Box::new(pair), Expect::New))).await?;
            done.is_new = true;
            id
        };
        let Some(room_id) = room_id else { return Ok(done) };
        // Closed by an earlier time, or by one of them since: it takes no more.
        if core.store.room(room_id).await?.is_none_or(|room| room.value.closed_at.is_some()) {
            return Ok(done);
        }
        let mut reads = [0, 0];
        for messages in texts.chunks(MESSAGES) {
            let append = |(text, message): &(String, &AdoptedMessage)| {
                Change::Append(NewMessage {
                    id: MessageId::draw(&*core.rng),
                    room: room_id,
                    sender: key.member(message.from),
                    text: text.clone(),
                    at: message.at,
                    client_msg_id: Some(message.key),
                })
            };
            let work = messages.iter().map(append).fold(Work::new(), Work::change);
            let committed = core.store.commit(work).await?;
            for (appended, (_, message)) in committed.appended.iter().zip(messages) {
                done.messages += u64::from(!appended.replayed);
                if message.is_read {
                    reads[usize::from(message.from == Side::Low)] = appended.message.seq;
                }
            }
        }
        let marks = [Side::Low, Side::High].into_iter().zip(reads).filter(|(_, seq)| *seq > 0);
        let work = marks.fold(Work::new(), |work, (side, seq)| {
            work.change(Change::MarkRead { room: room_id, member: key.member(side), seq, shown: true })
        });
        if !work.is_empty() {
            core.store.commit(work).await?;
        }
        core.close_adopted(key).await?;
        // What is known by now is learned at once; the job looks again.
        core.follow_talk(room_id).await?;
        Ok(done)
    }
}

impl Core {
    /// A conversation of two who are not connected, or of whom one blocks the other, stays stored and is shown to nobody.
    async fn close_adopted(&self, key: super::PairKey) -> Result<()> {
        let Some(pair) = self.store.pair(key).await? else { return Ok(()) };
        let Some(id) = pair.value.room.filter(|_| !pair.value.is_connected()) else { return Ok(()) };
        let Some(room) = self.store.room(id).await?.filter(|room| room.value.closed_at.is_none()) else {
            return Ok(());
        };
        let (expect, mut closed) = (room.expect(), room.value);
        closed.close(self.now());
        self.store.commit(Work::new().change(Change::PutRoom(closed, expect))).await?;
        Ok(())
    }
}

/// Since when a pair is connected.
fn pair_time(pair: &Pair) -> Timestamp {
    match pair.match_state {
        MatchState::Matched { at } => pair.friends_since.map_or(at, |friends| friends.min(at)),
        MatchState::None | MatchState::Unmatched { .. } => pair.friends_since.unwrap_or_default(),
    }
}
