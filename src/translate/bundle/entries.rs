//! The entries of a transaction: which there are, under which fullUrl, and whether they may stand there.

use std::collections::HashMap;

use super::super::document_reference::normal;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::{folder, patient, update};
use crate::error::{Code, Issue};

/// What an entry of the bundle is, in the order of the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryRole {
    /// The submission set.
    Submission,
    /// The nth document, from 0.
    Document(usize),
    /// The content of the nth document.
    Content(usize),
    /// The nth document that is made the old one.
    Superseded(usize),
    /// The nth folder, from 0.
    Folder(usize),
    /// The patient, whom a deposit doesn't change.
    Patient,
}

/// The entries that a deposit may have, by kind.
#[derive(Default)]
pub(super) struct Entries<'a> {
    pub(super) lists: Vec<Entry<'a>>,
    pub(super) documents: Vec<Entry<'a>>,
    pub(super) binaries: Vec<Entry<'a>>,
    /// PATCH entries.
    pub(super) updates: Vec<Entry<'a>>,
    pub(super) folders: Vec<Entry<'a>>,
    pub(super) patients: Vec<PatientEntry<'a>>,
    /// Kind and rank among its kind, in the order of the bundle.
    pub(super) order: Vec<Kind>,
}

/// A resource with its fullUrl and its request.
pub(super) struct Entry<'a> {
    pub(super) full_url: Option<&'a str>,
    pub(super) resource: Node<'a>,
    pub(super) request: Option<Node<'a>>,
}

impl<'a> Entry<'a> {
    pub(super) fn if_none_exist(&self) -> Option<Node<'a>> {
        self.request?.get("ifNoneExist")
    }
}

/// An entry about the patient: a GET has no resource.
pub(super) struct PatientEntry<'a> {
    pub(super) entry: Node<'a>,
    pub(super) resource: Option<Node<'a>>,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    List,
    Document(usize),
    Binary(usize),
    Update(usize),
    Folder(usize),
    Patient,
}

/// Sorts the entries; one that doesn't belong into a deposit is told at its path.
pub(super) fn sort<'a>(bundle: Node<'a>, found: &mut Findings) -> Entries<'a> {
    let mut entries = Entries::default();
    let mut seen = HashMap::new();
    for node in bundle.items("entry") {
        found.weigh_all(Weight::Key, node.only(&["fullUrl", "resource", "request"]));
        let request = node.get("request");
        let full_url = node.str("fullUrl");
        check_full_url(node, full_url, &mut seen, found);
        let Some(resource) = node.get("resource") else {
            if patient::is_read(request) {
                entries.patients.push(PatientEntry {
                    entry: node,
                    resource: None,
                });
                entries.order.push(Kind::Patient);
            } else {
                found.refuse(node.issue(Code::UnsupportedElement));
            }
            continue;
        };
        let kind = resource.resource_type().unwrap_or_default();
        let entry = Entry {
            full_url,
            resource,
            request,
        };
        match kind {
            "Patient" => {
                entries.patients.push(PatientEntry {
                    entry: node,
                    resource: Some(resource),
                });
                entries.order.push(Kind::Patient);
                continue;
            }
            "Parameters" | "Binary" if update::is_patch(request) => {
                entries.order.push(Kind::Update(entries.updates.len()));
                entries.updates.push(entry);
                continue;
            }
            "List" if folder::is_folder(&entry) => {
                check_request(node, kind, found);
                entries.order.push(Kind::Folder(entries.folders.len()));
                entries.folders.push(entry);
                continue;
            }
            "List" | "DocumentReference" | "Binary" => {}
            _ => {
                found.refuse(resource.issue(Code::UnsupportedElement));
                continue;
            }
        }
        check_request(node, kind, found);
        if full_url.is_none() && kind != "List" {
            found.refuse(Issue::new(Code::ElementRequired).at(node.path_of("fullUrl")));
        }
        entries.order.push(match kind {
            "List" => {
                entries.lists.push(entry);
                Kind::List
            }
            "DocumentReference" => {
                entries.documents.push(entry);
                Kind::Document(entries.documents.len() - 1)
            }
            _ => {
                entries.binaries.push(entry);
                Kind::Binary(entries.binaries.len() - 1)
            }
        });
    }
    entries
}

/// No two entries stand under one URL (bdl-7), and none names a version (bdl-8).
fn check_full_url(
    node: Node,
    full_url: Option<&str>,
    seen: &mut HashMap<String, ()>,
    found: &mut Findings,
) {
    if let Some(url) = full_url
        && seen.insert(normal(url), ()).is_some()
    {
        found.refuse(invalid(
            node.path_of("fullUrl"),
            "deux entrées portent la même fullUrl",
            "two entries have the same fullUrl",
        ));
    }
    if full_url.is_some_and(|url| url.contains("/_history/")) {
        found.refuse(invalid(
            node.path_of("fullUrl"),
            "elle ne désigne pas une version",
            "it does not name a version",
        ));
    }
}

/// What a deposit makes: `POST` to the resource's own type. A content has no condition of its own, it comes with its document.
fn check_request(entry: Node, kind: &str, found: &mut Findings) {
    let request = match entry.required("request") {
        Ok(request) => request,
        Err(issue) => return found.refuse(issue),
    };
    let known: &[&str] = match kind {
        "Binary" => &["method", "url"],
        _ => &["method", "url", "ifNoneExist"],
    };
    found.weigh_all(Weight::Key, request.only(known));
    match request.get("method") {
        Some(method) if method.as_str() == Some("POST") => {}
        Some(method) => found.refuse(method.issue(Code::UnsupportedElement)),
        None => found.refuse(Issue::new(Code::ElementRequired).at(request.path_of("method"))),
    }
    match request.get("url") {
        Some(url) if url.as_str().is_some_and(|url| last_segment(url) == kind) => {}
        Some(url) => found.refuse(invalid(
            url.path(),
            "elle ne désigne pas le type de la ressource",
            "it does not name the type of the resource",
        )),
        None => found.refuse(Issue::new(Code::ElementRequired).at(request.path_of("url"))),
    }
}

fn last_segment(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.rsplit('/').next().unwrap_or(url)
}

/// FullUrls to ranks: as written, and `Type/id` for a relative reference against the same base.
pub(super) fn by_url<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> HashMap<String, usize> {
    let mut ranks = HashMap::new();
    for (rank, entry) in entries.enumerate() {
        let Some(url) = entry.full_url else { continue };
        ranks.insert(normal(url), rank);
        if url.starts_with("http") {
            let mut segments = url.rsplit('/');
            if let (Some(id), Some(kind)) = (segments.next(), segments.next()) {
                ranks.insert(format!("{kind}/{id}"), rank);
            }
        }
    }
    ranks
}
