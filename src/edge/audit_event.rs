//! AuditEvent: the history of accesses to a record (ITI-81). A page is what a patient is shown; paging to the end is the export (TRC-03).

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::answer;
use super::app::Shared;
use super::exchange::Exchange;
use super::search::{Asked, Results, nothing, standing};
use crate::dmp::query::Page;
use crate::dmp::trace::{TraceKey, TracedAct};
use crate::error::{Code, Error};
use crate::policy::{Act, Permit};
use crate::store::{KeptTrace, Locator};
use crate::translate::audit_event::{self, View};
use crate::translate::search;

/// A trace never changes.
const VERSION: u32 = 1;

/// `GET /fhir/AuditEvent?…` and `POST /fhir/AuditEvent/_search`
pub(super) async fn search(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchTraces, request);
    let result = find(&mut exchange).await;
    exchange.conclude(result).await
}

/// `GET /fhir/AuditEvent/{id}`
pub(super) async fn read(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadTrace, request);
    let result = read_one(&mut exchange, &id).await;
    exchange.conclude(result).await
}

async fn find(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "AuditEvent";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let mut search = search::traces(&asked.params, asked.strict, &exchange.reading())?;
    search.query.after.clone_from(&asked.after);
    exchange.searching(&search.used);
    let mut texts = Vec::new();
    let page: Page<KeptTrace> = match standing(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            let permit = exchange.decide(&Act::ReadTraces, Some(&standing))?;
            let trace = exchange.trace();
            let store = &exchange.app.store;
            let found = store.find_traces(&permit, &search.query, trace).await;
            let page = exchange.acted(found)?;
            for kept in &page.rows {
                texts.push(shown(exchange, &permit, kept)?);
            }
            page
        }
    };
    let rows = texts.iter().map(|(key, text)| (*key, text.as_str()));
    let results = Results {
        used: &search.used,
        warnings: &search.warnings,
        show: &search.show,
        included: &[],
    };
    asked.answer(exchange, RESOURCE, &results, &page, rows)
}

async fn read_one(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let key: TraceKey = id.parse().map_err(|_| Code::NotFound)?;
    exchange.names("AuditEvent", key.trace);
    let what = Locator::Record(key.record);
    let permit = exchange.permit_by_id(&Act::ReadTraces, what).await?;
    let trace = exchange.trace();
    let kept = exchange.app.store.read_trace(&permit, key, trace).await;
    let kept = exchange.acted(kept)?;
    let (_, body) = shown(exchange, &permit, &kept)?;
    let mut response = answer::resource(StatusCode::OK, format, body);
    answer::version(response.headers_mut(), VERSION, kept.trace.at);
    Ok(response)
}

/// A trace as the caller gets it, with its id.
fn shown(
    exchange: &Exchange,
    permit: &Permit,
    kept: &KeptTrace,
) -> Result<(TraceKey, String), Error> {
    let (record, _) = permit.record_version().ok_or(Code::Internal)?;
    let view = View {
        record,
        unannounced: kept.unannounced,
        patient_side: permit.actor_kind().is_patient_side(),
    };
    let resource: Value = audit_event::write(&kept.trace, &view, &exchange.reading());
    let key = TraceKey {
        trace: kept.trace.id,
        record,
    };
    Ok((key, resource.to_string()))
}
