use gpting_core::assist::model::Pace;

use super::*;

fn prompt(schema: Option<Value>) -> Prompt {
    Prompt {
        system: "Do.".into(),
        user: "It.".into(),
        schema: schema.map(|schema| ("it", schema)),
        max_tokens: 9,
        pace: Pace::Background,
    }
}

fn sent(profile: Profile, schema: Option<Value>, format: Format) -> Value {
    serde_json::from_slice(&chat(profile, "m", &prompt(schema), format)).unwrap()
}

#[test]
fn each_profile_is_asked_in_its_own_words() {
    let messages = json!([{ "role": "system", "content": "Do." }, { "role": "user", "content": "It." }]);
    assert_eq!(
        sent(Profile::OpenAi, None, Format::JsonSchema),
        json!({ "model": "m", "messages": messages, "max_completion_tokens": 9, "store": false })
    );
    assert_eq!(
        sent(Profile::Vllm, None, Format::JsonSchema),
        json!({ "model": "m", "messages": messages, "max_completion_tokens": 9, "temperature": 0.0 })
    );
    for profile in [Profile::Ollama, Profile::LlamaCpp, Profile::LmStudio, Profile::Compatible] {
        assert_eq!(
            sent(profile, None, Format::JsonSchema),
            json!({ "model": "m", "messages": messages, "max_tokens": 9, "temperature": 0.0 }),
            "{profile}"
        );
    }
}

#[test]
fn a_schema_is_a_format_or_stands_in_the_words() {
    let schema = json!({ "type": "object" });
    let strict = sent(Profile::OpenAi, Some(schema.clone()), Format::JsonSchema);
    let format = json!({ "type": "json_schema", "json_schema": { "name": "it", "strict": true, "schema": schema } });
    assert_eq!((&strict["response_format"], &strict["messages"][0]["content"]), (&format, &json!("Do.")));
    let object = sent(Profile::OpenAi, Some(schema.clone()), Format::JsonObject);
    assert_eq!(object["response_format"], json!({ "type": "json_object" }));
    let free = sent(Profile::LmStudio, Some(schema), Format::Free);
    assert!(free.get("response_format").is_none());
    for asked in [object, free] {
        // `OpenAI` refuses `json_object` unless the word JSON is said.
        let words = asked["messages"][0]["content"].as_str().unwrap();
        assert!(
            words.starts_with("Do.\n") && words.contains("JSON") && words.ends_with(r#"{"type":"object"}"#),
            "{words}"
        );
    }
}

fn said(choice: &Value) -> Result<Written, Failure> {
    read_chat(json!({ "choices": [choice] }).to_string().as_bytes())
}

#[test]
fn the_ways_to_finish_are_told_apart() {
    let choice = |content: Value, reason: Value| json!({ "message": { "content": content }, "finish_reason": reason });
    for (reason, is_whole) in [
        (json!("stop"), true),
        (json!("length"), false),
        (json!("content_filter"), false),
        (json!("tool_calls"), false),
        (json!("abort"), false),
        (Value::Null, false),
    ] {
        let written = said(&choice(json!("ok"), reason.clone())).unwrap();
        assert_eq!((written.text.as_str(), written.is_whole), ("ok", is_whole), "{reason}");
    }
    let cut = said(&choice(Value::Null, json!("length"))).unwrap();
    assert_eq!((cut.text.as_str(), cut.is_whole), ("", false), "all of it went into thinking");
    for empty in [Value::Null, json!("")] {
        assert!(matches!(said(&choice(empty.clone(), json!("content_filter"))), Err(Failure::Refused { .. })));
        assert!(matches!(said(&choice(empty.clone(), json!("stop"))), Err(Failure::Unreadable)));
        assert!(matches!(said(&choice(empty, json!("tool_calls"))), Err(Failure::Unreadable)));
    }
    let refusal = json!({ "message": { "content": null, "refusal": "No." }, "finish_reason": "stop" });
    assert!(matches!(said(&refusal), Err(Failure::Refused { .. })));
    let none = json!({ "message": { "content": "ok", "refusal": null }, "finish_reason": "stop" });
    assert!(said(&none).unwrap().is_whole);
}

#[test]
fn what_is_no_answer_is_unreadable() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"choices":[]}"#,
        r#"{"choices":[{}]}"#,
        r#"{"choices":[{"message":{"content":7}}]}"#,
        r#"{"choices":[{"message":{"content":["a"]}}]}"#,
        "\u{0}\u{1}",
    ] {
        assert!(matches!(read_chat(body.as_bytes()), Err(Failure::Unreadable)), "{body}");
    }
    assert!(matches!(read_chat(&[0xff, 0xfe]), Err(Failure::Unreadable)));
    let deep = "[".repeat(100_000);
    assert!(matches!(read_chat(deep.as_bytes()), Err(Failure::Unreadable)));
}

