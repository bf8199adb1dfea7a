//! What only a test environment has, on the admin listener: a clock to set, the jobs at will, the outbox to look into (contract §7).

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use super::app::Shared;
use super::background;
use crate::dmp::context::AccessMode;
use crate::dmp::notice::Notification;
use crate::dmp::time::Instant;

/// Largest body of a request.
const MAX_BODY: usize = 1_024;

/// `PUT /test/clock`, `POST /test/jobs`, `GET /test/outbox`.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/test/clock", put(clock))
        .route("/test/jobs", post(jobs))
        .route("/test/outbox", get(outbox))
}

/// `{"now": "<RFC 3339>"}` sets it, `{}` gives the real time back; answers the time as it is now.
async fn clock(State(app): State<Shared>, body: Body) -> Response {
    let Some(now) = wanted(body).await else {
        return (
            StatusCode::BAD_REQUEST,
            "write {\"now\": \"2030-01-01T00:00:00Z\"}, or {}\n",
        )
            .into_response();
    };
    app.clock.set(now);
    answer(&json!({"now": app.clock.now().to_string()}))
}

/// None for anything but the two shapes.
async fn wanted(body: Body) -> Option<Option<Instant>> {
    let bytes = to_bytes(body, MAX_BODY).await.ok()?;
    let Ok(Value::Object(wanted)) = serde_json::from_slice(&bytes) else {
        return None;
    };
    match (wanted.len(), wanted.get("now")) {
        (0, _) => Some(None),
        (1, Some(Value::String(now))) => now.parse().ok().map(Some),
        _ => None,
    }
}

/// Runs what is due now and answers when it is done.
async fn jobs(State(app): State<Shared>) -> Response {
    match background::once(&app, true).await {
        Ok((done, sent)) => answer(&json!({"jobs": done, "sent": sent})),
        Err(error) => failed(&error),
    }
}

async fn outbox(State(app): State<Shared>) -> Response {
    match app.store.outbox().await {
        Ok(all) => answer(&Value::Array(all.iter().map(listed).collect())),
        Err(error) => failed(&error),
    }
}

fn listed(notification: &Notification) -> Value {
    let patient = &notification.patient;
    json!({
        "kind": notification.kind.code(),
        "ins": format!("{}|{}", patient.system(), patient.value()),
        "at": notification.at.to_string(),
        "to": notification.to,
        "channel": notification.channel.code(),
        "document": notification.document,
        "mode": notification.mode.map(AccessMode::code),
        "actor": notification.actor,
    })
}

fn answer(body: &Value) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, format!("{body}\n")).into_response()
}

fn failed(error: &crate::error::Error) -> Response {
    let text = format!("{}\n", error.code().as_str());
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}
