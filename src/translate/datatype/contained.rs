//! Contained resources: looked up by `#id`; one that nothing points to is lost, which must be told.

use std::collections::HashSet;

use crate::error::Code;
use crate::translate::findings::{Findings, Weight, invalid};
use crate::translate::wire::Node;

/// The contained resources of one resource.
pub(in crate::translate) struct Contained<'a> {
    resources: Vec<Node<'a>>,
    used: HashSet<String>,
}

impl<'a> Contained<'a> {
    pub(in crate::translate) fn of(resource: Node<'a>) -> Self {
        Self {
            resources: resource.items("contained").collect(),
            used: HashSet::new(),
        }
    }

    /// The resource that a reference `#id` points to.
    pub(in crate::translate) fn find(&mut self, reference: &str) -> Option<Node<'a>> {
        let id = reference.strip_prefix('#')?;
        let resource = self
            .resources
            .iter()
            .find(|resource| resource.str("id") == Some(id))?;
        self.used.insert(id.to_owned());
        Some(*resource)
    }

    /// Counts as used what a reference leads to, through a role to its person and organisation too.
    pub(in crate::translate) fn find_all(&mut self, reference: &str) -> bool {
        let Some(role) = self.find(reference) else {
            return false;
        };
        for name in ["practitioner", "organization"] {
            if let Some(target) = role.get(name).and_then(|node| node.str("reference")) {
                self.find(target);
            }
        }
        true
    }

    /// How grave it is that a reference leads to nothing contained. One that leads elsewhere may be right where it comes from; one that
    /// says `#` is wrong anywhere (ref-1), unless all that was contained is missing, which is told by itself.
    pub(in crate::translate) fn outside(&self, reference: Node) -> Weight {
        match reference.str("reference") {
            Some(target) if target.starts_with('#') && !self.resources.is_empty() => Weight::Key,
            _ => Weight::Detail,
        }
    }

    /// Tells the ones that nothing pointed to (dom-3). Whose reference was left out is often still there: guide mode lets people,
    /// organisations and devices go with a warning, for the header says who they were.
    pub(in crate::translate) fn tell_unused(&self, found: &mut Findings) {
        let mut ids = HashSet::new();
        for resource in &self.resources {
            if resource.str("id").is_some_and(|id| !ids.insert(id)) {
                // A reference led to the first one: nobody would miss this one.
                found.refuse(invalid(
                    resource.path_of("id"),
                    "une autre ressource contenue le porte déjà",
                    "another contained resource has it already",
                ));
                continue;
            }
            if resource.str("id").is_some_and(|id| self.used.contains(id)) {
                continue;
            }
            let weight = match resource.resource_type() {
                Some(kind) if PARTIES.contains(&kind) => Weight::Detail,
                _ => Weight::Key,
            };
            found.weigh(weight, resource.issue(Code::UnsupportedElement));
        }
    }
}

/// The types that a document or a submission contains.
const PARTIES: [&str; 6] = [
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Device",
    "Patient",
    "RelatedPerson",
];

/// Tells what of a contained resource can't be kept: guide mode lets it go with a warning, for directories fill them generously.
pub(in crate::translate) fn only(resource: Node, allowed: &[&str], found: &mut Findings) {
    let mut known = vec!["id", "meta"];
    known.extend(allowed);
    found.weigh_all(Weight::Detail, resource.only(&known));
    if let Some(meta) = resource.get("meta") {
        found.weigh_all(Weight::Detail, meta.only(&["profile"]));
    }
}

/// Refuses the second and later ones of extensions that stand once: nothing would be kept of them.
pub(in crate::translate) fn single_extensions(node: Node, urls: &[&str], found: &mut Findings) {
    for url in urls {
        for other in node.extensions(url).skip(1) {
            found.refuse(other.issue(Code::UnsupportedElement));
        }
    }
}

/// Tells the extensions of an element whose URL is none of these, and what the others hold beside their value.
pub(in crate::translate) fn only_extensions(
    node: Node,
    known: &[&str],
    weight: Weight,
    found: &mut Findings,
) {
    for extension in node.items("extension") {
        if !extension.str("url").is_some_and(|url| known.contains(&url)) {
            found.weigh(weight, extension.issue(Code::UnsupportedElement));
            continue;
        }
        let value = extension
            .choice("value")
            .map(|(kind, _)| format!("value{kind}"));
        let known = ["url", "extension", value.as_deref().unwrap_or_default()];
        found.weigh_all(Weight::Detail, extension.only(&known));
    }
}
