//! One request on its way to an answer. What is learned of it is noted as it goes, so that a refusal at any step is traced with all of it.

mod record;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use uuid::Uuid;

use super::app::Shared;
use super::compress::{self, Coding};
use super::negotiate::{self, Format};
use super::params::{self, Params};
use super::trace::{self, Known};
use super::{answer, caller, context};
use crate::dmp::actor::Actor;
use crate::dmp::context::Context;
use crate::dmp::ins::Ins;
use crate::dmp::record::Standing;
use crate::dmp::trace::{Trace, TracedAct};
use crate::error::{Code, Error, Issue};
use crate::policy::{self, Act, Permit};
use crate::store::{self, Locator};
use crate::translate::Reading;
use record::Numbers;

/// How often an act is decided again when the record moved between its decision and its commit.
pub(super) const ATTEMPTS: usize = 10;

/// `X-Request-Id` of the request, set by the server before routing.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub String);

/// Tells whether the body has arrived: a request that ran out of time is then our fault, not the client's.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrived(pub Arc<AtomicBool>);

/// One request.
pub(super) struct Exchange {
    pub app: Shared,
    parts: Parts,
    body: Option<Body>,
    known: Known,
    numbers: Option<Numbers>,
    /// True when the store has traced the refusal of the act.
    told: bool,
}

impl Exchange {
    /// Starts on a request for one act.
    pub(super) fn new(app: Shared, act: TracedAct, request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let request_id = parts.extensions.get::<RequestId>();
        let request_id = request_id.map_or_else(String::new, |id| id.0.clone());
        let traceparent = context::traceparent(&parts.headers);
        let known = Known::new(act, app.clock.now(), request_id, traceparent);
        Self {
            app,
            parts,
            body: Some(body),
            known,
            numbers: None,
            told: false,
        }
    }

    /// Who calls and what he declares: the first step of every act.
    ///
    /// # Errors
    /// `login-required`, `card-not-accepted`, then `header-invalid`, `structure-mismatch`.
    pub(super) fn identify(&mut self) -> Result<(), Error> {
        let caller = caller::read(&self.parts, &self.app.portals)?;
        let declared = caller.declared(&self.parts, self.known.at, &self.known.request_id);
        self.known.actor = Some(caller.actor);
        self.known.context = Some(declared?);
        Ok(())
    }

    /// Actor and context, once identified.
    ///
    /// # Errors
    /// `login-required` before that.
    pub(super) fn caller(&self) -> Result<(&Actor, &Context), Error> {
        match (&self.known.actor, &self.known.context) {
            (Some(actor), Some(context)) => Ok((actor, context)),
            _ => Err(Code::LoginRequired.into()),
        }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// What the server knows of the connection and of the request.
    pub(super) fn extensions(&self) -> &Extensions {
        &self.parts.extensions
    }

    pub(super) fn method(&self) -> &Method {
        &self.parts.method
    }

    pub(super) fn reading(&self) -> Reading<'_> {
        self.app.reading()
    }

    /// The parameters of the query string.
    ///
    /// # Errors
    /// `parameter-invalid`.
    pub(super) fn query(&self) -> Result<Params, Error> {
        params::read(self.parts.uri.query().unwrap_or_default())
    }

    /// The format that the client can take.
    ///
    /// # Errors
    /// `not-acceptable`.
    pub(super) fn format(&self) -> Result<Format, Error> {
        negotiate::format(&self.parts.headers, &self.query()?)
    }

    /// The parameters of a search: query string, and body when it is a form. Another body would ask for what is not answered.
    ///
    /// # Errors
    /// `parameter-invalid`, `unsupported-media-type`, and the body's own.
    pub(super) async fn search(&mut self) -> Result<Params, Error> {
        let mut found = self.query()?;
        if self.parts.method == Method::POST
            && !self.has_no_body()
            && !negotiate::is_form(&self.parts.headers)
        {
            return Err(Code::UnsupportedMediaType.into());
        }
        if negotiate::is_form(&self.parts.headers) {
            let form = self.bytes().await?;
            let form = std::str::from_utf8(&form).map_err(|_| malformed())?;
            found.extend(params::read(form)?);
        }
        Ok(found)
    }

    /// True when a POST on a type is a search: a form, or parameters and no body.
    pub(super) fn posts_a_search(&self) -> bool {
        negotiate::is_form(&self.parts.headers)
            || (self.has_no_body()
                && self
                    .parts
                    .uri
                    .query()
                    .is_some_and(|query| !query.is_empty()))
    }

    fn has_no_body(&self) -> bool {
        let body = self.body.as_ref();
        body.is_none_or(axum::body::HttpBody::is_end_stream)
    }

