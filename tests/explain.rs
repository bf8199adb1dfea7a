//! `passerelle policy explain` beside a running server: the path, the decision, the document, and the trace that it leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::HashSet;

use support::Server;

const CAMILLE: &str = "urn:oid:1.2.250.1.213.1.4.10|279036990100166";

/// Runs the command in the folder of a demonstration; gives the exit code, the output and the errors.
fn explain(server: &Server, card: &str, more: &[&str]) -> (i32, String, String) {
    let card = format!("demo/pki/{card}.pem");
    let mut arguments = vec!["policy", "explain", "--config", "demo/passerelle.toml"];
    arguments.extend(["--as", card.as_str()]);
    arguments.extend(more);
    let output = server.run(&arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The ids of the documents that a card finds.
async fn found(server: &Server, card: &str) -> HashSet<String> {
    let search = [
        ("patient.identifier", CAMILLE),
        ("status", "current"),
        ("_count", "100"),
    ];
    let answer = server
        .client(card)
        .search("DocumentReference", &search)
        .await
        .assert_status(200);
    let entries = answer.json()["entry"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| Some(entry["resource"]["id"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn a_decision_is_told_rule_by_rule() {
    let server = Server::demo();
    let (code, text, errors) = explain(&server, "infirmier", &["--ins", CAMILLE]);
    assert_eq!(code, 0, "{errors}");
    for part in [
        "profession 60",
        "mode      normal",
        "holds     LC-09",
        "holds     BLK-04",
        "holds     CONS-05",
        "ni retirée ni expirée",
        "decision  permit, his own documents and those that the matrix opens",
        "matrix    CNAM-2024-09+seed-2025-06",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("279036990100166"), "{text}");

    let (code, text, _) = explain(&server, "medecin2", &["--ins", CAMILLE]);
    assert_eq!(code, 0);
    assert!(text.contains("fails     CONS-05"), "{text}");
    assert!(
        text.contains("decision  refused, consent-required"),
        "{text}"
    );

    let glass = ["--ins", CAMILLE, "--mode", "bris_de_glace"];
    let (_, text, _) = explain(&server, "medecin2", &glass);
    assert!(
        text.contains("decision  refused, reason-required"),
        "{text}"
    );
    let glass = [&glass[..], &["--reason", "coma"]].concat();
    let (_, text, _) = explain(&server, "medecin2", &glass);
    assert!(text.contains("decision  permit"), "{text}");

    let (_, text, _) = explain(
        &server,
        "secretaire",
        &["--ins", CAMILLE, "--act", "content"],
    );
    assert!(text.contains("refused, card-cannot-consult"), "{text}");
    let (_, text, _) = explain(
        &server,
        "secretaire",
        &["--ins", CAMILLE, "--act", "deposit"],
    );
    assert!(text.contains("decides   FEED-02"), "{text}");
}

#[tokio::test]
async fn a_document_is_shown_or_not_as_the_server_answers() {
    let server = Server::demo();
    let (all, some) = (
        found(&server, "medecin").await,
        found(&server, "infirmier").await,
    );
    let hidden = all.difference(&some).next().expect("a nurse sees less");
    let shown = some.iter().next().expect("a nurse sees something");
    let asked = |id: &str| explain(&server, "infirmier", &["--ins", CAMILLE, "--document", id]).1;
    let text = asked(hidden);
    assert!(
        text.contains(&format!("document  {hidden} not shown")),
        "{text}"
    );
    let why = text.contains("hidden    HAB-01") && text.contains("deny type")
        || text.contains("hidden    MSK-03");
    assert!(why, "{text}");
    let text = asked(shown);
    assert!(text.contains(&format!("document  {shown} shown")), "{text}");
    assert!(text.contains("because   "), "{text}");
    let unknown = "00000000-0000-4000-8000-000000000000";
    assert!(asked(unknown).contains("this record has none of that id"));
}

#[test]
fn the_journal_keeps_that_it_was_asked() {
    let server = Server::demo();
    let lines = || {
        let output = server.run(&["audit", "verify", "--config", "demo/passerelle.toml"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        let count = text
            .split(", ")
            .nth(1)
            .and_then(|part| part.split(' ').next());
        count
            .and_then(|count| count.parse::<u64>().ok())
            .expect("a count")
    };
    let before = lines();
    assert_eq!(explain(&server, "medecin", &["--ins", CAMILLE]).0, 0);
    assert_eq!(explain(&server, "medecin2", &["--ins", CAMILLE]).0, 0);
    assert_eq!(lines(), before + 2);
}

#[test]
fn what_cannot_be_explained_has_its_exit_code() {
    let server = Server::demo();
    let nobody = "urn:oid:1.2.250.1.213.1.4.10|255069990199978";
    let (code, _, errors) = explain(&server, "medecin", &["--ins", nobody]);
    assert!(code == 1 || code == 2, "{code} {errors}");
    let (code, _, errors) = explain(&server, "medecin", &["--ins", "279036990100166"]);
    assert_eq!(code, 2, "{errors}");
    let (code, _, errors) = explain(&server, "nobody", &["--ins", CAMILLE]);
    assert_eq!(code, 2, "{errors}");
    let (code, _, errors) = explain(&server, "server", &["--ins", CAMILLE]);
    assert_eq!(code, 1, "{errors}");
}
