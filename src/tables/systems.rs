//! Code systems: one OID, one URL that we emit, several that we accept.

/// OID ↔ URL, with aliases.
#[derive(Debug)]
pub struct Systems {}

impl Systems {
    /// The OID (or the literal `URN`, `ASTM`) of a FHIR system: canonical, alias, or any `urn:oid:`.
    pub fn oid_of(&self, url: &str) -> Option<&str> {
        let _ = url;
        None
    }

    /// The FHIR URL that we emit for an OID: the canonical one of the table, else `urn:oid:…`.
    pub fn url_of(&self, oid: &str) -> String {
        format!("urn:oid:{oid}")
    }
}
