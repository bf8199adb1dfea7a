//! The admin listener: plain HTTP for the machine's own probes, never exposed.

use std::future::Future;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::app::Shared;
use super::rehearsal;
use crate::dmp::context::Environment;

/// Serves `/health/live`, `/health/ready` and `/metrics` until `shutdown`, and in a test environment what tests need.
pub(super) async fn run(
    listener: TcpListener,
    app: Shared,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let routes = Router::new()
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics));
    let routes = match app.settings.identity.environment {
        Environment::Test => routes.merge(rehearsal::routes()),
        Environment::Production => routes,
    };
    let routes = routes.with_state(app);
    let served = axum::serve(listener, routes).with_graceful_shutdown(shutdown);
    if let Err(error) = served.await {
        tracing::error!(%error, "admin listener stopped");
    }
}

/// Ready when the store answers and no accepted authority lacks a current CRL that it needs.
async fn ready(State(app): State<Shared>) -> (StatusCode, String) {
    let mut missing = Vec::new();
    if !app.store.ready().await {
        missing.push("store");
    }
    if !app
        .acceptor
        .revocation()
        .warnings(Timestamp::now())
        .is_empty()
    {
        missing.push("crls");
    }
    if missing.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        let text = format!("not ready: {}\n", missing.join(", "));
        (StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

async fn metrics(State(app): State<Shared>) -> String {
    app.metrics.text(app.store.waiting())
}
