//! Passwords: the rule for new ones, and hashing on a bounded pool.
//!
//! Argon2id costs 19 MiB and 20 ms each; without a bound, five hundred logins at once would take 10 GiB. Callers wait in
//! a short queue and are turned away when it is full. Source: OWASP Password Storage Cheat Sheet; ASVS 5.0 §6.2.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use super::foreign::{Pbkdf2, UNUSABLE};
use crate::config::AccountConfig;
use crate::error::{Error, Fault, Result};
use crate::rng::Rng;

/// The floor of the OWASP sheet; weaker settings do not start.
const FLOOR: (u32, u32) = (19_456, 2);

/// The most common passwords and Korean keyboard walks, one per line.
static COMMON: &str = include_str!("../../data/common-passwords.txt");

/// Hashes and verifies, at most a few at once.
#[derive(Debug)]
pub(crate) struct PasswordPool {
    lanes: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    params: Params,
    /// What is verified when there is no account, so that the answer takes as long.
    dummy: String,
}

impl PasswordPool {
    /// # Errors
    /// [`Error::Internal`] for settings below the floor.
    pub(crate) fn new(config: &AccountConfig) -> Result<Self> {
        if config.argon2_memory_kib < FLOOR.0 || config.argon2_passes < FLOOR.1 {
            return Err(Error::Internal {
                what: "argon2id settings are below 19,456 KiB and 2 passes",
                source: "refusing to hash passwords weakly".into(),
            });
        }
        let params = Params::new(config.argon2_memory_kib, config.argon2_passes, 1, None).map_err(failed)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let lanes = if config.hashing_lanes == 0 { cores } else { config.hashing_lanes };
        // Made up, not hashed: checking it takes as long, and a server that nobody signs in to stays 19 MiB smaller.
        let (salt, output) = (STANDARD_NO_PAD.encode([7; 16]), STANDARD_NO_PAD.encode([7; Params::DEFAULT_OUTPUT_LEN]));
        let (memory, passes) = (config.argon2_memory_kib, config.argon2_passes);
        let dummy = format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${output}");
        Ok(Self {
            lanes: Arc::new(Semaphore::new(lanes)),
            queue: Arc::new(Semaphore::new(config.hashing_queue + lanes)),
            params,
            dummy,
        })
    }

    /// The PHC string of a password under a fresh salt.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the queue is full.
    pub(crate) async fn hash(&self, password: &str, rng: &dyn Rng) -> Result<String> {
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let (params, password) = (self.params.clone(), normal(password));
        self.run(move || hash(&params, password.as_bytes(), &salt)).await?
    }

    /// Whether a password belongs to a hash, and whether the hash should be made anew with stronger settings. Without a
    /// hash it works as long and answers no.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the queue is full.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verdict> {
        let known = stored.is_some();
        let typed = password.to_owned();
        let (password, stored) = (normal(password), stored.unwrap_or(&self.dummy).to_owned());
        let (memory, passes) = (self.params.m_cost(), self.params.t_cost());
        let dummy = self.dummy.clone();
        self.run(move || {
            if let Some(hash) = Pbkdf2::read(&stored) {
                // The other system hashed what was typed, whichever way the letters were composed.
                let right = hash.is_of(&typed) || (typed != password && hash.is_of(&password));
                return Ok(Verdict { right, outdated: true });
            }
            let (stored, known) = if stored == UNUSABLE { (dummy, false) } else { (stored, known) };
            let hash = PasswordHash::new(&stored).map_err(failed)?;
            let right = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && known;
            let kept = Params::try_from(&hash).map_err(failed)?;
            Ok(Verdict { right, outdated: kept.m_cost() < memory || kept.t_cost() < passes })
        })
        .await?
    }

    /// Runs cheap hashing off the async threads, without taking a lane.
    pub(crate) async fn run_small<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        tokio::task::spawn_blocking(work).await.map_err(failed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::Unavailable { part: "password hashing", retry_after: Duration::from_secs(2) };
        let _queued = self.queue.try_acquire().map_err(|_| busy())?;
        let lane = Arc::clone(&self.lanes).acquire_owned().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            // The lane is free only when the work is, also when nobody waits for it any more.
            drop(lane);
            done
        })
        .await
        .map_err(failed)
    }
}

/// What verifying a password came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) right: bool,
    pub(crate) outdated: bool,
}

/// NFKC: the same Korean password typed on a Mac and on Windows is the same password.
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

fn hash(params: &Params, password: &[u8], salt: &[u8]) -> Result<String> {
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    Ok(hasher.hash_password_with_salt(password, salt).map_err(failed)?.to_string())
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Internal { what: "hashing failed", source: error.into() }
}

/// A code hashed at small cost: six digits live five minutes and five tries, so the salt does the work.
pub(crate) fn hash_code(code: &str, rng: &dyn Rng) -> Result<String> {
    let mut salt = [0; 16];
    rng.fill(&mut salt);
    hash(&code_params()?, code.as_bytes(), &salt)
}

/// Whether a code belongs to its hash.
pub(crate) fn verify_code(code: &str, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| Argon2::default().verify_password(code.as_bytes(), &hash).is_ok())
}

