//! The HTTP edge: every route on this page, one file per concern beside it.
//!
//! A request crosses [`observe`] (id, time limit, log), its handler, and comes back as an answer. Handlers read in the order of the
//! refusals: who calls, what he declares, the body, the record, the decision, the act with its trace.

mod admin;
mod alert;
mod answer;
mod app;
mod audit_event;
mod background;
mod batch;
mod binary;
mod caller;
mod capability;
mod clock;
mod compress;
mod conditional;
mod conformance;
mod connection;
mod consent;
mod context;
mod cors;
mod exchange;
mod generate;
mod history;
mod immunization;
pub mod log;
mod media;
mod metrics;
mod negotiate;
mod observe;
mod openapi;
mod order;
mod paging;
mod params;
mod patch;
mod patient;
mod portal_keys;
mod publish;
mod range;
mod read;
mod rehearsal;
mod rendered;
mod search;
mod server;
mod subject;
pub mod tls;
mod trace;
mod unknown;
mod update;
mod validate;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use tokio::sync::watch;

use app::Shared;

pub use app::App;
pub use paging::Pages;
pub use portal_keys::fetch as fetch_portal_keys;
pub use rendered::render;
pub use server::Listening;

/// Every route.
fn routes(app: Shared) -> Router {
    operations(conformance::routes(Router::new()))
        .route("/fhir/metadata", get(capability::read))
        .route("/fhir/openapi.json", get(openapi::read))
        .route("/fhir", post(publish::transaction))
        .route("/fhir/", post(publish::transaction))
        .route("/fhir/Patient", get(patient::search).put(patient::update))
        .route("/fhir/Patient/_search", post(patient::search))
        .route("/fhir/Patient/{id}", get(patient::read))
        .route(
            "/fhir/DocumentReference",
            get(search::documents)
                .post(publish::document_reference)
                .put(update::by_identifier)
                .patch(patch::by_identifier),
        )
        .route("/fhir/DocumentReference/_search", post(search::documents))
        .route(
            "/fhir/DocumentReference/$generate-metadata",
            post(generate::metadata),
        )
        .route(
            "/fhir/DocumentReference/{id}",
            get(read::document)
                .put(update::by_id)
                .patch(patch::by_id)
                .delete(patch::delete),
        )
        .route(
            "/fhir/DocumentReference/{id}/_history",
            get(history::document),
        )
        .route(
            "/fhir/DocumentReference/{id}/_history/{version}",
            get(read::document_version),
        )
        .route(
            "/fhir/List",
            get(search::submissions).post(search::submissions_posted),
        )
        .route("/fhir/List/_search", post(search::submissions))
        .route("/fhir/List/{id}", get(read::submission))
        .route("/fhir/List/{id}/_history", get(history::submission))
        .route(
            "/fhir/List/{id}/_history/{version}",
            get(read::submission_version),
        )
        .route("/fhir/Binary/{id}", get(binary::read))
        .route("/fhir/Bundle/{id}", get(binary::read_fhir))
        .route(
            "/fhir/Consent",
            get(consent::search)
                .post(consent::create)
                .put(consent::update_by_identifier),
        )
        .route("/fhir/Consent/_search", post(consent::search))
        .route(
            "/fhir/Consent/{id}",
            get(consent::read).put(consent::update),
        )
        .route("/fhir/Consent/{id}/_history", get(history::right))
        .route(
            "/fhir/Immunization",
            get(immunization::search).post(immunization::create),
        )
        .route("/fhir/Immunization/_search", post(immunization::search))
        .route(
            "/fhir/Immunization/{id}",
            get(immunization::read)
                .put(immunization::update)
                .delete(immunization::delete),
        )
        .route("/fhir/AuditEvent", get(audit_event::search))
        .route("/fhir/AuditEvent/_search", post(audit_event::search))
        .route("/fhir/AuditEvent/{id}", get(audit_event::read))
        .route(
            "/fhir/Consent/{id}/_history/{version}",
            get(consent::read_version),
        )
        .method_not_allowed_fallback(unknown::method)
        .fallback(unknown::route)
        .layer(from_fn(observe::keep_route))
        .with_state(app)
}

/// `$validate` of each type that is written.
fn operations(mut router: Router<Shared>) -> Router<Shared> {
    for kind in validate::KINDS {
        let judge = move |state, request| validate::judge(kind, state, request);
        router = router.route(&format!("/fhir/{kind}/$validate"), post(judge));
    }
    router
}

/// Serves until `shutdown`; what is in flight then has some seconds to finish.
pub async fn serve(listening: Listening, app: App, shutdown: impl Future<Output = ()>) {
    let app: Shared = Arc::new(app);
    let (stop, mut stopping) = watch::channel(());
    let background = background::spawn(&app, stopping.clone());
    let (listening, admin) = listening.split();
    let admin = admin.map(|listener| {
        let stopped = async move {
            let _ = stopping.changed().await;
        };
        tokio::spawn(admin::run(listener, Arc::clone(&app), stopped))
    });
    server::run(listening, &app, routes(Arc::clone(&app)), shutdown).await;
    drop(stop);
    let _ = background.await;
    if let Some(admin) = admin {
        // A probe that hangs doesn't hold the stop.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), admin).await;
    }
    if let Some(app) = Arc::into_inner(app) {
        app.store.close().await;
    }
}
