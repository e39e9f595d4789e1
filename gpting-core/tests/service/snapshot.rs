//! The index that is written down for the next start: used when it is good, and never shows what is not so any more.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use gpting_core::id::MemberId;
use gpting_core::matching::exposure::Slot;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::port::SnapshotStore;
use gpting_core::profile::{ProfileEdit, VisibilityEdit};
use gpting_core::store::{Change, MemoryStore, Store as _, Work};
use gpting_core::{Clock as _, Gpting};
use jiff::SignedDuration;

use crate::people::{Town, TownClock, town};

/// Bytes that outlive an instance.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Option<Vec<u8>>>>);

impl SnapshotStore for Kept {
    fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(self.0.lock().unwrap().clone().map(|bytes| Box::new(io::Cursor::new(bytes)) as _))
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        *self.0.lock().unwrap() = Some(bytes);
        Ok(())
    }

    fn remove(&self) -> io::Result<()> {
        *self.0.lock().unwrap() = None;
        Ok(())
    }
}

impl Kept {
    fn bytes(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap().clone()
    }

    fn holds(&self, member: MemberId) -> bool {
        let id = member.value().to_le_bytes();
        self.bytes().is_some_and(|bytes| bytes.windows(id.len()).any(|window| window == id))
    }
}

/// Another start on the town's store.
async fn start_on(town: &Town, store: &Arc<MemoryStore>, kept: &Kept) -> Gpting {
    let clock = TownClock(Arc::clone(&town.clock));
    Gpting::builder_on(Arc::<MemoryStore>::clone(store)).clock(clock).snapshots(kept.clone()).build().await.unwrap()
}

async fn start(town: &Town, kept: &Kept) -> Gpting {
    start_on(town, &town.store, kept).await
}

async fn seen(g: &Gpting, me: MemberId) -> Vec<(MemberId, f64)> {
    let slate = g.matching().slate(me, SlateRequest::first(50)).await.unwrap();
    slate.cards.iter().map(|card| (card.card.id, card.score)).collect()
}

async fn erase(town: &Town, member: MemberId) {
    let tombstone = MemberId::new(77).unwrap();
    town.store.commit(Work::new().change(Change::Erase { member, tombstone })).await.unwrap();
}

#[tokio::test]
async fn the_next_start_uses_it_and_catches_up() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let mut men = Vec::new();
    for name in ["가람", "나래", "다온", "라온"] {
        men.push(town.person(name, "M", &["F"]).await);
    }
    let kept = Kept::default();
    let first = start(&town, &kept).await;
    assert!(!first.index_was_loaded(), "there is nothing yet");
    assert!(first.save_index().await.unwrap());
    assert!(!first.save_index().await.unwrap(), "nothing has happened since");

    let second = start(&town, &kept).await;
    assert!(second.index_was_loaded());
    assert_eq!((second.people(), seen(&second, me).await), (5, seen(&first, me).await));

    // Somebody comes, somebody goes, somebody changes, while no instance looks.
    let newcomer = town.person("마루", "M", &["F"]).await;
    erase(&town, men[0]).await;
    let edit = ProfileEdit { gender: Some("F".to_owned()), ..ProfileEdit::default() };
    town.g.profiles().edit(men[1], edit, None).await.unwrap();
    let third = start(&town, &kept).await;
    assert!(third.index_was_loaded());
    let mut ids: Vec<_> = seen(&third, me).await.into_iter().map(|(id, _)| id).collect();
    let mut expected = [men[2], men[3], newcomer];
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    // The whole of it is what reading everybody comes to.
    let fresh = start(&town, &Kept::default()).await;
    assert_eq!((third.people(), seen(&third, me).await), (fresh.people(), seen(&fresh, me).await));
}

#[tokio::test]
async fn whoever_was_erased_is_in_the_next_one_no_more() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let gone = town.person("준호", "M", &["F"]).await;
    let kept = Kept::default();
    let first = start(&town, &kept).await;
    first.save_index().await.unwrap();
    assert!(kept.holds(me) && kept.holds(gone));
    erase(&town, gone).await;
    assert!(first.save_index().await.unwrap(), "there is news");
    assert!(kept.holds(me) && !kept.holds(gone));
    // The same where an instance began with it and read of the erasure afterwards.
    erase(&town, me).await;
    let second = start(&town, &kept).await;
    assert!(second.index_was_loaded() && kept.holds(me));
    assert_eq!(second.people(), 0);
    assert!(second.save_index().await.unwrap());
    assert!(!kept.holds(me));
}

#[tokio::test]
async fn another_store_or_an_earlier_one_is_read_whole() {
    let town = town().await;
    town.person("민지", "F", &["M"]).await;
    let kept = Kept::default();
    start(&town, &kept).await.save_index().await.unwrap();
    let other = Arc::new(MemoryStore::default());
    let started = start_on(&town, &other, &kept).await;
    assert!(!started.index_was_loaded());
    assert_eq!(started.people(), 0, "nobody of the other store");
    assert_eq!(kept.bytes(), None, "what is of no use does not stay");
}

