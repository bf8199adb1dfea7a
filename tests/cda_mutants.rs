//! Mutants of good CDA documents, made by rule: each is caught by the check that is meant for it, at its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cda_mutants/clinical.rs"]
mod clinical;
#[path = "cda_mutants/content.rs"]
mod content;
#[path = "cda_mutants/header.rs"]
mod header;
#[path = "cda_mutants/hostile.rs"]
mod hostile;
#[path = "cda_mutants/national.rs"]
mod national;
#[path = "cda/sample.rs"]
#[allow(dead_code)]
mod sample;
