//! The page over HTTPS and from the command line.

use hyper::Method;
use passerelle::tables::Tables;
use passerelle::translate::cda::{CONTENT_SECURITY_POLICY, render};

use super::support::document::PATIENT;
use super::support::server::run_in;
use super::support::{Client, Document, Reply, Server, consent_for};

async fn get(client: &mut Client, path: &str, accept: &str) -> Reply {
    let headers = [("Accept", accept)];
    client.send(Method::GET, path, &headers, Vec::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposited_document_is_a_page_to_who_prefers_one() {
    let server = Server::start();
    let document = Document::with(|sample| {
        sample.body = sample.body.replace(
            "ZZSECRET",
            "<paragraph onclick=\"x()\">Bonjour</paragraph><script>x()</script>",
        );
    });
    let (patient, record) = document.record();
    assert_eq!(patient, PATIENT);
    let path = format!(
        "/Patient?identifier={}",
        super::support::client::encode(&patient)
    );
    let opened = server.client("exploitant").put(&path, &record).await;
    opened.assert_status(201);
    let deposited = server.client("hopital").post("", &document.bundle()).await;
    let deposited = deposited.assert_status(200).json();
    let location = deposited["entry"][2]["response"]["location"]
        .as_str()
        .unwrap();
    let binary = format!("/{}", location.split("/_history").next().unwrap());
    assert!(binary.starts_with("/Binary/"), "{binary}");

    let mut physician = server.client("medecin");
    // The same rights as for the bytes.
    let refused = get(&mut physician, &binary, "text/html").await;
    let raw = get(&mut physician, &binary, "text/xml").await;
    assert_eq!(
        (refused.status, refused.refusal()),
        (raw.status, raw.refusal())
    );
    assert_ne!(refused.status, 200);
    let consent = consent_for(&patient, "899900000011");
    physician
        .post("/Consent", &consent)
        .await
        .assert_status(201);

    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = get(&mut physician, &binary, browser)
        .await
        .assert_status(200);
    let expected = render(&document.bytes, &Tables::built_in()).unwrap();
    assert_eq!(std::str::from_utf8(&page.bytes).unwrap(), expected);
    assert!(expected.contains("<p>Bonjour</p>") && !expected.contains("onclick"));
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("content-disposition"), "inline");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("vary"), "Accept, Accept-Encoding");
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.starts_with(CONTENT_SECURITY_POLICY), "{policy}");
    assert!(expected.contains(&format!("content=\"{CONTENT_SECURITY_POLICY}\"")));

    // The other forms are as they were, and each form has its tag.
    let raw = get(&mut physician, &binary, "*/*").await.assert_status(200);
    assert_eq!(raw.bytes, document.bytes);
    assert_eq!(raw.header("content-disposition"), "attachment");
    assert_eq!(raw.header("content-security-policy"), "");
    let resource = get(&mut physician, &binary, "application/fhir+json, text/html").await;
    assert_eq!(resource.assert_status(200).json()["resourceType"], "Binary");
    assert_ne!(page.header("etag"), raw.header("etag"));
    for (tag, status) in [(page.header("etag"), 304), (raw.header("etag"), 200)] {
        let headers = [("Accept", "text/html"), ("If-None-Match", tag)];
        let again = physician
            .send(Method::GET, &binary, &headers, Vec::new())
            .await;
        again.assert_status(status);
    }
    let named = physician.get(&format!("{binary}?_format=html")).await;
    assert_eq!(named.assert_status(200).bytes, page.bytes);

    // As many traces as requests, the two refusals included.
    let parameters = [("patient.identifier", patient.as_str()), ("_count", "200")];
    let events = physician.search("AuditEvent", &parameters).await;
    let events = events.assert_status(200).json();
    let is_read = |event: &&serde_json::Value| event.to_string().contains("\"TD3.2\"");
    let reads = events["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter(is_read)
        .count();
    assert_eq!(reads, 8, "{events:#}");
}

#[test]
fn the_command_prints_the_page_or_the_place_of_the_fault() {
    let folder = tempfile::tempdir().unwrap();
    let document = Document::new();
    std::fs::write(folder.path().join("a.xml"), &document.bytes).unwrap();
    std::fs::write(folder.path().join("b.xml"), "<a>\n<b>").unwrap();
    let run = |file: &str| {
        let run = run_in(folder.path(), &["cda", "render", file]);
        (
            run.status.code().unwrap(),
            String::from_utf8(run.stdout).unwrap(),
            String::from_utf8(run.stderr).unwrap(),
        )
    };
    let (code, page, told) = run("a.xml");
    let expected = render(&document.bytes, &Tables::built_in()).unwrap();
    assert_eq!((code, page, told.as_str()), (0, expected, ""));
    let (code, page, told) = run("b.xml");
    assert_eq!((code, page.as_str()), (1, ""));
    assert!(told.contains("b.xml:1:1: error [cda-invalid]"), "{told}");
    let (code, page, _) = run("none.xml");
    assert_eq!((code, page.as_str()), (2, ""));
    let none = run_in(folder.path(), &["cda", "render"]);
    assert_eq!(none.status.code(), Some(2));
}
