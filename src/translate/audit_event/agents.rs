//! Who acted, for which structure, by which client, on which server.

use serde_json::{Value, json};

use super::super::Reading;
use super::super::datatype::object::Object;
use super::pattern::{Coded, Pattern};
use super::{View, purpose};
use crate::dmp::actor::ActorKind;
use crate::dmp::code::system;
use crate::dmp::trace::{Trace, TracedAct, TracedActor};

const ROLE_CLASS: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";
const AUTHORISER: Coded = Coded::bare(
    "http://terminology.hl7.org/CodeSystem/extra-security-role-type",
    "authserver",
);

/// Every agent of a trace.
pub(super) fn write(
    trace: &Trace,
    view: &View,
    pattern: &Pattern,
    reading: &Reading,
) -> Vec<Value> {
    let actor = trace.actor.as_ref();
    let by_itself = actor.is_some_and(|actor| actor.kind == ActorKind::System);
    let mut agents = Vec::new();
    if !by_itself {
        agents.push(client(actor, pattern));
    }
    let type_of_server = match trace.act {
        TracedAct::DeclareConsent => AUTHORISER,
        _ => pattern.server,
    };
    agents.push(server(type_of_server, reading));
    if let Some(actor) = actor {
        agents.push(user(actor, trace, view, pattern, reading));
        agents.extend(organisation(actor));
    }
    agents
}

/// Ours, as the source of every trace.
pub(super) fn source(reading: &Reading) -> Value {
    let application = Coded::new(
        "http://terminology.hl7.org/CodeSystem/security-source-type",
        "4",
        "Application Server",
    );
    Object::new()
        .put("observer", device(reading))
        .put("type", vec![application.write()])
        .build()
}

fn device(reading: &Reading) -> Value {
    let identifier = Object::new()
        .put("system", "urn:ietf:rfc:3986")
        .put("value", reading.base_url);
    Object::new()
        .put("type", "Device")
        .put("identifier", identifier)
        .put("display", "Passerelle")
        .build()
}

fn server(kind: Coded, reading: &Reading) -> Value {
    let network = Object::new()
        .put("address", reading.base_url)
        .put("type", "5");
    Object::new()
        .put("type", kind.concept())
        .put("who", device(reading))
        .put("requestor", false)
        .put("network", network)
        .build()
}

/// The software that called. The journal keeps no network address; a portal is known by its structure.
fn client(actor: Option<&TracedActor>, pattern: &Pattern) -> Value {
    let portal = actor
        .filter(|actor| actor.kind.is_patient_side())
        .and_then(|actor| actor.structure.as_deref());
    let who = match portal {
        Some(structure) => self::structure(structure, None),
        None => Object::new()
            .put("type", "Device")
            .put("display", "Logiciel de l'utilisateur")
            .build(),
    };
    let unknown = json!({"_address": {"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        "valueCode": "unknown",
    }]}});
    Object::new()
        .put("type", pattern.client.concept())
        .put("who", who)
        .put("requestor", false)
        .put("network", unknown)
        .build()
}

fn user(
    actor: &TracedActor,
    trace: &Trace,
    view: &View,
    pattern: &Pattern,
    reading: &Reading,
) -> Value {
    Object::new()
        .put("type", pattern.user.concept())
        .put("role", role(actor, reading).into_iter().collect::<Vec<_>>())
        .put("who", who(actor, trace, view, reading))
        .put("name", actor.name.as_str())
        .put("requestor", true)
        .put("purposeOfUse", vec![purpose(trace.mode, None)])
        .build()
}

/// A profession, or in which quality one acts for a patient.
fn role(actor: &TracedActor, reading: &Reading) -> Option<Value> {
    let class = |code| Coded::bare(ROLE_CLASS, code).concept();
    match actor.kind {
        ActorKind::Holder => Some(class("PAT")),
        ActorKind::Representative => Some(class("GUARD")),
        ActorKind::Caregiver => Some(class("CAREGIVER")),
        kind => {
            let of = match kind {
                ActorKind::Cpf => system::TRAINING,
                _ => system::PROFESSION,
            };
            let profession = actor.profession.as_deref()?;
            let coding = Object::new()
                .put("system", reading.tables.systems.url_of(of))
                .put("code", profession);
            Some(Object::new().put("coding", vec![coding.build()]).build())
        }
    }
}

fn who(actor: &TracedActor, trace: &Trace, view: &View, reading: &Reading) -> Value {
    match actor.kind {
        ActorKind::System => device(reading),
        ActorKind::Holder => super::entities::patient(trace, view),
        ActorKind::Representative | ActorKind::Caregiver => {
            let (issuer, subject) = actor.id.split_once('|').unwrap_or(("", &actor.id));
            identified("RelatedPerson", issuer, subject, &actor.name)
        }
        ActorKind::Establishment => structure(&actor.id, Some(&actor.name)),
        // An employee's card need not name a person.
        ActorKind::Cpe if actor.structure.as_ref() == Some(&actor.id) => {
            structure(&actor.id, Some(&actor.name))
        }
        ActorKind::Cps | ActorKind::Cpf | ActorKind::Cpe => {
            let authority = format!("urn:oid:{}", system::PS_ID_NAT);
            identified("Practitioner", &authority, &actor.id, &actor.name)
        }
    }
}

/// The structure for which a person acted.
fn organisation(actor: &TracedActor) -> Option<Value> {
    let structure = actor
        .structure
        .as_deref()
        .filter(|structure| !actor.kind.is_patient_side() && *structure != actor.id)?;
    let provider = Coded::bare(ROLE_CLASS, "PROV");
    let agent = Object::new()
        .put("type", provider.concept())
        .put("who", self::structure(structure, None))
        .put("requestor", false);
    Some(agent.build())
}

fn structure(id: &str, name: Option<&str>) -> Value {
    let authority = format!("urn:oid:{}", system::STRUCT_ID_NAT);
    identified("Organization", &authority, id, name.unwrap_or_default())
}

fn identified(kind: &str, authority: &str, value: &str, display: &str) -> Value {
    let identifier = Object::new().put("system", authority).put("value", value);
    Object::new()
        .put("type", kind)
        .put("identifier", identifier)
        .put("display", display)
        .build()
}