#[test]
fn vectors_are_put_in_order_and_looked_at() {
    let read =
        |data: &str| read_embeddings(format!("{{\"data\":{data}}}").as_bytes(), 2, 2).map(|(vectors, _)| vectors);
    let right = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
    for data in [
        r#"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4]}]"#,
        r#"[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2]}]"#,
        r#"[{"embedding":[1,2]},{"embedding":[3,4]}]"#,
    ] {
        assert_eq!(read(data).unwrap(), right, "{data}");
    }
    for data in [
        r#"[{"index":0,"embedding":[1,2]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[3,4]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":2,"embedding":[3,4]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":-1,"embedding":[3,4]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4,5]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,1e39]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,NaN]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,null]}]"#,
        r#"[{"index":0,"embedding":[1,2]},{"index":1,"embedding":"AACAPwAAAEA="}]"#,
        "{}",
    ] {
        assert!(matches!(read(data), Err(Failure::Unreadable)), "{data}");
    }
}

#[test]
fn a_server_cannot_make_a_call_cost_more_than_it_can() {
    let told = |input, output| Some(Usage { input, output });
    assert_eq!(believed(told(10, 5), 100, 50, 20), Usage { input: 10, output: 5 });
    assert_eq!(believed(told(u64::MAX, u64::MAX), 100, 50, 20), Usage { input: 100, output: 50 });
    assert_eq!(believed(told(10, 500), 100, 50, 1_000), Usage { input: 10, output: 500 }, "it thought");
    assert_eq!(believed(None, 100, 50, 20), Usage { input: 34, output: 17 });
}

/// Spoils a body in one to four places: bytes cut, doubled, turned over, or replaced by what breaks readers.
fn spoil(rng: &gpting_core::SeededRng, body: &str) -> Vec<u8> {
    use gpting_core::Rng as _;
    const BREAKERS: [&str; 12] =
        ["null", "NaN", "-1", "1e999", "\u{202e}", "{", "]", "\"", "\\ud800", "18446744073709551616", "[[[[", "\0"];
    let below = |bound: usize| rng.below(u32::try_from(bound).unwrap()) as usize;
    let mut bytes = body.as_bytes().to_vec();
    for _ in 0..=below(4) {
        let at = below(bytes.len() + 1);
        match below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, BREAKERS[below(BREAKERS.len())].bytes())),
            2 => {
                let end = (at + below(24)).min(bytes.len());
                drop(bytes.splice(at..end, BREAKERS[below(BREAKERS.len())].bytes()));
            }
            3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << below(8)),
            _ => {
                let end = (at + below(40)).min(bytes.len());
                let twice = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, twice));
            }
        }
    }
    bytes
}

#[test]
fn thirty_thousand_spoilt_answers_break_nothing_and_let_nothing_through() {
    let text = json!({
        "choices": [{ "index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "refusal": null, "content": "<think>x</think>```json\n{\"trait\":\"차분\"}\n```",
        } }],
        "usage": { "prompt_tokens": 12, "completion_tokens": 7 },
    });
    let vectors = json!({
        "data": [{ "index": 0, "embedding": [0.5, -1.25] }, { "index": 1, "embedding": [3.0, 4e-3] }],
        "usage": { "prompt_tokens": 3 },
    });
    let models = json!({ "data": [{ "id": "a" }, { "id": "b" }] }).to_string();
    let (text, vectors) = (text.to_string(), vectors.to_string());
    assert!(read_chat(text.as_bytes()).is_ok() && read_embeddings(vectors.as_bytes(), 2, 2).is_ok());
    let rng = gpting_core::SeededRng::new(20_261_127);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..10_000 {
        let bytes = spoil(&rng, &text);
        match read_chat(&bytes) {
            Ok(written) => {
                taken += 1;
                assert!(format::bare(&written.text).len() <= written.text.len());
                let usage = believed(written.usage, 100, bytes.len(), 50);
                assert!(usage.input <= 100 && usage.output <= 50.max(bytes.len() as u64), "{usage:?}");
            }
            Err(failure) => {
                refused += 1;
                assert!(matches!(failure, Failure::Unreadable | Failure::Refused { .. }), "{failure:?}");
            }
        }
        let bytes = spoil(&rng, &vectors);
        if let Ok((vectors, _)) = read_embeddings(&bytes, 2, 2) {
            let is_sound = |vector: &Vec<f32>| vector.len() == 2 && vector.iter().all(|number| number.is_finite());
            assert!(vectors.len() == 2 && vectors.iter().all(is_sound), "{vectors:?}");
        }
        let _ = read_models(&spoil(&rng, &models));
        let _ = format::is_about_format(&bytes);
    }
    // Both ends of it were looked at.
    assert!(taken > 300 && refused > 3_000, "{taken} {refused}");
}
