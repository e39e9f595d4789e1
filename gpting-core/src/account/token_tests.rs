//! Forged, stale and foreign tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::*;
use crate::SeededRng;

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn keys(seed: u64) -> AccountKeys {
    AccountKeys::draw(&SeededRng::new(seed)).unwrap()
}

fn identity() -> Identity {
    Identity { member: MemberId::new(42).unwrap(), session: SessionId::new(7).unwrap() }
}

fn claims() -> serde_json::Value {
    let at = now().as_second();
    json!({"iss": "gpting", "aud": "gpting", "sub": "42", "sid": 7, "jti": "x", "iat": at, "exp": at + 600})
}

fn signed(keys: &AccountKeys, change: impl Fn(&mut Header, &mut serde_json::Value)) -> String {
    let (mut header, mut body) = (Header::new(Algorithm::EdDSA), claims());
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(keys.signer.kid.clone());
    change(&mut header, &mut body);
    jsonwebtoken::encode(&header, &body, &keys.signer.encoding).unwrap()
}

#[test]
fn a_token_of_ours_names_its_member_and_session() {
    let (keys, config) = (keys(1), AccountConfig::default());
    let token = keys.access(identity(), now(), &config, &SeededRng::new(9)).unwrap();
    assert_eq!(keys.read_access(&token, now(), &config).unwrap(), identity());
    assert_eq!(keys.read_access(&signed(&keys, |_, _| {}), now(), &config).unwrap(), identity());
    let later = now() + jiff::SignedDuration::from_mins(15);
    assert!(keys.read_access(&token, later, &config).is_err(), "a token lives 15 minutes");
}

#[test]
fn forged_tokens_are_all_refused() {
    let (keys, other, config) = (keys(1), keys(2), AccountConfig::default());
    let good = signed(&keys, |_, _| {});
    let parts: Vec<&str> = good.split('.').collect();
    let raw = |header: serde_json::Value, body: serde_json::Value, signature: &str| {
        format!("{}.{}.{signature}", B64.encode(header.to_string()), B64.encode(body.to_string()))
    };
    let hs256 = {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(keys.signer.kid.clone());
        jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&keys.signer.public)).unwrap()
    };
    let kid = keys.signer.kid.clone();
    let forged = [
        String::new(),
        "x".to_owned(),
        "a.b.c".to_owned(),
        "....".to_owned(),
        "\u{0}".to_owned(),
        "x".repeat(100_000),
        parts[..2].join("."),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], B64.encode([0; 64])),
        format!("{good}x"),
        good.replace(parts[1], &B64.encode(claims().to_string().replace("\"42\"", "\"43\""))),
        raw(json!({"alg": "none", "typ": "at+jwt", "kid": kid}), claims(), ""),
        raw(json!({"alg": "None", "typ": "at+jwt", "kid": kid}), claims(), ""),
        raw(json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid, "jwk": {"kty": "OKP"}}), claims(), parts[2]),
        hs256,
        signed(&other, |_, _| {}),
        signed(&other, |header, _| header.kid = Some(kid.clone())),
        signed(&keys, |header, _| header.kid = None),
        signed(&keys, |header, _| header.kid = Some("../../etc/passwd".to_owned())),
        signed(&keys, |header, _| header.typ = Some("JWT".to_owned())),
        signed(&keys, |header, _| header.typ = None),
        signed(&keys, |_, body| body["iss"] = json!("else")),
        signed(&keys, |_, body| body["aud"] = json!("else")),
        signed(&keys, |_, body| body["aud"] = json!([])),
        signed(&keys, |_, body| body["exp"] = json!(now().as_second())),
        signed(&keys, |_, body| body["exp"] = json!("tomorrow")),
        signed(&keys, |_, body| body["exp"] = json!(null)),
        signed(&keys, |_, body| body["iat"] = json!(now().as_second() + 61)),
        signed(&keys, |_, body| body["sub"] = json!(42)),
        signed(&keys, |_, body| body["sub"] = json!("-1")),
        signed(&keys, |_, body| body["sub"] = json!("")),
        signed(&keys, |_, body| body["sid"] = json!("7")),
        signed(&keys, |_, body| drop(body.as_object_mut().unwrap().remove("sid"))),
        keys.first_refresh(identity().session, &SeededRng::new(5)).text(),
    ];
    assert!(forged.len() > 30);
    for (place, token) in forged.iter().enumerate() {
        let read = keys.read_access(token, now(), &config);
        assert!(read.is_err(), "forgery {place} was taken for {read:?}");
    }
}

#[test]
fn retired_keys_are_still_read() {
    let config = AccountConfig::default();
    let old = AccountKeys::new([1; 32], [0; 32]).unwrap();
    let token = old.access(identity(), now(), &config, &SeededRng::new(9)).unwrap();
    let new = AccountKeys::new([2; 32], [0; 32]).unwrap();
    assert!(new.read_access(&token, now(), &config).is_err());
    let both = new.also_accept([1; 32]).unwrap();
    assert_eq!(both.read_access(&token, now(), &config).unwrap(), identity());
    assert_eq!(both.jwks()["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn successors_are_determined_and_made_up_tokens_are_not_read() {
    let keys = keys(1);
    let first = keys.first_refresh(identity().session, &SeededRng::new(5));
    let read = keys.read_refresh(&first.text()).unwrap();
    assert!(read == first);
    assert!(keys.successor(&read) == keys.successor(&first));
    assert_ne!(keys.successor(&first).hash(), first.hash());
    assert!(self::keys(2).read_refresh(&first.text()).is_err());
    assert!(keys.read_refresh(&first.text().replacen('7', "8", 1)).is_err());
    assert!(keys.read_refresh("7.").is_err());
    assert!(keys.read_refresh(&"7".repeat(300)).is_err());
}
