//! Consent: the authorisation that a professional declares (DMP TD0.3), and the caller's own ones (TD0.2, status of the authorisation).

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use jiff::ToSpan;
use uuid::Uuid;

use super::answer;
use super::app::Shared;
use super::exchange::{ATTEMPTS, Exchange};
use super::negotiate::{self, Format};
use super::params;
use super::read::{identifier, owner};
use super::search::{Asked, nothing, patient};
use crate::dmp::query::Page;
use crate::dmp::right::{Declaration, Right};
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
    let result = read_one(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// Which right a write is about.
enum Target {
    /// The one that the body describes.
    Body,
    /// The one of this key (`system|value`), which the body must describe.
    Key(String),
    /// The one of this id, which the body must describe.
    Id(Uuid),
}

async fn declare(
    exchange: &mut Exchange,
    target: impl FnOnce(&mut Exchange) -> Result<Target, Error>,
) -> Result<Response, Error> {
    exchange.identify()?;
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = answer::if_match(exchange.headers())?;
    let target = target(exchange)?;
    let (Format::Json, body) = exchange.resource_bytes().await?;
    let resource = wire::read_json(&body, "Consent")?;
    let (declaration, warnings) = consent::read(&resource, &exchange.reading())?;
    let (held, created) = write(exchange, &declaration, &target, if_match).await?;
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

async fn write(
    exchange: &mut Exchange,
    declaration: &Declaration,
    target: &Target,
    if_match: Option<u32>,
) -> Result<(Right, bool), Error> {
    let act = Act::WriteRight {
        grant: declaration.grant.clone(),
        active: declaration.active,
    };
    let months = exchange.app.settings.dmp.authorisation_months;
    let end = end(exchange.caller()?.1.now, months, declaration.until)?;
    let mut attempt = 1;
    loop {
        let permit = exchange.permit(&act, &declaration.patient).await?;
        is_about(exchange, target, declaration).await?;
        let (store, trace) = (&exchange.app.store, exchange.trace());
        let declared = store
            .declare(&permit, declaration.clone(), Some(end), if_match, trace)
            .await;
        match declared {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => return exchange.acted(other),
        }
    }
}

/// The right in the URL is the one in the body: the patient and the holder of a right do not change.
async fn is_about(
    exchange: &mut Exchange,
    target: &Target,
    declaration: &Declaration,
) -> Result<(), Error> {
    let same = match target {
        Target::Body => true,
        Target::Key(given) => {
            let (system, value) = consent::key(declaration);
            *given == format!("{system}|{value}")
        }
        Target::Id(id) => {
            let patient = owner(exchange, Locator::Consent(*id)).await?;
            let right = exchange.app.store.right(&patient, *id).await?;
            right.is_some_and(|right| consent::key(&right.declaration) == consent::key(declaration))
        }
    };
    if same {
        return Ok(());
    }
    let changed = Issue::new(Code::ElementInvalid).at("Consent").detail(
        "le patient et le bénéficiaire d'un droit ne changent pas",
        "the patient and the holder of a right do not change",
    );
    Err(changed.into())
}

/// When it ends: by calendar, the last day of a shorter month; sooner when the caller asks for it.
fn end(now: Instant, months: u32, asked: Option<Instant>) -> Result<Instant, Error> {
    let latest = now
        .to_zoned_datetime(paris())
        .checked_add(i64::from(months).months())
        .map_err(|_| Code::Internal)?
        .timestamp();
    Ok(asked.map_or(latest, |asked| asked.min(latest)))
}

async fn find(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "Consent";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let search = search::consents(&asked.params, asked.strict, &exchange.reading())?;
    exchange.searching(&search.used);
    let mut page: Page<Right> = match patient(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(patient) => match exchange.standing(&patient).await? {
            None => nothing(exchange).await?,
            Some(standing) => {
                let permit = exchange.decide(&Act::ReadRights, Some(&standing))?;
                let trace = exchange.trace();
                let held = exchange.app.store.find_rights(&permit, trace).await;
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
    let permit = exchange.permit(&Act::ReadRights, &patient).await?;
    let trace = exchange.trace();
    let held = exchange.app.store.read_right(&permit, id, trace).await;
    let held = exchange.acted(held)?;
    let now = exchange.caller()?.1.now;
    let body = consent::write(&held, now, &exchange.reading()).to_string();
    let mut response = answer::resource(StatusCode::OK, format, body);
    answer::version(response.headers_mut(), held.version, held.updated);
    Ok(response)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("instant")
    }

    #[test]
    fn months_are_counted_by_calendar_in_paris() {
        let end = |now, months, asked| end(at(now), months, asked).expect("end");
        assert_eq!(
            end("2026-11-24T09:00:00Z", 12, None),
            at("2027-11-24T09:00:00Z")
        );
        assert_eq!(
            end("2026-08-31T10:00:00Z", 1, None),
            at("2026-09-30T10:00:00Z")
        );
        // Over the change to winter time the hour on the wall stays.
        assert_eq!(
            end("2026-10-01T10:00:00Z", 1, None),
            at("2026-11-01T11:00:00Z")
        );
        let soon = at("2026-12-01T00:00:00Z");
        assert_eq!(end("2026-11-24T09:00:00Z", 12, Some(soon)), soon);
        let late = at("2036-12-01T00:00:00Z");
        assert_eq!(
            end("2026-11-24T09:00:00Z", 1, Some(late)),
            at("2026-12-24T09:00:00Z")
        );
    }
}
