//! What the server runs with: flags, then `GPTING_*` variables, then `gpting.toml`, then defaults that work.
//!
//! Called by the command line before anything is opened; calls [`layer`] for the three written layers. Everything is
//! parsed here and nowhere else, so a [`Settings`] that exists is valid and whatever is wrong ends the start with the
//! name of the setting. Invariants:
//!
//! - no secret is printed: not by `Debug`, not by `gpting config`, not inside an error;
//! - what this build cannot do is refused, never silently ignored;
//! - limits are switched off only where nobody else can call.

mod layer;
mod llm;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gpting_bus_redis::RedisBus;
use gpting_core::assist::model::Embedder as _;
use gpting_core::config::MatchingConfig;
use gpting_core::matching::ranker::Rankers;
use gpting_llm::Llm;
use gpting_store_pg::PgBus;
use lettre::message::Mailbox;
use secrecy::{ExposeSecret as _, SecretString};

pub(crate) use self::layer::Layer;
use super::blobs::Bucket;
use crate::layer::client::AddrRange;

/// A setting that cannot be used, and why. Never repeats the value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub(crate) struct SettingError {
    /// The setting as it is written in the environment, or the file.
    pub(crate) name: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl SettingError {
    fn new(name: &str, reason: impl Into<String>) -> Self {
        Self { name: variable(name), reason: reason.into() }
    }
}

/// Where members, rooms and accounts are kept.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// One file beside the process.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its URL.
    Postgres(SecretString),
}

/// How instances wake each other.
#[derive(Clone, Debug)]
pub(crate) enum BusChoice {
    /// Within this process; others are found by polling.
    Local,
    /// `NOTIFY` on the database of the store.
    Store,
    /// `NOTIFY` on a database of its own address, past a pooler.
    Postgres(PgBus),
    /// Redis or Valkey.
    Redis(RedisBus),
}

/// Where photos are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Photos {
    /// As files.
    Folder(PathBuf),
    /// As objects of S3, or of a store that speaks as it does.
    Bucket(Bucket),
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Everything the server is told from outside.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// HTTP and sockets.
    pub(crate) listen: SocketAddr,
    /// Metrics; none when switched off.
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Database file, photos, keys, mailbox.
    pub(crate) data_dir: PathBuf,
    /// Where the keys are; several instances of one service share it.
    pub(crate) keys_dir: PathBuf,
    /// Where members, rooms and accounts are kept.
    pub(crate) database: Database,
    /// How instances wake each other.
    pub(crate) bus: BusChoice,
    /// The mail server; without it mails become files.
    pub(crate) smtp_url: Option<SecretString>,
    /// The sender of mails.
    pub(crate) mail_from: Mailbox,
    /// What addresses in answers begin with; empty for a service at the root of its host.
    pub(crate) public_url: String,
    /// The server of language models, if there is one.
    pub(crate) llm: Option<Llm>,
    /// Where photos are kept.
    pub(crate) photos: Photos,
    /// How often the index is written down for the next start; none when it is not.
    pub(crate) index_snapshot: Option<Duration>,
    /// Which members are served by which ranker.
    pub(crate) rankers: Rankers,
    /// The fewest people of a region of the nightly round.
    pub(crate) region_people: usize,
    /// Whether sockets take `?token=`.
    pub(crate) ws_query_token: bool,
    /// Whether request rates and daily quotas are limited.
    pub(crate) rate_limits: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<AddrRange>,
    /// Origins whose pages may call.
    pub(crate) allowed_origins: Vec<String>,
    /// How long a stopping server waits for proxies to let go of kept connections.
    pub(crate) drain: Duration,
    /// How log lines are written.
    pub(crate) log: LogFormat,
    /// `GPTING_*` variables that mean nothing: probably misspelt.
    pub(crate) unknown_variables: Vec<String>,
    effective: Vec<Effective>,
}

/// One setting as it took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effective {
    /// Its name in `gpting.toml`.
    pub(crate) name: &'static str,
    /// Its value, secrets replaced by `***`; none when unset.
    pub(crate) value: Option<String>,
    /// `flag`, `environment`, `file` or `default`.
    pub(crate) origin: &'static str,
}

