//! A host's own term of the score, keyed by the host's own ids: people who were at the same event like each other more.
//!
//! Run with `cargo run -p gpting-examples --example own_signal`.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::collections::HashMap;

use gpting_core::{After, Config, Day, Engine, EngineError, Gender, Person, Row, Signal};

/// Ids of people, here as a host might have them.
type UserId = [u8; 4];

/// Who was at which event.
#[derive(Debug)]
struct SameEvent(HashMap<UserId, u32>);

impl SameEvent {
    const LOGIT: f32 = 0.7;
}

impl Signal<UserId> for SameEvent {
    fn name(&self) -> &'static str {
        "same_event"
    }

    fn logit(&self, viewer: Row<'_, UserId>, candidates: &[Row<'_, UserId>], out: &mut [f32]) {
        let Some(event) = self.0.get(&viewer.id()) else { return };
        for (candidate, out) in candidates.iter().zip(out) {
            if self.0.get(&candidate.id()) == Some(event) {
                *out = Self::LOGIT;
            }
        }
    }

    /// Both directions are the same, which spares a call per candidate.
    fn logit_back(&self, viewer: Row<'_, UserId>, candidates: &[Row<'_, UserId>], out: &mut [f32]) {
        self.logit(viewer, candidates, out);
    }

    /// Lets a search stop as soon as nobody left can win by this much.
    fn bound(&self, _viewer: Row<'_, UserId>) -> f32 {
        Self::LOGIT
    }
}

fn main() -> Result<(), EngineError> {
    let events = SameEvent(HashMap::from([(*b"mina", 7), (*b"june", 7), (*b"theo", 9)]));
    let mut engine = Engine::new(Config::dims(0).signal(events))?;
    engine.set_today(Day::from_ymd(2026, 11, 23)?);
    for (id, gender) in [(*b"mina", Gender::F), (*b"theo", Gender::M), (*b"june", Gender::O)] {
        engine.upsert(id, Person::new(gender, 30))?;
    }
    let view = engine.view();
    for pick in view.top(*b"mina", 20, After::Start)? {
        println!("{} {:.4}", String::from_utf8_lossy(&pick.id), pick.score);
        for part in view.explain(*b"mina", pick.id)?.there {
            println!("    {:?} {:+.3}", part.code, part.logit);
        }
    }
    Ok(())
}
