//! Two instances on one database: what is changed on one is seen on the other, soon when it adds somebody, at once when
//! it takes somebody away.
//!
//! The engine of each instance proposes from its own memory, which follows the feed of changed members; the store
//! disposes before anybody is shown. So the second half holds even for an instance that has never read the feed again.

#![expect(clippy::unwrap_used, reason = "these functions are the bodies of tests")]

use std::time::{Duration, Instant};

use gpting_core::id::MemberId;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::profile::{PreferencesEdit, ProfileEdit};
use gpting_core::{Code, Gpting};
use gpting_tests::{Town, on_every_store};
use jiff::SignedDuration;

on_every_store!(
    a_change_on_one_is_seen_on_the_other_within_three_seconds,
    nobody_who_must_not_be_shown_is_shown_before_the_feed_comes,
    an_erased_member_is_in_nobodys_memory,
);

/// What the design promises: a right person is at most this late.
const LATEST: Duration = Duration::from_secs(3);

async fn shown(g: &Gpting, viewer: MemberId) -> Vec<MemberId> {
    let slate = g.matching().slate(viewer, SlateRequest::first(100)).await.unwrap();
    let mut ids: Vec<MemberId> = slate.cards.iter().map(|card| card.card.id).collect();
    ids.sort_unstable();
    ids
}

/// Asks until exactly these people are shown.
async fn soon_shows(g: &Gpting, viewer: MemberId, expected: &[MemberId]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let since = Instant::now();
    loop {
        let found = shown(g, viewer).await;
        if found == expected {
            return;
        }
        assert!(since.elapsed() < LATEST, "after {LATEST:?} still {found:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_change_on_one_is_seen_on_the_other_within_three_seconds(town: Town) {
    let viewer = town.person("준호", "M", &["F"]).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running: Vec<_> = [town.g(0), town.g(1)]
        .into_iter()
        .map(|g| {
            let mut stopped = stopped.clone();
            g.run(async move { drop(stopped.wait_for(|stop| *stop).await) })
        })
        .collect();
    let (here, there) = (town.g(0), town.g(1));
    soon_shows(there, viewer, &[]).await;
    let minji = town.person("민지", "F", &["M"]).await;
    soon_shows(there, viewer, &[minji]).await;
    let sua = town.person("수아", "F", &["F"]).await;
    soon_shows(there, viewer, &[minji]).await;
    // Hidden on one: gone on the other; wishes changed on one: in reach on the other.
    here.accounts().deactivate(minji, None).await.unwrap();
    town.wish(sua, &["M"]).await;
    soon_shows(there, viewer, &[sua]).await;
    let older = PreferencesEdit { age_min: Some(50), ..PreferencesEdit::default() };
    here.profiles().set_preferences(sua, older).await.unwrap();
    soon_shows(there, viewer, &[]).await;
    // People who were taken in by the hundred, more than one read of the feed would notice one by one.
    let couples = town.couples(30).await;
    let women: Vec<MemberId> = couples.iter().map(|(woman, _)| *woman).collect();
    soon_shows(there, viewer, &women).await;
    stop.send(true).unwrap();
    for background in running {
        background.await.unwrap();
    }
}

async fn nobody_who_must_not_be_shown_is_shown_before_the_feed_comes(town: Town) {
    let viewer = town.person("준호", "M", &["F"]).await;
    let mut women = Vec::new();
    for number in 0..6 {
        women.push(town.person(&format!("민지{number}"), "F", &["M"]).await);
    }
    // The other instance learns of everybody now, and of nothing later: its background never runs.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = town.g(1).run(async move { drop(stopped.await) });
    soon_shows(town.g(1), viewer, &women).await;
    stop.send(()).unwrap();
    running.await.unwrap();

    let here = town.g(0);
    here.accounts().deactivate(women[0], None).await.unwrap();
    here.safety().erase(women[1]).await.unwrap();
    town.wish(women[2], &["F"]).await;
    here.matching().pass(women[3], viewer).await.unwrap();
    here.safety().block(viewer, women[4]).await.unwrap();
    for ask in 1..=6 {
        let slate = town.g(1).matching().slate(viewer, SlateRequest::first(ask)).await.unwrap();
        let ids: Vec<MemberId> = slate.cards.iter().map(|card| card.card.id).collect();
        assert_eq!(ids, [women[5]], "asked for {ask}: the one who is left fills the page, and nobody else");
    }
    // Nor can they be reached by who remembers their id.
    for &woman in &women[..3] {
        let refused = town.g(1).matching().like(viewer, woman, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::MemberNotFound);
    }
    // Whoever changed back is in reach at once where they are met by id, and in the slate of whoever changed them.
    let edit = ProfileEdit { bio: Some("돌아왔어요".to_owned()), ..ProfileEdit::default() };
    here.profiles().edit(women[2], edit, None).await.unwrap();
    town.wish(women[2], &["M"]).await;
    assert_eq!(town.g(1).matching().like(viewer, women[2], None).await.unwrap().matched, None);
}

async fn an_erased_member_is_in_nobodys_memory(town: Town) {
    let viewer = town.person("준호", "M", &["F"]).await;
    let (gone, stays) = (town.person("민지", "F", &["M"]).await, town.person("수아", "F", &["M"]).await);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = town.g(1).run(async move { drop(stopped.await) });
    let mut both = vec![gone, stays];
    both.sort_unstable();
    soon_shows(town.g(1), viewer, &both).await;
    // A page is being turned when it happens: the cursor holds on to a view with the erased row.
    let first = town.g(1).matching().slate(viewer, SlateRequest::first(1)).await.unwrap();
    town.g(0).safety().erase(gone).await.unwrap();
    town.clock.advance(town.g(0).config().safety.erase_after + SignedDuration::from_hours(1));
    town.work_off().await;
    assert!(town.store().members(&[gone]).await.unwrap().is_empty());
    let next = SlateRequest { after: first.next, ..SlateRequest::first(5) };
    let rest = town.g(1).matching().slate(viewer, next).await.unwrap();
    assert!(rest.cards.iter().all(|card| card.card.id != gone));
    soon_shows(town.g(1), viewer, &[stays]).await;
    let reach_is_one = async || town.g(1).matching().reach(viewer).await.unwrap().eligible == 1;
    let since = Instant::now();
    while !reach_is_one().await {
        assert!(since.elapsed() < LATEST, "the erased member still counts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.send(()).unwrap();
    running.await.unwrap();
}
