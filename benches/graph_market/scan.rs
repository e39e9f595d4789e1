//! Retrieval by looking at everybody: columns in blocks, hard filters as masks, the best kept.
//!
//! Called by the bench; stands for an index. People are sorted by kind and age, so that whoever a person wants is a range
//! of each kind they may meet; whether they are wanted back is a mask.

use std::ops::Range;

use gpting_core::matching::market::graph::{Best, Candidate, Candidates, Offer};

use gpting_benches::random::Random;

use crate::people::{DIMS, MEETS, People};

/// The mean chance of a like between people who fit.
const MEAN_LIKE: f32 = 0.15;
/// Columns worked on at once.
const BLOCK: usize = 256;
/// Columns looked at together when the best are picked; divides the block.
const CHUNK: usize = 8;

pub(crate) struct Scan {
    kind: Vec<usize>,
    kinds: Vec<Range<usize>>,
    age: Vec<f32>,
    low: Vec<f32>,
    high: Vec<f32>,
    appeal: Vec<f32>,
    pickiness: Vec<f32>,
    /// Dimension after dimension.
    taste: Vec<Vec<f32>>,
    /// `e^-appeal` and `e^-pickiness`: odds of two people are products of these and of what they share.
    against_appeal: Vec<f32>,
    against_pickiness: Vec<f32>,
}

struct Block {
    /// The odds against a like in both directions.
    against_there: [f32; BLOCK],
    against_back: [f32; BLOCK],
    /// Not negative where the key may reach the floor.
    sign: [f32; BLOCK],
}

impl Scan {
    pub(crate) fn new(people: &People) -> Self {
        let column = |value: &dyn Fn(&crate::people::Person) -> f32| people.all.iter().map(value).collect::<Vec<f32>>();
        let kind: Vec<usize> = people.all.iter().map(|person| person.kind).collect();
        let mut scan = Self {
            kinds: (0..6)
                .map(|k| kind.partition_point(|&one| one < k)..kind.partition_point(|&one| one <= k))
                .collect(),
            kind,
            age: column(&|person| person.age),
            low: column(&|person| person.ages[0]),
            high: column(&|person| person.ages[1]),
            appeal: column(&|person| 0.8 * person.appeal),
            pickiness: column(&|person| 0.6 * person.pickiness),
            // The factor 0.5 of the product of two tastes is half in each.
            taste: (0..DIMS).map(|k| column(&|person| person.taste[k] * std::f32::consts::FRAC_1_SQRT_2)).collect(),
            against_appeal: Vec::new(),
            against_pickiness: Vec::new(),
        };
        let base = scan.base();
        scan.pickiness.iter_mut().for_each(|one| *one += base);
        scan.against_appeal = scan.appeal.iter().map(|one| exp(-one)).collect();
        scan.against_pickiness = scan.pickiness.iter().map(|one| exp(-one)).collect();
        scan
    }

