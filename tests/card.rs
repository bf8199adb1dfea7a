//! The certificate reader over the real test certificates of IGC-Santé and the legacy authorities, and over made ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use std::sync::LazyLock;

use openssl::pkey::{PKey, Private};
use passerelle::cli::card::{to_json, to_text};
use passerelle::cli::demo::cards::{CARDS, HOPITAL, card};
use passerelle::cli::demo::pki::{Attribute, CardSpec, Issuer, Pki, Strings, key};
use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::context::Environment;
use passerelle::identity::card::{Card, CardKind, Problem, Unreadable};
use serde_json::Value;

/// The facts of one certificate, one text each.
fn facts(card: &Card) -> [String; 8] {
    let all = to_json(card);
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let list = |value: &Value| {
        let items = value.as_array().unwrap().iter();
        items.map(text).collect::<Vec<_>>().join(" ")
    };
    let pair = |a: String, b: String| format!("{a} {b}").trim_end().to_owned();
    [
        pair(text(&all["kind"]), text(&all["environment"])),
        pair(text(&all["national_id"]), text(&all["national_id_type"])),
        pair(text(&all["given"]), text(&all["family"])),
        pair(text(&all["profession"]["code"]), list(&all["specialties"])),
        pair(
            text(&all["structure"]["id"]),
            text(&all["structure"]["name"]),
        ),
        text(&all["card_number"]),
        list(&all["usages"]),
        list(&all["problems"]),
    ]
}

/// The start of each file's name; then kind and environment, identifier and type, name, profession and specialities, structure,
/// card number, usages, problems.
#[rustfmt::skip]
const REAL: &[(&str, [&str; 8])] = &[
    ("2600301752-Auth-invalide", ["cpe test", "30B0057881/CPET0002 finess-register", "CHARLES ADMINISTRATIF-CH057880002", "-", "10B0057881 HOPITAL DES 3 DAMES", "2600301752", "digitalSignature clientAuth msSmartcardLogin", ""]),
    ("2600301752-Auth_", ["cpe test", "30B0057881/CPET0002 finess-register", "CHARLES ADMINISTRATIF-CH057880002", "-", "10B0057881 HOPITAL DES 3 DAMES", "2600301752", "digitalSignature clientAuth msSmartcardLogin", ""]),
    ("asip-p12-EL-TEST-ORG-SIGN", ["establishment test", "318751275100020 struct", "- -", "-", "318751275100020 ASIP-SANTE", "-", "digitalSignature nonRepudiation emailProtection", ""]),
    ("ca-bundle_0", ["unknown test", "- -", "- -", "-", "- -", "-", "keyCertSign cRLSign", ""]),
    ("ca-bundle_1", ["unknown test", "- -", "- -", "-", "- -", "-", "keyCertSign cRLSign", ""]),
    ("ca-bundle_2", ["unknown test", "- -", "- -", "-", "- -", "-", "keyCertSign cRLSign", ""]),
    ("ca-bundle_3", ["unknown test", "- -", "- -", "-", "- -", "-", "keyCertSign cRLSign", ""]),
    ("certificat_serveur", ["server production", "318751275100020 struct", "- -", "-", "318751275100020 AGENCE DES SYSTEMES D'INFORMATION PARTAG", "-", "digitalSignature keyEncipherment serverAuth clientAuth", ""]),
    ("certificat_signature_personne_fort", ["person-software test", "899700075064 rpps", "CECILE SAGECH0007506", "50", "- -", "-", "nonRepudiation emailProtection", ""]),
    ("certificat_valide", ["establishment test", "300000000077081 struct", "- -", "-", "300000000077081 MINISTERE DE TEST7708", "-", "digitalSignature nonRepudiation emailProtection", ""]),
    ("classe4", ["server test", "318751275100020 struct", "- -", "-", "318751275100020 TEST", "-", "digitalSignature keyEncipherment serverAuth clientAuth", "sha1-authority"]),
    ("dmp-sample_06b05dd0c41b", ["cps test", "899900038839 rpps", "ADEMIS TRAL", "10 SM26", "- -", "2500577253", "digitalSignature nonRepudiation emailProtection", "sha1-authority"]),
    ("dmp-sample_42499143052f", ["person-software test", "899900063480 rpps", "MAX LIBRE", "10 SM26", "- -", "-", "nonRepudiation emailProtection", ""]),
    ("dmp-sample_972da7d94c0b", ["establishment test", "339172288100052 struct", "- -", "-", "339172288100052 GIE SESAM VITALE", "-", "digitalSignature nonRepudiation emailProtection", ""]),
    ("insi-sample_igcsante_fort_cps_sign", ["cps test", "00B6087510 adeli", "OLIVIER INFIRMCS ADELI8751", "60", "- -", "2800636234", "nonRepudiation emailProtection", ""]),
];

