//! How good a ranking and how honest a probability is, measured against what happened.
//!
//! Called by `speed_dating` and by whoever replays their own logs. Scores and labels are parallel slices; higher scores
//! come first. Every measure takes a weight per row, which is how `bootstrap` draws people again without sorting again.
//! Invariants: ties are shared out evenly (the expected value over every order of the tied rows), so no measure depends on
//! the order of rows; what is undefined (no positive row, say) is `None`, never 0.
//! Sources: Fawcett, "An introduction to ROC analysis", 2006; `McSherry` & Najork, "Computing information retrieval
//! performance measures efficiently in the presence of tied scores", ECIR 2008; Naeini et al., AAAI 2015 (calibration).

/// Rows sorted by their score once, to be measured often.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Row and label, best score first.
    rows: Vec<(u32, bool)>,
    /// Where each run of equal scores ends in `rows`.
    ends: Vec<usize>,
}

impl Ranking {
    /// Sorts rows by score, descending. `O(n log n)`.
    ///
    /// # Panics
    /// When the slices differ in length, or a score is not a number.
    pub fn new(scores: &[f64], labels: &[bool]) -> Self {
        assert_eq!(scores.len(), labels.len(), "a label for every score");
        assert!(scores.iter().all(|score| !score.is_nan()), "scores are numbers");
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        let mut ends = Vec::new();
        for at in 1..=order.len() {
            let is_end = at == order.len() || scores[order[at] as usize] < scores[order[at - 1] as usize];
            if is_end {
                ends.push(at);
            }
        }
        Self { rows: order.into_iter().map(|row| (row, labels[row as usize])).collect(), ends }
    }

    /// Chance that a positive row stands above a negative one, in `[0, 1]`; ties count half. `None` without one of each.
    pub fn auc(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        let (mut above, mut negatives, mut won) = (0.0, 0.0, 0.0);
        self.each_tie(weight, |positive, negative| {
            won += negative * (above + positive / 2.0);
            above += positive;
            negatives += negative;
        });
        (above > 0.0 && negatives > 0.0).then(|| won / (above * negatives))
    }

    /// Mean precision at the places of the positive rows, in `(0, 1]`; tied rows are taken together. `None` without a
    /// positive row.
    pub fn average_precision(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        let (mut positives, mut all, mut sum) = (0.0, 0.0, 0.0);
        self.each_tie(weight, |positive, negative| {
            positives += positive;
            all += positive + negative;
            if all > 0.0 {
                sum += positive * positives / all;
            }
        });
        (positives > 0.0).then(|| sum / positives)
    }

    /// Discounted gain of the first `k` rows over the best possible, in `[0, 1]`: gain 1 for a positive row, discount
    /// `1 / log2(place + 1)`. `None` without a positive row.
    pub fn ndcg_at(&self, k: usize) -> Option<f64> {
        let discount = |place: usize| 1.0 / ((place + 2) as f64).log2();
        let positives = self.rows.iter().filter(|(_, label)| *label).count();
        let ideal: f64 = (0..positives.min(k)).map(discount).sum();
        let gain: f64 = self.expected().take(k).enumerate().map(|(place, share)| share * discount(place)).sum();
        (ideal > 0.0).then(|| gain / ideal)
    }

    /// Share of positive rows among the first `k` (or all, if there are fewer). `None` without rows.
    pub fn precision_at(&self, k: usize) -> Option<f64> {
        let places = k.min(self.rows.len());
        (places > 0).then(|| self.expected().take(places).sum::<f64>() / places as f64)
    }

    /// Per run of equal scores, from the best: weight of its positive and of its negative rows.
    fn each_tie(&self, weight: impl Fn(usize) -> f64, mut visit: impl FnMut(f64, f64)) {
        let mut start = 0;
        for &end in &self.ends {
            let (mut positive, mut negative) = (0.0, 0.0);
            for &(row, label) in &self.rows[start..end] {
                *if label { &mut positive } else { &mut negative } += weight(row as usize);
            }
            visit(positive, negative);
            start = end;
        }
    }

    /// Per place, from the best: the chance that a positive row stands there when ties are in random order.
    fn expected(&self) -> impl Iterator<Item = f64> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).flat_map(|(start, &end)| {
            let positives = self.rows[start..end].iter().filter(|(_, label)| *label).count();
            std::iter::repeat_n(positives as f64 / (end - start) as f64, end - start)
        })
    }
}

