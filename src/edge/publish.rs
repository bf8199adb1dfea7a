//! Deposits: ITI-65 Provide Document Bundle and ITI-105 Simplified Publish (PDSm flux 01, 02, 09, 10; DMP TD2, TD2.1).

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::app::Shared;
use super::context::structure_to_deposit;
use super::exchange::{ATTEMPTS, Exchange};
use super::negotiate::{self, Return};
use super::validate::told_beside;
use super::{answer, batch, order, search, subject};
use crate::dmp::query::DocumentKey;
use crate::dmp::record::{Record, Traits};
use crate::dmp::submission::Submission;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::{self, Deposited};
use crate::translate::bundle::{self, DeclaredSubmission, Detail, Registered};
use crate::translate::deposit::{Depositor, coherent, prepare, prepare_from_patient};
use crate::translate::wire::{Format, Taken};
use crate::translate::{document_reference, wire};

/// `POST /fhir`
pub(super) async fn transaction(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ProvideBundle, request);
    let result = bundle_posted(&mut exchange).await;
    exchange.conclude(result).await
}

/// A batch carries requests of any kind: only a deposit is asked what deposits are asked.
async fn bundle_posted(exchange: &mut Exchange) -> Result<Response, Error> {
    exchange.identify()?;
    let sent = match exchange.resource_bytes().await {
        Ok((form, body)) => Sent::read(form, body),
        Err(error) => Err(error),
    };
    match sent {
        Ok(sent) if bundle::is_batch(&sent.bundle) && sent.issues.is_empty() => {
            batch::run(exchange, sent.bundle).await
        }
        sent => provide_bundle(exchange, sent).await,
    }
}

/// A bundle, parsed and not checked yet.
struct Sent {
    bundle: Value,
    /// What is wrong in its XML form.
    issues: Vec<Issue>,
    form: Format,
    body: Bytes,
}

impl Sent {
    fn read(form: Format, body: Bytes) -> Result<Self, Error> {
        let types = &["Bundle"];
        let read = wire::read_unchecked_with_documents(form, &body, types, "entry")?;
        let (bundle, issues) = match form {
            // What an entry of a batch holds is read where the entry goes.
            Format::Xml if bundle::is_batch(&read.0) => wire::read_unchecked(form, &body, types)?,
            _ => read,
        };
        Ok(Self {
            bundle,
            issues,
            form,
            body,
        })
    }

    /// The bundle, judged by R4.
    fn taken(mut self) -> Result<Taken, Error> {
        wire::in_binaries(&mut self.bundle, "entry", self.form);
        let taken = Taken::judged(self.bundle, "Bundle");
        match self.form {
            // Read again, for the places.
            Format::Xml if !(self.issues.is_empty() && taken.issues.is_empty()) => {
                wire::take_with_documents(self.form, &self.body, "Bundle", "entry")
            }
            _ => Ok(taken),
        }
    }
}

/// `POST /fhir/DocumentReference`; with parameters and no resource it is a search, as a guide prints it.
pub(super) async fn document_reference(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::SimplifiedPublish, request);
    let result = if exchange.posts_a_search() {
        exchange.turns_into(TracedAct::SearchDocuments);
        search::find_documents(&mut exchange).await
    } else {
        publish(&mut exchange).await
    };
    exchange.conclude(result).await
}

async fn provide_bundle(
    exchange: &mut Exchange,
    sent: Result<Sent, Error>,
) -> Result<Response, Error> {
    let (actor, context) = exchange.caller()?;
    structure_to_deposit(actor, context)?;
    if by_patient(exchange)? {
        // A patient deposits one document at a time, by ITI-105.
        return Err(Issue::new(Code::NotAllowed).rule("PAT-02").into());
    }
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let mut taken = sent?.taken()?;
    bundle::name_patients(&mut taken.value);
    subject::name_patients(exchange, &mut taken.value).await?;
    let declared = taken.read(
        |bundle| bundle::read(bundle, &exchange.reading()),
        |declared| told_beside(exchange, declared),
    );
    let declared = order::of_body(exchange, &Act::Deposit, &taken.value, declared).await?;
    drop(taken);
    let entries = declared.entries.clone();
    let (made, record, warnings) = deposit(exchange, declared).await?;
    let registered = Registered {
        submission: &made.submission,
        documents: &made.documents,
        existing: &made.existing,
        superseded: &made.superseded,
        folders: &made.folders,
        patient: Some((record.id, record.version, record.updated)),
    };
    let detail = match wanted {
        None => Detail::Warnings,
        Some(Return::Minimal) => Detail::Minimal,
        Some(Return::Representation) => Detail::Representation,
        Some(Return::OperationOutcome) => Detail::Outcome,
    };
    let body = bundle::write_response(&entries, registered, &warnings, detail, &exchange.reading());
    let body = exchange.present(body.to_string()).into_owned();
    let mut response = answer::resource(StatusCode::OK, format, body);
    answer::warned(response.headers_mut(), &warnings);
    Ok(response)
}

