//! What a searchset holds beside and instead of whole matches: `_include`, `_revinclude`, `_summary`, `_elements`, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use hyper::Method;
use serde_json::{Value, json};
use support::document::PATIENT;
use support::{Client, Document, Server, consent_for};

const MEDECIN: &str = "899900000011";
const MEDECIN2: &str = "899900000029";
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";

/// A record in which `medecin2` replaced a document, masked the replaced one, and deposited another.
struct World {
    server: Server,
    author: Client,
    other: Client,
    replaced: String,
    replacing: String,
}

impl World {
    async fn new() -> Self {
        let server = Server::start();
        let first = Document::new();
        let (identifier, record) = first.record();
        let path = format!(
            "/Patient?identifier={}",
            support::client::encode(&identifier)
        );
        let mut operator = server.client("exploitant");
        operator.put(&path, &record).await.assert_status(201);
        let mut author = server
            .client("medecin2")
            .with("DMP-Structure", "499900000029010");
        let mut other = server.client("medecin");
        for (client, id) in [(&mut author, MEDECIN2), (&mut other, MEDECIN)] {
            let declared = client.post("/Consent", &consent_for(PATIENT, id)).await;
            declared.assert_status(201);
        }
        let replaced = id_of(&mut author, &first.simplified()).await;
        let second = Document::replacing(first.unique_id());
        let replacing = id_of(&mut author, &second.simplified()).await;
        id_of(&mut author, &Document::new().simplified()).await;
        // What replaces a masked document is masked too: the mask comes after.
        let label = json!({"coding": [{"system": VISIBILITY, "code": "MASQUE_PS"}]});
        let mask = json!([{"op": "add", "path": "/securityLabel/0", "value": label}]);
        let headers = [("Content-Type", "application/json-patch+json")];
        let path = format!("/DocumentReference/{replaced}");
        let body = mask.to_string().into_bytes();
        let masked = author.send(Method::PATCH, &path, &headers, body).await;
        masked.assert_status(200);
        Self {
            server,
            author,
            other,
            replaced,
            replacing,
        }
    }
}

