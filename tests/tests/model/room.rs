//! A room in the model: a list of messages, a mark for each of the two, and what was closed away.

use crate::act::Who;
use gpting_core::store::MessageRange;

/// A message; its place is its index and one.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) side: usize,
    pub(crate) text: String,
    pub(crate) at: i64,
    pub(crate) client: Option<u8>,
}

/// The one room of a pair.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) created: i64,
    pub(crate) open: bool,
    /// Nothing up to this place is shown again.
    pub(crate) hidden: u64,
    pub(crate) lines: Vec<Line>,
    pub(crate) read: [u64; 2],
}

/// A message with its place.
pub(crate) type Placed<'r> = (u64, &'r Line);

impl Room {
    pub(crate) fn new(created: i64) -> Self {
        Self { created, open: true, hidden: 0, lines: Vec::new(), read: [0; 2] }
    }

    pub(crate) fn close(&mut self) {
        if self.open {
            self.open = false;
            self.hidden = self.last();
        }
    }

    pub(crate) fn last(&self) -> u64 {
        self.lines.len() as u64
    }

    /// Every message, also what was closed away.
    pub(crate) fn all(&self) -> impl Iterator<Item = Placed<'_>> {
        (1..).zip(&self.lines)
    }

    pub(crate) fn visible(&self) -> impl Iterator<Item = Placed<'_>> {
        self.all().filter(|(seq, _)| *seq > self.hidden)
    }

    /// When something was last seen to happen.
    pub(crate) fn activity(&self) -> i64 {
        self.visible().last().map_or(self.created, |(_, line)| line.at)
    }

    pub(crate) fn unread(&self, me: usize) -> u64 {
        self.visible().filter(|(seq, line)| *seq > self.read[me] && line.side != me).count() as u64
    }

    /// Appends, and with it the sender has read everything; or finds what the sender has sent under the same id.
    pub(crate) fn say(&mut self, line: Line) -> (u64, bool) {
        let sent = |(_, old): &Placed<'_>| line.client.is_some() && old.client == line.client && old.side == line.side;
        if let Some((seq, _)) = self.all().find(sent) {
            return (seq, true);
        }
        let side = line.side;
        self.lines.push(line);
        self.read[side] = self.last();
        (self.last(), false)
    }

    /// Moves a mark forward, not beyond the newest message; where it stands then.
    pub(crate) fn mark(&mut self, me: usize, seq: u64) -> u64 {
        self.read[me] = self.read[me].max(seq.min(self.last()));
        self.read[me]
    }

    pub(crate) fn range(&self, range: MessageRange, limit: usize) -> Vec<Placed<'_>> {
        match range {
            MessageRange::After(after) => self.visible().filter(|(seq, _)| *seq > after).take(limit).collect(),
            MessageRange::Before(before) => {
                let behind: Vec<_> = self.visible().filter(|(seq, _)| *seq < before).collect();
                behind[behind.len().saturating_sub(limit)..].to_vec()
            }
        }
    }
}

/// Two people, the lower number first, as pairs and rooms are named.
pub(crate) fn key(a: Who, b: Who) -> (Who, Who) {
    (a.min(b), a.max(b))
}
