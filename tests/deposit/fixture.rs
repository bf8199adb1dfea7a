//! A document of ours and the bundle that deposits it.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use passerelle::dmp::actor::{Actor, ActorId, ActorKind};
use passerelle::dmp::code::{Code, system};
use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::national_id::StructIdNat;
use passerelle::dmp::person::{PersonName, Sex};
use passerelle::dmp::record::Traits;
use passerelle::dmp::submission::Submission;
use passerelle::error::{Error, Issue};
use passerelle::tables::Tables;
use passerelle::translate::deposit::{Depositor, prepare};
use passerelle::translate::{Reading, bundle, wire};
use serde_json::{Value, json};

pub(crate) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

pub(crate) const INS: &str = "279035121518989";

pub(crate) fn reading(validation: Validation) -> Reading<'static> {
    Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation,
        base_url: "https://127.0.0.1:8443/fhir",
    }
}

/// A consultation report; `related` stands where `relatedDocument` does.
pub(crate) fn cda(related: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <templateId root="1.3.6.1.4.1.19376.1.2.20"/>
  <id root="1.2.250.1.999.1.1"/>
  <code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR ou fiche de consultation"/>
  <title>Compte rendu de consultation</title>
  <effectiveTime value="20240612101500+0200"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="fr-FR"/>
  <recordTarget><patientRole>
    <id extension="{INS}" root="1.2.250.1.213.1.4.10"/>
    <id extension="IPP42" root="1.2.250.1.999.2"/>
    <patient>
      <name><given>DOMINIQUE</given><given>MARIE-LOUISE</given><family qualifier="BR">PAT-TROIS</family></name>
      <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="19790328"/>
    </patient>
  </patientRole></recordTarget>
  <author><time value="20240612101500+0200"/><assignedAuthor>
    <id extension="899900000001" root="1.2.250.1.71.4.2.1"/>
    <code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5" displayName="Médecin - Médecine générale (SM)"/>
    <assignedPerson><name><family>SERRE</family><given>Ada</given></name></assignedPerson>
    <representedOrganization><id extension="10B0000002" root="1.2.250.1.71.4.2.2"/><name>Cabinet des Tilleuls</name></representedOrganization>
  </assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization>
    <id extension="10B0000002" root="1.2.250.1.71.4.2.2"/><name>Cabinet des Tilleuls</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <legalAuthenticator><time value="20240612101500+0200"/><signatureCode code="S"/><assignedEntity>
    <id extension="899900000001" root="1.2.250.1.71.4.2.1"/>
    <assignedPerson><name><family>SERRE</family><given>Ada</given></name></assignedPerson>
  </assignedEntity></legalAuthenticator>
  <documentationOf><serviceEvent>
    <effectiveTime><low value="20240612100000+0200"/></effectiveTime>
    <performer typeCode="PRF"><assignedEntity>
      <id extension="899900000001" root="1.2.250.1.71.4.2.1"/>
      <representedOrganization>
        <id extension="10B0000002" root="1.2.250.1.71.4.2.2"/>
        <standardIndustryClassCode code="AMBULATOIRE" codeSystem="1.2.250.1.213.1.1.4.9" displayName="Ambulatoire"/>
      </representedOrganization>
    </assignedEntity></performer>
  </serviceEvent></documentationOf>
  {related}
  <componentOf><encompassingEncounter>
    <effectiveTime value="20240612"/>
    <location><healthCareFacility><code code="SA07" codeSystem="1.2.250.1.71.4.2.4" displayName="Cabinet individuel"/></healthCareFacility></location>
  </encompassingEncounter></componentOf>
  <component><nonXMLBody><text mediaType="text/plain" representation="B64">Qm9uam91ci4=</text></nonXMLBody></component>
</ClinicalDocument>"#
    )
}

pub(crate) fn replacing(id: &str) -> String {
    format!(
        r#"<relatedDocument typeCode="RPLC"><parentDocument><id root="{id}"/></parentDocument></relatedDocument>"#
    )
}

fn subject() -> Value {
    json!({"type": "Patient", "identifier": {"system": "urn:oid:1.2.250.1.213.1.4.10", "value": INS}})
}

fn nos(table: &str, code: &str) -> Value {
    let (name, tail) = table.split_once('-').unwrap();
    let system = format!(
        "https://mos.esante.gouv.fr/NOS/{table}/FHIR/{}-{tail}",
        name.replace('_', "-")
    );
    json!({"coding": [{"system": system, "code": code}]})
}

