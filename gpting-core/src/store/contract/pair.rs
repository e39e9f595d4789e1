//! What a store promises about pairs: read back as put, and every list of both members follows from the pair.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::samples::{TEXTS, at, commit, decision, key, matched, member_id, put_members, put_pair, request, room_id};
use crate::id::MemberId;
use crate::interaction::{DecisionKind, MatchState, Pair, PairKey, PairList, Side, Stance};
use crate::store::{Before, Change, Expect, Page, Store};

/// When a pair stands in a member's list.
fn listed_at(pair: &Pair, member: MemberId, list: PairList) -> Option<Timestamp> {
    pair.listings()
        .into_iter()
        .find(|listing| listing.member == member && listing.list == list)
        .map(|listing| listing.at)
}

/// A pair in each of the states that matter, numbered from 0.
fn state(pair: PairKey, n: i64) -> Pair {
    let stances = [None, Some(decision(DecisionKind::Like, n)), Some(decision(DecisionKind::Pass, n + 1))];
    let low = usize::try_from(n % 3).expect("below three");
    let high = usize::try_from(n / 3 % 3).expect("below three");
    let mut made = Pair {
        low: stances[low].clone().unwrap_or_default(),
        high: stances[high].clone().unwrap_or_default(),
        ..Pair::strangers(pair)
    };
    match n / 9 {
        1 => made.match_state = MatchState::Matched { at: at(n) },
        2 => made.match_state = MatchState::Unmatched { at: at(n) },
        3 => made.friend_request = Some(request(n + 1, Side::Low, n)),
        4 => made.friend_request = Some(request(n + 1, Side::High, n)),
        5 => {
            made.friends_since = Some(at(n));
            made.room = Some(room_id(n + 1));
        }
        6 => made.low.blocked_at = Some(at(n)),
        7 => {
            made = matched(pair, n);
            made.high.blocked_at = Some(at(n + 5));
        }
        8 => {
            made.low.blocked_at = Some(at(n));
            made.high.blocked_at = Some(at(n + 1));
        }
        _ => {}
    }
    made
}

const STATES: i64 = 81;

/// A pair in any state comes back as it was put, new and replaced; of people without one there is none.
pub async fn pairs_are_read_back_as_put(store: &dyn Store) {
    put_members(store, 1..=2).await;
    assert!(store.pair(key(1, 2)).await.expect("pair").is_none());
    let mut expect = Expect::New;
    for n in 0..STATES {
        let mut put = state(key(1, 2), n);
        if let Some(decision) = &mut put.low.decision {
            decision.message = TEXTS.get(usize::try_from(n).expect("small")).map(|text| (*text).to_owned());
        }
        commit(store, [put_pair(put.clone(), expect)]).await;
        let read = store.pair(key(2, 1)).await.expect("pair").expect("it was put");
        assert_eq!(read.value, put);
        expect = read.expect();
    }
}

/// In every state, each list of both members holds the pair exactly when [`Pair::listings`] says so, sorted by its
/// time; and so it is after every replacement.
pub async fn lists_follow_listings(store: &dyn Store) {
    put_members(store, 1..=1 + STATES).await;
    let pairs: Vec<Pair> = (0..STATES).map(|n| state(key(1, n + 2), n)).collect();
    commit(store, pairs.iter().map(|pair| put_pair(pair.clone(), Expect::New))).await;
    check_lists(store, &pairs).await;
    let replaced: Vec<Pair> = (0..STATES).map(|n| state(key(1, n + 2), STATES - 1 - n)).collect();
    // Requests keep their ids, and an id names one waiting request: first all of them end.
    let ended = replaced.iter().map(|pair| put_pair(Pair::strangers(pair.key), Expect::Version(1)));
    commit(store, ended).await;
    for list in PairList::ALL {
        assert!(store.listed(member_id(1), list).await.expect("listed").is_empty(), "{list:?}");
    }
    commit(store, replaced.iter().map(|pair| put_pair(pair.clone(), Expect::Version(2)))).await;
    check_lists(store, &replaced).await;
}

async fn check_lists(store: &dyn Store, pairs: &[Pair]) {
    for list in PairList::ALL {
        for member in [1, 2, 20, 60].map(member_id) {
            let mut wanted: Vec<_> = pairs
                .iter()
                .filter(|pair| pair.key.side(member).is_some())
                .filter_map(|pair| Some((listed_at(pair, member, list)?, pair.key.other(member), pair.clone())))
                .collect();
            wanted.sort_by_key(|(at, other, _)| std::cmp::Reverse((*at, *other)));
            let read = store.list_pairs(member, list, Page::first(1000)).await.expect("list");
            let wanted_pairs: Vec<Pair> = wanted.iter().map(|(_, _, pair)| pair.clone()).collect();
            assert_eq!(read, wanted_pairs, "{list:?} of {member:?}");
            let listed: BTreeSet<_> = store.listed(member, list).await.expect("listed").into_iter().collect();
            assert_eq!(listed, wanted.iter().map(|(_, other, _)| *other).collect(), "{list:?}");
        }
    }
}

