//! What patients change of their record: activation, closing, opening again, and where they are told.

use serde_json::{Value, json};

use crate::acts::{extension, state};
use crate::deposits::own_document;
use crate::support::{Client, Document, Reply, Server};
use crate::{existence, open, open_with, patient_path, served};

const STATE: &str = "https://passerelle.dev/fhir/StructureDefinition/record-state";

/// The Patient as the caller reads it.
async fn read(client: &mut Client, patient: &str) -> Value {
    let found = existence(client, patient).await.assert_status(200).json();
    found["entry"][0]["resource"].clone()
}

/// A Patient that says nothing but its state.
fn only_state(patient: &str, state: &str) -> Value {
    let (system, value) = patient.split_once('|').unwrap();
    json!({
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": value}],
        "extension": [{"url": STATE, "valueCode": state}]
    })
}

fn with_extension(mut patient: Value, name: &str, value: bool) -> Value {
    patient["extension"].as_array_mut().unwrap().push(json!({
        "url": format!("https://passerelle.dev/fhir/StructureDefinition/{name}"),
        "valueBoolean": value
    }));
    patient
}

async fn put(client: &mut Client, patient: &str, resource: &Value) -> Reply {
    let headers = [
        ("Content-Type", "application/fhir+json"),
        ("Prefer", "return=representation"),
    ];
    let body = resource.to_string().into_bytes();
    client
        .send(hyper::Method::PUT, &patient_path(patient), &headers, body)
        .await
}

#[tokio::test]
async fn a_life_of_a_record() {
    let (portal, server) = served();
    let patient = crate::ins(1);
    open_with(&server, &patient, |record| {
        record["extension"][0]["valueCode"] = json!("not-activated");
    })
    .await;
    let mut holder = portal.holder(&patient).on(&server);

    // Activated, with the address to be told at.
    let mut activation = read(&mut holder, &patient).await;
    *state_of(&mut activation) = json!("activated");
    activation["telecom"] = json!([{"system": "email", "value": "anne@courriel.example"}]);
    let active = put(&mut holder, &patient, &activation)
        .await
        .assert_status(200)
        .json();
    assert_eq!(state(&active), Some("activated"));
    assert_eq!(active["telecom"][0]["value"], "anne@courriel.example");
    let made = holder
        .post("/DocumentReference", &own_document(&patient))
        .await;
    made.assert_status(201);

    // Closed, by what was read: nobody feeds, nobody consults.
    let mut closing = read(&mut holder, &patient).await;
    *state_of(&mut closing) = json!("closed");
    closing["active"] = json!(false);
    let closing = with_extension(closing, "deletion-asked", true);
    let closed = put(&mut holder, &patient, &closing)
        .await
        .assert_status(200)
        .json();
    assert_eq!(state(&closed), Some("closed"));
    assert_eq!(closed["active"], json!(false));
    assert!(closed.to_string().contains("FERMETURE_DEMANDE_PATIENT"));
    assert_eq!(
        extension(&closed, "deletion-asked").unwrap()["valueBoolean"],
        true
    );
    let search = [
        ("patient.identifier", patient.as_str()),
        ("status", "current"),
    ];
    holder
        .search("DocumentReference", &search)
        .await
        .assert_refused(403, "record-closed");
    let mut laboratory = server.client("laboratoire");
    let bundle = Document::for_patient(&patient).bundle();
    laboratory
        .post("", &bundle)
        .await
        .assert_refused(403, "record-closed");

    // Opened again from what is read now: the documents are back, and nothing will be deleted.
    let mut opening = read(&mut holder, &patient).await;
    *state_of(&mut opening) = json!("activated");
    opening["active"] = json!(true);
    let opened = put(&mut holder, &patient, &opening)
        .await
        .assert_status(200)
        .json();
    assert_eq!(state(&opened), Some("activated"));
    assert!(extension(&opened, "deletion-asked").is_none());
    assert!(!opened.to_string().contains("dmp-fermeture"));
    assert_eq!(opened["telecom"][0]["value"], "anne@courriel.example");
    let found = holder
        .search("DocumentReference", &search)
        .await
        .assert_status(200);
    assert_eq!(found.json()["total"], json!(1));

    // The state alone, or `active` alone, is enough.
    let bare = put(&mut holder, &patient, &only_state(&patient, "closed")).await;
    assert_eq!(state(&bare.assert_status(200).json()), Some("closed"));
    let mut bare = only_state(&patient, "activated");
    bare.as_object_mut().unwrap().remove("extension");
    bare["active"] = json!(true);
    let bare = put(&mut holder, &patient, &bare)
        .await
        .assert_status(200)
        .json();
    assert_eq!(state(&bare), Some("activated"));
}

