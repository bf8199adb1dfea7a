//! Requests made of a document and of what its header says (`cda metadata`).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use uuid::Uuid;

const INS_ROOTS: [&str; 4] = [
    "1.2.250.1.213.1.4.8",
    "1.2.250.1.213.1.4.9",
    "1.2.250.1.213.1.4.10",
    "1.2.250.1.213.1.4.11",
];

/// The transaction (ITI-65) that deposits one document with the metadata that its header gives.
pub fn bundle_for(bytes: &[u8], header: &Value) -> Value {
    let [list, reference, binary] = [(); 3].map(|()| format!("urn:uuid:{}", Uuid::new_v4()));
    let mut document = document_reference(bytes, header);
    document["content"][0]["attachment"]["url"] = json!(binary);
    let subject = document["subject"].clone();
    let date = document["date"].clone();
    let content_type = document["content"][0]["attachment"]["contentType"].clone();
    let source = document["author"][0]["reference"].clone();
    let contained = document["contained"].clone();
    let uuid = Uuid::new_v4().as_u128();
    json!({
        "resourceType": "Bundle",
        "meta": {"profile": ["https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-provide-document-bundle"]},
        "type": "transaction",
        "entry": [
            {
                "fullUrl": list,
                "resource": {
                    "resourceType": "List",
                    "contained": contained_for(&source, &contained),
                    "extension": [
                        {
                            "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType",
                            "valueCodeableConcept": concept("04", "1.2.250.1.213.2.2")
                        },
                        {
                            "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId",
                            "valueIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.3.6.1.4.1.99999.7"}
                        }
                    ],
                    "identifier": [{
                        "use": "usual",
                        "system": "urn:ietf:rfc:3986",
                        "value": format!("urn:oid:2.25.{uuid}")
                    }],
                    "status": "current",
                    "mode": "working",
                    "code": {"coding": [{
                        "system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes",
                        "code": "submissionset"
                    }]},
                    "subject": subject,
                    "date": date,
                    "source": {"reference": source},
                    "entry": [{"item": {"reference": reference}}]
                },
                "request": {"method": "POST", "url": "List"}
            },
            {
                "fullUrl": reference,
                "resource": document,
                "request": {"method": "POST", "url": "DocumentReference"}
            },
            {
                "fullUrl": binary,
                "resource": {
                    "resourceType": "Binary",
                    "contentType": content_type,
                    "data": BASE64_STANDARD.encode(bytes)
                },
                "request": {"method": "POST", "url": "Binary"}
            }
        ]
    })
}

/// The same deposit without `relatesTo`: the document that its header replaces was never deposited here.
pub fn without_relations(mut bundle: Value) -> Value {
    if let Some(document) = bundle["entry"][1]["resource"].as_object_mut() {
        document.remove("relatesTo");
    }
    bundle
}

/// The same document as a DocumentReference with its bytes inside (ITI-105).
pub fn simplified_for(bytes: &[u8], header: &Value) -> Value {
    let mut document = document_reference(bytes, header);
    document["content"][0]["attachment"]["data"] = json!(BASE64_STANDARD.encode(bytes));
    document
}

/// The operator's Patient for the person that a header names, identity qualified and record activated.
pub fn record_for(header: &Value) -> (String, Value) {
    let (system, value) = ins_of(header);
    let source = &header["source_patient"];
    let birth = source["birth_date"].as_str().map(fhir_date);
    let given = source["given"].as_str().unwrap_or("INCONNU");
    let first = given.split(' ').next().unwrap_or(given);
    let patient = json!({
        "resourceType": "Patient",
        "extension": [
            {
                "url": "https://passerelle.dev/fhir/StructureDefinition/record-state",
                "valueCode": "activated"
            },
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {"extension": [{
                    "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code",
                    "valueCoding": {
                        "system": "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM",
                        "code": "99999"
                    }
                }]}
            }
        ],
        "identifier": [{"use": "official", "system": system, "value": value}],
        "active": true,
        "name": [{
            "extension": [{
                "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name",
                "valueString": given
            }],
            "use": "official",
            "family": source["family_birth"].as_str().or(source["family_used"].as_str()),
            "given": [first]
        }],
        "gender": gender(source),
        "birthDate": birth.unwrap_or_else(|| "1970-01-01".to_owned())
    });
    (format!("{system}|{value}"), qualified(patient))
}

