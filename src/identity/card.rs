//! Reading a certificate of IGC-Santé (or of the legacy authorities): who it names and what it may be used for.
//! No trust decision is made here.

mod extensions;
mod identity;
mod problem;
mod subject;
mod text;

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::oid;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;

use super::authority::{self, Range};
use crate::dmp::actor::{ActorId, Structure};
use crate::dmp::code::Code;
use crate::dmp::context::Environment;

pub use problem::Problem;
pub(super) use subject::common_name;
pub(super) use text::display;

/// RSA with SHA-1 (PKCS#1 and OIW), ECDSA with SHA-1.
const SHA1_SIGNATURES: [Oid<'static>; 3] = [
    oid!(1.2.840.113549.1.1.5),
    oid!(1.3.14.3.2.29),
    oid!(1.2.840.10045.4.1),
];

/// Largest certificate that is looked at.
const MAX_BYTES: usize = 64 * 1024;

/// Why a certificate cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No certificate, or not one that can be parsed.
    #[error("not a readable X.509 certificate")]
    Certificate,
    /// A subject attribute that is no text.
    #[error("subject attribute {0} is not a text")]
    Attribute(&'static str),
    /// A subject attribute that comes twice.
    #[error("subject attribute {0} comes twice")]
    DuplicateAttribute(&'static str),
    /// An extension that doesn't hold what its OID promises.
    #[error("extension {0} is malformed")]
    Extension(String),
    /// An extension that comes twice.
    #[error("extension {0} comes twice")]
    DuplicateExtension(String),
}

/// The kinds of certificates that IGC-Santé delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardKind {
    /// Card of a professional.
    Cps,
    /// Card of a professional in training.
    Cpf,
    /// Card of an employee.
    Cpe,
    /// Card of another staff.
    Cpa,
    /// Software certificate of a structure.
    Establishment,
    /// Certificate of a TLS server.
    Server,
    /// Software certificate of a person.
    PersonSoftware,
    /// Anything else, authorities included.
    Unknown,
}

impl CardKind {
    /// The name that `card inspect` prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cps => "cps",
            Self::Cpf => "cpf",
            Self::Cpe => "cpe",
            Self::Cpa => "cpa",
            Self::Establishment => "establishment",
            Self::Server => "server",
            Self::PersonSoftware => "person-software",
            Self::Unknown => "unknown",
        }
    }
}

/// What a certificate says.
#[derive(Debug, Clone)]
pub struct Card {
    /// Kind of card or certificate.
    pub kind: CardKind,
    /// Told by the category of the product, else by the name of the authority.
    pub environment: Option<Environment>,
    /// PS_IdNat of a person, Struct_IdNat of a structure.
    pub national_id: Option<ActorId>,
    /// Family name.
    pub family: Option<String>,
    /// Given names.
    pub given: Option<String>,
    /// Pseudonym of a non-nominative CPE.
    pub pseudonym: Option<String>,
    /// Title, in words.
    pub title: Option<String>,
    /// CN as it stands.
    pub common_name: Option<String>,
    /// TRE_G15 profession, or TRE_G16 for a CPF.
    pub profession: Option<Code>,
    /// Specialities (TRE_R01).
    pub specialities: Vec<String>,
    /// The structure of a CPE, CPA, establishment or server.
    pub structure: Option<Structure>,
    /// Number of the card.
    pub card_number: Option<String>,
    /// Issuer as people read it; never compared.
    pub issuer: String,
    /// Range of the issuer, told by its CN.
    pub range: Option<Range>,
    /// Serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// keyUsage, then extendedKeyUsage.
    pub usages: Vec<String>,
    /// What doesn't fit.
    pub problems: Vec<Problem>,
}

impl Card {
    /// Reads a DER certificate with nothing behind it.
    pub fn from_der(der: &[u8]) -> Result<Self, Unreadable> {
        if der.len() > MAX_BYTES {
            return Err(Unreadable::Certificate);
        }
        match X509Certificate::from_der(der) {
            Ok(([], certificate)) => Self::read(&certificate),
            _ => Err(Unreadable::Certificate),
        }
    }

    /// Reads the first certificate of a PEM file, or a DER one.
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.first() == Some(&0x30) {
            return Self::from_der(bytes);
        }
        let pem = x509_parser::pem::Pem::iter_from_buffer(bytes)
            .filter_map(Result::ok)
            .find(|pem| matches!(pem.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE"))
            .ok_or(Unreadable::Certificate)?;
        Self::from_der(&pem.contents)
    }

    /// True when the certificate carries that usage.
    pub fn has_usage(&self, usage: &str) -> bool {
        self.usages.iter().any(|known| known == usage)
    }

    /// The serial number in hexadecimal.
    pub fn serial_hex(&self) -> String {
        self.serial
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn read(certificate: &X509Certificate<'_>) -> Result<Self, Unreadable> {
        let extensions = extensions::Extensions::read(certificate)?;
        let issuer_name = common_name(certificate.issuer()).unwrap_or_default();
        let time = |at: x509_parser::time::ASN1Time| {
            Timestamp::from_second(at.timestamp()).map_err(|_| Unreadable::Certificate)
        };
        let mut card = Self {
            kind: CardKind::Unknown,
            environment: authority::environment(&issuer_name),
            national_id: None,
            family: None,
            given: None,
            pseudonym: None,
            title: None,
            common_name: None,
            profession: None,
            specialities: extensions.specialities.clone(),
            structure: None,
            card_number: None,
            issuer: display(certificate.issuer()),
            range: Range::from_common_name(&issuer_name),
            serial: trim_serial(certificate.tbs_certificate.raw_serial()).to_vec(),
            not_before: time(certificate.validity().not_before)?,
            not_after: time(certificate.validity().not_after)?,
            usages: extensions.usages.clone(),
            problems: Vec::new(),
        };
        if SHA1_SIGNATURES.contains(&certificate.signature_algorithm.algorithm) {
            card.problems.push(Problem::Sha1Authority);
        }
        // An authority names no holder, and may repeat OU.
        if extensions.authority {
            card.common_name = common_name(certificate.subject());
            return Ok(card);
        }
        let subject = subject::Subject::read(certificate.subject())?;
        card.identify(subject, extensions);
        Ok(card)
    }
}

/// A serial number without the zeros that DER puts in front, as CRLs and certificates are compared.
pub(super) fn trim_serial(raw: &[u8]) -> &[u8] {
    let zeros = raw.iter().take_while(|byte| **byte == 0).count();
    raw.get(zeros..).unwrap_or_default()
}
