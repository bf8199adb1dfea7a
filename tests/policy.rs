//! Every decision, enumerated against an oracle written from the rule catalogue, independently of the policy's code.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/catalogue.rs"]
mod catalogue;
#[path = "policy/changes.rs"]
mod changes;
#[path = "policy/consultation.rs"]
mod consultation;
#[path = "policy/deposits.rs"]
mod deposits;
#[path = "policy/differences.rs"]
mod differences;
#[path = "policy/explained.rs"]
mod explained;
#[path = "policy/oracle.rs"]
mod oracle;
#[path = "policy/oracle_acts.rs"]
mod oracle_acts;
#[path = "policy/oracle_patients.rs"]
mod oracle_patients;
#[path = "policy/patient_acts.rs"]
mod patient_acts;
#[path = "policy/patient_changes.rs"]
mod patient_changes;
#[path = "policy/patients.rs"]
mod patients;
#[path = "policy/rights.rs"]
mod rights;
#[path = "policy/view.rs"]
mod view;
#[path = "policy/world.rs"]
mod world;
