//! The language model that the settings name.
//!
//! Called by [`Settings`](super::Settings); calls the adapter's own checks, and says under the name of which setting each fails.
//! Nothing is connected here.

use gpting_llm::{BuildError, Llm, Profile};
use secrecy::SecretString;

use super::layer::Layer;
use super::{SettingError, switch};

fn text(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|text| !text.is_empty())
}

/// What stands beside the address of a server and means nothing without it.
fn beside(written: &Layer) -> [(&'static str, Option<&str>); 7] {
    [
        ("llm_api_key", text(written.llm_api_key.as_deref())),
        ("llm_model", text(written.llm_model.as_deref())),
        ("llm_profile", text(written.llm_profile.as_deref())),
        ("llm_plain_http", text(written.llm_plain_http.as_deref())),
        ("embedding_model", text(written.embedding_model.as_deref())),
        ("embedding_dims", text(written.embedding_dims.as_deref())),
        ("moderation_model", text(written.moderation_model.as_deref())),
    ]
}

/// The server, if there is one.
pub(super) fn llm(written: &Layer) -> Result<Option<Llm>, SettingError> {
    let beside = beside(written);
    let Some(url) = text(written.llm_url.as_deref()) else {
        return match beside.iter().find(|(_, value)| value.is_some()) {
            Some((name, _)) => Err(SettingError::new("llm_url", format!("is needed beside `{name}`"))),
            None => Ok(None),
        };
    };
    let [(_, key), (_, model), (_, profile), (_, plain), (_, embedding_model), (_, dims), (_, moderation)] = beside;
    let mut builder = Llm::builder(url).plain_http(switch("llm_plain_http", plain, false)?);
    if let Some(key) = key {
        builder = builder.key(SecretString::from(key));
    }
    if let Some(model) = model {
        builder = builder.model(model);
    }
    if let Some(name) = profile {
        let profile: Profile = name.parse().map_err(|error| SettingError::new("llm_profile", format!("{error}")))?;
        builder = builder.profile(profile);
    }
    if let Some(model) = embedding_model {
        builder = builder.embedding_model(model);
    }
    if let Some(model) = moderation {
        builder = builder.moderation_model(model);
    }
    if let Some(dims) = dims {
        if embedding_model.is_none() {
            return Err(SettingError::new("embedding_model", "is needed beside `embedding_dims`"));
        }
        let dims = dims.parse().map_err(|_| SettingError::new("embedding_dims", "expected a number"))?;
        builder = builder.embedding_dims(dims);
    }
    builder.build().map(Some).map_err(refused)
}

/// The adapter's reason, under the setting that is to be changed.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else is wrong is about the address")]
fn refused(error: BuildError) -> SettingError {
    let (name, reason) = match error {
        BuildError::SecretInUrl => {
            ("llm_url", "must hold no name or password: the key goes into `llm_api_key`".to_owned())
        }
        BuildError::PlainHttp => {
            ("llm_url", "plain http is for this machine, unless `llm_plain_http` is on".to_owned())
        }
        BuildError::Key => ("llm_api_key", "cannot be sent: it has characters that no header may have".to_owned()),
        BuildError::KeyNeeded => ("llm_api_key", "is needed: this server does nothing without one".to_owned()),
        BuildError::DimsNeeded => (
            "embedding_dims",
            "is needed: the size of this model's vectors is not known here; name any, and `gpting llm check` tells the right one".to_owned(),
        ),
        BuildError::Dims => ("embedding_dims", "this model does not make vectors of that size".to_owned()),
        BuildError::Moderation => ("moderation_model", "this kind of server has no moderation models".to_owned()),
        BuildError::Model => ("llm_model", "a model's name is one line".to_owned()),
        other => ("llm_url", other.to_string()),
    };
    SettingError::new(name, reason)
}