impl Settings {
    /// Puts the layers together: `flags` over `variables` (all of the environment; others than `GPTING_*` are skipped)
    /// over the file, which may be missing unless it was named.
    ///
    /// # Errors
    /// The first setting that cannot be used, or an unknown key of the file.
    pub(crate) fn load(
        flags: &Layer,
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, SettingError> {
        let (from_environment, unknown_variables) = Layer::from_variables(variables)?;
        let from_file = Layer::from_file(file.unwrap_or(Path::new("gpting.toml")), file.is_some())?;
        for (name, value) in flags.entries() {
            if value.is_some_and(|value| redacted(name, value) != value) {
                let reason = "holds a secret, and everybody on this machine can read a command line: use the \
                              environment or gpting.toml";
                return Err(SettingError::new(name, reason));
            }
        }
        let written = flags.clone().or(from_environment.clone()).or(from_file.clone());
        let mut settings = Self::parse(&written)?;
        settings.unknown_variables = unknown_variables;
        settings.effective =
            settings.list(&[(flags, "flag"), (&from_environment, "environment"), (&from_file, "file")]);
        Ok(settings)
    }

    /// Every setting with its value and where it came from, secrets redacted.
    pub(crate) fn effective(&self) -> &[Effective] {
        &self.effective
    }

    /// The address of the web client as people type it.
    pub(crate) fn web_url(&self, listening_on: SocketAddr) -> String {
        if self.public_url.is_empty() {
            let host = match listening_on.ip() {
                ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
                ip => ip,
            };
            format!("http://{}/", SocketAddr::new(host, listening_on.port()))
        } else {
            format!("{}/", self.public_url)
        }
    }

    /// Where mails are put when there is no mail server.
    pub(crate) fn mail_dir(&self) -> PathBuf {
        self.data_dir.join("mail")
    }

    /// Where the index is written down.
    pub(crate) fn index_dir(&self) -> PathBuf {
        self.data_dir.join("index")
    }

    fn parse(written: &Layer) -> Result<Self, SettingError> {
        let text =
            |value: &Option<String>| value.clone().map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let listen = address("listen", text(&written.listen).as_deref().unwrap_or("127.0.0.1:8000"))?;
        let admin_listen = match text(&written.admin_listen).as_deref() {
            Some("off" | "none") => None,
            value => Some(address("admin_listen", value.unwrap_or("127.0.0.1:9000"))?),
        };
        let data_dir = PathBuf::from(text(&written.data_dir).unwrap_or_else(|| "./gpting-data".to_owned()));
        let keys_dir = text(&written.keys_dir).map_or_else(|| data_dir.join("keys"), PathBuf::from);
        let database = match text(&written.database_url) {
            None => Database::Sqlite(data_dir.join("gpting.db")),
            Some(url) => database(&url)?,
        };
        let bus = bus(text(&written.bus_url).as_deref(), &database)?;
        let smtp_url = text(&written.smtp_url);
        let mail_from = match (text(&written.mail_from), &smtp_url) {
            (Some(from), _) => from.parse().map_err(|_| {
                SettingError::new("mail_from", "expected an address such as GPTing <no-reply@example.com>")
            })?,
            (None, Some(_)) => return Err(SettingError::new("mail_from", "is needed to send mail by `smtp_url`")),
            (None, None) => "GPTing <no-reply@localhost>".parse().expect("the default is an address"),
        };
        if let Some(url) = &smtp_url {
            super::smtp::check_url(url).map_err(|reason| SettingError::new("smtp_url", reason))?;
        }
        let rate_limits = switch("rate_limits", text(&written.rate_limits).as_deref(), true)?;
        if !rate_limits && !listen.ip().is_loopback() {
            return Err(SettingError::new("rate_limits", "can be off only while `listen` is a loopback address"));
        }
        Ok(Self {
            listen,
            admin_listen,
            keys_dir,
            database,
            bus,
            smtp_url: smtp_url.map(SecretString::from),
            mail_from,
            public_url: public_url(text(&written.public_url))?,
            photos: photos(text(&written.blob_url), &data_dir)?,
            llm: llm::llm(written)?,
            index_snapshot: index_snapshot(text(&written.index_snapshot).as_deref())?,
            rankers: match text(&written.rankers) {
                None => Rankers::default(),
                Some(text) => text.parse().map_err(|error| SettingError::new("rankers", format!("{error}")))?,
            },
            region_people: region_people(text(&written.region_people).as_deref())?,
            ws_query_token: switch("ws_query_token", text(&written.ws_query_token).as_deref(), true)?,
            rate_limits,
            trusted_proxies: list(text(&written.trusted_proxies).as_deref())
                .map(|range| range.parse().map_err(|error| SettingError::new("trusted_proxies", format!("{error}"))))
                .collect::<Result<_, _>>()?,
            allowed_origins: list(text(&written.allowed_origins).as_deref())
                .map(|raw| origin(&raw))
                .collect::<Result<_, _>>()?,
            drain: drain(text(&written.drain_seconds).as_deref())?,
            log: match text(&written.log).as_deref() {
                None | Some("text") => LogFormat::Text,
                Some("json") => LogFormat::Json,
                Some(_) => return Err(SettingError::new("log", "expected `text` or `json`")),
            },
            data_dir,
            unknown_variables: Vec::new(),
            effective: Vec::new(),
        })
    }

    fn list(&self, layers: &[(&Layer, &'static str)]) -> Vec<Effective> {
        let written = |name: &str| {
            layers.iter().find_map(|(layer, origin)| {
                let (_, value) = layer.entries().into_iter().find(|(field, _)| *field == name)?;
                value.map(|value| (redacted(name, value), *origin))
            })
        };
        Layer::NAMES
            .iter()
            .map(|name| match written(name) {
                Some((value, origin)) => Effective { name, value: Some(value), origin },
                None => Effective { name, value: self.default_of(name), origin: "default" },
            })
            .collect()
    }

    fn default_of(&self, name: &str) -> Option<String> {
        let on = |on: bool| Some(if on { "on" } else { "off" }.to_owned());
        match name {
            "listen" => Some(self.listen.to_string()),
            "admin_listen" => self.admin_listen.map(|address| address.to_string()),
            "data_dir" => Some(self.data_dir.display().to_string()),
            "keys_dir" => Some(self.keys_dir.display().to_string()),
            "database_url" => match &self.database {
                Database::Sqlite(path) => Some(format!("sqlite://{}", path.display())),
                Database::Postgres(url) => Some(redacted(name, url.expose_secret())),
            },
            "bus_url" => Some(if matches!(self.bus, BusChoice::Local) { "local" } else { "postgres" }.to_owned()),
            "mail_from" => Some(self.mail_from.to_string()),
            "blob_url" => match &self.photos {
                Photos::Folder(folder) => Some(folder.display().to_string()),
                Photos::Bucket(_) => None,
            },
            "llm_profile" => self.llm.as_ref().map(|llm| llm.profile().name().to_owned()),
            "llm_plain_http" => self.llm.as_ref().map(|_| "off".to_owned()),
            "embedding_dims" => {
                let embedder = self.llm.as_ref().and_then(Llm::embedder);
                embedder.map(|embedder| embedder.dims().to_string())
            }
            "index_snapshot" => Some("15".to_owned()),
            "rankers" => Some(self.rankers.to_string()),
            "region_people" => Some(self.region_people.to_string()),
            "ws_query_token" => on(self.ws_query_token),
            "rate_limits" => on(self.rate_limits),
            "drain_seconds" => Some(self.drain.as_secs().to_string()),
            "log" => Some("text".to_owned()),
            _ => None,
        }
    }
}

/// The fewest people of a region.
fn region_people(text: Option<&str>) -> Result<usize, SettingError> {
    let Some(text) = text else { return Ok(MatchingConfig::default().region_people) };
    let people = text.parse::<usize>().ok().filter(|people| *people > 0);
    people.ok_or_else(|| SettingError::new("region_people", "expected a number of people, 1 or more"))
}

/// How long kept connections are waited for.
fn drain(text: Option<&str>) -> Result<Duration, SettingError> {
    let seconds = text.map_or(Ok(5), str::parse::<u64>).ok().filter(|seconds| *seconds <= 60);
    let seconds = seconds.ok_or_else(|| SettingError::new("drain_seconds", "expected seconds from 0 to 60"))?;
    Ok(Duration::from_secs(seconds))
}

/// The variable that a setting is read from.
fn variable(name: &str) -> String {
    format!("GPTING_{}", name.to_uppercase())
}

/// A value as it may be shown: keys hidden whole, passwords cut out of URLs.
fn redacted(name: &str, value: &str) -> String {
    if name == "llm_api_key" {
        return "***".to_owned();
    }
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password may hold an unescaped slash: then the last `@` decides.
    let user_end = rest[..authority_end].rfind('@').or_else(|| rest.rfind('@'));
    let shown = match user_end {
        Some(at) => match rest[..at].split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:***{}", &rest[at..]),
            None => value.to_owned(),
        },
        None => value.to_owned(),
    };
    match shown.split_once('?') {
        Some((before, query)) if query.to_ascii_lowercase().contains("password") => format!("{before}?***"),
        _ => shown,
    }
}

/// Whether a URL tells a password.
pub(crate) fn has_password(url: &str) -> bool {
    redacted("database_url", url) != url
}

fn address(name: &str, text: &str) -> Result<SocketAddr, SettingError> {
    let text = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| SettingError::new(name, "expected an address and port such as 127.0.0.1:8000"))
}

/// The database at a URL.
///
/// # Errors
/// When it is no address of one.
pub(crate) fn database(url: &str) -> Result<Database, SettingError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Database::Postgres(url.to_owned().into()));
    }
    match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
        Some("" | ":memory:") => {
            Err(SettingError::new("database_url", "a database in memory forgets what it promised"))
        }
        Some(path) => Ok(Database::Sqlite(path.split('?').next().unwrap_or(path).into())),
        None => Err(SettingError::new("database_url", "expected sqlite://<file> or postgres://…")),
    }
}

