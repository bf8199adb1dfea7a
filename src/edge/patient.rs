//! Patient: the state of a record (DMP TD0.2), the operator's opening and updating of records, and what a patient changes of his own.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::app::Shared;
use super::exchange::{ATTEMPTS, Exchange};
use super::negotiate::{self, Format, Return};
use super::read::{identifier, unmodified};
use super::search::{Asked, Results, nothing};
use super::{answer, conditional, order};
use crate::dmp::actor::ActorKind;
use crate::dmp::ins::Ins;
use crate::dmp::query::Page;
use crate::dmp::record::{Record, Standing};
use crate::dmp::right::Category;
use crate::dmp::time::paris_date;
use crate::dmp::trace::TracedAct;
use crate::error::{Code, Error, Issue};
use crate::policy::Act;
use crate::store::{self, Locator};
use crate::translate::patient::{AuthorisationStatus, View};
use crate::translate::{patient, search, wire};

/// `GET /fhir/Patient?identifier=` and `POST /fhir/Patient/_search`
pub(super) async fn search(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::TestExistence, request);
    let result = test_existence(&mut exchange).await;
    exchange.conclude(result).await
}

/// `GET /fhir/Patient/{id}`
pub(super) async fn read(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::TestExistence, request);
    let result = read_one(&mut exchange, &id).await;
    exchange.conclude(result).await
}

/// `PUT /fhir/Patient?identifier=`
pub(super) async fn update(State(app): State<Shared>, request: Request) -> Response {
    let mut exchange = Exchange::new(app, TracedAct::OpenRecord, request);
    let result = put(&mut exchange).await;
    exchange.conclude(result).await
}

async fn test_existence(exchange: &mut Exchange) -> Result<Response, Error> {
    const RESOURCE: &str = "Patient";
    exchange.identify()?;
    let asked = Asked::read(exchange, RESOURCE).await?;
    let search = search::patient_identifier(&asked.params, asked.strict, &exchange.reading())?;
    exchange.searching(&Vec::new());
    let page = match exchange.standing(&search.ins).await? {
        None => nothing(exchange).await?,
        Some(standing) => {
            exchange.decide(&Act::TestExistence, Some(&standing))?;
            exchange.traced().await?;
            let shown = (standing.record.id, show(exchange, &standing)?);
            Page::whole(vec![shown])
        }
    };
    let shown = page.rows.iter().filter(|_| !search.count_only);
    let rows = shown.map(|(id, text)| (*id, text.as_str()));
    let results = Results {
        used: &search.used,
        warnings: &search.warnings,
        show: &search.show,
        included: &[],
    };
    asked.answer(exchange, RESOURCE, &results, &page, rows)
}

async fn read_one(exchange: &mut Exchange, id: &str) -> Result<Response, Error> {
    exchange.identify()?;
    let format = exchange.format()?;
    let id = identifier(id)?;
    exchange.names("Patient", id);
    let standing = exchange.reached(Locator::Record(id)).await?;
    exchange.decide(&Act::TestExistence, Some(&standing))?;
    exchange.traced().await?;
    let (version, updated) = (standing.record.version, standing.record.updated);
    // What a professional is shown depends on his own authorisation too, which no version of the record tells.
    let same_for_all = authorisation(exchange, &standing)?.is_none();
    if same_for_all && conditional::is_held_version(exchange.headers(), version, updated) {
        return Ok(unmodified(version, updated));
    }
    let mut response = answer::resource(StatusCode::OK, format, show(exchange, &standing)?);
    answer::version(response.headers_mut(), version, updated);
    Ok(response)
}

/// The record as this caller may see it.
pub(super) fn show(exchange: &Exchange, standing: &Standing) -> Result<String, Error> {
    let (actor, context) = exchange.caller()?;
    let own = actor.kind.is_patient_side();
    let authorisation = authorisation(exchange, standing)?;
    let physician = standing.valid(Category::TreatingPhysician, context.now);
    let view = View {
        operator: actor.operator || (own && actor.kind != ActorKind::Caregiver),
        // The role goes with the authorisation (MT-02).
        medecin_traitant: physician.is_some() && authorisation == Some(AuthorisationStatus::Valid),
        authorisation,
    };
    Ok(patient::write(&standing.record, &view, &exchange.reading()).to_string())
}

/// What the caller's authorisation is worth. An establishment holds none (AUT-03), nor does the patient's side: there is no status
/// to show.
fn authorisation(
    exchange: &Exchange,
    standing: &Standing,
) -> Result<Option<AuthorisationStatus>, Error> {
    let (actor, context) = exchange.caller()?;
    let holder = actor.kind != ActorKind::Establishment && !actor.kind.is_patient_side();
    Ok(holder.then(|| AuthorisationStatus::of(standing, context.now)))
}

