//! The header as a flat tree in document order, bounded in size.

use std::borrow::Cow;

use super::super::attributes;
use super::super::values::repaired;
use super::super::walk::{Node, Ns, Tag, Walker};
use crate::dmp::time::Timestamp;

/// Most elements of a header; the national documents have at most 600.
pub(super) const MAX_ELEMENTS: usize = 20_000;

/// An element of the header.
#[derive(Debug)]
pub(super) struct Element<'a> {
    /// HL7 name, empty for an element of another namespace.
    pub name: &'a str,
    /// Byte offset of `<`.
    pub at: usize,
    /// True when it holds more than blanks.
    pub has_text: bool,
    parent: usize,
    /// The element after the last one inside.
    end: usize,
    attributes: (usize, usize),
}

/// The header.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    elements: Vec<Element<'a>>,
    attributes: Vec<(&'a str, &'a str)>,
    open: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// Reads on to the end of the header: the start tag of a body comes last, or the end of the document. None when it is broken or too large.
    pub(super) fn read(walker: &mut Walker<'a>) -> Option<Self> {
        let mut tree = Self::default();
        loop {
            match walker.next().ok()? {
                Node::Start(tag) => {
                    if tree.elements.is_empty() && tag.hl7() != "ClinicalDocument" {
                        continue;
                    }
                    tree.start(tag, walker)?;
                    if matches!(tag.hl7(), "structuredBody" | "nonXMLBody") {
                        while tree.end().is_some() {}
                        return Some(tree);
                    }
                }
                Node::End => {
                    let had_root = tree.end().is_some();
                    if had_root && tree.open.is_empty() {
                        return Some(tree);
                    }
                }
                Node::Text(text) => {
                    let open = tree.open.last().copied();
                    if let Some(element) = open.and_then(|i| tree.elements.get_mut(i)) {
                        element.has_text = element.has_text || !text.trim().is_empty();
                    }
                }
                Node::Char(_) => {
                    let open = tree.open.last().copied();
                    if let Some(element) = open.and_then(|i| tree.elements.get_mut(i)) {
                        element.has_text = true;
                    }
                }
                Node::Done => return None,
            }
        }
    }

    fn start(&mut self, tag: Tag<'a>, walker: &Walker<'a>) -> Option<()> {
        if self.elements.len() == MAX_ELEMENTS {
            return None;
        }
        let first = self.attributes.len();
        self.attributes.extend(walker.written_attributes());
        let index = self.elements.len();
        self.elements.push(Element {
            name: if tag.ns == Ns::Hl7 { tag.local } else { "" },
            at: tag.at,
            has_text: false,
            parent: self.open.last().copied().unwrap_or(index),
            end: index + 1,
            attributes: (first, self.attributes.len()),
        });
        self.open.push(index);
        Some(())
    }

    fn end(&mut self) -> Option<usize> {
        let index = self.open.pop()?;
        let end = self.elements.len();
        if let Some(element) = self.elements.get_mut(index) {
            element.end = end;
        }
        Some(index)
    }

    /// Indices of all elements, in document order.
    pub(super) fn all(&self) -> std::ops::Range<usize> {
        0..self.elements.len()
    }

    /// HL7 name.
    pub(super) fn name(&self, index: usize) -> &'a str {
        self.elements.get(index).map_or("", |element| element.name)
    }

    /// Byte offset of `<`.
    pub(super) fn at(&self, index: usize) -> usize {
        self.elements.get(index).map_or(0, |element| element.at)
    }

    /// The element around, itself for the document element.
    pub(super) fn parent(&self, index: usize) -> usize {
        self.elements.get(index).map_or(0, |element| element.parent)
    }

    /// Children, in document order.
    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> {
        let end = self.elements.get(index).map_or(0, |element| element.end);
        let mut next = index + 1;
        std::iter::from_fn(move || {
            let child = self.elements.get(next).filter(|_| next < end)?;
            let found = next;
            next = child.end;
            Some(found)
        })
    }

    /// Children of one of these names (`a|b`).
    pub(super) fn named(&self, index: usize, names: &str) -> impl Iterator<Item = usize> {
        self.children(index)
            .filter(move |child| names.split('|').any(|name| name == self.name(*child)))
    }

    /// Every element at that path below the document element.
    pub(super) fn find(&self, path: &str) -> Vec<usize> {
        let mut found = if self.elements.is_empty() {
            Vec::new()
        } else {
            vec![0]
        };
        for step in path.split('/').filter(|step| !step.is_empty()) {
            found = found
                .iter()
                .flat_map(|one| self.named(*one, step))
                .collect();
        }
        found
    }

    /// An attribute, None when blank.
    pub(super) fn attribute(&self, index: usize, name: &str) -> Option<Cow<'a, str>> {
        let mut attributes = self.attributes_of(index).iter();
        let (_, raw) = attributes.find(|(known, _)| *known == name)?;
        let value = attributes::value(raw);
        (!value.trim().is_empty()).then_some(value)
    }

    fn attributes_of(&self, index: usize) -> &[(&'a str, &'a str)] {
        let (first, end) = self
            .elements
            .get(index)
            .map_or((0, 0), |element| element.attributes);
        self.attributes.get(first..end).unwrap_or_default()
    }

    /// True for an element with a null flavour.
    pub(super) fn is_null(&self, index: usize) -> bool {
        self.attribute(index, "nullFlavor").is_some()
    }

    /// True for an element that holds something: text, a child, an attribute, and no null flavour.
    pub(super) fn is_filled(&self, index: usize) -> bool {
        !self.is_null(index) && self.has_content(index)
    }

    /// True for an element with text, a child or an attribute that says something.
    pub(super) fn has_content(&self, index: usize) -> bool {
        let has_text = self
            .elements
            .get(index)
            .is_some_and(|element| element.has_text);
        has_text
            || self.children(index).next().is_some()
            || self.attributes_of(index).iter().any(|(name, raw)| {
                // A name part of which only the kind is told is empty.
                let says = !matches!(*name, "nullFlavor" | "qualifier" | "use");
                says && !name.starts_with("xmlns")
                    && !name.starts_with("xsi:")
                    && !raw.trim().is_empty()
            })
    }

    /// `@value` as a time, where it can be read.
    pub(super) fn time(&self, index: usize) -> Option<Timestamp> {
        let text = self
            .attribute(index, "value")
            .filter(|_| !self.is_null(index))?;
        let text = text.trim();
        Timestamp::from_hl7(text).ok().or_else(|| repaired(text))
    }

    /// XPath of an element; a second sibling of one name is `name[2]`.
    pub(super) fn path(&self, index: usize) -> String {
        let mut steps = Vec::new();
        let mut here = index;
        loop {
            let parent = self.parent(here);
            let name = self.name(here);
            let before = self.children(parent).take_while(|one| *one < here);
            let before = before.filter(|one| self.name(*one) == name).count();
            steps.push(match before {
                0 => format!("/{name}"),
                n => format!("/{name}[{}]", n + 1),
            });
            if parent == here {
                break;
            }
            here = parent;
        }
        steps.reverse();
        steps.concat()
    }
}
