//! How long saving and loading take.

use super::Bench;
use crate::matching::{Engine, LoadError, SaveError};

/// Figures of saving and loading, in memory: what a disk adds is its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SaveAndLoad {
    /// Seconds of writing everything, on one thread.
    pub save_s: f64,
    /// Seconds until the loaded engine can be asked.
    pub load_s: f64,
    /// How much was written.
    pub bytes: u64,
}

/// Why [`Bench::save_and_load`] failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveAndLoadError {
    /// The engine was not saved.
    #[error("the engine was not saved")]
    Save(#[from] SaveError),
    /// What was saved was not loaded.
    #[error("the engine was not loaded")]
    Load(#[from] LoadError),
}

impl Bench {
    /// Saves the engine into memory and loads it from there with so many threads.
    ///
    /// # Errors
    /// Those of the two, neither of which is expected.
    pub fn save_and_load(&self, threads: usize) -> Result<SaveAndLoad, SaveAndLoadError> {
        let mut bytes = Vec::new();
        let begin = (self.clocks.wall)();
        self.engine.save(&mut bytes, u128::from)?;
        let saved = (self.clocks.wall)();
        let config = self.options.score.config(self.options.dims);
        let loaded = Engine::<u32>::load(config, &bytes[..], |number| number.try_into().ok(), threads)?;
        let end = (self.clocks.wall)();
        std::hint::black_box(&loaded);
        Ok(SaveAndLoad { save_s: saved - begin, load_s: end - saved, bytes: bytes.len() as u64 })
    }
}
