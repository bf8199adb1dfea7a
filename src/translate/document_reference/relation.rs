//! `relatesTo` ↔ associations: the target named by unique id, entryUUID, resource id or the fullUrl of a sibling in the bundle.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use uuid::Uuid;

use super::super::Reading;
use super::super::datatype::object::Object;
use super::super::datatype::reference::{check_type, names_another_type, no_document};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::declared::DeclaredDocument;
use crate::dmp::context::Validation;
use crate::dmp::document::{Relation, RelationKind};
use crate::dmp::id::{Root, UniqueId};
use crate::dmp::query::DocumentKey;
use crate::error::{Code, Issue};

/// Names in one condition, at most.
const MAX_CONDITION: usize = 10;

/// The other DocumentReferences of a bundle: fullUrl (lower case for `urn:uuid:`) to unique id.
pub(in crate::translate) type Siblings = HashMap<String, Option<UniqueId>>;

pub(super) fn write_all(relations: &[Relation]) -> Vec<Value> {
    let write = |relation: &Relation| {
        let (system, value) = relation.target.to_fhir();
        let identifier = Object::new().put("system", system).put("value", value);
        let target = Object::new()
            .put("type", "DocumentReference")
            .put("identifier", identifier);
        Object::new()
            .put("code", relation.kind.fhir())
            .put("target", target)
            .build()
    };
    relations.iter().map(write).collect()
}

/// Reads the relations into the document.
pub(super) fn read_all(
    resource: Node,
    siblings: &Siblings,
    document: &mut DeclaredDocument,
    found: &mut Findings,
    reading: &Reading,
) {
    for node in resource.items("relatesTo") {
        found.weigh_all(Weight::Key, node.only(&["code", "target"]));
        let kind = read_kind(node, found);
        let target = match node.required("target") {
            Ok(target) => read_target(target, siblings, found, reading),
            Err(issue) => {
                found.refuse(issue);
                None
            }
        };
        let (Some(kind), Some((target, alias))) = (kind, target) else {
            continue;
        };
        let aliases = alias.map(|alias| (target.clone(), alias));
        document.aliases.extend(aliases);
        let relation = (kind, target);
        match document.relations.contains(&relation) {
            true => found.tolerate(invalid(
                node.path(),
                "elle est déjà dite",
                "it is said already",
            )),
            false => document.relations.push(relation),
        }
    }
}