async fn publish(exchange: &mut Exchange) -> Result<Response, Error> {
    may_deposit(exchange)?;
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let unless = if_none_exist(exchange)?;
    let (form, body) = exchange.resource_bytes().await?;
    let mut taken = wire::take(form, &body, "DocumentReference")?;
    subject::name_patients(exchange, &mut taken.value).await?;
    let read = match by_patient(exchange)? {
        true => document_reference::read_from_patient,
        false => document_reference::read_simplified,
    };
    let declared = taken.read(
        |resource| read(resource, &exchange.reading()),
        |declared| told_beside(exchange, declared),
    );
    let mut declared = order::of_body(exchange, &Act::Deposit, &taken.value, declared).await?;
    drop(taken);
    for document in &mut declared.documents {
        document.declared.unless.extend(unless.iter().cloned());
    }
    let (made, _, warnings) = deposit(exchange, declared).await?;
    let entry = made.documents.first().ok_or(Code::Internal)?;
    let location = format!(
        "{}/DocumentReference/{}/_history/{}",
        exchange.app.settings.server.base_url, entry.id, entry.version
    );
    let resource = || {
        let resource = document_reference::write(entry, &exchange.reading());
        exchange.present(resource.to_string()).into_owned()
    };
    let status = match made.existing.is_empty() {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let mut response = answer::written(status, format, wanted, resource, &warnings);
    let headers = response.headers_mut();
    answer::put(headers, header::LOCATION, &location);
    answer::version(headers, entry.version, entry.updated);
    Ok(response)
}

/// `If-None-Exist`: the names under which the document may be there already.
fn if_none_exist(exchange: &Exchange) -> Result<Vec<DocumentKey>, Error> {
    match exchange.headers().get("if-none-exist") {
        Some(value) => document_reference::read_if_none_exist(value.to_str().unwrap_or_default()),
        None => Ok(Vec::new()),
    }
}

/// What is refused before the body is looked at.
pub(super) fn may_deposit(exchange: &mut Exchange) -> Result<(), Error> {
    exchange.identify()?;
    let (actor, context) = exchange.caller()?;
    structure_to_deposit(actor, context)
}

pub(super) fn by_patient(exchange: &Exchange) -> Result<bool, Error> {
    let (actor, _) = exchange.caller()?;
    Ok(actor.kind.is_patient_side())
}

/// Decides, holds the documents against the rules, and registers them. When the record moved in between, decides again.
pub(super) async fn deposit(
    exchange: &mut Exchange,
    declared: DeclaredSubmission,
) -> Result<(Deposited, Record, Vec<Issue>), Error> {
    let patient = declared.patient.clone();
    let standing = exchange.standing(&patient).await?;
    let mut permit = exchange.decide(&Act::Deposit, standing.as_ref())?;
    let record = standing.map(|standing| standing.record);
    let record = record.ok_or(Code::RecordUnknown)?;
    let (submission, mut warnings) = prepared(exchange, declared, &record)?;
    warnings.extend(exchange.named_by_former());
    for _ in 1..ATTEMPTS {
        let trace = exchange.trace();
        match exchange
            .app
            .store
            .deposit(&permit, submission.clone(), trace)
            .await
        {
            Err(error) if store::is_stale(&error) => {
                permit = exchange.permit(&Act::Deposit, &patient).await?
            }
            other => {
                let made = exchange.acted(other)?;
                tell(&mut warnings, &made.warnings);
                return Ok((made, record, warnings));
            }
        }
    }
    let trace = exchange.trace();
    let made = exchange.app.store.deposit(&permit, submission, trace).await;
    let made = exchange.acted(made)?;
    tell(&mut warnings, &made.warnings);
    Ok((made, record, warnings))
}

/// What the store registers, judged by who deposits.
fn prepared(
    exchange: &Exchange,
    declared: DeclaredSubmission,
    record: &Record,
) -> Result<(Submission, Vec<Issue>), Error> {
    let (actor, context) = exchange.caller()?;
    let record = &record.data;
    if actor.kind.is_patient_side() {
        return prepare_from_patient(declared, actor, record, context.now, &exchange.reading());
    }
    let (submission, mut warnings) = held(exchange, declared, &record.traits)?;
    warnings.extend(coherent(&submission, &record.traits, &exchange.reading())?);
    Ok((submission, warnings))
}

/// A professional's deposit, held against its documents.
pub(super) fn held(
    exchange: &Exchange,
    declared: DeclaredSubmission,
    traits: &Traits,
) -> Result<(Submission, Vec<Issue>), Error> {
    let (actor, context) = exchange.caller()?;
    let carried = actor.structure.as_ref().map(|structure| &structure.id);
    let depositor = Depositor {
        actor,
        structure: context.structure.as_ref().or(carried),
        traits,
    };
    prepare(
        declared,
        &depositor,
        context.secret == Some(true),
        context.now,
        &exchange.reading(),
    )
}

/// Adds what the store tells; what the reading told already, with its place, is not told twice.
fn tell(warnings: &mut Vec<Issue>, of_the_store: &[Issue]) {
    for issue in of_the_store {
        if !warnings.iter().any(|told| told.code == issue.code) {
            warnings.push(issue.clone());
        }
    }
}
