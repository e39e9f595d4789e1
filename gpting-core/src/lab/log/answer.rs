//! What came of a showing, and how well a list that was shown was ordered by that: pure.

/// What came of a showing, in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Nothing was decided.
    None,
    /// A pass.
    Pass,
    /// A like that was not returned.
    Like,
    /// A match in which nobody answered.
    Match,
    /// A match in which one wrote and the other answered.
    Reply,
    /// A long talk.
    Conversation,
}

/// What an answer is worth on a list: 0 without a like, then 1, 3 and 7. Source: Burges et al., "Learning to rank using gradient
/// descent", ICML 2005 (`2^grade − 1`), with the grades like, match, reply.
fn gain(answer: Answer) -> f64 {
    match answer {
        Answer::None | Answer::Pass => 0.0,
        Answer::Like => 1.0,
        Answer::Match => 3.0,
        Answer::Reply | Answer::Conversation => 7.0,
    }
}

/// Gains at these places, counted from 1, of which those within the first `k` count. Places that nobody of the list stood
/// at, and places that two stood at on different pages, are what they are.
fn discounted(placed: impl Iterator<Item = (u32, f64)>, k: usize) -> f64 {
    let counted = placed.filter(|(place, _)| *place as usize <= k);
    counted.map(|(place, gain)| gain / (1.0 + f64::from(place.max(1))).log2()).sum()
}

/// Discounted gain of those who were shown within the first `k` places over the best that the same people could have given at
/// the same places, in `[0, 1]`; none without a like, or without anybody at such a place.
pub(super) fn ndcg(list: &[(u32, Answer)], k: usize) -> Option<f64> {
    let (mut places, mut best): (Vec<u32>, Vec<f64>) =
        list.iter().map(|(place, answer)| (*place, gain(*answer))).unzip();
    places.sort_unstable();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal = discounted(places.into_iter().zip(best), k);
    (ideal > 0.0).then(|| discounted(list.iter().map(|(place, answer)| (*place, gain(*answer))), k) / ideal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_by_hand() {
        use Answer::{Conversation, Like, Match, None as Nothing, Pass, Reply};
        let placed = |list: &[Answer]| (1..).zip(list.iter().copied()).collect::<Vec<_>>();
        let close = |list: &[(u32, Answer)], k, wanted: f64| {
            let seen = ndcg(list, k).unwrap();
            assert!((seen - wanted).abs() < 1e-12, "{list:?}: {seen}");
        };
        close(&placed(&[Like, Pass, Nothing]), 10, 1.0);
        close(&placed(&[Pass, Like]), 10, 1.0 / 3_f64.log2());
        close(&placed(&[Like, Match]), 10, (1.0 + 3.0 / 3_f64.log2()) / (3.0 + 1.0 / 3_f64.log2()));
        close(&placed(&[Pass, Pass, Reply]), 2, 0.0);
        close(&placed(&[Conversation, Reply]), 10, 1.0);
        assert_eq!(ndcg(&placed(&[Pass, Nothing]), 10), None);
        assert_eq!(ndcg(&[], 10), None);
        // Of a list that was shown again since, some places are not there any more: the others are where they were.
        close(&[(2, Pass), (7, Like)], 10, 3_f64.log2() / 8_f64.log2());
        close(&[(7, Like), (2, Pass)], 10, 3_f64.log2() / 8_f64.log2());
        close(&[(2, Pass), (7, Like)], 3, 0.0);
        assert_eq!(ndcg(&[(7, Like)], 3), None, "nobody of the first three is known");
        // Two pages of one day: each has its first place.
        close(&[(1, Pass), (1, Like), (2, Pass)], 10, 1.0);
    }
}
