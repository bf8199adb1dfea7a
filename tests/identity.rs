//! Identities over HTTP (rules INS-*): whose document it is, and whether the record's holder is that person.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::json;
use support::client::encode;
use support::{Document, Options, Server};

#[tokio::test(flavor = "multi_thread")]
async fn ins_03_traits_that_differ_are_told_and_in_strict_mode_refused() {
    for (strict, status) in [(false, 201), (true, 422)] {
        let server = if strict {
            Server::with(Options::strict())
        } else {
            Server::start()
        };
        let document = Document::new();
        let (identifier, mut record) = document.record();
        record["birthDate"] = json!("1951-01-02");
        let path = format!("/Patient?identifier={}", encode(&identifier));
        server
            .client("exploitant")
            .put(&path, &record)
            .await
            .assert_status(201);
        let mut hospital = server
            .client("hopital")
            .with("Prefer", "return=OperationOutcome");
        let reply = hospital
            .post("/DocumentReference", &document.simplified())
            .await;
        let outcome = reply.assert_status(status).json();
        let issues = outcome["issue"].as_array().unwrap();
        let told = issues
            .iter()
            .find(|issue| issue["details"]["coding"][0]["code"] == "traits-differ")
            .unwrap_or_else(|| panic!("{outcome:#}"));
        assert_eq!(told["severity"], if strict { "error" } else { "warning" });
        let text = told.to_string();
        assert!(
            text.contains("birthDate") && !text.contains("1951"),
            "{text}"
        );
    }
}
