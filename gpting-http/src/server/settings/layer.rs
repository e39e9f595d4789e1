//! One written layer of settings, each value still the text that somebody wrote.
//!
//! The same struct is the flags of the command line, the `GPTING_*` variables and `gpting.toml`, so a setting is
//! declared once. In the file a value may also be a switch (`true`), a number, or a list (`["a", "b"]`).

use std::collections::HashMap;
use std::path::Path;

use config::{Config, Environment, File, FileFormat};
use serde::{Deserialize, Deserializer};

use super::{SettingError, variable};

macro_rules! layer {
    ($($(#[$attribute:meta])* $name:ident,)+) => {
        /// Settings as they were written in one place; what was not is absent.
        #[derive(Clone, Default, clap::Args, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[command(next_help_heading = "Settings (also GPTING_… and gpting.toml)")]
        pub(crate) struct Layer {
            $($(#[$attribute])* #[serde(deserialize_with = "text")] pub(super) $name: Option<String>,)+
        }

        impl Layer {
            /// Every setting, as it is called in `gpting.toml`.
            pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

            /// What this layer says, and what `other` says where this one is silent.
            #[must_use]
            pub(crate) fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name)),+ }
            }

            /// Every setting with what this layer says of it.
            pub(crate) fn entries(&self) -> Vec<(&'static str, Option<&str>)> {
                vec![$((stringify!($name), self.$name.as_deref())),+]
            }
        }
    };
}

layer! {
    /// HTTP and sockets [default: 127.0.0.1:8000]
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen,
    /// Metrics; `off` for none [default: 127.0.0.1:9000]
    #[arg(long, global = true, value_name = "ADDRESS")]
    admin_listen,
    /// Database file, photos, keys, mailbox [default: ./gpting-data]
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir,
    /// Keys, made on first start; instances of one service share them [default: <data dir>/keys]
    #[arg(long, global = true, value_name = "FOLDER")]
    keys_dir,
    /// `sqlite://<file>` or `postgres://…` [default: sqlite://<data dir>/gpting.db]
    #[arg(long, global = true, value_name = "URL")]
    database_url,
    /// How instances wake each other: `local`, `postgres`, `postgres://…` or `redis://…`
    /// [default: postgres on PostgreSQL, else local]
    #[arg(long, global = true, value_name = "URL")]
    bus_url,
    /// `smtps://user:password@host`; without it mails become files in `<data dir>/mail`
    #[arg(skip)]
    smtp_url,
    /// The sender of mails
    #[arg(long, global = true, value_name = "ADDRESS")]
    mail_from,
    /// Where people reach this service
    #[arg(long, global = true, value_name = "URL")]
    public_url,
    /// The base URL of an OpenAI-compatible server; without it no language model is used
    #[arg(long, global = true, value_name = "URL")]
    llm_url,
    /// Its key
    #[arg(skip)]
    llm_api_key,
    /// The model that reads and writes
    #[arg(long, global = true, value_name = "NAME")]
    llm_model,
    /// What kind of server it is: `openai`, `vllm`, `ollama`, `llama-cpp`, `lm-studio` or `compatible` [default: by its address]
    #[arg(long, global = true, value_name = "KIND")]
    llm_profile,
    /// Plain http to a server on another machine [default: off]
    #[arg(long, global = true, value_name = "on|off")]
    llm_plain_http,
    /// The model that embeds
    #[arg(long, global = true, value_name = "NAME")]
    embedding_model,
    /// How many numbers its vectors have [default: known for well-known models]
    #[arg(long, global = true, value_name = "NUMBER")]
    embedding_dims,
    /// The model that looks at bios, photos and first messages, `omni-moderation-latest` for one; without it local rules alone do
    #[arg(long, global = true, value_name = "NAME")]
    moderation_model,
    /// Where photos are kept: a folder, or `s3://<bucket>/<prefix>` [default: <data dir>/photos]
    #[arg(long, global = true, value_name = "FOLDER|URL")]
    blob_url,
    /// Minutes between two writings of the index for the next start; `off` for none [default: 15]
    #[arg(long, global = true, value_name = "MINUTES|off")]
    index_snapshot,
    /// Which share of members is served by which ranker: served, harmonic, unlearned, newest [default: served=1]
    #[arg(long, global = true, value_name = "NAME=SHARE,…")]
    rankers,
    /// The fewest people of a region of the nightly round, which instances share region by region [default: 5000]
    #[arg(long, global = true, value_name = "PEOPLE")]
    region_people,
    /// Whether sockets take `?token=` [default: on]
    #[arg(long, global = true, value_name = "on|off")]
    ws_query_token,
    /// Request rates and daily quotas; `off` only on loopback [default: on]
    #[arg(long, global = true, value_name = "on|off")]
    rate_limits,
    /// Proxies whose X-Forwarded-For is believed
    #[arg(long, global = true, value_name = "RANGES")]
    trusted_proxies,
    /// Origins whose pages may call
    #[arg(long, global = true, value_name = "ORIGINS")]
    allowed_origins,
    /// How long a stopping server waits for proxies to let go of kept connections, 0 to 60 [default: 5]
    #[arg(long, global = true, value_name = "SECONDS")]
    drain_seconds,
    /// How log lines are written [default: text]
    #[arg(long, global = true, value_name = "text|json")]
    log,
}