fn bus(url: Option<&str>, database: &Database) -> Result<BusChoice, SettingError> {
    let refused = |reason| Err(SettingError::new("bus_url", reason));
    let on_postgres = matches!(database, Database::Postgres(_));
    let url = match url {
        None | Some("postgres") if on_postgres => return Ok(BusChoice::Store),
        None | Some("local") => return Ok(BusChoice::Local),
        Some("postgres") => return refused("`postgres` needs `database_url` on PostgreSQL; or name a postgres://…"),
        Some(url) => url,
    };
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return PgBus::connect(url)
            .map_or_else(|_| refused("is no address of a PostgreSQL"), |bus| Ok(BusChoice::Postgres(bus)));
    }
    RedisBus::connect(url).map_or_else(
        |_| refused("expected local, postgres, postgres://… or redis://…"),
        |bus| Ok(BusChoice::Redis(bus)),
    )
}

fn switch(name: &str, text: Option<&str>, default: bool) -> Result<bool, SettingError> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None => Ok(default),
        Some("on" | "true" | "1" | "yes") => Ok(true),
        Some("off" | "false" | "0" | "no") => Ok(false),
        Some(_) => Err(SettingError::new(name, "expected `on` or `off`")),
    }
}

fn list(text: Option<&str>) -> impl Iterator<Item = String> {
    let items: Vec<String> = text.into_iter().flat_map(|text| text.split([',', ' '])).map(str::to_owned).collect();
    items.into_iter().filter(|item| !item.is_empty())
}

