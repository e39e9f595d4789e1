//! An HTTP answer, and what every refusal must look like.
//!
//! Called by [`crate::person`]. An error is `application/problem+json` with a stable `type` and `code`, a
//! `message` for people and a `request_id`, and says nothing of the server's inside; [`Answer::fault`] checks
//! all of it, and every expectation goes through that check.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// Words that only the inside of the server knows.
const INTERNALS: [&str; 8] =
    ["panicked", "sqlx", "sqlite", "postgres", "insert into", "stack backtrace", ".rs:", "serde"];

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Method and path, for messages.
    pub request: String,
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads an answer to its end.
    ///
    /// # Errors
    /// The connection broke before the end.
    pub async fn read(request: String, response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { request, status, headers, body: response.bytes().await?.to_vec() })
    }

    /// The value of a header, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self} is not JSON: {error}"))
    }

    /// The body, if the status is `status`.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert!(self.status == status, "expected {status}: {self}");
        if let Some(fault) = self.fault() {
            panic!("{fault}: {self}");
        }
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The body of a refusal with this status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{self}");
        problem
    }

    /// The stable code of a refusal, the empty string otherwise.
    pub fn code(&self) -> String {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }

    /// What is wrong with this answer as the contract has it; `None` when nothing is.
    pub fn fault(&self) -> Option<String> {
        if self.status < 400 {
            return None;
        }
        // 501 and the like are no better: only "come back later" may be the server's own fault.
        if self.status >= 500 && self.status != 503 {
            return Some("a server error".to_owned());
        }
        self.problem_fault().err()
    }

    fn problem_fault(&self) -> Result<(), String> {
        let kind = self.header("content-type").unwrap_or_default();
        ensure(kind.starts_with("application/problem+json"), || format!("an error as `{kind}`"))?;
        let problem: Value = serde_json::from_slice(&self.body).map_err(|error| format!("no JSON: {error}"))?;
        for field in ["type", "title", "detail", "code", "message", "request_id"] {
            let present = problem[field].as_str().is_some_and(|text| !text.is_empty());
            ensure(present, || format!("an error without `{field}`"))?;
        }
        let code = problem["code"].as_str().unwrap_or_default();
        let snake = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        ensure(snake, || format!("the code `{code}` is not snake_case"))?;
        ensure(problem["status"] == self.status, || "`status` differs from the status".to_owned())?;
        let errors = &problem["errors"];
        let listed = errors.as_object().is_some_and(|fields| {
            fields.values().all(|texts| texts.as_array().is_some_and(|texts| texts.iter().all(Value::is_string)))
        });
        ensure(errors.is_null() || listed, || "`errors` is not {field: [sentence]}".to_owned())?;
        let needed = match self.status {
            401 => Some("www-authenticate"),
            405 => Some("allow"),
            429 | 503 => Some("retry-after"),
            _ => None,
        };
        if let Some(name) = needed {
            ensure(self.header(name).is_some(), || format!("no `{name}` header"))?;
        }
        let text = String::from_utf8_lossy(&self.body).to_lowercase();
        match INTERNALS.iter().find(|word| text.contains(**word)) {
            Some(word) => Err(format!("an error that speaks of `{word}`")),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} → {} {}", self.request, self.status, body.chars().take(600).collect::<String>())
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, kind: &str, body: &Value) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        Answer { request: "GET /".to_owned(), status, headers, body: body.to_string().into_bytes() }
    }

    fn problem() -> Value {
        json!({"type": "urn:x", "title": "t", "status": 404, "detail": "d", "code": "not_found", "message": "m",
               "request_id": "r"})
    }

    #[test]
    fn a_complete_problem_has_no_fault() {
        assert_eq!(answer(404, "application/problem+json", &problem()).fault(), None);
    }

    #[test]
    fn each_missing_part_is_a_fault() {
        for field in ["type", "title", "detail", "code", "message", "request_id", "status"] {
            let mut body = problem();
            body.as_object_mut().unwrap().remove(field);
            assert!(answer(404, "application/problem+json", &body).fault().is_some(), "{field}");
        }
        assert!(answer(404, "application/json", &problem()).fault().is_some());
        let mut body = problem();
        body["status"] = json!(401);
        assert!(answer(401, "application/problem+json", &body).fault().is_some(), "no WWW-Authenticate");
        body["status"] = json!(500);
        assert!(answer(500, "application/problem+json", &body).fault().is_some());
        let mut body = problem();
        body["detail"] = json!("thread panicked");
        assert!(answer(404, "application/problem+json", &body).fault().is_some());
    }
}
