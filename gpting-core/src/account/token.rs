//! Access and refresh tokens.
//!
//! Access: a JWT signed with Ed25519 (`typ=at+jwt`, RFC 9068), at most 15 minutes, naming its session. Refresh: opaque,
//! rotated at each use (RFC 9700 §4.14.2), kept only as SHA-256. A successor is derived from its token by HMAC, so that
//! the same token presented fifty times at once has one and the same successor: one live branch, whoever answers first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::config::AccountConfig;
use crate::error::{Code, Error, Result};
use crate::id::{MemberId, SessionId};
use crate::rng::Rng;

/// PKCS #8 v1 of an Ed25519 key is this, followed by the 32 bytes of the seed (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The secrets behind tokens. Keep them in files that only the server can read; losing them signs everybody out.
#[derive(Clone)]
pub struct AccountKeys {
    signer: SigningKey,
    retired: Vec<SigningKey>,
    refresh: [u8; 32],
}

#[derive(Clone)]
struct SigningKey {
    kid: String,
    encoding: EncodingKey,
    public: Vec<u8>,
}

impl std::fmt::Debug for AccountKeys {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountKeys").field("kid", &self.signer.kid).finish_non_exhaustive()
    }
}

impl AccountKeys {
    /// Keys from a 32-byte Ed25519 seed and a 32-byte secret for refresh tokens.
    ///
    /// # Errors
    /// [`Error::Internal`] when the crypto library refuses the seed.
    pub fn new(signing_seed: [u8; 32], refresh_secret: [u8; 32]) -> Result<Self> {
        Ok(Self { signer: SigningKey::from_seed(signing_seed)?, retired: Vec::new(), refresh: refresh_secret })
    }

    /// Also accepts tokens signed with an older seed: rotate by making the new seed the signer and keeping the old one
    /// here for as long as its tokens live.
    ///
    /// # Errors
    /// As [`AccountKeys::new`].
    pub fn also_accept(mut self, signing_seed: [u8; 32]) -> Result<Self> {
        self.retired.push(SigningKey::from_seed(signing_seed)?);
        Ok(self)
    }

    /// Fresh keys.
    ///
    /// # Errors
    /// As [`AccountKeys::new`].
    pub fn draw(rng: &dyn Rng) -> Result<Self> {
        let (mut seed, mut refresh) = ([0; 32], [0; 32]);
        rng.fill(&mut seed);
        rng.fill(&mut refresh);
        Self::new(seed, refresh)
    }

    /// The secret under which addresses and logins are hashed where they are counted.
    pub(crate) fn limit_secret(&self) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.refresh).expect("HMAC takes keys of any length");
        mac.update(b"gpting limits");
        mac.finalize().into_bytes().into()
    }

    fn all(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.signer).chain(&self.retired)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517, RFC 8037).
    pub(crate) fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .all()
            .map(|key| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                    "kid": key.kid, "x": URL_SAFE_NO_PAD.encode(&key.public),
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

impl SigningKey {
    fn from_seed(seed: [u8; 32]) -> Result<Self> {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| key_failed(error.to_string()))?;
        let public = pair.public_key().as_ref().to_vec();
        let pkcs8 = [PKCS8_PREFIX.as_slice(), &seed].concat();
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(&public)[..12]);
        Ok(Self { kid, encoding: EncodingKey::from_ed_der(&pkcs8), public })
    }
}

fn key_failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Internal { what: "a signing key could not be used", source: error.into() }
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// A string (RFC 7519 §4.1.2).
    sub: String,
    sid: SessionId,
    jti: String,
    iat: i64,
    exp: i64,
}

/// Who an access token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The member.
    pub member: MemberId,
    /// The signed-in device.
    pub session: SessionId,
}

