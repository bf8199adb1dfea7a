//! Passerelle: a FHIR R4 façade for the French shared medical record (DMP).
//!
//! The road of one request, in the order of the rooms it crosses:
//!
//! 1. [`edge`]: TLS, HTTP, limits; one file per interaction.
//! 2. [`identity`]: the certificate becomes an [`dmp::actor::Actor`].
//! 3. [`translate`]: FHIR and CDA become the DMP's own words, row by row of `mappings/`.
//! 4. [`policy`]: [`policy::decide`] hands out a [`policy::Permit`] or a refusal with its rule id.
//! 5. [`store`]: the two homes of the record; each act spends a permit.
//! 6. [`audit`]: one trace per act, in the same transaction, chained by hash.
//!
//! Beside them, [`jobs`] does what falls due by itself, and [`notify`] sends what the outbox holds.
//!
//! [`dmp`], [`error`] and [`tables`] are known by all of them and know none of them;
//! `tests/one_way.rs` holds the rooms to that order.

pub mod audit;
pub mod cli;
pub mod dmp;
pub mod edge;
pub mod error;
pub mod identity;
pub mod jobs;
pub mod notify;
pub mod outbound;
pub mod policy;
pub mod settings;
pub mod store;
pub mod tables;
pub mod translate;
