//! Vaccinations in a document: entries FR-Vaccination (1.2.250.1.213.1.1.3.45) of the sections FR-Vaccinations
//! (1.2.250.1.213.1.1.2.147), read and written.

mod entry;
mod make;
mod tree;

use super::attributes::forbidden;
use super::decode::decode;
use super::walk::Walker;
use crate::dmp::vaccination::Vaccination;
use tree::{Element, Narrative};

pub use make::section;

/// Section FR-Vaccinations.
const SECTION: &str = "1.2.250.1.213.1.1.2.147";
/// Entry FR-Vaccination.
const ENTRY: &str = "1.2.250.1.213.1.1.3.45";
/// Most entries taken from one document.
pub const MAX_ENTRIES: usize = 500;
/// Most bytes of them, as they are kept: many entries may refer to one long part of the narrative.
pub const MAX_TOLD: usize = 1 << 20;

/// The vaccinations that a document tells, in its order; none of a document that is broken or has no such section.
pub fn vaccinations(bytes: &[u8]) -> Vec<Vaccination> {
    let Ok(text) = decode(bytes) else {
        return Vec::new();
    };
    if forbidden(&text).is_some() {
        return Vec::new();
    }
    let Some(body) = tree::body(&mut Walker::new(&text)) else {
        return Vec::new();
    };
    let mut sections = Vec::new();
    gather(&body, &mut sections);
    let (mut found, mut room) = (Vec::new(), MAX_TOLD);
    for section in sections {
        let narrative = Narrative::of(section);
        let acts = section
            .named("entry")
            .flat_map(|entry| entry.named("substanceAdministration"))
            .filter(|act| act.follows(ENTRY));
        for act in acts.take(MAX_ENTRIES - found.len()) {
            let told = entry::read(act, &narrative);
            let size = serde_json::to_vec(&told).map_or(usize::MAX, |kept| kept.len());
            let Some(left) = room.checked_sub(size) else {
                return found;
            };
            room = left;
            found.push(told);
        }
    }
    found
}

/// The sections of the template, at any depth; the walker bounds it.
fn gather<'a>(element: &'a Element, sections: &mut Vec<&'a Element>) {
    if element.name == "section" && element.follows(SECTION) {
        sections.push(element);
    }
    for child in &element.children {
        if matches!(child.name.as_str(), "component" | "section") {
            gather(child, sections);
        }
    }
}

#[cfg(test)]
mod tests;