/// The bundle that deposits these bytes, with everything that the profiles require.
pub(crate) fn deposit(bytes: &[u8]) -> Value {
    let contained = json!([
        {"resourceType": "Practitioner", "id": "ada", "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "899900000001"}],
         "name": [{"family": "SERRE", "given": ["Ada"]}]},
        {"resourceType": "Organization", "id": "cabinet",
         "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.2", "value": "10B0000002"}], "name": "Cabinet des Tilleuls"},
        {"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "#ada"}, "organization": {"reference": "#cabinet"}},
        {"resourceType": "Patient", "id": "source", "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": INS}],
         "name": [{"use": "official", "family": "PAT-TROIS", "given": ["DOMINIQUE", "MARIE-LOUISE"]}], "gender": "female", "birthDate": "1979-03-28"},
    ]);
    let document = json!({
        "resourceType": "DocumentReference",
        "contained": contained,
        "masterIdentifier": {"use": "usual", "system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.1.1"},
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]},
        "category": [nos("TRE_A03-ClasseDocument", "10")],
        "subject": subject(),
        "date": "2024-06-12T10:20:00+02:00",
        "author": [{"reference": "#role"}],
        "authenticator": {"reference": "#ada"},
        "custodian": {"reference": "#cabinet"},
        "securityLabel": [nos("TRE_A08-HL7Confidentiality", "N")],
        "content": [{
            "attachment": {
                "contentType": "text/xml", "language": "fr-FR", "url": "urn:uuid:00000000-0000-4000-8000-000000000003",
                "size": bytes.len(), "hash": STANDARD.encode(openssl::sha::sha1(bytes)),
                "title": "Compte rendu de consultation", "creation": "2024-06-12T10:15:00+02:00",
            },
            "format": {
                "system": "https://mos.esante.gouv.fr/NOS/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode",
                "code": "urn:ihe:iti:xds-sd:text:2008",
            },
        }],
        "context": {
            "period": {"start": "2024-06-12T10:00:00+02:00"},
            "facilityType": nos("TRE_R02-SecteurActivite", "SA07"),
            "practiceSetting": nos("TRE_A01-CadreExercice", "AMBULATOIRE"),
            "sourcePatientInfo": {"reference": "#source"},
        },
    });
    let list = json!({
        "resourceType": "List",
        "contained": [
            {"resourceType": "Practitioner", "id": "ada", "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "899900000001"}]},
            {"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "#ada"}},
        ],
        "extension": [
            {"url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType",
             "valueCodeableConcept": nos("TRE_R02-SecteurActivite", "SA07")},
            {"url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId",
             "valueIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.9"}},
        ],
        "status": "current", "mode": "working",
        "code": {"coding": [{"system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": "submissionset"}]},
        "subject": subject(),
        "date": "2024-06-12T10:20:00+02:00",
        "source": {"reference": "#role"},
        "entry": [{"item": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000002"}}],
    });
    let binary = json!({"resourceType": "Binary", "contentType": "text/xml", "data": STANDARD.encode(bytes)});
    let entry = |n: u8, resource: Value| {
        json!({"fullUrl": format!("urn:uuid:00000000-0000-4000-8000-00000000000{n}"),
            "request": {"method": "POST", "url": resource["resourceType"]}, "resource": resource})
    };
    json!({"resourceType": "Bundle", "type": "transaction",
        "meta": {"profile": ["https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-provide-document-bundle"]},
        "entry": [entry(1, list), entry(2, document), entry(3, binary)]})
}

/// Where the DocumentReference of [`deposit`] hangs.
pub(crate) const DOCUMENT: &str = "/entry/1/resource";

/// Puts a value at a JSON pointer, making the last member when it isn't there.
pub(crate) fn set(bundle: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match bundle.pointer_mut(parent).expect(pointer) {
        Value::Object(members) => {
            members.insert(name.to_owned(), value);
        }
        Value::Array(items) => match name.parse::<usize>() {
            Ok(index) if index < items.len() => items[index] = value,
            _ => items.push(value),
        },
        _ => panic!("{pointer}"),
    }
}

pub(crate) fn remove(bundle: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = bundle
        .pointer_mut(parent)
        .expect(pointer)
        .as_object_mut()
        .unwrap();
    assert!(parent.remove(name).is_some(), "{pointer}");
}

pub(crate) fn physician(operator: bool) -> Actor {
    Actor {
        kind: ActorKind::Cps,
        id: ActorId::Person("899900000001".parse().unwrap()),
        name: PersonName {
            family: Some("SERRE".to_owned()),
            given: Some("Ada".to_owned()),
        },
        profession: Some(Code::new("10", system::PROFESSION)),
        specialities: Vec::new(),
        structure: None,
        mandate: None,
        operator,
        regulator: false,
    }
}

/// Reads and prepares a bundle, as the edge does.
pub(crate) fn run(
    bundle: &Value,
    validation: Validation,
    secret: bool,
) -> Result<(Submission, Vec<Issue>), Error> {
    run_as(&physician(false), bundle, validation, secret)
}

pub(crate) fn run_as(
    actor: &Actor,
    bundle: &Value,
    validation: Validation,
    secret: bool,
) -> Result<(Submission, Vec<Issue>), Error> {
    let problems = wire::check(bundle, "Bundle", "Bundle");
    assert!(problems.is_empty(), "{problems:?}");
    let reading = reading(validation);
    let declared = bundle::read(bundle, &reading)?;
    let structure: StructIdNat = "10B0000002".parse().unwrap();
    let depositor = Depositor {
        actor,
        structure: Some(&structure),
        traits: &traits(),
    };
    let now = "2024-06-12T08:30:00Z".parse().unwrap();
    prepare(declared, &depositor, secret, now, &reading)
}

/// The patient as the record of these tests knows her.
pub(crate) fn traits() -> Traits {
    Traits {
        birth_name: PersonName {
            family: Some("PAT-TROIS".into()),
            given: Some("DOMINIQUE".into()),
        },
        birth_given_names: Some("DOMINIQUE MARIE-LOUISE".into()),
        used_name: None,
        sex: Sex::Female,
        birth_date: "1979-03-28".parse().unwrap(),
        birth_place: Some("51215".into()),
    }
}