/// A blocked pair stands in the blocker's `Blocked` and both members' `Excluded`, and nowhere else.
pub async fn blocks_hide_pairs(store: &dyn Store) {
    put_members(store, 1..=2).await;
    let blocked = Pair {
        low: Stance { blocked_at: Some(at(9)), ..decision(DecisionKind::Like, 1) },
        friends_since: Some(at(2)),
        friend_request: Some(request(1, Side::Low, 3)),
        ..matched(key(1, 2), 1)
    };
    commit(store, [put_pair(matched(key(1, 2), 1), Expect::New)]).await;
    commit(store, [put_pair(blocked, Expect::Version(1))]).await;
    for list in PairList::ALL {
        let of_blocker = store.listed(member_id(1), list).await.expect("listed");
        let of_blocked = store.listed(member_id(2), list).await.expect("listed");
        let shown = matches!(list, PairList::Blocked | PairList::Excluded);
        assert_eq!(of_blocker.len(), usize::from(shown), "{list:?} of the blocker");
        assert_eq!(of_blocked.len(), usize::from(list == PairList::Excluded), "{list:?} of the blocked");
    }
}

/// Pages of any size put together are the whole list, newest first, ties by the other's id descending.
pub async fn lists_are_paged_without_gaps(store: &dyn Store) {
    // The viewer's id lies between the others', so that they are the low side of some pairs and the high of others.
    put_members(store, 1..=40).await;
    let others: Vec<i64> = (1..=40).filter(|n| *n != 20).collect();
    let pairs = others.iter().map(|n| put_pair(matched(key(20, *n), n % 4), Expect::New));
    commit(store, pairs).await;
    let mut wanted: Vec<_> = others.iter().map(|n| (at(n % 4), *n)).collect();
    wanted.sort_by(|a, b| b.cmp(a));
    for limit in [1, 2, 7, 38, 39, 40, usize::MAX] {
        let mut read = Vec::new();
        let mut page = Page::first(limit);
        loop {
            let part = store.list_pairs(member_id(20), PairList::Matches, page).await.expect("list");
            assert!(part.len() <= limit, "at most as many as asked for");
            let Some(last) = part.last() else { break };
            let ended = listed_at(last, member_id(20), PairList::Matches).expect("it stands in the list");
            let id = last.key.other(member_id(20)).value();
            page = Page::after(Before { at: ended, id }, limit);
            read.extend(part.iter().map(|pair| {
                let at = listed_at(pair, member_id(20), PairList::Matches).expect("it stands in the list");
                (at, pair.key.other(member_id(20)).value())
            }));
        }
        assert_eq!(read, wanted, "pages of {limit}");
    }
}

/// Rows that come and go between two pages neither repeat nor hide those that were there the whole time.
pub async fn pages_survive_changes(store: &dyn Store) {
    put_members(store, 1..=20).await;
    commit(store, (2..=11).map(|n| put_pair(matched(key(1, n), n), Expect::New))).await;
    let first = store.list_pairs(member_id(1), PairList::Matches, Page::first(5)).await.expect("list");
    let last = first.last().expect("five of ten").key.high;
    assert_eq!(last, member_id(7));
    let end = Before { at: at(7), id: last.value() };
    commit(
        store,
        [
            put_pair(matched(key(1, 15), 30), Expect::New),
            put_pair(Pair::strangers(key(1, 7)), Expect::Version(1)),
            put_pair(Pair::strangers(key(1, 10)), Expect::Version(1)),
            put_pair(matched(key(1, 16), 4), Expect::New),
        ],
    )
    .await;
    let second = store.list_pairs(member_id(1), PairList::Matches, Page::after(end, 50)).await.expect("list");
    let others: Vec<_> = second.iter().map(|pair| pair.key.high.value()).collect();
    assert_eq!(others, [6, 5, 16, 4, 3, 2]);
}

/// A waiting friend request finds its pair; an answered one does not.
pub async fn waiting_requests_are_found(store: &dyn Store) {
    put_members(store, 1..=3).await;
    let waiting = |a, b, n| Pair { friend_request: Some(request(n, Side::High, n)), ..Pair::strangers(key(a, b)) };
    commit(store, [put_pair(waiting(1, 2, 5), Expect::New), put_pair(waiting(1, 3, 6), Expect::New)]).await;
    let found = |n| store.pair_by_request(request(n, Side::High, n).id);
    assert_eq!(found(5).await.expect("pair").expect("waiting").value, waiting(1, 2, 5));
    assert_eq!(found(6).await.expect("pair").expect("waiting").value, waiting(1, 3, 6));
    assert!(found(7).await.expect("pair").is_none());
    let answered = Pair { friends_since: Some(at(9)), ..Pair::strangers(key(1, 2)) };
    commit(store, [put_pair(answered, Expect::Version(1))]).await;
    assert!(found(5).await.expect("pair").is_none());
    commit(store, [put_pair(waiting(1, 2, 8), Expect::Version(2))]).await;
    let again = found(8).await.expect("pair").expect("waiting");
    assert_eq!((again.version, again.value.key), (3, key(1, 2)));
}

/// Who was shown to whom is remembered, in that direction, also when they were shown before.
pub async fn the_served_are_remembered(store: &dyn Store) {
    put_members(store, 1..=4).await;
    for (candidates, seconds) in [(vec![2, 3], 1), (vec![3, 4, 3], 2), (vec![], 3)] {
        let candidates = candidates.into_iter().map(|n| member_id(n).into()).collect();
        let serve = Change::Serve { viewer: member_id(1), candidates, at: at(seconds) };
        commit(store, [serve]).await;
    }
    for (viewer, candidate, wanted) in [(1, 2, true), (1, 3, true), (1, 4, true), (2, 1, false), (2, 3, false)] {
        let served = store.was_served(member_id(viewer), member_id(candidate)).await.expect("served");
        assert_eq!(served, wanted, "{candidate} to {viewer}");
    }
}