#[test]
fn every_real_certificate_is_read() {
    let dir = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/certs"));
    let Ok(entries) = std::fs::read_dir(&dir) else {
        eprintln!("skipped: {} is not there", dir.display());
        return;
    };
    let mut read = 0;
    for entry in entries.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let card = Card::from_file_bytes(&std::fs::read(entry.path()).unwrap()).unwrap();
        let (_, expected) = REAL
            .iter()
            .find(|(start, _)| name.starts_with(start))
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        assert_eq!(facts(&card), *expected, "{name}");
        read += 1;
    }
    assert_eq!(read, REAL.len());
}

/// One PKI for the whole file: making its keys takes a second.
static PKI: LazyLock<Pki> = LazyLock::new(|| Pki::new(Environment::Test).unwrap());
static KEY: LazyLock<PKey<Private>> = LazyLock::new(|| key().unwrap());

fn read(spec: &CardSpec) -> Result<Card, Unreadable> {
    let issued = PKI.issue_for(spec, KEY.clone()).unwrap();
    Card::from_der(&issued.certificate.to_der().unwrap())
}

fn spec(file: &str) -> CardSpec {
    CardSpec::of(card(file).unwrap())
}

/// Replaces one attribute of a subject, wherever it stands.
fn set(spec: &mut CardSpec, attribute: Attribute, value: &str) {
    for (kind, text) in spec.subject.iter_mut().flatten() {
        if *kind == attribute {
            value.clone_into(text);
        }
    }
}

#[test]
fn every_card_of_the_demonstration_is_read_as_it_was_meant() {
    for made in CARDS {
        let card = read(&CardSpec::of(made)).unwrap();
        let kind = format!("{:?}", made.kind).to_lowercase();
        assert_eq!(card.kind.name(), kind, "{}", made.file);
        assert_eq!(card.environment, Some(Environment::Test));
        assert_eq!(card.national_id.unwrap().as_str(), made.id);
        let code = card.profession.as_ref().map(|code| code.code.clone());
        assert_eq!(code, made.profession.map(|code| code.to_string()));
        assert_eq!(
            card.specialities,
            made.speciality.iter().copied().collect::<Vec<_>>()
        );
        if made.kind == ActorKind::Establishment {
            assert_eq!((card.family, card.given), (None, None));
        } else {
            assert_eq!(card.family.as_deref(), Some(made.family));
            assert_eq!(card.given.as_deref(), Some(made.given));
        }
        match made.kind {
            ActorKind::Cps | ActorKind::Cpf => assert_eq!(card.structure, None),
            _ => assert_eq!(card.structure.unwrap().id.as_str(), made.structure.id),
        }
        // The regulator's number is fixed by the configuration and fails its check digit; so does the operator's.
        match made.file {
            "regulateur" => assert_eq!(card.problems, [Problem::NationalIdCheckDigit]),
            "exploitant" => assert_eq!(card.problems, [Problem::StructureCheckDigit]),
            _ => assert_eq!(card.problems, [], "{}", made.file),
        }
    }
}

#[test]
fn a_trainee_has_his_training_profession() {
    let profession = read(&spec("interne")).unwrap().profession.unwrap();
    assert_eq!(profession.system, "1.2.250.1.71.1.2.8");
    assert_eq!(profession.code, "10");
}

#[test]
fn a_service_card_names_its_structure_and_nobody() {
    let spec = CardSpec::service_card(HOPITAL.id, HOPITAL.name, "000000018");
    let card = read(&spec).unwrap();
    assert_eq!(card.kind, CardKind::Cpe);
    assert_eq!(card.national_id.unwrap().as_str(), "30B0000014/000000018");
    assert_eq!((card.family, card.given), (None, None));
    assert_eq!(card.pseudonym.as_deref(), Some("EMPLOYE000000018"));
    assert_eq!(card.structure.unwrap().name.as_deref(), Some(HOPITAL.name));
    assert_eq!(card.problems, []);
}

