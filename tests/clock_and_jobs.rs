//! Every delay of the rules, over HTTP, with the clock of the admin listener: two weeks and a month of a hidden document, the
//! twelve months of an authorisation, the coming of age, the ten years and the three months of a closed record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use passerelle::dmp::time::{after, day};
use serde_json::{Value, json};
use support::client::encode;
use support::document::PATIENT;
use support::portal::Portal;
use support::{Admin, Client, Document, Options, Server, consent_for, with_admin};

const MEDECIN: &str = "899900000011";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "499900000029010");
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

struct World {
    server: Server,
    admin: Admin,
    path: String,
    record: Value,
}

impl World {
    /// A record, and its clock at an instant.
    async fn at(now: Timestamp) -> Self {
        Self::born(None, now).await
    }

    async fn born(birth: Option<Date>, now: Timestamp) -> Self {
        Self::with(Options::default(), birth, now).await
    }

    async fn with(options: Options, birth: Option<Date>, now: Timestamp) -> Self {
        let server = Server::with(with_admin(options));
        let admin = Admin::of(&server);
        admin.set_clock(now);
        let (identifier, mut record) = Document::new().record();
        if let Some(birth) = birth {
            record["birthDate"] = json!(birth.to_string());
        }
        let path = format!("/Patient?identifier={}", encode(&identifier));
        let world = Self {
            server,
            admin,
            path,
            record,
        };
        world.put(&world.record, 201).await;
        world
    }

    async fn put(&self, record: &Value, status: u16) {
        let mut operator = self.server.client("exploitant");
        operator.put(&self.path, record).await.assert_status(status);
    }

    /// Closes the record on a day; the operator's word.
    async fn close(&self, on: Date) {
        let mut closed = self.record.clone();
        closed["active"] = json!(false);
        closed["extension"][0]["valueCode"] = json!("closed");
        closed["extension"].as_array_mut().unwrap().push(json!({
            "url": "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/dmp-fermeture",
            "extension": [
                {"url": "dateFermeture", "valueDate": on.to_string()},
                {"url": "motifFermeture", "valueCodeableConcept": {"coding": [{
                    "system": "https://interop.esante.gouv.fr/ig/fhir/dmp/CodeSystem/dmp-motif-fermeture",
                    "code": "patient-demande"
                }]}}
            ]
        }));
        self.put(&closed, 200).await;
    }

    fn author(&self) -> Client {
        self.server
            .client("medecin2")
            .with(STRUCTURE.0, STRUCTURE.1)
    }

    async fn declare(&self) -> Client {
        let mut doctor = self.server.client("medecin");
        let consent = consent_for(PATIENT, MEDECIN);
        doctor.post("/Consent", &consent).await.assert_status(201);
        doctor
    }

    /// Deposits a document that waits for its announcement; its id.
    async fn hidden(&self) -> String {
        let mut resource = Document::new().simplified();
        let labels = resource["securityLabel"].as_array_mut().unwrap();
        labels.push(json!({"coding": [{"system": VISIBILITY, "code": "INVISIBLE_PATIENT"}]}));
        let made = self.author().post("/DocumentReference", &resource).await;
        let made = made.assert_status(201).json();
        made["id"].as_str().unwrap().to_owned()
    }

    async fn finds(&self, client: &mut Client) -> (u16, Value) {
        let reply = client
            .search("DocumentReference", &[("patient.identifier", PATIENT)])
            .await;
        (reply.status, reply.json())
    }

