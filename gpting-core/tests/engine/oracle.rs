//! The rules of the engine, stated a second time: one person at a time, no columns, no shared code.

use std::collections::BTreeMap;

use gpting_core::matching::question::{Answer, Answers, Choices, Importance};
use gpting_core::{
    Cell, Day, Emphases, Emphasis, Fusion, Gender, Genders, Link, Person, Relax, Strength, Wants, Weights,
};

pub(crate) const LEVELS: [(Emphasis, f64); 4] =
    [(Emphasis::Normal, 1.0), (Emphasis::High, 2.0), (Emphasis::Low, 0.5), (Emphasis::Off, 0.0)];
pub(crate) const IMPORTANCE: [(Importance, f64); 5] = [
    (Importance::Irrelevant, 0.0),
    (Importance::Little, 1.0),
    (Importance::Some, 10.0),
    (Importance::Very, 50.0),
    (Importance::Mandatory, 250.0),
];

/// An answer: choice, accepted choices as bits, place in [`IMPORTANCE`], dealbreaker.
pub(crate) type Said = (u8, u64, usize, bool);

/// Everything about one person.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) gender: Gender,
    pub(crate) born: (i32, u8, u8),
    pub(crate) cell: Option<Cell>,
    pub(crate) genders: Vec<Gender>,
    pub(crate) ages: (u8, u8),
    pub(crate) max_km: Option<u16>,
    pub(crate) rules: Vec<(u16, Vec<u16>, Strength)>,
    pub(crate) interests: Vec<u16>,
    pub(crate) attributes: Vec<(u16, u16)>,
    pub(crate) is: Vec<f32>,
    pub(crate) seeks: Vec<f32>,
    pub(crate) active: bool,
    pub(crate) verified: bool,
    pub(crate) verified_only: bool,
    pub(crate) appeal: f32,
    pub(crate) answers: BTreeMap<u32, Said>,
    /// Places in [`LEVELS`]: distance, age, interests, attributes, questions.
    pub(crate) emphases: [usize; 5],
}

impl Spec {
    pub(crate) fn person(&self) -> Person {
        let mut wants = Wants::new(self.genders.iter().copied().collect::<Genders>()).ages(self.ages.0, self.ages.1);
        wants.max_distance_km = self.max_km;
        for (attribute, values, strength) in &self.rules {
            wants = wants.rule(*attribute, values, *strength);
        }
        let mut answers = Answers::new();
        for (&question, &(choice, accepts, importance, dealbreaker)) in &self.answers {
            let importance = IMPORTANCE[importance].0;
            let answer = Answer { choice, accepts: Choices(accepts), importance, dealbreaker };
            answers.answer(question, answer).unwrap();
        }
        let [distance, age, interests, attributes, questions] = self.emphases.map(|level| LEVELS[level].0);
        let (year, month, day) = self.born;
        let mut person = Person::born(self.gender, Day::from_ymd(year, month, day).unwrap())
            .wants(wants)
            .interests(&self.interests)
            .attributes(&self.attributes)
            .active(self.active)
            .verified(self.verified)
            .verified_only(self.verified_only)
            .appeal(self.appeal)
            .answers(answers)
            .emphases(Emphases { distance, age, interests, attributes, questions });
        if let Some(cell) = self.cell {
            person = person.at(cell);
        }
        if !self.is.is_empty() {
            person = person.vectors(&self.is, &self.seeks);
        }
        person
    }

    fn age(&self, today: (i32, u8, u8)) -> i32 {
        let had_birthday = (today.1, today.2) >= (self.born.1, self.born.2);
        today.0 - self.born.0 - i32::from(!had_birthday)
    }

    fn has_any(&self, attribute: u16, values: &[u16]) -> bool {
        self.attributes.iter().any(|(a, v)| *a == attribute && values.contains(v))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Like,
    Pass,
    Undo,
    Block,
    Unblock,
    Unmatch,
}

/// A term of the score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostSignal {
    /// What is added to the logit that the first likes the second.
    pub(crate) value: fn(u32, u32) -> f32,
    /// The most that is added when somebody asks; of the other direction, less.
    pub(crate) bound: fn(u32) -> f32,
    pub(crate) bound_back: fn(f32) -> f32,
}

/// What a host adds to the rules, by ids alone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Host {
    pub(crate) signal: Option<HostSignal>,
    /// Whether the first may be shown the second.
    pub(crate) rule: Option<fn(u32, u32) -> bool>,
}