async fn put(exchange: &mut Exchange) -> Result<Response, Error> {
    exchange.identify()?;
    let (actor, _) = exchange.caller()?;
    if actor.kind.is_patient_side() {
        exchange.turns_into(TracedAct::ChangeRecord);
        return change(exchange).await;
    }
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = conditional::if_match(exchange.headers());
    let named = search::patient_identifier(&exchange.query()?, false, &exchange.reading())?;
    let (form, body) = exchange.resource_bytes().await?;
    let taken = wire::take(form, &body, "Patient")?;
    if !taken.issues.is_empty() {
        exchange.permit(&Act::OpenRecord, &named.ins).await?;
        // As one that opens a record: what is kept is not looked at for what can't be kept.
        let read = taken.read(
            |patient| patient::read(patient, &named.ins, &exchange.reading()),
            |(_, warnings)| warnings,
        );
        read.map_err(order::ins_first)?;
    }
    let resource = taken.value;
    let mut attempt = 1;
    let (record, created, mut warnings) = loop {
        let mut standing = exchange.standing(&named.ins).await?;
        let permit = exchange.decide(&Act::OpenRecord, standing.as_ref())?;
        if standing.is_none() {
            standing = by_former(exchange, &named.ins, &resource).await?;
        }
        let kept = standing.as_ref().map(|standing| &standing.record.data);
        let read = patient::update(&resource, &named.ins, kept, &exchange.reading());
        let (data, warnings) = read.map_err(order::ins_first)?;
        let trace = exchange.trace();
        let put = exchange
            .app
            .store
            .put_record(&permit, data, if_match.clone(), trace)
            .await;
        match put {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => {
                let (record, created) = exchange.acted(other)?;
                break (record, created, warnings);
            }
        }
    };
    warnings.splice(0..0, named.warnings);
    warnings.extend(exchange.named_by_former());
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(put_answer(
        exchange, status, format, wanted, &record, &warnings,
    ))
}

/// The record that a former number leads to, when the URL names the new one (INS-01).
async fn by_former(
    exchange: &mut Exchange,
    named: &Ins,
    resource: &Value,
) -> Result<Option<Standing>, Error> {
    for former in patient::former(resource, &exchange.reading()) {
        if let Some(found) = exchange.looked_up(&former).await? {
            return Ok(Some(found));
        }
    }
    exchange.looked_up(named).await
}

/// The holder, or his representative, activates, closes or opens the record again, or sets where he is told (LC-06, LC-12 to LC-16,
/// NOT-04, NOT-07).
async fn change(exchange: &mut Exchange) -> Result<Response, Error> {
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = conditional::if_match(exchange.headers());
    let named = search::patient_identifier(&exchange.query()?, false, &exchange.reading())?;
    let (form, body) = exchange.resource_bytes().await?;
    let taken = wire::take(form, &body, "Patient")?;
    if !taken.issues.is_empty() {
        // Which change it would be is not known: what is asked of each is.
        exchange.permit(&Act::TestExistence, &named.ins).await?;
        return Err(Error::many(taken.issues));
    }
    let resource = taken.value;
    let mut attempt = 1;
    loop {
        let standing = exchange.standing(&named.ins).await?;
        let kept = standing.as_ref().ok_or(Code::RecordUnknown)?;
        let asked = patient::asked(&resource, kept.record.data.state);
        let permit = exchange.decide(&Act::ChangeRecord(asked), standing.as_ref())?;
        let (_, context) = exchange.caller()?;
        let today = paris_date(context.now);
        let (data, mut warnings) =
            patient::read_change(&resource, &kept.record, asked, today, &exchange.reading())?;
        let trace = exchange.trace();
        let changed = exchange
            .app
            .store
            .change_record(&permit, data, if_match.clone(), trace)
            .await;
        match changed {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => {
                let record = exchange.acted(other)?;
                warnings.splice(0..0, named.warnings);
                warnings.extend(exchange.named_by_former());
                let status = StatusCode::OK;
                return Ok(put_answer(
                    exchange, status, format, wanted, &record, &warnings,
                ));
            }
        }
    }
}

/// The record as it was written, to who wrote it.
fn put_answer(
    exchange: &Exchange,
    status: StatusCode,
    format: Format,
    wanted: Option<Return>,
    record: &Record,
    warnings: &[Issue],
) -> Response {
    let view = View {
        operator: true,
        medecin_traitant: false,
        authorisation: None,
    };
    let resource = || patient::write(record, &view, &exchange.reading()).to_string();
    let mut response = answer::written(status, format, wanted, resource, warnings);
    let headers = response.headers_mut();
    let base = &exchange.app.settings.server.base_url;
    answer::put(
        headers,
        header::LOCATION,
        &format!("{base}/Patient/{}", record.id),
    );
    answer::version(headers, record.version, record.updated);
    response
}
