//! Maximum-weight assignment of two sides.
//!
//! Called by `daily` for the pick of the day and by `slots` for the first places of lists. Invariant: potentials stay
//! feasible, so what comes out is optimal; ties go to the earlier name.

use super::Matrix;

/// Nobody yet.
const NONE: u32 = u32::MAX;

/// Rounds of the quick phase, in which rows bid for their best column.
const QUICK_ROUNDS: usize = 4;

/// The solver: costs of `rows × columns` with `rows ≤ columns`, and what it knows about them.
///
/// Augmenting row reduction and shortest augmenting paths. Worst case `O(rows² columns)`, usually far less. Source: Jonker
/// and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems", Computing 38,
/// 1987.
#[derive(Debug)]
pub(super) struct Assignment {
    costs: Matrix<f64>,
    /// The potential of a column: what a row pays on top of the cost. Never positive; zero while the
    /// column may stay free.
    potentials: Vec<f64>,
    row_of: Vec<u32>,
    column_of: Vec<u32>,
}

impl Assignment {
    /// # Panics
    /// If there are more rows than columns.
    pub(super) fn new(costs: Matrix<f64>) -> Self {
        assert!(costs.rows() <= costs.columns(), "no more rows than columns");
        let mut potentials = vec![0.0; costs.columns()];
        if costs.rows() == costs.columns() {
            // No column stays free, so each may start at its cheapest: who is wanted by all is dear at once.
            for row in 0..costs.rows() {
                for (potential, cost) in potentials.iter_mut().zip(costs.row(row)) {
                    *potential = cost.min(*potential);
                }
            }
        }
        Self { potentials, row_of: Vec::new(), column_of: Vec::new(), costs }
    }

    /// The cost of a pair, to write to; raise it before the next [`Self::solve`] to keep the pair out.
    pub(super) fn cost_mut(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.costs.row_mut(row)[column]
    }

    /// The column of every row, at the least total cost.
    pub(super) fn solve(&mut self) -> &[u32] {
        let (rows, columns) = (self.costs.rows(), self.costs.columns());
        if rows < columns {
            // A column that stays free must have no potential.
            self.potentials.fill(0.0);
        }
        self.row_of = vec![NONE; columns];
        self.column_of = vec![NONE; rows];
        let mut free: Vec<u32> = (0..).take(rows).collect();
        for _ in 0..QUICK_ROUNDS {
            free = self.bid(&free);
        }
        let mut search = Search::new(columns);
        for row in free {
            search.augment(self, row as usize);
        }
        &self.column_of
    }

    /// Every free row takes its cheapest column and lowers the column's potential to where the second is as good; who
    /// loses a column that way is free again. Returns who still is.
    fn bid(&mut self, free: &[u32]) -> Vec<u32> {
        // Ties can be taken back and forth; a row bids a bounded number of times.
        let (mut open, mut later, mut budget) = (free.to_vec(), Vec::new(), free.len() * 8);
        open.reverse();
        while let Some(row) = open.pop() {
            let (first, second) = self.two_cheapest(row as usize);
            let gap = second.1 - first.1;
            let mut column = first.0;
            if gap > 0.0 {
                self.potentials[column] -= gap;
            } else if self.row_of[column] != NONE {
                column = second.0;
            }
            let loser = std::mem::replace(&mut self.row_of[column], row);
            self.column_of[row as usize] = column as u32;
            if loser != NONE {
                self.column_of[loser as usize] = NONE;
                budget = budget.saturating_sub(1);
                if gap > 0.0 && budget > 0 {
                    open.push(loser);
                } else {
                    later.push(loser);
                }
            }
        }
        later
    }

    /// The two cheapest columns of a row, potentials counted; the second repeats the first when there is no other.
    fn two_cheapest(&self, row: usize) -> ((usize, f64), (usize, f64)) {
        let (mut first, mut second) = ((0, f64::INFINITY), (0, f64::INFINITY));
        for (column, (cost, potential)) in self.costs.row(row).iter().zip(&self.potentials).enumerate() {
            let price = cost - potential;
            if price < second.1 {
                if price < first.1 {
                    second = first;
                    first = (column, price);
                } else {
                    second = (column, price);
                }
            }
        }
        if second.1.is_infinite() { (first, first) } else { (first, second) }
    }
}

/// Memory of the search for one shortest augmenting path.
struct Search {
    distance: Vec<f64>,
    from: Vec<u32>,
    /// Columns in the order: done, at the present distance, still open.
    columns: Vec<u32>,
}

impl Search {
    fn new(columns: usize) -> Self {
        Self { distance: vec![0.0; columns], from: vec![0; columns], columns: (0..).take(columns).collect() }
    }