#[test]
fn legacy_strings_hold_latin_1() {
    let spec = CardSpec {
        issuer: Issuer::Legacy,
        strings: Strings::Latin1,
        ..spec("medecin")
    };
    let card = read(&spec).unwrap();
    assert_eq!(card.title.as_deref(), Some("Médecin"));
    assert_eq!(card.problems, [Problem::Sha1Authority]);
}

#[test]
fn contradictions_are_told() {
    let problems = |bend: fn(&mut CardSpec), file: &str| {
        let mut spec = spec(file);
        bend(&mut spec);
        read(&spec).unwrap().problems
    };
    let other_employer =
        |spec: &mut CardSpec| set(spec, Attribute::CommonName, "30B0000022/CPET0001");
    assert_eq!(
        problems(other_employer, "secretaire"),
        [Problem::EmployerMismatch]
    );
    let professional = |spec: &mut CardSpec| spec.card_type = Some(0);
    assert!(problems(professional, "secretaire").contains(&Problem::NationalIdType));
    let nobody = |spec: &mut CardSpec| set(spec, Attribute::CommonName, "DOCTEUR");
    assert_eq!(problems(nobody, "medecin"), [Problem::NationalIdMissing]);
    let nowhere = |spec: &mut CardSpec| set(spec, Attribute::Unit, "HOPITAL");
    assert_eq!(problems(nowhere, "hopital"), [Problem::StructureMissing]);
    let no_profession = |spec: &mut CardSpec| spec.profession = None;
    assert_eq!(
        problems(no_profession, "kine"),
        [Problem::ProfessionMissing]
    );
    let no_type = |spec: &mut CardSpec| spec.card_type = None;
    assert!(problems(no_type, "kine").contains(&Problem::CardTypeUnknown));
    let category = |spec: &mut CardSpec| spec.category = Some(0x77);
    assert!(problems(category, "kine").contains(&Problem::CategoryUnknown));
    let digit = |spec: &mut CardSpec| set(spec, Attribute::CommonName, "810003461033");
    assert_eq!(problems(digit, "medecin"), [Problem::NationalIdCheckDigit]);
}

#[test]
fn an_attribute_that_comes_twice_is_refused() {
    let mut spec = spec("hopital");
    spec.subject
        .push(vec![(Attribute::Unit, "10B0000022".to_owned())]);
    assert_eq!(
        read(&spec).unwrap_err(),
        Unreadable::DuplicateAttribute("OU")
    );
}

#[test]
fn a_control_character_is_refused() {
    let mut spec = spec("medecin");
    set(&mut spec, Attribute::CommonName, "899900000011\0/");
    assert_eq!(read(&spec).unwrap_err(), Unreadable::Attribute("CN"));
}

#[test]
fn any_bytes_are_survived() {
    let issued = PKI.issue_for(&spec("secretaire"), KEY.clone()).unwrap();
    let der = issued.certificate.to_der().unwrap();
    let whole = Card::from_der(&der).unwrap();
    for at in 0..der.len() {
        assert!(Card::from_der(&der[..at]).is_err());
        let mut bent = der.clone();
        bent[at] = bent[at].wrapping_add(1);
        // Whatever comes out, nothing panics; the identifier is never a half one.
        if let Ok(card) = Card::from_der(&bent)
            && let Some(id) = card.national_id
        {
            assert_eq!(
                id.as_str().len(),
                whole.national_id.as_ref().unwrap().as_str().len()
            );
        }
    }
    assert!(Card::from_file_bytes(b"").is_err());
    assert!(Card::from_file_bytes(b"-----BEGIN CERTIFICATE-----\n").is_err());
}

#[test]
fn people_read_the_same_facts() {
    let card = read(&spec("expire")).unwrap();
    let text = to_text(&card, jiff::Timestamp::now());
    assert!(text.contains("national id  899900000110 (rpps)\n"));
    assert!(text.contains("(expired)\n"));
    assert!(!text.contains("structure"));
}
