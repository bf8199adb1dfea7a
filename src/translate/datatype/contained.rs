//! Contained resources: looked up by `#id`; one that nothing points to is lost, which must be told.

use std::collections::HashSet;

use crate::error::Code;
use crate::translate::findings::{Findings, Weight};
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

    /// Tells the ones that nothing pointed to.
    pub(in crate::translate) fn tell_unused(&self, found: &mut Findings) {
        for resource in &self.resources {
            if !resource.str("id").is_some_and(|id| self.used.contains(id)) {
                found.refuse(resource.issue(Code::UnsupportedElement));
            }
        }
    }
}

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

/// Tells the extensions of an element whose URL is none of these.
pub(in crate::translate) fn only_extensions(
    node: Node,
    known: &[&str],
    weight: Weight,
    found: &mut Findings,
) {
    for extension in node.items("extension") {
        if !extension.str("url").is_some_and(|url| known.contains(&url)) {
            found.weigh(weight, extension.issue(Code::UnsupportedElement));
        }
    }
}
