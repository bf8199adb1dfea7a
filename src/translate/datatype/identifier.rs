//! Identifier ↔ [`Identifier`] and [`UniqueId`].

use serde_json::Value;
use uuid::Uuid;

use super::coding;
use super::object::Object;
use super::urls::IDENTIFIER_SLICES;
use crate::dmp::code::system;
use crate::dmp::id::{Oid, Root, UniqueId, is_oid, strip_prefix_ignore_case};
use crate::dmp::person::Identifier;
use crate::error::Code;
use crate::translate::findings::{Findings, Weight, invalid};
use crate::translate::wire::Node;

/// The system of identifiers that are URIs.
pub(in crate::translate) const URI: &str = "urn:ietf:rfc:3986";

/// The slice of a unique id, as `use` and `type` tell it.
pub(in crate::translate) const UNIQUE_ID: &str = "uniqueId";

/// Systems that name national numbers without the type digit of PS_IdNat and Struct_IdNat: system, length, authority, type digit.
const BARE_NUMBERS: [(&str, usize, &str, char); 6] = [
    ("https://rpps.esante.gouv.fr", 11, system::PS_ID_NAT, '8'),
    ("https://adeli.esante.gouv.fr", 9, system::PS_ID_NAT, '0'),
    (
        "https://finess.esante.gouv.fr",
        9,
        system::STRUCT_ID_NAT,
        '1',
    ),
    ("https://sirene.fr", 9, system::STRUCT_ID_NAT, '2'),
    ("https://sirene.fr", 14, system::STRUCT_ID_NAT, '3'),
    ("http://finess.sante.gouv.fr", 9, system::STRUCT_ID_NAT, '1'),
];

/// `(system, value)` of an identifier; a root that identifies alone is a URI.
pub(in crate::translate) fn to_fhir(id: &Identifier) -> (String, String) {
    let root = if is_oid(&id.root) {
        format!("urn:oid:{}", id.root)
    } else if id.root.len() == 36 && Uuid::try_parse(&id.root).is_ok() {
        format!("urn:uuid:{}", id.root.to_ascii_lowercase())
    } else {
        id.root.clone()
    };
    match id.extension.is_empty() {
        true => (URI.to_owned(), root),
        false => (root, id.extension.clone()),
    }
}

/// The inverse of [`to_fhir`]; numbers of the national directories become PS_IdNat or Struct_IdNat.
pub(in crate::translate) fn from_fhir(system: Option<&str>, value: &str) -> Identifier {
    let number = BARE_NUMBERS
        .iter()
        .find(|(url, length, ..)| system == Some(url) && value.len() == *length);
    if let Some((_, _, authority, digit)) = number {
        return Identifier {
            root: (*authority).to_owned(),
            extension: format!("{digit}{value}"),
        };
    }
    let bare = |root: &str| {
        let uuid = strip_prefix_ignore_case(root, "urn:uuid:").map(str::to_ascii_lowercase);
        match root.parse::<Oid>() {
            Ok(oid) => oid.as_str().to_owned(),
            Err(_) => uuid.unwrap_or_else(|| root.to_owned()),
        }
    };
    match system {
        Some(URI) => Identifier {
            root: bare(value),
            extension: String::new(),
        },
        system => Identifier {
            root: system.map(bare).unwrap_or_default(),
            extension: value.to_owned(),
        },
    }
}

pub(in crate::translate) fn write(id: &Identifier) -> Value {
    let (system, value) = to_fhir(id);
    Object::new()
        .put("system", system)
        .put("value", value)
        .build()
}

/// Reads an Identifier; `use` and `type`, which the root implies or nothing keeps, are told.
pub(in crate::translate) fn read(
    node: Node,
    weight: Weight,
    found: &mut Findings,
) -> Option<Identifier> {
    found.labels(node, &["use", "type"]);
    read_typed(node, weight, found)
}

/// The same where `use` or `type` say something, which the caller reads.
pub(in crate::translate) fn read_typed(
    node: Node,
    weight: Weight,
    found: &mut Findings,
) -> Option<Identifier> {
    found.weigh_all(weight, node.only(&["use", "type", "system", "value"]));
    check_uris(node, found);
    match node.required("value") {
        Ok(value) => Some(from_fhir(
            node.str("system"),
            value.as_str().unwrap_or_default(),
        )),
        Err(issue) => {
            found.weigh(weight, issue);
            None
        }
    }
}

