//! A section of a saved engine: its length, its bytes, their sum.
//!
//! Written one behind the other, read by one thread and checked by others. The sums are seeded with the sum of the header
//! and the number of the section, so that a section of another place or of another file is found out.

use std::io::{self, Read, Write};

use super::super::bytes::sum;
use super::error::{LoadError, SaveError};

/// Bytes that room is made for before they have been read.
const STEP: usize = 1 << 20;

/// Fills `bytes`; the end of the input is [`LoadError::CutOff`].
pub(super) fn read_exact(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), LoadError> {
    let told = |error: io::Error| {
        if error.kind() == io::ErrorKind::UnexpectedEof { LoadError::CutOff } else { LoadError::Read(error) }
    };
    input.read_exact(bytes).map_err(told)
}

/// A section as it was read, not checked yet.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) number: u32,
    len: usize,
    said: u64,
    /// May be longer: room is used again.
    room: Vec<u8>,
}

impl Section {
    /// Reads a section into `room`, which grows no faster than bytes come.
    pub(super) fn read(input: &mut impl Read, number: u32, mut room: Vec<u8>) -> Result<Self, LoadError> {
        let mut word = [0; 8];
        read_exact(input, &mut word)?;
        let len = usize::try_from(u64::from_le_bytes(word)).map_err(|_| LoadError::Damaged)?;
        let mut read = 0;
        while read < len {
            let end = len.min(room.len().max(read.saturating_add(STEP)));
            if room.len() < end {
                room.resize(end, 0);
            }
            read_exact(input, &mut room[read..end])?;
            read = end;
        }
        read_exact(input, &mut word)?;
        Ok(Self { number, len, said: u64::from_le_bytes(word), room })
    }

    /// The sum that was written.
    pub(super) fn said(&self) -> u64 {
        self.said
    }

    /// The bytes, if they are the ones that were written.
    pub(super) fn checked(&self, seed: u64) -> Result<&[u8], LoadError> {
        let bytes = &self.room[..self.len];
        if sum(seed_of(seed, self.number), bytes) == self.said { Ok(bytes) } else { Err(LoadError::Damaged) }
    }

    /// The room, to be used again.
    pub(super) fn into_room(self) -> Vec<u8> {
        self.room
    }
}

/// Writes sections one behind the other and keeps the sum of all.
#[derive(Debug)]
pub(super) struct Sections<W> {
    out: W,
    seed: u64,
    number: u32,
    total: u64,
    room: Vec<u8>,
}

impl<W: Write> Sections<W> {
    /// Begins behind a header with this sum.
    pub(super) fn new(out: W, seed: u64) -> Self {
        Self { out, seed, number: 0, total: seed, room: Vec::new() }
    }

    /// Writes what `fill` appends as one section.
    pub(super) fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), SaveError> {
        self.room.clear();
        self.room.resize(8, 0);
        fill(&mut self.room);
        let len = self.room.len() - 8;
        self.room[..8].copy_from_slice(&(len as u64).to_le_bytes());
        let sum = sum(seed_of(self.seed, self.number), &self.room[8..]);
        self.room.extend(sum.to_le_bytes());
        self.out.write_all(&self.room)?;
        self.number += 1;
        self.total = total(self.total, sum);
        Ok(())
    }

    /// Writes the sum of all sections.
    pub(super) fn end(mut self) -> Result<(), SaveError> {
        self.out.write_all(&self.total.to_le_bytes())?;
        Ok(self.out.flush()?)
    }
}

/// The sum of all sections so far and one more.
pub(super) fn total(so_far: u64, said: u64) -> u64 {
    sum(so_far, &said.to_le_bytes())
}

fn seed_of(seed: u64, number: u32) -> u64 {
    seed.wrapping_add(u64::from(number) + 1)
}
