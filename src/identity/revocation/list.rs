//! One CRL: read, verified, and reduced to what is asked of it.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use openssl::x509::X509Crl;
use x509_parser::der_parser::oid;
use x509_parser::extensions::ParsedExtension;
use x509_parser::num_bigint::BigUint;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::identity::authority::{Authorities, Authority};
use crate::identity::card::trim_serial;

const AUTHORITY_KEY: Oid<'static> = oid!(2.5.29.35);
const FRESHEST_CRL: Oid<'static> = oid!(2.5.29.46);
/// How far a clock may be behind the authority's.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What one authority revokes.
#[derive(Debug)]
pub(super) struct List {
    /// Subject of the authority, DER.
    pub(super) issuer: Vec<u8>,
    /// Its CN.
    pub(super) authority: String,
    /// When a newer one is due.
    pub(super) next_update: Timestamp,
    this_update: Timestamp,
    number: Option<BigUint>,
    revoked: HashSet<Box<[u8]>>,
}

impl List {
    /// Reads a CRL and checks its signature by one of the authorities; None when its issuer is not among them.
    pub(super) fn read(der: &[u8], authorities: &Authorities) -> Result<Option<Self>, String> {
        let Ok((rest, crl)) = CertificateRevocationList::from_der(der) else {
            return Err("holds something that is no CRL".into());
        };
        if !rest.is_empty() {
            return Err("holds bytes behind the CRL".into());
        }
        let issuer = crl.issuer().as_raw();
        let named: Vec<&Authority> = authorities
            .iter()
            .filter(|authority| authority.subject == issuer)
            .map(AsRef::as_ref)
            .collect();
        let Some(authority) = named.first() else {
            return Ok(None);
        };
        let name = &authority.name;
        if !signed_by_one(der, &named) {
            return Err(format!("the signature of the CRL of {name} is wrong"));
        }
        complete(&crl).map_err(|problem| format!("the CRL of {name} {problem}"))?;
        let this_update = instant(crl.last_update().timestamp())?;
        if this_update
            > Timestamp::now()
                .saturating_add(SKEW)
                .unwrap_or(Timestamp::MAX)
        {
            return Err(format!("the CRL of {name} is dated in the future"));
        }
        let next_update = crl
            .next_update()
            .ok_or_else(|| format!("the CRL of {name} has no nextUpdate"))?;
        Ok(Some(Self {
            issuer: issuer.to_vec(),
            authority: name.clone(),
            next_update: instant(next_update.timestamp())?,
            this_update,
            number: crl.crl_number().cloned(),
            revoked: crl
                .iter_revoked_certificates()
                .map(|entry| trim_serial(entry.raw_serial()).into())
                .collect(),
        }))
    }

    /// True when the certificate of that serial number is revoked.
    pub(super) fn revokes(&self, serial: &[u8]) -> bool {
        self.revoked.contains(serial)
    }

    /// How many certificates are revoked.
    pub(super) fn len(&self) -> usize {
        self.revoked.len()
    }

    /// By crlNumber where both have one, and by thisUpdate.
    pub(super) fn is_older_than(&self, other: &Self) -> bool {
        let by_number = match (&self.number, &other.number) {
            (Some(mine), Some(theirs)) => mine < theirs,
            _ => false,
        };
        by_number || self.this_update < other.this_update
    }
}

/// The CRLs of a file: one in DER, or several in PEM.
pub(super) fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes.to_vec()]);
    }
    let mut ders = Vec::new();
    for pem in x509_parser::pem::Pem::iter_from_buffer(bytes) {
        let pem = pem.map_err(|_| "holds a broken PEM block")?;
        if pem.label == "X509 CRL" {
            ders.push(pem.contents);
        }
    }
    if ders.is_empty() {
        Err("holds no CRL, neither PEM nor DER")
    } else {
        Ok(ders)
    }
}

/// An authority that renewed its key keeps its name: any of its keys may sign.
fn signed_by_one(der: &[u8], authorities: &[&Authority]) -> bool {
    let Ok(crl) = X509Crl::from_der(der) else {
        return false;
    };
    authorities.iter().any(|authority| {
        authority
            .certificate
            .public_key()
            .is_ok_and(|key| crl.verify(&key).unwrap_or(false))
    })
}

/// Refuses what would make the list say less than it seems to: deltas, partial and indirect CRLs, and unknown critical extensions.
fn complete(crl: &CertificateRevocationList<'_>) -> Result<(), &'static str> {
    for extension in crl.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::CRLNumber(_) | ParsedExtension::AuthorityKeyIdentifier(_) => {}
            ParsedExtension::IssuingDistributionPoint(point) => {
                let partial = point.only_contains_ca_certs
                    || point.only_contains_attribute_certs
                    || point.indirect_crl
                    || point.only_some_reasons.is_some();
                if partial {
                    return Err("is partial or indirect: fetch the complete one");
                }
            }
            _ if extension.oid == AUTHORITY_KEY || extension.oid == FRESHEST_CRL => {}
            _ if extension.critical => {
                return Err(
                    "is a delta, or has an unknown critical extension: fetch the complete one",
                );
            }
            _ => {}
        }
    }
    Ok(())
}

fn instant(seconds: i64) -> Result<Timestamp, String> {
    Timestamp::from_second(seconds).map_err(|_| "holds a date out of range".into())
}
