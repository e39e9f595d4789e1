//! Best response: everybody in turn orders their list by what it is worth given where the others show them.
//!
//! Called by `solver`. For a person the expected matches are `Σ_b P_ab · v(rank of b) · x_ba`, linear in their own ranks, so
//! sorting by `P_ab · x_ba` is their optimum (rearrangement inequality), and the sum over all pairs changes by exactly
//! what they gain. People of one colour class share no edge, so their gains add up: **the total never falls**, on any graph.
//! People whose neighbours have not moved since their last turn are skipped. Source: iterated best response, as in
//! Tomita, `RecSys` 2026, made monotone by classes.

use super::colour::Colours;
use super::csr::Graph;
use super::lists::Lists;
use super::split::split;

/// How far the responses went.
#[derive(Debug, Clone, PartialEq)]
pub struct Responses {
    /// Expected matches before the first round and after each.
    pub totals: Vec<f64>,
    /// Whether the last round changed nobody's list.
    pub settled: bool,
}

/// At most `rounds` rounds of best responses on `lists`; ends when a round gains less than `tolerance` of the total.
///
/// `table[k]` is the chance that rank `k` is looked at. `O(rounds × E log degree)`. Deterministic for every number of threads.
///
/// # Panics
/// If the table is shorter than the lists or `both` than the edges.
pub fn respond(
    graph: &Graph,
    both: &[f32],
    table: &[f64],
    lists: &mut Lists,
    rounds: usize,
    tolerance: f64,
    threads: usize,
) -> Responses {
    let colours = Colours::new(graph);
    let mut stale = vec![true; graph.people()];
    let mut totals = vec![lists.total(graph, both, table)];
    let mut settled = false;
    for _ in 0..rounds {
        let mut moved = false;
        for class in colours.classes() {
            let turn: Vec<u32> = class.iter().copied().filter(|&person| stale[person as usize]).collect();
            let pieces = split(turn.len(), threads, |range| {
                let mut scratch = Vec::new();
                let mut ranks = Vec::new();
                for &person in &turn[range] {
                    best_ranks(graph, both, table, lists, person, &mut scratch, &mut ranks);
                }
                ranks
            });
            let mut rest = &pieces.concat()[..];
            for &person in &turn {
                stale[person as usize] = false;
                let (ranks, after) = rest.split_at(graph.of(person).len());
                rest = after;
                for (place, &rank) in graph.range(person).zip(ranks) {
                    if lists.rank(place) != rank {
                        moved = true;
                        stale[graph.halves()[place].other as usize] = true;
                    }
                }
                lists.set(graph, person, ranks);
            }
        }
        let total = lists.total(graph, both, table);
        let before = totals.last().copied().unwrap_or(0.0);
        totals.push(total);
        settled = !moved;
        if settled || total - before <= tolerance * total {
            break;
        }
    }
    Responses { totals, settled }
}

/// Appends the ranks of a person's best list to `ranks`, in the order of their halves.
///
/// Where the worth is equal, above all where it is nothing because the other does not show them, the larger chance goes
/// first: it costs nothing and is an invitation.
fn best_ranks(
    graph: &Graph,
    both: &[f32],
    table: &[f64],
    lists: &Lists,
    person: u32,
    scratch: &mut Vec<(u64, u32, u32)>,
    ranks: &mut Vec<u8>,
) {
    scratch.clear();
    scratch.extend((0_u32..).zip(graph.of(person)).map(|(index, half)| {
        let chance = both[half.edge as usize];
        let worth = f64::from(chance) * table[usize::from(lists.rank(half.twin as usize))];
        // Neither is negative: bits are in the order of the numbers.
        (!worth.to_bits(), !chance.to_bits(), index)
    }));
    scratch.sort_unstable();
    let first = ranks.len();
    ranks.resize(first + scratch.len(), 0);
    for (rank, &(_, _, index)) in (1_u8..).zip(scratch.iter().take(lists.length())) {
        ranks[first + index as usize] = rank;
    }
}
