//! The first bytes of a saved engine: what it is, what it depends on, and how much follows.

use std::io::Read;

use super::super::bytes::{Reader, put, sum};
use super::super::{Day, Weights};
use super::error::LoadError;
use super::section::read_exact;

const MAGIC: [u8; 8] = *b"gptingen";
/// To be raised whenever the layout changes.
const FORM: u32 = 3;
const WEIGHTS: usize = 12;
/// Bytes behind magic and form, without the sum.
const LEN: usize = 8 + 8 * WEIGHTS + 6 * 4;

/// What is said of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Header {
    /// What the packed index depends on beside the dimensions.
    pub(super) fingerprint: u64,
    pub(super) weights: Weights,
    pub(super) today: Option<Day>,
    pub(super) dims: u32,
    pub(super) next_serial: u32,
    pub(super) people: u32,
    /// Nodes of the index.
    pub(super) nodes: u32,
}

impl Header {
    /// The bytes, and their sum, which seeds the sums of everything that follows.
    pub(super) fn to_bytes(self) -> (Vec<u8>, u64) {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORM.to_le_bytes());
        let from = bytes.len();
        bytes.extend(self.fingerprint.to_le_bytes());
        put(&mut bytes, &numbers(&self.weights), f64::to_le_bytes);
        let (has_today, today) = self.today.map_or((0, 0), |day| (1, day.0.cast_unsigned()));
        let words = [has_today, today, self.dims, self.next_serial, self.people, self.nodes];
        put(&mut bytes, &words, u32::to_le_bytes);
        let sum = sum(FORM.into(), &bytes[from..]);
        bytes.extend(sum.to_le_bytes());
        (bytes, sum)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub(super) fn read(input: &mut impl Read) -> Result<(Self, u64), LoadError> {
        let mut begin = [0; 12];
        read_exact(input, &mut begin)?;
        let (magic, form) = begin.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(LoadError::Foreign);
        }
        let form = Reader::new(form).u32().ok_or(LoadError::CutOff)?;
        if form != FORM {
            return Err(LoadError::OtherForm(form));
        }
        let mut bytes = [0; LEN + 8];
        read_exact(input, &mut bytes)?;
        let (bytes, said) = bytes.split_at(LEN);
        let sum = sum(FORM.into(), bytes);
        if Reader::new(said).u64() != Some(sum) {
            return Err(LoadError::Damaged);
        }
        Self::parse(&mut Reader::new(bytes)).map(|header| (header, sum)).ok_or(LoadError::Damaged)
    }

    fn parse(reader: &mut Reader<'_>) -> Option<Self> {
        let fingerprint = reader.u64()?;
        let mut weights = [0.0; WEIGHTS];
        reader.fill(&mut weights, f64::from_le_bytes)?;
        let (has_today, today) = (reader.u32()?, reader.i32()?);
        Some(Self {
            fingerprint,
            weights: weights_of(weights),
            today: (has_today != 0).then_some(Day(today)),
            dims: reader.u32()?,
            next_serial: reader.u32()?,
            people: reader.u32()?,
            nodes: reader.u32()?,
        })
    }
}

fn numbers(weights: &Weights) -> [f64; WEIGHTS] {
    let Weights {
        like_rate,
        prior_decisions,
        pickiness,
        appeal,
        interests,
        attributes,
        questions,
        near,
        near_km,
        age,
        age_years,
        content,
    } = *weights;
    [
        like_rate,
        prior_decisions,
        pickiness,
        appeal,
        interests,
        attributes,
        questions,
        near,
        near_km,
        age,
        age_years,
        content,
    ]
}

fn weights_of(numbers: [f64; WEIGHTS]) -> Weights {
    let [
        like_rate,
        prior_decisions,
        pickiness,
        appeal,
        interests,
        attributes,
        questions,
        near,
        near_km,
        age,
        age_years,
        content,
    ] = numbers;
    Weights {
        like_rate,
        prior_decisions,
        pickiness,
        appeal,
        interests,
        attributes,
        questions,
        near,
        near_km,
        age,
        age_years,
        content,
    }
}
