//! A transaction of ITI-65 → the submission that it declares. Defects are gathered, not thrown: the record is judged before the
//! documents are, so only a bundle that names no patient fails here.

use std::mem;

use super::super::Reading;
use super::super::datatype::urls::KNOWN_PROFILES;
use super::super::document_reference::{
    self, Attachment, DeclaredDocument, Siblings, another_patient, declared_unique_id, normal,
};
use super::super::findings::{Findings, Weight, invalid};
use super::super::list::{self, DeclaredSet};
use super::super::wire::Node;
use super::contents::{owners, read_binary};
use super::entries::{Entries, Entry, EntryRole, Kind, by_url, sort};
use super::folder::{self, SubmittedFolder};
use super::{patient, update};
use crate::dmp::ins::Ins;
use crate::dmp::query::DocumentKey;
use crate::dmp::submission::Superseded;
use crate::error::{Code, Error, Issue};

/// A declared document with its bytes, decoded once.
pub struct Submitted {
    /// What the DocumentReference says.
    pub declared: DeclaredDocument,
    /// The bytes; None when the bundle doesn't have them, which is then among the issues.
    pub bytes: Option<Vec<u8>>,
    /// `Binary.contentType`, and its FHIRPath.
    pub content_type: Option<(String, String)>,
}

/// A whole deposit, as declared.
pub struct DeclaredSubmission {
    /// Whose record.
    pub patient: Ins,
    /// The submission set.
    pub set: DeclaredSet,
    /// Its documents, in the order of the bundle.
    pub documents: Vec<Submitted>,
    /// The documents that its PATCH entries supersede.
    pub superseded: Vec<Superseded>,
    /// Its folders, in the order of the bundle.
    pub folders: Vec<SubmittedFolder>,
    /// What each entry of the bundle is; empty for a simplified publication.
    pub entries: Vec<EntryRole>,
    /// What was found on the way, errors among it: [`super::super::deposit::prepare`] reports them with its own.
    pub issues: Vec<Issue>,
}

/// Reads a bundle.
///
/// # Errors
/// When it names no patient, or one whose INS is refused; then everything that was found.
pub fn read(bundle: &serde_json::Value, reading: &Reading) -> Result<DeclaredSubmission, Error> {
    let bundle = Node::root(bundle);
    let mut found = Findings::new(reading);
    let known = ["id", "meta", "type", "timestamp", "entry"];
    found.weigh_all(Weight::Key, bundle.only(&known));
    if bundle.get("timestamp").is_some() {
        found.ignored(bundle.path_of("timestamp"));
    }
    if bundle.str("type") != Some("transaction") {
        found.refuse(invalid(
            bundle.path_of("type"),
            "transaction est attendu",
            "transaction is expected",
        ));
    }
    check_profile(bundle, &mut found);
    let entries = sort(bundle, &mut found);
    let set = read_set(bundle, &entries.lists, &mut found, reading);
    let siblings = siblings(&entries.documents, reading);
    let mut documents = Vec::new();
    for entry in &entries.documents {
        let resource = entry.resource;
        document_reference::check_comprehensive(resource, &mut found);
        let mut document = document_reference::read_into(resource, &siblings, &mut found, reading);
        document.unless = read_condition(entry, &mut found);
        documents.push(document);
    }
    if documents.is_empty() {
        found.refuse(Issue::new(Code::ElementRequired).at(bundle.path_of("entry")));
    }
    check_items(&set, &entries, &mut found);

    let owners = owners(&mut documents, &entries.binaries, &mut found);
    let mut submitted: Vec<Submitted> = documents
        .into_iter()
        .map(|declared| Submitted {
            declared,
            bytes: None,
            content_type: None,
        })
        .collect();
    for (entry, owner) in entries.binaries.iter().zip(&owners) {
        if let Some(document) = owner.and_then(|rank| submitted.get_mut(rank)) {
            read_binary(entry.resource, document, &mut found);
        }
    }
    let superseded: Vec<Superseded> = entries
        .updates
        .iter()
        .filter_map(|update| update::read(update, &mut found, reading))
        .collect();
    let roles = entries.order.iter().map(|kind| match *kind {
        Kind::List => Some(EntryRole::Submission),
        Kind::Update(rank) => Some(EntryRole::Superseded(rank)),
        Kind::Folder(rank) => Some(EntryRole::Folder(rank)),
        Kind::Patient => Some(EntryRole::Patient),
        Kind::Document(rank) => Some(EntryRole::Document(rank)),
        Kind::Binary(rank) => owners.get(rank).copied().flatten().map(EntryRole::Content),
    });
    let roles = roles.flatten().collect();
    let lists = entries
        .lists
        .first()
        .map(|entry| entry.resource)
        .into_iter();
    let resources = lists.chain(entries.documents.iter().map(|entry| entry.resource));
    let patient = one_patient(&set, &submitted, resources, &mut found);
    patient::check(&entries.patients, patient.as_ref(), &mut found, reading);
    let folders = folder::read(
        &entries.folders,
        &entries.documents,
        patient.as_ref(),
        &mut found,
        reading,
    );
    let parts = Parts {
        set,
        documents: submitted,
        superseded,
        folders,
        entries: roles,
    };
    parts.of(patient, found)
}