/// [`Ranking::auc`] of rows that all weigh the same. `O(n log n)`.
pub fn auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    Ranking::new(scores, labels).auc(|_| 1.0)
}

/// [`Ranking::average_precision`] of rows that all weigh the same. `O(n log n)`.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Option<f64> {
    Ranking::new(scores, labels).average_precision(|_| 1.0)
}

/// One ranking per person. `owners[row]` is whose list a row belongs to, below `people`. `O(n log n)`.
///
/// A measure over people is the mean over those lists for which it is defined; uAUC is that mean of [`Ranking::auc`].
///
/// # Panics
/// When the slices differ in length or an owner is not below `people`.
pub fn lists(people: usize, owners: &[u32], scores: &[f64], labels: &[bool]) -> Vec<Ranking> {
    assert!(owners.len() == scores.len() && owners.len() == labels.len(), "an owner and a label for every score");
    let mut own = vec![(Vec::new(), Vec::new()); people];
    for ((&owner, &score), &label) in owners.iter().zip(scores).zip(labels) {
        let (scores, labels) = &mut own[owner as usize];
        scores.push(score);
        labels.push(label);
    }
    own.iter().map(|(scores, labels)| Ranking::new(scores, labels)).collect()
}

/// Mean of the defined values. `None` when there are none.
pub fn mean(values: &[Option<f64>], weight: impl Fn(usize) -> f64) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?))) {
        sum += weight(at) * value;
        total += weight(at);
    }
    (total > 0.0).then(|| sum / total)
}

/// Expected calibration error of probabilities, in `[0, 1]`: over `bins` bins of equal width, the mean distance between
/// the mean probability and the share of positive rows, weighted by rows. `None` without rows. `O(n)`.
///
/// # Panics
/// When the slices differ in length, `bins` is 0, or a probability is outside `[0, 1]`.
pub fn calibration_error(
    probabilities: &[f64],
    labels: &[bool],
    bins: usize,
    weight: impl Fn(usize) -> f64,
) -> Option<f64> {
    assert_eq!(probabilities.len(), labels.len(), "a label for every probability");
    let mut gaps = vec![0.0; bins];
    let mut total = 0.0;
    for (row, (&p, &label)) in probabilities.iter().zip(labels).enumerate() {
        assert!((0.0..=1.0).contains(&p), "{p} is no probability");
        let bin = ((p * bins as f64) as usize).min(bins - 1);
        gaps[bin] += weight(row) * (p - f64::from(u8::from(label)));
        total += weight(row);
    }
    (total > 0.0).then(|| gaps.iter().map(|gap: &f64| gap.abs()).sum::<f64>() / total)
}

