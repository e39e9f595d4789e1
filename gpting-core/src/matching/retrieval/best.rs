//! The best so far by what is certain of them, and the score that the next one has to reach.
//!
//! Everybody is kept between the least and the most that their score can be. The floor is the `limit`-th largest least: who
//! cannot reach it is out, whoever can stays until the exact score decides. A buffer is cut by selection now and then,
//! which is cheaper than a heap for pages of some dozens.
//! Invariant: the page is among what is kept.

/// Somebody who may be on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) row: u32,
    /// The two logits: without content and signals, or whole when final.
    pub(super) sums: (f64, f64),
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) is_final: bool,
}

/// The best so far.
#[derive(Debug)]
pub(super) struct Best {
    limit: usize,
    found: Vec<Found>,
    /// How many are found before the hopeless ones are let go.
    room: usize,
    /// The largest leasts, somewhat more than `limit` of them.
    leasts: Vec<f64>,
    worst: f64,
}

impl Best {
    /// Nothing is found yet; whoever is surely below `floor` is not wanted.
    pub(super) fn new(limit: usize, floor: f64) -> Self {
        Self { limit, found: Vec::new(), room: limit.saturating_mul(3), leasts: Vec::new(), worst: floor }
    }

    /// The score to reach.
    pub(super) fn worst(&self) -> f64 {
        self.worst
    }

    /// The same for bounds in f32: not above it, and below everything before there is one.
    pub(super) fn floor(&self) -> f32 {
        if self.worst == f64::NEG_INFINITY { -1.0 } else { (self.worst as f32).next_down() }
    }

    pub(super) fn push(&mut self, found: Found) {
        if found.most < self.worst {
            return;
        }
        self.found.push(found);
        if found.least > self.worst {
            self.leasts.push(found.least);
        }
        let slack = if self.worst == f64::NEG_INFINITY { 0 } else { (self.limit / 8).max(4) };
        if self.leasts.len() >= self.limit.saturating_add(slack) {
            self.raise();
        }
        if self.found.len() >= self.room {
            let worst = self.worst;
            self.found.retain(|found| found.most >= worst);
            // Equal people all stay; looking through them for each one that comes would take the square of their number.
            self.room = self.limit.saturating_mul(3).max(2 * self.found.len());
        }
    }

    fn raise(&mut self) {
        let at = self.limit - 1;
        let (_, &mut last, _) = self.leasts.select_nth_unstable_by(at, |a, b| b.total_cmp(a));
        self.worst = last;
        self.leasts.truncate(self.limit);
    }

    /// Everybody who may be on the page.
    pub(super) fn into_rest(mut self) -> Vec<Found> {
        if self.leasts.len() > self.limit {
            self.raise();
        }
        let worst = self.worst;
        self.found.retain(|found| found.most >= worst);
        self.found
    }
}
