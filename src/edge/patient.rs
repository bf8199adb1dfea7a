//! Patient: the state of a record (DMP TD0.2), and the operator's opening and updating of records.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::answer;
use super::app::Shared;
use super::exchange::{Exchange, moved};
use super::negotiate::{self, Format};
use super::read::{identifier, owner};
use crate::dmp::ins::Ins;
use crate::dmp::record::{Record, Standing};
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::Locator;
use crate::translate::{patient, search, searchset, wire};

/// `GET /fhir/Patient?identifier=` and `POST /fhir/Patient/_search`
pub(super) async fn search(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::TestExistence, request);
    let result = test_existence(&mut exchange).await;
    exchange.conclude(result).await
}

/// `GET /fhir/Patient/{id}`
pub(super) async fn read(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::TestExistence, request);
    let result = read_one(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// `PUT /fhir/Patient?identifier=`
pub(super) async fn update(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::OpenRecord, request);
    let result = put(&mut exchange).await;
    exchange.conclude(result).await
}
