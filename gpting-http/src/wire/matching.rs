//! Proposals.

use gpting_core::Relax;
use gpting_core::lang::Lang;
use gpting_core::matching::compatibility::Compatibility;
use gpting_core::matching::reach::{LimitChange, ReachStep, SlateReach};
use gpting_core::matching::reasons::SlateReason;
use gpting_core::matching::slate::SlateCard;
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
    /// Which own limits were widened or set aside, where that was asked for.
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
        RecommendationBody {
            card: self.card(&slate.card),
            score: slate.score,
            reasons: self.reasons(&slate.reasons),
            picked: slate.picked,
            relaxed: relaxed.to_vec(),
        }
    }

    fn reasons(&self, reasons: &[SlateReason]) -> Vec<ReasonBody> {
        let told = reasons.iter().map(|reason| ReasonBody {
            code: reason.code,
            text: text_of(&reason.text, self.lang),
            weight: reason.weight,
        });
        told.collect()
    }
}

/// How well somebody fits, explained.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Compatibility)]
pub(crate) struct CompatibilityBody {
    /// Whom it is about.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// Percentile inside one's own slate, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) score: f64,
    /// Two to four sentences, the weightiest first; a plain fact has weight 0.
    pub(crate) reasons: Vec<ReasonBody>,
}

impl View<'_> {
    /// How well somebody fits.
    pub(crate) fn compatibility(&self, found: &Compatibility) -> CompatibilityBody {
        CompatibilityBody { id: found.id.value(), score: found.score, reasons: self.reasons(&found.reasons) }
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
    /// Wider limits of one's own and what each gains alone, the smallest first; only those that gain somebody.
    pub(crate) steps: Vec<StepBody>,
}

/// A wider limit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReachStep)]
pub(crate) struct StepBody {
    /// `distance` or `age`.
    pub(crate) relax: &'static str,
    /// The present limit: km, or lowest and highest age.
    pub(crate) from: LimitBody,
    /// The wider one; a distance of null is anywhere.
    pub(crate) to: LimitBody,
    /// How many more people there would be.
    pub(crate) gains: usize,
    /// What `relax` of the recommendations has to say to try it.
    pub(crate) query: String,
    /// The same as a sentence.
    pub(crate) text: String,
}

/// A limit of one's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReachLimit)]
#[serde(untagged)]
pub(crate) enum LimitBody {
    /// The largest distance in km; null is anywhere.
    Km(Option<u16>),
    /// The lowest and the highest age.
    Ages([u8; 2]),
}

/// A relaxation in the words of the query.
pub(crate) fn relax_words(relax: Relax) -> Vec<String> {
    let distance =
        if relax.distance { Some("distance".to_owned()) } else { relax.within_km.map(|km| format!("distance:{km}")) };
    let years = (relax.age_years > 0).then(|| format!("age:{}", relax.age_years));
    let age = if relax.age { Some("age".to_owned()) } else { years };
    distance.into_iter().chain(age).collect()
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
        let filters = filters.collect();
        let steps = reach.steps.iter().map(|step| self.step(step)).collect();
        ReachBody { eligible: reach.eligible, filters, steps }
    }

    fn step(&self, step: &ReachStep) -> StepBody {
        let gains = step.gains;
        let (relax, from, to, ko, en) = match step.change {
            LimitChange::Distance { from, to } => {
                let (ko, en) = match to {
                    Some(km) => (format!("거리를 {km}km까지 넓히면"), format!("Within {km} km instead of {from} km")),
                    None => ("거리를 제한하지 않으면".to_owned(), "Without a limit of distance".to_owned()),
                };
                ("distance", LimitBody::Km(Some(from)), LimitBody::Km(to), ko, en)
            }
            LimitChange::Age { from, to } => (
                "age",
                LimitBody::Ages([from.0, from.1]),
                LimitBody::Ages([to.0, to.1]),
                format!("나이를 {}~{}세로 넓히면", to.0, to.1),
                format!("Ages {} to {} instead of {} to {}", to.0, to.1, from.0, from.1),
            ),
        };
        let text = match self.lang {
            Lang::Ko => format!("{ko} {gains}명을 더 만날 수 있어요"),
            Lang::En => format!("{en}: {gains} more"),
        };
        StepBody { relax, from, to, gains, query: relax_words(step.relax).join(","), text }
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
        "questions" => said(lang, "질문", "Questions"),
        other => other,
    }
}
