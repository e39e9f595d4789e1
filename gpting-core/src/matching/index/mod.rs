//! The rows that may be shown to anybody, sorted so that a search reads few of them: a B⁺-tree per [`Class`].
//!
//! Called by `population`, which writes rows, and by `retrieval`, which walks [`Tree`]s. Leaves, nodes and trees are shared
//! with older views until somebody writes to them (path copying), so a reader never waits and a write after a view copies
//! one leaf, one node and one list of nodes. People who take no part are not in here.
//! Invariants: every row of the index is in exactly one leaf, found by its key; nodes and leaves are sorted and not empty.

pub(super) mod columns;
pub(super) mod key;
pub(super) mod leaf;
pub(super) mod quantise;
pub(super) mod saved;
pub(super) mod summary;

use std::sync::Arc;

use columns::LEAF;
use key::{Class, Key};
use leaf::{Entry, Leaf, Rows};
use summary::{Summaries, Summary};

/// The most leaves of a node.
const NODE: usize = 64;
/// Leaves with fewer rows are joined with a neighbour when both fit into three quarters of one.
const FEW: usize = LEAF / 4;
/// Rows that a leaf gets when many people are taken in at once: nearly full, with room for a few changes.
const PACKED: usize = LEAF - 2;

/// The index of one population.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    trees: Vec<(Class, Arc<Tree>)>,
    stride: usize,
}

/// All rows of one class.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Arc<Node>>,
    /// Where each node begins.
    first: Vec<Key>,
}

/// Leaves that follow each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) leaves: Vec<Arc<Leaf>>,
    pub(super) summaries: Summaries,
    /// Where each leaf begins.
    first: Vec<Key>,
}

impl Index {
    pub(super) fn new(dims: usize) -> Self {
        Self { trees: Vec::new(), stride: Self::stride_of(dims) }
    }

    /// Bytes of one row of a plane; none without dimensions.
    pub(super) fn stride_of(dims: usize) -> usize {
        if dims == 0 { 0 } else { quantise::stride(dims) }
    }

    /// The trees, by class.
    pub(super) fn trees(&self) -> impl Iterator<Item = (Class, &Tree)> {
        self.trees.iter().map(|(class, tree)| (*class, &**tree))
    }