/// Reads the one identifier that the DMP keeps of several: that of the preferred authority, else the first. What the kept one
/// doesn't say too is told as lost.
pub(in crate::translate) fn read_one(
    parent: Node,
    preferred: &str,
    found: &mut Findings,
) -> Option<Identifier> {
    let mut read_all = Vec::new();
    for node in parent.items("identifier") {
        if let Some(id) = read(node, Weight::Detail, found) {
            read_all.push((node, id));
        }
    }
    let kept = read_all
        .iter()
        .find(|(_, id)| id.root == preferred)
        .or(read_all.first())?
        .1
        .clone();
    for (node, id) in &read_all {
        if *id != kept {
            found.tolerate(node.issue(Code::UnsupportedElement));
        }
    }
    Some(kept)
}

/// Reads a unique id: `urn:ietf:rfc:3986` with an OID or UUID, or an OID as system.
pub(in crate::translate) fn read_unique(node: Node, found: &mut Findings) -> Option<UniqueId> {
    found.weigh_all(Weight::Key, node.only(&["use", "type", "system", "value"]));
    check_uris(node, found);
    if let Some(kind) = node.get("type") {
        coding::one_code(kind, (IDENTIFIER_SLICES, UNIQUE_ID), found);
    }
    if node.str("use").is_some_and(|usage| usage != "usual") {
        found.labels(node, &["use"]);
    }
    let value = match node.required("value") {
        Ok(value) => value,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    match UniqueId::from_fhir(node.str("system"), value.as_str().unwrap_or_default()) {
        Ok(id) => Some(id),
        Err(_) => {
            let system = node.get("system").filter(|system| {
                let text = system.as_str().unwrap_or_default();
                text != URI && text.parse::<Root>().is_err()
            });
            found.refuse(invalid(
                system.unwrap_or(value).path(),
                "un OID ou un UUID est attendu",
                "an OID or a UUID is expected",
            ));
            None
        }
    }
}

/// An OID or a UUID is a URI with its prefix only, as system and as the value of a URI.
fn check_uris(node: Node, found: &mut Findings) {
    let is_uri = node.str("system") == Some(URI);
    for name in ["system", "value"] {
        let bare = |text: &str| {
            strip_prefix_ignore_case(text, "urn:").is_none() && text.parse::<Root>().is_ok()
        };
        if (name == "system" || is_uri) && node.str(name).is_some_and(bare) {
            found.tolerate(invalid(
                node.path_of(name),
                "une URI (urn:oid: ou urn:uuid:) est attendue",
                "a URI (urn:oid: or urn:uuid:) is expected",
            ));
        }
    }
}

/// The code of `Identifier.type` in one system.
pub(in crate::translate) fn type_code<'a>(node: Node<'a>, system: &str) -> Option<&'a str> {
    node.get("type")?
        .items("coding")
        .find(|coding| coding.str("system") == Some(system))?
        .str("code")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(root: &str, extension: &str) -> Identifier {
        Identifier {
            root: root.to_owned(),
            extension: extension.to_owned(),
        }
    }

    #[test]
    fn both_written_forms_are_inverse() {
        for id in [
            id("1.2.250.1.71.4.2.1", "899700218896"),
            id("1.2.3", ""),
            id("https://example.org/ipp", "42"),
            id("aaaaaaaa-0000-4000-8000-000000000001", ""),
            id("", "42"),
        ] {
            let (system, value) = to_fhir(&id);
            let system = (!system.is_empty()).then_some(system);
            assert_eq!(from_fhir(system.as_deref(), &value), id);
        }
    }

    #[test]
    fn directory_numbers_become_national_identifiers() {
        for (url, number, expected) in [
            (
                "https://rpps.esante.gouv.fr",
                "10101201234",
                id(system::PS_ID_NAT, "810101201234"),
            ),
            (
                "https://finess.esante.gouv.fr",
                "750100125",
                id(system::STRUCT_ID_NAT, "1750100125"),
            ),
            (
                "https://sirene.fr",
                "264403106",
                id(system::STRUCT_ID_NAT, "2264403106"),
            ),
            (
                "https://sirene.fr",
                "26440310600019",
                id(system::STRUCT_ID_NAT, "326440310600019"),
            ),
            (
                "https://rpps.esante.gouv.fr",
                "101",
                id("https://rpps.esante.gouv.fr", "101"),
            ),
        ] {
            assert_eq!(from_fhir(Some(url), number), expected);
        }
    }
}
