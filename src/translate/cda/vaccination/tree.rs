//! The structured body as a small tree, bounded in size; names of other namespaces are empty.

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::attributes;
use super::super::walk::{Node, Walker};

/// Most elements of a body; the national examples have about a thousand.
const MAX_ELEMENTS: usize = 100_000;

/// Longest text taken from one element, in bytes: many entries may refer to one part of the narrative.
const MAX_WORDS: usize = 16 << 10;

/// The attributes that an entry is read from; a tree of all of them could be many times its document.
const READ: [&str; 11] = [
    "ID",
    "root",
    "extension",
    "code",
    "codeSystem",
    "displayName",
    "value",
    "unit",
    "typeCode",
    "negationInd",
    "nullFlavor",
];

/// An element with what is in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(&'static str, String)>,
    pub(super) children: Vec<Element>,
    /// Its text before its first child.
    lead: String,
    /// The text after it, before the next child of its parent.
    tail: String,
}

/// Reads on to the body and through it; None when there is none, or when it is broken or too large.
pub(super) fn body(walker: &mut Walker<'_>) -> Option<Element> {
    let mut open: Vec<Element> = Vec::new();
    let mut count = 0;
    loop {
        match walker.next().ok()? {
            Node::Start(tag) => {
                if open.is_empty() && tag.hl7() != "structuredBody" {
                    continue;
                }
                count += 1;
                if count > MAX_ELEMENTS {
                    return None;
                }
                let written = walker.written_attributes();
                open.push(Element {
                    name: tag.hl7().to_owned(),
                    attributes: written
                        .filter_map(|(name, raw)| {
                            let known = READ.into_iter().find(|known| *known == name)?;
                            Some((known, attributes::value(raw).into_owned()))
                        })
                        .collect(),
                    ..Element::default()
                });
            }
            Node::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.here().push_str(text);
                }
            }
            Node::Char(c) => {
                if let Some(element) = open.last_mut() {
                    element.here().push(c);
                }
            }
            Node::End => {
                let Some(done) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => return Some(done),
                }
            }
            Node::Done => return None,
        }
    }
}

impl Element {
    /// Children of that name.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of that name.
    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element at a path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |element, name| element.first(name))
    }

    /// An attribute that says something.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(known, _)| *known == name)?;
        Some(value.trim_matches(is_blank)).filter(|value| !value.trim().is_empty())
    }

    /// True for an element that says why it has no value.
    pub(super) fn is_null(&self) -> bool {
        self.attribute("nullFlavor").is_some()
    }

    /// True when it claims a template.
    pub(super) fn follows(&self, root: &str) -> bool {
        self.named("templateId")
            .any(|template| template.attribute("root") == Some(root))
    }

    /// Its text and that of what is in it, blanks brought together; None when there is none.
    pub(super) fn words(&self) -> Option<String> {
        let mut text = String::new();
        self.gather(&mut text);
        // A no-break space is a character of the text.
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        Some(words.join(" ")).filter(|text| !text.trim().is_empty())
    }

    /// The same as written, without the blanks around it; None when there is none.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = String::new();
        self.gather(&mut text);
        let text = text.trim_matches(is_blank);
        (!text.trim().is_empty()).then(|| text.to_owned())
    }

    fn gather(&self, text: &mut String) {
        text.push_str(bounded(&self.lead, text.len()));
        for child in &self.children {
            if text.len() >= MAX_WORDS {
                return;
            }
            child.gather(text);
            text.push_str(bounded(&child.tail, text.len()));
        }
    }

    /// Where text that comes now belongs.
    fn here(&mut self) -> &mut String {
        match self.children.last_mut() {
            Some(child) => &mut child.tail,
            None => &mut self.lead,
        }
    }
}

/// As much of a text as may follow what is there.
fn bounded(text: &str, there: usize) -> &str {
    let mut end = MAX_WORDS.saturating_sub(there).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The blanks of XML.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What the section says to a person, by the id of its parts.
pub(super) struct Narrative<'a> {
    parts: HashMap<&'a str, &'a Element>,
    /// What was looked at already: any number of entries may refer to one part.
    read: RefCell<HashMap<&'a str, Option<String>>>,
}

impl<'a> Narrative<'a> {
    /// Of one section.
    pub(super) fn of(section: &'a Element) -> Self {
        let mut parts = HashMap::new();
        if let Some(text) = section.first("text") {
            note(text, &mut parts);
        }
        Self {
            parts,
            read: RefCell::default(),
        }
    }

    /// What `reference` points to; a missing `#` is tolerated.
    pub(super) fn referred(&self, element: &Element) -> Option<String> {
        let value = element.first("reference")?.attribute("value")?;
        let (id, part) = self.parts.get_key_value(value.trim_start_matches('#'))?;
        let mut read = self.read.borrow_mut();
        read.entry(id).or_insert_with(|| part.words()).clone()
    }

    /// The words of an element: those that it refers to, else its own.
    pub(super) fn words(&self, element: &Element) -> Option<String> {
        self.referred(element).or_else(|| element.words())
    }
}

fn note<'a>(element: &'a Element, parts: &mut HashMap<&'a str, &'a Element>) {
    if let Some(id) = element.attribute("ID") {
        parts.entry(id).or_insert(element);
    }
    for child in &element.children {
        note(child, parts);
    }
}