/// Somebody on a page, and the rounding that two ways to compute the same score may differ by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranked {
    pub(crate) id: u32,
    pub(crate) score: f64,
    pub(crate) slack: f64,
}

/// How many people have each interest.
type Having = BTreeMap<u16, f64>;

/// A population, its history, and its settings.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) today: (i32, u8, u8),
    pub(crate) fusion: Fusion,
    pub(crate) link: Link,
    pub(crate) weights: Weights,
    pub(crate) host: Host,
    pub(crate) people: BTreeMap<u32, Spec>,
    /// Per actor and other, in the order of recording, which is the order of time.
    pub(crate) events: BTreeMap<(u32, u32), Vec<Kind>>,
    /// Likes and decisions of and about everybody; they outlive the other person's removal.
    pub(crate) decided: BTreeMap<u32, (f64, f64)>,
    pub(crate) received: BTreeMap<u32, (f64, f64)>,
    /// What a look at somebody costs.
    pub(crate) prices: BTreeMap<u32, f32>,
}

impl World {
    pub(crate) fn new(today: (i32, u8, u8), fusion: Fusion) -> Self {
        Self {
            today,
            fusion,
            link: Link::Logistic,
            weights: Weights::default(),
            host: Host::default(),
            people: BTreeMap::new(),
            events: BTreeMap::new(),
            decided: BTreeMap::new(),
            received: BTreeMap::new(),
            prices: BTreeMap::new(),
        }
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.people.remove(&id);
        self.events.retain(|(a, b), _| *a != id && *b != id);
        self.decided.remove(&id);
        self.received.remove(&id);
    }

    pub(crate) fn record(&mut self, kind: Kind, a: u32, b: u32) {
        let old = self.decision(a, b);
        self.events.entry((a, b)).or_default().push(kind);
        let new = self.decision(a, b);
        for (tally, sign) in [(old, -1.0), (new, 1.0)] {
            if let Some(decision) = tally {
                let like = if decision == Kind::Like { sign } else { 0.0 };
                for map in [self.decided.entry(a).or_default(), self.received.entry(b).or_default()] {
                    map.0 += like;
                    map.1 += sign;
                }
            }
        }
    }

    fn last(&self, a: u32, b: u32, of: &[Kind]) -> Option<Kind> {
        self.events.get(&(a, b))?.iter().rev().copied().find(|kind| of.contains(kind))
    }

    fn decision(&self, a: u32, b: u32) -> Option<Kind> {
        self.last(a, b, &[Kind::Like, Kind::Pass, Kind::Undo]).filter(|kind| *kind != Kind::Undo)
    }

    fn fenced(&self, a: u32, b: u32) -> bool {
        self.last(a, b, &[Kind::Block, Kind::Unblock]) == Some(Kind::Block)
            || self.last(a, b, &[Kind::Unmatch]).is_some()
    }

    pub(crate) fn excluded(&self, viewer: u32, candidate: u32) -> bool {
        self.decision(viewer, candidate).is_some()
            || self.decision(candidate, viewer) == Some(Kind::Pass)
            || self.fenced(viewer, candidate)
            || self.fenced(candidate, viewer)
    }

    /// Whether everything `a` demands holds of `b`.
    fn accepts(&self, a: &Spec, b: &Spec, relax: Relax) -> bool {
        let (age, more) = (b.age(self.today), i32::from(relax.age_years));
        let near = match (a.max_km, a.cell, b.cell) {
            (None, _, _) => true,
            (Some(km), Some(x), Some(y)) => haversine_km(x, y) <= f64::from(km.max(relax.within_km.unwrap_or(0))),
            (Some(_), _, _) => false,
        };
        a.genders.contains(&b.gender)
            && (relax.age || (i32::from(a.ages.0) - more..=i32::from(a.ages.1) + more).contains(&age))
            && (relax.distance || near)
            && (!a.verified_only || b.verified)
            && a.answers.iter().all(|(question, mine)| match b.answers.get(question) {
                Some(theirs) => !mine.3 || mine.1 >> theirs.0 & 1 == 1,
                None => true,
            })
            && a.rules.iter().all(|(attribute, values, strength)| match strength {
                Strength::Must => b.has_any(*attribute, values),
                Strength::Never => !b.has_any(*attribute, values),
                Strength::Prefer | Strength::Avoid => true,
            })
    }

