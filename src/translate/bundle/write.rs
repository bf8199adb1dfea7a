//! The transaction-response: one entry per entry of the request, in its order.

use serde_json::Value;
use uuid::Uuid;

use super::super::datatype::object::Object;
use super::super::{Reading, document_reference, list, outcome};
use super::EntryRole;
use crate::dmp::document::DocumentEntry;
use crate::dmp::folder::Folder;
use crate::dmp::submission::SubmissionSet;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::Issue;

/// How much of what was done is told (`Prefer: return=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Where everything is.
    Minimal,
    /// The warnings too, with the entries that have some.
    Warnings,
    /// The resources too, contents apart.
    Representation,
    /// An outcome with every entry.
    Outcome,
}

/// What the deposit made.
#[derive(Clone, Copy)]
pub struct Registered<'a> {
    /// The submission.
    pub submission: &'a SubmissionSet,
    /// Its documents, in the order of the deposit.
    pub documents: &'a [DocumentEntry],
    /// Which of them were there before; when all were, so was the submission.
    pub existing: &'a [Uuid],
    /// Its folders, in the order of the deposit.
    pub folders: &'a [Folder],
    /// Those that its PATCH entries made the old ones.
    pub superseded: &'a [DocumentEntry],
    /// The record, which a Patient entry is answered with: id, version and last change.
    pub patient: Option<(Uuid, u32, Instant)>,
}

impl Registered<'_> {
    fn was_there(&self, entry: &DocumentEntry) -> bool {
        self.existing.contains(&entry.id)
    }

    /// False when the whole deposit was there before.
    fn is_new(&self) -> bool {
        !self.documents.iter().all(|entry| self.was_there(entry))
    }
}

/// Writes the response. A warning goes with the entry that its path names, else with the
/// submission's.
pub fn write_response(
    entries: &[EntryRole],
    registered: Registered,
    warnings: &[Issue],
    detail: Detail,
    reading: &Reading,
) -> Value {
    let mut of_entry: Vec<Vec<Issue>> = vec![Vec::new(); entries.len()];
    let submission = entries
        .iter()
        .position(|role| *role == EntryRole::Submission)
        .unwrap_or(0);
    for warning in warnings {
        let index = entry_index(warning).filter(|index| *index < entries.len());
        if let Some(slot) = of_entry.get_mut(index.unwrap_or(submission)) {
            slot.push(warning.clone());
        }
    }
    let written = entries
        .iter()
        .zip(&of_entry)
        .filter_map(|(role, warnings)| {
            let outcome = match detail {
                Detail::Minimal => None,
                Detail::Outcome => Some(outcome::told(warnings)),
                Detail::Warnings | Detail::Representation => {
                    (!warnings.is_empty()).then(|| outcome::write(warnings))
                }
            };
            let made = made(*role, registered, reading, detail == Detail::Representation)?;
            Some(entry(made, outcome, reading))
        });
    Object::resource("Bundle")
        .put("type", "transaction-response")
        .put("entry", written.collect::<Vec<_>>())
        .build()
}

struct Made {
    location: String,
    /// Versions of it can be read.
    versioned: bool,
    version: u32,
    at: Instant,
    /// False for what was there before.
    new: bool,
    resource: Option<Value>,
}

fn made(
    role: EntryRole,
    registered: Registered,
    reading: &Reading,
    representation: bool,
) -> Option<Made> {
    let document = |rank: usize| registered.documents.get(rank);
    let as_it_is = |entry: &DocumentEntry| Made {
        location: format!("DocumentReference/{}", entry.id),
        versioned: true,
        version: entry.version,
        at: entry.updated,
        new: false,
        resource: representation.then(|| document_reference::write(entry, reading)),
    };
    Some(match role {
        EntryRole::Submission => {
            let set = registered.submission;
            Made {
                location: format!("List/{}", set.id),
                versioned: true,
                version: 1,
                at: set.updated,
                new: registered.is_new(),
                resource: representation.then(|| list::write(set, reading)),
            }
        }
        EntryRole::Document(rank) => {
            let entry = document(rank)?;
            Made {
                new: !registered.was_there(entry),
                ..as_it_is(entry)
            }
        }
        EntryRole::Content(rank) => {
            let entry = document(rank)?;
            Made {
                location: document_reference::content_path(entry),
                versioned: false,
                version: 1,
                at: entry.deposited,
                new: !registered.was_there(entry),
                resource: None,
            }
        }
        EntryRole::Superseded(rank) => as_it_is(registered.superseded.get(rank)?),
        EntryRole::Folder(rank) => {
            let folder = registered.folders.get(rank)?;
            Made {
                location: format!("List/{}", folder.id),
                versioned: true,
                version: 1,
                at: folder.updated,
                new: registered.is_new(),
                resource: representation.then(|| list::write_folder(folder, reading)),
            }
        }
        EntryRole::Patient => {
            let (id, version, at) = registered.patient?;
            Made {
                location: format!("Patient/{id}"),
                versioned: false,
                version,
                at,
                new: false,
                resource: None,
            }
        }
    })
}

fn entry(made: Made, outcome: Option<Value>, reading: &Reading) -> Value {
    let full_url = format!("{}/{}", reading.base_url, made.location);
    let status = if made.new { "201 Created" } else { "200 OK" };
    let version = made.version;
    let location = match made.versioned {
        true => format!("{}/_history/{version}", made.location),
        false => made.location,
    };
    let response = Object::new()
        .put("status", status)
        .put("location", location)
        .put("etag", format!("W/\"{version}\""))
        .put("lastModified", Timestamp::from_instant(made.at).to_fhir())
        .maybe("outcome", outcome);
    Object::new()
        .maybe("fullUrl", made.resource.as_ref().map(|_| full_url))
        .maybe("resource", made.resource)
        .put("response", response)
        .build()
}

/// The entry that an issue's path names: `Bundle.entry[2].…`.
fn entry_index(issue: &Issue) -> Option<usize> {
    let rest = issue.expression.as_deref()?.strip_prefix("Bundle.entry[")?;
    rest.split_once(']')?.0.parse().ok()
}
