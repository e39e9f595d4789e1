//! Which language a request is answered in.
//!
//! Called once per request by the service; everything that words an answer is handed the result. Pure.
//! Invariant: whatever the header holds, the answer is one of the languages there are, Korean when in doubt.

use gpting_core::lang::Lang;
use http::{HeaderMap, header::ACCEPT_LANGUAGE};

/// The best language for `Accept-Language` (RFC 9110 §12.5.4): the highest quality wins, the first of equals, Korean
/// when none is known. `O(length)`.
pub(crate) fn negotiate(headers: &HeaderMap) -> Lang {
    let mut best = (Lang::Ko, 0_u32);
    let listed = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    for range in listed.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=").map(quality)).unwrap_or(1000);
        let lang = match tag.split('-').next().unwrap_or_default() {
            "ko" | "*" => Lang::Ko,
            "en" => Lang::En,
            _ => continue,
        };
        if quality > best.1 {
            best = (lang, quality);
        }
    }
    best.0
}

/// A quality in thousandths; what is no number counts as nothing.
fn quality(text: &str) -> u32 {
    let Ok(value) = text.trim().parse::<f32>() else { return 0 };
    if !(0.0..=1.0).contains(&value) {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000 by the line above")]
    let thousandths = (value * 1000.0) as u32;
    thousandths
}

/// One of two wordings.
pub(crate) const fn said(lang: Lang, ko: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Lang {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, value.parse().unwrap());
        negotiate(&headers)
    }

    #[test]
    fn korean_unless_english_is_wished_for_more() {
        assert_eq!(negotiate(&HeaderMap::new()), Lang::Ko);
        assert_eq!(of("en-US,en;q=0.9"), Lang::En);
        assert_eq!(of("ko-KR,ko;q=0.9,en;q=0.8"), Lang::Ko);
        assert_eq!(of("ko;q=0.3, en;q=0.8"), Lang::En);
        assert_eq!(of("fr, de"), Lang::Ko);
        assert_eq!(of("*"), Lang::Ko);
        assert_eq!(of("en;q=0"), Lang::Ko);
        assert_eq!(of("en;q=nonsense, ;;,"), Lang::Ko);
    }
}
