//! List ↔ submission set (PDSm SubmissionSet Comprehensive) and folder (PDSm Folder Comprehensive).

mod folder;
mod read;
mod write;

pub use folder::DeclaredFolder;
pub(super) use folder::read_folder;
pub use read::DeclaredSet;
pub(super) use read::{is_folder, is_list_type, read_into};
pub use write::{write, write_folder};

use serde_json::Value;

use super::Reading;
use super::findings::Findings;
use super::wire::Node;
use crate::error::{Code, Issue};

/// Judges a submission set by itself: every issue, none when all is well.
pub fn judge(resource: &Value, reading: &Reading) -> Vec<Issue> {
    let mut found = Findings::new(reading);
    read_into(Node::root(resource), &mut found, reading);
    found.into_issues()
}

/// Judges a folder by itself.
pub fn judge_folder(resource: &Value, reading: &Reading) -> Vec<Issue> {
    let resource = Node::root(resource);
    let mut found = Findings::new(reading);
    match resource.get("code") {
        Some(code) if !is_folder(resource) => found.refuse(code.issue(Code::UnsupportedElement)),
        Some(_) => {}
        None => found.refuse(Issue::new(Code::ElementRequired).at(resource.path_of("code"))),
    }
    read_folder(resource, &mut found, reading);
    found.into_issues()
}

/// Reads a List that is a submission set.
///
/// # Errors
/// Every issue, warnings included, when one of them is an error.
pub fn read(resource: Node, reading: &Reading) -> Result<(DeclaredSet, Vec<Issue>), Vec<Issue>> {
    let mut found = Findings::new(reading);
    let set = read_into(resource, &mut found, reading);
    found.finish().map(|warnings| (set, warnings))
}
