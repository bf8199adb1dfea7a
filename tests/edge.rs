//! The manners of the HTTP edge: who is let in, formats, limits, pages, rights by their URL, health, logs and a graceful stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use hyper::Method;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslStream};
use serde_json::{Value, json};
use support::server::{cards, signal};
use support::{Client, Options, Server};

const INS: &str = "urn:oid:1.2.250.1.213.1.4.10|279036990100166";

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(future)
}

fn small() -> Server {
    Server::with(
        Options::default()
            .set("PASSERELLE_SERVER__ADMIN_LISTEN", "127.0.0.1:0")
            .set("PASSERELLE_SERVER__MAX_BODY_BYTES", "65536")
            .set("PASSERELLE_SERVER__REQUEST_TIMEOUT_SECONDS", "1")
            .set("PASSERELLE_LOG_FORMAT", "json"),
    )
}

/// A TLS connection of one's own, for what a well-behaved client can't do.
fn raw(address: SocketAddr, card: &str) -> SslStream<TcpStream> {
    let pki = cards();
    let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("tls");
    builder.set_ca_file(pki.join("ca.pem")).expect("ca");
    builder
        .set_certificate_chain_file(pki.join(format!("{card}.pem")))
        .expect("card");
    builder
        .set_private_key_file(pki.join(format!("{card}.key")), SslFiletype::PEM)
        .expect("key");
    let tcp = TcpStream::connect(address).expect("connection");
    tcp.set_read_timeout(Some(Duration::from_secs(20)))
        .expect("timeout");
    let connector = builder.build();
    connector.connect("127.0.0.1", tcp).expect("handshake")
}

/// Reads until the answer's head and `Content-Length` bytes are there.
fn answer(stream: &mut SslStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).expect("answer");
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("length"));
            body.len() >= length
        });
        if whole || read == 0 {
            return text.into_owned();
        }
    }
}

#[test]
fn without_a_card_there_is_metadata_and_nothing_else() {
    let server = small();
    block_on(async {
        let mut client = server.anonymous();
        let metadata = client.get("/metadata").await.assert_status(200);
        let statement = metadata.json();
        assert_eq!(statement["resourceType"], "CapabilityStatement");
        assert_eq!(statement["fhirVersion"], "4.0.1");
        assert_eq!(statement["implementation"]["url"], server.base.as_str());

        for path in ["/Patient", "/DocumentReference/1", "/Observation", "/"] {
            let reply = client.get(path).await;
            reply.assert_refused(401, "login-required");
            assert!(!reply.header("www-authenticate").is_empty());
        }
        let deleted = client.send(Method::DELETE, "/Patient", &[], Vec::new());
        deleted.await.assert_refused(401, "login-required");
    });
}

#[test]
fn every_answer_carries_the_same_headers() {
    let server = small();
    block_on(async {
        let mut client = server.client("medecin");
        let echoed = client
            .send(
                Method::GET,
                "/Patient/1",
                &[("X-Request-Id", "visit-7.a_B")],
                Vec::new(),
            )
            .await;
        echoed.assert_refused(404, "not-found");
        assert_eq!(echoed.header("x-request-id"), "visit-7.a_B");
        assert_eq!(echoed.header("cache-control"), "no-store");
        assert_eq!(echoed.header("x-content-type-options"), "nosniff");
        assert_eq!(
            echoed.header("content-type"),
            "application/fhir+json; charset=utf-8"
        );
        let bad = [("X-Request-Id", "has blanks")];
        let made = client.send(Method::GET, "/Patient/1", &bad, Vec::new());
        let made = made.await;
        assert_ne!(made.header("x-request-id"), "has blanks");
        assert_eq!(made.header("x-request-id").len(), 36);
    });
}

