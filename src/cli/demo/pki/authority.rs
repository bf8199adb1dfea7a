//! Roots and issuing authorities, named as IGC-Santé names its own.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Name};

use super::der;
use super::issue;
use super::spec::Issuer;
use crate::dmp::context::Environment;

/// From four years ago to ten years from now.
const DAYS: (i64, i64) = (-1_461, 3_652);

/// An authority with its key.
#[derive(Clone)]
pub struct Authority {
    /// Its certificate.
    pub certificate: X509,
    /// Its key.
    pub key: PKey<Private>,
    /// Its name in file names and addresses.
    pub short_name: &'static str,
}

impl Issuer {
    /// The authorities that the demonstration's own server trusts.
    pub const TRUSTED: [Self; 3] = [
        Self::FortPersonnes,
        Self::StandardPersonnes,
        Self::ElementaireOrganisations,
    ];

    /// Every authority.
    pub const ALL: [Self; 5] = [
        Self::FortPersonnes,
        Self::StandardPersonnes,
        Self::ElementairePersonnes,
        Self::ElementaireOrganisations,
        Self::Legacy,
    ];

    /// The name in file names and addresses.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::FortPersonnes => "ACI-FO-PP",
            Self::StandardPersonnes => "ACI-ST-PP",
            Self::ElementairePersonnes => "ACI-EL-PP",
            Self::ElementaireOrganisations => "ACI-EL-ORG",
            Self::Legacy => "CLASSE-1",
        }
    }

    fn common_name(self) -> &'static str {
        match self {
            Self::FortPersonnes => "AC IGC-SANTE FORT PERSONNES",
            Self::StandardPersonnes => "AC IGC-SANTE STANDARD PERSONNES",
            Self::ElementairePersonnes => "AC IGC-SANTE ELEMENTAIRE PERSONNES",
            Self::ElementaireOrganisations => "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS",
            Self::Legacy => "CLASSE-1",
        }
    }

    /// The CN of the root above it.
    pub(super) fn root_name(self) -> &'static str {
        match self {
            Self::FortPersonnes | Self::Legacy => "AC RACINE IGC-SANTE FORT",
            Self::StandardPersonnes => "AC RACINE IGC-SANTE STANDARD",
            Self::ElementairePersonnes | Self::ElementaireOrganisations => {
                "AC RACINE IGC-SANTE ELEMENTAIRE"
            }
        }
    }
}

/// A self-signed root.
pub(super) fn root(
    common_name: &'static str,
    environment: Environment,
    key: PKey<Private>,
) -> Result<Authority, ErrorStack> {
    let name = name(common_name, environment)?;
    let certificate = authority(&name, None, &key)?;
    Ok(Authority {
        certificate,
        key,
        short_name: "ACR",
    })
}

/// An issuing authority under a root.
pub(super) fn issuing(
    issuer: Issuer,
    environment: Environment,
    root: &Authority,
    key: PKey<Private>,
) -> Result<Authority, ErrorStack> {
    let name = name(issuer.common_name(), environment)?;
    let certificate = authority(&name, Some(root), &key)?;
    Ok(Authority {
        certificate,
        key,
        short_name: issuer.short_name(),
    })
}

fn authority(
    name: &X509Name,
    root: Option<&Authority>,
    key: &PKey<Private>,
) -> Result<X509, ErrorStack> {
    let issuer_name = match root {
        Some(root) => root.certificate.subject_name(),
        None => name,
    };
    let mut builder = issue::begin(name, issuer_name, key, DAYS)?;
    let mut constraints = BasicConstraints::new();
    constraints.critical().ca();
    if root.is_some() {
        constraints.pathlen(0);
    }
    builder.append_extension(constraints.build()?)?;
    let usage = KeyUsage::new()
        .critical()
        .key_cert_sign()
        .crl_sign()
        .build()?;
    builder.append_extension(usage)?;
    let ski = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(ski)?;
    if let Some(root) = root {
        let context = builder.x509v3_context(Some(&root.certificate), None);
        let aki = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(aki)?;
    }
    builder.sign(root.map_or(key, |root| &root.key), MessageDigest::sha256())?;
    Ok(builder.build())
}

fn name(common_name: &str, environment: Environment) -> Result<X509Name, ErrorStack> {
    let (prefix, unit) = match environment {
        Environment::Test => ("TEST ", "IGC-SANTE TEST"),
        Environment::Production => ("", "IGC-SANTE"),
    };
    let utf8 = |oid, value: &str| vec![(oid, der::UTF8, value.as_bytes().to_vec())];
    X509Name::from_der(&der::name(&[
        vec![("2.5.4.6", der::PRINTABLE, b"FR".to_vec())],
        utf8("2.5.4.10", "PASSERELLE-DEMO"),
        utf8("2.5.4.11", "0002 000000000"),
        utf8("2.5.4.11", unit),
        utf8("2.5.4.3", &format!("{prefix}{common_name}")),
    ]))
}
