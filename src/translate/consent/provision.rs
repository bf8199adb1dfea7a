//! `provision`: who receives the authorisation, and until when.

use super::super::datatype::identifier;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::read::{fixed, is, missing};
use super::{ACCESS, RECEIVER, TREATMENT};
use crate::dmp::actor::ActorId;
use crate::dmp::code::system;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::Code;

/// Holder, his name as sent, and the end asked for.
pub(super) type Provision = (ActorId, Option<String>, Option<Instant>);

pub(super) fn read_provision(consent: Node, found: &mut Findings) -> Option<Provision> {
    let provision = match consent.required("provision") {
        Ok(provision) => provision,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    let known = ["type", "period", "actor", "action", "purpose", "code"];
    found.weigh_all(Weight::Key, provision.only(&known));
    match provision.str("type") {
        Some("permit") => {}
        Some(_) => found.refuse(invalid(
            provision.path_of("type"),
            "permit est attendu",
            "permit is expected",
        )),
        None => found.refuse(missing(provision, "type")),
    }
    // FR Core's example writes the action under `code`.
    for concept in provision.items("action").chain(provision.items("code")) {
        fixed(concept, ACCESS, found);
    }
    for coding in provision.items("purpose") {
        if !is(coding, TREATMENT) {
            found.refuse(coding.issue(Code::UnsupportedElement));
        }
    }
    let until = read_period(provision, found);
    let mut actors = provision.items("actor");
    let Some(actor) = actors.next() else {
        found.refuse(missing(provision, "actor"));
        return None;
    };
    for other in actors {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
    let (holder, name) = read_actor(actor, found)?;
    Some((holder, name, until))
}

/// The end asked for; the start is the moment of the declaration.
fn read_period(provision: Node, found: &mut Findings) -> Option<Instant> {
    let period = provision.get("period")?;
    found.weigh_all(Weight::Key, period.only(&["start", "end"]));
    if period.get("start").is_some() {
        found.ignored(period.path_of("start"));
    }
    let end = Timestamp::from_fhir(period.str("end")?).ok()?;
    // A date includes its day.
    Some(if end.is_date() {
        end.span().1
    } else {
        end.start()
    })
}

fn read_actor(actor: Node, found: &mut Findings) -> Option<(ActorId, Option<String>)> {
    found.weigh_all(Weight::Key, actor.only(&["role", "reference"]));
    match actor.get("role") {
        Some(role) => fixed(role, RECEIVER, found),
        None => found.tolerate(missing(actor, "role")),
    }
    let reference = match actor.required("reference") {
        Ok(reference) => reference,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    found.weigh_all(
        Weight::Key,
        reference.only(&["type", "identifier", "display"]),
    );
    let node = match reference.required("identifier") {
        Ok(node) => node,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    let id = identifier::read(node, Weight::Key, found)?;
    let holder = match id.root.as_str() {
        system::PS_ID_NAT => id.extension.parse().ok().map(ActorId::Person),
        system::STRUCT_ID_NAT => id.extension.parse().ok().map(ActorId::Structure),
        _ => None,
    };
    if holder.is_none() {
        found.refuse(invalid(
            node.path(),
            "un PS_IdNat ou un Struct_IdNat est attendu",
            "a PS_IdNat or a Struct_IdNat is expected",
        ));
    }
    Some((holder?, reference.str("display").map(str::to_owned)))
}