fn is_web_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
            && !text.contains(['@', '#'])
    })
}

fn public_url(text: Option<String>) -> Result<String, SettingError> {
    let Some(text) = text else { return Ok(String::new()) };
    let text = text.trim_end_matches('/').to_owned();
    if is_web_url(&text) {
        Ok(text)
    } else {
        Err(SettingError::new("public_url", "expected an address such as https://dating.example"))
    }
}

/// An origin as browsers send it: scheme, host and port, no path.
fn origin(raw: &str) -> Result<String, SettingError> {
    let text = raw.trim_end_matches('/').to_ascii_lowercase();
    let bare = text.split_once("://").is_some_and(|(_, authority)| !authority.contains('/'));
    if bare && is_web_url(&text) {
        Ok(text)
    } else {
        Err(SettingError::new("allowed_origins", "expected origins such as https://app.example, separated by commas"))
    }
}

fn photos(url: Option<String>, data_dir: &Path) -> Result<Photos, SettingError> {
    let refused = || SettingError::new("blob_url", "expected a folder, file:///<folder>, or s3://<bucket>/<prefix>");
    match url {
        None => Ok(Photos::Folder(data_dir.join("photos"))),
        Some(url) => match url.split_once("://") {
            None => Ok(Photos::Folder(url.into())),
            Some(("file", path)) if path.starts_with('/') => Ok(Photos::Folder(path.into())),
            Some(("s3", address)) => Bucket::parse(address).map(Photos::Bucket).ok_or_else(refused),
            Some(_) => Err(refused()),
        },
    }
}

fn index_snapshot(text: Option<&str>) -> Result<Option<Duration>, SettingError> {
    match text {
        Some("off") => Ok(None),
        None => Ok(Some(Duration::from_mins(15))),
        Some(minutes) => match minutes.parse() {
            Ok(minutes @ 1..=720) => Ok(Some(Duration::from_mins(minutes))),
            _ => Err(SettingError::new("index_snapshot", "expected 1 to 720 minutes, or `off`")),
        },
    }
}

#[cfg(test)]
mod tests;
