//! Korean place names: what members write, what cards show.
//!
//! Holds the 17 시도, every 시·군·구 (with the 구 of large cities), and the 동 and areas people
//! name when they say where they are, each with the coordinates of its centre (2–3 km accurate).
//! [`Gazetteer::find`] understands the Korean and English spellings in use; [`Gazetteer::nearest`]
//! and [`Gazetteer::region_label`] go the other way. The data is `data/places.csv`, facts compiled
//! for this crate; a host may load its own file of the same form.
//!
//! Invariants of a loaded gazetteer: codes are unique, every place but a 시도 has a parent of a
//! larger kind standing before it, every coordinate is finite and on Earth.

mod load;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::grid::{EARTH_RADIUS_KM, Unit, cell_centre, squared_chord, unit};
use super::spelling::fold;
use crate::lang::Lang;

pub use load::GazetteerError;

/// Beyond this distance from every known place a point has no region: it is not in Korea.
const REGION_REACH_KM: f64 = 100.0;

/// Longer input is no place name, counted in bytes as it arrives.
const MAX_INPUT_BYTES: usize = 1024;

/// A longer folded name is no place name; also bounds the work of taking a name apart.
const MAX_NAME_CHARS: usize = 64;

/// 시도 + 시 + 구 + 동 is the longest chain there is.
const MAX_QUALIFIERS: usize = 3;

/// What a place is, from large to small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// One of the 17 시도.
    Province,
    /// A 시, 군 or 자치구.
    District,
    /// A 구 of a large city that is not self-governing.
    Ward,
    /// A 동, 읍 or a part of town that people know by name.
    Area,
}

/// A named place.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    code: String,
    kind: PlaceKind,
    parent: Option<usize>,
    full: [String; 2],
    short: [String; 2],
    aliases: Vec<String>,
    latitude: f64,
    longitude: f64,
}

impl Place {
    /// The stable code, such as `seoul-gangnam-gu`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the place is.
    pub fn kind(&self) -> PlaceKind {
        self.kind
    }

    /// The official name: `강남구`, `Gangnam-gu`.
    pub fn name(&self, lang: Lang) -> &str {
        pick(&self.full, lang)
    }

    /// The name without its administrative suffix: `강남`, `Gangnam`.
    pub fn short_name(&self, lang: Lang) -> &str {
        pick(&self.short, lang)
    }

    /// Latitude of the place's centre in degrees.
    pub fn latitude(&self) -> f64 {
        self.latitude
    }

    /// Longitude of the place's centre in degrees.
    pub fn longitude(&self) -> f64 {
        self.longitude
    }
}

fn pick(names: &[String; 2], lang: Lang) -> &str {
    let [ko, en] = names;
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// One of several places a name may mean, to be offered for a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceChoice {
    /// The place's code.
    pub code: String,
    /// Its full Korean name, such as `부산 중구`.
    pub ko: String,
    /// Its full English name, such as `Jung-gu, Busan`.
    pub en: String,
}

/// Why a name gave no place. Does not repeat the name, which may tell where somebody lives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// No known place bears the name.
    #[error("no known place has this name")]
    Unknown,
    /// Several places bear the name; the 시도 before it would decide.
    #[error("{} places have this name", .0.len())]
    Ambiguous(Vec<PlaceChoice>),
}

/// How well a key names a place. The order is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The official name or a listed spelling.
    Exact,
    /// The name without its suffix.
    Stem,
}

/// All known places and the ways to find them.
#[derive(Debug)]
pub struct Gazetteer {
    places: Vec<Place>,
    by_code: HashMap<String, usize>,
    by_name: HashMap<String, Vec<(Fit, usize)>>,
    /// Points that decide which 시군구 a position belongs to, with that 시군구: every card asks
    /// for the nearest, so their sines are taken once. The areas stand for their 시군구, so that large ones are reached from every side.
    anchors: Vec<(Unit, usize)>,
}

