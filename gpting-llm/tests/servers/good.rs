//! A server that behaves, of every kind.

use std::sync::Arc;

use gpting_core::assist::model::{Embedder as _, ModelError, TextModel as _};

use super::*;

#[tokio::test]
async fn text_comes_back_from_every_kind_of_server() {
    for profile in Profile::ALL {
        let server = Server::start(profile).await;
        server.script([Behaviour::says("안녕하세요")]);
        let text = server.text();
        let reply = text.complete(&prompt(None)).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.is_whole), ("안녕하세요", true), "{profile}");
        assert_eq!((reply.usage.input, reply.usage.output), (5, 1), "as the server counts");
        let asked = &server.asked()[0];
        assert_eq!(asked.path, "/v1/chat/completions");
        assert_eq!(asked.header("authorization"), Some("Bearer sk-stand-in"));
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(
            (asked.said_by("system").as_str(), asked.body["model"].as_str()),
            ("You read profiles.", Some("stand-in"))
        );
        assert_eq!(text.name(), "stand-in");
    }
}

#[tokio::test]
async fn a_schema_is_followed_by_every_kind_of_server() {
    for profile in Profile::ALL {
        let server = Server::start(profile).await;
        let reply = server.text().complete(&prompt(Some(schema()))).await.unwrap();
        assert!(jsonschema::is_valid(&schema(), &serde_json::from_str(&reply.text).unwrap()), "{}", reply.text);
        assert_eq!((server.asked().len(), server.asked()[0].schema_name()), (1, Some("traits")), "{profile}");
    }
}

#[tokio::test]
async fn a_server_without_schemas_is_asked_in_another_way_and_from_then_on_at_once() {
    for (profile, formats, first, kinds) in [
        (Profile::Compatible, &["json_object"][..], 2, ["json_schema", "json_object"].as_slice()),
        (Profile::Compatible, &[], 3, &["json_schema", "json_object", ""]),
        (Profile::Vllm, &["json_object"], 2, &["json_schema", "json_object"]),
        // It is known to have none of the middle kind.
        (Profile::LmStudio, &[], 2, &["json_schema", ""]),
    ] {
        let server = Server::start(profile).await;
        server.formats(formats);
        let text = server.text();
        for calls in 0..4 {
            let reply = text.complete(&prompt(Some(schema()))).await.unwrap();
            assert!(jsonschema::is_valid(&schema(), &serde_json::from_str(&reply.text).unwrap()), "{}", reply.text);
            assert_eq!(server.asked().len(), first + calls, "{profile} {formats:?}");
        }
        let kind = |asked: &Asked| asked.body["response_format"]["type"].as_str().unwrap_or_default().to_owned();
        assert_eq!(server.asked()[..first].iter().map(kind).collect::<Vec<_>>(), kinds);
        // Free text was never in question.
        assert_eq!(text.complete(&prompt(None)).await.unwrap().text, "ok");
        assert!(server.asked().last().unwrap().body.get("response_format").is_none());
    }
}

#[tokio::test]
async fn a_refusal_of_something_else_is_no_reason_to_ask_for_less() {
    let server = Server::start(Profile::Compatible).await;
    let too_long = r#"{"error":{"message":"maximum context length is 4096 tokens","code":"context_length_exceeded"}}"#;
    server.script([Behaviour::Status { status: 400, headers: Vec::new(), body: too_long.to_owned() }]);
    let text = server.text();
    let refused = text.complete(&prompt(Some(schema()))).await;
    assert!(matches!(refused, Err(ModelError::Rejected { status: 400 })), "{refused:?}");
    assert_eq!(server.asked().len(), 1);
    text.complete(&prompt(Some(schema()))).await.unwrap();
    assert_eq!(server.asked()[1].schema_name(), Some("traits"));
}

