//! Proposals.

use gpting_core::lang::Lang;
use gpting_core::matching::slate::{SlateCard, SlateReach};
use serde::Serialize;
use utoipa::ToSchema;

use super::card::{CardBody, View};
use super::text_of;
use crate::lang::said;

/// A proposed person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recommendation)]
pub(crate) struct RecommendationBody {
    #[serde(flatten)]
    pub(crate) card: CardBody,
    /// Percentile inside one's own slate, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) score: f64,
    /// What speaks for them, the weightiest first.
    pub(crate) reasons: Vec<ReasonBody>,
    /// Whether they are today's pick.
    pub(crate) picked: bool,
    /// Which own limits were set aside, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) relaxed: Vec<&'static str>,
}

/// One reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonBody {
    /// Stable code.
    pub(crate) code: &'static str,
    /// The sentence.
    pub(crate) text: String,
    /// Its share of all that speaks for them, 0 to 1.
    pub(crate) weight: f64,
}

impl View<'_> {
    /// A proposed person.
    pub(crate) fn recommendation(&self, slate: &SlateCard, relaxed: &[&'static str]) -> RecommendationBody {
        let reasons = slate.reasons.iter().map(|reason| ReasonBody {
            code: reason.code,
            text: text_of(&reason.text, self.lang),
            weight: reason.weight,
        });
        RecommendationBody {
            card: self.card(&slate.card),
            score: slate.score,
            reasons: reasons.collect(),
            picked: slate.picked,
            relaxed: relaxed.to_vec(),
        }
    }
}

/// How many people each own filter hides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reach)]
pub(crate) struct ReachBody {
    /// How many people can be proposed now.
    pub(crate) eligible: usize,
    /// One's own filters.
    pub(crate) filters: Vec<FilterBody>,
}

/// An own filter and what it costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Filter)]
pub(crate) struct FilterBody {
    /// Its code.
    pub(crate) filter: String,
    /// Its name.
    pub(crate) label: String,
    /// How many more there would be without it.
    pub(crate) hidden: usize,
}

impl View<'_> {
    /// What the viewer's filters cost.
    pub(crate) fn reach(&self, reach: SlateReach) -> ReachBody {
        let filters = reach.hidden_by.into_iter().map(|(filter, hidden)| FilterBody {
            label: self.filter_label(&filter),
            filter,
            hidden,
        });
        ReachBody { eligible: reach.eligible, filters: filters.collect() }
    }

    fn filter_label(&self, filter: &str) -> String {
        if let Some(attribute) =
            filter.strip_prefix("attributes.").and_then(|code| self.profiles.catalogue().attribute(code))
        {
            return attribute.label.text(self.lang).to_owned();
        }
        filter_name(filter, self.lang).to_owned()
    }
}

fn filter_name(filter: &str, lang: Lang) -> &str {
    match filter {
        "genders" => said(lang, "성별", "Gender"),
        "age" => said(lang, "나이", "Age"),
        "distance" => said(lang, "거리", "Distance"),
        "verified" => said(lang, "본인인증", "Verified"),
        other => other,
    }
}
