//! A read is traced as what was answered: a 404, 406 or 416 is a failure in the journal, never a consultation, and a hidden document
//! is as absent as an unknown one whatever form is asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use hyper::Method;
use serde_json::{Value, json};
use support::client::encode;
use support::document::PATIENT;
use support::portal::Portal;
use support::{Admin, Client, Document, Options, Reply, Server, consent_for, with_admin};
use uuid::Uuid;

const LABELS: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";

/// A record with a CDA document, one that is masked, and a physician who may read the first.
struct Scene {
    server: Server,
    portal: Portal,
    doctor: Client,
    seen: String,
    hidden: String,
}

impl Scene {
    async fn new(options: Options) -> Self {
        let portal = Portal::new();
        let server = Server::with(with_admin(options.portal(&portal)));
        let (_, record) = Document::for_patient(PATIENT).record();
        let path = format!("/Patient?identifier={}", encode(PATIENT));
        let mut operator = server.client("exploitant");
        operator.put(&path, &record).await.assert_status(201);
        let mut doctor = server.client("medecin2");
        let consent = consent_for(PATIENT, "899900000029");
        doctor.post("/Consent", &consent).await.assert_status(201);
        let mut hospital = server.client("hopital");
        let mut deposited = async |masked: bool| {
            let mut bundle = Document::new().bundle();
            if masked {
                let labels = &mut bundle["entry"][1]["resource"]["securityLabel"];
                let label = json!({"coding": [{"system": LABELS, "code": "MASQUE_PS"}]});
                labels.as_array_mut().unwrap().push(label);
            }
            let reply = hospital.post("", &bundle).await.assert_status(200).json();
            let location = &reply["entry"][2]["response"]["location"];
            let location = location.as_str().unwrap().split('/').nth(1).unwrap();
            location.to_owned()
        };
        Self {
            seen: deposited(false).await,
            hidden: deposited(true).await,
            server,
            portal,
            doctor,
        }
    }

    /// The outcomes of the retrievals in the holder's journal, newest first.
    async fn retrievals(&self) -> Vec<String> {
        let mut holder = self.portal.holder(PATIENT).on(&self.server);
        let asked = [
            ("patient.identifier", PATIENT),
            ("subtype", "TD3.2"),
            ("_count", "200"),
        ];
        let found = holder.search("AuditEvent", &asked).await;
        let found = found.assert_status(200).json();
        let entries = found["entry"].as_array().cloned().unwrap_or_default();
        let matches = entries
            .into_iter()
            .filter(|entry| entry["search"]["mode"] == "match");
        let outcome = |entry: Value| entry["resource"]["outcome"].as_str().unwrap().to_owned();
        matches.map(outcome).collect()
    }

    async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.doctor
            .send(Method::GET, path, headers, Vec::new())
            .await
    }
}

async fn on_both(check: impl AsyncFn(Scene)) {
    support::on_both(Options::default(), async |options| {
        check(Scene::new(options).await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_given_is_not_read() {
    on_both(async |mut scene| {
        let admin = Admin::of(&scene.server);
        let outbox = admin.outbox().len();
        let binary = format!("/Binary/{}", scene.seen);
        let bundle = format!("/Bundle/{}", scene.seen);
        let turtle = [("Accept", "text/turtle")];
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);
        let cases: [Case<'_>; 6] = [
            (&bundle, &[], 404, "not-found"),
            (
                &bundle,
                &[("Accept", "application/fhir+xml")],
                404,
                "not-found",
            ),
            (&bundle, &turtle, 406, "not-acceptable"),
            (&binary, &turtle, 406, "not-acceptable"),
            (
                &binary,
                &[("Accept", "application/pdf")],
                406,
                "not-acceptable",
            ),
            (
                &binary,
                &[("Range", "bytes=99999999-")],
                416,
                "range-not-satisfiable",
            ),
        ];
        for (path, headers, status, code) in cases {
            let reply = scene.get(path, headers).await;
            let body = String::from_utf8_lossy(&reply.bytes).into_owned();
            assert_eq!(reply.status, status, "{path}: {body}");
            assert!(body.contains(&format!("\"{code}\"")), "{path}: {body}");
        }
        let told = scene.retrievals().await;
        assert!(told.iter().all(|outcome| outcome != "0"), "{told:?}");
        // What is refused before anybody knows whose document it is stands in no record.
        assert_eq!(told.len(), 5, "{told:?}");
        assert_eq!(admin.outbox().len(), outbox, "nobody consulted");

        // What is given is read, once each.
        let whole = scene.get(&binary, &[]).await.assert_status(200);
        let tag = whole.header("etag").to_owned();
        let held = scene.get(&binary, &[("If-None-Match", &tag)]).await;
        assert_eq!(held.status, 304);
        let part = scene.get(&binary, &[("Range", "bytes=0-9")]).await;
        assert_eq!(part.status, 206);
        let page = scene.get(&binary, &[("Accept", "text/html")]).await;
        assert_eq!(page.status, 200);
        let told = scene.retrievals().await;
        assert_eq!(told.iter().filter(|outcome| *outcome == "0").count(), 4);
        assert!(admin.outbox().len() > outbox, "he consulted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_document_is_as_absent_as_an_unknown_one_in_every_form() {
    on_both(async |mut scene| {
        let unknown = Uuid::new_v4().to_string();
        for accept in [
            "*/*",
            "text/turtle",
            "text/html",
            "application/pdf",
            "application/fhir+json",
            "application/fhir+xml",
            "text/xml",
        ] {
            for kind in ["Binary", "Bundle"] {
                for range in ["bytes=0-1", "bytes=99999999-"] {
                    let mut answers = Vec::new();
                    for id in [scene.hidden.clone(), unknown.clone()] {
                        let headers = [("Accept", accept), ("Range", range)];
                        let reply = scene.get(&format!("/{kind}/{id}"), &headers).await;
                        let mut headers: Vec<_> = reply
                            .headers
                            .iter()
                            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
                            .map(|(name, value)| (name.to_string(), value.clone()))
                            .collect();
                        headers.sort();
                        answers.push((reply.status, headers, reply.bytes.clone()));
                    }
                    assert_eq!(answers[0], answers[1], "{kind} {accept} {range}");
                    assert!([404, 406].contains(&answers[0].0), "{kind} {accept}");
                    // Whether a Binary can be given in some form is only known of who may know it.
                    assert!(kind == "Bundle" || answers[0].0 == 404, "{accept}");
                }
            }
        }
        let told = scene.retrievals().await;
        assert!(told.iter().all(|outcome| outcome != "0"), "{told:?}");
    })
    .await;
}
