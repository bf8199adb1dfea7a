//! Patients, and who acts for them, through a portal: its tokens, what they may do, and what they never learn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

#[path = "portal/acts.rs"]
mod acts;
#[path = "portal/deposits.rs"]
mod deposits;
#[path = "portal/labels.rs"]
mod labels;
#[path = "portal/record.rs"]
mod record;
#[path = "portal/tokens.rs"]
mod tokens;

use support::client::encode;
use support::document::ins;
use support::{Client, Document, Options, Portal, Server};

/// A server with a portal.
fn served() -> (Portal, Server) {
    let portal = Portal::new();
    let server = Server::with(Options::default().portal(&portal));
    (portal, server)
}

/// Opens the activated record of an adult; gives `<system>|<value>`.
async fn open(server: &Server, n: u64) -> String {
    let patient = ins(n);
    open_with(server, &patient, |_| {}).await;
    patient
}

/// Opens a record, changed before it is sent.
async fn open_with(server: &Server, patient: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let (_, mut record) = Document::for_patient(patient).record();
    change(&mut record);
    let mut operator = server.client("exploitant");
    let path = patient_path(patient);
    operator.put(&path, &record).await.assert_status(201);
}

/// `/Patient?identifier=`
fn patient_path(patient: &str) -> String {
    format!("/Patient?identifier={}", encode(patient))
}

/// `GET Patient?identifier=`
async fn existence(client: &mut Client, patient: &str) -> support::Reply {
    client.search("Patient", &[("identifier", patient)]).await
}
