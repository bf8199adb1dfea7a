//! A right as a Consent.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::object::Object;
use super::super::datatype::urls::ours;
use super::super::subject;
use super::shape::{Shape, purposes};
use super::{
    ACTION, ALL, AUTHORITY, CONSENT_DOCUMENT, DOCUMENTS, KEEPER, LOINC, MASKED, PURPOSE, RECEIVER,
    SCOPE,
};
use crate::dmp::actor::ActorId;
use crate::dmp::code::system;
use crate::dmp::right::{Category, Declaration, Grant, Right, Switch};
use crate::dmp::time::{Instant, Timestamp};

/// Writes a right; extension `authorisation-status` tells what an authorisation is worth at `now`, for an expired one stays active.
pub fn write(held: &Right, now: Instant, reading: &Reading) -> Value {
    let declaration = &held.declaration;
    let category = declaration.grant.category();
    let policy = Object::new()
        .put("authority", AUTHORITY)
        .put("uri", Shape::of(category).policy);
    let status = if declaration.active {
        "active"
    } else {
        "inactive"
    };
    Object::resource("Consent")
        .put("id", held.id.to_string())
        .put("meta", meta(held))
        .put("extension", extensions(held, now))
        .put("identifier", vec![key_identifier(declaration)])
        .put("status", status)
        .put("scope", concept(SCOPE))
        .put(
            "category",
            vec![
                concept((LOINC, CONSENT_DOCUMENT)),
                concept((ours::CONSENT_CATEGORY, category.code())),
            ],
        )
        .put("patient", subject::write(&declaration.patient))
        .put("dateTime", instant(held.updated))
        .put("organization", vec![keeper()])
        .put("policy", vec![policy.build()])
        .put("provision", provision(held, reading))
        .build()
}

fn meta(held: &Right) -> Value {
    Object::new()
        .put("versionId", held.version.to_string())
        .put("lastUpdated", instant(held.updated))
        .build()
}

fn extensions(held: &Right, now: Instant) -> Vec<Value> {
    let grant = &held.declaration.grant;
    let valued =
        |url: &str, kind: &str, value: &str| Object::new().put("url", url).put(kind, value).build();
    let mut extensions = Vec::new();
    if let Some(basis) = grant.basis() {
        extensions.push(valued(ours::CONSENT_BASIS, "valueCode", basis.code()));
    }
    if let Grant::FeedingOpposition { reason, .. } = grant {
        extensions.push(valued(ours::OPPOSITION_REASON, "valueString", reason));
    }
    if grant.category() == Category::Access {
        let status = match held.declaration.active {
            false => "NON_EXISTE",
            true if held.end.is_none_or(|end| now < end) => "VALIDE",
            true => "EXPIRE",
        };
        extensions.push(valued(ours::AUTHORISATION_STATUS, "valueCode", status));
    }
    extensions
}

/// The key of the right (category, patient, actor, and the switch of an emergency setting), as system and value of an identifier.
pub fn key(declaration: &Declaration) -> (&'static str, String) {
    let grant = &declaration.grant;
    let (category, patient) = (grant.category().code(), declaration.patient.key());
    let actor = grant.actor().map_or("*", ActorId::as_str);
    let switch = grant.switch().map_or("", Switch::code);
    let mark = if switch.is_empty() { "" } else { ":" };
    (
        ours::CONSENT_KEY,
        format!("{category}:{patient}:{actor}{mark}{switch}"),
    )
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

fn provision(held: &Right, reading: &Reading) -> Value {
    let grant = &held.declaration.grant;
    let shape = Shape::of(grant.category());
    let kind = match grant {
        Grant::Emergency { permit: true, .. } => "permit",
        Grant::Emergency { permit: false, .. } => "deny",
        _ => shape.kind.unwrap_or_default(),
    };
    let period = Object::new()
        .put("start", instant(held.start))
        .maybe("end", held.end.map(instant));
    let actor = Object::new()
        .put("role", concept(RECEIVER))
        .put("reference", reference(&held.declaration));
    let purposes = purposes(grant).iter().map(|code| coding((PURPOSE, code)));
    let actions = shape.actions.iter().map(|code| concept((ACTION, code)));
    let labelled = match grant {
        Grant::Emergency { switch, .. } => *switch == Switch::Masked,
        _ => shape.labelled,
    };
    let masked = labelled.then(|| {
        let system = reading.tables.systems.url_of(system::VISIBILITY);
        vec![coding((&system, MASKED))]
    });
    let class = matches!(grant, Grant::DefaultMasking).then(|| vec![coding(DOCUMENTS)]);
    Object::new()
        .put("type", kind)
        .put("period", period)
        .put("actor", vec![actor.build()])
        .put("action", actions.collect::<Vec<_>>())
        .maybe("securityLabel", masked)
        .put("purpose", purposes.collect::<Vec<_>>())
        .maybe("class", class)
        .build()
}

fn reference(declaration: &Declaration) -> Value {
    let Some(actor) = declaration.grant.actor() else {
        return Object::new().put("display", ALL).build();
    };
    let (kind, system, value) = match actor {
        ActorId::User(user) => ("RelatedPerson", user.issuer().to_owned(), user.subject()),
        ActorId::Structure(id) => ("Organization", oid(actor), id.as_str()),
        ActorId::Person(id) => ("Practitioner", oid(actor), id.as_str()),
    };
    let identifier = Object::new().put("system", system).put("value", value);
    Object::new()
        .put("type", kind)
        .put("identifier", identifier)
        .maybe("display", declaration.name.as_deref())
        .build()
}

fn oid(actor: &ActorId) -> String {
    format!("urn:oid:{}", actor.authority())
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