#[test]
fn what_is_not_served_says_so() {
    let server = small();
    block_on(async {
        let mut client = server.client("medecin");
        client
            .get("/Observation")
            .await
            .assert_refused(404, "not-supported");
        let reply = client
            .send(Method::DELETE, "/List/1", &[], Vec::new())
            .await;
        reply.assert_refused(405, "method-not-allowed");
        assert_eq!(reply.header("allow"), "GET,HEAD");
        let list = json!({"resourceType": "List"});
        let made = client.post("/List", &list).await;
        made.assert_refused(404, "not-supported");

        let accept = [("Accept", "application/fhir+turtle")];
        let reply = client.send(Method::GET, "/Patient/1", &accept, Vec::new());
        reply.await.assert_refused(406, "not-acceptable");
        let content = [("Content-Type", "text/plain")];
        let reply = client.send(Method::POST, "/Consent", &content, b"{}".to_vec());
        reply.await.assert_refused(415, "unsupported-media-type");
        let prefer = [
            ("Prefer", "return=everything"),
            ("Content-Type", "application/fhir+json"),
        ];
        let reply = client.send(Method::POST, "/Consent", &prefer, b"{}".to_vec());
        reply.await.assert_refused(400, "header-invalid");
    });
}

#[test]
fn wrong_headers_are_refused_right_after_the_card() {
    let server = small();
    block_on(async {
        let mut doctor = server.client("medecin");
        for (name, value) in [
            ("DMP-Access-Mode", "urgent"),
            ("DMP-Access-Reason", "%FF"),
            ("DMP-Secret-Connection", "1"),
            ("DMP-Structure", "here"),
        ] {
            let header = [(name, value)];
            let reply = doctor.send(Method::GET, "/Patient", &header, Vec::new());
            let reply = reply.await;
            reply.assert_refused(400, "header-invalid");
            let told = reply.json()["issue"][0]["diagnostics"].to_string();
            assert!(told.contains(name), "{told}");
        }
        // The establishment's certificate carries another structure than the declared one.
        let declared = [("DMP-Structure", "10B0999999")];
        let mut hospital = server.client("hopital");
        let reply = hospital.send(Method::GET, "/Patient", &declared, Vec::new());
        reply.await.assert_refused(403, "structure-mismatch");
        // A CPS says for which structure it deposits, before its body is looked at.
        let nonsense = json!({"resourceType": "Nonsense"});
        let reply = doctor.post("/", &nonsense).await;
        reply.assert_refused(400, "structure-required");
    });
}

#[test]
fn bodies_are_bounded_in_size_and_time() {
    let server = small();
    block_on(async {
        let mut client = server.client("laboratoire");
        let json = [("Content-Type", "application/fhir+json")];
        let large = vec![b' '; 100_000];
        let reply = client.send(Method::POST, "/", &json, large.clone());
        reply.await.assert_refused(413, "too-large");
        // Somewhat over the limit is read to its end, so that the client reads the answer; far over it is cut.
        let reply = client.send(Method::POST, "/Consent", &json, large);
        reply.await.assert_refused(413, "too-large");
        let broken = client.send(Method::POST, "/", &json, b"{\"resourceType\": ".to_vec());
        broken.await.assert_refused(400, "malformed");
    });

    let mut stream = raw(server.address, "laboratoire");
    let head = "POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).expect("head");
    let late = answer(&mut stream);
    assert!(late.starts_with("HTTP/1.1 408"), "{late}");
    assert!(late.contains("request-timeout"), "{late}");
    let mut chunked = raw(server.address, "laboratoire");
    let head = "POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunked.write_all(head.as_bytes()).expect("head");
    let chunk = format!("{:x}\r\n{}\r\n", 70_000, " ".repeat(70_000));
    chunked.write_all(chunk.as_bytes()).expect("chunk");
    let refused = answer(&mut chunked);
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
}

