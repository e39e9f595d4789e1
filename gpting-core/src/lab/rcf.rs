//! RCF: somebody will like whom people like who like the same.
//!
//! Called by `speed_dating` and by whoever compares with it on their own logs. History only: it says nothing about people
//! whom nobody has liked yet.
//! Invariant: scores are in `[0, 1]`, and [`Rcf::reciprocal`] is symmetric.
//! Source: Xia, Liu, Sun, Chen, "Reciprocal recommendation system for online dating", ASONAM 2015.

use super::recon::harmonic;

/// Who liked whom.
#[derive(Clone, Debug)]
pub struct Rcf {
    /// Per person, whom they like, ascending.
    likes: Vec<Vec<u32>>,
    /// Per person, who likes them, ascending.
    fans: Vec<Vec<u32>>,
}

impl Rcf {
    /// Takes in likes as (who, whom); the same like counts once. `O(likes × log likes)`.
    ///
    /// # Panics
    /// When somebody in `likes` is not below `people`.
    pub fn new(people: usize, likes: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let (mut out, mut into) = (vec![Vec::new(); people], vec![Vec::new(); people]);
        for (who, whom) in likes {
            out[who as usize].push(whom);
            into[whom as usize].push(who);
        }
        for list in out.iter_mut().chain(&mut into) {
            list.sort_unstable();
            list.dedup();
        }
        Self { likes: out, fans: into }
    }

    /// How much `from` likes what the others like who like `to`: the mean over those others of the Jaccard index of their
    /// likes and `from`'s, in `[0, 1]`; 0 when nobody else likes `to`. Whether `from` likes `to` already plays no part in
    /// who is asked. `O(fans of to × likes)`.
    ///
    /// # Panics
    /// When there is no such person.
    pub fn interest(&self, from: usize, to: usize) -> f64 {
        let others = self.fans[to].iter().map(|&fan| fan as usize).filter(|&fan| fan != from);
        let (sum, n) =
            others.fold((0.0, 0_u32), |(sum, n), fan| (sum + jaccard(&self.likes[from], &self.likes[fan]), n + 1));
        if n == 0 { 0.0 } else { sum / f64::from(n) }
    }

    /// The harmonic mean of both interests.
    pub fn reciprocal(&self, a: usize, b: usize) -> f64 {
        harmonic(self.interest(a, b), self.interest(b, a))
    }
}

/// Shared over all members of two ascending lists, 0 when both are empty.
fn jaccard(a: &[u32], b: &[u32]) -> f64 {
    let (mut at, mut other, mut shared) = (0, 0, 0_usize);
    while at < a.len() && other < b.len() {
        shared += usize::from(a[at] == b[other]);
        let step = a[at].cmp(&b[other]);
        at += usize::from(step.is_le());
        other += usize::from(step.is_ge());
    }
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_is_the_taste_shared_with_the_fans() {
        // 0, 1 and 2 like on one side; 3 to 6 on the other.
        let likes = [(0, 3), (0, 4), (1, 3), (1, 4), (1, 5), (2, 5), (2, 6), (2, 5), (5, 0), (6, 0), (6, 1), (5, 1)];
        let rcf = Rcf::new(7, likes);
        // 5 is liked by 1 (shares 3 and 4 of 3, 4, 5) and by 2 (shares nothing).
        assert!((rcf.interest(0, 5) - f64::midpoint(2.0 / 3.0, 0.0)).abs() < 1e-15);
        // 0 is liked by 5 and 6; 5 itself is not asked about its own taste.
        assert!((rcf.interest(5, 0) - 1.0).abs() < 1e-15);
        assert!((rcf.reciprocal(0, 5) - 0.5).abs() < 1e-15);
        assert!((rcf.reciprocal(5, 0) - 0.5).abs() < 1e-15);
        assert!(rcf.interest(3, 2).abs() < 1e-15, "nobody likes 2");
        assert!(rcf.reciprocal(3, 2).abs() < 1e-15);
    }

    #[test]
    fn jaccard_of_lists() {
        assert!((jaccard(&[1, 2, 3], &[2, 3, 4, 5]) - 0.4).abs() < 1e-15);
        assert!(jaccard(&[], &[]).abs() < 1e-15);
        assert!((jaccard(&[7], &[7]) - 1.0).abs() < 1e-15);
    }
}
