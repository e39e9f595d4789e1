//! Exchanges over HTTP: the only file that knows the client.
//!
//! Called by `line` through [`Transport`]. Invariants: redirects are not followed (a key would go along), the key is a header
//! that does not print itself, an answer is read up to its cap and no further, a server on this machine is asked without a
//! proxy.

use std::time::Duration;

use async_trait::async_trait;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret as _, SecretString};

use crate::address::Address;
use crate::builder::BuildError;
use crate::transport::{Answer, Lost, MOST_BYTES, MOST_BYTES_OF_ERROR, Path, Transport};

/// How long an unused connection is kept: shorter than servers keep theirs.
const KEEP_IDLE: Duration = Duration::from_secs(20);

/// A server over HTTP.
pub(crate) struct Http {
    client: Client,
    base: String,
    key: Option<HeaderValue>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("base", &self.base).field("has_key", &self.key.is_some()).finish_non_exhaustive()
    }
}

impl Http {
    /// A client of the server at an address. Nothing is connected yet.
    pub(crate) fn new(
        address: &Address,
        key: Option<&SecretString>,
        connect_within: Duration,
    ) -> Result<Self, BuildError> {
        let key = key.map(authorization).transpose()?;
        let mut builder = Client::builder()
            .connect_timeout(connect_within)
            .redirect(Policy::none())
            .referer(false)
            .pool_idle_timeout(KEEP_IDLE)
            .user_agent(concat!("gpting/", env!("CARGO_PKG_VERSION")));
        if address.is_here() {
            builder = builder.no_proxy();
        }
        builder = if address.is_plain() {
            // No certificate is ever looked at, so a machine without any may speak to its own server.
            builder.tls_certs_only([])
        } else {
            builder.https_only(true)
        };
        let client = builder.build().map_err(|_| BuildError::Client)?;
        Ok(Self { client, base: address.base().to_owned(), key })
    }
}

fn authorization(key: &SecretString) -> Result<HeaderValue, BuildError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose_secret())).map_err(|_| BuildError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Transport for Http {
    async fn exchange(&self, path: Path, body: Option<Vec<u8>>) -> Result<Answer, Lost> {
        let url = format!("{}{}", self.base, path.as_str());
        let mut request = match body {
            Some(body) => {
                self.client.post(url).header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body)
            }
            None => self.client.get(url),
        };
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        let response = request.send().await.map_err(|error| lost(&error))?;
        read(response).await
    }
}

fn lost(error: &reqwest::Error) -> Lost {
    if error.is_connect() || error.is_builder() { Lost::Unreachable } else { Lost::Cut }
}

async fn read(mut response: Response) -> Result<Answer, Lost> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut answer = Answer {
        status: response.status().as_u16(),
        retry_after_ms: header("retry-after-ms"),
        retry_after: header(RETRY_AFTER.as_str()),
        date: header(DATE.as_str()),
        body: Vec::new(),
    };
    let is_success = response.status().is_success();
    let most = if is_success { MOST_BYTES } else { MOST_BYTES_OF_ERROR };
    let told = response.content_length().and_then(|length| usize::try_from(length).ok());
    if is_success && told.is_some_and(|told| told > most) {
        return Err(Lost::TooLarge);
    }
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        let room = most - answer.body.len();
        if chunk.len() > room {
            if is_success {
                return Err(Lost::TooLarge);
            }
            answer.body.extend_from_slice(&chunk[..room]);
            break;
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_does_not_print() {
        let address = Address::parse("https://h/v1", false).unwrap();
        let http = Http::new(&address, Some(&"sk-c4nary".into()), Duration::from_secs(1)).unwrap();
        assert!(!format!("{http:?} {:?}", http.key).contains("c4nary"));
        let broken = Http::new(&address, Some(&"sk\nc4nary".into()), Duration::from_secs(1)).unwrap_err();
        assert_eq!(broken, BuildError::Key);
        assert!(!format!("{broken} {broken:?}").contains("c4nary"));
    }
}