#[test]
fn the_machine_is_told_how_it_is_and_never_about_whom() {
    let mut server = small();
    block_on(async {
        let mut client = server.client("medecin");
        client.search("Patient", &[("identifier", INS)]).await;
        let named = [("patient.identifier", INS), ("status", "current")];
        client.search("DocumentReference", &named).await;
    });
    let admin = server
        .logs()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| line["admin"].as_str().map(str::to_owned))
        .expect("the admin address is logged");
    let get = |path: &str| {
        let mut tcp = TcpStream::connect(&admin).expect("admin");
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        tcp.write_all(head.as_bytes()).expect("head");
        let mut text = String::new();
        tcp.read_to_string(&mut text).expect("text");
        text
    };
    assert!(get("/health/live").starts_with("HTTP/1.1 200"));
    assert!(get("/health/ready").starts_with("HTTP/1.1 200"));
    let metrics = get("/metrics");
    for line in [
        r#"passerelle_requests_total{method="GET",route="/fhir/Patient",status="200"} 1"#,
        r#"passerelle_tls_handshakes_total{outcome="ok"} 1"#,
        "passerelle_writer_queue 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(server.stop().success());
    let logs = server.logs();
    assert!(
        logs.contains(r#""route":"/fhir/DocumentReference""#),
        "{logs}"
    );
    for private in ["279036990100166", "DESCHAMPS", "patient.identifier"] {
        assert!(!logs.contains(private), "{private} in {logs}");
        assert!(!metrics.contains(private));
    }
}

#[test]
fn a_stop_lets_what_is_in_flight_finish() {
    let mut server = Server::with(Options::default().set("PASSERELLE_SERVER__ADMIN_LISTEN", ""));
    let mut stream = raw(server.address, "laboratoire");
    let body = "{\"resourceType\": \"Bundle\"}";
    let head = format!(
        "POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (begun, rest) = body.split_at(5);
    stream
        .write_all(format!("{head}{begun}").as_bytes())
        .expect("head");
    std::thread::sleep(Duration::from_millis(300));
    signal(server.pid(), "TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        TcpStream::connect(server.address).is_err(),
        "no new connection"
    );
    stream.write_all(rest.as_bytes()).expect("rest");
    let answered = answer(&mut stream);
    assert!(answered.starts_with("HTTP/1.1 4"), "{answered}");
    assert!(server.stopped().success());
}

async fn pages(client: &mut Client, count: &str) -> (Vec<String>, Vec<String>) {
    let asked = [
        ("patient.identifier", INS),
        ("status", "current"),
        ("_count", count),
    ];
    let mut page = client.search("DocumentReference", &asked).await.json();
    let (mut ids, mut links) = (Vec::new(), Vec::new());
    loop {
        for entry in page["entry"].as_array().into_iter().flatten() {
            if entry["search"]["mode"] == "match" {
                ids.push(entry["resource"]["id"].as_str().expect("id").to_owned());
            }
        }
        assert!(links.len() < 20, "pages without end");
        let next = page["link"]
            .as_array()
            .expect("links")
            .iter()
            .find(|link| link["relation"] == "next");
        let Some(next) = next else {
            return (ids, links);
        };
        let next = next["url"].as_str().expect("url").to_owned();
        page = client.get(&next).await.assert_status(200).json();
        assert_eq!(page["link"][0]["url"], next.as_str());
        links.push(next);
    }
}

#[test]
fn pages_reach_every_match_once_and_name_nobody() {
    let server = Server::demo();
    block_on(async {
        let mut client = server.client("medecin");
        let (all, links) = pages(&mut client, "200").await;
        assert!(links.is_empty() && all.len() > 10, "{}", all.len());
        let (paged, links) = pages(&mut client, "4").await;
        assert_eq!(paged, all);
        for link in &links {
            assert!(!link.contains("279036990100166"), "{link}");
        }
        // A link of one type, or one that was touched, opens nothing.
        let token = links[0].split_once("_page=").expect("token").1;
        let other = client.get(&format!("/List?_page={token}")).await;
        other.assert_refused(400, "parameter-invalid");
        let touched = format!("/DocumentReference?_page={token}A");
        let touched = client.get(&touched).await;
        touched.assert_refused(400, "parameter-invalid");
        let plain = client.get("/DocumentReference?_page=0.00000000000000000000000000000000");
        plain.await.assert_refused(400, "parameter-invalid");
        // What the link may show is decided again for who follows it.
        let mut secretary = server.client("secretaire");
        let followed = secretary.get(&links[0]).await;
        followed.assert_refused(403, "card-cannot-consult");
    });
}

#[test]
fn reads_are_conditional_and_documents_come_in_both_forms() {
    let server = Server::demo();
    block_on(async {
        let mut client = server.client("medecin");
        let (ids, _) = pages(&mut client, "200").await;
        let path = format!("/DocumentReference/{}", ids[0]);
        let read = client.get(&path).await.assert_status(200);
        let tag = read.header("etag").to_owned();
        assert_eq!(tag, "W/\"1\"");
        let again = [("If-None-Match", tag.as_str())];
        let unmodified = client.send(Method::GET, &path, &again, Vec::new()).await;
        assert_eq!((unmodified.status, unmodified.bytes.len()), (304, 0));
        let version = format!("{path}/_history/1");
        client.get(&version).await.assert_status(200);
        let absent = client.get(&format!("{path}/_history/2")).await;
        absent.assert_refused(404, "not-found");

        let attachment = read.json()["content"][0]["attachment"].clone();
        let url = attachment["url"].as_str().expect("url");
        let raw = client.get(url).await.assert_status(200);
        assert_eq!(raw.header("content-type"), attachment["contentType"]);
        assert_eq!(raw.header("content-disposition"), "attachment");
        assert_eq!(attachment["size"], raw.bytes.len());
        let head = client.send(Method::HEAD, url, &[], Vec::new()).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        assert_eq!(head.header("etag"), raw.header("etag"));
        let fhir = [("Accept", "application/fhir+json")];
        let wrapped = client.send(Method::GET, url, &fhir, Vec::new()).await;
        let wrapped = wrapped.assert_status(200);
        assert_eq!(wrapped.json()["resourceType"], "Binary");
        assert_ne!(wrapped.header("etag"), raw.header("etag"));
        let pdf = [("Accept", "application/pdf")];
        let refused = client.send(Method::GET, url, &pdf, Vec::new()).await;
        refused.assert_refused(406, "not-acceptable");
    });
}

#[test]
fn a_right_is_renewed_by_any_of_its_names() {
    let server = Server::demo();
    let body = std::fs::read(server.folder().join("demo/consent.json")).expect("consent");
    let body: Value = serde_json::from_slice(&body).expect("json");
    block_on(async {
        let mut client = server.client("medecin2");
        let made = client.post("/Consent", &body).await.assert_status(201);
        let consent = made.json();
        let id = consent["id"].as_str().expect("id");
        assert_eq!(made.header("etag"), "W/\"1\"");
        let key = &consent["identifier"][0];
        let key = format!(
            "{}|{}",
            key["system"].as_str().expect("system"),
            key["value"].as_str().expect("value")
        );
        let key = support::client::encode(&key);

        let renewed = client.post("/Consent", &body).await.assert_status(200);
        assert_eq!(renewed.header("etag"), "W/\"2\"");
        let by_key = client
            .put(&format!("/Consent?identifier={key}"), &body)
            .await;
        assert_eq!(by_key.assert_status(200).header("etag"), "W/\"3\"");
        let by_id = client.put(&format!("/Consent/{id}"), &body).await;
        assert_eq!(by_id.assert_status(200).header("etag"), "W/\"4\"");

        let unnamed = client.put("/Consent", &body).await;
        unnamed.assert_refused(400, "parameter-required");
        let other = client.put("/Consent?identifier=x%7Cy", &body).await;
        other.assert_refused(422, "element-invalid");
        let unknown = "/Consent/0190f3c1-0000-4000-8000-000000000001";
        client
            .put(unknown, &body)
            .await
            .assert_refused(404, "not-found");
        let stale = [
            ("If-Match", "W/\"1\""),
            ("Content-Type", "application/fhir+json"),
        ];
        let text = body.to_string().into_bytes();
        let path = format!("/Consent/{id}");
        let conflict = client.send(Method::PUT, &path, &stale, text.clone());
        conflict.await.assert_refused(412, "version-conflict");
        let minimal = [
            ("Prefer", "return=minimal"),
            ("Content-Type", "application/fhir+json"),
        ];
        let silent = client.send(Method::POST, "/Consent", &minimal, text).await;
        assert_eq!((silent.status, silent.bytes.len()), (200, 0));
        assert_eq!(silent.header("etag"), "W/\"5\"");
    });
    let verified = server.run(&[
        "audit",
        "verify",
        "--config",
        Path::new("demo/passerelle.toml").to_str().expect("path"),
    ]);
    assert!(verified.status.success());
}
