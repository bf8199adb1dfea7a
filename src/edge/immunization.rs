//! Immunization: the register of vaccinations of a record (rules VAC-05, VAC-06).

pub(super) mod enter;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::app::Shared;
use super::exchange::Exchange;
use super::read::{identifier, unmodified};
use super::search::{Asked, Results, nothing, standing};
use super::{answer, conditional};
use crate::dmp::query::Page;
use crate::dmp::trace::TracedAct;
use crate::dmp::vaccination::Entry;
use crate::error::Error;
use crate::policy::Act;
use crate::store::Locator;
use crate::translate::{immunization, search};

const RESOURCE: &str = "Immunization";

/// `GET /fhir/Immunization?…` and `POST /fhir/Immunization/_search`
pub(super) async fn search(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchVaccinations, request);
    let result = find(&mut exchange).await;
    exchange.conclude(result).await
}

/// `POST /fhir/Immunization`; a form, or parameters without body, is a search.
pub(super) async fn create(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::AddVaccination, request);
    let result = if exchange.posts_a_search() {
        exchange.turns_into(TracedAct::SearchVaccinations);
        find(&mut exchange).await
    } else {
        enter::create(&mut exchange).await
    };
    exchange.conclude(result).await
}

/// `PUT /fhir/Immunization/{id}`
pub(super) async fn update(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ChangeVaccination, request);
    let result = enter::update(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// `DELETE /fhir/Immunization/{id}`
pub(super) async fn delete(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ChangeVaccination, request);
    let result = enter::delete(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// `GET /fhir/Immunization/{id}`
pub(super) async fn read(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadVaccination, request);
    let result = read_one(&mut exchange, &id).await;
    exchange.conclude(result).await
}

async fn find(exchange: &mut Exchange) -> Result<Response, Error> {
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let search = search::vaccinations(&asked.params, asked.strict, &exchange.reading())?;
    exchange.searching(&search.used);
    let page: Page<Entry> = match standing(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            let act = Act::SearchDocuments {
                by_identifier: false,
            };
            let permit = exchange.decide(&act, Some(&standing))?;
            let trace = exchange.trace();
            let found = exchange.app.store.find_vaccinations(&permit, trace).await;
            let found = exchange.acted(found)?;
            let tables = &exchange.app.rules.tables;
            search.query.page(found, asked.after.clone(), tables)
        }
    };
    let reading = exchange.reading();
    let texts: Vec<_> = page
        .rows
        .iter()
        .map(|entry| (entry.id, immunization::write(entry, &reading).to_string()))
        .collect();
    let rows = texts.iter().map(|(id, text)| (*id, text.as_str()));
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
    let id = identifier(id)?;
    exchange.names(RESOURCE, id);
    let what = Locator::Vaccination(id);
    let permit = exchange.permit_by_id(&Act::ReadDocument, what).await?;
    let trace = exchange.trace();
    let found = exchange
        .app
        .store
        .read_vaccination(&permit, id, trace)
        .await;
    let found = exchange.acted(found)?;
    if conditional::is_held_version(exchange.headers(), found.version, found.updated) {
        return Ok(unmodified(found.version, found.updated));
    }
    let body = immunization::write(&found, &exchange.reading()).to_string();
    let body = exchange.present(body).into_owned();
    let mut response = answer::resource(StatusCode::OK, format, body);
    answer::version(response.headers_mut(), found.version, found.updated);
    Ok(response)
}
