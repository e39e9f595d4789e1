//! What a store promises about showings: the last one of a pair stays, in order, until it is old.

use super::samples::{at, commit, exposure, member_id, put_members};
use crate::id::MemberId;
use crate::matching::exposure::{Impression, Shown};
use crate::store::{Change, Store};

fn serve(viewer: i64, candidates: &[(i64, u32)], seconds: i64) -> Change {
    let shown = |(candidate, position): &(i64, u32)| Shown {
        candidate: member_id(*candidate),
        exposure: (*position > 0).then(|| exposure(*position)),
    };
    Change::Serve { viewer: member_id(viewer), candidates: candidates.iter().map(shown).collect(), at: at(seconds) }
}

async fn all(store: &dyn Store) -> Vec<Impression> {
    store.impressions(None, 1_000).await.expect("impressions")
}

/// Of a pair the last showing is kept with where and why, the first time and how often; a page that names somebody twice
/// has shown them once.
pub async fn the_last_showing_stays(store: &dyn Store) {
    put_members(store, 1..=4).await;
    commit(store, [serve(1, &[(3, 1), (2, 2), (3, 3)], 5)]).await;
    commit(store, [serve(1, &[(2, 7)], 9), serve(1, &[(4, 0)], 9)]).await;
    commit(store, [serve(1, &[(3, 0)], 2)]).await;
    let row = |candidate, first, last, shows, position: u32| Impression {
        viewer: member_id(1),
        candidate: member_id(candidate),
        first_at: at(first),
        last_at: at(last),
        shows,
        exposure: (position > 0).then(|| exposure(position)),
    };
    // Told late of an earlier showing, the time stays; what was noted last is what is known.
    assert_eq!(all(store).await, [row(2, 5, 9, 2, 7), row(3, 5, 5, 2, 0), row(4, 9, 9, 1, 0)]);
}

/// In the order of viewers and candidates, pages go on where the last ended.
pub async fn impressions_are_paged_in_order(store: &dyn Store) {
    put_members(store, 1..=5).await;
    commit(store, (1..=5).rev().map(|viewer| serve(viewer, &[(6 - viewer, 1), (9, 2), (1, 3)], viewer))).await;
    let whole = all(store).await;
    let keys: Vec<_> = whole.iter().map(|row| (row.viewer, row.candidate)).collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
    assert_eq!(keys.len(), 14);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.impressions(after, 4).await.expect("impressions");
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some((last.viewer, last.candidate));
        paged.extend(page);
    }
    assert_eq!(paged, whole);
}

/// Whoever was shown to a viewer at a time or later is told, of many, and of nobody else's.
pub async fn who_was_shown_lately_is_told(store: &dyn Store) {
    put_members(store, 1..=9).await;
    commit(store, [serve(3, &[(1, 1), (2, 2), (9, 3)], 10), serve(2, &[(8, 1)], 30), serve(4, &[(8, 1)], 30)]).await;
    commit(store, [serve(3, &[(2, 1), (4, 2)], 20), serve(3, &[(9, 1)], 5)]).await;
    let since = async |viewer, seconds| {
        let mut served = store.served_since(member_id(viewer), at(seconds)).await.expect("served");
        served.sort_unstable();
        served.into_iter().map(MemberId::value).collect::<Vec<_>>()
    };
    assert_eq!(since(3, 0).await, [1, 2, 4, 9]);
    assert_eq!(since(3, 10).await, [1, 2, 4, 9], "told late of an earlier showing, the time stays");
    assert_eq!(since(3, 11).await, [2, 4]);
    assert_eq!((since(3, 21).await, since(1, 0).await), (vec![], vec![]));
    assert_eq!((since(2, 30).await, since(4, 30).await), (vec![8], vec![8]));
}

/// Of the viewers in a range those rows go whose last showing is before the time.
pub async fn impressions_are_forgotten_by_part_and_age(store: &dyn Store) {
    put_members(store, 1..=9).await;
    commit(store, (1..=6).map(|viewer| serve(viewer, &[(8, 1)], 10))).await;
    commit(store, [serve(3, &[(8, 1), (9, 1)], 20), serve(4, &[(9, 1)], 20)]).await;
    commit(store, [Change::DropImpressions { from: member_id(2), to: member_id(4), before: at(20) }]).await;
    let left: Vec<_> = all(store).await.iter().map(|row| (row.viewer.value(), row.candidate.value())).collect();
    assert_eq!(left, [(1, 8), (3, 8), (3, 9), (4, 9), (5, 8), (6, 8)]);
    assert!(!store.was_served(member_id(2), member_id(8)).await.expect("served"));
}

/// Each candidate's viewers are counted, no further than asked for.
pub async fn viewers_are_counted_up_to_a_bound(store: &dyn Store) {
    put_members(store, 1..=9).await;
    commit(store, (1..=5).map(|viewer| serve(viewer, &[(8, 1), (9 - viewer, 2)], 10))).await;
    commit(store, [serve(1, &[(8, 1)], 20)]).await;
    let counted = async |who: &[i64], most| {
        let who: Vec<MemberId> = who.iter().copied().map(member_id).collect();
        let mut counts = store.shown_to(&who, most).await.expect("counts");
        counts.retain(|(_, count)| *count > 0);
        counts.sort_unstable();
        counts.into_iter().map(|(who, count)| (who.value(), count)).collect::<Vec<_>>()
    };
    assert_eq!(counted(&[9, 8, 4, 1], 100).await, [(4, 1), (8, 5)], "viewers, not showings");
    assert_eq!(counted(&[8, 7], 3).await, [(7, 1), (8, 3)]);
    assert!(counted(&[], 3).await.is_empty());
}
