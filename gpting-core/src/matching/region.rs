//! Where a population is cut, so that the market of a country is many small ones.
//!
//! Called by `round` and by whoever plans a round; pure. People are counted by a coarse cell of their place (H3 of resolution 3,
//! some 130 km across). Cells whose people live near each other are one region, so that no city is cut; and a region with too
//! few people joins the one that lies nearest until none is left, so a small population is one region. Whoever has no place, or lives where nobody lived when the cut was made, belongs to the largest.
//! Invariants: everybody is in exactly one region; the cut depends on how many people live where, and on nothing else.

use std::collections::BTreeMap;

use h3o::{CellIndex, Resolution};
use rustc_hash::FxHashMap;

use super::place::EARTH_RADIUS_KM;
use super::walk::rows_in_order;
use super::{Cell, PersonId, View};

/// The grid that regions are made of.
const GRID: Resolution = Resolution::Three;
/// Regions whose middles are nearer than this are one: most people go as far to meet somebody.
const NEAR_KM: f64 = 60.0;

/// A cut of everybody into regions, the largest first.
///
/// ```
/// use gpting_core::{Cell, Config, Day, Engine, Gender, Person};
///
/// let mut engine = Engine::<u32>::new(Config::dims(0))?;
/// engine.set_today(Day::from_ymd(2026, 11, 27)?);
/// let (seoul, jeju) = (Cell::from_lat_lng(37.56, 126.98)?, Cell::from_lat_lng(33.5, 126.53)?);
/// for id in 0..30 {
///     engine.upsert(id, Person::new(Gender::O, 30).at(if id < 20 { seoul } else { jeju }))?;
/// }
/// engine.upsert(30, Person::new(Gender::O, 30))?;
/// assert_eq!(engine.view().regions(10).people(), [21, 10]);
/// assert_eq!(engine.view().regions(11).people(), [31]);
/// assert_eq!(engine.view().regions(10).of(Some(jeju)), 1);
/// # Ok::<(), gpting_core::EngineError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Regions {
    cells: Vec<Vec<u64>>,
    people: Vec<usize>,
    /// The region of each cell.
    by_cell: FxHashMap<u64, usize>,
}

/// A region that may still grow.
#[derive(Debug)]
struct Growing {
    /// Ascending.
    cells: Vec<u64>,
    people: usize,
    /// The sum of everybody's place on the unit sphere.
    sum: [f64; 3],
}

impl Growing {
    fn of(cell: u64) -> Self {
        Self { cells: vec![cell], people: 0, sum: [0.0; 3] }
    }

    fn settle(&mut self, cell: Cell, people: usize) {
        self.people += people;
        for (sum, at) in self.sum.iter_mut().zip(cell.point().unit()) {
            *sum += at * people as f64;
        }
    }

    /// How near the middles of two regions are: the cosine between them.
    fn nearness(&self, other: &Self) -> f64 {
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        dot(self.sum, other.sum) / (dot(self.sum, self.sum) * dot(other.sum, other.sum)).sqrt().max(f64::MIN_POSITIVE)
    }
}

impl Regions {
    /// Cuts people who live at these places into regions of at least `least` people each, where there are as many.
    ///
    /// `O(people + cells²)`.
    pub fn cut(places: impl IntoIterator<Item = Option<Cell>>, least: usize) -> Self {
        let (mut counts, mut homeless) = (BTreeMap::<Cell, usize>::new(), 0);
        for place in places {
            match place {
                Some(cell) => *counts.entry(cell).or_default() += 1,
                None => homeless += 1,
            }
        }
        let mut growing = BTreeMap::<u64, Growing>::new();
        for (cell, people) in counts {
            let Some(coarse) = coarse(cell) else { continue };
            growing.entry(coarse).or_insert_with(|| Growing::of(coarse)).settle(cell, people);
        }
        let mut growing: Vec<Growing> = growing.into_values().collect();
        join_neighbours(&mut growing);
        loop {
            let small = (0..growing.len()).filter(|&at| growing[at].people < least);
            let Some(small) = small.min_by_key(|&at| (growing[at].people, growing[at].cells[0])) else { break };
            let others = (0..growing.len()).filter(|&at| at != small);
            let near = |at: usize| growing[small].nearness(&growing[at]);
            let Some(nearest) = others.max_by(|&a, &b| near(a).total_cmp(&near(b))) else { break };
            join(&mut growing, small.min(nearest), small.max(nearest));
        }
        growing.sort_unstable_by_key(|region| (std::cmp::Reverse(region.people), region.cells[0]));
        let mut people: Vec<usize> = growing.iter().map(|region| region.people).collect();
        match people.first_mut() {
            Some(largest) => *largest += homeless,
            None => people.push(homeless),
        }
        let mut cells: Vec<Vec<u64>> = growing.into_iter().map(|region| region.cells).collect();
        cells.resize(people.len(), Vec::new());
        Self { people, ..Self::of_cells(cells) }
    }

    /// The cut that was written down as these cells, the largest region first; how many people there are is not known.
    pub fn of_cells(cells: Vec<Vec<u64>>) -> Self {
        let by_cell = (0..).zip(&cells).flat_map(|(at, cells)| cells.iter().map(move |&cell| (cell, at))).collect();
        Self { people: vec![0; cells.len()], cells, by_cell }
    }

