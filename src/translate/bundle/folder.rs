//! Folders of a deposit: documents of the same bundle, or of the record.

use super::super::Reading;
use super::super::datatype::reference::no_document;
use super::super::document_reference::{self, another_patient, normal};
use super::super::findings::{Findings, Weight};
use super::super::list;
use super::super::wire::Node;
use super::entries::{Entry, by_url};
use crate::dmp::folder::{FolderMetadata, Member, NewFolder};
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::{Code, Issue};

/// A declared folder, its members found in the bundle as far as they are there.
pub struct SubmittedFolder {
    /// As declared, but for what the server gives.
    metadata: FolderMetadata,
    /// `List.date` was told.
    dated: bool,
    members: Vec<(Member, String)>,
    told_at: String,
}

impl SubmittedFolder {
    /// What the store makes of it.
    pub(in crate::translate) fn complete(self, now: Instant) -> NewFolder {
        let mut metadata = self.metadata;
        if !self.dated {
            metadata.changed = Timestamp::from_instant(now);
        }
        NewFolder {
            metadata,
            members: self.members,
            told_at: self.told_at,
        }
    }
}

/// A List of that kind.
pub(super) fn is_folder(entry: &Entry) -> bool {
    list::is_folder(entry.resource)
}

/// Reads them; they are about the patient of the deposit, and hold documents that the bundle has or that are named as one of the
/// record's.
pub(super) fn read(
    folders: &[Entry],
    documents: &[Entry],
    patient: Option<&Ins>,
    found: &mut Findings,
    reading: &Reading,
) -> Vec<SubmittedFolder> {
    let ranks = by_url(documents.iter());
    let mut read = Vec::with_capacity(folders.len());
    for entry in folders {
        let resource = &entry.resource;
        let declared = list::read_folder(*resource, found, reading);
        if let Some(condition) = entry.if_none_exist() {
            // It comes with its submission, whose condition is its own.
            found.refuse(condition.issue(Code::UnsupportedElement));
        }
        if declared.patient.is_some() && patient.is_some() && declared.patient.as_ref() != patient {
            let subject = resource.get("subject").unwrap_or(*resource);
            found.refuse(another_patient(subject));
        }
        let mut members = Vec::with_capacity(declared.items.len());
        for item in &declared.items {
            let brought = item
                .str("reference")
                .and_then(|reference| ranks.get(&normal(reference)));
            let member = match brought {
                Some(rank) => {
                    found.labels(*item, &["identifier"]);
                    Some(Member::Brought(*rank))
                }
                None => of_the_record(*item, found, reading),
            };
            members.extend(member.map(|member| (member, item.path())));
        }
        let (Some(patient), Some(title)) = (declared.patient, declared.title) else {
            // What is missing is told.
            continue;
        };
        read.push(SubmittedFolder {
            dated: declared.changed.is_some(),
            metadata: FolderMetadata {
                unique_id: declared.unique_id.unwrap_or_else(UniqueId::generate),
                patient,
                title,
                content_type: declared.content_type,
                changed: declared
                    .changed
                    .unwrap_or_else(|| Timestamp::from_instant(Instant::UNIX_EPOCH)),
                comments: declared.comments,
            },
            members,
            told_at: declared.path,
        });
    }
    read
}

/// A document that is not in the bundle, by any of its names.
fn of_the_record(item: Node, found: &mut Findings, reading: &Reading) -> Option<Member> {
    let by_identifier = item.get("identifier").map(|node| {
        found.weigh_all(Weight::Key, node.only(&["use", "type", "system", "value"]));
        found.labels(node, &["use", "type"]);
        let value = node.str("value").unwrap_or_default();
        document_reference::key(node.str("system"), value)
    });
    let reference = item.str("reference");
    let by_reference = reference.map(|reference| document_reference::named(reference, reading));
    let issue = match (by_identifier, by_reference) {
        (Some(Some(one)), Some(Some(other))) if one != other => {
            return Some(Member::NamedTwice(one, other));
        }
        (Some(Some(key)), other) => {
            if other == Some(None) {
                found.ignored(item.path_of("reference"));
            }
            return Some(Member::There(key));
        }
        (None, Some(Some(key))) => return Some(Member::There(key)),
        (None, None) => Issue::new(Code::ElementRequired).at(item.path_of("reference")),
        _ if reference.is_some_and(|reference| reference.starts_with("DocumentReference/")) => {
            item.issue(Code::FolderMemberUnknown)
        }
        _ => no_document(item.path()),
    };
    found.refuse(issue);
    None
}