    /// Where each tree begins a node, with its class and the node.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (Class, Key, &Node)> {
        self.trees().flat_map(|(class, tree)| {
            tree.first.iter().zip(&tree.nodes).map(move |(first, node)| (class, *first, &**node))
        })
    }

    /// The index of these nodes, which come in the order of [`Self::nodes`].
    pub(super) fn of_nodes(dims: usize, nodes: impl IntoIterator<Item = (Class, Key, Node)>) -> Self {
        let mut trees: Vec<(Class, Tree)> = Vec::new();
        for (class, first, node) in nodes {
            if trees.last().is_none_or(|(last, _)| *last != class) {
                trees.push((class, Tree::default()));
            }
            let Some((_, tree)) = trees.last_mut() else { continue };
            tree.first.push(first);
            tree.nodes.push(Arc::new(node));
        }
        let trees = trees.into_iter().map(|(class, tree)| (class, Arc::new(tree))).collect();
        Self { trees, ..Self::new(dims) }
    }

    /// Bytes that a search may read.
    pub(super) fn bytes(&self) -> usize {
        let leaves = self.trees.iter().flat_map(|(_, tree)| &tree.nodes).flat_map(|node| &node.leaves);
        leaves.map(|leaf| leaf.bytes() + size_of::<Summary>() + size_of::<Key>()).sum()
    }

    /// Adds a row that is not there. `O(log rows)`, and a copy of what a view still shares.
    pub(super) fn insert(&mut self, class: Class, key: Key, entry: &Entry<'_>, rows: &impl Rows) {
        let stride = self.stride;
        let at = match self.trees.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(at) => at,
            Err(at) => {
                self.trees.insert(at, (class, Arc::default()));
                at
            }
        };
        Arc::make_mut(&mut self.trees[at].1).insert(key, entry, rows, stride);
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, class: Class, key: Key, row: u32, rows: &impl Rows) {
        let Ok(at) = self.trees.binary_search_by_key(&class, |(class, _)| *class) else { return };
        let tree = Arc::make_mut(&mut self.trees[at].1);
        tree.remove(key, row, rows, self.stride);
        if tree.nodes.is_empty() {
            self.trees.remove(at);
        }
    }

    /// Changes the leaf of a row in place: the change gets the leaf and the row's place in it.
    pub(super) fn edit(&mut self, class: Class, key: Key, row: u32, change: impl FnOnce(&mut Leaf, usize)) {
        let Ok(at) = self.trees.binary_search_by_key(&class, |(class, _)| *class) else { return };
        let tree = Arc::make_mut(&mut self.trees[at].1);
        let place = tree.place_of(key);
        let node = Arc::make_mut(&mut tree.nodes[place]);
        let place = node.place_of(key);
        let leaf = Arc::make_mut(&mut node.leaves[place]);
        if let Some(at) = leaf.find(row) {
            change(leaf, at);
            node.summaries.set(place, Summary::of(leaf));
        }
    }

    /// Rebuilds everything from sorted rows, leaves nearly full.
    pub(super) fn pack<'a>(&mut self, sorted: impl Iterator<Item = (Class, Key, Entry<'a>)>, rows: &impl Rows) {
        self.trees.clear();
        let mut leaf: Option<(Class, Key, Leaf)> = None;
        for (class, key, entry) in sorted {
            let fits = leaf.as_ref().is_some_and(|(last, _, leaf)| *last == class && leaf.len() < PACKED);
            if !fits && let Some((class, first, full)) = leaf.take() {
                self.append(class, first, full, rows);
            }
            let (_, _, leaf) = leaf.get_or_insert_with(|| (class, key, Leaf::new()));
            leaf.push(&entry, rows);
        }
        if let Some((class, first, last)) = leaf {
            self.append(class, first, last, rows);
        }
    }

    /// Puts a finished leaf behind all others of its class, which come in order.
    pub(super) fn append(&mut self, class: Class, first: Key, mut leaf: Leaf, rows: &impl Rows) {
        leaf.shrink();
        leaf.refit(rows);
        if self.trees.last().is_none_or(|(last, _)| *last != class) {
            self.trees.push((class, Arc::default()));
        }
        let Some((_, tree)) = self.trees.last_mut() else { return };
        let tree = Arc::make_mut(tree);
        if tree.nodes.last().is_none_or(|node| node.leaves.len() == NODE - 4) {
            tree.first.push(if tree.nodes.is_empty() { Key::FIRST } else { first });
            tree.nodes.push(Arc::default());
        }
        let Some(node) = tree.nodes.last_mut() else { return };
        let node = Arc::make_mut(node);
        node.first.push(first);
        let at = node.leaves.len();
        node.summaries.insert(at, Summary::of(&leaf));
        node.leaves.push(Arc::new(leaf));
    }
}

impl Tree {
    /// The node that has a key, or would have it.
    fn place_of(&self, key: Key) -> usize {
        self.first.partition_point(|first| *first <= key).saturating_sub(1)
    }

    /// The nodes that can hold a key from the first one on and before the last one.
    pub(super) fn between(&self, from: Key, to: Key) -> &[Arc<Node>] {
        let end = self.first.partition_point(|first| *first < to);
        &self.nodes[self.place_of(from).min(end)..end]
    }

    fn insert(&mut self, key: Key, entry: &Entry<'_>, rows: &impl Rows, stride: usize) {
        if self.nodes.is_empty() {
            self.nodes.push(Arc::default());
            self.first.push(Key::FIRST);
        }
        let at = self.place_of(key);
        let node = Arc::make_mut(&mut self.nodes[at]);
        node.insert(key, entry, rows, stride);
        if node.leaves.len() > NODE {
            let half = node.leaves.len() / 2;
            let right = Node {
                leaves: node.leaves.split_off(half),
                summaries: node.summaries.split_off(half),
                first: node.first.split_off(half),
            };
            self.first.insert(at + 1, right.first[0]);
            self.nodes.insert(at + 1, Arc::new(right));
        }
    }