    /// How many regions there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is none: only of a cut that was never made.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The coarse cells of each region.
    pub fn cells(&self) -> &[Vec<u64>] {
        &self.cells
    }

    /// How many people each region had when the cut was made.
    pub fn people(&self) -> &[usize] {
        &self.people
    }

    /// The number of the region of a place: 0, the largest, without a place and where nobody lived.
    pub fn of(&self, place: Option<Cell>) -> usize {
        place.and_then(coarse).and_then(|cell| self.by_cell.get(&cell).copied()).unwrap_or(0)
    }
}

impl<Id: PersonId + Send + Sync> View<Id> {
    /// Cuts those who take part into regions of at least so many people.
    pub fn regions(&self, least: usize) -> Regions {
        let state = self.state();
        Regions::cut(rows_in_order(state).into_iter().map(|row| state.slot(row).cell), least)
    }
}

/// Joins cells whose middles are near each other, the nearest first, as long as the middles of what they belong to by then
/// are near as well: a chain of towns does not make one region of a continent.
fn join_neighbours(growing: &mut Vec<Growing>) {
    let near = (NEAR_KM / EARTH_RADIUS_KM).cos();
    let mut pairs = Vec::new();
    for (a, region) in growing.iter().enumerate() {
        for other in &growing[a + 1..] {
            let nearness = region.nearness(other);
            if nearness >= near {
                pairs.push((nearness, region.cells[0], other.cells[0]));
            }
        }
    }
    pairs.sort_by(|x, y| y.0.total_cmp(&x.0));
    for (_, a, b) in pairs {
        let holder = |cell: u64| growing.iter().position(|region| region.cells.binary_search(&cell).is_ok());
        let (Some(a), Some(b)) = (holder(a), holder(b)) else { continue };
        if a != b && growing[a].nearness(&growing[b]) >= near {
            join(growing, a.min(b), a.max(b));
        }
    }
}

/// Makes the region at the place `b` a part of the one at `a`, which is before it. The order stays that of the first cells.
fn join(growing: &mut Vec<Growing>, a: usize, b: usize) {
    let joining = growing.remove(b);
    let region = &mut growing[a];
    region.cells.extend(joining.cells);
    region.cells.sort_unstable();
    region.people += joining.people;
    for (sum, more) in region.sum.iter_mut().zip(joining.sum) {
        *sum += more;
    }
}

fn coarse(cell: Cell) -> Option<u64> {
    let cell = CellIndex::try_from(u64::from(cell)).ok()?;
    cell.parent(GRID).map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(lat: f64, lng: f64) -> Cell {
        Cell::from_lat_lng(lat, lng).unwrap()
    }

    /// So many people in each of four cities, and some nowhere.
    fn cities(counts: [usize; 4], nowhere: usize) -> Vec<Option<Cell>> {
        let cities = [cell(37.56, 126.98), cell(35.16, 129.06), cell(33.5, 126.53), cell(35.54, 129.31)];
        let people = cities.into_iter().zip(counts).flat_map(|(city, count)| vec![Some(city); count]);
        people.chain(vec![None; nowhere]).collect()
    }

    #[test]
    fn the_small_join_the_nearest_until_none_is_small() {
        // Ulsan (300) joins Busan, not Seoul; Jeju (900) is alone as long as it is large enough.
        let people = cities([5_000, 2_000, 900, 300], 70);
        assert_eq!(Regions::cut(people.clone(), 500).people(), [5_070, 2_300, 900]);
        assert_eq!(Regions::cut(people.clone(), 1_000).people(), [5_070, 3_200]);
        assert_eq!(Regions::cut(people.clone(), 4_000).people(), [8_270]);
        assert_eq!(Regions::cut(people.clone(), usize::MAX).people(), [8_270]);
        let cut = Regions::cut(people, 500);
        let at = |lat, lng| cut.of(Some(cell(lat, lng)));
        assert_eq!((at(37.56, 126.98), at(35.16, 129.06), at(35.54, 129.31), at(33.5, 126.53)), (0, 1, 1, 2));
        assert_eq!((cut.of(None), at(-33.9, 151.2)), (0, 0), "no place, and a place where nobody lived");
    }

    #[test]
    fn the_order_of_people_does_not_matter_and_cells_are_the_whole_cut() {
        let mut people = cities([40, 30, 20, 10], 5);
        let cut = Regions::cut(people.clone(), 15);
        people.reverse();
        assert_eq!(Regions::cut(people.clone(), 15), cut);
        let read = Regions::of_cells(cut.cells().to_vec());
        assert!(people.iter().all(|&place| read.of(place) == cut.of(place)));
        let cells: Vec<u64> = cut.cells().concat();
        let distinct: std::collections::BTreeSet<u64> = cells.iter().copied().collect();
        assert_eq!(cells.len(), distinct.len(), "no cell twice");
    }

    #[test]
    fn nobody_is_one_region() {
        assert_eq!(Regions::cut([], 10).people(), [0]);
        assert_eq!(Regions::cut([None, None], 1).people(), [2]);
        assert_eq!(Regions::cut([None], 1).cells(), [Vec::<u64>::new()]);
        assert_eq!(Regions::default().of(None), 0);
    }
}
