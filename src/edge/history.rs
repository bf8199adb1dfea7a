//! `_history` of one resource: the versions that the caller may know of, newest first.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::app::Shared;
use super::exchange::Exchange;
use super::negotiate::{self, Format};
use super::paging::PARAMETER;
use super::params;
use super::read::identifier;
use super::rendered::placed;
use super::{alert, answer};
use crate::dmp::query::Versions;
use crate::dmp::trace::TracedAct;
use crate::error::Error;
use crate::policy::Act;
use crate::store::Locator;
use crate::translate::history::{self, Version, Whose};
use crate::translate::{consent, list, search};

/// `GET /fhir/DocumentReference/{id}/_history`
pub(super) async fn document(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadDocument, request);
    let result = of_document(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// `GET /fhir/List/{id}/_history`: a submission never changes.
pub(super) async fn submission(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadSubmission, request);
    let result = of_submission(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// `GET /fhir/Consent/{id}/_history`
pub(super) async fn right(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ReadConsent, request);
    let result = of_right(&mut exchange, &id).await;
    exchange.conclude(result).await
}

async fn of_document(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    let asked = Asked::read(exchange, "DocumentReference", "PATCH", id)?;
    let what = Locator::Document(asked.id);
    let permit = exchange.permit_by_id(&Act::ReadDocument, what).await?;
    let (store, trace) = (&exchange.app.store, exchange.trace());
    let found = store
        .document_versions(&permit, asked.id, &asked.search.query, trace)
        .await;
    let (present, found) = exchange.acted(found)?;
    let base_url = &exchange.app.settings.server.base_url;
    let rows = found.rows.iter().map(|row| Version {
        number: row.version,
        updated: row.updated,
        resource: placed(&row.resource, base_url),
    });
    let rows = rows.collect();
    let mut response = asked.answer(exchange, found.total, found.more, rows);
    alert::put(response.headers_mut(), exchange, present.hidden);
    Ok(response)
}

async fn of_submission(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    let asked = Asked::read(exchange, "List", "PUT", id)?;
    let what = Locator::Submission(asked.id);
    let permit = exchange.permit_by_id(&Act::ReadSubmission, what).await?;
    let trace = exchange.trace();
    let store = &exchange.app.store;
    let found = store.read_submission(&permit, asked.id, trace).await;
    let found = exchange.acted(found)?;
    let query = &asked.search.query;
    let is_asked = query.since.is_none_or(|since| found.updated >= since);
    let is_here = is_asked && query.count > 0 && query.before.is_none_or(|before| before > 1);
    let rows = is_here.then(|| Version {
        number: 1,
        updated: found.updated,
        resource: list::write(&found, &exchange.reading()).to_string(),
    });
    let rows = rows.into_iter().collect();
    Ok(asked.answer(exchange, u64::from(is_asked), false, rows))
}

async fn of_right(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    let asked = Asked::read(exchange, "Consent", "PUT", id)?;
    let what = Locator::Consent(asked.id);
    let permit = exchange.permit_by_id(&Act::ReadRights, what).await?;
    let (store, trace) = (&exchange.app.store, exchange.trace());
    let found = store
        .right_versions(&permit, asked.id, &asked.search.query, trace)
        .await;
    let Versions { total, rows, more } = exchange.acted(found)?;
    let now = exchange.caller()?.1.now;
    let reading = exchange.reading();
    let rows = rows.iter().map(|held| Version {
        number: held.version,
        updated: held.updated,
        resource: consent::write(held, now, &reading).to_string(),
    });
    let rows = rows.collect();
    Ok(asked.answer(exchange, total, more, rows))
}

/// How a history was asked.
struct Asked {
    id: Uuid,
    /// `DocumentReference/id`
    reference: String,
    changed_by: &'static str,
    format: Format,
    search: search::History,
}

impl Asked {
    /// Who calls and what for.
    fn read(
        exchange: &mut Exchange,
        kind: &'static str,
        changed_by: &'static str,
        id: &str,
    ) -> Result<Self, Error> {
        exchange.identify()?;
        let format = exchange.format()?;
        let id = identifier(id)?;
        exchange.names(kind, id);
        let strict = negotiate::strict_handling(exchange.headers());
        let search = search::history(&exchange.query()?, strict, &exchange.reading())?;
        Ok(Self {
            id,
            reference: format!("{kind}/{id}"),
            changed_by,
            format,
            search,
        })
    }

    fn answer(
        &self,
        exchange: &Exchange,
        total: u64,
        more: bool,
        mut rows: Vec<Version>,
    ) -> Response {
        let full_url = format!(
            "{}/{}",
            exchange.app.settings.server.base_url, self.reference
        );
        let link = |before: Option<u32>| {
            let page = before.map(|before| (PARAMETER.to_owned(), before.to_string()));
            let used = self.search.used.iter().cloned().chain(page).collect();
            params::link(&format!("{full_url}/_history"), &used)
        };
        let last = rows.last().map(|row| row.number);
        let next = last.filter(|_| more).map(|last| link(Some(last)));
        let whose = Whose {
            full_url: &full_url,
            reference: &self.reference,
            changed_by: self.changed_by,
        };
        let page = history::Page {
            total,
            self_link: &link(self.search.query.before),
            next: next.as_deref(),
        };
        for row in &mut rows {
            let resource = std::mem::take(&mut row.resource);
            row.resource = exchange.present(resource).into_owned();
        }
        let body = history::write(&whose, &page, &rows);
        answer::resource(StatusCode::OK, self.format, body)
    }
}
