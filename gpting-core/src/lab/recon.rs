//! RECON: what somebody wants is what the people have in common whom they contacted.
//!
//! Called by `speed_dating` and by whoever compares with it on their own logs. Content only: it needs no other person's
//! history and says something about a newcomer as soon as others have contacted people like them.
//! Invariant: scores are in `(0, 1]` for people who tell anything, and [`Recon::reciprocal`] is symmetric.
//! Source: Pizzato, Rej, Chung, Koprinska, Kay, "RECON: a reciprocal recommender for online dating", `RecSys` 2010.

/// Counts of the attribute values of those whom each person contacted.
#[derive(Clone, Debug)]
pub struct Recon {
    /// Where the counts of an attribute begin, and after the last attribute where they end.
    starts: Vec<usize>,
    /// Per person and attribute, what they tell of themselves.
    values: Vec<Option<u32>>,
    /// Per person and value of an attribute, how many of those they contacted have it.
    counts: Vec<u32>,
}

impl Recon {
    /// People who have contacted nobody yet.
    ///
    /// `choices[a]` is how many values attribute `a` has; `values` holds, per person, one value per attribute, `None`
    /// where nothing is told. Memory is `people × sum of choices` counts.
    ///
    /// # Panics
    /// When `values` is not whole people, or a value is not below the number of choices.
    pub fn new(choices: &[u32], values: Vec<Option<u32>>) -> Self {
        let mut starts = vec![0];
        starts.extend(choices.iter().scan(0, |sum, &n| {
            *sum += n as usize;
            Some(*sum)
        }));
        let people = values.len() / choices.len().max(1);
        assert_eq!(values.len(), people * choices.len(), "every person has a place for every attribute");
        let in_range =
            |(at, value): (usize, &Option<u32>)| value.is_none_or(|value| value < choices[at % choices.len()]);
        assert!(values.iter().enumerate().all(in_range), "values are below the number of choices");
        let counts = vec![0; people * starts[choices.len()]];
        Self { starts, values, counts }
    }

    /// `from` contacted `to`. `O(attributes)`.
    ///
    /// # Panics
    /// When there is no such person; so do the other methods.
    pub fn contact(&mut self, from: usize, to: usize) {
        for attribute in 0..self.attributes() {
            if let Some(value) = self.value(to, attribute) {
                let all = self.starts[self.attributes()];
                self.counts[from * all + self.starts[attribute] + value] += 1;
            }
        }
    }

    /// How well `to` is what `from` contacts, in `[0, 1]`: the mean over the attributes that `to` tells of the share of
    /// `from`'s contacts with the same value, one added to every count. 0 when `to` tells nothing. `O(sum of choices)`.
    pub fn compatibility(&self, from: usize, to: usize) -> f64 {
        let all = self.starts[self.attributes()];
        let wanted = &self.counts[from * all..(from + 1) * all];
        let shares = (0..self.attributes()).filter_map(|attribute| {
            let counts = &wanted[self.starts[attribute]..self.starts[attribute + 1]];
            let value = self.value(to, attribute)?;
            let total: u32 = counts.iter().sum();
            Some(f64::from(counts[value] + 1) / f64::from(total + counts.len() as u32))
        });
        let (sum, told) = shares.fold((0.0, 0_u32), |(sum, told), share| (sum + share, told + 1));
        if told == 0 { 0.0 } else { sum / f64::from(told) }
    }

    /// The harmonic mean of both compatibilities.
    pub fn reciprocal(&self, a: usize, b: usize) -> f64 {
        harmonic(self.compatibility(a, b), self.compatibility(b, a))
    }

    fn attributes(&self) -> usize {
        self.starts.len() - 1
    }

    fn value(&self, person: usize, attribute: usize) -> Option<usize> {
        self.values[person * self.attributes() + attribute].map(|value| value as usize)
    }
}

/// `2ab / (a + b)`, 0 when both are.
pub(super) fn harmonic(a: f64, b: f64) -> f64 {
    if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hair (2 choices) and city (3 choices).
    fn four_people() -> Recon {
        let mut values = vec![Some(0), Some(0)];
        values.extend([Some(1), Some(1), Some(1), None, None, None]);
        Recon::new(&[2, 3], values)
    }

    #[test]
    fn contacts_make_a_taste() {
        let mut recon = four_people();
        assert!(
            (recon.compatibility(0, 1) - f64::midpoint(0.5, 1.0 / 3.0)).abs() < 1e-15,
            "without contacts all are equal"
        );
        recon.contact(0, 1);
        recon.contact(0, 2);
        // Hair 1: (2 + 1) / (2 + 2); city 1: (1 + 1) / (1 + 3), since the second told no city.
        assert!((recon.compatibility(0, 1) - f64::midpoint(0.75, 0.5)).abs() < 1e-15);
        assert!((recon.compatibility(0, 2) - 0.75).abs() < 1e-15, "what is not told is not asked");
        assert!((recon.compatibility(0, 0) - f64::midpoint(0.25, 0.25)).abs() < 1e-15);
        assert!(recon.compatibility(0, 3).abs() < 1e-15, "nothing told");
    }

    #[test]
    fn both_sides_count_alike() {
        let mut recon = four_people();
        recon.contact(0, 1);
        let (there, back) = (recon.compatibility(0, 1), recon.compatibility(1, 0));
        assert!(there > back);
        assert!((recon.reciprocal(0, 1) - 2.0 / (1.0 / there + 1.0 / back)).abs() < 1e-15);
        assert!((recon.reciprocal(0, 1) - recon.reciprocal(1, 0)).abs() < 1e-15);
        assert!(recon.reciprocal(3, 3).abs() < 1e-15);
    }
}