    fn takes_part(&self, a: &Spec) -> bool {
        a.active && self.today.0 - a.born.0 >= 19
    }

    pub(crate) fn eligible(&self, viewer: u32, candidate: u32, relax: Relax) -> bool {
        self.fits(viewer, &self.people[&viewer], candidate, relax)
    }

    /// As [`Self::eligible`], with another version of the viewer.
    pub(crate) fn fits(&self, viewer: u32, me: &Spec, candidate: u32, relax: Relax) -> bool {
        let other = &self.people[&candidate];
        viewer != candidate
            && self.takes_part(me)
            && self.takes_part(other)
            && self.accepts(me, other, relax)
            && self.accepts(other, me, Relax::default())
            && self.host.rule.is_none_or(|allows| allows(viewer, candidate) && allows(candidate, viewer))
    }

    /// A bias and its factor; people keep theirs in f32.
    fn bias(&self, tally: Option<&(f64, f64)>, factor: f64) -> f32 {
        let (likes, total) = tally.copied().unwrap_or_default();
        let (rate, prior) = (self.weights.like_rate, self.weights.prior_decisions);
        let share = (likes + prior * rate) / (total + prior);
        (factor * ((share / (1.0 - share)).ln() - (rate / (1.0 - rate)).ln())) as f32
    }

    fn having(&self) -> Having {
        let mut having = Having::new();
        for spec in self.people.values() {
            for interest in spec.interests.iter().collect::<std::collections::BTreeSet<_>>() {
                *having.entry(*interest).or_default() += 1.0;
            }
        }
        having
    }

    /// The sum of the terms of "`a` likes `b`" when `viewer` asks, and the sum of their sizes.
    fn logit(&self, having: &Having, viewer: u32, a: u32, b: u32) -> (f64, f64) {
        let (me, you) = (&self.people[&a], &self.people[&b]);
        let weights = &self.weights;
        let (mut logit, mut size) = (0.0, 0.0);
        let mut add = |term: f64| {
            logit += term;
            size += term.abs();
        };
        if self.link == Link::Logistic {
            add((weights.like_rate / (1.0 - weights.like_rate)).ln());
        }
        add(f64::from(self.bias(self.decided.get(&a), weights.pickiness)));
        add(f64::from(self.bias(self.received.get(&b), weights.appeal) + you.appeal));
        add(-f64::from(self.prices.get(&b).copied().unwrap_or(0.0)));

        let people = self.people.len() as f64 + 1000.0;
        let set = |spec: &Spec| spec.interests.iter().copied().collect::<std::collections::BTreeSet<_>>();
        let (mine, yours) = (set(me), set(you));
        let [distance, age, interests, attributes, questions] = me.emphases.map(|level| LEVELS[level].1);
        let norm = (mine.len().max(3) as f64 * yours.len().max(3) as f64).sqrt();
        for interest in mine.intersection(&yours) {
            add(interests * weights.interests * (people / (having[interest] + 1.0)).ln() / people.ln() / norm);
        }

        let tastes: Vec<_> = me.rules.iter().filter(|rule| !rule.2.is_dealbreaker()).collect();
        for (attribute, values, strength) in &tastes {
            if you.has_any(*attribute, values) {
                let sign = if *strength == Strength::Prefer { 1.0 } else { -1.0 };
                add(sign * attributes * weights.attributes / (tastes.len() as f64).sqrt());
            }
        }
        let (mut earned, mut possible) = (0.0, 0.0);
        for (question, mine) in &me.answers {
            if let Some(theirs) = you.answers.get(question) {
                possible += IMPORTANCE[mine.2].1;
                earned += if mine.1 >> theirs.0 & 1 == 1 { IMPORTANCE[mine.2].1 } else { 0.0 };
            }
        }
        add(questions * weights.questions * ((earned + 50.0 * 0.6) / (possible + 50.0) - 0.6));

        if let (Some(x), Some(y)) = (me.cell, you.cell) {
            add(distance * weights.near / (1.0 + chord_km(x, y) / weights.near_km));
        }
        let days = |spec: &Spec| Day::from_ymd(spec.born.0, spec.born.1, spec.born.2).unwrap().0;
        let gap = f64::from((days(me) - days(you)).abs()) / 365.2425;
        add(age * weights.age / (1.0 + gap / weights.age_years));
        let products = me.seeks.iter().zip(&you.is).map(|(s, o)| f64::from(*s) * f64::from(*o));
        let (content, sizes) = products.fold((0.0, 0.0), |(sum, sizes), x| (sum + x, sizes + x.abs()));
        add(weights.content * content);
        if let Some(HostSignal { value, bound, bound_back }) = self.host.signal {
            let most = if a == viewer { bound(viewer) } else { bound_back(bound(viewer)) };
            add(f64::from(value(a, b).min(most)));
        }
        (logit, size + weights.content * sizes)
    }

