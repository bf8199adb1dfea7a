//! People and organisations behind a document ↔ contained resources: Practitioner, PractitionerRole, Device, Patient, Organization.

mod read;
mod write;

pub(in crate::translate) use read::{authenticator, author, organization, source};
pub(in crate::translate) use write::{write_authenticator, write_author, write_organization};
