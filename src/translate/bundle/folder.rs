//! Folders of a deposit: not kept, which MHD lets a recipient tell by a warning.

use super::super::Reading;
use super::super::datatype::contained::Contained;
use super::super::document_reference::another_patient;
use super::super::findings::Findings;
use super::super::{list, subject};
use super::entries::Entry;
use crate::dmp::ins::Ins;
use crate::error::Code;

/// A List of that kind, to be made or updated.
pub(super) fn is_folder(entry: &Entry) -> bool {
    let method = entry.request.and_then(|request| request.str("method"));
    matches!(method, Some("POST" | "PUT")) && list::is_folder(entry.resource)
}

/// Tells that they are not kept; they are about the patient of the deposit all the same.
pub(super) fn tell(
    folders: &[Entry],
    patient: Option<&Ins>,
    found: &mut Findings,
    reading: &Reading,
) {
    for Entry { resource, .. } in folders {
        let mut contained = Contained::of(*resource);
        let named = subject::read(*resource, "subject", &mut contained, found, reading);
        if named.is_some() && patient.is_some() && named.as_ref() != patient {
            let subject = resource.get("subject").unwrap_or(*resource);
            found.refuse(another_patient(subject));
        }
        found.note(resource.issue(Code::FolderNotProcessed));
    }
}
