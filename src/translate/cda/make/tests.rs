#![allow(clippy::unwrap_used)]
use super::*;
use crate::dmp::code::{Code, system};
use crate::dmp::context::{Environment, Validation};
use crate::dmp::document::{
    Labels, ReferenceId, ReferenceKind, Relation, RelationKind, Restriction, Sha1,
};
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::person::{
    Author, AuthorKind, Identifier, LegalAuthenticator, Organization, PersonName, Sex,
    SourcePatient,
};
use crate::dmp::time::Timestamp;
use crate::translate::Reading;
use crate::translate::cda::{BodyKind, read_whole, to_metadata};

fn id(root: &str, extension: &str) -> Identifier {
    Identifier {
        root: root.to_owned(),
        extension: extension.to_owned(),
    }
}

fn name(family: &str, given: &str) -> PersonName {
    PersonName {
        family: Some(family.to_owned()),
        given: Some(given.to_owned()),
    }
}

fn traits() -> Traits {
    Traits {
        birth_name: name("D'ARTOIS & <FILS>", "ANNE-LISE"),
        birth_given_names: Some("ANNE-LISE MARIE".to_owned()),
        used_name: Some(name("LE GOFF", "LISE")),
        sex: Sex::Female,
        birth_date: "1979-03-28".parse().unwrap(),
        birth_place: Some("51215".to_owned()),
    }
}

fn metadata() -> DocumentMetadata {
    let clinic = Organization {
        id: Some(id(system::STRUCT_ID_NAT, "10B0152872")),
        name: Some("Clinique « des Fleurs »".to_owned()),
    };
    let physician = id(system::PS_ID_NAT, "801234567897");
    DocumentMetadata {
        unique_id: "2.25.77^12".parse().unwrap(),
        patient: Ins::parse(
            InsRoot::from_oid("1.2.250.1.213.1.4.10").unwrap(),
            "279035121518989",
        )
        .unwrap(),
        source_patient: SourcePatient {
            ids: vec![id("1.2.3.4.567.8.9.10", "1234567890121")],
            family_birth: Some("D'ARTOIS & <FILS>".to_owned()),
            family_used: Some("LE GOFF".to_owned()),
            given: Some("ANNE-LISE MARIE ANNE-LISE LISE".to_owned()),
            birth_date: Some(Timestamp::from_hl7("19790328").unwrap()),
            sex: Some(Sex::Female),
        },
        authors: vec![
            Author {
                kind: AuthorKind::Professional,
                id: Some(physician.clone()),
                name: name("MULLER", "Charles"),
                device: None,
                specialty: Some(Code::new("G15_10/SM26", "1.2.250.1.213.1.1.4.5")),
                role: None,
                institution: Some(clinic.clone()),
            },
            Author {
                kind: AuthorKind::Device,
                id: Some(id("1.2.3.9", "scanner-1")),
                name: PersonName::default(),
                device: Some("Scanner X".to_owned()),
                specialty: None,
                role: None,
                institution: Some(clinic.clone()),
            },
        ],
        legal_authenticator: Some(LegalAuthenticator {
            id: Some(physician),
            name: name("MULLER", "Charles"),
        }),
        custodian: clinic,
        title: "Compte rendu \"final\" de l'examen".to_owned(),
        comments: None,
        creation_time: Timestamp::from_hl7("20240403101500+0200").unwrap(),
        service_start: Timestamp::from_hl7("20240402").unwrap(),
        service_stop: Some(Timestamp::from_hl7("202404021230+0200").unwrap()),
        language: "fr-FR".to_owned(),
        class: Code::new("10", system::CLASS),
        type_code: Code::new("11488-4", system::LOINC),
        format: Code::new("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3"),
        labels: Labels {
            restricted: Restriction::Restricted,
            ..Labels::default()
        },
        events: vec![
            Code::new("ZZQP004", "1.2.250.1.213.2.5"),
            Code::new("R05", "2.16.840.1.113883.6.3"),
        ],
        facility_type: Code::new("SA01", "1.2.250.1.71.4.2.4"),
        practice_setting: Code::new("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9"),
        mime_type: "text/xml".to_owned(),
        references: vec![ReferenceId {
            kind: ReferenceKind::Order,
            id: id("1.2.3.5", "ORD-1"),
        }],
        relations: vec![Relation {
            kind: RelationKind::Replaces,
            target: "2.25.76".parse().unwrap(),
        }],
        hash: Sha1([0; 20]),
        size: 0,
    }
}

fn made(metadata: &DocumentMetadata, bytes: &[u8]) -> String {
    let draft = Draft {
        metadata,
        traits: &traits(),
        templates: &[(UNSTRUCTURED, "")],
        set_id: &"2.25.70".parse().unwrap(),
        version: 2,
        body: Body::File {
            media_type: "application/pdf",
            bytes,
        },
    };
    make(draft, &Tables::built_in())
}

#[test]
fn what_is_made_reads_back_as_what_it_was_made_of() {
    let mut metadata = metadata();
    let xml = made(&metadata, b"%PDF-1.4 and more");
    let (header, warnings) = read_whole(xml.as_bytes()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(header.body, BodyKind::Unstructured);
    assert_eq!(header.version, Some(2));
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment: Environment::Test,
        validation: Validation::Strict,
        base_url: "https://dmp.example/fhir",
    };
    let (read, warnings) = to_metadata(&header, xml.as_bytes(), &reading).unwrap();
    assert_eq!(warnings, []);
    metadata.hash = read.hash;
    metadata.size = read.size;
    assert_eq!(read, metadata);
}

#[test]
fn the_same_draft_gives_the_same_bytes() {
    let metadata = metadata();
    assert_eq!(made(&metadata, b"%PDF"), made(&metadata, b"%PDF"));
}

#[test]
fn elements_come_in_the_order_of_the_schema() {
    let xml = made(&metadata(), b"%PDF");
    let names: Vec<&str> = xml
        .lines()
        .filter_map(|line| line.strip_prefix("  <"))
        .filter(|rest| !rest.starts_with([' ', '/']))
        .map(|rest| rest.split([' ', '>', '/']).next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "realmCode",
            "typeId",
            "templateId",
            "templateId",
            "templateId",
            "id",
            "code",
            "title",
            "effectiveTime",
            "confidentialityCode",
            "languageCode",
            "setId",
            "versionNumber",
            "recordTarget",
            "author",
            "author",
            "custodian",
            "legalAuthenticator",
            "inFulfillmentOf",
            "documentationOf",
            "documentationOf",
            "relatedDocument",
            "componentOf",
            "component",
        ]
    );
}