#[tokio::test]
async fn what_was_made_with_other_settings_is_read_whole() {
    let town = town().await;
    town.person("민지", "F", &["M"]).await;
    let kept = Kept::default();
    start(&town, &kept).await.save_index().await.unwrap();
    let mut config = gpting_core::config::Config::default();
    config.safety.age_gate = gpting_core::AgeGate::FullAge(40);
    let builder = Gpting::builder_on(Arc::<MemoryStore>::clone(&town.store)).config(config);
    let started = builder.clock(TownClock(Arc::clone(&town.clock))).snapshots(kept.clone()).build().await.unwrap();
    assert!(!started.index_was_loaded());
    assert_eq!(kept.bytes(), None);
}

#[tokio::test]
async fn what_is_not_whole_is_read_whole() {
    let town = town().await;
    for name in ["민지", "서연", "가람"] {
        town.person(name, "F", &["M"]).await;
    }
    let kept = Kept::default();
    start(&town, &kept).await.save_index().await.unwrap();
    let good = kept.bytes().unwrap();
    let step = (good.len() / 60).max(1);
    let cut = (0..good.len()).step_by(step).map(|length| good[..length].to_vec());
    let turned = (0..good.len()).step_by(step).map(|place| {
        let mut bytes = good.clone();
        bytes[place] ^= 0x40;
        bytes
    });
    for bytes in cut.chain(turned) {
        let kept = Kept(Arc::new(Mutex::new(Some(bytes))));
        let started = start(&town, &kept).await;
        assert_eq!(started.people(), 3);
        // A changed mark is another mark; everything else is noticed before the store is asked.
        assert!(!started.index_was_loaded());
        assert_eq!(kept.bytes(), None);
    }
    assert!(start(&town, &Kept(Arc::new(Mutex::new(Some(good))))).await.index_was_loaded());
}

#[tokio::test]
async fn one_of_other_dimensions_is_thrown_away_and_everybody_is_read_again() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    for name in ["가람", "나래", "다온"] {
        town.person(name, "M", &["F"]).await;
    }
    let start = async |kept: &Kept, content_dims: usize| {
        let mut config = gpting_core::config::Config::default();
        config.matching.content_dims = content_dims;
        let clock = TownClock(Arc::clone(&town.clock));
        let builder = Gpting::builder_on(Arc::<MemoryStore>::clone(&town.store)).clock(clock).snapshots(kept.clone());
        builder.config(config).build().await.unwrap()
    };
    let kept = Kept::default();
    let first = start(&kept, 64).await;
    assert!(first.save_index().await.unwrap());
    assert!(start(&kept, 64).await.index_was_loaded());
    let written = kept.bytes();
    for other in [0, 32, 128] {
        *kept.0.lock().unwrap() = written.clone();
        let next = start(&kept, other).await;
        assert!(!next.index_was_loaded(), "{other}");
        assert_eq!((seen(&next, me).await.len(), kept.bytes()), (3, None), "{other}: everybody, and the file is gone");
    }
}

#[tokio::test]
async fn who_hides_and_who_is_new_is_known_after_a_start_with_it() {
    let town = town().await;
    let me = town.person("민지", "F", &["M"]).await;
    let mut old = Vec::new();
    for n in 0..20 {
        old.push(town.person(&format!("남{n}"), "M", &["F"]).await);
    }
    for n in 0..2 {
        let woman = town.person(&format!("옛 여{n}"), "F", &["M"]).await;
        for man in &old {
            town.g.matching().like(woman, *man, None).await.unwrap();
        }
    }
    town.clock.advance(SignedDuration::from_hours(20 * 24));
    let mut new = Vec::new();
    for n in 0..3 {
        new.push(town.person(&format!("새{n}"), "M", &["F"]).await);
        town.clock.advance(SignedDuration::from_hours(1));
    }
    let until = town.clock.now() + SignedDuration::from_hours(48);
    let hide = |incognito, snoozed_until| VisibilityEdit { incognito, snoozed_until };
    town.g.profiles().set_visibility(old[0], hide(Some(true), None)).await.unwrap();
    town.g.profiles().set_visibility(old[1], hide(None, Some(Some(until)))).await.unwrap();
    town.g.profiles().set_visibility(old[2], hide(Some(true), None)).await.unwrap();
    town.g.matching().like(old[2], me, None).await.unwrap();
    let kept = Kept::default();
    start(&town, &kept).await.save_index().await.unwrap();

    // What was written down is read, and written down again as it was.
    start(&town, &kept).await.save_index().await.unwrap();
    let second = start(&town, &kept).await;
    assert!(second.index_was_loaded());
    assert_eq!(second.matching().reach(me).await.unwrap().eligible, 21);
    let mut explored = Vec::new();
    for n in 0..10 {
        let woman = town.person(&format!("여{n}"), "F", &["M"]).await;
        second.matching().slate(woman, SlateRequest::first(10)).await.unwrap();
        let rows = town.store.impressions(None, 10_000).await.unwrap();
        let rows = rows.into_iter().filter(|row| row.viewer == woman);
        explored.extend(rows.filter(|row| row.exposure.unwrap().slot == Slot::Explored).map(|row| row.candidate));
    }
    assert!(!explored.is_empty() && explored.iter().all(|id| new.contains(id)), "{explored:?}");
    town.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(second.matching().reach(me).await.unwrap().eligible, 22, "a pause ends by itself");
    // Whoever is open again is so for the next start as well.
    town.g.profiles().set_visibility(old[0], hide(Some(false), None)).await.unwrap();
    assert_eq!(start(&town, &kept).await.matching().reach(me).await.unwrap().eligible, 23);
}