/// Marks an identity as qualified (`fr-core-identity-reliability`, `VALI`).
fn qualified(mut patient: Value) -> Value {
    let reliability = json!({
        "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability",
        "extension": [{
            "url": "identityStatus",
            "valueCoding": {
                "system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445",
                "code": "VALI"
            }
        }]
    });
    if let Some(extensions) = patient["extension"].as_array_mut() {
        extensions.push(reliability);
    }
    patient
}

/// The system and value of the INS that a header names first.
pub fn ins_of(header: &Value) -> (String, String) {
    header["patient_ids"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|id| {
            let root = id["root"].as_str()?;
            INS_ROOTS.contains(&root).then(|| {
                (
                    format!("urn:oid:{root}"),
                    id["extension"].as_str().unwrap_or_default().to_owned(),
                )
            })
        })
        .expect("the header names an INS")
}

/// The DocumentReference that repeats what the header says.
fn document_reference(bytes: &[u8], header: &Value) -> Value {
    let (ins_system, ins) = ins_of(header);
    let mut contained = vec![source_patient(header)];
    let mut authors = Vec::new();
    for (i, author) in header["authors"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        authors.push(json!({"reference": format!("#author{i}")}));
        add_author(&mut contained, i, author);
    }
    let (identifier_system, identifier) = unique_id(header["unique_id"].as_str().unwrap_or(""));
    let creation = header["creation_time"].as_str().map(fhir_time);
    let relates_to: Vec<Value> = header["replaces"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|relation| relation["relation"] == "RPLC")
        .map(|relation| {
            let (system, value) = unique_id(relation["id"].as_str().unwrap_or_default());
            json!({"code": "replaces", "target": {"identifier": {"system": system, "value": value}}})
        })
        .collect();
    let sha1 = openssl::hash::hash(openssl::hash::MessageDigest::sha1(), bytes).expect("sha1");
    let mut document = json!({
        "resourceType": "DocumentReference",
        "contained": contained,
        "masterIdentifier": {"use": "usual", "system": identifier_system, "value": identifier},
        "status": "current",
        "type": coded(&header["type"]),
        "subject": {"identifier": {"system": ins_system, "value": ins}},
        "date": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "author": authors,
        "securityLabel": [concept("N", "2.16.840.1.113883.5.25")],
        "content": [{
            "attachment": {
                "contentType": "text/xml",
                "language": header["language"].as_str().unwrap_or("fr-FR"),
                "size": bytes.len(),
                "hash": BASE64_STANDARD.encode(sha1),
                "title": header["title"].as_str().unwrap_or("Document"),
                "creation": creation
            },
            "format": {"system": system_url(header["format"]["system_oid"].as_str().unwrap_or_default()), "code": header["format"]["code"]}
        }],
        "context": {
            "sourcePatientInfo": {"reference": "#source"}
        }
    });
    if header["class"]["code"].is_string() {
        document["category"] = json!([coded(&header["class"])]);
    }
    if !relates_to.is_empty() {
        document["relatesTo"] = json!(relates_to);
    }
    if let Some(custodian) = document["contained"].as_array_mut() {
        custodian.push(custodian_of(bytes));
        document["custodian"] = json!({"reference": "#custodian"});
    }
    add_authenticator(&mut document, &header["legal_authenticator"]);
    add_context(&mut document["context"], header, creation.as_deref());
    document
}

fn source_patient(header: &Value) -> Value {
    let source = &header["source_patient"];
    let ids: Vec<Value> = header["patient_ids"]
        .as_array()
        .into_iter()
        .flatten()
        .map(identifier)
        .collect();
    let mut patient = json!({
        "resourceType": "Patient",
        "id": "source",
        "identifier": ids,
        "gender": gender(source),
    });
    let given: Vec<&str> = source["given"].as_str().into_iter().collect();
    let mut names = Vec::new();
    for (key, usage) in [("family_birth", "official"), ("family_used", "usual")] {
        if let Some(family) = source[key].as_str() {
            names.push(json!({"use": usage, "family": family, "given": given}));
        }
    }
    if !names.is_empty() {
        patient["name"] = json!(names);
    }
    if let Some(birth) = source["birth_date"].as_str() {
        patient["birthDate"] = json!(fhir_date(birth));
    }
    patient
}

