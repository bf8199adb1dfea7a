//! Around every request: its id, its time limit, the headers of every answer, one line in the log, the counters, and an answer even
//! when a handler panics.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tower::ServiceExt;

use super::app::App;
use super::exchange::{Arrived, RequestId};
use super::negotiate::Format;
use super::tls::Peer;
use super::{answer, compress, context, cors, negotiate};
use crate::error::{Code, Error};

/// How a batch reaches the routes, and since when the server works on it.
#[derive(Clone)]
pub(super) struct Within {
    pub router: Router,
    pub started: Instant,
}

/// What routing found, carried back on the answer.
#[derive(Debug, Clone)]
struct Route(MatchedPath);

/// Carries the template of the route on the answer, for the log and the counters.
pub(super) async fn keep_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(Route(route));
    }
    response
}

/// Answers one request of a connection.
pub(super) async fn answer(
    app: &App,
    router: Router,
    peer: Arc<Peer>,
    mut request: Request,
) -> Response {
    let started = Instant::now();
    let origins = &app.settings.server.cors_origins;
    let origin = cors::origin(origins, request.headers());
    let preflight = cors::preflight(origins, &request);
    let method = request.method().clone();
    let id = context::request_id(request.headers());
    let kind = kind(&peer);
    let compressed = compress::is_wanted(request.headers());
    let has_body = !axum::body::HttpBody::is_end_stream(request.body());
    let format = negotiate::of_refusal(request.headers(), request.uri());
    let arrived = Arrived::default();
    let extensions = request.extensions_mut();
    extensions.insert(peer);
    extensions.insert(RequestId(id.clone()));
    extensions.insert(arrived.clone());
    extensions.insert(Within {
        router: router.clone(),
        started,
    });

    let mut response = match preflight {
        Some(response) => response,
        None => handled(app, router, request, (has_body, format), &arrived).await,
    };

    let route = response.extensions_mut().remove::<Route>();
    let route = route.as_ref().map_or("-", |route| route.0.as_str());
    let (status, took) = (response.status().as_u16(), started.elapsed());
    let verb = verb(&method);
    app.metrics.request(verb, route, status, took);
    tracing::info!(
        method = verb,
        route,
        status,
        us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        request_id = id,
        actor = kind,
        "request"
    );
    on_every_answer(&mut response, &id);
    cors::tell(origins, origin, response.headers_mut());
    compress::respond(compressed, response).await
}

/// The answer of the handler, in time.
async fn handled(
    app: &App,
    router: Router,
    request: Request,
    (has_body, format): (bool, Format),
    arrived: &Arrived,
) -> Response {
    let handling = Caught(Box::pin(router.oneshot(request)));
    let limit = app.settings.server.request_timeout;
    match tokio::time::timeout(limit, handling).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(_)) => failed(app, Code::Internal, format),
        Err(_) if has_body && !arrived.0.load(Ordering::Relaxed) => {
            failed(app, Code::RequestTimeout, format)
        }
        Err(_) => failed(app, Code::Busy, format),
    }
}

/// Answers one request of a batch, in the time that the batch has: what fails here fails alone.
pub(super) async fn within(app: &App, router: Router, request: Request) -> Response {
    match Caught(Box::pin(router.oneshot(request))).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => failed(app, Code::Internal, Format::Json),
    }
}

/// Private data: no cache keeps it, no browser guesses at it.
fn on_every_answer(response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    answer::put(headers, HeaderName::from_static("x-request-id"), id);
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}

fn failed(app: &App, code: Code, format: Format) -> Response {
    let error = Error::from(code);
    app.metrics.refusal(&error);
    answer::refusal(&error, format)
}

/// The method as a label; what HTTP allows beyond these is one word.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The kind of caller, as a log may tell it.
fn kind(peer: &Peer) -> &'static str {
    use crate::dmp::actor::ActorKind;
    match &peer.actor {
        None => "none",
        Some(Err(_)) => "refused",
        Some(Ok(actor)) => match actor.kind {
            ActorKind::Cps => "cps",
            ActorKind::Cpf => "cpf",
            ActorKind::Cpe => "cpe",
            ActorKind::Establishment => "establishment",
            ActorKind::Holder => "holder",
            ActorKind::Representative => "representative",
            ActorKind::Caregiver => "caregiver",
            ActorKind::System => "system",
        },
    }
}

/// A future whose panic becomes an error.
struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A future that panicked is never polled again: `answer` drops it.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