fn read_kind(node: Node, found: &mut Findings) -> Option<RelationKind> {
    let code = match node.required("code") {
        Ok(code) => code,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    match code.as_str().and_then(RelationKind::from_fhir) {
        // The CI-SIS forbids APND at submission.
        Some(RelationKind::Appends) => {
            found.refuse(code.issue(Code::AppendsForbidden));
            None
        }
        Some(kind) => Some(kind),
        None => {
            found.refuse(invalid(
                code.path(),
                "une relation entre documents est attendue",
                "a relation between documents is expected",
            ));
            None
        }
    }
}

/// The key of a target, and the other one when it is named twice.
fn read_target(
    target: Node,
    siblings: &Siblings,
    found: &mut Findings,
    reading: &Reading,
) -> Option<(DocumentKey, Option<DocumentKey>)> {
    let known = ["reference", "type", "identifier", "display"];
    found.weigh_all(Weight::Key, target.only(&known));
    if let Some(display) = target.get("display") {
        found.tolerate(display.issue(Code::UnsupportedElement));
    }
    check_type(target, &["DocumentReference"], Weight::Key, found);
    let by_reference = target.str("reference").map(|reference| {
        let key = by_reference(reference, siblings, reading);
        key.ok_or_else(|| unresolved(target.path_of("reference"), reference))
    });
    let by_identifier = target.get("identifier").map(|node| {
        found.weigh_all(Weight::Key, node.only(&["use", "type", "system", "value"]));
        found.labels(node, &["use", "type"]);
        let value = node.str("value").unwrap_or_default();
        key(node.str("system"), value).ok_or_else(|| unresolved(node.path(), ""))
    });
    match (by_identifier, by_reference) {
        (Some(Err(issue)), _) | (None, Some(Err(issue))) => {
            found.refuse(issue);
            None
        }
        // Only the record tells whether two names are those of one document.
        (Some(Ok(one)), Some(Ok(other))) if one != other => Some((one, Some(other))),
        (Some(Ok(key)), Some(Err(issue))) => {
            let reference = target.str("reference").unwrap_or_default();
            match names_another_type(reference, "DocumentReference") {
                true => found.refuse(issue),
                false => found.ignored(target.path_of("reference")),
            }
            Some((key, None))
        }
        (Some(Ok(key)), _) | (None, Some(Ok(key))) => Some((key, None)),
        (None, None) => {
            found.refuse(Issue::new(Code::ElementRequired).at(target.path_of("reference")));
            None
        }
    }
}

/// A resource id that can't be ours names nothing here; anything else can't be read at all.
fn unresolved(path: String, reference: &str) -> Issue {
    match reference.starts_with("DocumentReference/") {
        true => Issue::new(Code::ReplaceTargetUnknown).at(path),
        false => no_document(path),
    }
}

fn by_reference(reference: &str, siblings: &Siblings, reading: &Reading) -> Option<DocumentKey> {
    if let Some(sibling) = siblings.get(&normal(reference)) {
        return sibling.clone().map(DocumentKey::Unique);
    }
    if let Some(query) = reference.strip_prefix("DocumentReference?identifier=") {
        let token = percent_decode_str(query).decode_utf8_lossy();
        return match token.split_once('|') {
            Some((system, value)) => key(Some(system), value),
            None => key(None, &token),
        };
    }
    let local = reference
        .strip_prefix(reading.base_url)
        .map_or(reference, |rest| rest.trim_start_matches('/'));
    if let Some(id) = local.strip_prefix("DocumentReference/") {
        let id = id.split_once("/_history/").map_or(id, |(id, _)| id);
        return Uuid::try_parse(id).ok().map(DocumentKey::Id);
    }
    // The draft guide's examples also write a UUID alone.
    let bare = reading.validation == Validation::Guide || reference.starts_with("urn:");
    key(None, reference).filter(|_| bare)
}

/// A document of this server, as a reference names it.
pub(in crate::translate) fn named(reference: &str, reading: &Reading) -> Option<DocumentKey> {
    by_reference(reference, &Siblings::new(), reading)
}

/// The document that an entry of a transaction changes, as its `request.url` names it: by id or by identifier.
///
/// # Errors
/// `replace-target-unknown` for an id that can't be ours, `element-invalid` for anything else.
pub(in crate::translate) fn changed(url: Node, reading: &Reading) -> Result<DocumentKey, Issue> {
    let text = url.as_str().unwrap_or_default();
    let local = text
        .strip_prefix(reading.base_url)
        .map_or(text, |rest| rest.trim_start_matches('/'));
    let named = local
        .starts_with("DocumentReference")
        .then(|| by_reference(local, &Siblings::new(), reading));
    named.flatten().ok_or_else(|| unresolved(url.path(), local))
}

/// The condition of a conditional creation: `identifier=` with one name, or several apart by commas; None for any other.
pub(in crate::translate) fn condition(query: &str) -> Option<Vec<DocumentKey>> {
    let query = query.strip_prefix("DocumentReference").unwrap_or(query);
    let query = query.strip_prefix('?').unwrap_or(query);
    let (name, tokens) = query.split_once('=')?;
    if name != "identifier" || tokens.contains('&') {
        return None;
    }
    let tokens = percent_decode_str(tokens).decode_utf8().ok()?;
    let keys: Option<Vec<DocumentKey>> = tokens
        .split(',')
        .map(|token| match token.split_once('|') {
            Some((system, value)) => key(Some(system).filter(|system| !system.is_empty()), value),
            None => key(None, token),
        })
        .collect();
    keys.filter(|keys| keys.len() <= MAX_CONDITION)
}

/// Names a document by identifier: a UUID may be an entryUUID or a unique id.
pub(in crate::translate) fn key(system: Option<&str>, value: &str) -> Option<DocumentKey> {
    let id = UniqueId::from_fhir(system, value).ok()?;
    Some(match id {
        UniqueId {
            root: Root::Uuid(uuid),
            extension: None,
        } => DocumentKey::Uuid(uuid),
        id => DocumentKey::Unique(id),
    })
}

/// References compare to the letter, but for the case of a UUID.
pub(in crate::translate) fn normal(reference: &str) -> String {
    match reference.get(..9) {
        Some(prefix) if prefix.eq_ignore_ascii_case("urn:uuid:") => reference.to_ascii_lowercase(),
        _ => reference.to_owned(),
    }
}