    /// The resource in the body, in the format that its header names.
    ///
    /// # Errors
    /// `unsupported-media-type`, `too-large`, `malformed`.
    pub(super) async fn resource_bytes(&mut self) -> Result<(Format, Bytes), Error> {
        let format = negotiate::body(&self.parts.headers)?;
        Ok((format, self.bytes().await?))
    }

    /// The body, whatever it is, unpacked.
    ///
    /// # Errors
    /// `unsupported-media-type` for another coding than gzip, `too-large`, `malformed`.
    pub(super) async fn bytes(&mut self) -> Result<Bytes, Error> {
        let coding = compress::coding(&self.parts.headers)?;
        let most = self.app.settings.server.max_body_bytes;
        let announced = self
            .parts
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let body = self.body.take().unwrap_or_default();
        if announced.is_some_and(|length| length > most) {
            return self.too_large(body, most).await;
        }
        let collected = Limited::new(body, most).collect().await;
        if let Some(arrived) = self.parts.extensions.get::<Arrived>() {
            arrived.0.store(true, Ordering::Relaxed);
        }
        match collected {
            Ok(collected) if coding == Coding::Gzip => {
                compress::unpack(collected.to_bytes(), most).await
            }
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Code::TooLarge.into()),
            Err(_) => Err(malformed()),
        }
    }

    /// Most clients read no answer before they have sent everything: what comes is dropped, up to as much again.
    async fn too_large(&mut self, mut body: Body, most: usize) -> Result<Bytes, Error> {
        let mut left = if self.parts.headers.contains_key(header::EXPECT) {
            0
        } else {
            most
        };
        while left > 0
            && let Some(Ok(frame)) = body.frame().await
        {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        }
        Err(Code::TooLarge.into())
    }

    /// Notes what is searched.
    pub(super) fn searching(&mut self, params: &Params) {
        self.known.query = trace::query(params);
    }

    /// Notes what the request names by its id.
    pub(super) fn names(&mut self, resource: &'static str, id: Uuid) {
        self.known.named = Some((resource, id));
    }

    /// Changes the act, when the request itself tells which it is.
    pub(super) fn turns_into(&mut self, act: TracedAct) {
        self.known.act = act;
    }

    /// Decides an act.
    ///
    /// # Errors
    /// The refusal.
    pub(super) fn decide(
        &mut self,
        act: &Act,
        standing: Option<&Standing>,
    ) -> Result<Permit, Error> {
        let (actor, context) = self.caller()?;
        let permit = policy::decide(&self.app.rules, actor, act, standing, context)?;
        self.known.permitted(&permit);
        Ok(permit)
    }

    /// Decides an act on a record that must exist.
    ///
    /// # Errors
    /// The refusal, `record-unknown` included.
    pub(super) async fn permit(&mut self, act: &Act, patient: &Ins) -> Result<Permit, Error> {
        let standing = self.standing(patient).await?;
        self.decide(act, standing.as_ref())
    }

    /// Decides an act on what an id names.
    ///
    /// # Errors
    /// `not-found`, then the refusal.
    pub(super) async fn permit_by_id(&mut self, act: &Act, what: Locator) -> Result<Permit, Error> {
        let standing = self.reached(what).await?;
        self.decide(act, Some(&standing))
    }

    /// The end of an act of the store, which traces its own refusals.
    ///
    /// # Errors
    /// Those of the act; `busy` when the record moved at every attempt.
    pub(super) fn acted<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            if store::is_stale(error) {
                return Err(Code::Busy.into());
            }
            self.told = error.status() < 500;
        }
        result
    }

    /// The trace of success, to be written with the act.
    pub(super) fn trace(&self) -> Trace {
        self.known.success()
    }

    /// Writes the trace of success of what no act of the store carries.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn traced(&mut self) -> Result<(), Error> {
        self.app.store.trace(self.trace()).await
    }

    /// The end: an answer, or a refusal that is traced before it is told.
    pub(super) async fn conclude(self, result: Result<Response, Error>) -> Response {
        let is_pretty = negotiate::is_pretty(&self.parts.uri);
        let response = match result {
            Ok(response) => response,
            Err(error) => self.refuse(error).await,
        };
        if is_pretty {
            return answer::pretty(response).await;
        }
        response
    }

    async fn refuse(self, mut error: Error) -> Response {
        if !self.told
            && let Err(failure) = self.app.store.trace(self.known.refused(&error)).await
        {
            tracing::error!(
                code = error.code().as_str(),
                "a refusal could not be traced"
            );
            if error.status() < 500 {
                error = failure;
            }
        }
        self.app.metrics.refusal(&error);
        let format = negotiate::of_refusal(&self.parts.headers, &self.parts.uri);
        answer::refusal(&error, format)
    }
}

fn malformed() -> Error {
    Issue::new(Code::Malformed)
        .with("detail", "not readable")
        .into()
}
