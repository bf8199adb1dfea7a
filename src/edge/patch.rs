//! PATCH and DELETE of a DocumentReference (PDSm flux 03 and 04, DMP TD3.3a to TD3.3d), by id or by identifier.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::app::Shared;
use super::exchange::{ATTEMPTS, Exchange};
use super::negotiate::{self, Format, PatchForm, Return};
use super::read::identifier;
use super::{answer, conditional};
use crate::dmp::change::{DocumentChange, Expected};
use crate::dmp::document::DocumentEntry;
use crate::dmp::ins::Ins;
use crate::dmp::query::DocumentKey;
use crate::dmp::record::Standing;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::{Act, Permit};
use crate::store::{self, Locator};
use crate::translate::patch::{self, Patch};
use crate::translate::search::{PatientKey, Target};
use crate::translate::{document_reference, search, wire};

/// `PATCH /fhir/DocumentReference/{id}`
pub(super) async fn by_id(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ChangeDocument, request);
    let result = patched(&mut exchange, Some(&id)).await;
    exchange.conclude(result).await
}

/// `PATCH /fhir/DocumentReference?identifier=`
pub(super) async fn by_identifier(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ChangeDocument, request);
    let result = patched(&mut exchange, None).await;
    exchange.conclude(result).await
}

/// `DELETE /fhir/DocumentReference/{id}`: a logical deletion, as the guide's diagram draws it
pub(super) async fn delete(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::ChangeDocument, request);
    let result = deleted(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// How a request changes a document.
pub(super) enum Wanted {
    Patch(Patch),
    /// The resource as it is to be.
    Update(Value),
    Deletion,
}

impl Wanted {
    /// What is asked, as far as it shows before the document is known.
    fn asked(&self) -> DocumentChange {
        match self {
            Self::Patch(patch) => patch.asked(),
            Self::Update(_) => DocumentChange::default(),
            Self::Deletion => DocumentChange {
                delete: true,
                ..DocumentChange::default()
            },
        }
    }

    /// The change of one document, and what comes beside it and is not kept.
    fn change(
        &self,
        exchange: &Exchange,
        entry: &DocumentEntry,
    ) -> Result<(DocumentChange, Vec<Issue>), Error> {
        match self {
            Self::Patch(patch) => Ok((patch.change(entry)?, patch.told())),
            Self::Update(resource) => {
                let reading = exchange.reading();
                let held = document_reference::write(entry, &reading).to_string();
                let held = serde_json::from_str(&exchange.present(held));
                let held = held.map_err(|_| Code::Internal)?;
                let patch = patch::read_update(resource, &held, &reading)?;
                Ok((patch.change(entry)?, patch.told()))
            }
            Self::Deletion => Ok((self.asked(), Vec::new())),
        }
    }
}

async fn patched(exchange: &mut Exchange, id: Option<&str>) -> Result<Response, Error> {
    exchange.identify()?;
    let wanted_return = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = conditional::if_match(exchange.headers());
    let target = target(exchange, id)?;
    let form = negotiate::patch(exchange.headers())?;
    let body = exchange.bytes().await?;
    let reading = exchange.reading();
    let patch = match form {
        PatchForm::Json => patch::read_json_patch(&body, &reading),
        PatchForm::Xml => patch::read_xml_patch(&body, &reading),
        PatchForm::Parameters(form) => wire::read(form, &body, "Parameters")
            .and_then(|parameters| patch::read_parameters(&parameters, &reading)),
    };
    let patch = match patch {
        Ok(patch) => patch,
        Err(wrong) => return Err(unreadable(exchange, &target, wrong).await),
    };
    let (entry, told) = change(exchange, &target, &Wanted::Patch(patch), if_match).await?;
    Ok(changed(exchange, &entry, format, wanted_return, &told))
}

/// The refusal of a change that can't be read: that the document is not the caller's to know of, else its own. Of the changes a deletion
/// asks the least, and no change tells a hidden document from an absent one.
pub(super) async fn unreadable(exchange: &mut Exchange, target: &Target, wrong: Error) -> Error {
    let least = Act::ChangeDocument(Wanted::Deletion.asked());
    match reach(exchange, target, &least).await {
        Ok(_) => wrong,
        Err(refusal) => refusal,
    }
}

/// The document as it is now.
pub(super) fn changed(
    exchange: &Exchange,
    entry: &DocumentEntry,
    format: Format,
    wanted: Option<Return>,
    told: &[Issue],
) -> Response {
    let base = &exchange.app.settings.server.base_url;
    let location = format!("{base}/DocumentReference/{}", entry.id);
    let resource = || {
        let reading = exchange.reading();
        let resource = document_reference::write(entry, &reading);
        exchange.present(resource.to_string()).into_owned()
    };
    let mut response = answer::written(StatusCode::OK, format, wanted, resource, told);
    let headers = response.headers_mut();
    answer::put(headers, header::CONTENT_LOCATION, &location);
    answer::version(headers, entry.version, entry.updated);
    response
}

async fn deleted(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = conditional::if_match(exchange.headers());
    let target = target(exchange, Some(id))?;
    let (entry, _) = change(exchange, &target, &Wanted::Deletion, if_match).await?;
    Ok(match wanted {
        None | Some(Return::Minimal) => answer::empty(StatusCode::NO_CONTENT),
        wanted => changed(exchange, &entry, format, wanted, &[]),
    })
}

/// What the URL names.
pub(super) fn target(exchange: &mut Exchange, id: Option<&str>) -> Result<Target, Error> {
    match id {
        Some(id) => {
            let id = identifier(id)?;
            exchange.names("DocumentReference", id);
            Ok(Target::of(DocumentKey::Id(id)))
        }
        None => search::target(&exchange.query()?, &exchange.reading()),
    }
}

/// Whose record it is in: a unique id is found by itself, an entryUUID with the patient's identifier.
async fn record(exchange: &mut Exchange, target: &Target) -> Result<Ins, Error> {
    let (unique_id, uuid) = match &target.key {
        DocumentKey::Id(id) => {
            let standing = exchange.reached(Locator::Document(*id)).await?;
            return Ok(standing.record.opened_as);
        }
        DocumentKey::Unique(unique_id) => (unique_id.to_string(), false),
        DocumentKey::Uuid(uuid) => (uuid.to_string(), true),
    };
    if let Some(ins) = exchange.app.store.locate_unique(&unique_id).await? {
        // A unique id can be guessed: through a portal, that of another record is as unknown.
        return match exchange.standing(&ins).await {
            Ok(_) => Ok(ins),
            Err(error) if error.code() == Code::NotYours => Err(Code::NotFound.into()),
            Err(error) => Err(error),
        };
    }
    match &target.patient {
        Some(PatientKey::Ins(ins)) if uuid => Ok(ins.clone()),
        Some(PatientKey::Id(id)) if uuid => {
            let standing = exchange.reached(Locator::Record(*id)).await?;
            Ok(standing.record.opened_as)
        }
        _ => {
            exchange.app.store.read_nothing().await?;
            Err(Code::NotFound.into())
        }
    }
}

/// True when the patient that the conditions name is whose record it is, by whichever of his numbers.
async fn is_of(exchange: &mut Exchange, target: &Target, held: &Standing) -> Result<bool, Error> {
    Ok(match &target.patient {
        None => true,
        Some(PatientKey::Id(id)) => *id == held.record.id,
        Some(PatientKey::Ins(ins)) if *ins == held.record.opened_as => true,
        Some(PatientKey::Ins(ins)) => {
            let actor = exchange.caller()?.0.clone();
            let named = exchange.app.store.standing(ins, &actor).await?;
            named.is_some_and(|named| named.record.id == held.record.id)
        }
    })
}

/// The document that the request names, where the caller may do `act`: which one it is about is only known with a permit.
async fn reach(
    exchange: &mut Exchange,
    target: &Target,
    act: &Act,
) -> Result<(Standing, Permit, DocumentEntry), Error> {
    let patient = record(exchange, target).await?;
    let standing = exchange.standing(&patient).await?.ok_or(Code::NotFound)?;
    let permit = exchange.decide(act, Some(&standing))?;
    let entry = exchange.app.store.entry(&permit, &target.key).await?;
    exchange.names("DocumentReference", entry.id);
    if !target.keeps(&entry) || !is_of(exchange, target, &standing).await? {
        return Err(Code::NotFound.into());
    }
    Ok((standing, permit, entry))
}

pub(super) async fn change(
    exchange: &mut Exchange,
    target: &Target,
    wanted: &Wanted,
    if_match: Option<Expected>,
) -> Result<(DocumentEntry, Vec<Issue>), Error> {
    let act = Act::ChangeDocument(wanted.asked());
    let mut attempt = 1;
    loop {
        let (standing, permit, entry) = reach(exchange, target, &act).await?;
        if let Some(expected) = &if_match
            && !expected.is_met_by(Some(entry.version))
        {
            return Err(Code::VersionConflict.into());
        }
        let (change, told) = wanted.change(exchange, &entry)?;
        let permit = match wanted {
            // Only now it shows what is asked.
            Wanted::Update(_) => exchange.decide(&Act::ChangeDocument(change), Some(&standing))?,
            _ => permit,
        };
        let trace = exchange.trace();
        let store = &exchange.app.store;
        let changed = store
            .change_document(&permit, entry.id, entry.version, change, trace)
            .await;
        match changed {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => return Ok((exchange.acted(other.map_err(at_labels))?, told)),
        }
    }
}

/// The policy knows no places: labels that may not stand together are those of the document.
fn at_labels(mut error: Error) -> Error {
    for issue in &mut error.issues {
        if issue.code == Code::LabelConflict && issue.expression.is_none() {
            *issue = issue.clone().at("DocumentReference.securityLabel");
        }
    }
    error
}
