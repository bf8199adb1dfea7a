//! A record, a physician who may consult it, and one document of his.

use hyper::Method;
use serde_json::Value;

use crate::support::client::encode;
use crate::support::document::PATIENT;
use crate::support::{self, Client, Document, Options, Reply, Server, consent_for};

pub const STRUCTURE: (&str, &str) = ("DMP-Structure", "10B0000002");
pub const FHIR: (&str, &str) = ("Content-Type", "application/fhir+json");
/// PS_IdNat of the card.
const MEDECIN: &str = "899900000011";

pub struct World {
    pub server: Server,
    pub doctor: Client,
    /// `/DocumentReference/{id}`
    pub path: String,
    /// URL of its content.
    pub content: String,
    /// `/Consent/{id}`
    pub consent: String,
    /// `/Patient?identifier=`
    pub patient: String,
    /// What opened the record.
    pub record: Value,
}

impl World {
    pub async fn new(options: Options) -> Self {
        let server = Server::with(options);
        let document = Document::new();
        let (identifier, record) = document.record();
        let patient = format!("/Patient?identifier={}", encode(&identifier));
        let mut operator = server.client("exploitant");
        operator.put(&patient, &record).await.assert_status(201);
        let mut doctor = server.client("medecin").with(STRUCTURE.0, STRUCTURE.1);
        let consent = doctor
            .post("/Consent", &consent_for(PATIENT, MEDECIN))
            .await;
        let consent = id(&consent.assert_status(201).json());
        let made = doctor
            .post("/DocumentReference", &document.simplified())
            .await
            .assert_status(201)
            .json();
        let content = made["content"][0]["attachment"]["url"].as_str().unwrap();
        Self {
            content: content.to_owned(),
            path: format!("/DocumentReference/{}", id(&made)),
            consent: format!("/Consent/{consent}"),
            server,
            doctor,
            patient,
            record,
        }
    }

    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.doctor
            .send(Method::GET, path, headers, Vec::new())
            .await
    }
}

pub fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}

pub async fn on_both(test: impl AsyncFn(&mut World)) {
    support::on_both(Options::default(), async |options| {
        test(&mut World::new(options).await).await;
    })
    .await;
}
