//! Every right over HTTP: who may write it, who may read it, and what it changes for everybody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use hyper::Method;
use passerelle::cli::demo::cards::card;
use serde_json::{Value, json};
use support::client::encode;
use support::consent::{right, switch, with_category, withdrawn};
use support::document::ins;
use support::{Client, Document, Options, Portal, Reply, Server, consent_for};

const AUTHORISATION_STATUS: &str =
    "https://passerelle.dev/fhir/StructureDefinition/authorisation-status";
const MEDECIN_TRAITANT: &str =
    "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/dmp-medecin-traitant";

fn number(name: &str) -> &'static str {
    card(name).expect(name).id
}

/// `<system>|<PS_IdNat>` of a card.
fn person(name: &str) -> String {
    format!("urn:oid:1.2.250.1.71.4.2.1|{}", number(name))
}

/// `<system>|<iss, sub>` of a caregiver.
fn caregiver(sub: &str) -> String {
    format!("{}|{sub}", support::portal::ISSUER)
}

/// A server with a portal, and the activated record of an adult with one document of `hopital`.
struct World {
    portal: Portal,
    server: Server,
    patient: String,
}

impl World {
    async fn new() -> Self {
        let portal = Portal::new();
        let server = Server::with(Options::default().portal(&portal));
        let world = Self {
            portal,
            server,
            patient: ins(1),
        };
        let document = Document::for_patient(&world.patient);
        world.open(&world.patient, |_| {}).await;
        let mut hospital = world.card("hopital");
        let deposited = hospital.post("", &document.bundle()).await;
        deposited.assert_status(200);
        world
    }

    /// Opens a record, changed before it is sent.
    async fn open(&self, patient: &str, change: impl FnOnce(&mut Value)) {
        let (_, mut record) = Document::for_patient(patient).record();
        change(&mut record);
        let path = format!("/Patient?identifier={}", encode(patient));
        let mut operator = self.card("exploitant");
        operator.put(&path, &record).await.assert_status(201);
    }

    fn card(&self, name: &str) -> Client {
        self.server.client(name)
    }

    fn holder(&self) -> Client {
        self.portal.holder(&self.patient).on(&self.server)
    }

    fn access(&self, name: &str) -> Value {
        consent_for(&self.patient, number(name))
    }

    fn physician(&self, name: &str) -> Value {
        with_category(self.access(name), "medecin-traitant")
    }

    fn of(&self, category: &str, kind: &str, name: &str) -> Value {
        right(category, kind, &self.patient, Some(&person(name)))
    }

    /// How many documents a search finds, or the refusal's code.
    async fn finds(&self, client: &mut Client) -> Result<u64, String> {
        let asked = [
            ("patient.identifier", self.patient.as_str()),
            ("status", "current"),
        ];
        let reply = client.search("DocumentReference", &asked).await;
        match reply.status {
            200 => Ok(reply.json()["total"].as_u64().expect("total")),
            _ => Err(reply.refusal()),
        }
    }

    /// What TD0.2 says of the caller: authorisation, and whether he is médecin traitant.
    async fn standing(&self, client: &mut Client) -> (String, bool) {
        let asked = [("identifier", self.patient.as_str())];
        let found = client.search("Patient", &asked).await.assert_status(200);
        let resource = found.json()["entry"][0]["resource"].clone();
        let extension = |url: &str| {
            let all = resource["extension"].as_array().expect("extensions");
            all.iter().find(|one| one["url"] == url).cloned()
        };
        let status = extension(AUTHORISATION_STATUS).unwrap_or_default();
        let physician = extension(MEDECIN_TRAITANT).unwrap_or_default();
        (
            status["valueCode"].as_str().unwrap_or_default().to_owned(),
            physician["valueBoolean"] == true,
        )
    }

    /// The categories of the active rights that a caller finds, sorted.
    async fn rights(&self, client: &mut Client, more: &[(&str, &str)]) -> Vec<String> {
        let mut asked = vec![
            ("patient.identifier", self.patient.as_str()),
            ("status", "active"),
        ];
        asked.extend(more);
        let found = client.search("Consent", &asked).await.assert_status(200);
        let bundle = found.json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        let category = |entry: &Value| {
            let coding = &entry["resource"]["category"][1]["coding"][0];
            coding["code"].as_str().expect("code").to_owned()
        };
        let mut categories: Vec<_> = entries.iter().map(category).collect();
        categories.sort();
        categories
    }
}

