//! Where a server is: its base URL, checked once.
//!
//! Called by [`Builder`](crate::Builder); pure. Invariants: no name or password in it, nothing goes over plain `http` but to
//! this machine unless that was allowed, and what is printed of it is safe to print.

use reqwest::Url;

use crate::builder::BuildError;

/// A base URL such as `https://api.openai.com/v1`, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    base: String,
    host: String,
    port: Option<u16>,
    is_plain: bool,
    is_here: bool,
}

impl Address {
    /// Reads a base URL. One without a path gets `/v1`.
    pub(crate) fn parse(text: &str, allow_plain: bool) -> Result<Self, BuildError> {
        let url = Url::parse(text.trim()).map_err(|_| BuildError::Url)?;
        let is_plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(BuildError::Url),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(BuildError::Url)?.to_ascii_lowercase();
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BuildError::Url);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BuildError::SecretInUrl);
        }
        let is_here = is_loopback(&host);
        if is_plain && !is_here && !allow_plain {
            return Err(BuildError::PlainHttp);
        }
        let path = url.path().trim_end_matches('/');
        let path = if path.is_empty() { "/v1" } else { path };
        let origin = url.origin().ascii_serialization();
        Ok(Self { base: format!("{origin}{path}"), host, port: url.port(), is_plain, is_here })
    }

    /// The base URL; nothing secret is in it.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The host, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, where it is not the one of the scheme.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is spoken to without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Whether it is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.is_here
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare.ends_with(".localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_and_a_missing_one_is_v1() {
        for (written, base) in [
            ("https://api.openai.com", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
            (" http://localhost:11434 ", "http://localhost:11434/v1"),
            ("http://[::1]:8080/openai/v1", "http://[::1]:8080/openai/v1"),
            ("HTTPS://LLM.Example:8443/x", "https://llm.example:8443/x"),
        ] {
            assert_eq!(Address::parse(written, false).unwrap().base(), base, "{written}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_plain() {
        for here in ["http://127.0.0.1:1", "http://127.8.8.8", "http://[::1]", "http://localhost", "http://a.localhost"]
        {
            assert!(Address::parse(here, false).unwrap().is_here(), "{here}");
        }
        for there in ["http://vllm:8000", "http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"] {
            assert_eq!(Address::parse(there, false), Err(BuildError::PlainHttp), "{there}");
            assert!(Address::parse(there, true).unwrap().is_plain(), "{there}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for wrong in ["", "localhost:8000", "ftp://h", "https://", "https://h/v1?key=x", "https://h/#x", "unix:/run/x"]
        {
            assert_eq!(Address::parse(wrong, true), Err(BuildError::Url), "{wrong}");
        }
        for secret in ["https://user@h/v1", "https://user:c4nary@h/v1", "https://:c4nary@h"] {
            let error = Address::parse(secret, true).unwrap_err();
            assert_eq!(error, BuildError::SecretInUrl);
            assert!(!format!("{error} {error:?}").contains("c4nary"));
        }
    }
}
