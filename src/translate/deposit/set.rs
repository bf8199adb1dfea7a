//! The submission set, completed from its first document and from who deposits.

use super::super::list::DeclaredSet;
use super::Depositor;
use crate::dmp::actor::ActorId;
use crate::dmp::code::system;
use crate::dmp::document::DocumentMetadata;
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::national_id::StructIdNat;
use crate::dmp::person::{Author, AuthorKind, Identifier, Organization};
use crate::dmp::submission::SubmissionMetadata;
use crate::dmp::time::{Instant, Timestamp};

/// `sourceId` of the submissions that no client names a source for: Passerelle itself.
const OUR_SOURCE: &str = "2.25.117217027320622222353049990306588021907";

pub(super) fn complete(
    declared: DeclaredSet,
    patient: &Ins,
    first: &DocumentMetadata,
    depositor: &Depositor,
    now: Instant,
) -> SubmissionMetadata {
    SubmissionMetadata {
        unique_id: declared.unique_id.unwrap_or_else(UniqueId::generate),
        patient: patient.clone(),
        source_id: declared.source_id.unwrap_or_else(|| OUR_SOURCE.to_owned()),
        // JDV_J59 holds the sectors of activity, which the first document's facility is one of.
        content_type: declared
            .content_type
            .unwrap_or_else(|| first.facility_type.clone()),
        submission_time: declared
            .submission_time
            .unwrap_or_else(|| Timestamp::from_instant(now)),
        author: Some(declared.author.unwrap_or_else(|| author(depositor))),
        title: declared.title,
        comments: declared.comments,
    }
}

/// The depositor as author: his card's identity, and the structure that he acts for.
pub(super) fn author(depositor: &Depositor) -> Author {
    let actor = depositor.actor;
    let own = actor.structure.as_ref();
    let structure = depositor.structure.map(|id| {
        let known = own.filter(|structure| structure.id == *id);
        let name = known.and_then(|structure| structure.name.clone());
        organization(id, name)
    });
    let (kind, id) = match &actor.id {
        ActorId::Person(id) => {
            let id = Identifier {
                root: system::PS_ID_NAT.to_owned(),
                extension: id.as_str().to_owned(),
            };
            (AuthorKind::Professional, Some(id))
        }
        // The patient is an author without number: his own deposits say who he is.
        ActorId::User(_) => (AuthorKind::Patient, None),
        ActorId::Structure(_) => (AuthorKind::Organization, None),
    };
    let fallback = match &actor.id {
        ActorId::Structure(id) => {
            let name = own.and_then(|structure| structure.name.clone());
            Some(organization(id, name))
        }
        ActorId::User(_) => None,
        ActorId::Person(_) => own.map(|own| organization(&own.id, own.name.clone())),
    };
    Author {
        kind,
        id,
        name: actor.name.clone(),
        device: None,
        specialty: None,
        role: None,
        institution: structure.or(fallback),
    }
}

fn organization(id: &StructIdNat, name: Option<String>) -> Organization {
    Organization {
        id: Some(Identifier {
            root: system::STRUCT_ID_NAT.to_owned(),
            extension: id.as_str().to_owned(),
        }),
        name,
    }
}
