//! What a certificate is to say. The demonstration's cards come from [`CardSpec::of`]; tests bend a field to make odd ones.

use crate::cli::demo::cards::{DemoCard, Standing};
use crate::dmp::actor::ActorKind;

/// The authorities of [`super::Pki`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Issuer {
    /// FORT PERSONNES: CPS and CPF.
    FortPersonnes,
    /// STANDARD PERSONNES: CPE.
    StandardPersonnes,
    /// ELEMENTAIRE PERSONNES: software certificates of persons.
    ElementairePersonnes,
    /// ELEMENTAIRE ORGANISATIONS: establishments and servers.
    ElementaireOrganisations,
    /// A legacy class that signs with SHA-1.
    Legacy,
}

/// What a certificate may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Authentication of a card: digitalSignature; clientAuth and smart card logon.
    CardAuthentication,
    /// Signature of a card: nonRepudiation; emailProtection.
    CardSignature,
    /// Establishment AUTH_CLI: digitalSignature; clientAuth.
    Client,
    /// Establishment SIGN: digitalSignature and nonRepudiation; emailProtection.
    Seal,
    /// Server: digitalSignature and keyEncipherment; serverAuth.
    Server,
    /// Server of the production range: serverAuth and clientAuth.
    ServerAndClient,
    /// clientAuth with keyAgreement alone, which OpenSSL lets pass.
    Agreement,
}

/// A subject attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// ST.
    Department,
    /// O.
    Organization,
    /// OU.
    Unit,
    /// title.
    Title,
    /// pseudonym.
    Pseudonym,
    /// GN.
    GivenName,
    /// SN.
    Surname,
    /// CN.
    CommonName,
}

/// How the subject's strings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strings {
    /// UTF8String, as IGC-Santé does.
    Utf8,
    /// T61String holding Latin-1, as the legacy cards do.
    Latin1,
}

/// One certificate to issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSpec {
    /// Who signs it.
    pub issuer: Issuer,
    /// RDNs behind `C=FR`; several attributes in one make a multi-valued RDN.
    pub subject: Vec<Vec<(Attribute, String)>>,
    /// How they are written.
    pub strings: Strings,
    /// Category of the product (TRE_G01): 0x80 test card, 0x83 test software; 0x00 and 0x03 in production.
    pub category: Option<u8>,
    /// gipCardType (TRE_G02).
    pub card_type: Option<u8>,
    /// Number of the card.
    pub card_number: Option<String>,
    /// TRE_G15.
    pub profession: Option<u8>,
    /// TRE_G16.
    pub training: Option<u8>,
    /// TRE_R01.
    pub specialities: Vec<String>,
    /// Usages.
    pub usage: Usage,
    /// DNS names and addresses of a server.
    pub hosts: Vec<String>,
    /// First and last day of validity, counted from today.
    pub days: (i64, i64),
}

impl CardSpec {
    /// The certificate of a demonstration card.
    pub fn of(card: &DemoCard) -> Self {
        let mut spec = match card.kind {
            ActorKind::Cpe => Self::employee(card),
            ActorKind::Establishment => {
                Self::establishment(card.structure.id, card.structure.name, card.family)
            }
            _ => Self::professional(card),
        };
        if card.kind == ActorKind::Establishment || card.kind == ActorKind::Cpe {
            let department = (Attribute::Department, card.structure.department.to_owned());
            spec.subject.insert(0, vec![department]);
        }
        if card.standing == Standing::Expired {
            spec.days = (-1100, -5);
        }
        spec
    }

    /// AUTH_CLI of a structure.
    pub fn establishment(id: &str, name: &str, application: &str) -> Self {
        Self {
            issuer: Issuer::ElementaireOrganisations,
            subject: vec![
                vec![(Attribute::Organization, name.to_owned())],
                vec![(Attribute::Unit, id.to_owned())],
                vec![(Attribute::CommonName, application.to_owned())],
            ],
            category: Some(0x83),
            usage: Usage::Client,
            ..Self::blank()
        }
    }

    /// A server of a structure.
    pub fn server(id: &str, name: &str, hosts: &[String]) -> Self {
        let common_name = hosts.first().map_or("localhost", String::as_str);
        Self {
            usage: Usage::Server,
            hosts: hosts.to_vec(),
            ..Self::establishment(id, name, common_name)
        }
    }

    /// A CPE that names nobody.
    pub fn service_card(id: &str, name: &str, internal: &str) -> Self {
        let register = format!("3{}/{internal}", id.get(1..).unwrap_or_default());
        Self {
            issuer: Issuer::StandardPersonnes,
            subject: vec![
                vec![(Attribute::Organization, name.to_owned())],
                vec![(Attribute::Unit, id.to_owned())],
                vec![(
                    Attribute::Title,
                    "Carte de service santé ou social".to_owned(),
                )],
                vec![(Attribute::Pseudonym, format!("EMPLOYE{internal}"))],
                vec![(Attribute::CommonName, register)],
            ],
            category: Some(0x80),
            card_type: Some(2),
            card_number: Some("2600309999".to_owned()),
            ..Self::blank()
        }
    }

    fn professional(card: &DemoCard) -> Self {
        let training = card.kind == ActorKind::Cpf;
        Self {
            issuer: Issuer::FortPersonnes,
            subject: vec![
                vec![(Attribute::Title, card.title.to_owned())],
                Self::person(card),
            ],
            category: Some(0x80),
            card_type: Some(u8::from(training)),
            card_number: Some(card_number(card)),
            profession: card.profession.filter(|_| !training),
            training: card.profession.filter(|_| training),
            specialities: card.speciality.map(str::to_owned).into_iter().collect(),
            ..Self::blank()
        }
    }

    fn employee(card: &DemoCard) -> Self {
        Self {
            issuer: Issuer::StandardPersonnes,
            subject: vec![
                vec![(Attribute::Organization, card.structure.name.to_owned())],
                vec![(Attribute::Unit, card.structure.id.to_owned())],
                vec![(Attribute::Title, card.title.to_owned())],
                Self::person(card),
            ],
            category: Some(0x80),
            card_type: Some(2),
            card_number: Some(card_number(card)),
            ..Self::blank()
        }
    }

    fn person(card: &DemoCard) -> Vec<(Attribute, String)> {
        vec![
            (Attribute::GivenName, card.given.to_owned()),
            (Attribute::Surname, card.family.to_owned()),
            (Attribute::CommonName, card.id.to_owned()),
        ]
    }

    /// Nothing but the usage of a card and three years of validity.
    fn blank() -> Self {
        Self {
            issuer: Issuer::FortPersonnes,
            subject: Vec::new(),
            strings: Strings::Utf8,
            category: None,
            card_type: None,
            card_number: None,
            profession: None,
            training: None,
            specialities: Vec::new(),
            usage: Usage::CardAuthentication,
            hosts: Vec::new(),
            days: (-1, 1095),
        }
    }
}

/// A number in the shape of the real ones, told apart by the holder's own number.
fn card_number(card: &DemoCard) -> String {
    let digits: String = card.id.chars().filter(char::is_ascii_digit).collect();
    let tail = digits
        .get(digits.len().saturating_sub(4)..)
        .unwrap_or("0000");
    format!("280000{tail}")
}