async fn declare(client: &mut Client, consent: &Value) -> Reply {
    client.post("/Consent", consent).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_treating_physician_is_authorised_and_giving_it_up_keeps_that() {
    let world = World::new().await;
    let mut doctor = world.card("medecin");
    assert_eq!(
        world.standing(&mut doctor).await,
        ("NON_EXISTE".into(), false)
    );
    let made = declare(&mut doctor, &world.physician("medecin")).await;
    let made = made.assert_status(201).json();
    assert!(made["provision"]["period"]["end"].is_null(), "{made}");
    assert_eq!(world.standing(&mut doctor).await, ("VALIDE".into(), true));
    assert_eq!(world.finds(&mut doctor).await, Ok(1));
    let both = ["autorisation-acces", "medecin-traitant"];
    assert_eq!(world.rights(&mut doctor, &[]).await, both);
    let again = declare(&mut doctor, &world.physician("medecin")).await;
    again.assert_status(200);
    let given_up = withdrawn(world.physician("medecin"));
    declare(&mut doctor, &given_up).await.assert_status(200);
    assert_eq!(world.standing(&mut doctor).await, ("VALIDE".into(), false));

    // A physician, with his own card, for himself.
    for (name, code) in [
        ("infirmier", "not-a-physician"),
        ("interne", "not-a-physician"),
        ("medecin2", "not-yours"),
    ] {
        let whom = if name == "medecin2" { "medecin" } else { name };
        let refused = declare(&mut world.card(name), &world.physician(whom)).await;
        refused.assert_refused(403, code);
    }
    let mut unfounded = world.physician("medecin");
    unfounded.as_object_mut().unwrap().remove("extension");
    declare(&mut doctor, &unfounded)
        .await
        .assert_refused(422, "element-required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_beats_all_and_unblocking_restores_nothing() {
    let world = World::new().await;
    let (mut doctor, mut patient) = (world.card("medecin"), world.holder());
    let block = world.of("blocage", "deny", "medecin");
    declare(&mut doctor, &world.physician("medecin"))
        .await
        .assert_status(201);
    declare(&mut patient, &block).await.assert_status(201);
    assert_eq!(
        world.standing(&mut doctor).await,
        ("INTERDIT".into(), false)
    );
    let blocked = Err("blocked-by-patient".to_owned());
    assert_eq!(world.finds(&mut doctor).await, blocked);
    let mut breaking = world
        .card("medecin")
        .with("DMP-Access-Mode", "bris_de_glace")
        .with("DMP-Access-Reason", "coma");
    assert_eq!(world.finds(&mut breaking).await, blocked);
    declare(&mut doctor, &world.access("medecin"))
        .await
        .assert_refused(403, "blocked-by-patient");
    // Nobody shows the patient a status of his own.
    assert_eq!(world.standing(&mut patient).await, (String::new(), false));
    // What was declared before is withdrawn, and he sees that the block concerns him.
    assert_eq!(world.rights(&mut doctor, &[]).await, ["blocage"]);

    declare(&mut patient, &withdrawn(block))
        .await
        .assert_status(200);
    let none = ("NON_EXISTE".to_owned(), false);
    assert_eq!(world.standing(&mut doctor).await, none);
    let asked = Err("consent-required".to_owned());
    assert_eq!(world.finds(&mut doctor).await, asked);
    declare(&mut doctor, &world.access("medecin"))
        .await
        .assert_status(200);
    assert_eq!(world.finds(&mut doctor).await, Ok(1));

    let of_other = world.of("blocage", "deny", "medecin2");
    declare(&mut doctor, &of_other)
        .await
        .assert_refused(403, "not-yours");
    let nobody = withdrawn(world.of("blocage", "deny", "pharmacien"));
    declare(&mut patient, &nobody)
        .await
        .assert_refused(404, "not-found");
    assert_eq!(
        world.rights(&mut patient, &[]).await,
        ["autorisation-acces"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_emergency_switches_are_the_patients() {
    let world = World::new().await;
    let mut patient = world.holder();
    let mut breaking = world
        .card("medecin")
        .with("DMP-Access-Mode", "bris_de_glace")
        .with("DMP-Access-Reason", "coma");
    let mut regulating = world
        .card("regulateur")
        .with("DMP-Access-Mode", "centre_15");
    let refused = Err("emergency-refused".to_owned());
    assert_eq!(world.finds(&mut breaking).await, Ok(1));
    assert_eq!(world.finds(&mut regulating).await, Ok(1));

    let no_glass = switch("deny", &world.patient, &["BTG"]);
    declare(&mut patient, &no_glass).await.assert_status(201);
    assert_eq!(world.finds(&mut breaking).await, refused);
    assert_eq!(world.finds(&mut regulating).await, Ok(1));
    let no_call = switch("deny", &world.patient, &["ETREAT"]);
    declare(&mut patient, &no_call).await.assert_status(201);
    assert_eq!(world.finds(&mut regulating).await, refused);

    // Masked documents: only with the third switch, and never when both others are off.
    let all_masked = right("masquage-par-defaut", "deny", &world.patient, None);
    declare(&mut patient, &all_masked).await.assert_status(201);
    let glass = switch("permit", &world.patient, &["BTG"]);
    declare(&mut patient, &glass).await.assert_status(200);
    assert_eq!(world.finds(&mut breaking).await, Ok(0));
    let masked = switch("permit", &world.patient, &["ETREAT", "BTG"]);
    declare(&mut patient, &masked).await.assert_status(201);
    assert_eq!(world.finds(&mut breaking).await, Ok(1));
    // Withdrawn, a setting is as it is by default.
    declare(&mut patient, &withdrawn(masked.clone()))
        .await
        .assert_status(200);
    assert_eq!(world.finds(&mut breaking).await, Ok(0));

    let mut doctor = world.card("medecin");
    declare(&mut doctor, &glass)
        .await
        .assert_refused(403, "not-yours");
    declare(&mut doctor, &all_masked)
        .await
        .assert_refused(403, "not-yours");
    // Professionals see the switches, each with its key, and nothing else of the patient's.
    let switches = ["urgence", "urgence"];
    assert_eq!(world.rights(&mut doctor, &[]).await, switches);
    let by_purpose = world.rights(&mut doctor, &[("purpose", "ETREAT")]).await;
    assert_eq!(by_purpose, ["urgence"]);
    let every = ["masquage-par-defaut", "urgence", "urgence"];
    assert_eq!(world.rights(&mut patient, &[]).await, every);
    // Both purposes without the label name no switch.
    let mut unlabelled = masked;
    let provision = unlabelled["provision"].as_object_mut().unwrap();
    provision.remove("securityLabel");
    declare(&mut patient, &unlabelled)
        .await
        .assert_refused(422, "element-invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn default_masking_hides_what_is_there_and_what_comes() {
    let world = World::new().await;
    let (mut doctor, mut other) = (world.card("medecin"), world.card("medecin2"));
    let mut patient = world.holder();
    for (client, name) in [(&mut doctor, "medecin"), (&mut other, "medecin2")] {
        declare(client, &world.access(name))
            .await
            .assert_status(201);
        assert_eq!(world.finds(client).await, Ok(1));
    }
    let masking = right("masquage-par-defaut", "deny", &world.patient, None);
    declare(&mut patient, &masking).await.assert_status(201);
    assert_eq!(world.finds(&mut doctor).await, Ok(0));
    assert_eq!(world.finds(&mut patient).await, Ok(1));
    // The médecin traitant sees it, with its label, and as another version.
    declare(&mut other, &world.physician("medecin2"))
        .await
        .assert_status(201);
    let asked = [
        ("patient.identifier", world.patient.as_str()),
        ("status", "current"),
        ("security-label", "MASQUE_PS"),
    ];
    let found = other.search("DocumentReference", &asked).await;
    let bundle = found.assert_status(200).json();
    assert_eq!(bundle["total"], 1);
    let resource = &bundle["entry"][0]["resource"];
    assert_eq!(resource["meta"]["versionId"], "2", "{resource}");
    assert!(resource["securityLabel"].to_string().contains("MASQUE_PS"));

    let coming = Document::for_patient(&world.patient);
    let mut hospital = world.card("hopital");
    hospital.post("", &coming.bundle()).await.assert_status(200);
    assert_eq!(world.finds(&mut doctor).await, Ok(0));
    assert_eq!(world.finds(&mut other).await, Ok(2));
    declare(&mut patient, &withdrawn(masking))
        .await
        .assert_status(200);
    assert_eq!(world.finds(&mut doctor).await, Ok(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_is_chosen_by_the_patient_among_those_who_consulted() {
    let world = World::new().await;
    let (mut doctor, mut patient) = (world.card("medecin"), world.holder());
    let administrator = world.of("administrateur", "permit", "medecin");
    declare(&mut patient, &administrator)
        .await
        .assert_refused(422, "never-connected");
    declare(&mut doctor, &administrator)
        .await
        .assert_refused(403, "not-yours");
    let access = world.access("medecin");
    declare(&mut doctor, &access).await.assert_status(201);
    declare(&mut patient, &administrator)
        .await
        .assert_refused(422, "never-connected");
    assert_eq!(world.finds(&mut doctor).await, Ok(1));
    declare(&mut patient, &administrator)
        .await
        .assert_status(201);
    // He sees what is masked, blocks and unblocks (ADM-02).
    let masking = right("masquage-par-defaut", "deny", &world.patient, None);
    declare(&mut patient, &masking).await.assert_status(201);
    assert_eq!(world.finds(&mut doctor).await, Ok(1));
    let block = world.of("blocage", "deny", "medecin2");
    declare(&mut doctor, &block).await.assert_status(201);
    declare(&mut doctor, &withdrawn(block))
        .await
        .assert_status(200);
    declare(&mut patient, &withdrawn(administrator))
        .await
        .assert_status(200);
    assert_eq!(world.finds(&mut doctor).await, Ok(0));
    let structure = right(
        "administrateur",
        "permit",
        &world.patient,
        Some("urn:oid:1.2.250.1.71.4.2.2|10B0000014"),
    );
    declare(&mut patient, &structure)
        .await
        .assert_refused(422, "element-invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caregiver_acts_while_he_is_delegated() {
    let world = World::new().await;
    let mut patient = world.holder();
    let mut helper = world
        .portal
        .caregiver(&world.patient, "aidant")
        .on(&world.server);
    assert_eq!(world.finds(&mut helper).await, Err("not-yours".into()));
    let to = |sub: &str| {
        let actor = caregiver(sub);
        right("delegation", "permit", &world.patient, Some(&actor))
    };
    let made = declare(&mut patient, &to("aidant")).await;
    let made = made.assert_status(201).json();
    assert!(made["provision"]["period"]["end"].is_string(), "{made}");
    let identifier = &made["provision"]["actor"][0]["reference"]["identifier"];
    assert_eq!(
        *identifier,
        json!({"system": support::portal::ISSUER, "value": "aidant"})
    );
    assert_eq!(world.finds(&mut helper).await, Ok(1));
    // He doesn't manage sharing (AID-02).
    declare(&mut helper, &to("autre"))
        .await
        .assert_refused(403, "not-yours");
    for sub in ["deux", "trois"] {
        declare(&mut patient, &to(sub)).await.assert_status(201);
    }
    let fourth = declare(&mut patient, &to("quatre")).await;
    fourth.assert_refused(403, "not-allowed");
    declare(&mut patient, &withdrawn(to("aidant")))
        .await
        .assert_status(200);
    assert_eq!(world.finds(&mut helper).await, Err("not-yours".into()));
    let mut parent = world
        .portal
        .representative(&world.patient)
        .on(&world.server);
    declare(&mut parent, &to("quatre"))
        .await
        .assert_refused(403, "not-yours");
    declare(&mut world.card("medecin"), &to("quatre"))
        .await
        .assert_refused(403, "not-yours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opposition_to_feeding_has_a_reason_and_stops_who_notes_it() {
    let world = World::new().await;
    let (mut doctor, mut patient) = (world.card("medecin"), world.holder());
    let opposed = |reason: &str| {
        let mut consent = world.of("opposition-alimentation", "deny", "medecin");
        consent["extension"] = json!([{
            "url": "https://passerelle.dev/fhir/StructureDefinition/opposition-reason",
            "valueString": reason,
        }]);
        consent
    };
    declare(&mut doctor, &opposed(" \u{a0} "))
        .await
        .assert_refused(422, "element-invalid");
    declare(
        &mut doctor,
        &world.of("opposition-alimentation", "deny", "medecin"),
    )
    .await
    .assert_refused(422, "element-required");
    declare(&mut patient, &opposed("Secret"))
        .await
        .assert_refused(403, "not-yours");
    let deposit = async |client: &mut Client| {
        let bundle = Document::for_patient(&world.patient).bundle();
        let headers = [
            ("Content-Type", "application/fhir+json"),
            ("DMP-Structure", "499900000029010"),
        ];
        let body = bundle.to_string().into_bytes();
        client.send(Method::POST, "", &headers, body).await
    };
    declare(&mut doctor, &opposed("Secret"))
        .await
        .assert_status(201);
    deposit(&mut doctor)
        .await
        .assert_refused(403, "not-allowed");
    deposit(&mut world.card("medecin2"))
        .await
        .assert_status(200);
    declare(&mut doctor, &withdrawn(opposed("Secret")))
        .await
        .assert_status(200);
    deposit(&mut doctor).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sees_what_concerns_him_and_the_patient_sees_all() {
    let world = World::new().await;
    let (mut doctor, mut other) = (world.card("medecin"), world.card("medecin2"));
    let mut patient = world.holder();
    declare(&mut doctor, &world.access("medecin"))
        .await
        .assert_status(201);
    let block = world.of("blocage", "deny", "pharmacien");
    let block = declare(&mut patient, &block)
        .await
        .assert_status(201)
        .json();
    let access = declare(&mut other, &world.access("medecin2")).await;
    let access = access.assert_status(201).json();
    assert_eq!(world.rights(&mut doctor, &[]).await, ["autorisation-acces"]);
    let all = ["autorisation-acces", "autorisation-acces", "blocage"];
    assert_eq!(world.rights(&mut patient, &[]).await, all);
    let who = person("medecin2");
    let asked = [("actor.identifier", who.as_str())];
    assert_eq!(world.rights(&mut doctor, &asked).await, [""; 0]);
    assert_eq!(
        world.rights(&mut patient, &asked).await,
        ["autorisation-acces"]
    );
    let asked = [("category", "blocage,medecin-traitant")];
    assert_eq!(world.rights(&mut patient, &asked).await, ["blocage"]);

    // Somebody else's is not there, whether it is read, by version, or written over.
    let unknown = "/Consent/0190f3c1-0000-4000-8000-000000000001".to_owned();
    for resource in [&block, &access] {
        let path = format!("/Consent/{}", resource["id"].as_str().unwrap());
        patient.get(&path).await.assert_status(200);
        for path in [path, unknown.clone()] {
            doctor.get(&path).await.assert_refused(404, "not-found");
            let version = format!("{path}/_history/1");
            doctor.get(&version).await.assert_refused(404, "not-found");
            doctor
                .put(&path, &world.access("medecin"))
                .await
                .assert_refused(404, "not-found");
            let deleted = doctor.send(Method::DELETE, &path, &[], Vec::new()).await;
            deleted.assert_refused(405, "method-not-allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_has_versions_and_one_key() {
    let world = World::new().await;
    let mut patient = world.holder();
    let no_glass = switch("deny", &world.patient, &["BTG"]);
    let first = declare(&mut patient, &no_glass).await.assert_status(201);
    assert_eq!(first.header("etag"), "W/\"1\"");
    let first = first.json();
    let path = format!("/Consent/{}", first["id"].as_str().unwrap());
    let key = &first["identifier"][0];
    let (system, value) = (key["system"].as_str(), key["value"].as_str());
    let key = format!("{}|{}", system.unwrap(), value.unwrap());
    let by_key = format!("/Consent?identifier={}", encode(&key));

    // The other switch is another right: its key is not this one's.
    let no_call = switch("deny", &world.patient, &["ETREAT"]);
    patient
        .put(&by_key, &no_call)
        .await
        .assert_refused(422, "element-invalid");
    patient
        .put(&path, &no_call)
        .await
        .assert_refused(422, "element-invalid");
    let glass = switch("permit", &world.patient, &["BTG"]);
    let second = patient.put(&by_key, &glass).await.assert_status(200);
    assert_eq!(second.header("etag"), "W/\"2\"");
    assert_eq!(second.json()["id"], first["id"]);
    let stale = async |client: &mut Client, tag: &str| {
        let headers = [("Content-Type", "application/fhir+json"), ("If-Match", tag)];
        let body = no_glass.to_string().into_bytes();
        client.send(Method::PUT, &path, &headers, body).await
    };
    stale(&mut patient, "W/\"1\"")
        .await
        .assert_refused(412, "version-conflict");
    stale(&mut patient, "W/\"2\"").await.assert_status(200);
    for (version, kind) in [("1", "deny"), ("2", "permit"), ("3", "deny")] {
        let read = patient.get(&format!("{path}/_history/{version}")).await;
        let read = read.assert_status(200);
        assert_eq!(read.header("etag"), format!("W/\"{version}\""));
        let resource = read.json();
        assert_eq!(resource["meta"]["versionId"], version);
        assert_eq!(resource["provision"]["type"], kind);
    }
    for version in ["0", "4", "x", "01", "%2B1", "4294967297"] {
        let read = patient.get(&format!("{path}/_history/{version}")).await;
        read.assert_refused(404, "not-found");
    }
    let new = patient.put("/Consent?identifier=x", &no_call).await;
    new.assert_refused(422, "element-invalid");
    let created = key.replace(":BTG", ":ETREAT");
    let created = format!("/Consent?identifier={}", encode(&created));
    patient.put(&created, &no_call).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_representative_consents_to_ends_with_the_majority() {
    let world = World::new().await;
    let minor = ins(2);
    let today = passerelle::dmp::time::paris_date(jiff::Timestamp::now());
    let birthday = today.checked_add(jiff::ToSpan::months(2)).unwrap();
    let born = birthday.checked_sub(jiff::ToSpan::years(18)).unwrap();
    world
        .open(&minor, |record| {
            record["birthDate"] = json!(born.to_string())
        })
        .await;
    let mut doctor = world.card("medecin");
    let access = consent_for(&minor, number("medecin"));
    let made = declare(&mut doctor, &access).await.assert_status(201);
    let end = made.json()["provision"]["period"]["end"].clone();
    let end: jiff::Timestamp = end.as_str().unwrap().parse().unwrap();
    let months = end.as_second() - jiff::Timestamp::now().as_second();
    // Not twelve months: two, give or take the hours of the time zone.
    assert!((57..=63).contains(&(months / 86_400)), "{end}");
    let mut parent = world.portal.representative(&minor).on(&world.server);
    let block = right("blocage", "deny", &minor, Some(&person("medecin")));
    let block = declare(&mut parent, &block).await.assert_status(201).json();
    assert!(block["provision"]["period"]["end"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_decides_in_another_record() {
    let world = World::new().await;
    let elsewhere = ins(3);
    world.open(&elsewhere, |_| {}).await;
    let mut patient = world.holder();
    for consent in [
        right("masquage-par-defaut", "deny", &elsewhere, None),
        switch("permit", &elsewhere, &["BTG"]),
        right("blocage", "deny", &elsewhere, Some(&person("medecin"))),
    ] {
        declare(&mut patient, &consent)
            .await
            .assert_refused(403, "not-yours");
    }
    // Nor does he declare what a professional declares; he takes it back.
    declare(&mut patient, &world.access("medecin"))
        .await
        .assert_refused(403, "not-yours");
    let mut doctor = world.card("medecin");
    declare(&mut doctor, &world.access("medecin"))
        .await
        .assert_status(201);
    declare(&mut patient, &withdrawn(world.access("medecin")))
        .await
        .assert_status(200);
    assert_eq!(
        world.finds(&mut doctor).await,
        Err("consent-required".into())
    );
}

/// Milliseconds since the epoch.
fn millis(instant: &Value) -> i64 {
    let text = instant.as_str().expect("an instant");
    text.parse::<jiff::Timestamp>()
        .expect("RFC 3339")
        .as_millisecond()
}

/// Each answer against a filter over all the rights, read one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_finds_what_its_words_say_of_the_rights_read_one_by_one() {
    let world = World::new().await;
    let (mut doctor, mut patient) = (world.card("medecin"), world.holder());
    let mut other = world.card("medecin2");
    for (client, name) in [(&mut doctor, "medecin"), (&mut other, "medecin2")] {
        let declared = declare(client, &world.access(name)).await;
        declared.assert_status(201);
    }
    let given_up = withdrawn(world.access("medecin"));
    declare(&mut doctor, &given_up).await.assert_status(200);
    let mut opposition = world.of("opposition-alimentation", "deny", "medecin");
    opposition["extension"] = json!([{
        "url": "https://passerelle.dev/fhir/StructureDefinition/opposition-reason",
        "valueString": "Motif",
    }]);
    declare(&mut doctor, &opposition).await.assert_status(201);
    let helper = caregiver("proche");
    for consent in [
        world.of("blocage", "deny", "pharmacien"),
        switch("deny", &world.patient, &["BTG"]),
        right("delegation", "permit", &world.patient, Some(&helper)),
    ] {
        declare(&mut patient, &consent).await.assert_status(201);
    }
    let all = resources(&world, &mut patient, &[]).await;
    assert_eq!(all.len(), 6);
    let mut read = Vec::new();
    for right in &all {
        let path = format!("/Consent/{}", right["id"].as_str().expect("id"));
        read.push(patient.get(&path).await.assert_status(200).json());
    }
    let middle = read[3]["meta"]["lastUpdated"].as_str().expect("instant");
    let pivot = millis(&json!(middle));
    let does = |right: &Value, code: &str| {
        let actions = right["provision"]["action"].as_array().expect("actions");
        actions.iter().any(|one| one["coding"][0]["code"] == code)
    };
    let updated = |right: &Value| millis(&right["meta"]["lastUpdated"]);
    let start = |right: &Value| millis(&right["provision"]["period"]["start"]);
    let end = |right: &Value| {
        let end = &right["provision"]["period"]["end"];
        if end.is_null() { i64::MAX } else { millis(end) }
    };
    let far = 4_102_444_800_000; // 2100
    type Says<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let system = "http://terminology.hl7.org/CodeSystem/consentaction";
    let questions: Vec<(&str, String, Says<'_>)> = vec![
        ("action", "access".into(), Box::new(|r| does(r, "access"))),
        (
            "action",
            format!("{system}|collect"),
            Box::new(|r| does(r, "collect")),
        ),
        (
            "action",
            "correct,collect".into(),
            Box::new(|r| does(r, "correct") || does(r, "collect")),
        ),
        (
            "action",
            "disclose".into(),
            Box::new(|r| does(r, "disclose")),
        ),
        (
            "action",
            "http://loinc.org|access".into(),
            Box::new(|_| false),
        ),
        (
            "_lastUpdated",
            middle.into(),
            Box::new(|r| updated(r) == pivot),
        ),
        (
            "_lastUpdated",
            format!("ne{middle}"),
            Box::new(|r| updated(r) != pivot),
        ),
        (
            "_lastUpdated",
            format!("gt{middle}"),
            Box::new(|r| updated(r) > pivot),
        ),
        (
            "_lastUpdated",
            format!("lt{middle}"),
            Box::new(|r| updated(r) < pivot),
        ),
        (
            "_lastUpdated",
            format!("ge{middle}"),
            Box::new(|r| updated(r) >= pivot),
        ),
        (
            "date",
            format!("le{middle}"),
            Box::new(|r| updated(r) <= pivot),
        ),
        (
            "date",
            format!("sa{middle}"),
            Box::new(|r| updated(r) > pivot),
        ),
        (
            "period",
            "2099".into(),
            Box::new(|r| end(r) > far - 1_000_000_000),
        ),
        (
            "period",
            "ne2099".into(),
            Box::new(|r| end(r) < far - 1_000_000_000),
        ),
        (
            "period",
            format!("lt{middle}"),
            Box::new(|r| start(r) < pivot),
        ),
        (
            "period",
            format!("sa{middle}"),
            Box::new(|r| start(r) > pivot),
        ),
        ("period", "gt2099".into(), Box::new(|r| end(r) > far)),
        ("period", "eb2100".into(), Box::new(|r| end(r) < far)),
        ("period", "lt2000".into(), Box::new(|_| false)),
    ];
    let ids = |rights: &[Value]| -> Vec<String> {
        let id = |right: &Value| right["id"].as_str().expect("id").to_owned();
        rights.iter().map(id).collect()
    };
    let (mut some, mut none) = (0, 0);
    for (name, value, says) in &questions {
        let found = resources(&world, &mut patient, &[(name, value)]).await;
        let expected: Vec<Value> = read.iter().filter(|r| says(r)).cloned().collect();
        assert_eq!(ids(&found), ids(&expected), "{name}={value}");
        some += usize::from(!found.is_empty() && found.len() < read.len());
        none += usize::from(found.is_empty());
        // Somebody else's right is told by no parameter: not in the rows, not in the number.
        let own: Vec<Value> = expected
            .iter()
            .filter(|right| {
                let who = &right["provision"]["actor"][0]["reference"]["identifier"]["value"];
                who == number("medecin") || who.is_null()
            })
            .cloned()
            .collect();
        let shown = resources(&world, &mut doctor, &[(name, value)]).await;
        assert_eq!(ids(&shown), ids(&own), "{name}={value}");
        let asked = [
            ("patient.identifier", world.patient.as_str()),
            (name, value),
            ("_count", "0"),
        ];
        let counted = doctor.search("Consent", &asked).await.assert_status(200);
        assert_eq!(counted.json()["total"], own.len(), "{name}={value}");
    }
    assert!(some >= 10 && none >= 3, "{some} {none}");

    let mut by_time = read.clone();
    by_time.sort_by_key(|right| updated(right));
    for (sort, turned) in [
        ("_lastUpdated", false),
        ("-_lastUpdated", true),
        ("-date", true),
    ] {
        let found = resources(&world, &mut patient, &[("_sort", sort)]).await;
        let mut times: Vec<_> = by_time.iter().map(updated).collect();
        if turned {
            times.reverse();
        }
        assert_eq!(
            found.iter().map(updated).collect::<Vec<_>>(),
            times,
            "{sort}"
        );
    }

    // Page by page, forth and back, each right once.
    for sort in ["", "-date"] {
        let mut asked = vec![
            ("patient.identifier", world.patient.as_str()),
            ("_count", "2"),
        ];
        asked.extend((!sort.is_empty()).then_some(("_sort", sort)));
        let more: Vec<_> = asked.iter().skip(2).copied().collect();
        let whole = ids(&resources(&world, &mut patient, &more).await);
        let mut page = patient.search("Consent", &asked).await.json();
        let (mut forth, mut pages) = (Vec::new(), Vec::new());
        let last = loop {
            assert_eq!(page["total"], whole.len());
            forth.extend(ids(&rows(&page)));
            pages.push(ids(&rows(&page)));
            let Some(next) = link(&page, "next") else {
                break page;
            };
            page = patient.get(&next).await.assert_status(200).json();
        };
        assert_eq!(forth, whole);
        assert_eq!(pages.len(), whole.len().div_ceil(2));
        page = last;
        for expected in pages.iter().rev().skip(1) {
            let previous = link(&page, "previous").expect("a page before");
            page = patient.get(&previous).await.assert_status(200).json();
            assert_eq!(ids(&rows(&page)), *expected);
        }
        assert_eq!(link(&page, "previous"), None);
    }
}

fn link(page: &Value, relation: &str) -> Option<String> {
    let mut links = page["link"].as_array().expect("links").iter();
    let link = links.find(|link| link["relation"] == relation)?;
    Some(link["url"].as_str().expect("url").to_owned())
}

fn rows(page: &Value) -> Vec<Value> {
    let entries = page["entry"].as_array().into_iter().flatten();
    entries
        .filter(|entry| entry["search"]["mode"] == "match")
        .map(|entry| entry["resource"].clone())
        .collect()
}

async fn resources(world: &World, client: &mut Client, more: &[(&str, &str)]) -> Vec<Value> {
    let mut asked = vec![("patient.identifier", world.patient.as_str())];
    asked.extend(more);
    let found = client
        .search("Consent", &asked)
        .await
        .assert_status(200)
        .json();
    let rows = rows(&found);
    assert_eq!(found["total"], rows.len());
    rows
}
