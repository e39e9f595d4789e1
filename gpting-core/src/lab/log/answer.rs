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

fn discounted(gains: impl Iterator<Item = f64>, k: usize) -> f64 {
    gains.take(k).zip(2..).map(|(gain, place)| gain / f64::from(place).log2()).sum()
}

/// Discounted gain of the first `k` of a list over the best that the same people could have given, in `[0, 1]`; none without
/// a like.
pub(super) fn ndcg(list: &[Answer], k: usize) -> Option<f64> {
    let mut best: Vec<f64> = list.iter().map(|answer| gain(*answer)).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal = discounted(best.into_iter(), k);
    (ideal > 0.0).then(|| discounted(list.iter().map(|answer| gain(*answer)), k) / ideal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_by_hand() {
        use Answer::{Conversation, Like, Match, None as Nothing, Pass, Reply};
        let close = |list: &[Answer], k, wanted: f64| {
            let seen = ndcg(list, k).unwrap();
            assert!((seen - wanted).abs() < 1e-12, "{list:?}: {seen}");
        };
        close(&[Like, Pass, Nothing], 10, 1.0);
        close(&[Pass, Like], 10, 1.0 / 3_f64.log2());
        close(&[Like, Match], 10, (1.0 + 3.0 / 3_f64.log2()) / (3.0 + 1.0 / 3_f64.log2()));
        close(&[Pass, Pass, Reply], 2, 0.0);
        close(&[Conversation, Reply], 10, 1.0);
        assert_eq!(ndcg(&[Pass, Nothing], 10), None);
        assert_eq!(ndcg(&[], 10), None);
    }
}
