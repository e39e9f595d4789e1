//! Questions, weights, wider limits and sentences, as a client sees them.

use http::Method;
use serde_json::{Value, json};

use crate::town::{Town, request};

#[tokio::test]
async fn questions_are_answered_in_private_and_decide_who_is_shown() {
    let town = Town::new().await;
    let (jimin, minho) = (town.settled("jimin", "F", &["M"]).await, town.settled("minho", "M", &["F"]).await);
    let asked = jimin.get("/api/accounts/questions/").await.expect(200);
    let topics = asked["topics"].as_array().unwrap();
    let count: usize = topics.iter().map(|topic| topic["questions"].as_array().unwrap().len()).sum();
    assert_eq!((topics.len(), count), (4, 40));
    for question in topics.iter().flat_map(|topic| topic["questions"].as_array().unwrap()) {
        assert!((2..=5).contains(&question["choices"].as_array().unwrap().len()), "{question}");
        assert!(question["labels"]["ko"] != question["labels"]["en"]);
    }

    let answers = "/api/accounts/answers/";
    let rhythm = |choice: &str| {
        json!({"question": "rhythm", "choice": choice, "accepts": ["morning"],
        "importance": "mandatory", "dealbreaker": true})
    };
    let kept = jimin.put(answers, &json!({"answers": [rhythm("morning")]})).await.expect(200);
    assert_eq!(kept, json!({"answers": [rhythm("morning")]}));
    minho.put(answers, &json!({"answers": {"rhythm": {"choice": "evening"}}})).await.expect(200);
    assert_eq!(jimin.get("/api/matches/recommended/").await.expect(200), json!([]));
    assert_eq!(minho.get("/api/matches/recommended/").await.expect(200), json!([]), "in both directions");
    let reach = jimin.get("/api/matches/recommended/reach/").await.expect(200);
    let questions = reach["filters"].as_array().unwrap().iter().find(|filter| filter["filter"] == "questions").unwrap();
    assert_eq!((&questions["hidden"], &questions["label"]), (&json!(1), &json!("질문")));
    minho.put(answers, &json!({"answers": {"rhythm": {"choice": "morning"}}})).await.expect(200);
    let card = &jimin.get("/api/matches/recommended/").await.expect(200)[0];
    assert!(!card.to_string().contains("rhythm") && !card.to_string().contains("morning"), "{card}");

    // Every wrong answer by its name, in the language of whoever asks; nothing of it is kept.
    let wrong = json!({"answers": {"rhythm": {"choice": "noon"}, "no_such": {"choice": "x"},
        "contact": {"choice": "daily", "accepts": [], "importance": "very"}}});
    let refused = jimin.put(answers, &wrong).await.refused(400, "validation_failed");
    assert_eq!(refused["errors"]["answers.rhythm.choice"], json!(["알 수 없는 값입니다."]));
    assert_eq!(refused["errors"].as_object().unwrap().len(), 3);
    let mut english = request(Method::PUT, answers, Some(&jimin.access), &wrong);
    english.headers_mut().insert("accept-language", "en".parse().unwrap());
    let refused = town.send(english).await.refused(400, "validation_failed");
    assert_eq!(refused["errors"]["answers.contact.accepts"], json!(["This field is required."]));
    let back = jimin.put(answers, &json!({"answers": {"rhythm": null}})).await.expect(200);
    assert_eq!(back, json!({"answers": []}));
}

#[tokio::test]
async fn weights_steps_and_compatibility_speak_the_words_of_the_page() {
    let town = Town::new().await;
    let (jimin, minho) = (town.settled("jimin", "F", &["M"]).await, town.settled("minho", "M", &["F"]).await);
    let preferences = "/api/accounts/preferences/";
    let set = jimin.put(preferences, &json!({"weights": {"distance": "high", "age": "off"}})).await.expect(200);
    let all =
        json!({"distance": "high", "age": "off", "interests": "normal", "questions": "normal", "attributes": "normal"});
    assert_eq!(set["weights"], all);
    assert_eq!(
        jimin.put(preferences, &json!({"age_min": 19})).await.expect(200)["weights"],
        all,
        "what is left out stays"
    );
    jimin.put(preferences, &json!({"weights": {"age": "huge"}})).await.refused(400, "validation_failed");

    let about = format!("/api/matches/compatibility/{}/", minho.id);
    let found = jimin.get(&about).await.expect(200);
    assert_eq!((&found["id"], &found["score"]), (&json!(minho.id), &json!(1.0)));
    let reasons = found["reasons"].as_array().unwrap();
    assert!((2..=4).contains(&reasons.len()), "{found}");
    assert!(reasons.iter().all(|reason| !reason["text"].as_str().unwrap().is_empty()));
    for nobody in [jimin.id, 12_345] {
        let path = format!("/api/matches/compatibility/{nobody}/");
        jimin.get(&path).await.refused(404, "member_not_found");
    }

    // He is too old by her limits: the list is empty, says why, and what would help.
    let age = jimin.get("/api/matches/recommended/").await.expect(200)[0]["age"].as_i64().unwrap();
    jimin.put(preferences, &json!({"age_min": 19, "age_max": age - 2})).await.expect(200);
    assert_eq!(jimin.get("/api/matches/recommended/").await.expect(200), json!([]));
    let reach = jimin.get("/api/matches/recommended/reach/").await.expect(200);
    let step = &reach["steps"][0];
    assert_eq!((&step["relax"], &step["query"], &step["gains"]), (&json!("age"), &json!("age:2"), &json!(1)));
    assert_eq!((&step["from"], &step["to"]), (&json!([19, age - 2]), &json!([18, age])));
    assert!(step["text"].as_str().unwrap().contains("1명"), "{step}");
    for relax in ["age:2", "age", "distance,age", "distance:50,age:2"] {
        let shown = jimin.get(&format!("/api/matches/recommended/?relax={relax}")).await.expect(200);
        assert_eq!(shown[0]["id"], json!(minho.id), "{relax}");
        assert!(shown[0]["relaxed"].as_array().unwrap().contains(&json!("age")), "{relax}: never silent");
    }
    assert_eq!(jimin.get("/api/matches/recommended/?relax=age:1").await.expect(200), json!([]));
    for bad in ["age:0", "height", "distance:x"] {
        jimin.get(&format!("/api/matches/recommended/?relax={bad}")).await.refused(400, "validation_failed");
    }
}

#[tokio::test]
async fn suggestions_are_of_the_own_text_and_change_nothing() {
    let town = Town::new().await;
    let jimin = town.settled("jimin", "F", &["M"]).await;
    let bio = json!({"bio": "INFP예요. 주말엔 보드게임이랑 클라이밍을 해요. 골프는 싫어요."});
    jimin.patch("/api/accounts/profile/", &bio).await.expect(200);
    let found = jimin.get("/api/accounts/profile/suggestions/").await.expect(200);
    let codes: Vec<&Value> = found["interests"].as_array().unwrap().iter().map(|interest| &interest["code"]).collect();
    assert_eq!(codes, [&json!("board_games"), &json!("climbing")]);
    assert_eq!(found["attributes"], json!({"mbti": "infp"}));
    let own = jimin.get("/api/accounts/profile/").await.expect(200);
    assert!(!own["interests"].to_string().contains("climbing") && own["attributes"].get("mbti").is_none());
}
