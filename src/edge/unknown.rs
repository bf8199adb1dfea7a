//! What is not served: 401 first, as for anything else, then 404 or 405.

use axum::extract::{Request, State};
use axum::response::Response;

use super::app::Shared;
use super::exchange::Exchange;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error};

/// No such route.
pub(super) async fn route(State(app): State<Shared>, request: Request) -> Response {
    refuse(app, request, Code::NotSupported).await
}

/// No such method on a known route; the router adds `Allow`.
pub(super) async fn method(State(app): State<Shared>, request: Request) -> Response {
    // An operation that is not served stands where an id would.
    let code = match names_an_operation(request.uri().path()) {
        true => Code::NotSupported,
        false => Code::MethodNotAllowed,
    };
    refuse(app, request, code).await
}

/// True for `…/$name`.
fn names_an_operation(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    last.starts_with('$') || last.starts_with("%24")
}

async fn refuse(app: Shared, request: Request, code: Code) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::Other, request);
    let refusal = exchange
        .identify()
        .err()
        .unwrap_or_else(|| Error::from(code));
    exchange.conclude(Err(refusal)).await
}
