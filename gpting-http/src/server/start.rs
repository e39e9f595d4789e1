//! `gpting serve` and `gpting demo`: settings become a running server, and a signal ends it gently.
//!
//! Called by the command line; puts keys, store, mail, photos, core, service and the two listeners together. The order
//! matters: ports are taken first, so that a second server fails before it touches anything, and nothing is answered
//! before the engine is filled.
//!
//! ```text
//! SIGTERM ─► /readyz 503, no new sockets, open ones told to come back; answers close their connections (≤ 5 s)
//!         ─► listeners closed, requests in hand finished ─► jobs stopped ─► index written down (≤ 4 s)
//!         ─► store closed (≤ 14 s in all)
//! ```

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gpting_core::config::Config;
use gpting_core::{Gpting, SystemRng};
use http::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::accept::{self, Limits};
use super::admin::Admin;
use super::blobs::Blobs;
use super::demo::Demo;
use super::index_file::IndexFile;
use super::keys::{Keys, make_private_folder};
use super::llm;
use super::mailbox::FileMailer;
use super::pictures::PictureWorkshop;
use super::settings::{Photos, Settings};
use super::smtp::SmtpMailer;
use super::store::AnyStore;
use super::traffic::Traffic;
use crate::{AccountAuth, Drain, GptingHttp, HttpOptions, MemoryRateLimit};

/// How long readiness says no, at least, before the port is closed: what a load balancer needs to look.
const NOTICE: Duration = Duration::from_secs(1);
/// How often is looked whether connections are still open.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// New likes of a member in a day.
const LIKES_PER_DAY: u32 = 100;
/// Decisions that a member takes back in a day.
const UNDOS_PER_DAY: u32 = 100;
/// Messages of a member in a minute.
const MESSAGES_PER_MINUTE: u32 = 100;
/// How long sockets are waited for.
const SOCKETS: Duration = Duration::from_secs(5);
/// How long requests in hand are waited for after that.
const REQUESTS: Duration = Duration::from_secs(3);
/// How long background work is waited for.
const JOBS: Duration = Duration::from_secs(1);
/// How long writing the index down for the next start may take.
const INDEX: Duration = Duration::from_secs(4);
/// Connections to the admin port.
const ADMIN_CONNECTIONS: usize = 64;

/// What keeps a server from starting.
pub(super) type StartError = Box<dyn std::error::Error + Send + Sync>;

