//! Entering a vaccination, and what may be done with a declared one (VAC-01 to VAC-03).

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::RESOURCE;
use crate::dmp::actor::ActorId;
use crate::dmp::code::system;
use crate::dmp::person::Identifier;
use crate::dmp::record::{Record, Standing, Traits};
use crate::dmp::vaccination::{Entry, Origin, Party};
use crate::edge::exchange::{ATTEMPTS, Exchange};
use crate::edge::negotiate::{self, Format, Return};
use crate::edge::read::identifier;
use crate::edge::validate::stand_in;
use crate::edge::{answer, conditional, order, publish, subject};
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::{self, Locator, VaccinationDeclaration as Declaration};
use crate::translate::deposit::{Depositor, declared_vaccination, vaccination_note};
use crate::translate::immunization::{self, Declared};
use crate::translate::wire;

/// How a write is to be answered.
struct Wanted {
    format: Format,
    body: Option<Return>,
}

/// A professional's act becomes a note, the patient's a declaration.
pub(super) async fn create(exchange: &mut Exchange) -> Result<Response, Error> {
    publish::may_deposit(exchange)?;
    let wanted = Wanted {
        format: exchange.format()?,
        body: negotiate::wanted_return(exchange.headers())?,
    };
    let (actor, _) = exchange.caller()?;
    let by_patient = actor.kind.is_patient_side();
    if !by_patient && !actor.kind.is_nominative() {
        return Err(Issue::new(Code::NotAllowed).rule("VAC-02").into());
    }
    let (body, declared) = body(exchange).await?;
    let declared = order::of_body(exchange, &Act::Deposit, &body, declared).await?;
    if declared.validator.is_some() {
        return Err(by_an_update());
    }
    let mut warnings = declared.warnings.clone();
    let entry = match by_patient {
        true => declare(exchange, declared).await?,
        false => note(exchange, declared, &mut warnings).await?,
    };
    warnings.extend(exchange.named_by_former());
    written(exchange, StatusCode::CREATED, &wanted, &entry, &warnings)
}

/// The body, and what it declares.
async fn body(exchange: &mut Exchange) -> Result<(Value, Result<Declared, Error>), Error> {
    let (form, body) = exchange.resource_bytes().await?;
    let mut taken = wire::take(form, &body, RESOURCE)?;
    subject::name_patients(exchange, &mut taken.value).await?;
    let declared = taken.read(
        |resource| immunization::read(resource, &exchange.reading()),
        |declared| declared.warnings,
    );
    Ok((taken.value, declared))
}

fn written(
    exchange: &Exchange,
    status: StatusCode,
    wanted: &Wanted,
    entry: &Entry,
    warnings: &[Issue],
) -> Result<Response, Error> {
    let resource = || {
        let resource = immunization::write(entry, &exchange.reading());
        exchange.present(resource.to_string()).into_owned()
    };
    let mut response = answer::written(status, wanted.format, wanted.body, resource, warnings);
    let headers = response.headers_mut();
    let base = &exchange.app.settings.server.base_url;
    let location = format!("{base}/{RESOURCE}/{}", entry.id);
    answer::put(headers, header::LOCATION, &location);
    answer::version(headers, entry.version, entry.updated);
    Ok(response)
}

