//! What each kind of server understands of the common subset.
//!
//! Read by `wire` (which fields are sent) and `format` (which kinds of JSON are tried). A difference that is not here does not
//! exist for us: whatever is sent to one server and not to another is a row of these tables.
//!
//! Sources: the servers' own pages on compatibility. Ollama and LM Studio list `max_tokens`; vLLM calls it deprecated for
//! `max_completion_tokens`, as `OpenAI` does; LM Studio answers 400 to `json_object`; `OpenAI`'s reasoning models take no
//! `temperature` but their own.

use std::fmt;
use std::str::FromStr;

use crate::address::Address;
use crate::format::Format;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// `OpenAI` itself.
    OpenAi,
    /// vLLM.
    Vllm,
    /// Ollama.
    Ollama,
    /// `llama-server` of llama.cpp.
    LlamaCpp,
    /// LM Studio.
    LmStudio,
    /// Any other server: the least that all understand.
    Compatible,
}

/// Not the name of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected openai, vllm, ollama, llama-cpp, lm-studio or compatible")]
pub struct UnknownProfile;

impl Profile {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::OpenAi, Self::Vllm, Self::Ollama, Self::LlamaCpp, Self::LmStudio, Self::Compatible];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Vllm => "vllm",
            Self::Ollama => "ollama",
            Self::LlamaCpp => "llama-cpp",
            Self::LmStudio => "lm-studio",
            Self::Compatible => "compatible",
        }
    }

    /// The profile of a server by its address, where that tells: the host of `OpenAI`, the usual ports of Ollama and LM Studio.
    pub(crate) fn of(address: &Address) -> Self {
        match (address.host(), address.port()) {
            ("api.openai.com", _) => Self::OpenAi,
            (_, Some(11_434)) => Self::Ollama,
            (_, Some(1_234)) => Self::LmStudio,
            _ => Self::Compatible,
        }
    }

    /// Whether nothing works without a key.
    pub(crate) fn needs_key(self) -> bool {
        self == Self::OpenAi
    }

    /// Whether the most tokens of an answer are `max_completion_tokens`, and not `max_tokens`.
    pub(crate) fn counts_completion_tokens(self) -> bool {
        matches!(self, Self::OpenAi | Self::Vllm)
    }

    /// Whether it keeps conversations unless it is told not to, by `store`.
    pub(crate) fn knows_store(self) -> bool {
        self == Self::OpenAi
    }

    /// Whether `temperature` is sent.
    pub(crate) fn takes_temperature(self) -> bool {
        self != Self::OpenAi
    }

    /// Whether vectors can be had shorter than the model makes them, by `dimensions`.
    pub(crate) fn takes_dimensions(self) -> bool {
        self == Self::OpenAi
    }

    /// Whether it may have `/moderations`: `OpenAI` does, and what stands before it; those that run models of one's own do not.
    pub(crate) fn may_moderate(self) -> bool {
        matches!(self, Self::OpenAi | Self::Compatible)
    }

    /// The kinds of JSON to try, best first.
    pub(crate) fn formats(self) -> &'static [Format] {
        match self {
            Self::LmStudio => &[Format::JsonSchema, Format::Free],
            Self::OpenAi | Self::Vllm | Self::Ollama | Self::LlamaCpp | Self::Compatible => {
                &[Format::JsonSchema, Format::JsonObject, Format::Free]
            }
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        let text = text.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|profile| profile.name() == text).ok_or(UnknownProfile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
            assert_eq!(profile.to_string().to_uppercase().parse(), Ok(profile));
        }
        assert_eq!("gpt".parse::<Profile>(), Err(UnknownProfile));
    }

    #[test]
    fn an_address_tells_what_it_can() {
        for (url, profile) in [
            ("https://api.openai.com/v1", Profile::OpenAi),
            ("http://localhost:11434", Profile::Ollama),
            ("http://localhost:1234/v1", Profile::LmStudio),
            ("http://localhost:8000", Profile::Compatible),
            ("https://openai.example", Profile::Compatible),
        ] {
            assert_eq!(Profile::of(&Address::parse(url, false).unwrap()), profile, "{url}");
        }
    }
}
