//! The engine alone: no service, no storage, no async.
//!
//! Run with `cargo run -p gpting-examples --example engine_only`.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gpting_core::{After, Cell, Config, Day, Engine, EngineError, Gender, Person, Wants};

fn main() -> Result<(), EngineError> {
    let mut engine = Engine::<u64>::new(Config::dims(0))?;
    engine.set_today(Day::from_ymd(2026, 11, 23)?);
    let home = Cell::from_lat_lng(37.56, 126.98)?;
    engine
        .upsert(1, Person::new(Gender::F, 29).at(home).wants(Wants::new(Gender::M).within_km(20)).interests(&[3, 8]))?;
    engine.upsert(2, Person::new(Gender::M, 31).at(home).wants(Wants::new(Gender::F).ages(25, 35)).interests(&[8]))?;
    for pick in engine.view().top(1, 20, After::Start)? {
        println!("{pick:?}");
    }
    Ok(())
}