/// Mean squared distance between a probability and what happened, in `[0, 1]`. `None` without rows. `O(n)`.
///
/// # Panics
/// When the slices differ in length.
pub fn brier(probabilities: &[f64], labels: &[bool], weight: impl Fn(usize) -> f64) -> Option<f64> {
    assert_eq!(probabilities.len(), labels.len(), "a label for every probability");
    let squares: Vec<_> =
        probabilities.iter().zip(labels).map(|(p, &label)| Some((p - f64::from(u8::from(label))).powi(2))).collect();
    mean(&squares, weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [bool; 6] = [true, false, true, false, false, true];

    #[test]
    fn auc_counts_pairs_and_halves_ties() {
        let scores = [0.9, 0.8, 0.8, 0.3, 0.1, 0.2];
        // Positive 0.9 beats 3; 0.8 beats 2 and ties 1; 0.2 beats 1.
        assert!((auc(&scores, &LABELS).unwrap() - (3.0 + 2.5 + 1.0) / 9.0).abs() < 1e-15);
        assert_eq!(auc(&[1.0; 6], &LABELS), Some(0.5));
        assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
        assert_eq!(auc(&[], &[]), None);
        let negated = scores.map(|score| -score);
        assert!((auc(&negated, &LABELS).unwrap() + auc(&scores, &LABELS).unwrap() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_weight_is_as_good_as_a_repeated_row() {
        let scores = [0.9, 0.8, 0.8, 0.3, 0.1, 0.2];
        let weights = [2_usize, 0, 1, 3, 1, 2];
        let repeated = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(weights).flat_map(|(&value, times)| std::iter::repeat_n(value, times)).collect()
        };
        let labels: Vec<bool> =
            repeated(&LABELS.map(|l| f64::from(u8::from(l)))).iter().map(|&label| label > 0.5).collect();
        let many = repeated(&scores);
        let weight = |row: usize| weights[row] as f64;
        let ranking = Ranking::new(&scores, &LABELS);
        assert!((ranking.auc(weight).unwrap() - auc(&many, &labels).unwrap()).abs() < 1e-15);
        let precision = average_precision(&many, &labels).unwrap();
        assert!((ranking.average_precision(weight).unwrap() - precision).abs() < 1e-15);
        let error = calibration_error(&many, &labels, 10, |_| 1.0).unwrap();
        assert!((calibration_error(&scores, &LABELS, 10, weight).unwrap() - error).abs() < 1e-15);
        let square = brier(&many, &labels, |_| 1.0).unwrap();
        assert!((brier(&scores, &LABELS, weight).unwrap() - square).abs() < 1e-15);
    }

    #[test]
    fn average_precision_takes_ties_together() {
        let sorted = average_precision(&[4.0, 3.0, 2.0, 1.0], &[true, false, true, false]).unwrap();
        assert!((sorted - f64::midpoint(1.0, 2.0 / 3.0)).abs() < 1e-15);
        let tied = average_precision(&[4.0, 3.0, 3.0, 1.0], &[false, false, true, true]).unwrap();
        assert!((tied - f64::midpoint(1.0 / 3.0, 2.0 / 4.0)).abs() < 1e-15);
        assert_eq!(average_precision(&[1.0], &[false]), None);
    }

    #[test]
    fn gain_is_discounted_by_place() {
        let ranking = Ranking::new(&[5.0, 4.0, 3.0, 2.0], &[false, true, false, true]);
        let second = 1.0 / 3.0_f64.log2();
        let ideal = 1.0 + second;
        assert!((ranking.ndcg_at(4).unwrap() - (second + 1.0 / 5.0_f64.log2()) / ideal).abs() < 1e-15);
        assert!((ranking.ndcg_at(2).unwrap() - second / ideal).abs() < 1e-15);
        assert_eq!(ranking.precision_at(1), Some(0.0));
        assert_eq!(ranking.precision_at(2), Some(0.5));
        assert_eq!(ranking.precision_at(9), Some(0.5));
        assert_eq!(Ranking::new(&[1.0], &[false]).ndcg_at(5), None);
        // Of two tied rows one is positive: it is first half of the time.
        let tied = Ranking::new(&[1.0, 1.0], &[false, true]);
        assert_eq!(tied.precision_at(1), Some(0.5));
        assert!((tied.ndcg_at(2).unwrap() - f64::midpoint(1.0, second)).abs() < 1e-15);
    }

    #[test]
    fn lists_are_measured_apart() {
        let lists = lists(3, &[0, 1, 0, 1], &[1.0, 2.0, 0.0, 3.0], &[true, true, false, false]);
        let values: Vec<_> = lists.iter().map(|list| list.auc(|_| 1.0)).collect();
        assert_eq!(values, [Some(1.0), Some(0.0), None]);
        assert_eq!(mean(&values, |_| 1.0), Some(0.5));
        assert_eq!(mean(&values, |person| if person == 0 { 3.0 } else { 1.0 }), Some(0.75));
        assert_eq!(mean(&values[2..], |_| 1.0), None);
    }

    #[test]
    fn calibration_compares_bins() {
        let labels = [true, false, true, false];
        assert!((calibration_error(&[0.5; 4], &labels, 10, |_| 1.0).unwrap()).abs() < 1e-15);
        let error = calibration_error(&[1.0, 0.05, 0.85, 0.15], &labels, 10, |_| 1.0).unwrap();
        assert!((error - (0.05 + 0.15 + 0.15) / 4.0).abs() < 1e-15);
        assert!((brier(&[1.0, 0.5, 1.0, 0.5], &labels, |_| 1.0).unwrap() - 0.125).abs() < 1e-15);
        assert_eq!(calibration_error(&[], &[], 10, |_| 1.0), None);
    }
}