impl Gazetteer {
    /// The gazetteer of Korea that comes with this crate.
    ///
    /// # Panics
    /// Never: a test loads the same file.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Gazetteer> = LazyLock::new(|| {
            Gazetteer::from_csv(include_str!("../../data/places.csv")).expect("the built-in file is checked by a test")
        });
        &BUILT_IN
    }

    fn new(places: Vec<Place>) -> Self {
        let by_code = places.iter().enumerate().map(|(at, place)| (place.code.clone(), at)).collect();
        let mut by_name: HashMap<String, Vec<(Fit, usize)>> = HashMap::new();
        for (at, place) in places.iter().enumerate() {
            for (fit, key) in keys(place) {
                let bearers = by_name.entry(key).or_default();
                // `keys` yields exact names first, so the better fit stays.
                if !bearers.iter().any(|(_, known)| *known == at) {
                    bearers.push((fit, at));
                }
            }
        }
        let mut gazetteer = Self { places, by_code, by_name, anchors: Vec::new() };
        gazetteer.anchors = gazetteer.find_anchors();
        gazetteer
    }

    fn find_anchors(&self) -> Vec<(Unit, usize)> {
        let divided: Vec<usize> =
            self.places.iter().filter(|p| p.kind == PlaceKind::Ward).filter_map(|p| p.parent).collect();
        let anchor = |(at, place): (usize, &Place)| {
            let region = match place.kind {
                PlaceKind::Province => return None,
                PlaceKind::District | PlaceKind::Ward => at,
                PlaceKind::Area => place.parent?,
            };
            (!divided.contains(&region)).then_some((unit(place.latitude, place.longitude), region))
        };
        self.places.iter().enumerate().filter_map(anchor).collect()
    }

    /// Every place, a parent always before its children.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter()
    }

    /// The place with the code.
    pub fn by_code(&self, code: &str) -> Option<&Place> {
        self.by_code.get(code).and_then(|at| self.places.get(*at))
    }

    /// The place that contains this one; a 시도 has none.
    pub fn parent(&self, place: &Place) -> Option<&Place> {
        place.parent.and_then(|at| self.places.get(at))
    }

    /// The place a member means by `name`.
    ///
    /// Case, spaces, hyphens and Unicode form do not matter, and the suffix (시, 군, 구, `-si`, …) may
    /// be missing. Larger places may stand before the name (`부산 중구`) or, as in English, behind it
    /// (`Jung-gu, Busan`). An official name wins over one without its suffix. A 동 nobody listed is
    /// taken for the 시군구 written before it.
    ///
    /// # Errors
    /// [`PlaceError::Unknown`], or [`PlaceError::Ambiguous`] with the places to choose from.
    pub fn find(&self, name: &str) -> Result<&Place, PlaceError> {
        let bearers_of = |name: &str| {
            let key = fold(name);
            if key.chars().count() > MAX_NAME_CHARS {
                return Vec::new();
            }
            self.bearers(without_country(&key), MAX_QUALIFIERS)
        };
        if name.len() > MAX_INPUT_BYTES {
            return Err(PlaceError::Unknown);
        }
        let mut hits = bearers_of(name);
        if hits.is_empty()
            && let Some(larger) = without_neighbourhood(name)
        {
            hits = bearers_of(larger);
        }
        let best = hits.iter().map(|(fit, _)| *fit).min().ok_or(PlaceError::Unknown)?;
        let mut found: Vec<&Place> =
            hits.iter().filter(|(fit, _)| *fit == best).filter_map(|(_, at)| self.places.get(*at)).collect();
        found.dedup_by_key(|place| place.code.as_str());
        match found.as_slice() {
            [only] => Ok(*only),
            several => Err(PlaceError::Ambiguous(several.iter().map(|place| self.choice(place)).collect())),
        }
    }

    /// The places a folded name may mean, in the order of the file.
    fn bearers(&self, key: &str, qualifiers: usize) -> Vec<(Fit, usize)> {
        if let Some(direct) = self.by_name.get(key) {
            return direct.clone();
        }
        let mut hits = Vec::new();
        if qualifiers == 0 {
            return hits;
        }
        for (split, _) in key.char_indices().skip(1) {
            let (head, tail) = key.split_at(split);
            for (larger, rest) in [(head, tail), (tail, head)] {
                let Some(scopes) = self.by_name.get(larger) else {
                    continue;
                };
                let inside = |at: usize| scopes.iter().any(|(_, scope)| self.contains(*scope, at));
                hits.extend(self.bearers(rest, qualifiers - 1).into_iter().filter(|(_, at)| inside(*at)));
            }
        }
        hits.sort_unstable_by_key(|(fit, at)| (*at, *fit));
        hits.dedup_by_key(|(_, at)| *at);
        hits
    }

    /// Whether `outer` is a proper ancestor of `inner`.
    fn contains(&self, outer: usize, inner: usize) -> bool {
        let parent = |at: usize| self.places.get(at).and_then(|place| place.parent);
        std::iter::successors(parent(inner), |at| parent(*at)).any(|at| at == outer)
    }

    /// The 시군구 (a 구 of a large city where there is one) nearest to a point in degrees.
    ///
    /// `None` when the point is not a place on Earth or more than 100 km from all of them.
    pub fn nearest(&self, latitude: f64, longitude: f64) -> Option<&Place> {
        let here = unit(latitude, longitude);
        let (square, region) = self
            .anchors
            .iter()
            .map(|(anchor, region)| (squared_chord(*anchor, here), *region))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
        let reach = 2.0 * (REGION_REACH_KM / (2.0 * EARTH_RADIUS_KM)).sin();
        if square <= reach * reach { self.places.get(region) } else { None }
    }

    /// The region of a stored grid cell as cards show it: `서울 강남구`, `Gangnam-gu, Seoul`.
    ///
    /// It is that of the cell's centre, the same for everybody in the cell. `None` for a cell outside
    /// Korea or a number that is no cell.
    pub fn region_label(&self, cell: u64, lang: Lang) -> Option<String> {
        let (latitude, longitude) = cell_centre(cell)?;
        self.nearest(latitude, longitude).map(|place| self.label(place, lang))
    }

    /// The full name of a place: `서울 강남구`, `성남 분당구`, `Hongdae, Mapo-gu, Seoul`.
    pub fn label(&self, place: &Place, lang: Lang) -> String {
        let own = place.name(lang);
        let Some(parent) = self.parent(place) else {
            return place.short_name(lang).to_owned();
        };
        let larger = match place.kind {
            PlaceKind::Area => self.label(parent, lang),
            PlaceKind::Province | PlaceKind::District | PlaceKind::Ward => parent.short_name(lang).to_owned(),
        };
        // 세종 is a 시도 and its own only 시: its name once is enough.
        if larger == place.short_name(lang) && self.is_only_child(place) {
            return larger;
        }
        match lang {
            Lang::Ko => format!("{larger} {own}"),
            Lang::En => format!("{own}, {larger}"),
        }
    }

    fn is_only_child(&self, place: &Place) -> bool {
        self.places.iter().filter(|other| other.kind == place.kind && other.parent == place.parent).count() == 1
    }

    fn choice(&self, place: &Place) -> PlaceChoice {
        PlaceChoice {
            code: place.code.clone(),
            ko: self.official_label(place, Lang::Ko),
            en: self.official_label(place, Lang::En),
        }
    }

    /// Like [`Gazetteer::label`], but tells `광주광역시` from `경기 광주시` at a glance.
    fn official_label(&self, place: &Place, lang: Lang) -> String {
        if place.kind == PlaceKind::Province { place.name(lang).to_owned() } else { self.label(place, lang) }
    }
}

