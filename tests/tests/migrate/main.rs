//! Migrations on both databases: from every version with rows to the present one, and the program of yesterday beside that
//! of today.
//!
//! The versions are the migration files of the two stores, so a new one is tested by being there. What it asks for is said
//! when it is missing: rows for its new columns, as the program of that version writes them, in `rows/<engine>-<version>.sql`
//! beside this file. [`base`] makes a database at a version, [`catalogue`] reads what it says of itself, [`program`] looks at
//! it through the store, [`shape`] compares what two versions demand of a writer.
//!
//! Migrations only add, so that builds can be replaced one by one: no column or table goes or changes its type, a new column
//! has a default, no new rule refuses what was taken before. One that must break this is called
//! `<version>_breaking_<what>.sql`; builds without it then refuse to run.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

mod base;
mod catalogue;
mod program;
mod shape;

use std::collections::BTreeMap;

use base::{Base, Engine};
use gpting_core::store::StoreError;
use shape::{Shape, narrowed};

/// Both engines, each in a test of its own.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use super::base::Engine;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(Engine::Postgres).await;
            }
        }
    )+};
}

on_both!(every_version_comes_to_the_present, newer_versions_only_add, a_build_runs_beside_a_newer_one);

/// Every version filled with rows, brought to the present by the program: nothing is lost or changed, everything can be read
/// and written, and the schema is that of an empty database of today.
async fn every_version_comes_to_the_present(engine: Engine) {
    let fresh = Base::empty(engine).await;
    fresh.program().await.unwrap();
    let expected = fresh.catalogue().await;
    assert!(expected.len() > 100, "the catalogue is read: {expected:#?}");
    for version in engine.versions().await {
        let base = Base::filled(engine, version).await;
        let unfilled = base.unfilled().await;
        assert!(
            unfilled.is_empty(),
            "no row of version {version} has a value in {unfilled:?}: write some into {}",
            engine.rows_file(version).display()
        );
        let columns = base.columns().await;
        let before = base.dump(&columns).await;
        let program = base.program().await.unwrap();
        for (there, expected) in base.catalogue().await.iter().zip(&expected) {
            assert_eq!(there, expected, "version {version} brought to the present, and fresh");
        }
        assert_eq!(base.catalogue().await.len(), expected.len(), "version {version}");
        assert_eq!(base.dump(&columns).await, before, "rows of version {version}");
        program::reads_everything(&*program).await;
        program::writes_everything(&*program).await;
    }
}

/// What each version demands of a writer is no more than what the one before it did, and rows are taken as programs of
/// earlier versions write them.
async fn newer_versions_only_add(engine: Engine) {
    let versions = engine.versions().await;
    let mut before: Option<Shape> = None;
    for &version in &versions {
        let base = Base::at(engine, version).await;
        let shape = base.shape().await;
        assert!(shape.len() > 10, "the shape is read: {shape:#?}");
        if let Some(before) = before.filter(|_| !engine.is_breaking(version)) {
            let narrowed = narrowed(&before, &shape);
            assert!(narrowed.is_empty(), "version {version} would stop a program of the one before: {narrowed:#?}");
        }
        before = Some(shape);
    }
    let head = *versions.last().unwrap();
    let base = Base::at(engine, head).await;
    base.run_rows(1).await;
    let program = base.program().await.unwrap();
    program::reads_everything(&*program).await;
}

/// A build goes on, and starts, on a schema that a newer one has added to; it does neither on one that a newer one has broken.
async fn a_build_runs_beside_a_newer_one(engine: Engine) {
    let base = Base::filled(engine, *engine.versions().await.last().unwrap()).await;
    let running = base.program().await.unwrap();
    base.pretend_newer(9998, "more columns").await;
    running.health().await.unwrap();
    let started = base.program().await.unwrap();
    started.health().await.unwrap();
    program::writes_everything(&*started).await;

    base.pretend_newer(9999, "breaking names of columns").await;
    for refused in [running.health().await, base.program().await.map(drop)] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Internal(_) | StoreError::Unavailable(_)), "{error:?}");
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains("9999") && why.contains("newer build"), "{why}");
    }
}

#[test]
fn what_would_stop_an_older_program_is_noticed() {
    let column = |column: &str| (column.to_owned(), ("bigint".to_owned(), true, false));
    let table = |columns: &[&str]| shape::Table {
        columns: columns.iter().map(|name| column(name)).collect(),
        unique: ["(id)".to_owned()].into(),
        rules: ["CHECK (id > 0)".to_owned()].into(),
    };
    let old: Shape = BTreeMap::from([("pair".to_owned(), table(&["id", "at"]))]);
    assert!(narrowed(&old, &old).is_empty());

    let mut wider = old.clone();
    wider.insert("ticket".to_owned(), table(&["id"]));
    let pair = wider.get_mut("pair").unwrap();
    pair.columns.insert("note".to_owned(), ("text".to_owned(), false, false));
    pair.columns.insert("count".to_owned(), ("bigint".to_owned(), true, true));
    pair.rules.clear();
    pair.columns.get_mut("at").unwrap().1 = false;
    assert!(narrowed(&old, &wider).is_empty(), "{:?}", narrowed(&old, &wider));

    let changed = |change: fn(&mut shape::Table)| {
        let mut new = old.clone();
        change(new.get_mut("pair").unwrap());
        narrowed(&old, &new)
    };
    assert_eq!(narrowed(&old, &Shape::new()), ["pair is gone"]);
    assert_eq!(
        changed(|pair| {
            pair.columns.remove("at");
        }),
        ["pair.at is gone"]
    );
    assert_eq!(
        changed(|pair| pair.columns.get_mut("at").unwrap().0 = "text".to_owned()),
        ["pair.at was bigint and is text"]
    );
    assert_eq!(
        changed(|pair| {
            pair.columns.insert("note".to_owned(), ("text".to_owned(), true, false));
        }),
        ["pair.note is new, needed, and has no default"]
    );
    assert_eq!(changed(|pair| pair.unique.clear()), ["pair is no longer unique by (id)"]);
    assert_eq!(
        changed(|pair| {
            pair.unique.insert("(at)".to_owned());
        }),
        ["pair has to be unique by (at)"]
    );
    assert_eq!(
        changed(|pair| {
            pair.rules.insert("CHECK (at > 0)".to_owned());
        }),
        ["pair has to keep CHECK (at > 0)"]
    );
}
