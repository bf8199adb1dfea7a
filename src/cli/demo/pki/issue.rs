//! Certificates and CRLs, signed.

use openssl::asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, CrlNumber, ExtendedKeyUsage, KeyUsage,
    SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{
    X509, X509Builder, X509Crl, X509CrlBuilder, X509Extension, X509Name, X509NameRef,
    X509RevokedBuilder,
};

use super::authority::Authority;
use super::der;
use super::spec::{Attribute, CardSpec, Issuer, Strings, Usage};

const DAY: i64 = 86_400;
/// What every certificate of the test ranges names as its policy.
const POLICY: &str = "1.2.250.1.213.1.7.2.1.1.1.1";
/// Where its texts and lists would be; the name exists nowhere.
const BASE: &str = "http://igc-sante.demo.invalid";

/// A certificate with its key.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: X509,
    /// Its key.
    pub key: PKey<Private>,
}

/// A fresh RSA key of the size that cards hold.
pub fn key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(2048)?)
}

/// That many seconds from now.
pub(super) fn moment(seconds: i64) -> Result<Asn1Time, ErrorStack> {
    Asn1Time::from_unix(jiff::Timestamp::now().as_second().saturating_add(seconds))
}

/// Everything of a certificate but its extensions.
pub(super) fn begin(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKey<Private>,
    days: (i64, i64),
) -> Result<X509Builder, ErrorStack> {
    let mut serial = BigNum::new()?;
    serial.rand(120, MsbOption::ONE, false)?;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    builder.set_serial_number(Asn1Integer::from_bn(&serial)?.as_ref())?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(moment(days.0 * DAY)?.as_ref())?;
    builder.set_not_after(moment(days.1 * DAY)?.as_ref())?;
    Ok(builder)
}

/// Signs what a spec asks for.
pub(super) fn certificate(
    spec: &CardSpec,
    authority: &Authority,
    key: &PKey<Private>,
) -> Result<X509, ErrorStack> {
    let issuer = authority.certificate.subject_name();
    let subject = X509Name::from_der(&subject(spec))?;
    let mut builder = begin(&subject, issuer, key, spec.days)?;
    builder.append_extension(BasicConstraints::new().build()?)?;
    let context = builder.x509v3_context(Some(&authority.certificate), None);
    let ski = SubjectKeyIdentifier::new().build(&context)?;
    let aki = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
    let hosts = hosts(spec).map(|names| names.build(&context)).transpose()?;
    builder.append_extension(ski)?;
    builder.append_extension(aki)?;
    for extension in usages(spec.usage)?.into_iter().chain(hosts) {
        builder.append_extension(extension)?;
    }
    for (oid, value) in private(spec).into_iter().chain(addresses(authority)) {
        builder.append_extension(extension(oid, &value)?)?;
    }
    if spec.usage == Usage::CardAuthentication
        && let Some(name) = common_name(spec)
    {
        let principal = der::principal_name(&format!("{name}@carte-cps.fr"));
        builder.append_extension(extension("2.5.29.17", &principal)?)?;
    }
    builder.sign(&authority.key, digest(spec.issuer))?;
    Ok(builder.build())
}

/// A CRL of that authority, valid from an hour ago until `next_update` seconds from now.
pub(super) fn crl(
    authority: &Authority,
    number: u32,
    revoked: &[Vec<u8>],
    (this_update, next_update): (i64, i64),
) -> Result<X509Crl, ErrorStack> {
    let mut builder = X509CrlBuilder::new()?;
    builder.set_issuer_name(authority.certificate.subject_name())?;
    builder.set_last_update(moment(this_update)?.as_ref())?;
    builder.set_next_update(moment(next_update)?.as_ref())?;
    let context_holder = X509Builder::new()?;
    let context = context_holder.x509v3_context(Some(&authority.certificate), None);
    builder.append_extension(AuthorityKeyIdentifier::new().keyid(true).build(&context)?)?;
    builder.append_extension(CrlNumber::new(BigNum::from_u32(number)?)?.build()?)?;
    for serial in revoked {
        let mut entry = X509RevokedBuilder::new()?;
        let serial = Asn1Integer::from_bn(BigNum::from_slice(serial)?.as_ref())?;
        entry.set_serial_number(&serial)?;
        entry.set_revocation_date(moment(this_update)?.as_ref())?;
        builder.add_revoked(entry.build())?;
    }
    builder.sort()?;
    builder.sign(&authority.key, MessageDigest::sha256())?;
    builder.build()
}

/// An extension that is not critical.
pub(super) fn extension(oid: &str, value: &[u8]) -> Result<X509Extension, ErrorStack> {
    let oid = Asn1Object::from_str(oid)?;
    X509Extension::new_from_der(
        &oid,
        false,
        Asn1OctetString::new_from_bytes(value)?.as_ref(),
    )
}

fn digest(issuer: Issuer) -> MessageDigest {
    match issuer {
        Issuer::Legacy => MessageDigest::sha1(),
        _ => MessageDigest::sha256(),
    }
}