fn add_author(contained: &mut Vec<Value>, i: usize, author: &Value) {
    let mut names = json!({});
    if let Some(family) = author["family"].as_str() {
        names["family"] = json!(family);
    }
    if let Some(given) = author["given"].as_str() {
        names["given"] = json!([given]);
    }
    if let Some(device) = author["device"].as_str() {
        let mut resource = json!({
            "resourceType": "Device",
            "id": format!("author{i}"),
            "deviceName": [{"name": device, "type": "model-name"}]
        });
        if author["id"].is_object() {
            resource["identifier"] = json!([identifier(&author["id"])]);
        }
        contained.push(resource);
        return;
    }
    let mut practitioner = json!({"resourceType": "Practitioner", "id": format!("person{i}")});
    if author["id"].is_object() {
        practitioner["identifier"] = json!([identifier(&author["id"])]);
    }
    if names.as_object().is_some_and(|names| !names.is_empty()) {
        practitioner["name"] = json!([names]);
    }
    contained.push(practitioner);
    let mut role = json!({
        "resourceType": "PractitionerRole",
        "id": format!("author{i}"),
        "practitioner": {"reference": format!("#person{i}")}
    });
    if author["specialty"].is_object() {
        role["specialty"] = json!([coded(&author["specialty"])]);
    }
    if author["role"].is_object() {
        role["code"] = json!([coded(&author["role"])]);
    }
    let institution = &author["institution"];
    if institution["name"].is_string()
        || institution["id"].is_object()
        || institution["id"].is_string()
    {
        contained.push(organization(&format!("organization{i}"), institution));
        role["organization"] = json!({"reference": format!("#organization{i}")});
    }
    contained.push(role);
}

fn organization(id: &str, source: &Value) -> Value {
    let mut organization = json!({"resourceType": "Organization", "id": id});
    if source["id"].is_object() {
        organization["identifier"] = json!([identifier(&source["id"])]);
    } else if let Some(value) = source["id"].as_str() {
        organization["identifier"] =
            json!([{"system": "urn:oid:1.2.250.1.71.4.2.2", "value": value}]);
    }
    if let Some(name) = source["name"].as_str() {
        organization["name"] = json!(name);
    }
    organization
}

/// The custodian, read from the document: `cda metadata` doesn't tell it.
fn custodian_of(bytes: &[u8]) -> Value {
    let header = passerelle::translate::cda::read_header(bytes).expect("a CDA header");
    let (id, name) = header.custodian.unwrap_or_default();
    let id = id.map(|id| json!({"root": id.root, "extension": id.extension}));
    organization("custodian", &json!({"id": id, "name": name}))
}

fn add_authenticator(document: &mut Value, person: &Value) {
    if !person.is_object() {
        return;
    }
    let mut practitioner = json!({"resourceType": "Practitioner", "id": "authenticator"});
    if person["id"].is_object() {
        practitioner["identifier"] = json!([identifier(&person["id"])]);
    }
    let mut name = json!({});
    if let Some(family) = person["family"].as_str() {
        name["family"] = json!(family);
    }
    if let Some(given) = person["given"].as_str() {
        name["given"] = json!([given]);
    }
    if name.as_object().is_some_and(|name| !name.is_empty()) {
        practitioner["name"] = json!([name]);
    }
    document["authenticator"] = json!({"reference": "#authenticator"});
    if let Some(contained) = document["contained"].as_array_mut() {
        contained.push(practitioner);
    }
}

