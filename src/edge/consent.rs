//! Consent: the rights of a record, those that professionals declare (DMP TD0.3) and those that the patient decides.

mod declare;
mod term;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::app::Shared;
use super::exchange::Exchange;
use super::params;
use super::read::{identifier, number, unmodified};
use super::search::{Asked, Results, nothing, standing};
use super::{answer, conditional};
use crate::dmp::query::Page;
use crate::dmp::right::Right;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::Locator;
use crate::translate::{consent, search};

use declare::{Target, declare};

/// `POST /fhir/Consent`
pub(super) async fn create(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::DeclareConsent, request);
    let result = if exchange.posts_a_search() {
        exchange.turns_into(TracedAct::SearchConsents);
        find(&mut exchange).await
    } else {
        declare(&mut exchange, |_| Ok(Target::Body)).await
    };
    exchange.conclude(result).await
}

/// `PUT /fhir/Consent?identifier=`: the identifier must be the one of the right in the body
pub(super) async fn update_by_identifier(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::DeclareConsent, request);
    let result = declare(&mut exchange, |exchange| {
        let query = exchange.query()?;
        let key = params::first(&query, "identifier").map(str::to_owned);
        let missing = || Issue::new(Code::ParameterRequired).with("parameter", "identifier");
        key.map(Target::Key).ok_or_else(|| missing().into())
    });
    let result = result.await;
    exchange.conclude(result).await
}

/// `PUT /fhir/Consent/{id}`
pub(super) async fn update(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::DeclareConsent, request);
    let result = declare(&mut exchange, |exchange| {
        let id = identifier(&id)?;
        exchange.names("Consent", id);
        Ok(Target::Id(id))
    });
    let result = result.await;
    exchange.conclude(result).await
}

/// `GET /fhir/Consent?…` and `POST /fhir/Consent/_search`
pub(super) async fn search(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchConsents, request);
    let result = find(&mut exchange).await;
    exchange.conclude(result).await
}

/// `GET /fhir/Consent/{id}`
pub(super) async fn read(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadConsent, request);
    let result = read_one(&mut exchange, &id, None).await;
    exchange.conclude(result).await
}

/// `GET /fhir/Consent/{id}/_history/{version}`
pub(super) async fn read_version(
    State(app): State<Shared>,
    Path((id, version)): Path<(String, String)>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadConsent, request);
    let result = read_one(&mut exchange, &id, Some(&version)).await;
    exchange.conclude(result).await
}

async fn find(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "Consent";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let search = search::consents(&asked.params, asked.strict, &exchange.reading())?;
    exchange.searching(&search.used);
    let page: Page<Right> = match standing(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            let permit = exchange.decide(&Act::ReadRights, Some(&standing))?;
            let trace = exchange.trace();
            let held = exchange.app.store.find_rights(&permit, trace).await;
            search
                .query
                .page(exchange.acted(held)?, asked.after.clone())
        }
    };
    let now = exchange.caller()?.1.now;
    let reading = exchange.reading();
    let texts: Vec<_> = page
        .rows
        .iter()
        .map(|held| (held.id, consent::write(held, now, &reading).to_string()))
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

async fn read_one(
    exchange: &mut Exchange,
    id: &str,
    version: Option<&str>,
) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let id = identifier(id)?;
    exchange.names("Consent", id);
    let permit = exchange
        .permit_by_id(&Act::ReadRights, Locator::Consent(id))
        .await?;
    let (store, trace) = (&exchange.app.store, exchange.trace());
    let held = match version.map(number) {
        None => store.read_right(&permit, id, trace).await,
        Some(Some(version)) => store.read_right_version(&permit, id, version, trace).await,
        Some(None) => return Err(Code::NotFound.into()),
    };
    let held = exchange.acted(held)?;
    let now = exchange.caller()?.1.now;
    // What an authorisation is worth changes at its end without a new version.
    let ended = held.end.is_some_and(|end| end <= now);
    if !ended && conditional::is_held_version(exchange.headers(), held.version, held.updated) {
        return Ok(unmodified(held.version, held.updated));
    }
    let body = consent::write(&held, now, &exchange.reading()).to_string();
    let body = exchange.present(body).into_owned();
    let mut response = answer::resource(StatusCode::OK, format, body);
    answer::version(response.headers_mut(), held.version, held.updated);
    Ok(response)
}
