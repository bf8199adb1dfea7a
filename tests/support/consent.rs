//! The declaration of a professional: the patient consented that he consults.

use serde_json::{Value, json};

/// `autorisation-acces`, basis `explicite`, for a record (`<system>|<INS>`) and a professional (PS_IdNat).
pub fn consent_for(patient: &str, professional: &str) -> Value {
    let (system, value) = patient.split_once('|').expect("system|INS");
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
        "patient": {"identifier": {"system": system, "value": value}},
        "dateTime": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "provision": {
            "type": "permit",
            "actor": [{
                "role": {"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                    "code": "IRCP"
                }]},
                "reference": {
                    "type": "Practitioner",
                    "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": professional}
                }
            }]
        }
    })
}

/// The category that a Consent carries besides the LOINC code.
pub fn with_category(mut consent: Value, category: &str) -> Value {
    consent["category"][1]["coding"][0]["code"] = json!(category);
    consent
}
