//! ITI-67 Find Document References and ITI-66 Find Document Lists (PDSm flux 05 and 06, DMP TD3.1).

mod include;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::app::Shared;
use super::exchange::Exchange;
use super::paging::{self, Continuation};
use super::params::{self, Params};
use super::read::written;
use super::rendered::placed;
use super::{alert, answer, negotiate};
use crate::dmp::query::{Bookmark, Page, Position};
use crate::dmp::record::Standing;
use crate::dmp::time::Instant;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::Locator;
use crate::translate::search::{self, PatientKey, Show, subset};
use crate::translate::searchset::{self, Entry};
pub(super) use include::{Included, With};

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
    search.query.after.clone_from(&asked.after);
    exchange.searching(&search.used);
    let by_identifier = search.query.is_by_identifier();
    let mut included = Included::default();
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
            let page = exchange.acted(found)?;
            let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
            let include = With::new(exchange, &permit, &standing, &search.include)?;
            included = include.documents(&ids).await?;
            page
        }
    };
    for row in &page.rows {
        let alerts = alert::warnings(exchange, row.id, row.hidden);
        search.warnings.extend(alerts);
    }
    search.warnings.extend(included.all_warnings(exchange));
    let base_url = &exchange.app.settings.server.base_url;
    let texts: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.id, placed(&row.resource, base_url)))
        .collect();
    let rows = texts.iter().map(|(id, text)| (*id, text.as_str()));
    let results = Results {
        used: &search.used,
        warnings: &search.warnings,
        show: &search.show,
        included: &included.resources,
    };
    asked.answer(exchange, RESOURCE, &results, &page, rows)
}

async fn find_submissions(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "List";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let mut search = search::submissions(&asked.params, asked.strict, &exchange.reading())?;
    search.query.after.clone_from(&asked.after);
    exchange.searching(&search.used);
    let mut included = Included::default();
    let page = match standing(exchange, &search.patient).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            let permit = exchange.decide(&Act::SearchSubmissions, Some(&standing))?;
            let trace = exchange.trace();
            let found = exchange
                .app
                .store
                .find_lists(&permit, &search.query, trace)
                .await;
            let page = exchange.acted(found)?;
            let ids: Vec<_> = page.rows.iter().map(|found| found.id()).collect();
            let include = With::new(exchange, &permit, &standing, &search.include)?;
            included = include.submissions(&ids).await?;
            page
        }
    };
    search.warnings.extend(included.all_warnings(exchange));
    let reading = exchange.reading();
    let texts: Vec<_> = page
        .rows
        .iter()
        .map(|found| (found.id(), written(found, &reading)))
        .collect();
    let rows = texts.iter().map(|(id, text)| (*id, text.as_str()));
    let results = Results {
        used: &search.used,
        warnings: &search.warnings,
        show: &search.show,
        included: &included.resources,
    };
    asked.answer(exchange, RESOURCE, &results, &page, rows)
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
    Ok(Page::whole(Vec::new()))
}

/// What a search has to tell beside its page.
pub(super) struct Results<'a> {
    /// The parameters that were used.
    pub(super) used: &'a Params,
    /// What should be known.
    pub(super) warnings: &'a [Issue],
    /// What is shown of each resource.
    pub(super) show: &'a Show,
    /// What comes with the matches: absolute URL and resource.
    pub(super) included: &'a [(String, String)],
}

/// How a search was asked.
pub(super) struct Asked {
    pub(super) params: Params,
    pub(super) strict: bool,
    format: negotiate::Format,
    pub(super) after: Option<Bookmark>,
    /// When the first page was asked for.
    began: Instant,
    /// The sealed page, when the request follows a link of another.
    token: Option<String>,
}

impl Asked {
    /// Reads the parameters, or those that the link of a page sealed.
    ///
    /// # Errors
    /// `parameter-invalid`, `page-expired`, `not-acceptable`.
    pub(super) async fn read(exchange: &mut Exchange, resource: &str) -> Result<Self, Error> {
        let strict = negotiate::strict_handling(exchange.headers());
        let params = exchange.search().await?;
        // A form may tell it too.
        let format = negotiate::format(exchange.headers(), &params)?;
        let now = exchange.caller()?.1.now;
        let Some(token) = params::first(&params, paging::PARAMETER).map(str::to_owned) else {
            return Ok(Self {
                params,
                strict,
                format,
                after: None,
                began: now,
                token: None,
            });
        };
        let kept = exchange.app.pages.open(resource, &token, now)?;
        let Continuation {
            params: first,
            page,
            began,
        } = kept;
        // The pages that follow come as the first one, unless they are asked for otherwise.
        let asked = params::first(&params, "_format").is_some();
        let params_of_format = if asked { &params } else { &first };
        let format = negotiate::format(exchange.headers(), params_of_format)?;
        Ok(Self {
            params: first,
            strict,
            format,
            after: Some(page),
            began,
            token: Some(token),
        })
    }

    /// The first page of this walk, when there are others.
    fn first<T>(&self, page: &Page<T>) -> Option<Bookmark> {
        let known = page.next.as_ref().or(self.after.as_ref());
        known.map(|known| Bookmark {
            at: Position::First,
            state: known.state,
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
        results: &Results<'_>,
        page: &Page<T>,
        rows: impl Iterator<Item = (impl std::fmt::Display, &'a str)>,
    ) -> Result<Response, Error> {
        let app = &exchange.app;
        let base = format!("{}/{resource}", app.settings.server.base_url);
        let at = |token: &str| format!("{base}?{}={token}", paging::PARAMETER);
        let self_link = match &self.token {
            Some(token) => at(token),
            None => params::link(&base, results.used),
        };
        let link = |page: Option<Bookmark>| {
            let page = page.map(|page| Continuation {
                params: self.params.clone(),
                page,
                began: self.began,
            });
            let token = page.map(|page| app.pages.seal(resource, &page));
            token.transpose().map(|token| token.as_deref().map(at))
        };
        let next = link(page.next.clone())?;
        let first = link(self.first(page))?;
        let previous = link(page.previous.clone())?;
        let mut warnings = results.warnings.to_vec();
        warnings.extend(exchange.named_by_former());
        let head = searchset::Page {
            total: page.total,
            self_link: &self_link,
            next: next.as_deref(),
            first: first.as_deref(),
            previous: previous.as_deref(),
            warnings: &warnings,
        };
        let shown = |text: &str, is_match: bool| {
            let text = exchange.present(text).into_owned();
            subset(&text, results.show, is_match).unwrap_or(text)
        };
        let mut all: Vec<_> = rows
            .map(|(id, text)| (format!("{base}/{id}"), shown(text, true), false))
            .collect();
        let included = results.included.iter();
        all.extend(included.map(|(url, text)| (url.clone(), shown(text, false), true)));
        let entries = all.iter().map(|(full_url, resource, included)| Entry {
            full_url,
            resource,
            included: *included,
        });
        Ok(answer::resource(
            StatusCode::OK,
            self.format,
            searchset::write(&head, entries),
        ))
    }
}
