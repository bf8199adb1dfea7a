//! The conformance resources and the descriptions of the interface: well-formed, linked, served, and true of the running server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fhir_sdk::r4b::resources::Resource;
use hyper::Method;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::client::encode;
use support::{Client, Options, Server};

const INS: &str = "urn:oid:1.2.250.1.213.1.4.10|279036990100166";
const OURS: &str = "https://passerelle.dev/fhir/";
const ID: &str = "0190f3c1-0000-7000-8000-000000000001";
const KINDS: [&str; 5] = [
    "StructureDefinition",
    "SearchParameter",
    "OperationDefinition",
    "CodeSystem",
    "ValueSet",
];

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(future)
}

fn root(what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(what)
}

/// The files of `profiles/`, by name.
fn files() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(root("profiles")).expect("profiles");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("file");
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            (name, value)
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(files.len() > 40, "{}", files.len());
    files
}

/// What an independent typed model of FHIR makes of a resource: nothing unknown, nothing lost.
fn typed(name: &str, value: &Value) {
    let mut value = value.clone();
    if let Some(date) = value["date"].as_str().and_then(|date| date.split_once('.')) {
        // The model leaves out the zeros that end a fraction: the second is compared.
        value["date"] = json!(format!("{}Z", date.0));
    }
    let read: Resource =
        serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let again = serde_json::to_value(&read).expect("written");
    assert_eq!(again, value, "{name}");
}

/// Every text under a key, at any depth.
fn texts<'a>(value: &'a Value, key: &str, into: &mut Vec<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, into)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == key => into.push(text),
                    Value::Array(items) if name == key => {
                        into.extend(items.iter().filter_map(Value::as_str));
                        items.iter().for_each(|item| texts(item, key, into));
                    }
                    member => texts(member, key, into),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn files_are_r4_and_say_who_publishes_what_since_when() {
    let mut urls = BTreeSet::new();
    for (name, file) in files() {
        typed(&name, &file);
        let text = |key: &str| file[key].as_str().unwrap_or_default();
        assert_eq!(format!("{}-{}", text("resourceType"), text("id")), name);
        for key in ["url", "version", "name", "date", "publisher", "description"] {
            assert!(!text(key).is_empty(), "{name}.{key}");
        }
        let draft = !text("url").starts_with(OURS);
        assert_eq!(
            text("status"),
            if draft { "draft" } else { "active" },
            "{name}"
        );
        assert!(urls.insert(text("url").to_owned()), "{name}: url twice");
    }
}

#[test]
fn differentials_stay_inside_r4() {
    let table = std::fs::read_to_string(root("mappings/r4-elements.csv")).expect("table");
    let known: BTreeSet<_> = table
        .lines()
        .filter_map(|row| {
            row.rsplit_once(',')
                .map(|_| row.splitn(3, ',').take(2).collect::<Vec<_>>().join("."))
        })
        .collect();
    for (name, file) in files() {
        let Some(elements) = file["differential"]["element"].as_array() else {
            continue;
        };
        let kind = file["type"].as_str().unwrap();
        assert_eq!(elements[0]["path"], kind, "{name}");
        let mut ids = BTreeSet::new();
        for element in elements {
            let (id, path) = (
                element["id"].as_str().unwrap(),
                element["path"].as_str().unwrap(),
            );
            assert!(ids.insert(id), "{name}: {id} twice");
            let unsliced: Vec<_> = id
                .split('.')
                .map(|part| part.split(':').next().unwrap())
                .collect();
            assert_eq!(unsliced.join("."), path, "{name}");
            if kind == "Extension" || path == kind {
                continue;
            }
            // Elements inside a data type hang on that type in the table.
            let inside = path.replacen(&format!("{kind}.content.attachment."), "Attachment.", 1);
            let inside = inside.replacen(&format!("{kind}.context.period."), "Period.", 1);
            let inside = inside.replacen("OperationOutcome.issue.details.", "CodeableConcept.", 1);
            let inside = inside.replacen("CodeableConcept.coding.", "Coding.", 1);
            assert!(known.contains(&inside), "{name}: {path}");
        }
    }
}

