//! What is flagged, on the admin port: texts, pictures and first messages that wait for a person to look.
//!
//! Called by [`admin`](super); calls the core. Invariant: who, what kind of thing, what for, by whom and when leave here, nothing
//! of what was looked at.

use bytes::Bytes;
use gpting_core::Gpting;
use gpting_core::assist::{Finding, Subject};
use gpting_core::error::Chain;
use gpting_core::lang::Lang;
use gpting_core::store::{Before, Page};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{answer, not_allowed};

/// Where they are.
pub(super) const FLAGS: &str = "/admin/flags";
/// How many a page has when nothing is said.
const PAGE: usize = 100;

/// Answers a request for [`FLAGS`].
pub(super) async fn respond(g: &Gpting, request: &Parts) -> Response<Full<Bytes>> {
    if request.method != Method::GET {
        return not_allowed("GET");
    }
    let Some(page) = page(request.uri.query().unwrap_or_default()) else {
        return told(StatusCode::BAD_REQUEST, &json!({ "code": "validation_failed" }));
    };
    match g.safety().flagged(page).await {
        Ok(found) => {
            let next = found.last().map(|last| format!("{}.{}", last.at.as_microsecond(), last.id));
            told(StatusCode::OK, &json!({ "flags": found.iter().map(row).collect::<Vec<_>>(), "next": next }))
        }
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "what is flagged is out of reach");
            let is_passing = error.code() == gpting_core::Code::Unavailable;
            let status = if is_passing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR };
            told(status, &json!({ "code": error.code().as_str() }))
        }
    }
}

/// The page that a query asks for.
fn page(query: &str) -> Option<Page> {
    let mut page = Page::first(PAGE);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=')? {
            ("limit", most) => page.limit = most.parse().ok().filter(|most| *most > 0)?,
            ("before", place) => {
                let (at, id) = place.split_once('.')?;
                let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
                page.before = Some(Before { at, id: id.parse().ok()? });
            }
            _ => return None,
        }
    }
    Some(page)
}

fn row(found: &Finding) -> Value {
    let flags = found.flags.iter().map(|(flag, score)| {
        let words = |lang| flag.words(lang);
        json!({ "flag": flag.as_str(), "score": score, "ko": words(Lang::Ko), "en": words(Lang::En) })
    });
    let mut row = json!({
        "member": found.member.value(),
        "what": found.subject.aspect().as_str(),
        "flags": flags.collect::<Vec<_>>(),
        "by": found.by.as_str(),
        "name": found.name,
        "at": found.at.to_string(),
    });
    match found.subject {
        Subject::Bio => {}
        Subject::Photo(photo) => row["photo"] = photo.value().into(),
        Subject::FirstMessage(room) => {
            row["room"] = room.value().into();
            row["seq"] = found.content.parse::<u64>().ok().into();
        }
    }
    row
}

fn told(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    answer(status, "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use gpting_core::id::HostId;
    use gpting_core::profile::ProfileEdit;
    use gpting_core::store::MemoryStore;
    use http::Request;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn get(g: &Gpting, query: &str) -> (StatusCode, Value) {
        let request = Request::get(format!("{FLAGS}{query}")).body(()).unwrap().into_parts().0;
        let answer = respond(g, &request).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_flagged_are_paged_without_what_they_wrote() {
        let g = Gpting::builder(MemoryStore::default()).build().await.unwrap();
        for (user, text) in
            [("a", "카톡 아이디 canaryline"), ("b", "산책을 좋아해요"), ("c", "send nudes, 010-1234-5678")]
        {
            let me = g.members().ensure(HostId::from(user)).await.unwrap();
            let edit = ProfileEdit { bio: Some(text.to_owned()), ..ProfileEdit::default() };
            g.profiles().edit(me, edit, None).await.unwrap();
        }
        let (status, newest) = get(&g, "?limit=1").await;
        assert_eq!((status, newest["flags"].as_array().unwrap().len()), (StatusCode::OK, 1));
        let row = &newest["flags"][0];
        assert_eq!((&row["what"], &row["by"]), (&json!("bio"), &json!("rules")));
        let names: Vec<_> = row["flags"].as_array().unwrap().iter().map(|flag| &flag["flag"]).collect();
        assert_eq!(names, ["contact", "sexual"]);
        assert_eq!(row["flags"][0]["ko"], "연락처");
        let before = newest["next"].as_str().unwrap();
        let (_, older) = get(&g, &format!("?before={before}")).await;
        assert_eq!(older["flags"].as_array().unwrap().len(), 1);
        assert!(!older.to_string().contains("canary"));
        let before = older["next"].as_str().unwrap();
        let (_, end) = get(&g, &format!("?before={before}&limit=5")).await;
        assert_eq!(end, json!({ "flags": [], "next": null }));
        for bad in ["?limit=0", "?limit=x", "?before=1", "?before=x.1", "?page=2"] {
            assert_eq!(get(&g, bad).await.0, StatusCode::BAD_REQUEST, "{bad}");
        }
        let post = respond(&g, &Request::post(FLAGS).body(()).unwrap().into_parts().0).await;
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