/// Runs the server until it is told to stop, with the members of a demo where there is one.
///
/// # Errors
/// When a port is taken, keys, folders or the store cannot be used, or the store is none for a demo.
pub(super) async fn serve(settings: &Settings, demo: Option<Demo>) -> Result<(), StartError> {
    let started = Instant::now();
    let public = bind(settings.listen).await?;
    let admin = match settings.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let (g, store, url_key) = open(settings, demo.as_ref()).await?;
    let service = GptingHttp::new(g.clone(), AccountAuth::new(g.clone())).with(options(settings, url_key));
    let drain = service.drain();
    let traffic = Arc::new(Traffic::default());

    let (stopping, jobs_stop) = (CancellationToken::new(), CancellationToken::new());
    let jobs = g.run({
        let stop = jobs_stop.clone();
        async move { stop.cancelled().await }
    });
    let demo = demo.map(|demo| tokio::spawn(demo.run(g.clone(), store.clone(), stopping.clone())));
    let admin = admin.map(|listener| {
        let admin = Admin::new(g.clone(), settings.llm.clone(), Arc::clone(&traffic), drain.clone(), started);
        let answer = tower::service_fn(move |request: Request<Incoming>| {
            let (admin, (head, _)) = (admin.clone(), request.into_parts());
            async move { Ok::<_, Infallible>(admin.answer(&head).await) }
        });
        let limits = Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() };
        tokio::spawn(accept::serve(listener, answer, limits, Arc::default(), stopping.clone(), REQUESTS))
    });
    announce(settings, public.local_addr()?);
    let accepting = accept::serve(public, service, Limits::default(), Arc::clone(&traffic), stopping.clone(), REQUESTS);
    let accepting = tokio::spawn(accepting);

    asked_to_stop().await?;
    tracing::info!(sockets = drain.open_sockets(), "stopping");
    wind_down(&drain, &traffic, settings.drain).await;
    stopping.cancel();
    accepting.await?;
    if let Some(admin) = admin {
        admin.await?;
    }
    if let Some(demo) = demo {
        demo.await?;
    }
    jobs_stop.cancel();
    if tokio::time::timeout(JOBS, jobs).await.is_err() {
        tracing::warn!("background work did not end in time; it is taken up again at the next start");
    }
    match tokio::time::timeout(INDEX, g.save_index()).await {
        Ok(Err(error)) => {
            tracing::warn!(error = %gpting_core::error::Chain(&error), "the index could not be written down");
        }
        Err(_) => tracing::warn!("the index was not written down in time; the next start uses an older one, or none"),
        Ok(Ok(_)) => {}
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Opens keys, store, mail and photos, and fills the engine.
async fn open(settings: &Settings, demo: Option<&Demo>) -> Result<(Gpting, AnyStore, [u8; 32]), StartError> {
    make_private_folder(&settings.data_dir)?;
    let keys = Keys::open(&settings.keys_dir, &SystemRng)?;
    let store = AnyStore::open(&settings.database).await?;
    if let Some(demo) = demo {
        demo.fill(&store).await?;
    }
    let blobs = match &settings.photos {
        Photos::Folder(folder) => Blobs::in_folder(folder)?,
        Photos::Bucket(bucket) => Blobs::in_bucket(bucket, std::env::vars_os().filter_map(as_text))?,
    };
    let builder = store
        .builder(keys.account_keys()?)
        .bus(store.bus(&settings.bus))
        .blobs(blobs)
        .pictures(PictureWorkshop::new(super::cores()));
    let mut config = config(settings);
    let builder = match settings.index_snapshot {
        None => builder,
        Some(every) => {
            config.matching.snapshot_every = every.try_into()?;
            builder.snapshots(IndexFile::open(&settings.index_dir())?)
        }
    };
    let builder = builder.config(config);
    let builder = match &settings.smtp_url {
        Some(url) => builder.mailer(SmtpMailer::new(url, settings.mail_from.clone())?),
        None => builder.mailer(FileMailer::open(&settings.mail_dir(), settings.mail_from.clone())?),
    };
    let builder = llm::install(builder, settings.llm.as_ref());
    Ok((builder.build().await?, store, keys.url_key()))
}

/// A variable that is text; others are none of those that are read.
fn as_text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// The limits of a server on the open internet, or none.
fn config(settings: &Settings) -> Config {
    let mut config = Config::default();
    config.matching.rankers = settings.rankers.clone();
    config.matching.region_people = settings.region_people;
    if settings.rate_limits {
        config.quotas.likes_per_day = Some(LIKES_PER_DAY);
        config.quotas.undos_per_day = Some(UNDOS_PER_DAY);
        config.quotas.messages_per_minute = Some(MESSAGES_PER_MINUTE);
    } else {
        config.accounts.logins_per_address = None;
        config.accounts.mails_per_address = None;
    }
    // A model on this machine is at home; of another one nobody knows where it stands.
    config.assist.model_is_abroad = settings.llm.as_ref().is_none_or(|llm| !llm.is_here());
    config
}

fn options(settings: &Settings, signing_key: [u8; 32]) -> HttpOptions {
    HttpOptions {
        ws_query_token: settings.ws_query_token,
        allowed_origins: settings.allowed_origins.clone(),
        public_url: settings.public_url.clone(),
        signing_key,
        trusted_proxies: settings.trusted_proxies.clone(),
        rate_limit: settings.rate_limits.then(|| Arc::new(MemoryRateLimit::default()) as _),
        ..HttpOptions::default()
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| format!("{address} cannot be listened on: {error}").into())
}

/// One line that tells where everything is.
fn announce(settings: &Settings, listening_on: SocketAddr) {
    let web = settings.web_url(listening_on);
    let mail = match settings.smtp_url {
        Some(_) => "the mail server".to_owned(),
        None => settings.mail_dir().display().to_string(),
    };
    tracing::info!(web, mail, "GPTing is ready at {web} (mail goes to {mail})");
    for name in &settings.unknown_variables {
        tracing::warn!("{name} is no setting of this build and is ignored");
    }
    if !settings.rate_limits {
        tracing::warn!("request rates are not limited");
    }
    if let Some(model) = &settings.llm {
        llm::announce(model);
    }
}

/// Resolves at the first SIGTERM or SIGINT. From then on a second one ends the process at once.
async fn asked_to_stop() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Says no to new work, and waits for sockets and for kept connections: every answer now says that its connection closes,
/// and a proxy lets go of those that it does not use. Whoever is left after `patience` is closed from this side, which a
/// request that is just being sent may not survive.
async fn wind_down(drain: &Drain, traffic: &Traffic, patience: Duration) {
    drain.begin();
    let begun = Instant::now();
    let notice = tokio::time::sleep(NOTICE.min(patience));
    if tokio::time::timeout(SOCKETS, drain.done()).await.is_err() {
        tracing::warn!(sockets = drain.open_sockets(), "sockets did not close in time");
    }
    notice.await;
    while traffic.open() > 0 && begun.elapsed() < patience {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
