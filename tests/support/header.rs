//! A DocumentReference held against what the header of its document says (`cda metadata`), attribute by attribute.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use passerelle::dmp::time::Timestamp;
use passerelle::tables::Tables;
use serde_json::{Value, json};

use super::bundle;

/// Every attribute that differs: its name, what the resource says, what the header says.
pub fn differences(document: &Value, header: &Value, tables: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, told: Value, expected: Value| {
        if told != expected {
            found.push(format!("{what}: {told} instead of {expected}"));
        }
    };
    let oid = |coding: &Value| {
        let url = coding["system"].as_str().unwrap_or_default();
        let oid = url.strip_prefix("urn:oid:");
        json!({"code": coding["code"], "system_oid": oid.or(tables.systems.oid_of(url))})
    };
    let concept = |concept: &Value| match concept {
        Value::Null => Value::Null,
        concept => oid(&concept["coding"][0]),
    };
    let bare = |code: &Value| match code {
        Value::Null => Value::Null,
        code => json!({"code": code["code"], "system_oid": code["system_oid"]}),
    };
    let time = |time: &Value| match time.as_str() {
        None => Value::Null,
        Some(time) => json!(Timestamp::from_hl7(time).expect("HL7 time").to_fhir()),
    };
    let id = |id: &Value| json!([id["system"], id["value"]]);
    let unique = |id: &Value| {
        let (system, value) = bundle::unique_id(id.as_str().unwrap_or_default());
        json!([system, value])
    };

    let content = &document["content"][0];
    let attachment = &content["attachment"];
    same(
        "unique id",
        id(&document["masterIdentifier"]),
        unique(&header["unique_id"]),
    );
    let (system, ins) = bundle::ins_of(header);
    same(
        "patient",
        id(&document["subject"]["identifier"]),
        json!([system, ins]),
    );
    same("type", concept(&document["type"]), bare(&header["type"]));
    same(
        "class",
        concept(&document["category"][0]),
        bare(&header["class"]),
    );
    same("format", oid(&content["format"]), bare(&header["format"]));
    same(
        "title",
        attachment["title"].clone(),
        header["title"].clone(),
    );
    same(
        "language",
        attachment["language"].clone(),
        header["language"].clone(),
    );
    same("size", attachment["size"].clone(), header["size"].clone());
    same(
        "creation",
        attachment["creation"].clone(),
        time(&header["creation_time"]),
    );
    let hash = BASE64_STANDARD
        .decode(attachment["hash"].as_str().unwrap_or_default())
        .unwrap_or_default();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    same("hash", json!(hash), header["sha1"].clone());

    let context = &document["context"];
    same(
        "service start",
        context["period"]["start"].clone(),
        time(&header["service_start"]),
    );
    same(
        "service stop",
        context["period"]["end"].clone(),
        time(&header["service_stop"]),
    );
    same(
        "facility",
        concept(&context["facilityType"]),
        bare(&header["facility_type"]),
    );
    same(
        "setting",
        concept(&context["practiceSetting"]),
        bare(&header["practice_setting"]),
    );
    same(
        "events",
        list(&context["event"], &concept),
        list(&header["events"], &bare),
    );
    let related = |related: &Value| {
        let kind = related["identifier"]["type"]["coding"][0]["code"]
            .as_str()
            .and_then(|urn| urn.rsplit(':').next())
            .unwrap_or_default();
        json!([kind, id(&related["identifier"])])
    };
    same(
        "references",
        list(&context["related"], &related),
        list(&header["references"], &|reference| {
            json!([reference["type"], unique(&reference["id"])])
        }),
    );
    let labels = |label: &Value| label["coding"][0]["code"].clone();
    same(
        "confidentiality",
        list(&document["securityLabel"], &labels),
        list(&header["confidentiality"], &|code| code["code"].clone()),
    );

    let contained = |reference: &Value| contained(document, reference);
    let people = |reference: &Value| author(document, &contained(reference), &concept);
    same(
        "authors",
        list(&document["author"], &people),
        list(&header["authors"], &|author| author_of(author, &bare)),
    );
    let authenticator = match &document["authenticator"] {
        Value::Null => Value::Null,
        reference => person(&contained(reference)),
    };
    let expected = match &header["legal_authenticator"] {
        Value::Null => Value::Null,
        person => person_of(person),
    };
    same("authenticator", authenticator, expected);
    same(
        "source patient",
        source(&contained(&context["sourcePatientInfo"])),
        source_of(header),
    );
    found
}

