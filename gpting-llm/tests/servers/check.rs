//! Trying a server out.

use super::*;

#[tokio::test]
async fn a_good_server_is_found_good() {
    for profile in Profile::ALL {
        let server = Server::start(profile).await;
        let report = server.client().build().unwrap().check().await;
        assert!(report.ok, "{report:#?}");
        assert!(report.models.probe.works && report.models.has_model && report.models.has_embedding_model);
        assert_eq!((report.models.count, report.profile), (2, profile.name()));
        assert!(report.chat.unwrap().works && report.json_schema.unwrap().works);
        assert_eq!(report.json_object.is_some_and(|probe| probe.works), profile != Profile::LmStudio);
        let embeddings = report.embeddings.unwrap();
        assert_eq!((embeddings.probe.works, embeddings.dims, embeddings.expected), (true, DIMS, DIMS));
        assert_eq!(report.server, server.url());
    }
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let server = Server::start(Profile::Compatible).await;
    server.formats(&["json_object"]);
    server.dims(7);
    server.models(&["stand-in:latest"]);
    let report = server.client().build().unwrap().check().await;
    assert!(!report.ok, "the vectors are of another model");
    assert!(report.models.has_model && !report.models.has_embedding_model);
    assert!(!report.json_schema.unwrap().works && report.json_object.unwrap().works);
    let embeddings = report.embeddings.unwrap();
    assert_eq!(embeddings.probe.reason.as_deref(), Some("vectors have 7 numbers, 64 were expected"));
    assert_eq!(embeddings.dims, 7);

    let report = Llm::builder(&server.url()).model("stand-in").build().unwrap().check().await;
    assert!(report.ok && report.embeddings.is_none(), "JSON in words will do");
    assert!(!Llm::builder(&server.url()).build().unwrap().check().await.ok, "nothing is used of it");
}

#[tokio::test]
async fn trouble_is_named() {
    let server = Server::start(Profile::Compatible).await;
    for (behaviour, reason) in [
        (Behaviour::status(401), "status 401: the key is wrong or missing"),
        (Behaviour::status(404), "status 404: no such path or model"),
        (Behaviour::status(500), "status 500: it is broken or overloaded"),
        (Behaviour::Garbage, "what came back is no answer"),
        (Behaviour::Reset, "the connection was cut"),
        (Behaviour::Huge { bytes: 2_000_000, is_told: true }, "the answer is larger than 1 MiB"),
    ] {
        server.always(behaviour.clone());
        let report = server.client().build().unwrap().check().await;
        assert!(!report.ok, "{behaviour:?}");
        assert_eq!(report.chat.unwrap().reason.as_deref(), Some(reason), "{behaviour:?}");
        assert_eq!(report.embeddings.unwrap().probe.reason.as_deref(), Some(reason), "{behaviour:?}");
    }
    server.always(Behaviour::Refusal);
    let report = server.client().build().unwrap().check().await;
    assert_eq!(report.chat.unwrap().reason.as_deref(), Some("the model declined"));
    let report = client_of(&StandIn::dead().await.unwrap()).build().unwrap().check().await;
    assert_eq!(report.chat.unwrap().reason.as_deref(), Some("out of reach"));
    assert_eq!(report.models.probe.reason.as_deref(), Some("out of reach"));
}

#[tokio::test]
async fn a_report_tells_no_secret_and_reads_as_json() {
    let server = Server::start(Profile::OpenAi).await;
    let report = server.client().key("sk-c4nary").build().unwrap().check().await;
    let json = serde_json::to_value(&report).unwrap();
    assert!(!format!("{report:?}{json}").contains("c4nary"));
    assert!(server.asked().iter().all(|asked| asked.header("authorization") == Some("Bearer sk-c4nary")));
    for (path, value) in [
        ("/ok", json!(true)),
        ("/profile", json!("openai")),
        ("/models/works", json!(true)),
        ("/models/count", json!(2)),
        ("/embeddings/dims", json!(DIMS)),
        ("/json_schema/works", json!(true)),
    ] {
        assert_eq!(json.pointer(path), Some(&value), "{path} of {json:#}");
    }
}
