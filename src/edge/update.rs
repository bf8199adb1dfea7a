//! PUT of a DocumentReference, by id or by identifier: the whole resource, of which only what a PATCH changes may differ.

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::app::Shared;
use super::exchange::Exchange;
use super::patch::{Wanted, change, changed, target, unreadable};
use super::{conditional, negotiate};
use crate::dmp::trace::TracedAct;
use crate::error::Error;
use crate::translate::wire;

/// `PUT /fhir/DocumentReference/{id}`
pub(super) async fn by_id(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ChangeDocument, request);
    let result = updated(&mut exchange, Some(&id)).await;
    exchange.conclude(result).await
}

/// `PUT /fhir/DocumentReference?identifier=`
pub(super) async fn by_identifier(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ChangeDocument, request);
    let result = updated(&mut exchange, None).await;
    exchange.conclude(result).await
}

async fn updated(exchange: &mut Exchange, id: Option<&str>) -> Result<Response, Error> {
    exchange.identify()?;
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = conditional::if_match(exchange.headers());
    let target = target(exchange, id)?;
    let (form, body) = exchange.resource_bytes().await?;
    let resource = match wire::read(form, &body, "DocumentReference") {
        Ok(resource) => resource,
        Err(wrong) => return Err(unreadable(exchange, &target, wrong).await),
    };
    let (entry, told) = change(exchange, &target, &Wanted::Update(resource), if_match).await?;
    Ok(changed(exchange, &entry, format, wanted, &told))
}