/// The folded spellings of a place, exact ones first.
fn keys(place: &Place) -> impl Iterator<Item = (Fit, String)> {
    let exact = place.full.iter().chain(&place.aliases).map(|name| fold(name));
    let stems = place.short.iter().map(|name| fold(name));
    // The short name of a 시도 is how everybody calls it: 광주 is the metropolis unless one says otherwise.
    let short_fit = if place.kind == PlaceKind::Province { Fit::Exact } else { Fit::Stem };
    let english = fold(place.short_name(Lang::En));
    let suffixes: &[&str] = match place.kind {
        PlaceKind::District | PlaceKind::Ward => &["city", "county", "district"],
        PlaceKind::Province => &["province"],
        PlaceKind::Area => &[],
    };
    let translated: Vec<String> = suffixes.iter().map(|suffix| format!("{english}{suffix}")).collect();
    exact
        .map(|key| (Fit::Exact, key))
        .chain(stems.map(move |key| (short_fit, key)))
        .chain(translated.into_iter().map(|key| (Fit::Stem, key)))
        .filter(|(_, key)| !key.is_empty())
}

/// A folded name without the country at its start or end.
fn without_country(key: &str) -> &str {
    let strip = |country: &str| key.strip_prefix(country).or_else(|| key.strip_suffix(country));
    ["대한민국", "한국", "republicofkorea", "southkorea", "korea"]
        .into_iter()
        .find_map(strip)
        .filter(|rest| !rest.is_empty())
        .unwrap_or(key)
}

/// `서울 강남구 논현동` → `서울 강남구`, when the last word is a 동, 읍, 면, 리, 로 or 가.
fn without_neighbourhood(name: &str) -> Option<&str> {
    let (larger, last) = name.trim().rsplit_once(char::is_whitespace)?;
    let last = fold(last);
    let is_small = ["동", "읍", "면", "리", "로", "가"].into_iter().any(|suffix| last.ends_with(suffix));
    is_small.then_some(larger)
}

#[cfg(test)]
mod tests;
