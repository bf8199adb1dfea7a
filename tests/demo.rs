//! The demonstration as a newcomer meets it: the printed lines, the examples, a second start.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::Server;

/// Runs a line of the story in the folder of the server. None without curl.
fn paste(server: &Server, line: &str) -> Output {
    Command::new("bash")
        .args(["-c", line])
        .current_dir(server.folder())
        .output()
        .expect("bash runs")
}

fn curl_is_there() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: curl is not installed");
    }
    there
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// The line that follows the sentence holding these words.
fn line_after<'a>(story: &'a [String], words: &str) -> &'a str {
    let at = story
        .iter()
        .position(|line| line.starts_with('#') && line.contains(words))
        .unwrap_or_else(|| panic!("nothing says {words:?} in {story:#?}"));
    &story[at + 1]
}

#[test]
fn the_printed_lines_tell_the_story() {
    if !curl_is_there() {
        return;
    }
    let server = Server::demo();
    let tell = |words: &str| paste(&server, line_after(&server.story, words));
    let refusal = |words: &str| {
        json(&tell(words))["issue"][0]["details"]["coding"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };

    assert_eq!(
        json(&tell("what this server can do"))["resourceType"],
        "CapabilityStatement"
    );
    assert_eq!(json(&tell("have a record?"))["total"], 1);
    assert_eq!(refusal("may not read it"), "card-cannot-consult");
    assert_eq!(json(&tell("YANN CORBEL"))["total"], 11);
    assert_eq!(json(&tell("CLAIRE DESCHAMPS"))["total"], 15);
    assert_eq!(json(&tell("PAUL GARNIER"))["total"], 3);
    assert_eq!(refusal("until he declares"), "consent-required");
    assert_eq!(json(&tell("He declares it"))["resourceType"], "Consent");
    assert_eq!(json(&tell("Now he reads"))["total"], 14);
    assert_eq!(
        json(&tell("The laboratory deposits"))["resourceType"],
        "DocumentReference"
    );
    assert_eq!(refusal("The laboratory deposits"), "duplicate-document");
    assert_eq!(json(&tell("YANN CORBEL"))["total"], 12);

    let deposit = std::fs::read(server.folder().join("demo/deposit.json")).expect("deposit");
    let deposit: Value = serde_json::from_slice(&deposit).expect("JSON");
    let sent = deposit["content"][0]["attachment"]["data"].as_str();
    let sent = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, sent.expect("data"))
        .expect("base64");
    assert_eq!(tell("The bytes of the newest").stdout, sent);

    let closed = json(&tell("A closed record"));
    assert_eq!(closed["issue"][0]["details"]["text"], "DMP fermé.");
    let traces = json(&tell("The patient herself"));
    assert_eq!(traces["resourceType"], "Bundle", "{traces:#}");
    let refused = |entry: &&Value| entry["resource"]["outcome"] == "8";
    let entries = traces["entry"].as_array().expect("traces");
    let (told, refusals) = (entries.len(), entries.iter().filter(refused).count());
    assert!(told >= 10 && refusals >= 2, "{told} {refusals}");
    let verified = tell("in the journal");
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn the_examples_run() {
    if !curl_is_there() {
        return;
    }
    let server = Server::demo();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let run = |script: &str, card: &str| {
        let output = Command::new("bash")
            .arg(examples.join(script))
            .env("DIR", server.folder().join("demo"))
            .env("BASE", &server.base)
            .env("CARD", card)
            .output()
            .expect("bash runs");
        assert!(
            output.status.success(),
            "{script}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    };
    run("patient.sh", "secretaire");
    run("consent.sh", "medecin2");
    let published = json(&run("publish.sh", "medecin2"));
    assert_eq!(published["type"], "transaction-response");
    for entry in published["entry"].as_array().expect("entries") {
        assert_eq!(entry["response"]["status"], "201 Created", "{published:#}");
    }
    assert_eq!(json(&run("search.sh", "infirmier"))["total"], 12);
    let read = run("read.sh", "infirmier");
    let text = String::from_utf8(read.stdout).expect("UTF-8");
    assert!(text.contains("Consultation de suivi"), "{text}");
}

#[tokio::test]
async fn a_reader_that_leaves_after_the_ready_line_stops_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let mut server = Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(["demo", "--dir", "demo", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut ready = String::new();
    let mut stdout = BufReader::new(server.stdout.take().expect("piped"));
    stdout.read_line(&mut ready).expect("a line");
    drop(stdout);
    let base = ready.trim().strip_prefix("ready ").expect("the ready line");
    let address = base.split('/').nth(2).and_then(|text| text.parse().ok());
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let pki = folder.path().join("demo/pki");
    let reply = support::Client::new(address.expect("address"), base, &pki, None)
        .try_send(hyper::Method::GET, "/metadata", &[], Vec::new())
        .await;
    server.kill().expect("it still runs");
    server.wait().expect("it ended");
    assert_eq!(reply.map(|reply| reply.status), Ok(200));
}

#[tokio::test]
async fn a_second_start_keeps_everything_and_a_reset_starts_over() {
    let mut server = Server::demo();
    let search = [
        (
            "patient.identifier",
            "urn:oid:1.2.250.1.213.1.4.10|279036990100166",
        ),
        ("status", "current"),
    ];
    let deposit = std::fs::read(server.folder().join("demo/deposit.json")).expect("deposit");
    let deposit: Value = serde_json::from_slice(&deposit).expect("JSON");
    let mut laboratory = server.client("laboratoire");
    laboratory
        .post("/DocumentReference", &deposit)
        .await
        .assert_status(201);
    let certificate = server.folder().join("demo/pki/medecin.pem");
    let card = std::fs::read(&certificate).expect("card");
    assert!(server.stop().success());

    server.restart();
    assert_eq!(std::fs::read(&certificate).expect("card"), card);
    let found = server
        .client("infirmier")
        .search("DocumentReference", &search)
        .await
        .assert_status(200);
    assert_eq!(found.json()["total"], 12);
    let verified = server.run(&["audit", "verify", "--config", "demo/passerelle.toml"]);
    assert!(verified.status.success(), "{verified:?}");
    assert!(server.stop().success());

    server.restart_with(&["--reset"]);
    assert_ne!(std::fs::read(&certificate).expect("card"), card);
    let found = server
        .client("infirmier")
        .search("DocumentReference", &search)
        .await
        .assert_status(200);
    assert_eq!(found.json()["total"], 11);
}