    fn remove(&mut self, key: Key, row: u32, rows: &impl Rows, stride: usize) {
        let at = self.place_of(key);
        let node = Arc::make_mut(&mut self.nodes[at]);
        node.remove(key, row, rows, stride);
        if node.leaves.is_empty() {
            self.nodes.remove(at);
            self.first.remove(at);
            if let Some(first) = self.first.first_mut() {
                *first = Key::FIRST;
            }
        }
    }
}

impl Node {
    fn place_of(&self, key: Key) -> usize {
        self.first.partition_point(|first| *first <= key).saturating_sub(1)
    }

    fn insert(&mut self, key: Key, entry: &Entry<'_>, rows: &impl Rows, stride: usize) {
        if self.leaves.is_empty() {
            let mut leaf = Leaf::new();
            leaf.push(entry, rows);
            self.put(0, key, leaf);
            return;
        }
        let mut at = self.place_of(key);
        if self.leaves[at].is_full() {
            self.split(at, rows, stride);
            at = self.place_of(key);
        }
        self.first[at] = self.first[at].min(key);
        let leaf = Arc::make_mut(&mut self.leaves[at]);
        leaf.push(entry, rows);
        self.summaries.set(at, Summary::of(leaf));
    }

    fn put(&mut self, at: usize, first: Key, leaf: Leaf) {
        self.first.insert(at, first);
        self.summaries.insert(at, Summary::of(&leaf));
        self.leaves.insert(at, Arc::new(leaf));
    }

    /// Makes two leaves of a full one, at the middle key.
    fn split(&mut self, at: usize, rows: &impl Rows, stride: usize) {
        let full = Arc::clone(&self.leaves[at]);
        let mut order: Vec<(Key, usize)> =
            full.columns.row[..full.len()].iter().map(|&row| rows.key(row)).zip(0..).collect();
        order.sort_unstable();
        let (left, right) = order.split_at(order.len() / 2);
        let [first_left, first_right] = [left[0].0, right[0].0];
        let part = |rows_of: &[(Key, usize)]| {
            let mut leaf = Leaf::new();
            for &(_, from) in rows_of {
                leaf.take_from(&full, from, stride);
            }
            leaf.refit(rows);
            leaf
        };
        let (left, right) = (part(left), part(right));
        self.first[at] = self.first[at].min(first_left);
        self.summaries.set(at, Summary::of(&left));
        self.leaves[at] = Arc::new(left);
        self.put(at + 1, first_right, right);
    }

    fn remove(&mut self, key: Key, row: u32, rows: &impl Rows, stride: usize) {
        let at = self.place_of(key);
        let leaf = Arc::make_mut(&mut self.leaves[at]);
        let Some(place) = leaf.find(row) else { return };
        leaf.swap_remove(place, stride);
        if leaf.len() == 0 {
            self.leaves.remove(at);
            self.summaries.remove(at);
            self.first.remove(at);
            return;
        }
        let is_small = leaf.len() < FEW;
        self.summaries.set(at, Summary::of(leaf));
        if is_small {
            self.join(at, rows, stride);
        }
    }

    /// Joins a small leaf with a small neighbour.
    fn join(&mut self, at: usize, rows: &impl Rows, stride: usize) {
        let fits = |left: usize| {
            let right = self.leaves.get(left + 1);
            right.is_some_and(|right| self.leaves[left].len() + right.len() <= LEAF * 3 / 4)
        };
        let left = if fits(at) {
            at
        } else if at > 0 && fits(at - 1) {
            at - 1
        } else {
            return;
        };
        let right = self.leaves.remove(left + 1);
        self.summaries.remove(left + 1);
        self.first.remove(left + 1);
        let leaf = Arc::make_mut(&mut self.leaves[left]);
        for from in 0..right.len() {
            leaf.take_from(&right, from, stride);
        }
        leaf.refit(rows);
        self.summaries.set(left, Summary::of(leaf));
    }
}
