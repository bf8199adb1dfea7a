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

/// A right of a category about an actor (`<system>|<value>`), or about everyone; `kind` is `permit` or `deny`.
pub fn right(category: &str, kind: &str, patient: &str, actor: Option<&str>) -> Value {
    let mut consent = with_category(consent_for(patient, ""), category);
    let resource = consent.as_object_mut().expect("resource");
    if !["autorisation-acces", "medecin-traitant"].contains(&category) {
        resource.remove("extension");
    }
    let provision = consent["provision"].as_object_mut().expect("provision");
    provision.insert("type".to_owned(), json!(kind));
    match actor {
        Some(actor) => {
            let (system, value) = actor.split_once('|').expect("system|value");
            consent["provision"]["actor"][0]["reference"] =
                json!({"identifier": {"system": system, "value": value}});
        }
        None => drop(provision.remove("actor")),
    }
    consent
}

/// An emergency setting: its purposes, with `MASQUE_PS` for both.
pub fn switch(kind: &str, patient: &str, purposes: &[&str]) -> Value {
    let mut consent = right("urgence", kind, patient, None);
    let codings: Vec<Value> = purposes
        .iter()
        .map(|code| json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code}))
        .collect();
    consent["provision"]["purpose"] = json!(codings);
    if purposes.len() > 1 {
        consent["provision"]["securityLabel"] = json!([{
            "system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
            "code": "MASQUE_PS"
        }]);
    }
    consent
}

/// The same, withdrawn.
pub fn withdrawn(mut consent: Value) -> Value {
    consent["status"] = json!("inactive");
    consent
}