async fn id_of(client: &mut Client, resource: &Value) -> String {
    let made = client.post("/DocumentReference", resource).await;
    let made = made.assert_status(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn page(client: &mut Client, kind: &str, query: &[(&str, &str)]) -> Value {
    let mut all = vec![("patient.identifier", PATIENT)];
    all.extend(query);
    client.search(kind, &all).await.assert_status(200).json()
}

/// `Type/id` of the entries of a mode.
fn of(page: &Value, mode: &str) -> Vec<String> {
    let entries = page["entry"].as_array().into_iter().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| entry["search"]["mode"] == mode)
        .map(|entry| {
            let url = entry["fullUrl"].as_str().expect("fullUrl");
            let (kind, id) = (&entry["resource"]["resourceType"], &entry["resource"]["id"]);
            let name = format!("{}/{}", kind.as_str().unwrap(), id.as_str().unwrap());
            assert!(url.starts_with("https://") && url.ends_with(&name), "{url}");
            name
        })
        .collect();
    found.sort();
    found
}

fn document(id: &str) -> String {
    format!("DocumentReference/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_with_the_matches_obeys_the_same_right() {
    let mut world = World::new().await;
    let ask = [
        ("status", "current"),
        ("_include", "DocumentReference:relatesto"),
    ];
    let author = page(&mut world.author, "DocumentReference", &ask).await;
    assert_eq!(author["total"], 2, "the total counts matches");
    assert_eq!(of(&author, "match").len(), 2);
    assert_eq!(of(&author, "include"), [document(&world.replaced)]);
    // Who may not know of the masked document gets the same matches without it.
    let other = page(&mut world.other, "DocumentReference", &ask).await;
    assert_eq!(of(&other, "match"), of(&author, "match"));
    assert!(of(&other, "include").is_empty());
    assert!(!other.to_string().contains(&world.replaced));

    let ask = [
        ("status", "superseded"),
        ("_revinclude", "DocumentReference:relatesto"),
    ];
    let author = page(&mut world.author, "DocumentReference", &ask).await;
    assert_eq!(of(&author, "match"), [document(&world.replaced)]);
    assert_eq!(of(&author, "include"), [document(&world.replacing)]);
    let other = page(&mut world.other, "DocumentReference", &ask).await;
    assert_eq!(
        (&other["total"], of(&other, "include").len()),
        (&json!(0), 0)
    );

    let ask = [
        ("status", "current"),
        ("_include", "DocumentReference:patient"),
        ("_revinclude", "List:item"),
    ];
    let found = page(&mut world.other, "DocumentReference", &ask).await;
    let included = of(&found, "include");
    let patients = included.iter().filter(|name| name.starts_with("Patient/"));
    let lists = included.iter().filter(|name| name.starts_with("List/"));
    assert_eq!((patients.count(), lists.count()), (1, 2), "{included:?}");
    let link = found["link"][0]["url"].as_str().unwrap();
    assert!(link.contains("_revinclude=List:item"), "{link}");

    let ask = [
        ("status", "current"),
        ("code", "submissionset"),
        ("_include", "List:item"),
        ("_include", "List:patient"),
    ];
    let author = page(&mut world.author, "List", &ask).await;
    let other = page(&mut world.other, "List", &ask).await;
    assert_eq!(of(&author, "match").len(), 3);
    assert_eq!(of(&author, "include").len(), 4);
    assert_eq!(of(&other, "match").len(), 2);
    assert_eq!(of(&other, "include").len(), 3);
    assert!(!other.to_string().contains(&world.replaced));
    // Nothing found brings nothing.
    let ask = [
        ("status", "current"),
        ("type", "nothing"),
        ("_include", "DocumentReference:patient"),
    ];
    let none = page(&mut world.author, "DocumentReference", &ask).await;
    assert!(none.get("entry").is_none());
    assert_eq!(world.server.logs().matches("panicked").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_resource_is_told_to_be_one() {
    let mut world = World::new().await;
    let whole = page(
        &mut world.other,
        "DocumentReference",
        &[("status", "current")],
    )
    .await;
    let whole = &whole["entry"][0]["resource"];
    let names = |resource: &Value| {
        let members = resource.as_object().expect("resource").keys();
        members.cloned().collect::<Vec<_>>()
    };
    assert!(whole["meta"].get("tag").is_none());
    let mandatory = ["resourceType", "id", "meta", "status", "content"];
    for (name, value, extra) in [
        ("_elements", "type,date", &["type", "date"] as &[&str]),
        ("_summary", "text", &[]),
        (
            "_elements",
            "DocumentReference.author",
            &["contained", "author"],
        ),
    ] {
        let ask = [("status", "current"), (name, value)];
        let found = page(&mut world.other, "DocumentReference", &ask).await;
        assert_eq!(found["total"], 2);
        let part = &found["entry"][0]["resource"];
        let mut expected: Vec<_> = mandatory.iter().chain(extra).collect();
        let mut got = names(part);
        expected.sort();
        got.sort();
        assert!(got.iter().eq(expected), "{value}: {got:?}");
        assert_eq!(part["meta"]["tag"][0]["code"], "SUBSETTED", "{value}");
        assert_eq!(part["content"], whole["content"], "{value}");
    }
    let ask = [("status", "current"), ("_elements", "author")];
    let found = page(&mut world.other, "DocumentReference", &ask).await;
    let authors = found["entry"][0]["resource"]["contained"]
        .as_array()
        .unwrap();
    assert!(authors.iter().all(|one| one["resourceType"] != "Patient"));

    let ask = [("status", "current"), ("_summary", "true")];
    let summary = page(&mut world.other, "DocumentReference", &ask).await;
    let summary = &summary["entry"][0]["resource"];
    assert_eq!(summary["meta"]["tag"][0]["code"], "SUBSETTED");
    assert_eq!(summary["type"], whole["type"]);
    assert!(summary.get("custodian").is_none() && whole.get("custodian").is_some());
    // In the order of R4.
    let kept: Vec<_> = names(whole)
        .into_iter()
        .filter(|name| summary.get(name).is_some())
        .collect();
    assert_eq!(names(summary), kept);

    let ask = [("status", "current"), ("_summary", "data")];
    let data = page(&mut world.other, "DocumentReference", &ask).await;
    assert_eq!(
        data["entry"][0]["resource"]["custodian"],
        whole["custodian"]
    );
    let ask = [("status", "current"), ("_summary", "count")];
    let count = page(&mut world.other, "DocumentReference", &ask).await;
    assert_eq!((&count["total"], count.get("entry")), (&json!(2), None));

    for (kind, more) in [
        (
            "List",
            &[("code", "submissionset"), ("status", "current")] as &[_],
        ),
        ("Consent", &[]),
    ] {
        let mut ask = more.to_vec();
        ask.push(("_summary", "true"));
        let found = page(&mut world.other, kind, &ask).await;
        let one = &found["entry"][0]["resource"];
        assert_eq!(one["meta"]["tag"][0]["code"], "SUBSETTED", "{kind}");
        assert!(one.get("status").is_some(), "{kind}");
        assert!(one.get("entry").is_none(), "{kind}");
    }
}

/// The organisation of an author, where PSDm's extension puts it and where FHIR does: by number and by name, under every name that
/// the statement and the guides give the parameter.
#[tokio::test(flavor = "multi_thread")]
async fn the_organisation_of_an_author_is_found() {
    const FINESS: &str = "https://finess.esante.gouv.fr|750100125";
    let mut world = World::new().await;
    let before = page(&mut world.author, "List", &SETS).await["total"].clone();
    let document = Document::new();
    let mut bundle = document.bundle();
    let list = &mut bundle["entry"][0]["resource"];
    for resource in list["contained"].as_array_mut().expect("contained") {
        if resource["resourceType"] == "PractitionerRole" {
            resource
                .as_object_mut()
                .expect("role")
                .remove("organization");
        }
    }
    let contained = list["contained"].as_array_mut().expect("contained");
    contained.retain(|resource| resource["resourceType"] != "Organization");
    contained.push(json!({
        "resourceType": "Organization",
        "id": "clinic",
        "identifier": [{"system": "https://finess.esante.gouv.fr", "value": "750100125"}],
        "name": "Clinique des Érables",
    }));
    list["source"]["extension"] = json!([{
        "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-authorOrg",
        "valueReference": {"reference": "#clinic"},
    }]);
    let made = world
        .author
        .post("", &bundle)
        .await
        .assert_status(200)
        .json();
    let made = made["entry"][0]["response"]["location"].as_str().unwrap();
    let list = made.split("/_history").next().unwrap().to_owned();
    for (name, value, found) in [
        ("authorOrg:identifier", FINESS, true),
        ("authorOrg.identifier", FINESS, true),
        ("authorOrg:Organization.identifier", FINESS, true),
        ("authorOrg", FINESS, true),
        ("authorOrg", "1750100125", true),
        ("PDSm_authorOrg", "clinique des erables", true),
        ("PDSm_authorOrg.name", "CLINIQUE", true),
        ("authorOrg.name:exact", "Clinique des Érables", true),
        ("authorOrg.name:exact", "Clinique", false),
        ("authorOrg.name:contains", "erable", true),
        ("authorOrg:contains", "erable", true),
        (
            "source:PractitionerRole.organization.name",
            "clinique",
            true,
        ),
        (
            "PDSm_List_PractitionerRoleAsSource.organization",
            "clinique",
            true,
        ),
        (
            "authorOrg:identifier",
            "https://finess.esante.gouv.fr|750100126",
            false,
        ),
        ("authorOrg", "erables", false),
        // Not the author itself.
        ("source:Organization.identifier", FINESS, false),
    ] {
        let mut ask = SETS.to_vec();
        ask.push((name, value));
        let answer = page(&mut world.author, "List", &ask).await;
        let expected = if found {
            vec![list.clone()]
        } else {
            Vec::new()
        };
        assert_eq!(of(&answer, "match"), expected, "{name}={value}");
        let link = answer["link"][0]["url"].as_str().unwrap();
        assert!(!link.contains("PDSm"), "{link}");
    }
    let missing = |value| [&SETS[..], &[("authorOrg:missing", value)]].concat();
    let total = async |world: &mut World, value| {
        page(&mut world.author, "List", &missing(value)).await["total"]
            .as_u64()
            .unwrap()
    };
    let (with, without) = (
        total(&mut world, "false").await,
        total(&mut world, "true").await,
    );
    assert_eq!(with + without, before.as_u64().unwrap() + 1);
    assert!(with >= 1);
    // The author of a document has one too.
    for (name, value, found) in [
        ("author.organization.name:contains", "essai", 4),
        (
            "author:PractitionerRole.organization.name",
            "hopital de l'essai",
            4,
        ),
        ("author.organization", "hopital", 4),
        ("author:PractitionerRole.organization.name", "essai", 0),
        ("author:Organization.name", "hopital", 0),
    ] {
        let ask = [("status", "current,superseded"), (name, value)];
        let answer = page(&mut world.author, "DocumentReference", &ask).await;
        assert_eq!(answer["total"], found, "{name}={value}");
    }
}

const SETS: [(&str, &str); 2] = [("code", "submissionset"), ("status", "current")];
