//! ITI-67 Find Document References and ITI-66 Find Document Lists (PDSm flux 05 and 06, DMP TD3.1).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::app::Shared;
use super::exchange::Exchange;
use super::paging::{self, Continuation};
use super::params::{self, Params};
use super::rendered::placed;
use super::{alert, answer, negotiate};
use crate::dmp::query::{After, Page};
use crate::dmp::record::Standing;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::Locator;
use crate::translate::list;
use crate::translate::search::{self, PatientKey};
use crate::translate::searchset::{self, Entry};

/// `GET /fhir/DocumentReference?…` and `POST /fhir/DocumentReference/_search`
pub(super) async fn documents(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchDocuments, request);
    let result = find_documents(&mut exchange).await;
    exchange.conclude(result).await
}

/// `POST /fhir/List?…`: a search, as a guide prints it; a List is only ever made by a deposit
pub(super) async fn submissions_posted(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchSubmissions, request);
    let result = if exchange.posts_a_search() {
        find_submissions(&mut exchange).await
    } else {
        exchange.identify().and(Err(Code::NotSupported.into()))
    };
    exchange.conclude(result).await
}

/// `GET /fhir/List?…` and `POST /fhir/List/_search`
pub(super) async fn submissions(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SearchSubmissions, request);
    let result = find_submissions(&mut exchange).await;
    exchange.conclude(result).await
}

pub(super) async fn find_documents(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "DocumentReference";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let mut search = search::documents(&asked.params, asked.strict, &exchange.reading())?;
    search.query.after = asked.after.or(search.query.after);
    exchange.searching(&search.used);
    let by_identifier = search.query.is_by_identifier();
    let page = match standing(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            let act = Act::SearchDocuments { by_identifier };
            let permit = exchange.decide(&act, Some(&standing))?;
            let trace = exchange.trace();
            let found = exchange
                .app
                .store
                .find_documents(&permit, &search.query, trace)
                .await;
            exchange.acted(found)?
        }
    };
    for row in &page.rows {
        let alerts = alert::warnings(exchange, row.id, row.hidden);
        search.warnings.extend(alerts);
    }
    let base_url = &exchange.app.settings.server.base_url;
    let texts: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.id, placed(&row.resource, base_url)))
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

async fn find_submissions(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "List";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let mut search = search::submissions(&asked.params, asked.strict, &exchange.reading())?;
    search.query.after = asked.after.or(search.query.after);
    exchange.searching(&search.used);
    let page = match standing(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            let permit = exchange.decide(&Act::SearchSubmissions, Some(&standing))?;
            let trace = exchange.trace();
            let found = exchange
                .app
                .store
                .find_submissions(&permit, &search.query, trace)
                .await;
            exchange.acted(found)?
        }
    };
    let reading = exchange.reading();
    let texts: Vec<_> = page
        .rows
        .iter()
        .map(|set| (set.id, list::write(set, &reading).to_string()))
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

/// Where the caller stands in the record that a search names, by INS or by Patient id; None when there is none.
pub(super) async fn standing(
    exchange: &mut Exchange,
    key: &PatientKey,
) -> Result<Option<Standing>, Error> {
    match key {
        PatientKey::Ins(ins) => exchange.standing(ins).await,
        PatientKey::Id(id) => exchange.standing_by_id(Locator::Record(*id)).await,
    }
}

/// Nothing to find: still an act, and traced.
pub(super) async fn nothing<T>(exchange: &mut Exchange) -> Result<Page<T>, Error> {
    exchange.traced().await?;
    Ok(Page {
        total: 0,
        rows: Vec::new(),
        next: None,
    })
}

/// How a search was asked.
pub(super) struct Asked {
    pub(super) params: Params,
    pub(super) strict: bool,
    format: negotiate::Format,
    pub(super) after: Option<After>,
    /// The sealed page, when the request follows a next link.
    token: Option<String>,
}

impl Asked {
    /// Reads the parameters, or those that a next-page link sealed.
    ///
    /// # Errors
    /// `parameter-invalid`, `not-acceptable`.
    pub(super) async fn read(exchange: &mut Exchange, resource: &str) -> Result<Self, Error> {
        let strict = negotiate::strict_handling(exchange.headers());
        let params = exchange.search().await?;
        // A form may tell it too.
        let format = negotiate::format(exchange.headers(), &params)?;
        let Some(token) = params::first(&params, paging::PARAMETER).map(str::to_owned) else {
            return Ok(Self {
                params,
                strict,
                format,
                after: None,
                token: None,
            });
        };
        let kept = exchange.app.pages.open(resource, &token)?;
        let Continuation {
            params: first,
            after,
        } = kept;
        // The pages that follow come as the first one, unless they are asked for otherwise.
        let asked = params::first(&params, "_format").is_some();
        let params_of_format = if asked { &params } else { &first };
        let format = negotiate::format(exchange.headers(), params_of_format)?;
        Ok(Self {
            params: first,
            strict,
            format,
            after: Some(after),
            token: Some(token),
        })
    }

    /// Writes one page as a searchset.
    ///
    /// # Errors
    /// `internal`.
    pub(super) fn answer<'a, T>(
        &self,
        exchange: &Exchange,
        resource: &str,
        used: &Params,
        warnings: &[Issue],
        page: &Page<T>,
        rows: impl Iterator<Item = (impl std::fmt::Display, &'a str)>,
    ) -> Result<Response, Error> {
        let app = &exchange.app;
        let base = format!("{}/{resource}", app.settings.server.base_url);
        let following = |token: &str| format!("{base}?{}={token}", paging::PARAMETER);
        let self_link = match &self.token {
            Some(token) => following(token),
            None => params::link(&base, used),
        };
        let next = match page.next {
            None => None,
            Some(after) => {
                let sealed = Continuation {
                    params: self.params.clone(),
                    after,
                };
                Some(following(&app.pages.seal(resource, &sealed)?))
            }
        };
        let mut warnings = warnings.to_vec();
        warnings.extend(exchange.named_by_former());
        let head = searchset::Page {
            total: page.total,
            self_link: &self_link,
            next: next.as_deref(),
            warnings: &warnings,
        };
        let rows: Vec<_> = rows
            .map(|(id, text)| (format!("{base}/{id}"), exchange.present(text)))
            .collect();
        let entries = rows.iter().map(|(url, text)| Entry {
            full_url: url,
            resource: text,
        });
        Ok(answer::resource(
            StatusCode::OK,
            self.format,
            searchset::write(&head, entries),
        ))
    }
}
