//! The transaction-response: one entry per entry of the request, in its order.

use serde_json::Value;

use super::super::datatype::object::Object;
use super::super::{Reading, document_reference, list, outcome};
use super::EntryRole;
use crate::dmp::document::DocumentEntry;
use crate::dmp::submission::SubmissionSet;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::Issue;

/// What the deposit made.
#[derive(Clone, Copy)]
pub struct Registered<'a> {
    /// The submission.
    pub submission: &'a SubmissionSet,
    /// Its documents, in the order of the deposit.
    pub documents: &'a [DocumentEntry],
}

/// Writes the response. A warning goes with the entry that its path names, else with the
/// submission's. `representation` adds the resources (`Prefer: return=representation`), contents apart.
pub fn write_response(
    entries: &[EntryRole],
    registered: Registered,
    warnings: &[Issue],
    representation: bool,
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
            let made = made(*role, registered, reading, representation)?;
            let outcome = (!warnings.is_empty()).then(|| outcome::write(warnings));
            Some(entry(made, outcome, reading))
        });
    Object::resource("Bundle")
        .put("type", "transaction-response")
        .put("entry", written.collect::<Vec<_>>())
        .build()
}

struct Made {
    location: String,
    at: Instant,
    resource: Option<Value>,
}

fn made(
    role: EntryRole,
    registered: Registered,
    reading: &Reading,
    representation: bool,
) -> Option<Made> {
    let document = |rank: usize| registered.documents.get(rank);
    Some(match role {
        EntryRole::Submission => {
            let set = registered.submission;
            Made {
                location: format!("List/{}", set.id),
                at: set.updated,
                resource: representation.then(|| list::write(set, reading)),
            }
        }
        EntryRole::Document(rank) => {
            let entry = document(rank)?;
            Made {
                location: format!("DocumentReference/{}", entry.id),
                at: entry.updated,
                resource: representation.then(|| document_reference::write(entry, reading)),
            }
        }
        EntryRole::Content(rank) => {
            let entry = document(rank)?;
            Made {
                location: format!("Binary/{}", entry.content_id),
                at: entry.deposited,
                resource: None,
            }
        }
    })
}

fn entry(made: Made, outcome: Option<Value>, reading: &Reading) -> Value {
    let full_url = format!("{}/{}", reading.base_url, made.location);
    let response = Object::new()
        .put("status", "201 Created")
        .put("location", format!("{}/_history/1", made.location))
        .put("etag", "W/\"1\"")
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
