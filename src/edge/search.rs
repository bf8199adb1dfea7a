//! ITI-67 Find Document References and ITI-66 Find Document Lists (PDSm flux 05 and 06, DMP TD3.1).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::app::Shared;
use super::exchange::Exchange;
use super::paging::{self, Continuation};
use super::params::{self, Params};
use super::{answer, negotiate, rendered};
use crate::dmp::query::{After, Page};
use crate::dmp::trace::TracedAct;
use crate::error::Error;
use crate::policy::Act;
use crate::translate::search::{self, Search};
use crate::translate::{list, searchset};

/// `GET /fhir/DocumentReference?…` and `POST /fhir/DocumentReference/_search`
pub(super) async fn documents(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchDocuments, request);
    let result = find_documents(&mut exchange).await;
    exchange.conclude(result).await
}

/// `GET /fhir/List?…`, `POST /fhir/List/_search`, and `POST /fhir/List?…` as a guide prints it
pub(super) async fn submissions(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchSubmissions, request);
    let result = find_submissions(&mut exchange).await;
    exchange.conclude(result).await
}

pub(super) async fn find_documents(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "DocumentReference";
    exchange.identify()?;
    let format = exchange.format()?;
    let (params, after) = parameters(exchange, RESOURCE).await?;
    let mut search = search::documents(&params, &exchange.reading())?;
    search.query.after = after;
    exchange.searching(&search.used);

    let by_identifier = search.query.is_by_identifier();
    let page = match exchange.standing(&search.patient).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            let act = Act::SearchDocuments { by_identifier };
            let permit = exchange.decide(&act, Some(&standing))?;
            let (query, trace) = (&search.query, exchange.trace());
            let page = exchange.app.store.find_documents(&permit, query, trace).await;
            exchange.acted(page)?
        }
    };
    todo!()
}
