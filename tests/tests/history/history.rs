//! What the clients of a run have seen, and whether a chat that loses nothing may look so.
//!
//! Each room is a list that only grows, of elements that are told apart, so the check is one walk over each list. The
//! run writes a [`History`]; [`check`] counts what must never be.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// What tells a message from all others: who said it, and the how manieth of theirs it is.
pub(crate) type Id = (usize, u64);

/// A message that was sent, perhaps several times under one `client_msg_id`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Send {
    pub(crate) room: u64,
    /// Every place that an acknowledgement named, and when it came.
    pub(crate) acks: Vec<(u64, Duration)>,
}

/// A part of a room's history that was read at once.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) room: u64,
    pub(crate) began: Duration,
    /// Without a hole up to the head of its time.
    pub(crate) messages: Vec<(u64, Id)>,
}

/// Everything that was seen, times since the start of the run.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) sends: HashMap<Id, Send>,
    /// What each listener was shown of each room, in the order in which it was shown.
    pub(crate) shown: HashMap<(usize, u64), Vec<(u64, Id)>>,
    pub(crate) reads: Vec<Read>,
    /// Who takes part in which room.
    pub(crate) members: HashMap<u64, [usize; 2]>,
    /// What is there when all is over.
    pub(crate) log: BTreeMap<u64, Vec<(u64, Id)>>,
}

/// What must never be, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Places that nobody has, in a log or in what somebody was shown.
    pub(crate) holes: usize,
    /// Messages that came before one they follow, or stand elsewhere than in the log.
    pub(crate) inversions: usize,
    /// Messages that are there, or were shown, twice.
    pub(crate) duplicates: usize,
    /// Acknowledged messages that are not there, or not where the acknowledgement said.
    pub(crate) lost: usize,
    /// Acknowledgements of one message that name two places.
    pub(crate) disagreements: usize,
    /// Reads without a message that had been acknowledged before they began.
    pub(crate) stale: usize,
    /// Messages shown to somebody who does not take part, or that nobody sent.
    pub(crate) foreign: usize,
}

/// Counts what must never be.
pub(crate) fn check(history: &History) -> Verdict {
    let mut verdict = Verdict::default();
    let mut place: HashMap<Id, (u64, u64)> = HashMap::new();
    for (room, log) in &history.log {
        for (at, (seq, id)) in log.iter().enumerate() {
            let due = at as u64 + 1;
            verdict.holes += usize::from(*seq > due && (at == 0 || log[at - 1].0 + 1 != *seq));
            verdict.inversions += usize::from(at > 0 && log[at - 1].0 >= *seq);
            verdict.duplicates += usize::from(place.insert(*id, (*room, *seq)).is_some());
            verdict.foreign += usize::from(history.sends.get(id).is_none_or(|send| send.room != *room));
        }
    }
    for (id, send) in &history.sends {
        let places: HashSet<u64> = send.acks.iter().map(|(seq, _)| *seq).collect();
        verdict.disagreements += usize::from(places.len() > 1);
        let is_there = |seq: &u64| place.get(id) == Some(&(send.room, *seq));
        verdict.lost += usize::from(!places.iter().all(is_there));
    }
    for ((who, room), shown) in &history.shown {
        if !history.members.get(room).is_some_and(|members| members.contains(who)) {
            verdict.foreign += shown.len();
            continue;
        }
        compare(shown, &history.log[room], &mut verdict);
        verdict.holes += history.log[room].len().saturating_sub(shown.len());
    }
    let mut acked: HashMap<u64, Vec<(u64, Duration)>> = HashMap::new();
    for send in history.sends.values() {
        acked.entry(send.room).or_default().extend(send.acks.iter().min_by_key(|(_, at)| *at));
    }
    for read in &history.reads {
        compare(&read.messages, &history.log[&read.room], &mut verdict);
        let first = read.messages.first().map_or(0, |(seq, _)| *seq);
        let last = read.messages.last().map_or(0, |(seq, _)| *seq);
        let due = acked.get(&read.room).into_iter().flatten().filter(|(_, at)| *at < read.began);
        verdict.stale += due.filter(|(seq, _)| *seq > last || (*seq >= first && !has(&read.messages, *seq))).count();
    }
    verdict
}

fn has(messages: &[(u64, Id)], seq: u64) -> bool {
    messages.binary_search_by_key(&seq, |(seq, _)| *seq).is_ok()
}

