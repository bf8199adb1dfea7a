//! Writing a right, whichever way the request names it.

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::Value;
use uuid::Uuid;

use super::term::{Bounds, end};
use crate::dmp::change::Expected;
use crate::dmp::ins::Ins;
use crate::dmp::record::Standing;
use crate::dmp::right::{Declaration, Right};
use crate::edge::exchange::{ATTEMPTS, Exchange};
use crate::edge::negotiate;
use crate::edge::{answer, conditional, order, subject};
use crate::error::{Code, Error, Issue};
use crate::policy::{self, Act};
use crate::store::{self, Locator};
use crate::translate::{consent, wire};

/// Which right a write is about.
pub(super) enum Target {
    /// The one that the body describes.
    Body,
    /// The one of this key (`system|value`), which the body must describe.
    Key(String),
    /// The one of this id, which the body must describe.
    Id(Uuid),
}

/// A declaration, a renewal or a withdrawal: what three interactions do.
pub(super) async fn declare(
    exchange: &mut Exchange,
    target: impl FnOnce(&mut Exchange) -> Result<Target, Error>,
) -> Result<Response, Error> {
    exchange.identify()?;
    let wanted = negotiate::wanted_return(exchange.headers())?;
    let format = exchange.format()?;
    let if_match = conditional::if_match(exchange.headers());
    let target = target(exchange)?;
    let (form, body) = exchange.resource_bytes().await?;
    let mut taken = wire::take(form, &body, "Consent")?;
    subject::name_patients(exchange, &mut taken.value).await?;
    let now = exchange.caller()?.1.now;
    let read = |consent: &Value| {
        let reading = exchange.reading();
        let (declaration, mut warnings) = consent::read(consent, &reading)?;
        warnings.extend(consent::check_end(&declaration, now, &reading)?);
        Ok((declaration, warnings))
    };
    let read = taken.read(read, |(_, warnings)| warnings);
    // Which right it would be is not known where it can't be read: what is asked of who looks at any is.
    let read = order::of_body(exchange, &Act::ReadRights, &taken.value, read).await;
    let (declaration, mut warnings) = read?;
    let (held, created) = write(exchange, &declaration, &target, if_match).await?;
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    warnings.extend(exchange.named_by_former());
    let resource = || {
        let resource = consent::write(&held, now, &exchange.reading());
        exchange.present(resource.to_string()).into_owned()
    };
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
    if_match: Option<Expected>,
) -> Result<(Right, bool), Error> {
    let act = Act::WriteRight {
        grant: declaration.grant.clone(),
        active: declaration.active,
    };
    let mut attempt = 1;
    loop {
        let standing = exchange.standing(&declaration.patient).await?;
        let permit = exchange.decide(&act, standing.as_ref())?;
        let standing = standing.ok_or(Code::RecordUnknown)?;
        let mut declaration = declaration.clone();
        is_about(exchange, target, &declaration, &standing).await?;
        let bounds = Bounds {
            now: exchange.caller()?.1.now,
            authorisation_months: exchange.app.settings.dmp.authorisation_months,
            age_of_majority: exchange.app.settings.dmp.age_of_majority,
        };
        // A right is kept by the number that its record was opened under.
        declaration.patient = standing.record.opened_as.clone();
        let end = end(&mut declaration, &standing.record.data, &bounds);
        let (store, trace) = (&exchange.app.store, exchange.trace());
        let declared = store
            .declare(&permit, declaration, end, if_match.clone(), trace)
            .await;
        match declared {
            Err(error) if store::is_stale(&error) && attempt < ATTEMPTS => attempt += 1,
            other => return exchange.acted(other),
        }
    }
}

/// The right in the URL is the one in the body: its category, patient and actor do not change.
async fn is_about(
    exchange: &mut Exchange,
    target: &Target,
    declaration: &Declaration,
    standing: &Standing,
) -> Result<(), Error> {
    // Whichever number of the patient the body names, and the key.
    let described = |ins: &Ins| {
        consent::key(&Declaration {
            patient: ins.clone(),
            ..declaration.clone()
        })
    };
    let opened_as = &standing.record.opened_as;
    let same = match target {
        Target::Body => true,
        Target::Key(given) => standing.record.data.numbers().any(|ins| {
            let (system, value) = described(ins);
            *given == format!("{system}|{value}")
        }),
        Target::Id(id) => {
            let store = &exchange.app.store;
            let owner = store.locate(Locator::Consent(*id)).await?;
            if owner.as_ref() != Some(opened_as) {
                return Err(Code::NotFound.into());
            }
            // One that the caller may not know of is not there.
            let (actor, context) = exchange.caller()?;
            let rules = &exchange.app.rules;
            let permit = policy::decide(rules, actor, &Act::ReadRights, Some(standing), context)?;
            let right = store.known_right(&permit, *id).await?;
            consent::key(&right.declaration) == described(opened_as)
        }
    };
    if same {
        return Ok(());
    }
    let changed = Issue::new(Code::ElementInvalid).at("Consent").detail(
        "la catégorie, le patient et le bénéficiaire d'un droit ne changent pas",
        "the category, the patient and the actor of a right do not change",
    );
    Err(changed.into())
}
