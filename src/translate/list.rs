//! List ↔ submission set (PDSm SubmissionSet Comprehensive).

mod folder;
mod read;
mod write;

pub use read::DeclaredSet;
pub(super) use read::{is_folder, is_list_type, read_into};
pub use write::write;

use super::Reading;
use super::wire::Node;
use crate::error::Issue;

/// Judges a List by itself, a submission set or a folder: every issue, none when all is well.
pub fn judge(resource: &serde_json::Value, reading: &Reading) -> Vec<Issue> {
    let resource = Node::root(resource);
    let mut found = super::findings::Findings::new(reading);
    if is_folder(resource) {
        folder::check(resource, &mut found, reading);
    } else {
        read_into(resource, &mut found, reading);
    }
    found.into_issues()
}

/// Reads a List that is a submission set.
///
/// # Errors
/// Every issue, warnings included, when one of them is an error.
pub fn read(resource: Node, reading: &Reading) -> Result<(DeclaredSet, Vec<Issue>), Vec<Issue>> {
    let mut found = super::findings::Findings::new(reading);
    let set = read_into(resource, &mut found, reading);
    found.finish().map(|warnings| (set, warnings))
}