/// A pair of fresh tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// For the `Authorization` header.
    pub access: String,
    /// For the next pair, once.
    pub refresh: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl AccountKeys {
    /// Signs an access token.
    pub(crate) fn access(
        &self,
        identity: Identity,
        now: Timestamp,
        config: &AccountConfig,
        rng: &dyn Rng,
    ) -> Result<String> {
        let mut jti = [0; 12];
        rng.fill(&mut jti);
        let ttl = config.access_ttl.min(jiff::SignedDuration::from_mins(15));
        let claims = Claims {
            iss: config.issuer.clone(),
            aud: config.audience.clone(),
            sub: identity.member.to_string(),
            sid: identity.session,
            jti: URL_SAFE_NO_PAD.encode(jti),
            iat: now.as_second(),
            exp: now.as_second() + ttl.as_secs(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.signer.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.signer.encoding).map_err(key_failed)
    }

    /// Reads an access token. Its session may have ended since: that is for the caller to ask.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`] for everything that is not a living token of ours.
    pub(crate) fn read_access(&self, token: &str, now: Timestamp, config: &AccountConfig) -> Result<Identity> {
        let invalid = || Error::from(Code::TokenInvalid);
        if token.len() > 2_048 {
            return Err(invalid());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        // Fixed per key and compared before anything is verified: `none` and HS256 with our public key go no further.
        let wanted = header.alg == Algorithm::EdDSA && header.typ.as_deref() == Some("at+jwt");
        let key = self.all().find(|key| header.kid.as_deref() == Some(&key.kid)).filter(|_| wanted);
        let key = key.ok_or_else(invalid)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[&config.issuer]);
        rules.set_audience(&[&config.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library reads the system's clock; ours is injected and compared below.
        rules.validate_exp = false;
        let decoding = DecodingKey::from_ed_der(&key.public);
        let claims = jsonwebtoken::decode::<Claims>(token, &decoding, &rules).map_err(|_| invalid())?.claims;
        let now = now.as_second();
        if claims.exp <= now || claims.iat > now + 60 {
            return Err(invalid());
        }
        let member = claims.sub.parse().map_err(|_| invalid())?;
        Ok(Identity { member, session: claims.sid })
    }

    /// The first refresh token of a session.
    pub(crate) fn first_refresh(&self, session: SessionId, rng: &dyn Rng) -> RefreshToken {
        let mut secret = [0; 32];
        rng.fill(&mut secret);
        self.seal(session, secret)
    }

    /// The token after this one: always the same.
    pub(crate) fn successor(&self, token: &RefreshToken) -> RefreshToken {
        let secret = self.mac(&[b"successor", &token.session.value().to_le_bytes(), &token.secret]);
        self.seal(token.session, secret)
    }

    /// Reads a refresh token that was ever issued by these keys, spent or not.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`] for anything else: made-up tokens cannot end anybody's session.
    pub(crate) fn read_refresh(&self, text: &str) -> Result<RefreshToken> {
        let read = || {
            let (session, rest) = text.split_once('.')?;
            let session: SessionId = session.parse().ok()?;
            let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(rest).ok()?.try_into().ok()?;
            let secret: [u8; 32] = bytes[..32].try_into().ok()?;
            let sealed = self.seal(session, secret);
            bool::from(sealed.tag.ct_eq(&bytes[32..])).then_some(sealed)
        };
        if text.len() > 256 {
            return Err(Code::TokenInvalid.into());
        }
        read().ok_or_else(|| Code::TokenInvalid.into())
    }

    fn seal(&self, session: SessionId, secret: [u8; 32]) -> RefreshToken {
        let mac = self.mac(&[b"tag", &session.value().to_le_bytes(), &secret]);
        let mut tag = [0; 16];
        tag.copy_from_slice(&mac[..16]);
        RefreshToken { session, secret, tag }
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.refresh).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// An opaque refresh token: its session, a secret, and our seal on both.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    secret: [u8; 32],
    tag: [u8; 16],
}

impl RefreshToken {
    /// As it is handed out.
    pub(crate) fn text(&self) -> String {
        format!("{}.{}", self.session, URL_SAFE_NO_PAD.encode([self.secret.as_slice(), &self.tag].concat()))
    }

    /// As it is kept.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret))
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
