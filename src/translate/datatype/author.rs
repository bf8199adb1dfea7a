//! People and organisations behind a document ↔ contained resources: Practitioner, PractitionerRole, Device, Patient, Organization.

mod read;
mod write;

pub(in crate::translate) use read::{author, authenticator, organization};
pub(in crate::translate) use write::{write_author, write_authenticator, write_organization};
