//! The heaviest matching of a small graph of any shape, exactly.
//!
//! Called by the parent for small components that the relaxation leaves with a gap. Edmonds' primal-dual method with all
//! exposed vertices growing trees at once: duals `y` of vertices and `z` of blossoms change until an edge is tight; a tight
//! edge grows a tree, shrinks an odd circle into a blossom, or joins two trees, whose path then swaps its edges. Between
//! any two ids the tightest edge is kept in a matrix, so a stage costs `O(n²)` and all of it `O(n³)`. Sources: Edmonds,
//! "Maximum matching and a polyhedron with 0,1-vertices", 1965; Galil, "Efficient algorithms for finding maximum matching in
//! graphs", 1986. Invariant: integers throughout; weights are doubled inside slacks, so that half steps stay whole.

const NONE: usize = usize::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    /// In no tree.
    Free,
    /// At an even distance from a root: may reach out.
    Even,
    Odd,
}

/// Vertices have the ids below `n`, blossoms those from `n` on.
struct Search {
    n: usize,
    ids: usize,
    weight: Vec<i64>,
    /// The dual of a vertex, twice the dual of a blossom.
    dual: Vec<i64>,
    /// By pair of ids the tightest edge between them, from the first to the second.
    tightest: Vec<Option<(usize, usize)>>,
    /// The outermost blossom around an id; `NONE` for an id that is not in use.
    top: Vec<usize>,
    /// By outermost id: the vertex it is matched with.
    mate: Vec<usize>,
    /// By odd id: the vertex that reached it.
    parent: Vec<usize>,
    label: Vec<Label>,
    /// By outermost id: the even vertex with the tightest edge to it.
    reach: Vec<usize>,
    /// The ids around a blossom's circle, its base first.
    circle: Vec<Vec<usize>>,
    /// By blossom and vertex: which id of the circle holds it.
    holder: Vec<usize>,
    mark: Vec<usize>,
    marks: usize,
    queue: Vec<usize>,
}

/// The partner of each of `n` vertices in a heaviest matching of edges with positive weights. `O(n³)`, `O(n²)` memory.
pub(super) fn heaviest(n: usize, edges: &[(usize, usize, i64)]) -> Vec<Option<usize>> {
    let mut search = Search::new(n, edges);
    while search.stage() {}
    search.mate[..n].iter().map(|&mate| (mate != NONE).then_some(mate)).collect()
}

impl Search {
    fn new(n: usize, edges: &[(usize, usize, i64)]) -> Self {
        let most = n + n / 2 + 1;
        let mut search = Self {
            n,
            ids: n,
            weight: vec![0; n * n],
            dual: vec![0; most],
            tightest: vec![None; most * most],
            top: (0..most).map(|id| if id < n { id } else { NONE }).collect(),
            mate: vec![NONE; most],
            parent: vec![NONE; most],
            label: vec![Label::Free; most],
            reach: vec![NONE; most],
            circle: vec![Vec::new(); most],
            holder: vec![NONE; most * n],
            mark: vec![0; most],
            marks: 0,
            queue: Vec::new(),
        };
        for &(a, b, weight) in edges {
            search.weight[a * n + b] = weight;
            search.weight[b * n + a] = weight;
            *search.edge_mut(a, b) = Some((a, b));
            *search.edge_mut(b, a) = Some((b, a));
        }
        let heaviest = edges.iter().map(|edge| edge.2).max().unwrap_or(0);
        search.dual[..n].fill(heaviest);
        search
    }

    fn edge(&self, x: usize, y: usize) -> Option<(usize, usize)> {
        self.tightest[x * self.top.len() + y]
    }

    fn edge_mut(&mut self, x: usize, y: usize) -> &mut Option<(usize, usize)> {
        let width = self.top.len();
        &mut self.tightest[x * width + y]
    }

    /// How far the tightest edge between two ids is from tight; the largest number when there is none.
    fn slack(&self, x: usize, y: usize) -> i64 {
        self.edge(x, y).map_or(i64::MAX, |(u, v)| self.dual[u] + self.dual[v] - 2 * self.weight[u * self.n + v])
    }

    fn is_outermost(&self, id: usize) -> bool {
        self.top[id] == id
    }

