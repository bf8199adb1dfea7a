//! Deposits: ITI-65 Provide Document Bundle and ITI-105 Simplified Publish (PDSm flux 01, 02, 09, 10; DMP TD2, TD2.1).

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::app::Shared;
use super::context::structure_to_deposit;
use super::exchange::{ATTEMPTS, Exchange};
use super::negotiate::{self, Format};
use super::{answer, search};
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::Deposited;
use crate::translate::deposit::{self, Depositor, DeclaredSubmission};
use crate::translate::{bundle, document_reference, wire};

/// `POST /fhir`
pub(super) async fn transaction(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ProvideBundle, request);
    let result = provide_bundle(&mut exchange).await;
    exchange.conclude(result).await
}

/// `POST /fhir/DocumentReference`; with parameters and no resource it is a search, as a guide prints it.
pub(super) async fn document_reference(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SimplifiedPublish, request);
    let result = if exchange.posts_a_search() {
        exchange.turns_into(TracedAct::SearchDocuments);
        search::find_documents(&mut exchange).await
    } else {
        publish(&mut exchange).await
    };
    exchange.conclude(result).await
}

async fn provide_bundle(exchange: &mut Exchange) -> Result<Response, Error> {
    exchange.identify()?;
    let (actor, context) = exchange.caller()?;
    structure_to_deposit(actor, context)?;
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let (Format::Json, body) = exchange.resource_bytes().await?;
    let resource = wire::read_json(&body, "Bundle")?;
    let declared = bundle::read(&resource, &exchange.reading())?;
    let entries = declared.entries.clone();
    let deposited = deposit(exchange, declared).await?;
    let body = bundle::write_response(&entries, &deposited, wanted, &exchange.reading());
    Ok(answer::resource(StatusCode::OK, format, body.to_string()))
}