fn list(values: &Value, one: &dyn Fn(&Value) -> Value) -> Value {
    values.as_array().into_iter().flatten().map(one).collect()
}

fn contained(document: &Value, reference: &Value) -> Value {
    let wanted = reference["reference"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    document["contained"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|resource| wanted.is_some() && resource["id"].as_str() == wanted)
        .cloned()
        .unwrap_or_default()
}

/// `[system, value]` of the first identifier.
fn first_id(resource: &Value) -> Value {
    match &resource["identifier"][0] {
        Value::Null => Value::Null,
        id => json!([id["system"], id["value"]]),
    }
}

fn id_of(id: &Value) -> Value {
    match id {
        Value::Null => Value::Null,
        Value::String(text) => json!(["urn:oid:1.2.250.1.71.4.2.2", text]),
        id => {
            let identifier = bundle::identifier(id);
            json!([identifier["system"], identifier["value"]])
        }
    }
}

/// All the given names of a HumanName, joined as the header joins them.
fn given(name: &Value) -> Value {
    let given: Vec<&str> = name["given"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match given.is_empty() {
        true => Value::Null,
        false => json!(given.join(" ")),
    }
}

fn person(resource: &Value) -> Value {
    let name = &resource["name"][0];
    json!([first_id(resource), name["family"], given(name)])
}

fn person_of(person: &Value) -> Value {
    json!([id_of(&person["id"]), person["family"], person["given"]])
}

fn author(document: &Value, resource: &Value, concept: &dyn Fn(&Value) -> Value) -> Value {
    let of = |reference: &Value| contained(document, reference);
    let (who, specialty, role, organization) = match resource["resourceType"].as_str() {
        Some("PractitionerRole") => (
            person(&of(&resource["practitioner"])),
            concept(&resource["specialty"][0]),
            concept(&resource["code"][0]),
            of(&resource["organization"]),
        ),
        Some("Device") => (
            json!([first_id(resource), null, null]),
            concept(&resource["type"]),
            Value::Null,
            of(&resource["owner"]),
        ),
        _ => (
            person(resource),
            Value::Null,
            Value::Null,
            of(&resource["managingOrganization"]),
        ),
    };
    json!({
        "who": who,
        "specialty": specialty,
        "role": role,
        "institution": [first_id(&organization), organization["name"]],
        "device": resource["deviceName"][0]["name"],
    })
}

fn author_of(author: &Value, bare: &dyn Fn(&Value) -> Value) -> Value {
    let institution = &author["institution"];
    json!({
        "who": person_of(author),
        "specialty": bare(&author["specialty"]),
        "role": bare(&author["role"]),
        "institution": [id_of(&institution["id"]), institution["name"]],
        "device": author["device"],
    })
}

fn source(patient: &Value) -> Value {
    let family = |usage: &str| {
        patient["name"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|name| name["use"] == usage)
            .map(|name| name["family"].clone())
    };
    json!({
        "ids": list(&patient["identifier"], &|id| json!([id["system"], id["value"]])),
        "birth": family("official"),
        "used": family("usual"),
        "given": given(&patient["name"][0]),
        "date": patient["birthDate"],
        "gender": patient["gender"],
    })
}

fn source_of(header: &Value) -> Value {
    let source = &header["source_patient"];
    json!({
        "ids": list(&header["patient_ids"], &id_of),
        "birth": source["family_birth"],
        "used": source["family_used"],
        "given": source["given"],
        "date": source["birth_date"].as_str().map(bundle::fhir_date),
        "gender": bundle::gender(source),
    })
}
