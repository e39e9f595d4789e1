//! Where people's activity comes from.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use super::*;
use crate::Gpting;
use crate::id::HostId;
use crate::port::SnapshotStore;
use crate::profile::{PreferencesEdit, ProfileEdit};
use crate::store::MemoryStore;

/// A shelf for one index.
#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<Option<Vec<u8>>>>);

impl SnapshotStore for Shelf {
    fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        let written = self.0.lock().unwrap().clone();
        Ok(written.map(|bytes| Box::new(io::Cursor::new(bytes)) as Box<dyn Read + Send>))
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

async fn person(g: &Gpting, name: &str, gender: &str, wanted: &str) -> MemberId {
    let me = g.members().ensure(HostId::from(name)).await.unwrap();
    let edit = ProfileEdit {
        nickname: Some(name.to_owned()),
        gender: Some(gender.to_owned()),
        birth_date: Some("1996-05-05".to_owned()),
        ..ProfileEdit::default()
    };
    g.profiles().edit(me, edit, None).await.unwrap();
    let wishes = PreferencesEdit { genders: Some(vec![wanted.to_owned()]), ..PreferencesEdit::default() };
    g.profiles().set_preferences(me, wishes).await.unwrap();
    me
}

#[tokio::test]
async fn what_people_decide_moves_what_the_round_gives_them_also_after_a_restart() {
    let (store, shelf) = (Arc::new(MemoryStore::default()), Shelf::default());
    let open = || Gpting::builder_on(Arc::<MemoryStore>::clone(&store)).snapshots(shelf.clone()).build();
    let g = open().await.unwrap();
    let mut men = Vec::new();
    for n in 0..12 {
        men.push(person(&g, &format!("남{n}"), "M", "F").await);
    }
    let (busy, idle) = (person(&g, "바쁜", "F", "M").await, person(&g, "느린", "F", "M").await);
    for (n, &man) in (0..).zip(&men) {
        // Twice the same says nothing twice, and a match is a decision of each.
        g.matching().like(busy, man, None).await.unwrap();
        g.matching().like(busy, man, None).await.unwrap();
        if n < 1 {
            g.matching().pass(idle, man).await.unwrap();
            g.matching().like(man, busy, None).await.unwrap();
        }
    }
    let activity = |g: &Gpting, of| g.core.replica.paces().activity(g.core.now())(of);
    // 14 decisions of three people on a day each; three days of that pace stand beside everybody's own.
    let mean = 14.0 / 3.0;
    let expected = [(busy, 12.0), (idle, 1.0), (men[0], 1.0)].map(|(id, own)| (id, (own + 3.0 * mean) / 4.0 / mean));
    let holds = |g: &Gpting| {
        for (id, wanted) in expected {
            assert!((f64::from(activity(g, id)) - wanted).abs() < 1e-3, "{} and not {wanted}", activity(g, id));
        }
        assert!((activity(g, men[5]) - 1.0).abs() < 1e-6, "who has not decided is as everybody");
    };
    holds(&g);
    g.save_index().await.unwrap();
    let after = open().await.unwrap();
    assert!(after.index_was_loaded());
    holds(&after);
    shelf.remove().unwrap();
    let afresh = open().await.unwrap();
    assert!(!afresh.index_was_loaded());
    holds(&afresh);
    afresh.core.replica.forget(busy);
    assert!((activity(&afresh, busy) - 1.0).abs() < 1e-6, "nothing is left of whoever was erased");
}
