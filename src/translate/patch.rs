//! PATCH of a DocumentReference (PDSm flux 03 and 04, DMP TD3.3a to TD3.3d): status, securityLabel and isArchived, and nothing else.
//! The printed examples are read as they are meant: see `docs/mapping.md`.

mod fhirpath;
mod json;
mod labels;
mod update;
mod xml;

use crate::dmp::change::DocumentChange;
use crate::dmp::document::{Availability, DocumentEntry, Labels};
use crate::error::{Code, Error, Issue};

pub use fhirpath::read as read_parameters;
pub use json::read as read_json_patch;
pub use update::read as read_update;
pub use xml::read as read_xml_patch;

/// Operations of one patch, at most.
const MAX_OPERATIONS: usize = 20;

/// What a patch does, in its order. What it means for labels depends on those that the document carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch(Vec<Edit>);

#[derive(Debug, Clone, PartialEq)]
enum Edit {
    Delete,
    /// A deletion in the words of one page of the guide; within a transaction, what a replacement does to the old document.
    Supersede,
    Restore,
    Archived(bool),
    /// The same by the place of the extension, which must be there.
    HeldArchived(bool),
    Labels(labels::Edit),
    /// `test`: the status must be this.
    StatusIs(String),
    /// What comes beside and changes nothing.
    Told(Issue),
    /// `test`: the extension must say this; an absent one says no.
    ArchivedIs(bool),
}

impl Patch {
    /// What it asks for, whatever the document: enough to decide whether the caller may ask for such a change at all.
    pub fn asked(&self) -> DocumentChange {
        let has = |wanted: fn(&Edit) -> bool| self.0.iter().any(wanted);
        DocumentChange {
            labels: has(|edit| matches!(edit, Edit::Labels(_))).then(Labels::default),
            delete: has(|edit| matches!(edit, Edit::Delete | Edit::Supersede)),
            restore: has(|edit| *edit == Edit::Restore),
            archived: has(|edit| matches!(edit, Edit::Archived(_) | Edit::HeldArchived(_)))
                .then_some(true),
        }
    }

    /// True when it makes a current document the old one and does nothing else.
    pub fn supersedes(&self) -> bool {
        let harmless = |edit: &Edit| match edit {
            Edit::Supersede => true,
            Edit::StatusIs(status) => status == "current",
            _ => false,
        };
        self.0.contains(&Edit::Supersede) && self.0.iter().all(harmless)
    }

    /// What of it is not kept: warnings.
    pub fn told(&self) -> Vec<Issue> {
        let told = self.0.iter().flat_map(|edit| match edit {
            Edit::Labels(edit) => edit.told(),
            Edit::Told(issue) => std::slice::from_ref(issue),
            _ => &[],
        });
        told.cloned().collect()
    }

    /// The change of one document.
    ///
    /// # Errors
    /// `label-ambiguous`, `version-conflict` for a `test` that fails, `element-invalid` for a position that isn't there.
    pub fn change(&self, entry: &DocumentEntry) -> Result<DocumentChange, Error> {
        let mut change = DocumentChange::default();
        let mut held: Labels = entry.metadata.labels;
        let was_archived = entry.availability == Availability::Archived;
        for edit in &self.0 {
            let archived = change.archived.unwrap_or(was_archived);
            match edit {
                // What a replacement did already is no deletion.
                Edit::Supersede if entry.availability == Availability::Deprecated => {}
                Edit::Delete | Edit::Supersede => {
                    change.delete = true;
                    change.restore = false;
                }
                // The last status is the one that is meant.
                Edit::Restore => {
                    change.delete = false;
                    change.restore = entry.availability == Availability::Deprecated;
                }
                // Only what is archived carries the extension.
                Edit::HeldArchived(_) if !archived => {
                    return Err(invalid(
                        "extension",
                        "aucune extension à cette position",
                        "no extension at this position",
                    ));
                }
                Edit::Archived(wanted) | Edit::HeldArchived(wanted) => {
                    change.archived = Some(*wanted);
                }
                Edit::ArchivedIs(expected) if *expected != archived => {
                    return Err(Code::VersionConflict.into());
                }
                Edit::ArchivedIs(_) | Edit::Told(_) => {}
                Edit::Labels(edit) => {
                    held = edit.apply(held)?;
                    change.labels = Some(held);
                }
                Edit::StatusIs(status) => {
                    if *status != super::document_reference::status(entry.availability) {
                        return Err(Code::VersionConflict.into());
                    }
                }
            }
        }
        Ok(change)
    }
}

/// A status as a patch writes it. `superseded` without a replacement is how one page of the guide writes a deletion.
fn status(text: &str) -> Result<Edit, Error> {
    match text.trim() {
        "current" => Ok(Edit::Restore),
        "entered-in-error" => Ok(Edit::Delete),
        "superseded" => Ok(Edit::Supersede),
        other => Err(Issue::new(Code::CodeInvalid)
            .at("DocumentReference.status")
            .with("value", other.chars().take(40).collect::<String>())
            .with("list", "current | superseded | entered-in-error")
            .into()),
    }
}

fn not_mutable(element: &str) -> Error {
    let shown: String = element.chars().take(100).collect();
    Issue::new(Code::NotMutable)
        .at("DocumentReference")
        .with("value", shown)
        .into()
}

fn invalid(element: &str, fr: &'static str, en: &'static str) -> Error {
    super::findings::invalid(format!("DocumentReference.{element}"), fr, en).into()
}

fn unreadable(detail: &'static str) -> Error {
    Issue::new(Code::Malformed).with("detail", detail).into()
}
