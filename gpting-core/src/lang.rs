//! The languages that people are spoken to in.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Korean, the default.
    #[default]
    Ko,
    /// English.
    En,
}

impl Lang {
    /// Its code: `ko` or `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
        }
    }

    /// The language with this code; anything else is Korean.
    pub fn from_code(code: &str) -> Self {
        if code == "en" { Self::En } else { Self::Ko }
    }
}
