//! Consent: the authorisation that a professional declares (DMP TD0.3), and the caller's own ones (TD0.2, status of the authorisation).

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use jiff::ToSpan;

use super::answer;
use super::app::Shared;
use super::exchange::{ATTEMPTS, Exchange};
use super::negotiate::{self, Format};
use super::read::{identifier, owner};
use super::search::{Asked, nothing, patient};
use crate::dmp::authorisation::{Authorisation, Declaration};
use crate::dmp::query::Page;
use crate::dmp::time::{Instant, paris};
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::{self, Locator};
use crate::translate::{consent, search, wire};

/// `POST /fhir/Consent`
pub(super) async fn create(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::DeclareConsent, request);
    let result = if exchange.posts_a_search() {
        exchange.turns_into(TracedAct::SearchConsents);
        find(&mut exchange).await
    } else {
        declare(&mut exchange, Target::Any).await
    };
    exchange.conclude(result).await
}

/// `PUT /fhir/Consent?identifier=`: the right is named by its content; the identifier must be its own.
pub(super) async fn update_by_identifier(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::DeclareConsent, request);
    let result = declare(&mut exchange, Target::Any).await;
    exchange.conclude(result).await
}

/// `PUT /fhir/Consent/{id}`
pub(super) async fn update(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::DeclareConsent, request);
    let result = declare(&mut exchange, Target::Id(id)).await;
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
    let result = read_one(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// Which right a write is about.
enum Target {
    /// The one that the body describes.
    Any,
    /// The one of this id, which the body must describe.
    Id(String),
}

async fn declare(exchange: &mut Exchange, target: Target) -> Result<Response, Error> {
    exchange.identify()?;
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = answer::if_match(exchange.headers())?;
    let (Format::Json, body) = exchange.resource_bytes().await?;
    let resource = wire::read_json(&body, "Consent")?;
    let (declaration, warnings) = consent::read(&resource, &exchange.reading())?;
    let act = Act::DeclareConsent {
        holder: declaration.holder.clone(),
        basis: declaration.basis,
        active: declaration.active,
    };
    if let Target::Id(id) = &target {
        right_of(exchange, id, &declaration).await?;
    }
    let end = end(exchange, &declaration)?;
    let mut attempt = 1;
    let (held, created) = loop {
        let permit = exchange.permit(&act, &declaration.patient).await?;
        let trace = exchange.trace();
        let store = &exchange.app.store;
        let declared = store
            .declare(&permit, declaration.clone(), end, if_match, trace)
            .await;
        match declared {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => break exchange.acted(other)?,
        }
    };
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let now = exchange.caller()?.1.now;
    let resource = || consent::write(&held, now, &exchange.reading()).to_string();
    let mut response = answer::written(status, format, wanted, resource, &warnings);
    let headers = response.headers_mut();
    let base = &exchange.app.settings.server.base_url;
    answer::put(
        headers,
        header::LOCATION,
        &format!("{base}/Consent/{}", held.id),
    );
    answer::version(headers, held.version, held.updated);
    Ok(response)
}

/// The right of this id belongs to the patient and the holder of the body.
async fn right_of(
    exchange: &mut Exchange,
    id: &str,
    declaration: &Declaration,
) -> Result<(), Error> {
    let id = identifier(id)?;
    exchange.names("Consent", id);
    let patient = owner(exchange, Locator::Consent(id)).await?;
    let permit = exchange.permit(&Act::ReadConsents, &patient).await?;
    let held = exchange
        .app
        .store
        .find_authorisations(&permit, exchange.trace())
        .await?;
    let held = held
        .into_iter()
        .find(|held| held.id == id)
        .ok_or(Code::NotFound)?;
    if patient == declaration.patient && held.declaration.holder == declaration.holder {
        return Ok(());
    }
    let changed = Issue::new(Code::ElementInvalid).at("Consent").detail(
        "le patient et le bénéficiaire d'un droit ne changent pas",
        "the patient and the holder of a right do not change",
    );
    Err(changed.into())
}

/// The configured duration by calendar, never later than asked.
fn end(exchange: &Exchange, declaration: &Declaration) -> Result<Instant, Error> {
    let (_, context) = exchange.caller()?;
    let months = i64::from(exchange.app.settings.dmp.authorisation_months);
    let latest = context
        .now
        .to_zoned_datetime(paris())
        .checked_add(months.months())
        .map_err(|_| Code::Internal)?
        .timestamp();
    Ok(declaration.until.map_or(latest, |until| until.min(latest)))
}

async fn find(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "Consent";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let search = search::consents(&asked.params, asked.strict, &exchange.reading())?;
    exchange.searching(&search.used);
    let mut page: Page<Authorisation> = match patient(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(patient) => match exchange.standing(&patient).await? {
            None => nothing(exchange).await?,
            Some(standing) => {
                let permit = exchange.decide(&Act::ReadConsents, Some(&standing))?;
                let trace = exchange.trace();
                let held = exchange.app.store.find_authorisations(&permit, trace).await;
                let mut rows = exchange.acted(held)?;
                rows.retain(|held| search.filter.keeps(held));
                Page {
                    total: rows.len() as u64,
                    rows,
                    next: None,
                }
            }
        },
    };
    if search.count_only {
        page.rows.clear();
    }
    let now = exchange.caller()?.1.now;
    let reading = exchange.reading();
    let texts: Vec<_> = page
        .rows
        .iter()
        .map(|held| (held.id, consent::write(held, now, &reading).to_string()))
        .collect();
    let rows = texts.iter().map(|(id, text)| (*id, text.as_str()));
    asked.answer(
        exchange,
        RESOURCE,
        &search.used,
        &search.warnings,
        &page,
        rows,
    )
}

async fn read_one(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let id = identifier(id)?;
    exchange.names("Consent", id);
    let patient = owner(exchange, Locator::Consent(id)).await?;
    let permit = exchange.permit(&Act::ReadConsents, &patient).await?;
    let trace = exchange.trace();
    let held = exchange
        .app
        .store
        .read_authorisation(&permit, id, trace)
        .await;
    let held = exchange.acted(held)?;
    let now = exchange.caller()?.1.now;
    let body = consent::write(&held, now, &exchange.reading()).to_string();
    let mut response = answer::resource(StatusCode::OK, format, body);
    answer::version(response.headers_mut(), held.version, held.updated);
    Ok(response)
}