    /// The base of all logits at which the mean like is what it should be.
    fn base(&self) -> f32 {
        let mut random = Random(3);
        let mut logits = Vec::new();
        while logits.len() < 20_000 {
            let i = (random.draw() % self.age.len() as u64) as usize;
            let ranges = self.ranges(i);
            let total: usize = ranges.iter().map(Range::len).sum();
            if total > 0 {
                let j = at(&ranges, (random.draw() % total as u64) as usize);
                if self.wanted_back(i, j) {
                    logits.push(self.logits(i, j).0);
                }
            }
        }
        let (mut low, mut high) = (-20.0_f32, 20.0_f32);
        for _ in 0..40 {
            let middle = f32::midpoint(low, high);
            let mean = logits.iter().map(|logit| sigmoid(logit + middle)).sum::<f32>() / logits.len() as f32;
            if mean < MEAN_LIKE {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whose kind and age a person wants.
    fn ranges(&self, i: usize) -> Vec<Range<usize>> {
        MEETS[self.kind[i]]
            .iter()
            .map(|&kind| {
                let range = self.kinds[kind].clone();
                let ages = &self.age[range.clone()];
                let first = ages.partition_point(|&age| age < self.low[i]);
                let last = ages.partition_point(|&age| age <= self.high[i]);
                range.start + first..range.start + last
            })
            .collect()
    }

    fn wanted_back(&self, i: usize, j: usize) -> bool {
        i != j && (self.low[j]..=self.high[j]).contains(&self.age[i])
    }

    fn logits(&self, i: usize, j: usize) -> (f32, f32) {
        let product: f32 = self.taste.iter().map(|column| column[i] * column[j]).sum();
        let shared = product - 0.05 * (self.age[i] - self.age[j]).abs();
        (shared + self.pickiness[i] + self.appeal[j], shared + self.pickiness[j] + self.appeal[i])
    }

    /// Pushes about `count` partners of a person, evenly spread over all eligible, with the surplus; says how many are eligible.
    pub(crate) fn draw(&self, person: u32, count: usize, out: &mut Vec<(u32, f32)>) -> usize {
        let i = person as usize;
        let ranges = self.ranges(i);
        let total: usize = ranges.iter().map(Range::len).sum();
        let stride = (total as f64 / count as f64).max(1.0);
        let mut place = Random(u64::from(person)).uniform() * stride;
        let mut asked = 0;
        while (place as usize) < total {
            asked += 1;
            let j = at(&ranges, place as usize);
            if self.wanted_back(i, j) {
                let (there, back) = self.logits(i, j);
                out.push((j as u32, sigmoid(there) + sigmoid(back)));
            }
            place += stride;
        }
        total * out.len() / asked.max(1)
    }

    /// Chances of `i` with the people of some columns, and whose key without noise is not below a floor; never where `i` is
    /// not wanted back.
    fn block(&self, i: usize, columns: Range<usize>, prices: &[f32], floor: f32, block: &mut Block) {
        let width = columns.len();
        let mut product = [0.0_f32; BLOCK];
        for taste in &self.taste {
            let own = taste[i];
            for (sum, &other) in product[..width].iter_mut().zip(&taste[columns.clone()]) {
                *sum += own * other;
            }
        }
        let (age, pickiness, appeal) = (self.age[i], self.against_pickiness[i], self.against_appeal[i]);
        let (ages, appeals) = (&self.age[columns.clone()][..width], &self.against_appeal[columns.clone()][..width]);
        let pickinesses = &self.against_pickiness[columns.clone()][..width];
        let (lows, highs) = (&self.low[columns.clone()][..width], &self.high[columns.clone()][..width]);
        let prices = &prices[columns][..width];
        for c in 0..width {
            let shared = exp(0.05 * (age - ages[c]).abs() - product[c]);
            let there = shared * pickiness * appeals[c];
            let back = shared * pickinesses[c] * appeal;
            // 1 / (1 + x) + 1 / (1 + y) - price >= floor, without a division.
            let whole = 1.0 + there + back + there * back;
            let sign = 2.0 + there + back - (floor + prices[c]) * whole;
            (block.against_there[c], block.against_back[c]) = (there, back);
            let sign = if age >= lows[c] { sign } else { f32::NEG_INFINITY };
            block.sign[c] = if age <= highs[c] { sign } else { f32::NEG_INFINITY };
        }
        block.sign[width..].fill(f32::NEG_INFINITY);
    }
}

impl Candidates for Scan {
    fn fill(&self, people: Range<u32>, offer: &Offer<'_>, limit: usize, take: &mut dyn FnMut(u32, &[Candidate])) {
        let mut block = Block { against_there: [0.0; BLOCK], against_back: [0.0; BLOCK], sign: [0.0; BLOCK] };
        let (mut best, mut list) = (Best::new(limit), Vec::new());
        let (noise, prices) = (offer.noise(), offer.prices());
        for person in people {
            for range in self.ranges(person as usize) {
                let mut first = range.start;
                while first < range.end {
                    let columns = first..(first + BLOCK).min(range.end);
                    first = columns.end;
                    // A little lower, for rounding.
                    let floor = best.threshold() - noise.most() - 1e-4;
                    self.block(person as usize, columns.clone(), prices, floor, &mut block);
                    let signs = &block.sign[..columns.len().next_multiple_of(CHUNK)];
                    for (chunk, signs) in signs.chunks_exact(CHUNK).enumerate() {
                        // Only whom noise could lift is worth more, and few chunks have one.
                        if signs.iter().fold(f32::NEG_INFINITY, |most, &sign| if sign > most { sign } else { most })
                            < 0.0
                        {
                            continue;
                        }
                        for (c, &sign) in (chunk * CHUNK..).zip(signs) {
                            let other = (columns.start + c) as u32;
                            if sign >= 0.0 && other != person {
                                let there = 1.0 / (1.0 + block.against_there[c]);
                                let back = 1.0 / (1.0 + block.against_back[c]);
                                let key = there + back - prices[other as usize];
                                if let Some(lift) = noise.at_least(person, other, best.threshold() - key) {
                                    best.push(key + lift, Candidate { other, there, back });
                                }
                            }
                        }
                    }
                }
            }
            best.take(&mut list);
            take(person, &list);
        }
    }
}

fn at(ranges: &[Range<usize>], mut place: usize) -> usize {
    for range in ranges {
        if place < range.len() {
            return range.start + place;
        }
        place -= range.len();
    }
    unreachable!("the place is below the sum of the lengths")
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The exponential function to about 1e-6, branch-free so that a loop over it vectorises.
#[inline]
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let y = (x * std::f32::consts::LOG2_E).clamp(-60.0, 60.0);
    let shifted = y + ROUND;
    let r = (y - (shifted - ROUND)) * std::f32::consts::LN_2;
    let power = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0)))));
    power * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}
