//! The extensions of a card: usages, and the private ones of the GIP-CPS arc 1.2.250.1.71.

use std::collections::HashSet;

use x509_parser::asn1_rs::{Any, FromDer, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::oid;
use x509_parser::extensions::{ExtendedKeyUsage, KeyUsage, ParsedExtension};
use x509_parser::oid_registry::Oid;

use super::Unreadable;
use super::text;

const CARD_TYPE: Oid<'static> = oid!(1.2.250.1.71.1.2.2);
const CARD_ID: Oid<'static> = oid!(1.2.250.1.71.1.2.3);
const CATEGORY: Oid<'static> = oid!(1.2.250.1.71.1.2.5);
const PROFESSION: Oid<'static> = oid!(1.2.250.1.71.1.2.7);
const TRAINING: Oid<'static> = oid!(1.2.250.1.71.1.2.8);
const SPECIALITIES: Oid<'static> = oid!(1.2.250.1.71.4.2.5);
const SMARTCARD_LOGON: Oid<'static> = oid!(1.3.6.1.4.1.311.20.2.2);

const MAX_EXTENSIONS: usize = 64;
const MAX_SPECIALITIES: usize = 16;

/// What the extensions of a leaf say.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    /// basicConstraints CA:TRUE.
    pub(super) authority: bool,
    /// keyUsage, then extendedKeyUsage.
    pub(super) usages: Vec<String>,
    /// gipCardType (TRE_G02).
    pub(super) card_type: Option<u32>,
    /// Issuer of the card, `/`, card number.
    pub(super) card_id: Option<String>,
    /// Category of the product (TRE_G01).
    pub(super) category: Option<u32>,
    /// Profession (TRE_G15).
    pub(super) profession: Option<u32>,
    /// Profession in training (TRE_G16).
    pub(super) training: Option<u32>,
    /// Specialities (TRE_R01).
    pub(super) specialities: Vec<String>,
}

impl Extensions {
    /// Reads them all; one that comes twice, or that doesn't hold what its OID promises, is refused.
    pub(super) fn read(certificate: &X509Certificate<'_>) -> Result<Self, Unreadable> {
        let mut read = Self::default();
        let mut extended = Vec::new();
        let mut seen = HashSet::new();
        if certificate.extensions().len() > MAX_EXTENSIONS {
            return Err(Unreadable::Certificate);
        }
        for extension in certificate.extensions() {
            let bad = || Unreadable::Extension(extension.oid.to_id_string());
            if !seen.insert(extension.oid.as_bytes()) {
                return Err(Unreadable::DuplicateExtension(extension.oid.to_id_string()));
            }
            let value = extension.value;
            match extension.parsed_extension() {
                ParsedExtension::KeyUsage(usage) => key_usages(usage, &mut read.usages),
                ParsedExtension::ExtendedKeyUsage(usage) => extended_usages(usage, &mut extended),
                ParsedExtension::BasicConstraints(constraints) => read.authority = constraints.ca,
                ParsedExtension::ParseError { .. } => return Err(bad()),
                _ if extension.oid == CARD_TYPE => {
                    read.card_type = Some(number(value).ok_or_else(bad)?);
                }
                _ if extension.oid == CATEGORY => {
                    read.category = Some(number(value).ok_or_else(bad)?);
                }
                _ if extension.oid == PROFESSION => {
                    read.profession = Some(number(value).ok_or_else(bad)?);
                }
                _ if extension.oid == TRAINING => {
                    read.training = Some(number(value).ok_or_else(bad)?);
                }
                _ if extension.oid == CARD_ID => {
                    read.card_id = Some(
                        whole(value)
                            .and_then(|any| text::decode(&any))
                            .ok_or_else(bad)?,
                    );
                }
                _ if extension.oid == SPECIALITIES => {
                    read.specialities = texts(value).ok_or_else(bad)?;
                }
                _ => {}
            }
        }
        read.usages.append(&mut extended);
        Ok(read)
    }
}

/// One DER value and nothing behind it.
fn whole(value: &[u8]) -> Option<Any<'_>> {
    match Any::from_der(value) {
        Ok(([], any)) => Some(any),
        _ => None,
    }
}

/// A small number, written as INTEGER or as the bytes of an OCTET STRING.
fn number(value: &[u8]) -> Option<u32> {
    let any = whole(value)?;
    match any.tag() {
        Tag::Integer => any.u32().ok(),
        Tag::OctetString if (1..=3).contains(&any.data.len()) => Some(
            any.data
                .iter()
                .fold(0, |number, byte| (number << 8) | u32::from(*byte)),
        ),
        _ => None,
    }
}

/// A SEQUENCE OF strings.
fn texts(value: &[u8]) -> Option<Vec<String>> {
    let sequence = whole(value).filter(|any| any.tag() == Tag::Sequence)?;
    let mut rest = sequence.data;
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let (after, any) = Any::from_der(rest).ok()?;
        texts.push(text::decode(&any)?);
        if texts.len() > MAX_SPECIALITIES {
            return None;
        }
        rest = after;
    }
    Some(texts)
}

fn key_usages(usage: &KeyUsage, into: &mut Vec<String>) {
    let named = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
    ];
    into.extend(
        named
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, name)| name.to_owned()),
    );
}

fn extended_usages(usage: &ExtendedKeyUsage<'_>, into: &mut Vec<String>) {
    let named = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    into.extend(
        named
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, name)| name.to_owned()),
    );
    into.extend(usage.other.iter().map(|oid| {
        if *oid == SMARTCARD_LOGON {
            "msSmartcardLogin".to_owned()
        } else {
            oid.to_id_string()
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_as_integer_or_octets() {
        assert_eq!(number(b"\x02\x01\x0a"), Some(10));
        assert_eq!(number(b"\x02\x02\x00\x80"), Some(128));
        assert_eq!(number(b"\x04\x01\x80"), Some(128));
        assert_eq!(number(b"\x04\x00"), None);
        assert_eq!(number(b"\x02\x01\xff"), None, "negative");
        assert_eq!(number(b"\x02\x01\x0a\x00"), None, "something behind");
        assert_eq!(number(b"\x0c\x01A"), None);
    }

    #[test]
    fn specialities_are_a_bounded_sequence_of_strings() {
        assert_eq!(
            texts(b"\x30\x06\x0c\x04SM26"),
            Some(vec!["SM26".to_owned()])
        );
        assert_eq!(texts(b"\x30\x00"), Some(vec![]));
        assert_eq!(texts(b"\x0c\x04SM26"), None);
        let many = [b"\x30\x33".as_slice(), &b"\x0c\x01A".repeat(17)].concat();
        assert_eq!(texts(&many), None);
    }
}