fn state_of(patient: &mut Value) -> &mut Value {
    let extensions = patient["extension"].as_array_mut().unwrap();
    let found = extensions.iter_mut().find(|one| one["url"] == STATE);
    &mut found.unwrap()["valueCode"]
}

#[tokio::test]
async fn settings_are_the_holders_and_shown_to_nobody_else() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut holder = portal.holder(&patient).on(&server);
    let mut settings = with_extension(only_state(&patient, "activated"), "notify-documents", false);
    settings["telecom"] = json!([{"system": "email", "value": "anne@courriel.example"}]);
    put(&mut holder, &patient, &settings)
        .await
        .assert_status(200);
    let shown = read(&mut holder, &patient).await;
    assert_eq!(
        extension(&shown, "notify-documents").unwrap()["valueBoolean"],
        false
    );
    assert_eq!(shown["telecom"][0]["value"], "anne@courriel.example");
    // What is not told stays.
    let unchanged = put(&mut holder, &patient, &only_state(&patient, "activated")).await;
    assert_eq!(
        unchanged.assert_status(200).json()["telecom"],
        shown["telecom"]
    );
    for card in ["medecin", "hopital", "laboratoire"] {
        let mut client = server.client(card);
        let shown = read(&mut client, &patient).await;
        assert!(shown.get("telecom").is_none(), "{card}");
        assert!(extension(&shown, "notify-documents").is_none(), "{card}");
    }
    // An operator's update leaves them, or sets another address.
    let (_, mut record) = Document::for_patient(&patient).record();
    let mut operator = server.client("exploitant");
    put(&mut operator, &patient, &record)
        .await
        .assert_status(200);
    assert_eq!(
        read(&mut holder, &patient).await["telecom"],
        shown["telecom"]
    );
    record["telecom"] = json!([{"system": "email", "value": "caisse@courriel.example"}]);
    put(&mut operator, &patient, &record)
        .await
        .assert_status(200);
    let told = read(&mut holder, &patient).await;
    assert_eq!(told["telecom"][0]["value"], "caisse@courriel.example");
    assert_eq!(
        extension(&told, "notify-documents").unwrap()["valueBoolean"],
        false
    );
    assert!(!server.logs().contains("courriel.example"));
    for telecom in [
        json!([{"system": "email", "value": "pas une adresse"}]),
        json!([{"system": "phone", "value": "0102030405"}]),
        json!([{"system": "email", "value": "a@b.fr"}, {"system": "email", "value": "c@d.fr"}]),
    ] {
        let mut wrong = only_state(&patient, "activated");
        wrong["telecom"] = telecom;
        assert_eq!(put(&mut holder, &patient, &wrong).await.status, 422);
    }
}

#[tokio::test]
async fn identity_is_not_the_patients_to_change() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut holder = portal.holder(&patient).on(&server);
    let kept = read(&mut holder, &patient).await;
    put(&mut holder, &patient, &kept).await.assert_status(200);
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 7] = [
        ("name", |p| p["name"][0]["family"] = json!("AUTRE")),
        ("gender", |p| p["gender"] = json!("unknown")),
        ("birthDate", |p| p["birthDate"] = json!("1950-01-01")),
        ("INS", |p| {
            p["identifier"][0]["value"] = json!("279035121518989")
        }),
        ("identity status", |p| {
            for extension in p["extension"].as_array_mut().unwrap() {
                if extension["url"].as_str().unwrap().ends_with("reliability") {
                    extension["extension"][0]["valueCoding"]["code"] = json!("QUAL");
                }
            }
        }),
        ("attachment", |p| {
            for extension in p["extension"].as_array_mut().unwrap() {
                if extension["url"]
                    .as_str()
                    .unwrap()
                    .ends_with("rattachement-mes")
                {
                    let told = extension["valueBoolean"].as_bool().unwrap();
                    extension["valueBoolean"] = json!(!told);
                }
            }
        }),
        ("state", |p| *state_of(p) = json!("not-activated")),
    ];
    for (what, change) in changes {
        let mut changed = kept.clone();
        change(&mut changed);
        let reply = put(&mut holder, &patient, &changed).await;
        assert_eq!(
            reply.status,
            422,
            "{what}: {}",
            String::from_utf8_lossy(&reply.bytes)
        );
    }
    let mut operator = server.client("exploitant");
    let after = read(&mut operator, &patient).await;
    assert_eq!(after["name"], kept["name"]);
}

