//! PATCH entries: a transaction may say of a document that it replaces that it is superseded, and nothing else
//! (IHE.MHD.Patch.Parameters, or a JSON Patch in a Binary).

use super::super::Reading;
use super::super::document_reference::{self, decode_base64};
use super::super::findings::{Findings, Weight, invalid};
use super::super::patch::{self, Patch};
use super::super::wire::Node;
use super::entries::Entry;
use crate::dmp::submission::Superseded;
use crate::error::{Code, Issue};

/// The media type of a JSON Patch.
const JSON_PATCH: &str = "application/json-patch+json";

pub(super) fn is_patch(request: Option<Node>) -> bool {
    request.and_then(|request| request.str("method")) == Some("PATCH")
}

/// Which document it is about; what is wrong goes into the findings.
pub(super) fn read(entry: &Entry, found: &mut Findings, reading: &Reading) -> Option<Superseded> {
    let request = entry.request?;
    found.weigh_all(Weight::Key, request.only(&["method", "url", "ifMatch"]));
    check_patch(entry.resource, found, reading);
    let Some(url) = request.get("url") else {
        found.refuse(Issue::new(Code::ElementRequired).at(request.path_of("url")));
        return None;
    };
    let version = request.get("ifMatch").map(|tag| version(tag, found));
    match document_reference::changed(url, reading) {
        Ok(target) => Some(Superseded {
            target,
            version: version.flatten(),
            told_at: url.path(),
        }),
        Err(issue) => {
            found.refuse(issue);
            None
        }
    }
}

/// The version that a weak tag names.
fn version(tag: Node, found: &mut Findings) -> Option<u32> {
    let text = tag.as_str().unwrap_or_default().trim();
    let number = text.trim_start_matches("W/").trim_matches('"').parse();
    if number.is_err() {
        found.refuse(tag.issue(Code::VersionConflict));
    }
    number.ok()
}

fn check_patch(resource: Node, found: &mut Findings, reading: &Reading) {
    let patch = match resource.resource_type() {
        Some("Parameters") => patch::read_parameters(resource.value(), reading).ok(),
        _ => in_binary(resource, reading),
    };
    let operations = resource.items("parameter");
    let operations = operations.filter(|parameter| parameter.str("name") == Some("operation"));
    if operations.count() > 1 {
        found.tolerate(invalid(
            resource.path_of("parameter"),
            "une seule opération est attendue",
            "one operation is expected",
        ));
    }
    if !patch.is_some_and(|patch| patch.supersedes()) {
        found.refuse(invalid(
            resource.path(),
            "dans un dépôt, seul le remplacement de status par superseded est attendu",
            "within a deposit, only the replacement of status by superseded is expected",
        ));
    }
}

fn in_binary(resource: Node, reading: &Reading) -> Option<Patch> {
    let kind = resource.str("contentType")?;
    let bare = kind.split(';').next().unwrap_or_default().trim();
    if !bare.eq_ignore_ascii_case(JSON_PATCH) {
        return None;
    }
    let bytes = decode_base64(resource.str("data")?)?;
    patch::read_json_patch(&bytes, reading).ok()
}