/// Deposits the note; its one act is the answer.
async fn note(
    exchange: &mut Exchange,
    declared: Declared,
    warnings: &mut Vec<Issue>,
) -> Result<Entry, Error> {
    let mut attempt = 1;
    loop {
        let standing = exchange.standing(&declared.patient).await?;
        let permit = exchange.decide(&Act::Deposit, standing.as_ref())?;
        let record: Record = standing.ok_or(Code::RecordUnknown)?.record;
        let (actor, context) = exchange.caller()?;
        let carried = actor.structure.as_ref().map(|structure| &structure.id);
        let depositor = Depositor {
            actor,
            structure: context.structure.as_ref().or(carried),
            traits: &record.data.traits,
        };
        let (submission, act, told) = vaccination_note(
            &declared.patient,
            declared.vaccination.clone(),
            declared.first_hand,
            &depositor,
            context.secret == Some(true),
            context.now,
            &exchange.reading(),
        )?;
        let (store, trace) = (&exchange.app.store, exchange.trace());
        match store.deposit(&permit, submission, trace).await {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => {
                let made = exchange.acted(other)?;
                let document = made.documents.first().ok_or(Code::Internal)?;
                warnings.extend(told);
                return Ok(Entry {
                    id: store::vaccination_id(&document.metadata.unique_id, 0),
                    version: 1,
                    updated: document.updated,
                    patient: record.opened_as,
                    vaccination: act,
                    origin: Origin::Document(document.id),
                    validation: None,
                });
            }
        }
    }
}

/// What entering it would tell, and no more: the record is not looked at, nor is the caller's right to enter anything.
///
/// # Errors
/// The refusals of the same reading, of a date to come, and of a `primarySource` that is not true.
pub(in crate::edge) fn judged(
    exchange: &Exchange,
    declared: Declared,
    is_update: bool,
) -> Result<Vec<Issue>, Error> {
    if declared.validator.is_some() && !is_update {
        return Err(by_an_update());
    }
    let (actor, context) = exchange.caller()?;
    let (act, first_hand, now) = (declared.vaccination, declared.first_hand, context.now);
    // The birth of a patient who is not looked up comes before any act.
    let traits = Traits {
        birth_date: jiff::civil::date(1800, 1, 1),
        ..stand_in()
    };
    let mut warnings = declared.warnings;
    if actor.kind.is_nominative() && !is_update {
        let carried = actor.structure.as_ref().map(|structure| &structure.id);
        let depositor = Depositor {
            actor,
            structure: context.structure.as_ref().or(carried),
            traits: &traits,
        };
        let secret = context.secret == Some(true);
        let (patient, reading) = (&declared.patient, exchange.reading());
        let (_, _, told) =
            vaccination_note(patient, act, first_hand, &depositor, secret, now, &reading)?;
        warnings.extend(told);
    } else {
        let first_hand = first_hand.filter(|_| actor.kind.is_patient_side());
        declared_vaccination(act, first_hand, &traits, now, &exchange.reading())?;
    }
    Ok(warnings)
}

/// What is entered is not validated at once.
fn by_an_update() -> Error {
    Issue::new(Code::UnsupportedElement)
        .at("Immunization.extension")
        .into()
}

async fn declare(exchange: &mut Exchange, declared: Declared) -> Result<Entry, Error> {
    let mut attempt = 1;
    loop {
        let standing = exchange.standing(&declared.patient).await?;
        let permit = exchange.decide(&Act::Deposit, standing.as_ref())?;
        let standing = standing.ok_or(Code::RecordUnknown)?;
        let told = told(exchange, &declared, &standing)?;
        let (store, trace) = (&exchange.app.store, exchange.trace());
        let declaration = Declaration::New(Box::new(told));
        let kept = store.declare_vaccination(&permit, declaration, None, trace);
        match kept.await {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => return exchange.acted(other),
        }
    }
}

fn told(
    exchange: &Exchange,
    declared: &Declared,
    standing: &Standing,
) -> Result<crate::dmp::vaccination::Vaccination, Error> {
    let (_, context) = exchange.caller()?;
    declared_vaccination(
        declared.vaccination.clone(),
        declared.first_hand,
        &standing.record.data.traits,
        context.now,
        &exchange.reading(),
    )
}

