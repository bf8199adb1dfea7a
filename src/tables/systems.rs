//! Code systems: one OID, one URL that we emit, several that we accept.

use std::collections::HashMap;

use serde::Deserialize;

use super::files::Files;
use super::sheet::{Problems, Sheet};
use crate::dmp::id::{is_oid, strip_prefix_ignore_case};

/// The coding schemes that XDS writes as words.
const LITERALS: [&str; 2] = ["URN", "ASTM"];

/// OID ↔ URL, with aliases.
#[derive(Debug)]
pub struct Systems {
    oid_by_url: HashMap<String, String>,
    url_by_oid: HashMap<String, String>,
}

#[derive(Deserialize)]
struct System {
    oid: String,
    url: String,
}

#[derive(Deserialize)]
struct Alias {
    url: String,
    oid: String,
}

impl Systems {
    pub(super) fn read(files: &Files, problems: &mut Problems) -> Self {
        let mut systems = Self {
            oid_by_url: HashMap::new(),
            url_by_oid: HashMap::new(),
        };
        let text = files.get("systems.csv");
        let sheet = Sheet::read(&text.file, &text.text, problems);
        for (line, row) in sheet.rows_as::<System>(&["oid", "url", "name"], problems) {
            if !is_oid(&row.oid) && !LITERALS.contains(&row.oid.as_str()) {
                problems.at(&text.file, line, format!("\"{}\" is not an OID", row.oid));
            } else if systems
                .url_by_oid
                .insert(row.oid.clone(), row.url.clone())
                .is_some()
            {
                problems.at(&text.file, line, format!("{} is there twice", row.oid));
            }
            systems.accept(row.url, row.oid, &text.file, line, problems);
        }
        let text = files.get("system-aliases.csv");
        let sheet = Sheet::read(&text.file, &text.text, problems);
        for (line, row) in sheet.rows_as::<Alias>(&["url", "oid", "seen"], problems) {
            if !systems.url_by_oid.contains_key(&row.oid) {
                let what = format!("{} has no row in systems.csv", row.oid);
                problems.at(&text.file, line, what);
            }
            systems.accept(row.url, row.oid, &text.file, line, problems);
        }
        systems
    }

    fn accept(&mut self, url: String, oid: String, file: &str, line: u64, problems: &mut Problems) {
        if url.is_empty() {
            return;
        }
        if self.oid_by_url.contains_key(&url) {
            problems.at(file, line, format!("{url} is there twice"));
        }
        self.oid_by_url.insert(url, oid);
    }

    /// The OID (or the literal `URN`, `ASTM`) of a FHIR system: canonical, alias, either of them with the other of http and https,
    /// or any `urn:oid:`.
    pub fn oid_of<'a>(&'a self, url: &'a str) -> Option<&'a str> {
        if let Some(oid) = self.oid_by_url.get(url) {
            return Some(oid);
        }
        if let Some(oid) = strip_prefix_ignore_case(url, "urn:oid:") {
            // NOS itself publishes urn:oid:URN and urn:oid:ASTM.
            return (is_oid(oid) || LITERALS.contains(&oid)).then_some(oid);
        }
        let other = match url.strip_prefix("https://") {
            Some(rest) => format!("http://{rest}"),
            None => format!("https://{}", url.strip_prefix("http://")?),
        };
        self.oid_by_url.get(&other).map(String::as_str)
    }

    /// The FHIR URL that we emit for an OID: the canonical one of the table, else `urn:oid:…`.
    pub fn url_of(&self, oid: &str) -> String {
        match self.url_by_oid.get(oid) {
            Some(url) if !url.is_empty() => url.clone(),
            _ => format!("urn:oid:{oid}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tables::Tables;

    const CONFIDENTIALITY: &str =
        "https://mos.esante.gouv.fr/NOS/TRE_A08-HL7Confidentiality/FHIR/TRE-A08-HL7Confidentiality";

    #[test]
    fn several_urls_are_read_and_one_is_written() {
        let systems = Tables::built_in().systems;
        for url in [
            CONFIDENTIALITY,
            "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
            "https://terminology.hl7.org/CodeSystem/v3-Confidentiality",
            "urn:oid:2.16.840.1.113883.5.25",
            "URN:OID:2.16.840.1.113883.5.25",
        ] {
            assert_eq!(systems.oid_of(url), Some("2.16.840.1.113883.5.25"), "{url}");
        }
        assert_eq!(systems.url_of("2.16.840.1.113883.5.25"), CONFIDENTIALITY);
        for (name, oid) in [
            ("ccam", "1.2.250.1.213.2.5"),
            ("cim-10", "2.16.840.1.113883.6.3"),
        ] {
            let url = format!("https://smt.esante.gouv.fr/terminologie-{name}");
            assert_eq!(systems.oid_of(&url), Some(oid), "{url}");
        }
    }

    #[test]
    fn an_oid_without_row_passes_as_it_is() {
        let systems = Tables::built_in().systems;
        assert_eq!(systems.oid_of("urn:oid:1.2.3.4"), Some("1.2.3.4"));
        assert_eq!(systems.url_of("1.2.3.4"), "urn:oid:1.2.3.4");
        assert_eq!(
            systems.url_of("1.2.250.1.213.2.5"),
            "urn:oid:1.2.250.1.213.2.5",
            "CCAM has a row and no URL"
        );
    }

    #[test]
    fn words_stand_for_an_oid_where_nos_says_so() {
        let systems = Tables::built_in().systems;
        for word in ["URN", "ASTM"] {
            assert_eq!(systems.oid_of(&format!("urn:oid:{word}")), Some(word));
            assert_eq!(systems.oid_of(&systems.url_of(word)), Some(word));
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        let systems = Tables::built_in().systems;
        for url in [
            "",
            "http://",
            "https://x",
            "urn:oid:",
            "urn:oid:1..2",
            "1.2.3",
            "URN",
            "é",
        ] {
            assert_eq!(systems.oid_of(url), None, "{url}");
        }
    }
}
