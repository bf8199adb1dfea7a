//! What PDSm's folder profile asks of a List (PDSm_FolderComprehensive).

use super::super::Reading;
use super::super::datatype::coding;
use super::super::datatype::contained::{Contained, only_extensions, single_extensions};
use super::super::datatype::urls::{DESIGNATION_TYPE, IS_ARCHIVED};
use super::super::document_reference::server_assigned;
use super::super::findings::{Findings, Weight, invalid};
use super::super::subject;
use super::super::wire::Node;
use crate::error::{Code, Issue};
use crate::tables::terminology::List;

const ELEMENTS: [&str; 14] = [
    "id",
    "meta",
    "text",
    "contained",
    "extension",
    "identifier",
    "status",
    "mode",
    "title",
    "code",
    "subject",
    "date",
    "note",
    "entry",
];

/// Checks a folder by itself; what is wrong goes into the findings.
pub(in crate::translate) fn check(resource: Node, found: &mut Findings, reading: &Reading) {
    // `source` among them: a folder has none.
    found.weigh_all(Weight::Key, resource.only(&ELEMENTS));
    server_assigned(resource, found);
    for (name, value) in [("status", "current"), ("mode", "working")] {
        match resource.str(name) {
            Some(told) if told == value => {}
            Some(_) => found.refuse(invalid(
                resource.path_of(name),
                &format!("{value} est attendu"),
                &format!("{value} is expected"),
            )),
            None => found.refuse(missing(resource, name)),
        }
    }
    let mut contained = Contained::of(resource);
    subject::read(resource, "subject", &mut contained, found, reading);
    for name in ["title", "entry"] {
        if resource.get(name).is_none() {
            found.refuse(missing(resource, name));
        }
    }
    if resource.get("date").is_none() {
        found.tolerate(missing(resource, "date"));
    }
    for other in resource.items("note").skip(1) {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
    only_extensions(
        resource,
        &[DESIGNATION_TYPE, IS_ARCHIVED],
        Weight::Key,
        found,
    );
    single_extensions(resource, &[DESIGNATION_TYPE, IS_ARCHIVED], found);
    let designation = resource.extensions(DESIGNATION_TYPE).next();
    match designation.and_then(|extension| extension.get("valueCodeableConcept")) {
        Some(node) => {
            if let Some(code) = coding::read_concept(node, Weight::Detail, found, reading) {
                let path = node.path();
                coding::bind(
                    &code,
                    List::ContentType,
                    path,
                    Weight::Detail,
                    found,
                    reading,
                );
            }
        }
        None => {
            let path = format!("extension('{DESIGNATION_TYPE}')");
            found.tolerate(missing(resource, &path));
        }
    }
    for entry in resource.items("entry") {
        found.weigh_all(Weight::Key, entry.only(&["item"]));
    }
    contained.tell_unused(found);
}

fn missing(resource: Node, name: &str) -> Issue {
    Issue::new(Code::ElementRequired).at(resource.path_of(name))
}
