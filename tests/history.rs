//! `_history` over HTTP, on both databases: what was, newest first, and never more than its reader may know now.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fhir_sdk::r4b::resources::Resource;
use hyper::Method;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::client::encode;
use support::document::PATIENT;
use support::{Client, Document, Options, Reply, Server, consent_for};

const MEDECIN: &str = "899900000011";
const MEDECIN2: &str = "899900000029";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "499900000029010");
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const ARCHIVED: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";

async fn on_both(check: impl AsyncFn(&mut World)) {
    support::on_both(Options::default(), async |options| {
        check(&mut World::new(options).await).await;
    })
    .await;
}

/// A record, two physicians who may consult it, and a document of the first.
struct World {
    server: Server,
    author: Client,
    other: Client,
    document: Value,
    consent: String,
}

impl World {
    async fn new(options: Options) -> Self {
        let server = Server::with(options);
        let document = Document::new();
        let (identifier, record) = document.record();
        let path = format!("/Patient?identifier={}", encode(&identifier));
        let mut operator = server.client("exploitant");
        operator.put(&path, &record).await.assert_status(201);
        let mut author = server.client("medecin2").with(STRUCTURE.0, STRUCTURE.1);
        let mut other = server.client("medecin");
        let declared = consent_for(PATIENT, MEDECIN2);
        let consent = author.post("/Consent", &declared).await.assert_status(201);
        let consent = consent.json()["id"].as_str().unwrap().to_owned();
        let declared = consent_for(PATIENT, MEDECIN);
        other.post("/Consent", &declared).await.assert_status(201);
        let sent = document.simplified();
        let made = author.post("/DocumentReference", &sent).await;
        let document = made.assert_status(201).json();
        Self {
            server,
            author,
            other,
            document,
            consent,
        }
    }

    fn path(&self) -> String {
        format!(
            "/DocumentReference/{}",
            self.document["id"].as_str().unwrap()
        )
    }

    async fn patch(&mut self, operations: Value) -> Value {
        let media = [("Content-Type", "application/json-patch+json")];
        let body = operations.to_string().into_bytes();
        let path = self.path();
        let sent = self.author.send(Method::PATCH, &path, &media, body).await;
        sent.assert_status(200).json()
    }

    async fn archive(&mut self, archived: bool) -> Value {
        let path = format!("/extension[url:'{ARCHIVED}']/valueBoolean");
        self.patch(json!([{"op": "replace", "path": path, "value": archived}]))
            .await
    }
}

/// A history, read by R4's own table and by an independent model.
async fn history(client: &mut Client, path: &str) -> Value {
    let bundle = client.get(path).await.assert_status(200).json();
    assert_eq!(wire::check(&bundle, "Bundle", "Bundle"), [], "{path}");
    let typed: Resource = serde_json::from_value(bundle.clone()).expect("a Bundle to others too");
    assert!(matches!(typed, Resource::Bundle(_)));
    assert_eq!(bundle["type"], "history");
    bundle
}

fn entries(bundle: &Value) -> Vec<&Value> {
    bundle["entry"].as_array().into_iter().flatten().collect()
}

fn versions(bundle: &Value) -> Vec<String> {
    let version = |entry: &&Value| {
        let tag = entry["response"]["etag"].as_str().unwrap();
        let of_resource = &entry["resource"]["meta"]["versionId"];
        assert_eq!(tag, format!("W/\"{}\"", of_resource.as_str().unwrap()));
        of_resource.as_str().unwrap().to_owned()
    };
    entries(bundle).iter().map(version).collect()
}

fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle["link"].as_array().unwrap();
    let found = links.iter().find(|link| link["relation"] == relation)?;
    Some(found["url"].as_str().unwrap().to_owned())
}