    /// One augmentation; `false` when the matching is the heaviest.
    fn stage(&mut self) -> bool {
        self.label[..self.ids].fill(Label::Free);
        self.reach[..self.ids].fill(NONE);
        self.queue.clear();
        for id in 0..self.ids {
            if self.is_outermost(id) && self.mate[id] == NONE {
                self.parent[id] = NONE;
                self.label[id] = Label::Even;
                self.enqueue(id);
            }
        }
        if self.queue.is_empty() {
            return false;
        }
        loop {
            if self.grow() {
                return true;
            }
            if !self.adjust() {
                return false;
            }
            self.queue.clear();
            for id in 0..self.ids {
                let from = self.reach[id];
                if self.is_outermost(id) && from != NONE && self.top[from] != id && self.slack(from, id) == 0 {
                    let edge = self.edge(from, id);
                    if edge.is_some_and(|(u, v)| self.found(u, v)) {
                        return true;
                    }
                }
            }
            for id in self.n..self.ids {
                if self.is_outermost(id) && self.label[id] == Label::Odd && self.dual[id] == 0 {
                    self.expand(id);
                }
            }
        }
    }

    /// Follows tight edges from even vertices; whether two trees met.
    fn grow(&mut self) -> bool {
        while let Some(u) = self.queue.pop() {
            if self.label[self.top[u]] == Label::Odd {
                continue;
            }
            for v in 0..self.n {
                if self.weight[u * self.n + v] > 0 && self.top[u] != self.top[v] {
                    if self.slack(u, v) > 0 {
                        self.reach_from(u, self.top[v]);
                    } else if self.found(u, v) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Changes duals until something becomes tight; `false` when exposed vertices have none left to give.
    fn adjust(&mut self) -> bool {
        let mut step = i64::MAX;
        for id in (0..self.ids).filter(|&id| self.is_outermost(id)) {
            if id >= self.n && self.label[id] == Label::Odd {
                step = step.min(self.dual[id] / 2);
            }
            if self.reach[id] != NONE {
                let slack = self.slack(self.reach[id], id);
                match self.label[id] {
                    Label::Free => step = step.min(slack),
                    Label::Even => step = step.min(slack / 2),
                    Label::Odd => {}
                }
            }
        }
        // Exposed vertices have the smallest dual of all even ones: at zero the matching is complementary to its duals.
        let least = (0..self.n).filter(|&v| self.label[self.top[v]] == Label::Even).map(|v| self.dual[v]).min();
        if least.is_none_or(|least| least <= step) {
            return false;
        }
        for id in 0..self.ids {
            let (sign, label) = match (id < self.n, self.top[id]) {
                (_, NONE) => continue,
                (true, top) => (-step, self.label[top]),
                (false, top) if top == id => (2 * step, self.label[id]),
                (false, _) => continue,
            };
            match label {
                Label::Even => self.dual[id] += sign,
                Label::Odd => self.dual[id] -= sign,
                Label::Free => {}
            }
        }
        true
    }

    fn enqueue(&mut self, id: usize) {
        if id < self.n {
            self.queue.push(id);
        } else {
            for inner in self.circle[id].clone() {
                self.enqueue(inner);
            }
        }
    }

    fn set_top(&mut self, id: usize, top: usize) {
        self.top[id] = top;
        if id >= self.n {
            for inner in self.circle[id].clone() {
                self.set_top(inner, top);
            }
        }
    }

    fn reach_from(&mut self, u: usize, id: usize) {
        if self.reach[id] == NONE || self.slack(u, id) < self.slack(self.reach[id], id) {
            self.reach[id] = u;
        }
    }

    fn reach_anew(&mut self, id: usize) {
        self.reach[id] = NONE;
        for u in 0..self.n {
            if self.edge(u, id).is_some() && self.top[u] != id && self.label[self.top[u]] == Label::Even {
                self.reach_from(u, id);
            }
        }
    }

    /// A tight edge from an even vertex; whether it augmented the matching.
    fn found(&mut self, u: usize, v: usize) -> bool {
        let (from, to) = (self.top[u], self.top[v]);
        match self.label[to] {
            Label::Free => {
                self.parent[to] = u;
                self.label[to] = Label::Odd;
                let next = self.top[self.mate[to]];
                self.reach[to] = NONE;
                self.reach[next] = NONE;
                self.label[next] = Label::Even;
                self.enqueue(next);
                false
            }
            Label::Even => {
                if let Some(base) = self.meeting(from, to) {
                    self.shrink(from, base, to);
                    return false;
                }
                self.augment(from, to);
                self.augment(to, from);
                true
            }
            Label::Odd => false,
        }
    }

    /// The id two steps nearer to the root.
    fn up(&self, id: usize) -> Option<usize> {
        let mate = self.mate[id];
        (mate != NONE).then(|| self.top[self.parent[self.top[mate]]])
    }

    /// Where the ways of two even ids to their roots meet.
    fn meeting(&mut self, x: usize, y: usize) -> Option<usize> {
        self.marks += 1;
        let (mut here, mut there) = (Some(x), Some(y));
        while here.is_some() || there.is_some() {
            if let Some(id) = here {
                if self.mark[id] == self.marks {
                    return Some(id);
                }
                self.mark[id] = self.marks;
                here = self.up(id);
            }
            std::mem::swap(&mut here, &mut there);
        }
        None
    }

    /// Swaps the edges on the way from an even id to its root, which gets the edge to `to` as its own.
    fn augment(&mut self, mut from: usize, mut to: usize) {
        loop {
            let mate = self.mate[from];
            self.match_with(from, to);
            if mate == NONE {
                return;
            }
            let odd = self.top[mate];
            let next = self.top[self.parent[odd]];
            self.match_with(odd, next);
            (from, to) = (next, odd);
        }
    }

    /// Matches an id along its edge to another, and inside it whatever that moves.
    fn match_with(&mut self, id: usize, other: usize) {
        let Some((u, v)) = self.edge(id, other) else { return };
        self.mate[id] = v;
        if id >= self.n {
            let inner = self.holder[id * self.n + u];
            let steps = self.even_way(id, inner);
            for at in 0..steps {
                let (x, y) = (self.circle[id][at], self.circle[id][at ^ 1]);
                self.match_with(x, y);
            }
            self.match_with(inner, other);
            self.circle[id].rotate_left(steps);
        }
    }

    /// Turns a circle so that the way from its base to `inner` has an even number of steps, and counts them.
    fn even_way(&mut self, blossom: usize, inner: usize) -> usize {
        let circle = &mut self.circle[blossom];
        let at = circle.iter().position(|&id| id == inner).unwrap_or(0);
        if at % 2 == 0 {
            return at;
        }
        circle[1..].reverse();
        circle.len() - at
    }

    /// Makes a blossom of the circle that an edge between two even ids closes.
    fn shrink(&mut self, from: usize, base: usize, to: usize) {
        let blossom = (self.n..self.ids).find(|&id| self.top[id] == NONE).unwrap_or(self.ids);
        self.ids = self.ids.max(blossom + 1);
        self.dual[blossom] = 0;
        self.label[blossom] = Label::Even;
        self.mate[blossom] = self.mate[base];
        let mut circle = vec![base];
        for (start, is_first) in [(from, true), (to, false)] {
            let mut id = start;
            while id != base {
                let odd = self.top[self.mate[id]];
                circle.extend([id, odd]);
                self.enqueue(odd);
                id = self.top[self.parent[odd]];
            }
            if is_first {
                circle[1..].reverse();
            }
        }
        self.circle[blossom].clone_from(&circle);
        self.set_top(blossom, blossom);
        for id in 0..self.ids {
            *self.edge_mut(blossom, id) = None;
            *self.edge_mut(id, blossom) = None;
        }
        self.holder[blossom * self.n..][..self.n].fill(NONE);
        for inner in circle {
            for id in 0..self.ids {
                if self.slack(inner, id) < self.slack(blossom, id) {
                    *self.edge_mut(blossom, id) = self.edge(inner, id);
                    *self.edge_mut(id, blossom) = self.edge(id, inner);
                }
            }
            for v in 0..self.n {
                if v == inner || (inner >= self.n && self.holder[inner * self.n + v] != NONE) {
                    self.holder[blossom * self.n + v] = inner;
                }
            }
        }
        self.reach_anew(blossom);
    }

    /// Takes an odd blossom without dual apart: the even way stays in the tree, the rest leaves it.
    fn expand(&mut self, blossom: usize) {
        for inner in self.circle[blossom].clone() {
            self.set_top(inner, inner);
        }
        let parent = self.parent[blossom];
        let Some((u, _)) = self.edge(blossom, parent) else { return };
        let entry = self.holder[blossom * self.n + u];
        let steps = self.even_way(blossom, entry);
        let circle = std::mem::take(&mut self.circle[blossom]);
        for pair in circle[..steps].as_chunks::<2>().0 {
            let [odd, even] = *pair;
            self.parent[odd] = self.edge(even, odd).map_or(NONE, |(u, _)| u);
            self.label[odd] = Label::Odd;
            self.label[even] = Label::Even;
            self.reach[odd] = NONE;
            self.reach_anew(even);
            self.enqueue(even);
        }
        self.label[entry] = Label::Odd;
        self.parent[entry] = parent;
        for &inner in &circle[steps + 1..] {
            self.label[inner] = Label::Free;
            self.reach_anew(inner);
        }
        self.top[blossom] = NONE;
    }
}
