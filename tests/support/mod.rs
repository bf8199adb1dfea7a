//! What the tests that speak HTTP share: a real server in a child process, clients that hold a card, and bundles made of a document.

#![allow(dead_code, unused_imports, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod admin;
pub mod both;
pub mod bundle;
pub mod client;
pub mod consent;
pub mod document;
pub mod header;
#[path = "../store/home.rs"]
pub mod home;
pub mod pki;
pub mod portal;
pub mod receiver;
#[path = "../cda/sample.rs"]
pub mod sample;
pub mod server;

pub use admin::{Admin, with_admin};
pub use both::{on_both, opened};
pub use bundle::{bundle_for, record_for, without_relations};
pub use client::{Client, Reply};
pub use consent::consent_for;
pub use document::Document;
pub use portal::Portal;
pub use server::{Options, Server};

use std::path::{Path, PathBuf};

/// Real documents, certificates and tables, when they are there; says so when they are not.
pub fn shared_data(what: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(what);
    if path.exists() {
        Some(path)
    } else {
        eprintln!("skipped: {} is not there", path.display());
        None
    }
}

/// The official CDA documents, sorted by name; empty when they are not there.
pub fn shared_cda() -> Vec<PathBuf> {
    let Some(folder) = shared_data("cda") else {
        return Vec::new();
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("folder")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "xml"))
        .collect();
    files.sort();
    files
}
