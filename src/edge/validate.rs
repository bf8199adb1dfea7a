//! `$validate`: what a write would say of a resource, without writing. The record is not looked at, so that nothing is told of it:
//! neither rights nor duplicates, targets or the patient's traits; only which patient a reference to its id means.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::app::Shared;
use super::exchange::Exchange;
use super::immunization::enter;
use super::publish::{by_patient, held};
use super::{answer, params, subject};
use crate::dmp::person::{PersonName, Sex};
use crate::dmp::record::Traits;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::translate::bundle::DeclaredSubmission;
use crate::translate::validate::{Asked, Shape, ask};
use crate::translate::{
    bundle, consent, document_reference, immunization, list, outcome, patient, wire,
};

/// The types that can be validated.
pub(super) const KINDS: [&str; 6] = [
    "Bundle",
    "Consent",
    "DocumentReference",
    "Immunization",
    "List",
    "Patient",
];

/// `POST /fhir/{kind}/$validate`
pub(super) async fn judge(
    kind: &'static str,
    State(app): State<Shared>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::Other, request);
    let result = respond(&mut exchange, kind).await;
    exchange.conclude(result).await
}

/// 200 whatever is found in the resource; a refusal means that there was none to look at.
async fn respond(exchange: &mut Exchange, kind: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let query = exchange.query()?;
    let (form, body) = exchange.resource_bytes().await?;
    let types = [kind, "Parameters"];
    let (body, mut issues) = wire::read_unchecked_with_documents(form, &body, &types, "entry")?;
    let profile = params::first(&query, "profile");
    let mut asked = ask(body, kind, params::first(&query, "mode"), profile)?;
    if asked.shape == Shape::Bundle {
        wire::in_binaries(&mut asked.resource, "entry", form);
    }
    issues.extend(wire::check(&asked.resource, kind, kind));
    if asked.resource.get("resourceType").and_then(Value::as_str) == Some(kind) {
        bundle::name_patients(&mut asked.resource);
        subject::name_patients(exchange, &mut asked.resource).await?;
        issues = match judged(exchange, &asked) {
            Ok(told) if issues.is_empty() => told,
            Ok(told) => wire::with_others(issues, told),
            Err(error) if issues.is_empty() => return Err(error),
            Err(_) => issues,
        };
    }
    exchange.traced().await?;
    let body = match issues.is_empty() {
        true => all_well(),
        false => outcome::write(&issues),
    };
    Ok(answer::resource(StatusCode::OK, format, body.to_string()))
}

/// What the write of this resource would tell.
fn judged(exchange: &Exchange, asked: &Asked) -> Result<Vec<Issue>, Error> {
    let (resource, reading) = (&asked.resource, exchange.reading());
    match asked.shape {
        Shape::Bundle => submission(exchange, bundle::read(resource, &reading)),
        Shape::Simplified if by_patient(exchange)? => {
            let read = document_reference::read_from_patient(resource, &reading);
            found(read.map(|declared| declared.issues))
        }
        Shape::Simplified => {
            let read = document_reference::read_simplified(resource, &reading);
            submission(exchange, read)
        }
        Shape::Comprehensive => Ok(document_reference::judge(resource, &reading)),
        Shape::SubmissionSet => Ok(list::judge(resource, &reading)),
        Shape::Folder => Ok(list::judge_folder(resource, &reading)),
        Shape::Consent(category) => {
            let now = exchange.caller()?.1.now;
            let read = consent::read(resource, &reading).and_then(|(declaration, mut told)| {
                told.extend(consent::check_category(&declaration, category));
                told.extend(consent::check_end(&declaration, now, &reading)?);
                Ok(told)
            });
            found(read)
        }
        Shape::Immunization => {
            let read = immunization::read(resource, &reading);
            found(read.and_then(|declared| enter::judged(exchange, declared, asked.is_update)))
        }
        Shape::Patient => found(patient::judge(resource, &reading)),
    }
}

/// The issues of a deposit that is refused for its form, those of its documents among them.
pub(super) fn told_beside(exchange: &Exchange, declared: DeclaredSubmission) -> Vec<Issue> {
    submission(exchange, Ok(declared)).unwrap_or_else(|error| error.issues)
}

/// A deposit is held against its documents too.
fn submission(
    exchange: &Exchange,
    read: Result<DeclaredSubmission, Error>,
) -> Result<Vec<Issue>, Error> {
    match read {
        // What a patient deposits is completed from his record, which is not looked at.
        Ok(declared) if by_patient(exchange)? => Ok(declared.issues),
        Ok(declared) => found(held(exchange, declared, &stand_in()).map(|(_, told)| told)),
        Err(error) => found(Err(error)),
    }
}

/// In the place of what the record knows of its patient, for a file that would be wrapped; the document made is dropped.
pub(super) fn stand_in() -> Traits {
    let birth_name = PersonName {
        family: Some("X".to_owned()),
        given: Some("X".to_owned()),
    };
    Traits {
        birth_given_names: birth_name.given.clone(),
        used_name: None,
        birth_name,
        sex: Sex::Unknown,
        birth_date: jiff::civil::date(2000, 1, 1),
        birth_place: None,
    }
}

/// The issues of a reading, good or bad; a failure of ours stays one.
fn found(result: Result<Vec<Issue>, Error>) -> Result<Vec<Issue>, Error> {
    match result {
        Err(error) if error.code() == Code::Internal => Err(error),
        Err(error) => Ok(error.issues),
        told => told,
    }
}

fn all_well() -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": "information",
            "code": "informational",
            "details": {"text": "Aucun défaut trouvé."},
            "diagnostics": "No defect found.",
        }],
    })
}
