//! The server beside a language model: it starts, serves and is ready whatever the model does, and `gpting llm check` says what a
//! model's server supports.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::process::{Output, Stdio};
use std::time::Duration;

use gpting_llm::Profile;
use gpting_llm::stand_in::{Behaviour, StandIn};
use gpting_tests::{Person, Registration, Server, Settings, server};
use serde_json::Value;

/// A key that must be found nowhere.
const KEY: &str = "sk-c4nary-4242";

/// Runs the binary in a folder of its own, with these variables and no others.
async fn gpting(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    // May build it, which must not hold up the stand-in.
    let binary = tokio::task::spawn_blocking(server::binary).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(binary)
        .env_clear()
        .envs(variables.iter().copied())
        .env("GPTING_DATA_DIR", folder.path().join("data"))
        .current_dir(folder.path())
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(!folder.path().join("data").exists(), "a check opens no store");
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(!said.concat().contains("c4nary"), "{said:?}");
    output
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn metric(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("{name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_says_what_a_server_supports() {
    let model = StandIn::start_as(Profile::OpenAi).await.unwrap();
    let url = model.url();
    let variables = [
        ("GPTING_LLM_URL", url.as_str()),
        ("GPTING_LLM_API_KEY", KEY),
        ("GPTING_LLM_PROFILE", "openai"),
        ("GPTING_LLM_MODEL", "stand-in"),
        ("GPTING_EMBEDDING_MODEL", "stand-in-embedding"),
        ("GPTING_EMBEDDING_DIMS", "64"),
    ];
    let output = gpting(&variables, &["llm", "check", "--json"]).await;
    let (out, err) = said(&output);
    assert!(output.status.success(), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (out.lines().count(), &report["ok"], &report["server"]),
        (1, &Value::Bool(true), &Value::from(url.as_str()))
    );
    for (path, value) in [
        ("/profile", Value::from("openai")),
        ("/models/works", true.into()),
        ("/models/has_model", true.into()),
        ("/chat/works", true.into()),
        ("/json_schema/works", true.into()),
        ("/json_object/works", true.into()),
        ("/embeddings/works", true.into()),
        ("/embeddings/dims", 64.into()),
    ] {
        assert_eq!(report.pointer(path), Some(&value), "{path} in {report:#}");
    }
    assert!(report.pointer("/chat/ms").unwrap().is_u64());
    assert!(model.asked().iter().all(|asked| asked.header("authorization").unwrap().ends_with(KEY)));

    // The same for people; then with something wrong.
    let (out, _) = said(&gpting(&variables, &["llm", "check"]).await);
    for row in ["models       yes", "text         yes", "json_schema  yes", "embeddings   yes", "64 numbers a vector"] {
        assert!(out.contains(row), "{row:?} in {out}");
    }
    model.formats(&["json_object"]);
    model.dims(5);
    let output = gpting(&variables, &["llm", "check"]).await;
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(out.contains("json_schema  no") && out.contains("vectors have 5 numbers, 64 were expected"), "{out}");
    assert!(err.contains("cannot be used as it is configured"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_without_a_server_or_a_model_fails_and_says_why() {
    let output = gpting(&[], &["llm", "check"]).await;
    assert!(output.status.code() == Some(1) && said(&output).1.contains("GPTING_LLM_URL"), "{output:?}");
    let model = StandIn::start().await.unwrap();
    let url = model.url();
    let output = gpting(&[("GPTING_LLM_URL", &url)], &["llm", "check"]).await;
    let (out, err) = said(&output);
    assert!(
        output.status.code() == Some(1) && err.contains("GPTING_LLM_MODEL") && out.contains("2 models"),
        "{out} {err}"
    );

    let dead = StandIn::dead().await.unwrap();
    let variables = [("GPTING_LLM_URL", dead.as_str()), ("GPTING_LLM_MODEL", "stand-in"), ("GPTING_LLM_API_KEY", KEY)];
    let output = gpting(&variables, &["llm", "check", "--json"]).await;
    let report: Value = serde_json::from_str(&said(&output).0).unwrap();
    assert_eq!((output.status.code(), &report["chat"]["reason"]), (Some(1), &Value::from("out of reach")));

    // A key on the command line would be everybody's.
    let output = gpting(&[], &["llm", "check", "--llm-api-key", "x"]).await;
    assert_eq!(output.status.code(), Some(2));
    let (out, _) = said(&gpting(&variables, &["config"]).await);
    assert!(out.contains("llm_api_key = \"***\"") && out.contains("llm_model = \"stand-in\""), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_ready_and_serves_whatever_its_model_does() {
    let hanging = StandIn::start().await.unwrap();
    hanging.always(Behaviour::Hang);
    for url in [StandIn::dead().await.unwrap(), hanging.url()] {
        let settings = Settings::sqlite()
            .with("GPTING_LLM_URL", &url)
            .with("GPTING_LLM_API_KEY", KEY)
            .with("GPTING_LLM_MODEL", "stand-in")
            .with("GPTING_EMBEDDING_MODEL", "bge-m3");
        let mut server = Server::start(settings).await;
        let nobody = Person::stranger(&server, Registration::new("nobody", "F"));
        for path in ["/readyz", "/healthz"] {
            nobody.get(path).await.expect(200);
        }
        let me = Person::sign_up_complete(&server, "minji", "F", &["M"]).await;
        me.get("/api/matches/recommended/").await.expect(200);
        nobody.get("/readyz").await.expect(200);
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let metrics = http.get(format!("{}/metrics", server.admin_url())).send().await.unwrap().text().await.unwrap();
        assert!(
            metric(&metrics, "gpting_llm_breaker_open{kind=\"text\"}") < 1.5
                && metric(&metrics, "gpting_llm_requests_total") >= 0.0
        );
        assert!(server.stop().await.success());
        let log = server.log();
        assert!(log.contains("a language model is configured") && !log.contains("c4nary"), "{log}");
    }
}
