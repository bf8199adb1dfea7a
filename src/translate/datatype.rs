//! FHIR datatypes ↔ the DMP's words, shared by the resources.

pub(super) mod author;
pub(super) mod coding;
pub(super) mod contained;
pub(super) mod identifier;
pub(super) mod ins;
pub(super) mod name;
pub(super) mod object;
pub(super) mod reference;
pub(super) mod urls;
