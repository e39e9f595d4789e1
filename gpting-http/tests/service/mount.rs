//! The service inside other people's servers: axum under a prefix, and bare hyper.

use gpting_http::HttpOptions;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::town::Town;

#[tokio::test]
async fn nested_in_axum_it_answers_under_its_prefix_and_its_addresses_lead_back() {
    let options = HttpOptions { public_url: "/dating/".to_owned(), ..HttpOptions::default() };
    let town = Town::with(options).await;
    let jimin = town.sign_up("jimin", "F").await;
    let app = axum::Router::new().nest_service("/dating", town.service.clone());
    let request = Request::get("/dating/api/accounts/profile/")
        .header("authorization", format!("Bearer {}", jimin.access))
        .body(axum::body::Body::empty());
    let response = app.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    let picture = body["profile_picture"].as_str().unwrap();
    assert_eq!(picture, "/dating/media/default-profile.svg");
    let response = app.oneshot(Request::get(picture).body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"image/svg+xml; charset=utf-8".parse().unwrap())
    );
}