fn refused(reply: &Reply, status: u16, code: &str, parameter: &str) {
    reply.assert_refused(status, code);
    let told = reply.json()["issue"][0]["diagnostics"].to_string();
    assert!(told.contains(parameter), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_listed_as_it_was() {
    on_both(async |world| {
        let first = world.document.clone();
        let second = world.archive(true).await;
        let third = world.archive(false).await;
        let path = format!("{}/_history", world.path());
        let bundle = history(&mut world.author, &path).await;
        assert_eq!(bundle["total"], 3);
        assert_eq!(versions(&bundle), ["3", "2", "1"]);
        let url = format!("{}{}", world.server.base, world.path());
        let reference = world.path().trim_start_matches('/').to_owned();
        for (entry, said) in entries(&bundle).iter().zip([&third, &second, &first]) {
            assert_eq!(&&entry["resource"], &said);
            assert_eq!(entry["fullUrl"], url);
            let modified = &entry["response"]["lastModified"];
            assert_eq!(modified, &said["meta"]["lastUpdated"]);
        }
        let requests: Vec<_> = entries(&bundle)
            .iter()
            .map(|entry| (&entry["request"], &entry["response"]["status"]))
            .map(|(request, status)| json!([request["method"], request["url"], status]))
            .collect();
        let changed = json!(["PATCH", reference, "200 OK"]);
        let posted = json!(["POST", "DocumentReference", "201 Created"]);
        assert_eq!(requests, [changed.clone(), changed, posted]);
        assert_eq!(link(&bundle, "self").unwrap(), format!("{url}/_history"));
        assert_eq!(link(&bundle, "next"), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_paged_and_cut_at_an_instant() {
    on_both(async |world| {
        let mut said = vec![world.document.clone()];
        for archived in [true, false, true, false] {
            said.push(world.archive(archived).await);
        }
        let path = format!("{}/_history", world.path());
        let mut next = Some(format!("{path}?_count=2"));
        let mut seen = Vec::new();
        while let Some(page) = next {
            let bundle = history(&mut world.author, &page).await;
            assert_eq!(bundle["total"], 5);
            seen.push(versions(&bundle));
            next = link(&bundle, "next");
        }
        assert_eq!(seen, [vec!["5", "4"], vec!["3", "2"], vec!["1"]]);

        let since = said[2]["meta"]["lastUpdated"].as_str().unwrap();
        let later = format!("{path}?_since={}", encode(since));
        let bundle = history(&mut world.author, &later).await;
        assert_eq!(versions(&bundle), ["5", "4", "3"]);
        assert_eq!(bundle["total"], 3);
        let first = history(&mut world.author, &format!("{later}&_count=2")).await;
        assert_eq!(versions(&first), ["5", "4"]);
        let rest = history(&mut world.author, &link(&first, "next").unwrap()).await;
        assert_eq!(
            (versions(&rest), link(&rest, "next")),
            (vec!["3".to_owned()], None)
        );
        let never = history(&mut world.author, &format!("{path}?_since=2999")).await;
        assert_eq!((&never["total"], never.get("entry")), (&json!(0), None));
        let none = history(&mut world.author, &format!("{path}?_count=0")).await;
        assert_eq!((&none["total"], none.get("entry")), (&json!(5), None));

        for (wrong, name) in [
            ("_count=x", "_count"),
            ("_since=hier", "_since"),
            ("_page=-1", "_page"),
        ] {
            let reply = world.author.get(&format!("{path}?{wrong}")).await;
            refused(&reply, 400, "parameter-invalid", name);
        }
        let reply = world.author.get(&format!("{path}?_at=2020")).await;
        refused(&reply, 400, "parameter-unsupported", "_at");
        let strict = [("Prefer", "handling=strict")];
        let unknown = format!("{path}?couleur=bleu");
        history(&mut world.author, &unknown).await;
        let reply = world
            .author
            .send(Method::GET, &unknown, &strict, Vec::new())
            .await;
        refused(&reply, 400, "parameter-unsupported", "couleur");
    })
    .await;
}

/// A version that was masked is in nobody else's history, nor in its total; what is masked now has none.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_absent_from_the_history() {
    on_both(async |world| {
        let path = format!("{}/_history", world.path());
        let label = json!({"coding": [{"system": VISIBILITY, "code": "MASQUE_PS"}]});
        world
            .patch(json!([{"op": "add", "path": "/securityLabel/-", "value": label}]))
            .await;
        let unknown = "/DocumentReference/00000000-0000-4000-8000-000000000000/_history";
        let unknown = world.other.get(unknown).await;
        unknown.assert_refused(404, "not-found");
        let hidden = world.other.get(&path).await;
        assert_eq!((hidden.status, &hidden.bytes), (404, &unknown.bytes));

        let shown = world
            .patch(json!([{"op": "remove", "path": "/securityLabel/0"}]))
            .await;
        assert_eq!(shown["meta"]["versionId"], "3");
        let bundle = history(&mut world.other, &path).await;
        assert_eq!(
            (versions(&bundle), &bundle["total"]),
            (vec!["3".to_owned(), "1".to_owned()], &json!(2))
        );
        let paged = history(&mut world.other, &format!("{path}?_count=1")).await;
        let next = history(&mut world.other, &link(&paged, "next").unwrap()).await;
        assert_eq!(
            (versions(&next), link(&next, "next")),
            (vec!["1".to_owned()], None)
        );
        let own = history(&mut world.author, &path).await;
        assert_eq!(versions(&own), ["3", "2", "1"]);

        world
            .patch(json!([{"op": "replace", "path": "/status", "value": "entered-in-error"}]))
            .await;
        let gone = world.author.get(&path).await;
        gone.assert_refused(410, "document-deleted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_and_submissions_have_a_history_too() {
    on_both(async |world| {
        let path = format!("/Consent/{}/_history", world.consent);
        let declared = consent_for(PATIENT, MEDECIN2);
        let mut said = Vec::new();
        for _ in 0..3 {
            let again = world.author.post("/Consent", &declared).await;
            said.push(again.assert_status(200).json());
        }
        let bundle = history(&mut world.author, &path).await;
        assert_eq!(versions(&bundle), ["4", "3", "2", "1"]);
        assert_eq!(bundle["entry"][0]["resource"], said[2]);
        assert_eq!(bundle["entry"][0]["request"]["method"], "PUT");
        assert_eq!(bundle["entry"][3]["request"]["method"], "POST");
        let since = said[1]["meta"]["lastUpdated"].as_str().unwrap();
        let later = format!("{path}?_since={}&_count=1", encode(since));
        let page = history(&mut world.author, &later).await;
        assert_eq!(
            (versions(&page), &page["total"]),
            (vec!["4".to_owned()], &json!(2))
        );
        let rest = history(&mut world.author, &link(&page, "next").unwrap()).await;
        assert_eq!(
            (versions(&rest), link(&rest, "next")),
            (vec!["3".to_owned()], None)
        );
        // Somebody else's.
        world
            .other
            .get(&path)
            .await
            .assert_refused(404, "not-found");

        let sent = Document::new().bundle();
        let made = world.author.post("", &sent).await.assert_status(200).json();
        let locations = made["entry"].as_array().unwrap().iter();
        let mut locations = locations.map(|entry| entry["response"]["location"].as_str().unwrap());
        let location = locations
            .find(|location| location.starts_with("List/"))
            .unwrap();
        let list = world
            .author
            .get(&format!("/{location}"))
            .await
            .assert_status(200);
        assert_eq!(list.header("etag"), "W/\"1\"");
        let id = location.trim_end_matches("/1");
        let bundle = history(&mut world.author, &format!("/{id}")).await;
        assert_eq!(
            (versions(&bundle), &bundle["total"]),
            (vec!["1".to_owned()], &json!(1))
        );
        assert_eq!(bundle["entry"][0]["resource"], list.json());
        let other = world.author.get(&format!("/{id}/2")).await;
        other.assert_refused(404, "not-found");
    })
    .await;
}