/// The lines of the journal.
fn journal(server: &Server) -> Vec<String> {
    let database = rusqlite::Connection::open(server.folder().join("passerelle.db")).unwrap();
    let mut lines = database.prepare("SELECT body FROM journal").unwrap();
    let lines = lines.query_map([], |row| row.get(0)).unwrap();
    lines.map(Result::unwrap).collect()
}

#[tokio::test]
async fn who_may_close() {
    let (portal, server) = served();
    let adult = open(&server, 1).await;
    let minor = crate::ins(2);
    open_with(&server, &minor, |record| {
        record["birthDate"] = json!("2018-05-06")
    })
    .await;
    crate::acts::delegate(&server, &adult, "aidant");
    let closing = only_state(&adult, "closed");
    for token in [
        portal.caregiver(&adult, "aidant"),
        portal.caregiver(&adult, "voisin"),
        portal.representative(&adult),
        portal
            .representative(&adult)
            .claim("protection", "property"),
    ] {
        let mut client = token.on(&server);
        put(&mut client, &adult, &closing)
            .await
            .assert_refused(403, "not-yours");
        // Whoever may not act doesn't learn either whether he guessed the traits.
        let mut guess = closing.clone();
        guess["gender"] = json!("male");
        put(&mut client, &adult, &guess)
            .await
            .assert_refused(403, "not-yours");
    }
    let mut caregiver = portal.caregiver(&adult, "aidant").on(&server);
    let settings = with_extension(only_state(&adult, "activated"), "notify-documents", false);
    put(&mut caregiver, &adult, &settings)
        .await
        .assert_refused(403, "not-yours");
    let refused: Vec<String> = journal(&server)
        .into_iter()
        .filter(|line| line.contains("change-record"))
        .collect();
    assert_eq!(refused.len(), 9, "every refusal is traced");
    for line in &refused {
        assert!(line.contains("not-yours") && line.contains("https://portail.example|"));
    }
    let shown = read(&mut caregiver, &adult).await;
    assert_eq!(state(&shown), Some("activated"));
    assert!(shown.get("telecom").is_none());
    for (token, patient) in [
        (
            portal.representative(&adult).claim("protection", "person"),
            &adult,
        ),
        (portal.representative(&minor), &minor),
    ] {
        let mut client = token.on(&server);
        put(&mut client, patient, &only_state(patient, "closed"))
            .await
            .assert_status(200);
    }
}

#[tokio::test]
async fn a_change_that_is_not_possible_is_refused() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let mut holder = portal.holder(&patient).on(&server);
    // A deletion belongs to a closing.
    let early = with_extension(only_state(&patient, "activated"), "deletion-asked", true);
    put(&mut holder, &patient, &early)
        .await
        .assert_refused(422, "element-invalid");
    // A version that was overtaken.
    let headers = [
        ("Content-Type", "application/fhir+json"),
        ("If-Match", "W/\"7\""),
    ];
    let body = only_state(&patient, "closed").to_string().into_bytes();
    let stale = holder
        .send(hyper::Method::PUT, &patient_path(&patient), &headers, body)
        .await;
    stale.assert_refused(412, "version-conflict");
    assert_eq!(state(&read(&mut holder, &patient).await), Some("activated"));
    let opposed = crate::ins(2);
    open_with(&server, &opposed, |record| {
        record["extension"][0]["valueCode"] = json!("opposed");
        record["active"] = json!(false);
    })
    .await;
    let mut holder = portal.holder(&opposed).on(&server);
    let activation = only_state(&opposed, "activated");
    put(&mut holder, &opposed, &activation)
        .await
        .assert_refused(403, "record-closed");
}
