//! `masterIdentifier` and the slices of `identifier`: MHD tells them apart by `use` up to 4.2.3 and by `type` from 4.2.4 on.

use serde_json::Value;
use uuid::Uuid;

use super::super::datatype::identifier::{self, UNIQUE_ID, URI, type_code};
use super::super::datatype::object::Object;
use super::super::datatype::urls::IDENTIFIER_SLICES;
use super::super::findings::{Findings, invalid};
use super::super::wire::Node;
use crate::dmp::document::DocumentEntry;
use crate::dmp::id::{UniqueId, strip_prefix_ignore_case};
use crate::error::{Code, Issue};

pub(super) fn write_master(unique_id: &UniqueId) -> Value {
    slice("usual", UNIQUE_ID, unique_id.to_fhir())
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
            Kind::Entry => {
                check_entry(node, found);
                found.ignored(node.path());
            }
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

/// What MHD's UniqueIdIdentifier asks for beyond a value: `use` (or, from 4.2.4 on, `type`) and `system`.
pub(in crate::translate) fn check_unique(node: Node, found: &mut Findings) {
    let by_type = type_code(node, IDENTIFIER_SLICES) == Some(UNIQUE_ID);
    match node.get("use") {
        _ if by_type => {}
        Some(usage) if usage.as_str() == Some("usual") => {}
        Some(usage) => found.tolerate(invalid(
            usage.path(),
            "usual est attendu",
            "usual is expected",
        )),
        None => found.tolerate(missing(node, "use")),
    }
    if node.get("system").is_none() {
        found.tolerate(missing(node, "system"));
    }
}

/// MHD's SubmissionSetUniqueIdIdentifier, as the slice `uniqueId` of a submission set: an OID.
pub(in crate::translate) fn check_set_identifiers(resource: Node, found: &mut Findings) {
    for node in resource.items("identifier") {
        let by_type = type_code(node, IDENTIFIER_SLICES) == Some(UNIQUE_ID);
        if !by_type && node.str("use") != Some("usual") {
            continue;
        }
        check_unique(node, found);
        if let Some(system) = node.get("system")
            && system.as_str() != Some(URI)
        {
            found.tolerate(invalid(
                system.path(),
                "urn:ietf:rfc:3986 est attendu",
                "urn:ietf:rfc:3986 is expected",
            ));
        } else if let Some(value) = node.get("value")
            && !value
                .as_str()
                .is_some_and(|text| text.starts_with("urn:oid:"))
        {
            found.tolerate(invalid(
                value.path(),
                "un OID (urn:oid:) est attendu",
                "an OID (urn:oid:) is expected",
            ));
        }
    }
}

/// MHD's EntryUUIDIdentifier.
fn check_entry(node: Node, found: &mut Findings) {
    let sliced =
        type_code(node, IDENTIFIER_SLICES).is_some() || node.str("use") == Some("official");
    if sliced && node.get("system").is_none() {
        found.tolerate(missing(node, "system"));
    }
    let value = node.str("value").unwrap_or_default();
    if sliced && strip_prefix_ignore_case(value, "urn:uuid:").is_none() {
        found.tolerate(invalid(
            node.path_of("value"),
            "un UUID (urn:uuid:) est attendu",
            "a UUID (urn:uuid:) is expected",
        ));
    }
}

fn missing(node: Node, name: &str) -> Issue {
    Issue::new(Code::ElementRequired).at(node.path_of(name))
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
        Some(UNIQUE_ID) => return Kind::Unique,
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
