//! The reader of CDA headers against the national documents, against every encoding, and against enemies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "cda/corpus.rs"]
mod corpus;
#[path = "cda/hostile.rs"]
mod hostile;
#[path = "cda/meaning.rs"]
mod meaning;
#[path = "cda/property.rs"]
mod property;
#[path = "cda/sample.rs"]
mod sample;
#[path = "cda/verdict.rs"]
mod verdict;
