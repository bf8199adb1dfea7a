//! The same test on both databases.

use super::client::encode;
use super::home::Home;
use super::{Document, Options, Server};

/// Checks on SQLite and, where it is installed, on PostgreSQL.
pub async fn on_both(options: Options, check: impl AsyncFn(Options)) {
    check(options.clone()).await;
    if let Some(home) = Home::postgres().await {
        let database = home.url.clone();
        check(Options {
            database,
            ..options
        })
        .await;
    }
}

/// A server with an open record for each of these patients.
pub async fn opened(options: Options, patients: &[&str]) -> Server {
    let server = Server::with(options);
    let mut operator = server.client("exploitant");
    for patient in patients {
        let (_, resource) = Document::for_patient(patient).record();
        let path = format!("/Patient?identifier={}", encode(patient));
        operator.put(&path, &resource).await.assert_status(201);
    }
    server
}