/// The patient changes what he declared; a professional validates it.
pub(super) async fn update(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let wanted = Wanted {
        format: exchange.format()?,
        body: negotiate::wanted_return(exchange.headers())?,
    };
    let if_match = conditional::if_match(exchange.headers());
    let id = identifier(id)?;
    exchange.names(RESOURCE, id);
    let (_, declared) = body(exchange).await?;
    let (actor, _) = exchange.caller()?;
    let by_patient = actor.kind.is_patient_side();
    let act = match by_patient {
        true => Act::Deposit,
        false => Act::SearchDocuments {
            by_identifier: false,
        },
    };
    let declared = match declared {
        Ok(declared) => declared,
        Err(wrong) => {
            exchange
                .permit_by_id(&act, Locator::Vaccination(id))
                .await?;
            return Err(wrong);
        }
    };
    let mut warnings = declared.warnings.clone();
    let mut attempt = 1;
    let entry = loop {
        let standing = exchange.reached(Locator::Vaccination(id)).await?;
        let permit = exchange.decide(&act, Some(&standing))?;
        if !standing.record.data.is_known_by(&declared.patient) {
            let issue = Issue::new(Code::ElementInvalid).at("Immunization.patient");
            let issue = issue.detail(
                "le patient d'une vaccination ne change pas",
                "the patient of a vaccination does not change",
            );
            return Err(issue.into());
        }
        let declaration = match (by_patient, &declared.validator) {
            (true, None) => match told(exchange, &declared, &standing) {
                Ok(told) => Declaration::Change(id, Box::new(told)),
                Err(wrong) => {
                    // What he may not change at all is told first.
                    let entry = exchange.app.store.known_vaccination(&permit, id).await?;
                    return Err(match entry.is_validated() {
                        true => Issue::new(Code::ValidatedVaccination).rule("VAC-03").into(),
                        false => wrong,
                    });
                }
            },
            (false, Some(validator)) => {
                let by = caller(exchange)?;
                if by.id.as_ref() != Some(validator) {
                    return Err(Issue::new(Code::NotYours).rule("VAC-02").into());
                }
                Declaration::Validate(id, Box::new(declared.vaccination.clone()), by)
            }
            // What is validated is no longer his to change; what is the patient's never is a professional's.
            (true, Some(_)) => Declaration::Change(id, Box::new(declared.vaccination.clone())),
            (false, None) => Declaration::Change(id, Box::new(declared.vaccination.clone())),
        };
        let (store, trace) = (&exchange.app.store, exchange.trace());
        let kept = store.declare_vaccination(&permit, declaration, if_match.clone(), trace);
        match kept.await {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => break exchange.acted(other)?,
        }
    };
    warnings.extend(exchange.named_by_former());
    written(exchange, StatusCode::OK, &wanted, &entry, &warnings)
}

/// The professional who calls.
fn caller(exchange: &Exchange) -> Result<Party, Error> {
    let (actor, _) = exchange.caller()?;
    let ActorId::Person(id) = &actor.id else {
        return Err(Issue::new(Code::NotAllowed).rule("VAC-02").into());
    };
    Ok(Party {
        id: Some(Identifier {
            root: system::PS_ID_NAT.to_owned(),
            extension: id.as_str().to_owned(),
        }),
        name: Some(actor.display()),
    })
}

/// The patient withdraws what he declared.
pub(super) async fn delete(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let if_match = conditional::if_match(exchange.headers());
    let id = identifier(id)?;
    exchange.names(RESOURCE, id);
    let (actor, _) = exchange.caller()?;
    let act = match actor.kind.is_patient_side() {
        true => Act::Deposit,
        false => Act::SearchDocuments {
            by_identifier: false,
        },
    };
    let mut attempt = 1;
    loop {
        let permit = exchange
            .permit_by_id(&act, Locator::Vaccination(id))
            .await?;
        let (store, trace) = (&exchange.app.store, exchange.trace());
        let kept =
            store.declare_vaccination(&permit, Declaration::Withdraw(id), if_match.clone(), trace);
        match kept.await {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => {
                exchange.acted(other)?;
                return Ok(answer::empty(StatusCode::NO_CONTENT));
            }
        }
    }
}