    /// Gives `row` a column by moving others along the cheapest path (Dijkstra on reduced costs).
    fn augment(&mut self, problem: &mut Assignment, row: usize) {
        for (column, (cost, potential)) in problem.costs.row(row).iter().zip(&problem.potentials).enumerate() {
            self.distance[column] = cost - potential;
        }
        self.from.fill(row as u32);
        let (mut done, mut near) = (0, 0);
        let (end, least) = 'path: loop {
            if done == near {
                near = self.gather(done);
                let ahead = &self.columns[done..near];
                let least = self.distance[ahead[0] as usize];
                if let Some(column) = ahead.iter().find(|column| problem.row_of[**column as usize] == NONE) {
                    break 'path (*column, least);
                }
            }
            let column = self.columns[done] as usize;
            let least = self.distance[column];
            done += 1;
            let owner = problem.row_of[column] as usize;
            let costs = problem.costs.row(owner);
            let base = costs[column] - problem.potentials[column] - least;
            let open = near;
            for at in open..self.columns.len() {
                let column = self.columns[at] as usize;
                let through = costs[column] - problem.potentials[column] - base;
                if through < self.distance[column] {
                    self.distance[column] = through;
                    self.from[column] = owner as u32;
                    if through <= least {
                        if problem.row_of[column] == NONE {
                            break 'path (column as u32, least);
                        }
                        self.columns.swap(at, near);
                        near += 1;
                    }
                }
            }
        };
        for column in &self.columns[..done] {
            problem.potentials[*column as usize] += self.distance[*column as usize] - least;
        }
        let mut column = end;
        loop {
            let owner = self.from[column as usize];
            problem.row_of[column as usize] = owner;
            std::mem::swap(&mut problem.column_of[owner as usize], &mut column);
            if owner as usize == row {
                break;
            }
        }
    }

    /// Moves the columns at the least distance to the front of the open ones; where they end.
    fn gather(&mut self, done: usize) -> usize {
        let (mut near, mut least) = (done, f64::INFINITY);
        for at in done..self.columns.len() {
            let distance = self.distance[self.columns[at] as usize];
            if distance <= least {
                if distance < least {
                    least = distance;
                    near = done;
                }
                self.columns.swap(at, near);
                near += 1;
            }
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::SplitMix;
    use super::*;

    /// The least cost over all ways, by dynamic programming over sets of columns.
    fn least(costs: &Matrix<f64>) -> f64 {
        let mut best = vec![f64::INFINITY; 1 << costs.columns()];
        best[0] = 0.0;
        for set in 0_usize..1 << costs.columns() {
            let row = set.count_ones() as usize;
            if row < costs.rows() {
                for column in (0..costs.columns()).filter(|column| set >> column & 1 == 0) {
                    let next = set | 1 << column;
                    best[next] = best[next].min(best[set] + costs.at(row, column));
                }
            }
        }
        let full = (0..best.len()).filter(|set| set.count_ones() as usize == costs.rows());
        full.map(|set| best[set]).fold(f64::INFINITY, f64::min)
    }

    fn total(costs: &Matrix<f64>, columns: &[u32]) -> f64 {
        let mut used = columns.to_vec();
        used.sort_unstable();
        assert!(used.windows(2).all(|pair| pair[0] < pair[1]), "nobody is assigned twice");
        columns.iter().enumerate().map(|(row, column)| costs.at(row, *column as usize)).sum()
    }

    #[test]
    fn no_way_is_cheaper() {
        let mut random = SplitMix::of(&[3]);
        for round in 0..400 {
            let (rows, more) = (1 + round % 6, round / 6 % 3);
            // Few distinct costs make ties, which is where such solvers go wrong.
            let grain = [4.0, 1e9, 1.0][round % 3];
            let cost = |_, _| (random.uniform() * grain).floor() / grain - 0.5;
            let costs = Matrix::from_fn(rows, rows + more, cost);
            let mut solver = Assignment::new(costs.clone());
            let found = total(&costs, solver.solve());
            assert!((found - least(&costs)).abs() < 1e-12, "{costs:?}: {found}");
            // Keep the pairs out and solve again from where it stands.
            let columns = solver.solve().to_vec();
            let mut raised = costs.clone();
            for (row, column) in columns.iter().enumerate() {
                *solver.cost_mut(row, *column as usize) += 10.0;
                raised.row_mut(row)[*column as usize] += 10.0;
            }
            assert!((total(&raised, solver.solve()) - least(&raised)).abs() < 1e-9, "{raised:?} again");
        }
    }
}
