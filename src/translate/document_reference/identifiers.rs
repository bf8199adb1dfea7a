//! `masterIdentifier` and the slices of `identifier`: MHD tells them apart by `use` up to 4.2.3 and by `type` from 4.2.4 on.

use serde_json::Value;
use uuid::Uuid;

use super::super::datatype::identifier::{self, URI, type_code};
use super::super::datatype::object::Object;
use super::super::datatype::urls::IDENTIFIER_SLICES;
use super::super::findings::{Findings, invalid};
use super::super::wire::Node;
use crate::dmp::document::DocumentEntry;
use crate::dmp::id::{UniqueId, strip_prefix_ignore_case};
use crate::error::{Code, Issue};

pub(super) fn write_master(unique_id: &UniqueId) -> Value {
    slice("usual", "uniqueId", unique_id.to_fhir())
}

pub(super) fn write_all(entry: &DocumentEntry) -> Vec<Value> {
    let uri = |uuid: &Uuid| (URI.to_owned(), format!("urn:uuid:{uuid}"));
    let present = slice("official", "entryUUID", uri(&entry.entry_uuid));
    let mut all = vec![write_master(&entry.metadata.unique_id), present];
    // No slice: there is one entryUUID.
    let old = |uuid| {
        let (system, value) = uri(uuid);
        let old = Object::new().put("use", "old").put("system", system);
        old.put("value", value).build()
    };
    all.extend(entry.former_uuids.iter().rev().map(old));
    all
}

/// An identifier that both generations of MHD recognise.
pub(in crate::translate) fn slice(
    usage: &str,
    kind: &str,
    (system, value): (String, String),
) -> Value {
    let coding = Object::new()
        .put("system", IDENTIFIER_SLICES)
        .put("code", kind);
    Object::new()
        .put("use", usage)
        .put("type", Object::new().put("coding", vec![coding.build()]))
        .put("system", system)
        .put("value", value)
        .build()
}

/// The unique id of a DocumentReference or a List, as its identifiers tell it; the entryUUID is the server's to assign.
pub(in crate::translate) fn declared_unique_id(
    resource: Node,
    found: &mut Findings,
) -> Option<UniqueId> {
    let master = resource
        .get("masterIdentifier")
        .and_then(|node| identifier::read_unique(node, found));
    let mut named = None;
    for node in resource.items("identifier") {
        match kind_of(node, master.as_ref()) {
            Kind::Unique => {
                let id = identifier::read_unique(node, found);
                let other = named.as_ref().or(master.as_ref());
                if id.is_some() && other.is_some() && other != id.as_ref() {
                    found.refuse(invalid(
                        node.path(),
                        "il diffère de l'autre identifiant unique",
                        "it differs from the other unique id",
                    ));
                }
                named = named.or(id);
            }
            Kind::Entry => found.ignored(node.path()),
            Kind::Other => found.refuse(node.issue(Code::UnsupportedElement)),
        }
    }
    if master.is_none()
        && resource.resource_type() == Some("DocumentReference")
        && resource.get("masterIdentifier").is_none()
    {
        let missing = Issue::new(Code::ElementRequired).at(resource.path_of("masterIdentifier"));
        found.tolerate(missing);
    }
    master.or(named)
}

enum Kind {
    Unique,
    Entry,
    Other,
}

/// Which slice an identifier is: by `type`, else by `use`, else by what it holds.
fn kind_of(node: Node, master: Option<&UniqueId>) -> Kind {
    let value = node.str("value").unwrap_or_default();
    let uuid = strip_prefix_ignore_case(value, "urn:uuid:").is_some();
    let uri = matches!(node.str("system"), None | Some(URI));
    match type_code(node, IDENTIFIER_SLICES) {
        Some("uniqueId") => return Kind::Unique,
        Some("entryUUID") => return Kind::Entry,
        _ => {}
    }
    let same =
        master.is_some() && UniqueId::from_fhir(node.str("system"), value).ok().as_ref() == master;
    match node.str("use") {
        _ if same => Kind::Unique,
        Some("usual") => Kind::Unique,
        Some("official" | "old") if uri && uuid => Kind::Entry,
        None if uri && uuid && master.is_some() => Kind::Entry,
        None if uri && master.is_none() => Kind::Unique,
        _ => Kind::Other,
    }
}
