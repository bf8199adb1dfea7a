//! The two requests that the story sends from files: a declared consent and a deposit.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::cards::DemoCard;
use super::cda_text::{CdaText, Kind};
use super::world::{DemoPatient, place, writer};
use crate::dmp::id::UniqueId;
use crate::dmp::time::{Instant, paris};

/// The declaration (TD0.3) that a patient explicitly consents to the reading by the holder of a card.
pub fn consent(patient: &DemoPatient, card: &DemoCard, now: Instant) -> Value {
    let ins = &patient.record.ins;
    json!({
        "resourceType": "Consent",
        "extension": [{
            "url": "https://passerelle.dev/fhir/StructureDefinition/consent-basis",
            "valueCode": "explicite"
        }],
        "status": "active",
        "scope": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/consentscope",
            "code": "patient-privacy"
        }]},
        "category": [
            {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]},
            {"coding": [{
                "system": "https://passerelle.dev/fhir/CodeSystem/consent-category",
                "code": "autorisation-acces"
            }]}
        ],
        "patient": {"identifier": {"system": ins.system(), "value": ins.value()}},
        "dateTime": fhir(now),
        "policy": [{
            "authority": "https://esante.gouv.fr/",
            "uri": "https://www.legifrance.gouv.fr/codes/article_lc/L1111-17"
        }],
        "provision": {
            "type": "permit",
            "actor": [{
                "role": {"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                    "code": "IRCP"
                }]},
                "reference": {
                    "type": "Practitioner",
                    "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": card.id},
                    "display": format!("{} {}", card.given, card.family)
                }
            }]
        }
    })
}

/// A biology report, written now and sent by the simplified publication (ITI-105) with its bytes inside. None when nobody is called so.
pub fn deposit(patient: &DemoPatient, author: &str, now: Instant) -> Option<Value> {
    let writer = writer(author)?;
    let ins = &patient.record.ins;
    let id = UniqueId::generate();
    let id_text = id.to_string();
    let set_id = UniqueId::generate().to_string();
    let written = now
        .to_zoned_datetime(paris())
        .strftime("%Y%m%d%H%M%S%z")
        .to_string();
    let title = "Hémoglobine glyquée";
    let bytes = CdaText {
        id: &id_text,
        set_id: &set_id,
        version: 1,
        replaces: None,
        kind: Kind::BIOLOGY,
        title,
        patient,
        writer,
        place: place(&writer.structure),
        written: &written,
        act: &written,
        order: None,
        sections: &[("Biochimie", "Hémoglobine glyquée : 6,4 %.")],
    }
    .to_xml();
    let (id_system, id_value) = id.to_fhir();
    let structure = json!({
        "resourceType": "Organization",
        "id": "structure",
        "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.2", "value": writer.structure.id}],
        "name": writer.structure.name
    });
    let person = json!({
        "resourceType": "Practitioner",
        "id": "person",
        "identifier": [{"system": "urn:oid:1.2.250.1.71.4.2.1", "value": writer.id}],
        "name": [{"family": writer.family, "given": [writer.given]}]
    });
    let role = json!({
        "resourceType": "PractitionerRole",
        "id": "author",
        "practitioner": {"reference": "#person"},
        "organization": {"reference": "#structure"}
    });
    Some(json!({
        "resourceType": "DocumentReference",
        "contained": [structure, person, role],
        "masterIdentifier": {"use": "usual", "system": id_system, "value": id_value},
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": Kind::BIOLOGY.code}]},
        "subject": {"identifier": {"system": ins.system(), "value": ins.value()}},
        "date": fhir(now),
        "author": [{"reference": "#author"}],
        "custodian": {"reference": "#structure"},
        "content": [{
            "attachment": {
                "contentType": "text/xml",
                "language": "fr-FR",
                "data": BASE64_STANDARD.encode(bytes),
                "title": title
            }
        }]
    }))
}

/// An instant as FHIR writes it, to the second.
fn fhir(at: Instant) -> String {
    at.to_zoned_datetime(paris())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::cards::card;
    use crate::cli::demo::world::{STORY, patients};

    #[test]
    fn the_deposit_holds_the_document_that_it_describes() {
        let patients = patients().expect("patients");
        let now = "2026-07-01T08:00:00Z".parse().expect("instant");
        let first = deposit(&patients[STORY], "biologiste", now).expect("author");
        let second = deposit(&patients[STORY], "biologiste", now).expect("author");
        assert_ne!(
            first["masterIdentifier"]["value"],
            second["masterIdentifier"]["value"]
        );
        let data = first["content"][0]["attachment"]["data"].as_str();
        let bytes = BASE64_STANDARD.decode(data.expect("data")).expect("base64");
        let xml = String::from_utf8(bytes).expect("UTF-8");
        let oid = first["masterIdentifier"]["value"]
            .as_str()
            .and_then(|urn| urn.strip_prefix("urn:oid:"))
            .expect("OID");
        assert!(xml.contains(&format!("<id root=\"{oid}\"/>")));
        assert!(xml.contains("<effectiveTime value=\"20260701100000+0200\"/>"));
        assert_eq!(first["date"], "2026-07-01T10:00:00+02:00");
    }

    #[test]
    fn the_consent_names_its_holder_and_its_basis() {
        let patients = patients().expect("patients");
        let card = card("medecin2").expect("card");
        let consent = consent(&patients[STORY], card, Instant::UNIX_EPOCH);
        assert_eq!(consent["extension"][0]["valueCode"], "explicite");
        assert_eq!(
            consent["provision"]["actor"][0]["reference"]["identifier"]["value"],
            card.id
        );
    }
}
