//! What travels: the shapes of requests and answers, one file per resource.
//!
//! Called by the handlers. Answers are built from what the core hands out for a viewer and hold nothing else; requests
//! take the fields they know. Names are the original service's where it had one (contract §1–4).
//! Invariant: no type for other people's eyes has a field for e-mail, login name, birth date, exact place or raw score.

#[cfg(feature = "accounts")]
pub(crate) mod account;
pub(crate) mod card;
pub(crate) mod chat;
pub(crate) mod interaction;
pub(crate) mod matching;
pub(crate) mod photo;
pub(crate) mod preference;
pub(crate) mod profile;
pub(crate) mod question;
pub(crate) mod safety;
pub(crate) mod suggestion;
pub(crate) mod visibility;
pub(crate) mod words;

use gpting_core::lang::Lang;
use gpting_core::profile::card::Label as CardLabel;
use gpting_core::profile::catalogue::Label as CatalogueLabel;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::lang::said;

/// A sentence for people and nothing else.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// The sentence.
    pub(crate) message: &'static str,
}

impl Message {
    /// The sentence in the language of the request.
    pub(crate) fn said(lang: Lang, ko: &'static str, en: &'static str) -> Self {
        Self { message: said(lang, ko, en) }
    }
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Labels {
    /// Korean.
    pub(crate) ko: String,
    /// English.
    pub(crate) en: String,
}

impl From<&CatalogueLabel> for Labels {
    fn from(label: &CatalogueLabel) -> Self {
        Self { ko: label.ko.clone(), en: label.en.clone() }
    }
}

/// The text of a card's label in one language.
pub(crate) fn text_of(label: &CardLabel, lang: Lang) -> String {
    match lang {
        Lang::Ko => label.ko.clone(),
        Lang::En => label.en.clone(),
    }
}

/// A time as it travels: RFC 3339, UTC, microseconds.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_microseconds_and_are_utc() {
        let at = "2026-03-01T12:00:00.5+09:00".parse().unwrap();
        assert_eq!(time(at), "2026-03-01T03:00:00.500000Z");
    }
}
