//! An authorisation as a Consent.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::ins;
use super::super::datatype::object::Object;
use super::super::datatype::urls::ours;
use super::{
    ACCESS, ARTICLE, AUTHORITY, CATEGORY, CONSENT_DOCUMENT, KEEPER, LOINC, RECEIVER, SCOPE,
    TREATMENT,
};
use crate::dmp::actor::ActorId;
use crate::dmp::code::system;
use crate::dmp::right::{Declaration, Right};
use crate::dmp::time::{Instant, Timestamp};

/// Writes an authorisation; extension `authorisation-status` tells what it is worth at `now`, for an expired one stays active.
pub fn write(held: &Right, now: Instant, _reading: &Reading) -> Value {
    let declaration = &held.declaration;
    let patient = Object::new()
        .put("type", "Patient")
        .put("identifier", ins::write(&declaration.patient));
    let policy = Object::new()
        .put("authority", AUTHORITY)
        .put("uri", ARTICLE);
    Object::resource("Consent")
        .put("id", held.id.to_string())
        .put("meta", meta(held))
        .put("extension", extensions(held, now))
        .put("identifier", vec![key_identifier(declaration)])
        .put(
            "status",
            if declaration.active {
                "active"
            } else {
                "inactive"
            },
        )
        .put("scope", concept(SCOPE))
        .put(
            "category",
            vec![
                concept((LOINC, CONSENT_DOCUMENT)),
                concept((ours::CONSENT_CATEGORY, CATEGORY)),
            ],
        )
        .put("patient", patient)
        .put("dateTime", instant(held.updated))
        .put("organization", vec![keeper()])
        .put("policy", vec![policy.build()])
        .put("provision", provision(held))
        .build()
}

fn meta(held: &Right) -> Value {
    Object::new()
        .put("versionId", held.version.to_string())
        .put("lastUpdated", instant(held.updated))
        .build()
}

fn extensions(held: &Right, now: Instant) -> Vec<Value> {
    let status = match held.declaration.active {
        false => "NON_EXISTE",
        true if held.end.is_none_or(|end| now < end) => "VALIDE",
        true => "EXPIRE",
    };
    let code = |url: &str, code: &str| Object::new().put("url", url).put("valueCode", code).build();
    vec![
        code(
            ours::CONSENT_BASIS,
            held.declaration
                .grant
                .basis()
                .map_or("", |basis| basis.code()),
        ),
        code(ours::AUTHORISATION_STATUS, status),
    ]
}

/// The key of the right (category, patient, actor), as system and value of an identifier.
pub fn key(declaration: &Declaration) -> (&'static str, String) {
    let (patient, holder) = (declaration.patient.key(), holder(declaration));
    (ours::CONSENT_KEY, format!("{CATEGORY}:{patient}:{holder}"))
}

fn holder(declaration: &Declaration) -> &str {
    declaration
        .grant
        .actor()
        .map_or("*", |actor| actor.as_str())
}

fn key_identifier(declaration: &Declaration) -> Value {
    let (system, value) = key(declaration);
    Object::new()
        .put("system", system)
        .put("value", value)
        .build()
}

fn keeper() -> Value {
    let identifier = Object::new()
        .put("system", format!("urn:oid:{}", system::STRUCT_ID_NAT))
        .put("value", KEEPER.0);
    Object::new()
        .put("type", "Organization")
        .put("identifier", identifier)
        .put("display", KEEPER.1)
        .build()
}

fn provision(held: &Right) -> Value {
    let holder = held.declaration.grant.actor();
    let kind = match holder {
        Some(ActorId::Structure(_)) => "Organization",
        _ => "Practitioner",
    };
    let identifier = Object::new()
        .put(
            "system",
            format!("urn:oid:{}", holder.map_or("", |holder| holder.authority())),
        )
        .put("value", holder.map_or("", |holder| holder.as_str()));
    let reference = Object::new()
        .put("type", kind)
        .put("identifier", identifier)
        .maybe("display", held.declaration.name.as_deref());
    let actor = Object::new()
        .put("role", concept(RECEIVER))
        .put("reference", reference);
    let period = Object::new()
        .put("start", instant(held.start))
        .maybe("end", held.end.map(instant));
    Object::new()
        .put("type", "permit")
        .put("period", period)
        .put("actor", vec![actor.build()])
        .put("action", vec![concept(ACCESS)])
        .put("purpose", vec![coding(TREATMENT)])
        .build()
}

fn instant(at: Instant) -> String {
    Timestamp::from_instant(at).to_fhir()
}

fn coding((system, code): (&str, &str)) -> Value {
    Object::new()
        .put("system", system)
        .put("code", code)
        .build()
}

fn concept(pair: (&str, &str)) -> Value {
    Object::new().put("coding", vec![coding(pair)]).build()
}