fn subject(spec: &CardSpec) -> Vec<u8> {
    let mut rdns = vec![vec![("2.5.4.6", der::PRINTABLE, b"FR".to_vec())]];
    for group in &spec.subject {
        let parts = group.iter().map(|(attribute, value)| {
            let (tag, value) = match spec.strings {
                Strings::Utf8 => (der::UTF8, value.clone().into_bytes()),
                Strings::Latin1 => (
                    der::T61,
                    value
                        .chars()
                        .map(|c| u8::try_from(c).unwrap_or(b'?'))
                        .collect(),
                ),
            };
            (attribute_oid(*attribute), tag, value)
        });
        rdns.push(parts.collect());
    }
    der::name(&rdns)
}

fn attribute_oid(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Department => "2.5.4.8",
        Attribute::Organization => "2.5.4.10",
        Attribute::Unit => "2.5.4.11",
        Attribute::Title => "2.5.4.12",
        Attribute::Pseudonym => "2.5.4.65",
        Attribute::GivenName => "2.5.4.42",
        Attribute::Surname => "2.5.4.4",
        Attribute::CommonName => "2.5.4.3",
    }
}

fn common_name(spec: &CardSpec) -> Option<&str> {
    spec.subject
        .iter()
        .flatten()
        .find(|(attribute, _)| *attribute == Attribute::CommonName)
        .map(|(_, value)| value.as_str())
}

fn usages(usage: Usage) -> Result<[X509Extension; 2], ErrorStack> {
    let mut key = KeyUsage::new();
    let mut extended = ExtendedKeyUsage::new();
    key.critical();
    match usage {
        Usage::CardAuthentication => {
            key.digital_signature();
            extended.client_auth().other("1.3.6.1.4.1.311.20.2.2");
        }
        Usage::CardSignature => {
            key.non_repudiation();
            extended.email_protection();
        }
        Usage::Client => {
            key.digital_signature();
            extended.client_auth();
        }
        Usage::Seal => {
            key.digital_signature().non_repudiation();
            extended.email_protection();
        }
        Usage::Server => {
            key.digital_signature().key_encipherment();
            extended.server_auth();
        }
        Usage::ServerAndClient => {
            key.digital_signature().key_encipherment();
            extended.server_auth().client_auth();
        }
        Usage::Agreement => {
            key.key_agreement();
            extended.client_auth();
        }
    }
    Ok([key.build()?, extended.build()?])
}

fn hosts(spec: &CardSpec) -> Option<SubjectAlternativeName> {
    if spec.hosts.is_empty() {
        return None;
    }
    let mut names = SubjectAlternativeName::new();
    for host in &spec.hosts {
        match host.parse::<std::net::IpAddr>() {
            Ok(_) => names.ip(host),
            Err(_) => names.dns(host),
        };
    }
    Some(names)
}

/// The extensions of the GIP-CPS arc.
fn private(spec: &CardSpec) -> Vec<(&'static str, Vec<u8>)> {
    let integer = |value: Option<u8>| value.map(der::integer);
    let card_id = spec
        .card_number
        .as_ref()
        .map(|number| der::tlv(der::PRINTABLE, format!("8025000001/{number}").as_bytes()));
    let specialities: Vec<Vec<u8>> = spec
        .specialities
        .iter()
        .map(|speciality| der::tlv(der::UTF8, speciality.as_bytes()))
        .collect();
    let values = [
        (
            "1.2.250.1.71.1.2.5",
            spec.category
                .map(|category| der::tlv(der::OCTETS, &[category])),
        ),
        ("1.2.250.1.71.1.2.2", integer(spec.card_type)),
        ("1.2.250.1.71.1.2.3", card_id),
        ("1.2.250.1.71.1.2.7", integer(spec.profession)),
        ("1.2.250.1.71.1.2.8", integer(spec.training)),
        (
            "1.2.250.1.71.4.2.5",
            (!specialities.is_empty()).then(|| der::sequence(&specialities)),
        ),
    ];
    values
        .into_iter()
        .filter_map(|(oid, value)| value.map(|value| (oid, value)))
        .collect()
}

/// Policy, CRLs and OCSP, where the real ones name theirs.
fn addresses(authority: &Authority) -> Vec<(&'static str, Vec<u8>)> {
    let short = authority.short_name;
    let http = format!("{BASE}/CRL/{short}.crl");
    let ldap = format!(
        "ldap://annuaire-igc.demo.invalid/cn={short}?certificaterevocationlist;binary?base?objectClass=pkiCA"
    );
    let delta = ldap.replace("certificaterevocationlist", "deltarevocationlist");
    let issuer = format!("{BASE}/AC/{short}.cer");
    vec![
        (
            "2.5.29.32",
            der::policies(POLICY, &format!("{BASE}/PC%20TEST")),
        ),
        ("2.5.29.31", der::distribution_points(&[&http, &ldap])),
        ("2.5.29.46", der::distribution_points(&[&delta])),
        (
            "1.3.6.1.5.5.7.1.1",
            der::authority_access(&[
                ("1.3.6.1.5.5.7.48.1", "http://ocsp.demo.invalid"),
                ("1.3.6.1.5.5.7.48.2", &issuer),
            ]),
        ),
    ]
}
