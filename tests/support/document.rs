//! Small documents of our own, with what their headers say.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use passerelle::tables::Tables;
use passerelle::translate::cda::{metadata_json, read_header};
use serde_json::Value;

use super::bundle::{bundle_for, record_for, simplified_for};
use super::sample::Sample;

/// The product's own tables.
pub static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

/// Words of the documents that no log may repeat: patient, author, title, local number.
pub const SECRETS: [&str; 5] = [
    "ZZSECRET",
    "ZZUSED",
    "Anne Marie",
    "Compte rendu d’été",
    "IPP1",
];

/// The record of the documents that don't say otherwise.
pub const PATIENT: &str = "urn:oid:1.2.250.1.213.1.4.10|279035121518989";

/// Another person.
pub const OTHER: &str = "urn:oid:1.2.250.1.213.1.4.10|277076322082910";

/// A document and its header.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// `cda metadata` of it.
    pub header: Value,
}

impl Document {
    /// A new document, with an identifier of its own.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A new document that differs from the others.
    pub fn with(change: impl FnOnce(&mut Sample)) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut sample = Sample::default();
        sample.id = format!(r#"<id root="1.2.250.1.999.1.7.{number}"/>"#);
        // The organisation of the author, as the resource will say.
        sample.custodian = sample
            .custodian
            .replace("<name>Hôpital</name>", "<name>Hôpital de l’Essai</name>");
        change(&mut sample);
        Self::of(sample.xml().into_bytes())
    }

    /// These bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        let header = read_header(&bytes).expect("a header");
        Self {
            header: metadata_json(&header, &bytes, &TABLES),
            bytes,
        }
    }

    /// A document of a type (code, system OID).
    pub fn of_type(code: &str, system: &str) -> Self {
        Self::with(|sample| {
            sample.code = format!(r#"<code code="{code}" codeSystem="{system}"/>"#);
        })
    }

    /// A document for a person (`<system>|<INS>`).
    pub fn for_patient(patient: &str) -> Self {
        Self::with(|sample| set_patient(sample, patient))
    }

    /// A document that says that it replaces another.
    pub fn replacing(unique_id: &str) -> Self {
        Self::with(|sample| {
            sample.related = format!(
                r#"<relatedDocument typeCode="RPLC"><parentDocument><id root="{unique_id}"/></parentDocument></relatedDocument>"#
            );
        })
    }

    /// Its unique id.
    pub fn unique_id(&self) -> &str {
        self.header["unique_id"].as_str().expect("unique id")
    }

    /// The transaction that deposits it.
    pub fn bundle(&self) -> Value {
        bundle_for(&self.bytes, &self.header)
    }

    /// The DocumentReference that deposits it alone.
    pub fn simplified(&self) -> Value {
        simplified_for(&self.bytes, &self.header)
    }

    /// The operator's Patient for the person that it names.
    pub fn record(&self) -> (String, Value) {
        record_for(&self.header)
    }
}

/// Makes a document one about that person.
pub fn set_patient(sample: &mut Sample, patient: &str) {
    let (system, ins) = patient.split_once('|').expect("system|INS");
    let root = system.strip_prefix("urn:oid:").expect("OID");
    sample.patient_ids = format!(r#"<id root="{root}" extension="{ins}"/>"#);
}

/// A test INS with its key (`<system>|<INS>`), the n-th of a series.
pub fn ins(n: u64) -> String {
    let number = 2_790_763_220_000 + n;
    format!(
        "urn:oid:1.2.250.1.213.1.4.10|{number}{:02}",
        97 - number % 97
    )
}