fn code_params() -> Result<Params> {
    Params::new(1_024, 2, 1, None).map_err(failed)
}

/// Holds a new password against the rule: length, not a common one, not built from the person's own words. No rule
/// about kinds of characters (ASVS 6.2.5).
///
/// # Errors
/// The fault to show at the field.
pub(crate) fn check(password: &str, own_words: &[&str], config: &AccountConfig) -> Result<(), Fault> {
    // Counting stops where the answer is known: a megabyte of input is not worth a megabyte of work.
    let chars = password.chars().take(config.password_max_chars + 1).count();
    if chars > config.password_max_chars {
        return Err(Fault::TooLong { max: config.password_max_chars });
    }
    let normal = normal(password);
    if normal.chars().count() < config.password_min_chars {
        return Err(Fault::TooShort { min: config.password_min_chars });
    }
    if normal.contains('\0') {
        return Err(Fault::Invalid);
    }
    let folded = normal.to_lowercase();
    let symbols = "!@#$%^&*.?~-_";
    let plain = folded.trim_end_matches(|c| symbols.contains(c));
    let bare = plain.trim_end_matches(|c: char| c.is_ascii_digit() || symbols.contains(c));
    let common = COMMON.lines().any(|line| line == folded || line == plain || (line.len() >= 5 && line == bare));
    let single = folded.chars().next().is_some_and(|first| folded.chars().all(|c| c == first));
    let own = own_words
        .iter()
        .map(|word| word.to_lowercase())
        .any(|word| word.chars().count() >= 4 && [folded.as_str(), plain, bare].contains(&word.as_str()));
    if common || single || own { Err(Fault::CommonPassword) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_knows_length_and_common_words_only() {
        let config = AccountConfig::default();
        let check = |password: &str| check(password, &["gpting", "minji92"], &config);
        assert_eq!(check("짧은비번"), Err(Fault::TooShort { min: 8 }));
        assert_eq!(check("정말로 긴 비밀번호 하나"), Ok(()));
        assert_eq!(check("correct horse battery"), Ok(()));
        assert_eq!(check("password1"), Err(Fault::CommonPassword));
        assert_eq!(check("12345678"), Err(Fault::CommonPassword));
        assert_eq!(check("aaaaaaaaaa"), Err(Fault::CommonPassword));
        assert_eq!(check("Minji92!!"), Err(Fault::CommonPassword));
        assert_eq!(check(&"가나".repeat(128)), Ok(()));
        assert_eq!(check(&"가a".repeat(129)), Err(Fault::TooLong { max: 256 }));
    }

    #[tokio::test]
    async fn composed_and_decomposed_hangul_are_one_password() {
        let pool = PasswordPool::new(&AccountConfig::default()).unwrap();
        let composed = "비밀번호입니다";
        let decomposed: String = composed.nfd().collect();
        let hash = pool.hash(composed, &crate::SeededRng::new(3)).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(pool.verify(&decomposed, Some(&hash)).await.unwrap().right);
        assert!(!pool.verify("비밀번호입니까", Some(&hash)).await.unwrap().right);
        assert!(!pool.verify("비밀번호입니다", None).await.unwrap().right);
    }

    #[tokio::test]
    async fn what_is_checked_for_nobody_costs_as_much_as_a_real_hash() {
        let pool = PasswordPool::new(&AccountConfig::default()).unwrap();
        let real = pool.hash("비밀번호입니다", &crate::SeededRng::new(3)).await.unwrap();
        let (real, made_up) = (PasswordHash::new(&real).unwrap(), PasswordHash::new(&pool.dummy).unwrap());
        assert_eq!((real.algorithm, real.version, &real.params), (made_up.algorithm, made_up.version, &made_up.params));
        let length = |hash: &PasswordHash| hash.hash.as_ref().unwrap().as_bytes().len();
        assert_eq!(length(&real), length(&made_up));
    }

    #[tokio::test]
    async fn hashes_from_elsewhere_are_good_once_and_what_nobody_can_verify_is_never_right() {
        let pool = PasswordPool::new(&AccountConfig::default()).unwrap();
        // PBKDF2 of the decomposed form, as a Mac sends it, by Python's hashlib.
        let stored = "pbkdf2_sha256$1000$c0mp0sed$+PgCKkMo1H3ZXyCLeOllBlxsRVX3AesbrTagzl1aQkQ=";
        let decomposed: String = "비밀번호입니다".nfd().collect();
        let right = Verdict { right: true, outdated: true };
        assert_eq!(pool.verify(&decomposed, Some(stored)).await.unwrap(), right);
        assert!(!pool.verify("다른 비밀번호", Some(stored)).await.unwrap().right);
        for password in ["", "!", "비밀번호입니다"] {
            assert!(!pool.verify(password, Some(UNUSABLE)).await.unwrap().right);
        }
    }

    #[test]
    fn weak_settings_are_refused() {
        assert!(PasswordPool::new(&AccountConfig { argon2_passes: 1, ..AccountConfig::default() }).is_err());
    }
}
