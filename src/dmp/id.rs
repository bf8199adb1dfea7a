//! Object identifiers: OID, UUID and the unique id of a document (XDS `uniqueId`, CDA `ClinicalDocument/id`).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A text that is not the identifier it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct BadId {
    /// What was expected: `OID`, `UUID`, `unique id`, `PS_IdNat`, `Struct_IdNat`, `INS`.
    pub kind: &'static str,
}

/// An ISO object identifier in dotted form, at most 128 characters.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Oid(String);

impl Oid {
    /// The dotted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that FHIR uses, `urn:oid:…`.
    pub fn urn(&self) -> String {
        format!("urn:oid:{}", self.0)
    }
}

impl FromStr for Oid {
    type Err = BadId;

    /// Reads `1.2.3` or `urn:oid:1.2.3`.
    fn from_str(text: &str) -> Result<Self, BadId> {
        let dotted = strip_prefix_ignore_case(text, "urn:oid:").unwrap_or(text);
        if is_oid(dotted) {
            Ok(Self(dotted.to_owned()))
        } else {
            Err(BadId { kind: "OID" })
        }
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// True for `0`, `1.2`, `2.16.840.1`: first arc 0..2, no leading zero, no empty arc.
pub fn is_oid(text: &str) -> bool {
    let mut arcs = 0;
    let well_formed = text.split('.').all(|arc| {
        arcs += 1;
        !arc.is_empty()
            && arc.bytes().all(|b| b.is_ascii_digit())
            && (arc.len() == 1 || !arc.starts_with('0'))
    });
    well_formed && arcs >= 2 && text.len() <= 128 && matches!(text.as_bytes()[0], b'0'..=b'2')
}

/// `strip_prefix` that ignores ASCII case, for URN prefixes.
pub fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    match text.get(..prefix.len()) {
        Some(head) if head.eq_ignore_ascii_case(prefix) => Some(&text[prefix.len()..]),
        _ => None,
    }
}

/// The root of an HL7 instance identifier: an OID or a UUID (lower case).
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Root {
    /// A dotted OID.
    Oid(Oid),
    /// A UUID.
    Uuid(Uuid),
}

impl Root {
    /// The URN that FHIR uses for this root.
    pub fn urn(&self) -> String {
        match self {
            Self::Oid(oid) => oid.urn(),
            Self::Uuid(uuid) => format!("urn:uuid:{uuid}"),
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oid(oid) => oid.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
        }
    }
}

impl FromStr for Root {
    type Err = BadId;

    /// Reads an OID or a UUID, bare or as `urn:oid:` / `urn:uuid:`.
    fn from_str(text: &str) -> Result<Self, BadId> {
        if let Ok(oid) = text.parse::<Oid>() {
            return Ok(Self::Oid(oid));
        }
        let bare = strip_prefix_ignore_case(text, "urn:uuid:").unwrap_or(text);
        if bare.len() != 36 {
            return Err(BadId { kind: "unique id" });
        }
        Uuid::try_parse(bare)
            .map(Self::Uuid)
            .map_err(|_| BadId { kind: "unique id" })
    }
}

/// The unique id of a document or of a submission: `root` or `root^extension` (XDS `uniqueId`).
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct UniqueId {
    /// `id/@root`.
    pub root: Root,
    /// `id/@extension`.
    pub extension: Option<String>,
}

impl UniqueId {
    /// A new unique id under the UUID arc of OIDs (`2.25.<uuid as integer>`).
    pub fn generate() -> Self {
        let oid = Oid(format!("2.25.{}", Uuid::new_v4().as_u128()));
        Self {
            root: Root::Oid(oid),
            extension: None,
        }
    }

    /// The unique id that these bytes stand for, always the same, under the UUID arc of OIDs.
    pub fn derived(digest: [u8; 16]) -> Self {
        let uuid = uuid::Builder::from_custom_bytes(digest).into_uuid();
        Self {
            root: Root::Oid(Oid(format!("2.25.{}", uuid.as_u128()))),
            extension: None,
        }
    }

    /// True when it is this UUID and nothing else.
    pub fn is_uuid(&self, uuid: Uuid) -> bool {
        self.root == Root::Uuid(uuid) && self.extension.is_none()
    }

    /// The FHIR Identifier `(system, value)`; the inverse is [`UniqueId::from_fhir`].
    pub fn to_fhir(&self) -> (String, String) {
        match &self.extension {
            None => ("urn:ietf:rfc:3986".to_owned(), self.root.urn()),
            Some(extension) => (self.root.urn(), extension.clone()),
        }
    }

    /// Reads a FHIR Identifier: `urn:ietf:rfc:3986` with a URN, or a root as system with the extension as value.
    pub fn from_fhir(system: Option<&str>, value: &str) -> Result<Self, BadId> {
        match system {
            None | Some("urn:ietf:rfc:3986") => Ok(Self {
                root: value.parse()?,
                extension: None,
            }),
            Some(root) if !value.is_empty() && !value.contains('^') => Ok(Self {
                root: root.parse()?,
                extension: Some(value.to_owned()),
            }),
            Some(_) => Err(BadId { kind: "unique id" }),
        }
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.extension {
            None => self.root.fmt(f),
            Some(extension) => write!(f, "{}^{extension}", self.root),
        }
    }
}

impl FromStr for UniqueId {
    type Err = BadId;

    /// Reads `root` or `root^extension`.
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (root, extension) = match text.split_once('^') {
            Some((_, "")) => return Err(BadId { kind: "unique id" }),
            Some((root, extension)) => (root, Some(extension.to_owned())),
            None => (text, None),
        };
        Ok(Self {
            root: root.parse()?,
            extension,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_are_checked_arc_by_arc() {
        for good in [
            "1.2.250.1.213",
            "2.16.840.1.113883",
            "0.4.0.127",
            "urn:oid:1.2",
        ] {
            assert!(good.parse::<Oid>().is_ok(), "{good}");
        }
        for bad in ["", "1", "3.1", "1..2", "1.02", "1.2.", "1.2a", "urn:oid:"] {
            assert!(bad.parse::<Oid>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_unique_id_survives_both_written_forms() {
        for text in [
            "1.2.3.4",
            "1.2.3^ABC/1",
            "aaaaaaaa-0000-4000-8000-000000000001",
        ] {
            let id: UniqueId = text.parse().expect(text);
            assert_eq!(id.to_string(), text);
            let (system, value) = id.to_fhir();
            assert_eq!(UniqueId::from_fhir(Some(&system), &value), Ok(id));
        }
    }

    #[test]
    fn a_uuid_never_becomes_an_oid() {
        let id: UniqueId = "AAAAAAAA-0000-4000-8000-000000000001"
            .parse()
            .expect("uuid");
        assert_eq!(
            id.to_fhir().1,
            "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001"
        );
    }
}