/// `meta.profile` tells a deposit (PDSm's, MHD's or ours) from another transaction.
fn check_profile(bundle: Node, found: &mut Findings) {
    let meta = bundle.get("meta");
    if let Some(meta) = meta {
        let known = ["profile", "versionId", "lastUpdated"];
        found.weigh_all(Weight::Detail, meta.only(&known));
        found.labels(meta, &["versionId", "lastUpdated"]);
    }
    let mut profiles = meta
        .into_iter()
        .flat_map(|meta| meta.items("profile"))
        .peekable();
    let path = bundle.path_of("meta.profile");
    for other in meta
        .into_iter()
        .flat_map(|meta| meta.items("profile").skip(1))
    {
        found.ignored(other.path());
    }
    if profiles.peek().is_none() {
        found.tolerate(Issue::new(Code::ElementRequired).at(path));
    } else if !profiles.any(|url| url.as_str().is_some_and(is_provide_bundle)) {
        found.tolerate(invalid(
            path,
            "le profil d'un lot de dépôt est attendu",
            "the profile of a provide bundle is expected",
        ));
    }
}

fn is_provide_bundle(url: &str) -> bool {
    let url = url.split('|').next().unwrap_or_default();
    let name = url.rsplit('/').next().unwrap_or_default();
    let name = name.replace(['-', '.'], "").to_ascii_lowercase();
    KNOWN_PROFILES.iter().any(|known| url.starts_with(known))
        && ["providebundle", "providedocumentbundle"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// `request.ifNoneExist` of a document.
fn read_condition(entry: &Entry, found: &mut Findings) -> Vec<DocumentKey> {
    let Some(node) = entry.if_none_exist() else {
        return Vec::new();
    };
    let keys = document_reference::condition(node.as_str().unwrap_or_default());
    if keys.is_none() {
        found.refuse(invalid(
            node.path(),
            "identifier=système|valeur est attendu",
            "identifier=system|value is expected",
        ));
    }
    keys.unwrap_or_default()
}

/// Reads a DocumentReference of ITI-105, which has the elements `required`: the bytes are inline, the submission is the server's to
/// make.
///
/// # Errors
/// As [`read`].
pub(in crate::translate) fn read_simplified(
    resource: &serde_json::Value,
    required: &[&str],
    reading: &Reading,
) -> Result<DeclaredSubmission, Error> {
    let node = Node::root(resource);
    let mut found = Findings::new(reading);
    document_reference::check_simplified(node, required, &mut found);
    let mut declared = document_reference::read_into(node, &Siblings::new(), &mut found, reading);
    let path = format!("{}.content[0].attachment", declared.path);
    let bytes = match mem::replace(&mut declared.attachment, Attachment::None) {
        Attachment::Inline(bytes) => Some(bytes),
        Attachment::Url(_) => {
            found.refuse(Issue::new(Code::UnsupportedElement).at(format!("{path}.url")));
            None
        }
        Attachment::None => {
            found.refuse(Issue::new(Code::ElementRequired).at(format!("{path}.data")));
            None
        }
    };
    let patient = declared.patient.clone();
    let document = Submitted {
        declared,
        bytes,
        content_type: None,
    };
    let parts = Parts {
        documents: vec![document],
        ..Parts::default()
    };
    parts.of(patient, found)
}

/// What a submission is read from, whosever it is.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) set: DeclaredSet,
    pub(super) documents: Vec<Submitted>,
    pub(super) superseded: Vec<Superseded>,
    pub(super) folders: Vec<SubmittedFolder>,
    pub(super) entries: Vec<EntryRole>,
}

impl Parts {
    /// The submission, when it names a patient by an INS that is admitted.
    pub(super) fn of(
        self,
        patient: Option<Ins>,
        found: Findings,
    ) -> Result<DeclaredSubmission, Error> {
        let mut issues = found.into_issues();
        let refused = |issue: &Issue| {
            issue.code == Code::InsInvalid && issue.severity == crate::error::Severity::Error
        };
        match patient {
            Some(patient) if !issues.iter().any(refused) => Ok(DeclaredSubmission {
                patient,
                set: self.set,
                documents: self.documents,
                superseded: self.superseded,
                folders: self.folders,
                entries: self.entries,
                issues,
            }),
            _ => {
                // The INS comes first in the order of refusals.
                issues.sort_by_key(|issue| !refused(issue));
                Err(Error::many(issues))
            }
        }
    }
}

fn read_set(bundle: Node, lists: &[Entry], found: &mut Findings, reading: &Reading) -> DeclaredSet {
    let Some((first, others)) = lists.split_first() else {
        let path = format!("{}.where(resource is List)", bundle.path_of("entry"));
        found.refuse(Issue::new(Code::ElementRequired).at(path));
        return DeclaredSet::default();
    };
    for other in others {
        found.refuse(other.resource.issue(Code::UnsupportedElement));
    }
    let set = list::read_into(first.resource, found, reading);
    check_condition(first, &set, found);
    set
}

/// A List is only made with its documents: its condition may say that it is not yet there, and nothing else.
fn check_condition(entry: &Entry, set: &DeclaredSet, found: &mut Findings) {
    let Some(node) = entry.if_none_exist() else {
        return;
    };
    let keys = document_reference::condition(node.as_str().unwrap_or_default());
    let own = match (keys.as_deref(), &set.unique_id) {
        (Some([DocumentKey::Unique(key)]), Some(id)) => key == id,
        (Some([DocumentKey::Uuid(key)]), Some(id)) => id.is_uuid(*key),
        _ => false,
    };
    if !own {
        found.refuse(invalid(
            node.path(),
            "identifier= et l'identifiant unique de ce lot sont attendus",
            "identifier= with the unique id of this submission is expected",
        ));
    }
}

/// The unique ids of the documents, for the relations between them; what is wrong with them is told where they are read.
fn siblings(documents: &[Entry], reading: &Reading) -> Siblings {
    let ids: Vec<_> = documents
        .iter()
        .map(|entry| declared_unique_id(entry.resource, &mut Findings::new(reading)))
        .collect();
    by_url(documents.iter())
        .into_iter()
        .map(|(url, rank)| (url, ids.get(rank).cloned().flatten()))
        .collect()
}

/// The List names the documents of the bundle, each once, and no other.
fn check_items(set: &DeclaredSet, entries: &Entries, found: &mut Findings) {
    let ranks = by_url(entries.documents.iter());
    let folders = by_url(entries.folders.iter());
    let mut named = vec![false; entries.documents.len()];
    for (index, item) in set.items.iter().enumerate() {
        let rank = ranks.get(&normal(item)).copied();
        match rank.and_then(|rank| named.get_mut(rank)) {
            Some(seen) if !*seen => *seen = true,
            None if folders.contains_key(&normal(item)) => {}
            // A document of another submission, or one named twice.
            _ => {
                let path = format!("{}.entry[{index}].item", set.path);
                found.refuse(Issue::new(Code::UnsupportedElement).at(path));
            }
        }
    }
    if !set.path.is_empty() && named.contains(&false) {
        let missing = Issue::new(Code::ElementRequired).at(format!("{}.entry", set.path));
        found.tolerate(missing);
    }
}

/// The patient that all of it is about.
fn one_patient<'a>(
    set: &DeclaredSet,
    documents: &[Submitted],
    resources: impl Iterator<Item = Node<'a>>,
    found: &mut Findings,
) -> Option<Ins> {
    let set_patient = (!set.path.is_empty()).then_some(&set.patient);
    let patients = set_patient
        .into_iter()
        .chain(documents.iter().map(|document| &document.declared.patient));
    let mut patient: Option<&Ins> = None;
    for (named, resource) in patients.zip(resources) {
        match (patient, named) {
            (None, named) => patient = named.as_ref(),
            (Some(known), Some(named)) if known != named => {
                let subject = resource.get("subject").unwrap_or(resource);
                found.refuse(another_patient(subject));
            }
            _ => {}
        }
    }
    patient.cloned()
}
