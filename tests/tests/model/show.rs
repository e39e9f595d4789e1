//! What people are shown in the model: lists, cards, slates.

use std::collections::BTreeSet;

use gpting_core::Code;
use gpting_core::interaction::PairList;

use crate::act::{PEOPLE, Who};
use crate::answer::{Answer, Entry};
use crate::flaw::Flaw;
use crate::pair::Pair;
use crate::people::today;
use crate::reference::{Model, Outcome, side};
use crate::room::key;

impl Model {
    /// A list of people, newest first.
    pub(crate) fn list(&self, me: Who, list: PairList, since: impl Fn(&Pair, usize) -> Option<i64>) -> Outcome {
        self.people[me].acting()?;
        let mut entries: Vec<Entry> = self
            .others(me)
            .filter(|(other, _)| self.people[*other].is_active() || self.flaw == Flaw::ErasingStay)
            .filter(|(other, pair)| pair.lists(side(me, *other)).contains(&list))
            .map(|(other, pair)| {
                let like = pair.decision[1 - side(me, other)].as_ref();
                let disclosed = pair.matched.is_some() || pair.unmatched || list == PairList::LikedMe;
                let is_request = matches!(list, PairList::RequestsSent | PairList::RequestsReceived);
                Entry {
                    who: other,
                    name: self.people[other].name(),
                    since: since(pair, side(me, other)).expect("who stands in a list stands there since some time"),
                    line: like.filter(|_| disclosed && !is_request).and_then(|like| like.line.clone()),
                    room: pair.is_connected() && !is_request,
                }
            })
            .collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.since));
        Ok(Answer::People(entries))
    }

    /// Those whom somebody blocks, also people who are being erased, but these without a name.
    pub(crate) fn blocks(&self, me: Who) -> Outcome {
        self.people[me].acting()?;
        let entry = |(other, pair): (Who, &Pair)| {
            let since = pair.blocked[side(me, other)]?;
            let person = &self.people[other];
            let name = if person.is_active() { person.name() } else { String::new() };
            Some(Entry { who: other, name, since, line: None, room: false })
        };
        let mut entries: Vec<Entry> = self.others(me).filter_map(entry).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.since));
        Ok(Answer::People(entries))
    }

    pub(crate) fn card(&self, me: Who, other: Who) -> Outcome {
        self.people[me].acting()?;
        if !self.sees(me, other) {
            return Err(Code::MemberNotFound);
        }
        let person = &self.people[other];
        let age = person.age(today(self.now)).and_then(|age| u8::try_from(age).ok());
        Ok(Answer::Card { name: person.name(), age })
    }

    /// Everybody who fits and is not out of the question; they have been shown from then on.
    pub(crate) fn slate(&mut self, me: Who) -> Outcome {
        let person = &self.people[me];
        person.acting()?;
        if !person.is_visible() || person.wants.is_empty() {
            return Err(Code::ProfileIncomplete);
        }
        let proposed: BTreeSet<Who> = (0..PEOPLE)
            .filter(|other| *other != me && person.fits(&self.people[*other], today(self.now)))
            .filter(|other| {
                let pair = self.pairs.get(&key(me, *other));
                !pair.is_some_and(|pair| pair.lists(side(me, *other)).contains(&PairList::Excluded))
            })
            .collect();
        self.served.extend(proposed.iter().map(|other| (me, *other)));
        Ok(Answer::Slate(proposed))
    }
}