impl std::fmt::Debug for Layer {
    /// The names of what is set; the values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set = self.entries().into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name);
        f.debug_set().entries(set).finish()
    }
}

impl Layer {
    /// The layer of the environment, and the `GPTING_*` variables that are no settings.
    ///
    /// # Errors
    /// Never for variables that are text.
    pub(crate) fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), SettingError> {
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for (name, value) in variables {
            if Self::NAMES.iter().any(|setting| variable(setting) == name) {
                known.insert(name, value);
            } else if name.starts_with("GPTING_") {
                unknown.push(name);
            }
        }
        unknown.sort();
        let source = Environment::with_prefix("GPTING").source(Some(known));
        let layer = Config::builder().add_source(source).build().and_then(Config::try_deserialize);
        // Not the library's text: it repeats values.
        Ok((layer.map_err(|_| SettingError::new("*", "the environment could not be read"))?, unknown))
    }

    /// The layer of a file in TOML; empty when there is none and it need not be there.
    ///
    /// # Errors
    /// When the file is missing but required, is no TOML, or has a key that is no setting.
    pub(crate) fn from_file(path: &Path, required: bool) -> Result<Self, SettingError> {
        let in_file = |reason: String| SettingError { name: path.display().to_string(), reason };
        let written = match std::fs::read_to_string(path) {
            Ok(written) => written,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return Ok(Self::default()),
            Err(error) => return Err(in_file(format!("cannot be read: {error}"))),
        };
        let table = Config::builder()
            .add_source(File::from_str(&written, FileFormat::Toml))
            .build()
            .map_err(|_| in_file("is not valid TOML".to_owned()))?;
        let keys: HashMap<String, config::Value> =
            table.clone().try_deserialize().map_err(|_| in_file("is not a table of settings".to_owned()))?;
        if let Some(key) = keys.keys().filter(|key| !Self::NAMES.contains(&key.as_str())).min() {
            return Err(in_file(format!("`{key}` is no setting; there are {}", Self::NAMES.join(", "))));
        }
        table.try_deserialize().map_err(|_| in_file("every setting is a text, a switch, a number or a list".to_owned()))
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Switch(bool),
        Number(i64),
        Text(String),
        List(Vec<String>),
    }
    Ok(Some(match Written::deserialize(from)? {
        Written::Switch(on) => if on { "on" } else { "off" }.to_owned(),
        Written::Number(number) => number.to_string(),
        Written::Text(text) => text,
        Written::List(items) => items.join(","),
    }))
}
