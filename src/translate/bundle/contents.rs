//! The contents of a deposit: each Binary belongs to one document.

use std::mem;

use super::super::document_reference::{self, Attachment, DeclaredDocument, decode_base64, normal};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::entries::{Entry, by_url};
use super::read::Submitted;
use crate::error::{Code, Issue};

/// Which document each Binary belongs to: every one to exactly one.
pub(super) fn owners(
    documents: &mut [DeclaredDocument],
    binaries: &[Entry],
    found: &mut Findings,
) -> Vec<Option<usize>> {
    let ranks = by_url(binaries.iter());
    let mut owners = vec![None; binaries.len()];
    for (document, declared) in documents.iter_mut().enumerate() {
        let path = format!("{}.content[0].attachment", declared.path);
        let url = match mem::replace(&mut declared.attachment, Attachment::None) {
            Attachment::Url(url) => url,
            Attachment::Inline(_) => {
                found.refuse(Issue::new(Code::UnsupportedElement).at(format!("{path}.data")));
                continue;
            }
            Attachment::None => {
                found.refuse(Issue::new(Code::ElementRequired).at(format!("{path}.url")));
                continue;
            }
        };
        let rank = ranks.get(&normal(&url)).copied();
        match rank.and_then(|rank| owners.get_mut(rank)) {
            Some(owner @ None) => *owner = Some(document),
            Some(Some(_)) => found.refuse(invalid(
                format!("{path}.url"),
                "deux documents désignent le même Binary",
                "two documents point to the same Binary",
            )),
            None => found.refuse(invalid(
                format!("{path}.url"),
                "le contenu se trouve dans le Bundle, rien n'est cherché ailleurs",
                "the content is in the Bundle, nothing is fetched from elsewhere",
            )),
        }
    }
    for (binary, owner) in binaries.iter().zip(&owners) {
        if owner.is_none() {
            found.refuse(binary.resource.issue(Code::UnsupportedElement));
        }
    }
    owners
}

pub(super) fn read_binary(resource: Node, document: &mut Submitted, found: &mut Findings) {
    let known = ["id", "meta", "contentType", "data"];
    found.weigh_all(Weight::Key, resource.only(&known));
    document_reference::server_assigned(resource, found);
    if let Some(kind) = resource.get("contentType") {
        let text = kind.as_str().unwrap_or_default().to_owned();
        document.content_type = Some((text, kind.path()));
    }
    match resource.required("data") {
        Ok(data) => {
            document.bytes = decode_base64(data.as_str().unwrap_or_default());
            if document.bytes.is_none() {
                found.refuse(invalid(
                    data.path(),
                    "base64 illisible",
                    "it is not readable base64",
                ));
            }
        }
        Err(issue) => found.refuse(issue),
    }
}
