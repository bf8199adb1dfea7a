//! What a trace concerned: `entity`, `entity.identifier`, `entity-type`, `entity-role`; and what is ours in every trace.

use super::super::super::Reading;
use super::super::in_memory::is_like;
use super::super::params::Params;
use super::super::value::{
    alternatives, coded_tokens, document_key, local_id, text_match, token, tokens,
};
use super::is;
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::trace::{EntityKey, Part, TraceCondition, TracedAct};
use crate::translate::audit_event::{Coded, Shape};

/// The types of things that a trace names.
const THINGS: [&str; 6] = [
    "DocumentReference",
    "List",
    "Binary",
    "Consent",
    "Immunization",
    "AuditEvent",
];

pub(super) fn take(params: &mut Params, conditions: &mut Vec<TraceCondition>) {
    identifiers(params, conditions);
    references(params, conditions);
    shaped(params, conditions, "entity-type", |shape| Some(shape.kind));
    shaped(params, conditions, "entity-role", |shape| shape.role);
    ours(params, conditions);
}

/// `entity`: `DocumentReference/id` and the like, relative or absolute.
fn references(params: &mut Params, conditions: &mut Vec<TraceCondition>) {
    for (modifier, value) in params.take("entity") {
        if let Some(modifier) = modifier {
            params.unsupported(&format!("entity:{modifier}"));
            continue;
        }
        let Some(alternatives) = alternatives(&value) else {
            params.invalid("entity");
            continue;
        };
        let mut asked = Vec::new();
        for one in alternatives {
            let reference = token(&one).1;
            if !reference.contains('/') {
                // A bare id may be of any type.
                params.invalid("entity");
            }
            // A trace is asked for by its own id.
            let kinds = THINGS.iter().filter(|kind| **kind != "AuditEvent");
            asked.extend(kinds.chain([&"Patient"]).filter_map(|kind| {
                let id = local_id(&reference, kind, params.reading)?;
                Some(((*kind).to_owned(), id))
            }));
        }
        conditions.push(TraceCondition::Entity(asked));
    }
}

/// An identifier of the patient, of a document, submission or folder, of the request or of its place in a distributed trace.
fn identifiers(params: &mut Params, conditions: &mut Vec<TraceCondition>) {
    for (name, value) in params.take_named(&["entity.identifier", "entity:identifier"]) {
        let tokens: Option<Vec<_>> = alternatives(&value).map(|all| {
            let all = all.iter().map(|one| token(one));
            all.filter(|(_, code)| !code.is_empty()).collect()
        });
        match tokens.filter(|tokens| !tokens.is_empty()) {
            Some(tokens) => {
                let keys = tokens
                    .into_iter()
                    .flat_map(|(system, code)| keys(system, code));
                conditions.push(TraceCondition::Identifier(keys.collect()));
            }
            None => params.invalid(&name),
        }
    }
}

/// Everything that a token may name.
fn keys(system: Option<String>, code: String) -> Vec<EntityKey> {
    let unnamed = system.as_deref().is_none_or(str::is_empty);
    let bare = [
        EntityKey::Request(code.clone()),
        EntityKey::Place(code.clone()),
    ];
    let mut keys: Vec<_> = bare.into_iter().filter(|_| unnamed).collect();
    if system.as_deref() != Some("") {
        keys.extend(holders(system.as_deref(), &code).map(EntityKey::Holder));
        keys.extend(document_key(system, code).map(EntityKey::Thing));
    }
    keys
}

/// The patients whom an identifier may name; without system each root is possible.
pub(super) fn holders(system: Option<&str>, code: &str) -> impl Iterator<Item = Ins> {
    let named = system.map(InsRoot::from_oid);
    InsRoot::ALL
        .into_iter()
        .filter(move |root| named.is_none_or(|named| named == Some(*root)))
        .filter_map(move |root| Ins::parse(root, code).ok())
}

/// Which acts have an entity of that type or role.
fn shaped(
    params: &mut Params,
    conditions: &mut Vec<TraceCondition>,
    name: &str,
    of: impl Fn(&Shape) -> Option<Coded>,
) {
    let parts = [Part::Holder, Part::Search, Part::Request, Part::Place];
    let parts: Vec<Part> = parts.into_iter().chain(THINGS.map(Part::Thing)).collect();
    let asked = coded_tokens(params, name, |system, code| {
        let told = |(act, part): &(TracedAct, Part)| {
            let coded = Shape::of(*act, *part).and_then(|shape| of(&shape));
            coded.is_some_and(|coded| is(&coded, system.as_deref(), &code))
        };
        let all = TracedAct::ALL.into_iter();
        let all = all.flat_map(|act| parts.iter().map(move |part| (act, *part)));
        Some(all.filter(told).collect::<Vec<_>>())
    });
    conditions.extend(
        asked
            .into_iter()
            .map(|told| TraceCondition::Tells(told.concat())),
    );
}

/// `address` and `source`: every trace has ours, and the journal keeps no other.
fn ours(params: &mut Params, conditions: &mut Vec<TraceCondition>) {
    let mut met = |met: bool| {
        if !met {
            conditions.push(TraceCondition::Tells(Vec::new()));
        }
    };
    let reading = params.reading;
    let address = reading.base_url;
    for (modifier, value) in params.take("address") {
        match (text_match(modifier.as_deref()), alternatives(&value)) {
            (Some(how), Some(all)) => met(all.iter().any(|one| is_like(how, address, one))),
            (None, _) => params.unsupported("address"),
            (_, None) => params.invalid("address"),
        }
    }
    let modifiers = [None, Some("identifier")];
    for name in ["source", "source.identifier"] {
        let asked = tokens(params, name, &modifiers, |system, code| {
            is_ours(system.as_deref(), &code, reading).then_some(())
        });
        asked.iter().for_each(|those| met(!those.is_empty()));
    }
}

/// True for the identifier of this server.
pub(super) fn is_ours(system: Option<&str>, code: &str, reading: &Reading) -> bool {
    code == reading.base_url && system.is_none_or(|system| system == "urn:ietf:rfc:3986")
}