#[tokio::test]
async fn wrapped_json_is_unwrapped_and_thoughts_are_left_out() {
    let server = Server::start(Profile::Ollama).await;
    server.script([
        Behaviour::says("<think>hm, {\"trait\":1}</think>\n```json\n{\"trait\":\"calm\",\"score\":3}\n```"),
        Behaviour::says("<think>what to say</think>\n\nHello."),
    ]);
    let text = server.text();
    assert_eq!(text.complete(&prompt(Some(schema()))).await.unwrap().text, r#"{"trait":"calm","score":3}"#);
    assert_eq!(text.complete(&prompt(None)).await.unwrap().text, "Hello.");
}

#[tokio::test]
async fn vectors_come_back_in_order_however_many_and_in_whatever_order_they_were_sent() {
    for profile in Profile::ALL {
        let server = Server::start(profile).await;
        let embedder = server.embedder();
        assert_eq!((embedder.name(), embedder.dims()), ("stand-in-embedding", DIMS));
        let one_by_one = {
            let mut vectors = Vec::new();
            for text in texts(150) {
                vectors.extend(embedder.embed(&[text]).await.unwrap().vectors);
            }
            vectors
        };
        server.forget();
        server.script([Behaviour::Unordered, Behaviour::Unordered, Behaviour::Unordered]);
        let all = embedder.embed(&texts(150)).await.unwrap();
        assert_eq!(all.vectors, one_by_one, "{profile}");
        assert_eq!(all.usage.input, 450, "as the server counts, over all batches");
        let sizes: Vec<usize> = server.asked().iter().map(|asked| asked.input().len()).collect();
        assert_eq!(sizes, [64, 64, 22]);
    }
}

#[tokio::test]
async fn nothing_is_sent_for_nothing() {
    let server = Server::start(Profile::Compatible).await;
    let embedder = server.embedder();
    assert!(embedder.embed(&[]).await.unwrap().vectors.is_empty());
    for blank in ["", " \n"] {
        let refused = embedder.embed(&["a".to_owned(), blank.to_owned()]).await;
        assert!(matches!(refused, Err(ModelError::Rejected { status: 0 })), "{refused:?}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn large_vectors_go_in_smaller_batches_and_shortened_ones_are_asked_for() {
    let server = Server::start(Profile::OpenAi).await;
    let builder = server.client().embedding_model("text-embedding-3-large");
    let whole = builder.embedding_dims(3_072).build().unwrap().embedder().unwrap();
    server.dims(3_072);
    assert_eq!(whole.embed(&texts(30)).await.unwrap().vectors[29].len(), 3_072);
    let sizes: Vec<usize> = server.asked().iter().map(|asked| asked.input().len()).collect();
    assert_eq!(sizes, [13, 13, 4], "so that an answer stays below 1 MiB");
    assert!(server.asked().iter().all(|asked| asked.body.get("dimensions").is_none()));
    server.forget();
    let short = server.client().embedding_model("text-embedding-3-large").embedding_dims(256).build().unwrap();
    assert_eq!(short.embedder().unwrap().embed(&texts(1)).await.unwrap().vectors[0].len(), 256);
    assert_eq!(server.asked()[0].body["dimensions"], 256);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_and_what_it_costs_is_counted() {
    let server = Server::start(Profile::Compatible).await;
    let llm = server.client().build().unwrap();
    let (text, embedder) = (llm.text().unwrap(), llm.embedder().unwrap());
    server.script([
        Behaviour::status(503),
        Behaviour::Obedient,
        Behaviour::Refusal,
        Behaviour::Garbage,
        Behaviour::status(422),
    ]);
    for _ in 0..4 {
        let _ = text.complete(&prompt(None)).await;
    }
    embedder.embed(&texts(65)).await.unwrap();
    let stats = llm.stats();
    assert_eq!((stats.text.answered, stats.text.refused, stats.text.unreadable, stats.text.rejected), (1, 1, 1, 1));
    assert_eq!((stats.embeddings.answered, stats.text.unavailable), (2, 0));
    assert_eq!((stats.requests, stats.retries, stats.in_hand, stats.text.is_open), (7, 1, 0, false));
    assert_eq!((stats.input_tokens, stats.output_tokens), (2 * 5 + 3 * 65, 1), "a refusal costs too");

    // Clones and both ports are one server: no more at once than allowed.
    server.always(Behaviour::Drip(Duration::from_micros(100)));
    let narrow = server.client().concurrency(2).build().unwrap();
    let most = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (text, narrow, most) = (narrow.text().unwrap(), narrow.clone(), Arc::clone(&most));
        tasks.spawn(async move {
            let watch = async {
                loop {
                    most.fetch_max(narrow.stats().in_hand, std::sync::atomic::Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let prompt = prompt(None);
            tokio::select! {
                () = watch => unreachable!("it watches for ever"),
                answered = text.complete(&prompt) => answered.map(drop),
            }
        });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert!((1..=2).contains(&most.load(std::sync::atomic::Ordering::Relaxed)));
}
