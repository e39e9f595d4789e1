//! Handlers: parse → one call on the core → encode. One file per resource.
//!
//! Called by the route table. An `if` about people belongs in the core; what is decided here is only how an outcome is
//! worded and which status it has.

#[cfg(feature = "accounts")]
pub(crate) mod account;
pub(crate) mod chat;
pub(crate) mod interaction;
pub(crate) mod matching;
pub(crate) mod meta;
pub(crate) mod photo;
pub(crate) mod preference;
pub(crate) mod profile;
pub(crate) mod question;
pub(crate) mod safety;
pub(crate) mod suggestion;
pub(crate) mod visibility;
pub(crate) mod words;

use gpting_core::store::{Before, Page};
use gpting_core::{Code, Fault};
use http::{HeaderName, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::endpoint::{Call, Reply};
use crate::error::Problem;
use crate::wire::card::View;

/// How many rows a list holds when nobody says.
const LIST: usize = 20;
/// The header with the cursor of the next page.
const NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

impl<I> Call<I> {
    /// For whom answers are encoded.
    fn view(&self) -> Result<View<'_>, Problem> {
        Ok(View {
            viewer: self.me()?,
            lang: self.lang,
            now: self.shared.options.clock.now(),
            photos: &self.shared.photos,
            profiles: self.g().profiles(),
        })
    }

    /// `?limit=`.
    fn limit(&self, default: usize) -> Result<usize, Problem> {
        let most = i64::try_from(self.g().config().limits.page).unwrap_or(i64::MAX);
        let limit = self.query_number("limit", 1..=most)?;
        Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default))
    }

    /// `?cursor=`: where the page before ended, in the same list for the same member. `list` names the list and
    /// whatever else of the query a cursor must not be carried over to.
    fn cursor<T: DeserializeOwned>(&self, list: &str) -> Result<Option<T>, Problem> {
        let Some(cursor) = self.query("cursor")? else { return Ok(None) };
        let place = self.shared.cursors.open(self.me()?, list, cursor);
        place.map(Some).ok_or_else(|| Problem::field("cursor", Fault::Invalid))
    }

    /// The page of a list that is sorted by time.
    fn page(&self, list: &str) -> Result<Page, Problem> {
        Ok(Page { before: self.cursor::<Before>(list)?, limit: self.limit(LIST)? })
    }

    /// Says where the next page begins, in the headers, so that the body stays a plain array.
    fn paged<O>(&self, reply: Reply<O>, list: &str, next: Option<&impl Serialize>) -> Result<Reply<O>, Problem> {
        let Some(next) = next else { return Ok(reply) };
        let cursor = self.shared.cursors.seal(self.me()?, list, next);
        let mut others = String::new();
        for (name, value) in
            self.query.iter().filter(|(name, _)| matches!(name.as_str(), "limit" | "relax" | "direction"))
        {
            // These have been read: what is left of them needs no escape.
            others.extend([name.as_str(), "=", value, "&"]);
        }
        let link = format!("<{}{}?{others}cursor={cursor}>; rel=\"next\"", self.shared.options.public_url, self.path);
        Ok(reply.header(NEXT, &cursor).header(header::LINK, &link))
    }
}

/// Where the page after a full one begins; a short one was the last.
fn next_of<T>(rows: &[T], limit: usize, place: impl Fn(&T) -> Before) -> Option<Before> {
    if rows.len() < limit { None } else { rows.last().map(place) }
}

/// A field that its input has already insisted on.
fn required<T>(field: Option<T>, name: &str) -> Result<T, Problem> {
    field.ok_or_else(|| Problem::field(name, Fault::Required))
}

/// The other person in the path; what is no id is nobody.
fn other<I>(call: &Call<I>) -> Result<gpting_core::id::MemberId, Problem> {
    call.id(Code::MemberNotFound)
}
