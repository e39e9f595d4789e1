//! A solved region as plain bytes, so that a run that was cut short goes on where it was.
//!
//! Called by `solver` and by hosts, which decide where the bytes are kept. Invariants: reading what was written gives the
//! same region; damaged bytes are refused; a region of another graph or other settings has another fingerprint.

use super::csr::Graph;
use super::error::GraphError;
use super::noise::mix;
use super::settings::MarketSettings;

/// First bytes of a saved region; the digit is the version.
const MAGIC: &[u8; 8] = b"gptmkt-1";

/// What solving one region gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    pub(super) fingerprint: u64,
    pub(super) people: Vec<u32>,
    /// By person of the region: whom they are shown, best first.
    pub(super) lists: Vec<Vec<u32>>,
    pub(super) picks: Vec<Vec<u32>>,
    pub(super) matches: Vec<f64>,
    pub(super) edges: u64,
    pub(super) envy: u64,
    pub(super) upper_bound: f64,
    pub(super) pick_matches: f64,
    pub(super) pick_bound: f64,
}

impl Solved {
    /// The people of the region, ascending.
    pub fn people(&self) -> &[u32] {
        &self.people
    }

    /// Everything, little-endian, with a checksum at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let word = |bytes: &mut Vec<u8>, word: u64| bytes.extend_from_slice(&word.to_le_bytes());
        for value in [self.fingerprint, self.edges, self.envy] {
            word(&mut bytes, value);
        }
        for value in [self.upper_bound, self.pick_matches, self.pick_bound] {
            word(&mut bytes, value.to_bits());
        }
        word(&mut bytes, self.people.len() as u64);
        for (index, &person) in self.people.iter().enumerate() {
            bytes.extend_from_slice(&person.to_le_bytes());
            word(&mut bytes, self.matches[index].to_bits());
            for names in [&self.lists[index], &self.picks[index]] {
                bytes.push(names.len() as u8);
                for name in names {
                    bytes.extend_from_slice(&name.to_le_bytes());
                }
            }
        }
        let sum = checksum(&bytes);
        word(&mut bytes, sum);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`GraphError::UnreadableRegion`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, GraphError> {
        Self::read(bytes).ok_or(GraphError::UnreadableRegion)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(8)?)?;
        let mut reader = Reader(content.strip_prefix(MAGIC)?);
        if checksum(content) != u64::from_le_bytes(sum.try_into().ok()?) {
            return None;
        }
        let mut solved = Self {
            fingerprint: reader.word()?,
            edges: reader.word()?,
            envy: reader.word()?,
            upper_bound: f64::from_bits(reader.word()?),
            pick_matches: f64::from_bits(reader.word()?),
            pick_bound: f64::from_bits(reader.word()?),
            people: Vec::new(),
            lists: Vec::new(),
            picks: Vec::new(),
            matches: Vec::new(),
        };
        for _ in 0..reader.word()? {
            solved.people.push(reader.index()?);
            solved.matches.push(f64::from_bits(reader.word()?));
            solved.lists.push(reader.names()?);
            solved.picks.push(reader.names()?);
        }
        reader.0.is_empty().then_some(solved)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*word))
    }

    fn index(&mut self) -> Option<u32> {
        let (index, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*index))
    }

    fn names(&mut self) -> Option<Vec<u32>> {
        let (len, rest) = self.0.split_first()?;
        self.0 = rest;
        (0..*len).map(|_| self.index()).collect()
    }
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |sum, &byte| mix(sum ^ u64::from(byte)))
}

/// What a result depends on: the people, their edges and activity, the settings; not the threads.
pub(super) fn fingerprint(graph: &Graph, people: &[u32], activity: &[f32], settings: &MarketSettings) -> u64 {
    let settings = MarketSettings { threads: 1, ..settings.clone() };
    let mut sum = checksum(format!("{settings:?}").as_bytes());
    for (&person, &activity) in people.iter().zip(activity) {
        sum = mix(sum ^ ((u64::from(person) << 32) | u64::from(activity.to_bits())));
    }
    for edge in graph.edges() {
        sum = mix(sum ^ ((u64::from(edge.a) << 32) | u64::from(edge.b)));
        sum = mix(sum ^ ((u64::from(edge.there.to_bits()) << 32) | u64::from(edge.back.to_bits())));
    }
    sum
}