#[test]
fn what_files_refer_to_is_there() {
    let files = files();
    let generated = ["refusal", "xds-error", "dmp-transaction", "cda-check"];
    let mut known: BTreeSet<_> = generated.map(|id| format!("{OURS}CodeSystem/{id}")).into();
    known.extend(
        files
            .iter()
            .map(|(_, file)| file["url"].as_str().unwrap().to_owned()),
    );
    for (name, file) in &files {
        let mut named = Vec::new();
        for key in [
            "baseDefinition",
            "profile",
            "valueSet",
            "system",
            "fixedUri",
        ] {
            texts(file, key, &mut named);
        }
        for url in named
            .into_iter()
            .filter(|url| url.starts_with(OURS) || url.contains("/fhir/dmp/"))
        {
            assert!(known.contains(url), "{name}: {url}");
        }
    }
}

fn sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push_str(&std::fs::read_to_string(path).expect("source"));
        }
    }
}

#[test]
fn every_extension_and_code_system_of_ours_has_a_definition() {
    let mut text = String::new();
    sources(&root("src/translate"), &mut text);
    let known: BTreeSet<_> = files()
        .into_iter()
        .map(|(_, file)| file["url"].as_str().unwrap().to_owned())
        .collect();
    let mut seen = 0;
    for base in [
        "https://passerelle.dev/fhir/StructureDefinition/",
        "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/",
        "https://interop.esante.gouv.fr/ig/fhir/dmp/CodeSystem/",
    ] {
        for rest in text.split(base).skip(1) {
            let id = rest.split('"').next().unwrap();
            if id.is_empty() || id.contains(char::is_whitespace) {
                continue;
            }
            seen += 1;
            assert!(known.contains(&format!("{base}{id}")), "{base}{id}");
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn conformance_resources_are_read_and_found() {
    let server = Server::start();
    block_on(async {
        let mut client = server.client("infirmier");
        let mut served = BTreeSet::new();
        for kind in KINDS {
            let found = client
                .get(&format!("/{kind}"))
                .await
                .assert_status(200)
                .json();
            typed(kind, &found);
            let entries = found["entry"].as_array().unwrap();
            assert_eq!(found["total"], entries.len());
            for entry in entries {
                let resource = &entry["resource"];
                typed(kind, resource);
                served.insert(resource["url"].as_str().unwrap().to_owned());
                let id = resource["id"].as_str().unwrap();
                let path = format!("/{kind}/{id}");
                let read = client.get(&path).await.assert_status(200);
                assert_eq!(&read.json(), resource);
                let tag = read.header("etag").to_owned();
                let again = client
                    .send(Method::GET, &path, &[("If-None-Match", &tag)], Vec::new())
                    .await
                    .assert_status(304);
                assert!(again.bytes.is_empty());
                let url = encode(resource["url"].as_str().unwrap());
                let one = client.get(&format!("/{kind}?url={url}")).await.json();
                assert_eq!(one["total"], 1, "{url}");
                assert_eq!(&one["entry"][0]["resource"], resource);
            }
            client
                .get(&format!("/{kind}/nothing"))
                .await
                .assert_refused(404, "not-found");
            let none = client
                .get(&format!("/{kind}?url=urn:x"))
                .await
                .assert_status(200)
                .json();
            assert_eq!(none["total"], 0);
        }
        for (name, file) in files() {
            assert!(served.contains(file["url"].as_str().unwrap()), "{name}");
        }
        let strict = client
            .send(
                Method::GET,
                "/ValueSet?colour=x",
                &[("Prefer", "handling=strict")],
                Vec::new(),
            )
            .await;
        strict.assert_refused(400, "parameter-unsupported");
        let told = client
            .get("/ValueSet?colour=x")
            .await
            .assert_status(200)
            .json();
        let last = told["entry"].as_array().unwrap().last().unwrap();
        assert_eq!(last["search"]["mode"], "outcome");
        let issue = &last["resource"]["issue"][0];
        assert_eq!(
            issue["details"]["coding"][0]["code"],
            "parameter-unsupported"
        );
        let narrowed = client.get("/ValueSet?name:exact=x").await;
        narrowed.assert_refused(400, "parameter-unsupported");
        let by_name = client.get("/CodeSystem?name=refus").await.json();
        assert_eq!(by_name["total"], 1);
        let drafts = client.get("/StructureDefinition?status=draft").await.json();
        let drafts = drafts["entry"].as_array().unwrap();
        assert!(!drafts.is_empty());
        assert!(drafts.iter().all(|d| d["resource"]["status"] == "draft"));
        let retired = client.get("/OperationDefinition?status=retired").await;
        assert_eq!(retired.json()["total"], 0);
        let mut nobody = server.anonymous();
        nobody
            .get("/ValueSet/refusal")
            .await
            .assert_refused(401, "login-required");
    });
}

const XML: [(&str, &str); 1] = [("Accept", "application/fhir+xml")];

/// What an XML answer says, read against the element table; its values are checked too.
fn told_in_xml(reply: &support::Reply, kind: &str) -> Value {
    assert_eq!(reply.status, 200, "{kind}");
    let media = reply.header("content-type");
    assert_eq!(media, "application/fhir+xml; charset=utf-8", "{kind}");
    wire::read_xml(&reply.bytes, kind).unwrap_or_else(|e| panic!("{kind}: {:?}", e.issues))
}

#[test]
fn conformance_resources_come_in_xml() {
    let server = Server::start();
    block_on(async {
        let mut client = server.client("infirmier");
        let mut seen = 0;
        for kind in KINDS {
            let all = client.get(&format!("/{kind}")).await.json();
            let path = format!("/{kind}");
            let reply = client.send(Method::GET, &path, &XML, Vec::new()).await;
            let mut in_xml = told_in_xml(&reply, "Bundle");
            // Each form names itself by the search that asked for it.
            assert_eq!(in_xml["entry"], all["entry"], "{kind}");
            assert_eq!(in_xml["total"].take(), all["total"], "{kind}");
            for entry in all["entry"].as_array().unwrap() {
                let path = format!("/{kind}/{}", entry["resource"]["id"].as_str().unwrap());
                let reply = client.send(Method::GET, &path, &XML, Vec::new()).await;
                assert_eq!(told_in_xml(&reply, kind), entry["resource"], "{path}");
                assert!(reply.header("vary").contains("Accept"), "{path}");
                seen += 1;
            }
        }
        assert!(seen > 55, "{seen}");
        let mut nobody = server.anonymous();
        for (mode, kind) in [
            ("full", "CapabilityStatement"),
            ("terminology", "TerminologyCapabilities"),
        ] {
            let path = format!("/metadata?mode={mode}");
            let json = nobody.get(&path).await.json();
            let reply = nobody.send(Method::GET, &path, &XML, Vec::new()).await;
            assert_eq!(told_in_xml(&reply, kind), json);
        }
    });
}

#[test]
fn every_operation_of_the_statement_has_its_definition() {
    let server = Server::start();
    block_on(async {
        let statement = server.anonymous().get("/metadata").await.json();
        let mut client = server.client("medecin");
        let all = client.get("/OperationDefinition").await.json();
        let mut listed = BTreeSet::new();
        for resource in statement["rest"][0]["resource"].as_array().unwrap() {
            for operation in resource["operation"].as_array().into_iter().flatten() {
                let url = operation["definition"].as_str().expect("definition");
                let path = format!("/OperationDefinition?url={}", encode(url));
                let found = client.get(&path).await.json();
                let definition = &found["entry"][0]["resource"];
                assert_eq!(definition["code"], operation["name"], "{url}");
                assert_eq!(definition["type"], true, "{url}");
                // What it narrows is somebody else's.
                let base = definition["base"].as_str().expect("base");
                assert!(!base.starts_with(OURS), "{base}");
                listed.insert((
                    url.to_owned(),
                    resource["type"].as_str().unwrap().to_owned(),
                ));
            }
        }
        let mut defined = BTreeSet::new();
        for entry in all["entry"].as_array().unwrap() {
            let url = entry["resource"]["url"].as_str().unwrap();
            for kind in entry["resource"]["resource"].as_array().unwrap() {
                defined.insert((url.to_owned(), kind.as_str().unwrap().to_owned()));
            }
        }
        assert_eq!(listed, defined);
        assert_eq!(defined.len(), 7);
    });
}

#[test]
fn code_systems_of_tables_follow_their_tables() {
    let server = Server::start();
    block_on(async {
        let mut client = server.client("infirmier");
        let codes = |system: &Value| -> Vec<String> {
            let concepts = system["concept"].as_array().unwrap();
            assert_eq!(system["count"], concepts.len());
            concepts
                .iter()
                .map(|c| c["code"].as_str().unwrap().to_owned())
                .collect()
        };
        let refusal = client.get("/CodeSystem/refusal").await.json();
        let mut told = codes(&refusal);
        let table = std::fs::read_to_string(root("mappings/errors.csv")).unwrap();
        let mut rows: Vec<_> = csv::Reader::from_reader(table.as_bytes())
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect();
        told.sort();
        rows.sort();
        assert_eq!(told, rows);
        let acts = codes(&client.get("/CodeSystem/dmp-transaction").await.json());
        for act in ["TD0.2", "TD0.3", "TD2", "TD3.1", "TD3.2", "TD3.3"] {
            assert!(acts.iter().any(|code| code == act), "{act}");
        }
    });
}

#[test]
fn metadata_is_revalidated_and_knows_its_modes() {
    let server = Server::start();
    block_on(async {
        let mut nobody = server.anonymous();
        let full = nobody.get("/metadata").await.assert_status(200);
        typed("metadata", &full.json());
        let tag = full.header("etag").to_owned();
        nobody
            .send(
                Method::GET,
                "/metadata",
                &[("If-None-Match", &tag)],
                Vec::new(),
            )
            .await
            .assert_status(304);
        for mode in ["full", "normative"] {
            let told = nobody.get(&format!("/metadata?mode={mode}")).await.json();
            assert_eq!(told["resourceType"], "CapabilityStatement");
        }
        let told = nobody
            .get("/metadata?mode=terminology")
            .await
            .assert_status(200)
            .json();
        typed("terminology", &told);
        assert_eq!(told["resourceType"], "TerminologyCapabilities");
        nobody
            .get("/metadata?mode=x")
            .await
            .assert_refused(400, "parameter-invalid");
        let strict = Server::with(Options::strict());
        let told = strict.anonymous().get("/metadata").await.json();
        assert!(
            told["implementation"]["description"]
                .as_str()
                .unwrap()
                .contains("strict")
        );
    });
}

/// The request that tries an interaction on a type.
fn attempt(kind: &str, code: &str) -> (Method, String) {
    match code {
        "read" => (Method::GET, format!("/{kind}/{ID}")),
        "vread" => (Method::GET, format!("/{kind}/{ID}/_history/1")),
        "history-instance" => (Method::GET, format!("/{kind}/{ID}/_history")),
        "update" if kind == "Immunization" => (Method::PUT, format!("/{kind}/{ID}")),
        "update" => (Method::PUT, format!("/{kind}?identifier=x")),
        "patch" => (Method::PATCH, format!("/{kind}/{ID}")),
        "delete" => (Method::DELETE, format!("/{kind}/{ID}")),
        "create" => (Method::POST, format!("/{kind}")),
        _ => (Method::GET, format!("/{kind}")),
    }
}

async fn refused_as_unserved(client: &mut Client, method: Method, path: &str) -> bool {
    // POST on List is a search by a form, and nothing else.
    let media = if (&method, path) == (&Method::POST, "/List") {
        "application/x-www-form-urlencoded"
    } else {
        "application/fhir+json"
    };
    let kind = [("Content-Type", media)];
    let reply = client.send(method, path, &kind, b"{}".to_vec()).await;
    let code = reply.refusal_or_nothing();
    matches!(code.as_str(), "not-supported" | "method-not-allowed")
}

trait Told {
    fn refusal_or_nothing(&self) -> String;
}

impl Told for support::Reply {
    fn refusal_or_nothing(&self) -> String {
        let body: Value = serde_json::from_slice(&self.bytes).unwrap_or(Value::Null);
        let code = &body["issue"][0]["details"]["coding"][0]["code"];
        let code = code.as_str().unwrap_or_default().to_owned();
        if matches!(code.as_str(), "not-supported" | "method-not-allowed") {
            assert!([404, 405].contains(&self.status), "{}", self.status);
            assert_eq!(body["resourceType"], "OperationOutcome");
        }
        code
    }
}

#[test]
fn what_the_statement_lists_is_served_and_nothing_else() {
    let server = Server::start();
    block_on(async {
        let statement = server.anonymous().get("/metadata").await.json();
        let mut client = server.client("medecin");
        let resources = statement["rest"][0]["resource"].as_array().unwrap();
        for resource in resources {
            let kind = resource["type"].as_str().unwrap();
            let listed: BTreeSet<_> = resource["interaction"]
                .as_array()
                .unwrap()
                .iter()
                .map(|interaction| interaction["code"].as_str().unwrap())
                .collect();
            for code in [
                "read",
                "vread",
                "history-instance",
                "update",
                "patch",
                "delete",
                "create",
                "search-type",
            ] {
                // POST on List is a search without its `_search`, and creates nothing.
                if (kind, code) == ("List", "create") {
                    continue;
                }
                let (method, path) = attempt(kind, code);
                let unserved = refused_as_unserved(&mut client, method, &path).await;
                assert_eq!(unserved, !listed.contains(code), "{kind} {code}");
            }
            for operation in ["generate-metadata", "validate"] {
                let listed = resource["operation"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one["name"] == operation));
                let path = format!("/{kind}/${operation}");
                let unserved = refused_as_unserved(&mut client, Method::POST, &path).await;
                assert_eq!(unserved, !listed, "{kind} ${operation}");
            }
        }
        for kind in ["Immunization", "Observation", "Provenance"] {
            let listed = resources.iter().any(|resource| resource["type"] == kind);
            let unserved = refused_as_unserved(&mut client, Method::GET, &format!("/{kind}")).await;
            assert_eq!(unserved, !listed, "{kind}");
        }
    });
}

#[test]
fn every_parameter_of_the_statement_has_its_definition() {
    let server = Server::start();
    block_on(async {
        let statement = server.anonymous().get("/metadata").await.json();
        let mut client = server.client("medecin");
        let mut seen = 0;
        for resource in statement["rest"][0]["resource"].as_array().unwrap() {
            let kind = &resource["type"];
            for parameter in resource["searchParam"].as_array().into_iter().flatten() {
                seen += 1;
                let url = parameter["definition"].as_str().expect("definition");
                if !url.starts_with(OURS) {
                    continue;
                }
                let found = client
                    .get(&format!("/SearchParameter?url={}", encode(url)))
                    .await
                    .json();
                let definition = &found["entry"][0]["resource"];
                assert_eq!(definition["code"], parameter["name"], "{url}");
                assert_eq!(definition["type"], parameter["type"], "{url}");
                assert!(
                    definition["base"].as_array().unwrap().contains(kind),
                    "{kind} {url}"
                );
            }
            let mut profiles = Vec::new();
            texts(resource, "profile", &mut profiles);
            texts(resource, "supportedProfile", &mut profiles);
            for url in profiles.into_iter().filter(|url| url.starts_with(OURS)) {
                let found = client
                    .get(&format!("/StructureDefinition?url={}", encode(url)))
                    .await
                    .json();
                assert_eq!(found["total"], 1, "{url}");
                assert_eq!(&found["entry"][0]["resource"]["type"], kind, "{url}");
            }
        }
        assert!(seen > 60, "{seen}");
        let strict = format!("/Patient?identifier={}", encode(INS));
        client.get(&strict).await.assert_status(200);
    });
}

/// Paths and methods of the router, as its source names them.
fn routed() -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(root("src/edge.rs")).expect("routes");
    let start = text.find("fn routes(").expect("routes");
    let end = text.find(".method_not_allowed_fallback").expect("fallback");
    let mut all = BTreeSet::new();
    for route in text[start..end].split(".route(").skip(1) {
        let path = route.split('"').nth(1).expect("path");
        let path = path.strip_prefix("/fhir").expect("base").to_owned();
        for method in ["get", "post", "put", "patch", "delete"] {
            if route.contains(&format!("{method}(")) {
                all.insert((path.clone(), method.to_owned()));
            }
        }
    }
    for kind in KINDS {
        all.insert((format!("/{kind}"), "get".to_owned()));
        all.insert((format!("/{kind}/_search"), "post".to_owned()));
        all.insert((format!("/{kind}/{{id}}"), "get".to_owned()));
    }
    for kind in [
        "Bundle",
        "Consent",
        "DocumentReference",
        "Immunization",
        "List",
        "Patient",
    ] {
        all.insert((format!("/{kind}/$validate"), "post".to_owned()));
    }
    // The base with and without its slash is one path.
    all.remove(&(String::new(), "post".to_owned()));
    all
}

#[test]
fn the_description_holds_every_route_and_no_other() {
    let server = Server::start();
    block_on(async {
        server
            .anonymous()
            .get("/openapi.json")
            .await
            .assert_refused(401, "login-required");
        let mut client = server.client("medecin");
        let told = client.get("/openapi.json").await.assert_status(200).json();
        assert_eq!(told["openapi"], "3.1.0");
        assert_eq!(told["servers"], json!([{"url": server.base}]));
        let mut described = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (path, methods) in told["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                described.insert((path.clone(), method.clone()));
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{id} twice");
                assert!(operation["responses"].as_object().unwrap().len() > 2);
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let tried = path.replace("{id}", ID).replace("{version}", "1");
                assert!(
                    !refused_as_unserved(&mut client, method, &tried).await,
                    "{path}"
                );
                // Each name between braces is a parameter.
                let named: BTreeSet<_> = path
                    .split('{')
                    .skip(1)
                    .filter_map(|p| p.split('}').next())
                    .collect();
                let told: BTreeSet<_> = operation["parameters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|parameter| parameter["in"] == "path")
                    .filter_map(|parameter| parameter["name"].as_str())
                    .collect();
                assert_eq!(named, told, "{path}");
            }
        }
        assert_eq!(described, routed());
        let named = |path: &str, method: &str, name: &str| {
            let parameters = &told["paths"][path][method]["parameters"];
            let mut all = parameters.as_array().unwrap().iter();
            let header = |reference: &Value| {
                let at = reference.as_str().unwrap().trim_start_matches('#');
                told.pointer(at).unwrap()["name"] == name
            };
            all.any(|one| one["name"] == name || one.get("$ref").is_some_and(header))
        };
        for kind in [
            "DocumentReference",
            "List",
            "Consent",
            "AuditEvent",
            "Immunization",
        ] {
            for name in ["_count", "_sort", "_total", "_summary", "_elements"] {
                assert!(named(&format!("/{kind}"), "get", name), "{kind} {name}");
            }
        }
        assert!(named("/DocumentReference", "post", "If-None-Exist"));
        assert!(!named("/Consent", "post", "If-None-Exist"));
        let mut references = Vec::new();
        texts(&told, "$ref", &mut references);
        for reference in references {
            let pointer = reference.strip_prefix('#').expect("local");
            assert!(told.pointer(pointer).is_some(), "{reference}");
        }
    });
}
