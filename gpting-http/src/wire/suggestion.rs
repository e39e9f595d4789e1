//! What one's own text suggests to add to one's profile.

use std::collections::BTreeMap;

use gpting_core::assist::local::suggest::Suggestions;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::card::{InterestBody, View};

/// What one could add to one's profile; nothing has been changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestions)]
pub(crate) struct SuggestionsBody {
    /// Interests that the text names.
    pub(crate) interests: Vec<InterestBody>,
    /// Values of attributes that the text names, by code.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub(crate) attributes: BTreeMap<String, Value>,
}

impl View<'_> {
    /// Suggestions for the viewer.
    pub(crate) fn suggestions(&self, found: &Suggestions) -> SuggestionsBody {
        let attributes = found.attributes.iter().map(|(code, value)| (code.clone(), serde_json::json!(value)));
        SuggestionsBody { interests: self.interests(&found.interests), attributes: attributes.collect() }
    }
}
