//! Password hashes that another system made: verified as they are, and made anew at the first login.
//!
//! Called by the hashing pool. PBKDF2 with SHA-256 as Django writes it, `pbkdf2_sha256$<iterations>$<salt>$<hash in
//! Base64>`: <https://docs.djangoproject.com/en/5.2/topics/auth/passwords/>. RFC 8018 §5.2.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// More would let one stored row keep a core for seconds. Django's default was 1,000,000 at the end of 2024.
const MOST_ITERATIONS: u32 = 10_000_000;

/// What stands where no password can be right: for people whose hash nobody here can verify.
pub(crate) const UNUSABLE: &str = "!";

/// A PBKDF2 hash out of another system.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pbkdf2 {
    iterations: NonZeroU32,
    salt: String,
    hash: Vec<u8>,
}

impl Pbkdf2 {
    /// Reads a hash; none when it is not one of these.
    pub(crate) fn read(stored: &str) -> Option<Self> {
        let mut parts = stored.strip_prefix("pbkdf2_sha256$")?.split('$');
        let (iterations, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let iterations = iterations.parse().ok().filter(|count: &NonZeroU32| count.get() <= MOST_ITERATIONS)?;
        let hash = STANDARD.decode(hash).ok().filter(|hash| hash.len() == 32)?;
        let is_whole = parts.next().is_none() && !salt.is_empty();
        is_whole.then(|| Self { iterations, salt: salt.to_owned(), hash })
    }

    /// Whether this is the password. Takes its time on purpose.
    pub(crate) fn is_of(&self, password: &str) -> bool {
        let (salt, password) = (self.salt.as_bytes(), password.as_bytes());
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, self.iterations, salt, password, &self.hash).is_ok()
    }
}

/// A hash of another system in the form it is kept in here; none when it can never be verified.
pub(crate) fn kept(foreign: &str) -> Option<String> {
    if Pbkdf2::read(foreign).is_some() {
        return Some(foreign.to_owned());
    }
    // Django puts its own name before what is else the usual form.
    let phc = foreign.strip_prefix("argon2$").map(|rest| format!("${rest}"))?;
    argon2::password_hash::phc::PasswordHash::new(&phc).is_ok().then_some(phc)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hashlib.pbkdf2_hmac("sha256", "correct horse 비밀번호".encode(), b"Zy3sP0qLkR8mTn1v", 1000)` of Python 3.
    const KNOWN: &str = "pbkdf2_sha256$1000$Zy3sP0qLkR8mTn1v$Yo6LX29NETr1v0G+L+0nX5hTGYB7zMMlNCeWg/B+DT8=";

    #[test]
    fn a_hash_of_django_is_verified() {
        let hash = Pbkdf2::read(KNOWN).unwrap();
        assert!(hash.is_of("correct horse 비밀번호"));
        assert!(!hash.is_of("correct horse 비밀번호 ") && !hash.is_of(""));
        assert_eq!(kept(KNOWN).unwrap(), KNOWN);
    }

    #[test]
    fn what_is_no_such_hash_is_no_password() {
        let hash = KNOWN.rsplit('$').next().unwrap();
        for other in [
            String::new(),
            "!Wq8p4tLzKbRxYc7nMdEoHsVgUfJi2aT0".to_owned(),
            format!("pbkdf2_sha1$1000$salt${hash}"),
            format!("pbkdf2_sha256$0$salt${hash}"),
            format!("pbkdf2_sha256$999999999$salt${hash}"),
            format!("pbkdf2_sha256$1000$${hash}"),
            format!("pbkdf2_sha256$1000$salt${hash}$more"),
            "pbkdf2_sha256$1000$salt$c2hvcnQ=".to_owned(),
            "bcrypt_sha256$$2b$12$abc".to_owned(),
            "argon2$argon2id$nonsense".to_owned(),
        ] {
            assert!(Pbkdf2::read(&other).is_none() && kept(&other).is_none(), "{other}");
        }
    }
}
