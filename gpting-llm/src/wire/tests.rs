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
        assert!(matches!(said(&choice(empty.clone(), json!("content_filter"))), Err(Failure::Refused)));
        assert!(matches!(said(&choice(empty.clone(), json!("stop"))), Err(Failure::Unreadable)));
        assert!(matches!(said(&choice(empty, json!("tool_calls"))), Err(Failure::Unreadable)));
    }
    let refusal = json!({ "message": { "content": null, "refusal": "No." }, "finish_reason": "stop" });
    assert!(matches!(said(&refusal), Err(Failure::Refused)));
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
