//! What a person seeks, as the mean of what the people are whom they liked: kept up to date without remembering them.
//!
//! Called by `population` when a decision or a person changes; works on a row's `is` and `seeks` in place. For `n` likes
//! `seeks = (prior · is + Σ is of the liked) / (prior + n)`, so a like is one weighted step, and undoing it the step back.
//! Invariant: with no likes `seeks` is `is`, exactly; otherwise up to the rounding of an f32.

/// A like more or less, or one that counts otherwise than before: from `before` likes to `after`; `liked` is what the
/// other was when they were liked, in as many of the first dimensions as are learned.
pub(super) fn turn(mine: &mut [f32], liked: &[f32], prior: f32, before: f64, after: f64) {
    let (is, seeks) = mine.split_at_mut(mine.len() / 2);
    if after <= 0.0 {
        seeks.copy_from_slice(is);
        return;
    }
    let (had, has) = (f64::from(prior) + before, f64::from(prior) + after);
    let step = after - before;
    for (seek, liked) in seeks.iter_mut().zip(liked) {
        *seek = ((f64::from(*seek) * had + step * f64::from(*liked)) / has) as f32;
    }
}

/// A person says something new of themselves: `new` and `old` are `is`, then `seeks`. What was learned of the first
/// `learned` dimensions stays.
pub(super) fn keep(new: &mut [f32], old: &[f32], learned: usize, prior: f32, likes: f64) {
    let (is, seeks) = new.split_at_mut(old.len() / 2);
    let (was, sought) = old.split_at(is.len());
    seeks[learned..].copy_from_slice(&is[learned..]);
    if likes <= 0.0 {
        seeks.copy_from_slice(is);
        return;
    }
    let share = f64::from(prior) / (f64::from(prior) + likes);
    for (((seek, is), was), sought) in seeks.iter_mut().zip(&*is).zip(was).zip(sought).take(learned) {
        *seek = (f64::from(*sought) + share * (f64::from(*is) - f64::from(*was))) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(own: [f32; 2], liked: &[[f32; 2]], prior: f32) -> [f32; 2] {
        [0, 1].map(|at| {
            let sum: f32 = liked.iter().map(|one| one[at]).sum();
            (prior * own[at] + sum) / (prior + liked.len() as f32)
        })
    }

    #[test]
    fn dimensions_that_are_not_learned_stay_the_own() {
        let mut mine = vec![1.0, 0.5, 1.0, 0.5];
        turn(&mut mine, &[0.0], 1.0, 0.0, 1.0);
        assert_eq!(mine, [1.0, 0.5, 0.5, 0.5]);
        let mut new = vec![0.0, -0.5, 9.0, 9.0];
        keep(&mut new, &mine, 1, 1.0, 1.0);
        assert_eq!(new, [0.0, -0.5, 0.0, -0.5]);
        turn(&mut new, &[0.0], 1.0, 1.0, 0.0);
        assert_eq!(new, [0.0, -0.5, 0.0, -0.5]);
    }

    fn close(mine: &[f32], wanted: [f32; 2]) {
        assert!(mine[2..].iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6), "{mine:?}, not {wanted:?}");
    }

    #[test]
    fn it_is_the_mean_of_the_own_and_the_liked_whatever_came_first() {
        let liked = [[0.0, 1.0], [0.6, -0.8], [-1.0, 0.0]];
        let mut mine = vec![1.0, 0.0, 1.0, 0.0];
        for (n, one) in (0_u8..).zip(&liked) {
            turn(&mut mine, one, 4.0, f64::from(n), f64::from(n + 1));
            close(&mine, mean([1.0, 0.0], &liked[..=usize::from(n)], 4.0));
        }
        // The own text changes, then the second like is taken back, then the others.
        let mut new = vec![0.0, 1.0, 9.0, 9.0];
        keep(&mut new, &mine, 2, 4.0, 3.0);
        close(&new, mean([0.0, 1.0], &liked, 4.0));
        turn(&mut new, &liked[1], 4.0, 3.0, 2.0);
        close(&new, mean([0.0, 1.0], &[liked[0], liked[2]], 4.0));
        turn(&mut new, &liked[0], 4.0, 2.0, 1.0);
        turn(&mut new, &liked[2], 4.0, 1.0, 0.0);
        assert_eq!(new, [0.0, 1.0, 0.0, 1.0], "exactly where it began");
    }
}