    fn verify(&self) -> String {
        let config = self.server.config();
        let arguments = ["audit", "verify", "--config", config.to_str().unwrap()];
        let output = support::server::run_in(self.server.folder(), &arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn codes(entry: &Value) -> Vec<&str> {
    let labels = entry["securityLabel"].as_array().unwrap().iter();
    labels
        .filter_map(|label| label["coding"][0]["code"].as_str())
        .collect()
}

/// ANN-03, ANN-04: nothing is told of a hidden document before two weeks; then once.
#[tokio::test]
async fn an_announcement_waits_two_weeks() {
    let start: Timestamp = "2027-01-10T09:00:00Z".parse().unwrap();
    let world = World::at(start).await;
    let id = world.hidden().await;
    let admin = &world.admin;
    admin.run_jobs();
    assert!(admin.outbox().is_empty());
    let two_weeks = after(start, 14.days());
    admin.run_at(two_weeks - SECOND);
    assert!(admin.outbox().is_empty());
    admin.run_at(two_weeks + MINUTE);
    admin.run_jobs();
    let told = admin.outbox();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["kind"], "announcement-overdue");
    assert_eq!(told[0]["document"], json!(id));
    assert_eq!(told[0]["ins"], json!(PATIENT));
    assert_eq!(told[0]["channel"], "statement");
    assert_eq!(told[0]["to"], Value::Null);
    assert!(
        told[0]["at"]
            .as_str()
            .unwrap()
            .starts_with("2027-01-24T09:")
    );
}

/// ANN-03: a month by the calendar; a month that ends before that day ends it.
#[tokio::test]
async fn a_month_ends_on_the_last_of_a_shorter_one() {
    let start: Timestamp = "2027-01-31T09:00:00Z".parse().unwrap();
    let world = World::at(start).await;
    let id = world.hidden().await;
    let mut doctor = world.declare().await;
    let month: Timestamp = "2027-02-28T09:00:00Z".parse().unwrap();
    world.admin.run_at(month - SECOND);
    let entry = &world.finds(&mut doctor).await.1["entry"][0]["resource"];
    assert!(codes(entry).contains(&"INVISIBLE_PATIENT"));
    assert!(world.admin.told("visibility-restored").is_empty());
    let done = world.admin.run_at(month + MINUTE);
    assert_eq!(done["jobs"]["restored"], 1);
    assert_eq!(world.admin.run_jobs()["jobs"]["restored"], 0);
    let entry = &world.finds(&mut doctor).await.1["entry"][0]["resource"];
    assert_eq!(entry["id"], json!(id));
    assert_eq!(codes(entry), ["N"]);
    assert_eq!(entry["meta"]["versionId"], "2");
    let told = world.admin.told("visibility-restored");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["document"], json!(id));
    assert_eq!(told[0]["actor"], Value::Null);
    world.verify();
}

/// The configured twelve months of an authorisation (CONS-05), by the calendar: from 29 February to 28 February.
#[tokio::test]
async fn an_authorisation_lasts_twelve_months() {
    let start: Timestamp = "2028-02-29T09:00:00Z".parse().unwrap();
    let world = World::at(start).await;
    let mut doctor = world.declare().await;
    let end: Timestamp = "2029-02-28T09:00:00Z".parse().unwrap();
    world.admin.set_clock(end - MINUTE);
    assert_eq!(world.finds(&mut doctor).await.0, 200);
    world.admin.set_clock(end + MINUTE);
    let (status, outcome) = world.finds(&mut doctor).await;
    assert_eq!(status, 403);
    let code = &outcome["issue"][0]["details"]["coding"][0]["code"];
    assert_eq!(code, "consent-required");
}

/// MIN-09, MIN-10: on the eighteenth birthday what was authorised before is void, and the holder is told, once. Born on
/// 29 February, it is on 1 March.
#[tokio::test]
async fn coming_of_age_is_told_on_the_day() {
    for (birth, birthday) in [
        (date(2009, 11, 24), date(2027, 11, 24)),
        (date(2008, 2, 29), date(2026, 3, 1)),
    ] {
        let midnight = day(birthday);
        let world = World::born(Some(birth), after(midnight, -6.months())).await;
        let mut doctor = world.declare().await.with("DMP-Secret-Connection", "false");
        world.admin.run_at(midnight - MINUTE);
        assert_eq!(world.finds(&mut doctor).await.0, 200, "{birth}");
        assert!(world.admin.told("consent-to-renew").is_empty());
        world.admin.run_at(midnight + SECOND);
        world.admin.run_jobs();
        assert_eq!(world.admin.told("consent-to-renew").len(), 1, "{birth}");
        assert_eq!(world.finds(&mut doctor).await.0, 403, "{birth}");
    }
}

/// LC-13: ten years after its closing, to the day, nothing is left of a record, and the journal is whole.
#[tokio::test]
async fn a_closed_record_is_kept_ten_years() {
    let start: Timestamp = "2028-02-29T09:00:00Z".parse().unwrap();
    let world = World::at(start).await;
    let document = Document::new();
    let mut author = world.author();
    author
        .post("/DocumentReference", &document.simplified())
        .await
        .assert_status(201);
    assert_eq!(world.admin.told("document-added").len(), 1);
    world.close(date(2028, 2, 29)).await;
    // LC-12: what was not told is dropped.
    assert!(world.admin.outbox().is_empty());
    let mut doctor = world.server.client("medecin");
    assert_eq!(world.finds(&mut doctor).await.0, 403);
    let end = day(date(2038, 2, 28));
    assert_eq!(world.admin.run_at(end - MINUTE)["jobs"]["purged"], 0);
    assert_eq!(world.finds(&mut doctor).await.0, 403);
    assert_eq!(world.admin.run_at(end)["jobs"]["purged"], 1);
    assert_eq!(world.admin.run_jobs()["jobs"]["purged"], 0);
    let (status, bundle) = world.finds(&mut doctor).await;
    assert_eq!((status, &bundle["total"]), (200, &json!(0)));
    world.verify();
    // The person may have a record again, and the document too.
    world.put(&world.record, 201).await;
    author
        .post("/DocumentReference", &document.simplified())
        .await
        .assert_status(201);
    world.verify();
}

/// Reopening before the end keeps everything (LC-15).
#[tokio::test]
async fn reopening_stops_the_end() {
    let start: Timestamp = "2028-03-01T09:00:00Z".parse().unwrap();
    let world = World::at(start).await;
    let resource = Document::new().simplified();
    let made = world.author().post("/DocumentReference", &resource).await;
    made.assert_status(201);
    world.close(date(2028, 3, 1)).await;
    let end = day(date(2038, 3, 1));
    world.admin.set_clock(end - MINUTE);
    world.put(&world.record, 200).await;
    assert_eq!(world.admin.run_at(end + MINUTE)["jobs"]["purged"], 0);
    let mut doctor = world.declare().await;
    assert_eq!(world.finds(&mut doctor).await.1["total"], 1);
}

/// The clock is the server's; certificates and CRLs follow the real time. It goes on by itself, and comes back.
#[tokio::test]
async fn the_clock_moves_acts_and_no_certificate() {
    let world = World::at("2045-01-01T00:00:00Z".parse().unwrap()).await;
    // Twenty years from now every card of the tests has expired, and still gets in.
    let resource = Document::new().simplified();
    let made = world.author().post("/DocumentReference", &resource).await;
    let made = made.assert_status(201).json();
    assert!(
        made["meta"]["lastUpdated"]
            .as_str()
            .unwrap()
            .starts_with("2045-01-01")
    );
    let wrong = [
        "",
        "[]",
        "{\"now\": 5}",
        "{\"now\": \"soon\"}",
        "{\"then\": \"2045-01-01T00:00:00Z\"}",
    ];
    for body in wrong {
        assert_eq!(
            world.admin.send("PUT", "/test/clock", body).0,
            400,
            "{body}"
        );
    }
    let (_, now) = world.admin.send("PUT", "/test/clock", "{}");
    let now: Value = serde_json::from_str(&now).unwrap();
    let now: Timestamp = now["now"].as_str().unwrap().parse().unwrap();
    assert!(Timestamp::now().duration_since(now).abs() < MINUTE);
    assert_eq!(world.admin.send("GET", "/test/jobs", "").0, 405);
}

/// In production none of it is there.
#[tokio::test]
async fn production_has_no_clock_to_set() {
    let options = with_admin(Options::default());
    let server = Server::with(options.set("PASSERELLE_IDENTITY__ENVIRONMENT", "production"));
    let admin = Admin::of(&server);
    for (method, path) in [
        ("PUT", "/test/clock"),
        ("POST", "/test/jobs"),
        ("GET", "/test/outbox"),
    ] {
        assert_eq!(admin.send(method, path, "{}").0, 404, "{path}");
    }
    assert_eq!(admin.send("GET", "/health/live", "").0, 200);
}

/// A patient who looks on the day sees the document, whether the job ran or not (ANN-03); the token follows the real time.
#[tokio::test]
async fn the_holder_sees_it_on_the_day() {
    let portal = Portal::new();
    let options = Options::default().portal(&portal);
    let start: Timestamp = "2027-01-10T09:00:00Z".parse().unwrap();
    let world = World::with(options, None, start).await;
    let id = world.hidden().await;
    let mut holder = portal.holder(PATIENT).on(&world.server);
    let path = format!("/DocumentReference/{id}");
    let month = after(start, 1.month());
    world.admin.set_clock(month - MINUTE);
    holder.get(&path).await.assert_refused(404, "not-found");
    assert_eq!(world.finds(&mut holder).await.1["total"], 0);
    world.admin.set_clock(month + MINUTE);
    assert_eq!(world.finds(&mut holder).await.1["total"], 1);
    holder.get(&path).await.assert_status(200);
    assert!(world.admin.told("visibility-restored").is_empty());
    world.admin.run_jobs();
    assert_eq!(world.finds(&mut holder).await.1["total"], 1);
    assert_eq!(world.admin.told("visibility-restored").len(), 1);
}

/// What the holder deposits himself is told to nobody; and when he closes and asks for it, all is deleted within three months
/// (LC-14).
#[tokio::test]
async fn a_deletion_that_was_asked_takes_three_months() {
    let portal = Portal::new();
    let options = Options::default().portal(&portal);
    let start: Timestamp = "2027-11-30T09:00:00Z".parse().unwrap();
    let world = World::with(options, None, start).await;
    world.hidden().await;
    let (system, value) = PATIENT.split_once('|').unwrap();
    let closing = json!({
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": value}],
        "extension": [
            {
                "url": "https://passerelle.dev/fhir/StructureDefinition/record-state",
                "valueCode": "closed"
            },
            {
                "url": "https://passerelle.dev/fhir/StructureDefinition/deletion-asked",
                "valueBoolean": true
            }
        ]
    });
    let mut holder = portal.holder(PATIENT).on(&world.server);
    holder.put(&world.path, &closing).await.assert_status(200);
    let end = day(date(2028, 2, 29));
    assert_eq!(world.admin.run_at(end - MINUTE)["jobs"]["purged"], 0);
    assert_eq!(world.admin.run_at(end)["jobs"]["purged"], 1);
    assert!(world.admin.outbox().is_empty());
    world.verify();
}