/// Holds a list against the log: in order, each once, none left out in between, each where the log has it.
fn compare(list: &[(u64, Id)], log: &[(u64, Id)], verdict: &mut Verdict) {
    let mut seen = HashSet::new();
    for (at, (seq, id)) in list.iter().enumerate() {
        if !seen.insert(*id) {
            verdict.duplicates += 1;
            continue;
        }
        let before = if at == 0 { seq.saturating_sub(1) } else { list[at - 1].0 };
        verdict.inversions += usize::from(*seq <= before && at > 0);
        verdict.holes += usize::try_from(seq.saturating_sub(before + 1)).unwrap_or(usize::MAX);
        let logged = usize::try_from(*seq).ok().and_then(|seq| log.get(seq.checked_sub(1)?));
        verdict.inversions += usize::from(logged.is_none_or(|(_, logged)| logged != id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: u64 = 7;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Two people in one room, four messages, all well.
    fn well() -> History {
        let log: Vec<(u64, Id)> = (1..=4).map(|seq| (seq, (usize::from(seq % 2 == 0), seq))).collect();
        let send = |(seq, id): &(u64, Id)| (*id, Send { room: ROOM, acks: vec![(*seq, at(10 * seq))] });
        History {
            sends: log.iter().map(send).collect(),
            shown: [0, 1].map(|who| ((who, ROOM), log.clone())).into(),
            reads: vec![Read { room: ROOM, began: at(35), messages: log[1..3].to_vec() }],
            members: [(ROOM, [0, 1])].into(),
            log: [(ROOM, log)].into(),
        }
    }

    fn found(spoil: impl FnOnce(&mut History)) -> Verdict {
        let mut history = well();
        spoil(&mut history);
        check(&history)
    }

    fn log(history: &mut History) -> &mut Vec<(u64, Id)> {
        history.log.get_mut(&ROOM).unwrap()
    }

    fn shown(history: &mut History) -> &mut Vec<(u64, Id)> {
        history.shown.get_mut(&(1, ROOM)).unwrap()
    }

    #[test]
    fn a_good_history_has_nothing() {
        assert_eq!(check(&well()), Verdict::default());
        // An unknown outcome may be there once, or not at all.
        let unsure = |history: &mut History| history.sends.get_mut(&(0, 3)).unwrap().acks.clear();
        assert_eq!(found(unsure), Verdict::default());
        let never = |history: &mut History| drop(history.sends.insert((0, 9), Send { room: ROOM, acks: Vec::new() }));
        assert_eq!(found(never), Verdict::default());
    }

    #[test]
    fn a_hole_is_found() {
        assert!(
            found(|history| {
                log(history).remove(1);
            })
            .holes
                > 0,
            "in the log"
        );
        assert_eq!(
            found(|history| {
                shown(history).remove(1);
            })
            .holes,
            2,
            "in what is shown: skipped, and missing"
        );
        assert_eq!(
            found(|history| {
                shown(history).pop();
            })
            .holes,
            1,
            "at its end"
        );
        assert_eq!(
            found(|history| {
                shown(history).remove(0);
            })
            .holes,
            1,
            "at its beginning"
        );
        assert!(
            found(|history| {
                history.reads[0].messages.remove(0);
            })
            .stale
                == 0,
            "a page may begin anywhere"
        );
        let torn = |history: &mut History| history.reads[0].messages = vec![(1, (0, 1)), (3, (0, 3))];
        assert_eq!((found(torn).holes, found(torn).stale), (1, 1), "but not leave something out");
    }

    #[test]
    fn an_inversion_is_found() {
        assert!(found(|history| shown(history).swap(1, 2)).inversions > 0, "shown in the wrong order");
        let swapped = |history: &mut History| {
            let (one, two) = (shown(history)[1].1, shown(history)[2].1);
            (shown(history)[1].1, shown(history)[2].1) = (two, one);
        };
        assert_eq!(found(swapped).inversions, 2, "in order, but not as the log has them");
        assert!(found(|history| log(history).swap(1, 2)).inversions > 0, "in the log");
    }

    #[test]
    fn a_duplicate_is_found() {
        assert_eq!(found(|history| shown(history).push((4, (1, 4)))).duplicates, 1, "shown twice");
        assert_eq!(found(|history| log(history).push((5, (0, 3)))).duplicates, 1, "stored twice");
    }

    #[test]
    fn a_lost_acknowledged_message_is_found() {
        assert_eq!(
            found(|history| {
                log(history).pop();
            })
            .lost,
            1
        );
        let elsewhere = |history: &mut History| history.sends.get_mut(&(0, 3)).unwrap().acks[0].0 = 2;
        assert_eq!(found(elsewhere).lost, 1, "not where it was said to be");
        let two = |history: &mut History| history.sends.get_mut(&(0, 3)).unwrap().acks.push((4, at(99)));
        assert_eq!((found(two).lost, found(two).disagreements), (1, 1), "two answers for one message");
    }

    #[test]
    fn a_stale_read_is_found() {
        assert_eq!(found(|history| history.reads[0].began = at(45)).stale, 1, "the fourth was acknowledged by then");
        assert_eq!(found(|history| history.reads[0].messages.clear()).stale, 3);
    }

    #[test]
    fn what_is_none_of_theirs_is_found() {
        let leak = |history: &mut History| drop(history.shown.insert((2, ROOM), vec![(1, (0, 1))]));
        assert_eq!(found(leak).foreign, 1, "shown to a stranger");
        assert_eq!(found(|history| drop(history.sends.remove(&(0, 3)))).foreign, 1, "said by nobody");
    }
}