fn add_context(context: &mut Value, header: &Value, creation: Option<&str>) {
    let start = header["service_start"].as_str().map(fhir_time);
    context["period"] = json!({"start": start.as_deref().or(creation)});
    if let Some(stop) = header["service_stop"].as_str() {
        context["period"]["end"] = json!(fhir_time(stop));
    }
    for (key, name) in [
        ("facility_type", "facilityType"),
        ("practice_setting", "practiceSetting"),
    ] {
        if header[key].is_object() {
            context[name] = coded(&header[key]);
        }
    }
    let events: Vec<Value> = header["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(coded)
        .collect();
    if !events.is_empty() {
        context["event"] = json!(events);
    }
    let related: Vec<Value> = header["references"]
        .as_array()
        .into_iter()
        .flatten()
        .map(related)
        .collect();
    if !related.is_empty() {
        context["related"] = json!(related);
    }
}

fn related(reference: &Value) -> Value {
    let code = match reference["type"].as_str() {
        Some("accession") => "urn:ihe:iti:xds:2013:accession",
        Some("studyInstanceUID") => "urn:ihe:iti:xds:2016:studyInstanceUID",
        _ => "urn:ihe:iti:xds:2013:order",
    };
    let (system, value) = unique_id(reference["id"].as_str().unwrap_or_default());
    json!({"identifier": {
        "type": {"coding": [{"system": "urn:ietf:rfc:3986", "code": code}]},
        "system": system,
        "value": value
    }})
}

/// The contained resources of a document that a reference reaches.
fn contained_for(source: &Value, contained: &Value) -> Value {
    let wanted = source.as_str().unwrap_or_default().trim_start_matches('#');
    let number = wanted.trim_start_matches("author");
    let kept: Vec<&Value> = contained
        .as_array()
        .into_iter()
        .flatten()
        .filter(|resource| {
            let id = resource["id"].as_str().unwrap_or_default();
            id == wanted || id == format!("person{number}") || id == format!("organization{number}")
        })
        .collect();
    json!(kept)
}

/// An id of a header as a FHIR Identifier.
pub fn identifier(id: &Value) -> Value {
    let root = id["root"].as_str().unwrap_or_default();
    match id["extension"].as_str() {
        Some(extension) if !extension.is_empty() => {
            json!({"system": root_urn(root), "value": extension})
        }
        _ => json!({"system": "urn:ietf:rfc:3986", "value": root_urn(root)}),
    }
}

/// System and value of a unique id, `root` or `root^extension`.
pub fn unique_id(text: &str) -> (String, String) {
    match text.split_once('^') {
        Some((root, extension)) => (root_urn(root), extension.to_owned()),
        None => ("urn:ietf:rfc:3986".to_owned(), root_urn(text)),
    }
}

fn root_urn(root: &str) -> String {
    if root.contains('-') {
        format!("urn:uuid:{}", root.to_lowercase())
    } else {
        format!("urn:oid:{root}")
    }
}

fn coded(code: &Value) -> Value {
    concept(
        code["code"].as_str().unwrap_or_default(),
        code["system_oid"].as_str().unwrap_or_default(),
    )
}

fn concept(code: &str, oid: &str) -> Value {
    json!({"coding": [{"system": system_url(oid), "code": code}]})
}

fn system_url(oid: &str) -> String {
    match oid {
        "2.16.840.1.113883.6.1" => "http://loinc.org".to_owned(),
        "2.16.840.1.113883.5.25" => {
            "http://terminology.hl7.org/CodeSystem/v3-Confidentiality".to_owned()
        }
        oid => format!("urn:oid:{oid}"),
    }
}

/// The sex that a header tells, in FHIR's word.
pub fn gender(source: &Value) -> &'static str {
    match source["sex"].as_str() {
        Some("M") => "male",
        Some("F") => "female",
        _ => "unknown",
    }
}

/// `YYYYMMDD…` as a FHIR date, of the same precision up to the day.
pub fn fhir_date(hl7: &str) -> String {
    let digits: String = hl7
        .chars()
        .take_while(char::is_ascii_digit)
        .take(8)
        .collect();
    match digits.len() {
        8 => format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..8]),
        6 => format!("{}-{}", &digits[..4], &digits[4..6]),
        _ => digits,
    }
}

/// An HL7 time as FHIR writes it.
fn fhir_time(hl7: &str) -> String {
    passerelle::dmp::time::Timestamp::from_hl7(hl7)
        .expect("an HL7 time")
        .to_fhir()
}