    /// There, back and fused.
    pub(crate) fn score(&self, viewer: u32, candidate: u32) -> (f64, f64, f64) {
        let having = self.having();
        let (x, y) =
            (self.logit(&having, viewer, viewer, candidate).0, self.logit(&having, viewer, candidate, viewer).0);
        (self.chance(x), self.chance(y), self.fuse(x, y))
    }

    fn chance(&self, x: f64) -> f64 {
        match self.link {
            Link::Logistic => 1.0 / (1.0 + (-x).exp()),
            Link::Clipped => x.clamp(0.0, 1.0),
        }
    }

    fn fuse(&self, x: f64, y: f64) -> f64 {
        let (p, q) = (self.chance(x), self.chance(y));
        match (self.fusion, self.link) {
            (Fusion::Product, _) => p * q,
            (Fusion::Harmonic, _) => 2.0 / (1.0 / p + 1.0 / q),
            (Fusion::Min, _) => p.min(q),
            (Fusion::Arithmetic, _) => f64::midpoint(p, q),
            // The odds multiply; written with them, nothing cancels.
            (Fusion::Uninorm, Link::Logistic) => 1.0 / (1.0 + (-x - y).exp()),
            (Fusion::Uninorm, Link::Clipped) if p * q == 0.0 => 0.0,
            (Fusion::Uninorm, Link::Clipped) => p * q / (p * q + (1.0 - p) * (1.0 - q)),
        }
    }

    fn ranked(&self, having: &Having, viewer: u32, candidate: u32) -> Ranked {
        let (x, x_size) = self.logit(having, viewer, viewer, candidate);
        let (y, y_size) = self.logit(having, viewer, candidate, viewer);
        let score = self.fuse(x, y);
        // A sum in another order is off by some last bits of its largest terms.
        let (dx, dy) = (4e-16 * x_size, 4e-16 * y_size);
        let rounding = self.fuse(x + dx, y + dy) - self.fuse(x - dx, y - dy);
        Ranked { id: candidate, score, slack: 1e-9 * score + rounding.abs() + 1e-290 }
    }

    /// Everybody a page may hold, best first.
    pub(crate) fn ranking(&self, viewer: u32, relax: Relax) -> Vec<Ranked> {
        let having = self.having();
        let mut ranking: Vec<_> = self
            .people
            .keys()
            .filter(|&&other| self.eligible(viewer, other, relax) && !self.excluded(viewer, other))
            .map(|&other| self.ranked(&having, viewer, other))
            .collect();
        ranking.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        ranking
    }
}

const EARTH_KM: f64 = 6_371.007_180_918_475;

/// Kilometres along the chord between two cells' centres, each rounded to a grid of 2⁻²⁹ Earth radii.
fn chord_km(a: Cell, b: Cell) -> f64 {
    let steps = |cell: Cell| {
        let (lat, lng) = cell.centre();
        let (lat, lng) = (lat.to_radians(), lng.to_radians());
        [lat.cos() * lng.cos(), lat.cos() * lng.sin(), lat.sin()].map(|x| (x * f64::from(1 << 29)).round())
    };
    let squares: f64 = steps(a).into_iter().zip(steps(b)).map(|(x, y)| (x - y).powi(2)).sum();
    squares.sqrt() / f64::from(1 << 29) * EARTH_KM
}

fn haversine_km(a: Cell, b: Cell) -> f64 {
    let ((lat_a, lng_a), (lat_b, lng_b)) = (a.centre(), b.centre());
    let half = |x: f64, y: f64| ((x - y).to_radians() / 2.0).sin().powi(2);
    let h = half(lat_a, lat_b) + lat_a.to_radians().cos() * lat_b.to_radians().cos() * half(lng_a, lng_b);
    2.0 * EARTH_KM * h.min(1.0).sqrt().asin()
}
