//! One pass over the markup: events of quick-xml with namespaces, bounds and the checks of well-formedness that it leaves out.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError};
use quick_xml::events::Event;

use super::attributes::{self, Attribute};
use super::fault::{Fault, words};

/// Deepest nesting; the national documents go to 20.
const MAX_DEPTH: usize = 100;
/// Longest attribute value, in bytes: an image inlined by a style sheet must pass.
const MAX_VALUE: usize = 1 << 20;
/// Longest text or attribute value of the header, in bytes.
pub(in crate::translate) const MAX_HEADER_VALUE: usize = 64 << 10;

/// The namespaces that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) enum Ns {
    /// `urn:hl7-org:v3`
    Hl7,
    /// XSLT, the root of an "auto-présentable" document.
    Xslt,
    /// `urn:dicom-org:ps3-20`, home of accession numbers.
    Dicom,
    /// `http://hl7.org/fhir`
    Fhir,
    /// XHTML, in narratives.
    Xhtml,
    /// Any other, or none.
    Other,
}

impl Ns {
    fn from_uri(uri: &str) -> Self {
        match uri {
            "urn:hl7-org:v3" => Self::Hl7,
            "http://www.w3.org/1999/XSL/Transform" => Self::Xslt,
            "urn:dicom-org:ps3-20" => Self::Dicom,
            "http://hl7.org/fhir" => Self::Fhir,
            "http://www.w3.org/1999/xhtml" => Self::Xhtml,
            _ => Self::Other,
        }
    }
}

/// A start tag.
#[derive(Debug, Clone, Copy)]
pub(in crate::translate) struct Tag<'a> {
    /// Namespace.
    pub ns: Ns,
    /// Name without prefix.
    pub local: &'a str,
    /// Byte offset of `<`.
    pub at: usize,
}

impl<'a> Tag<'a> {
    /// The local name of an HL7 element, empty for any other.
    pub(in crate::translate) fn hl7(&self) -> &'a str {
        if self.ns == Ns::Hl7 { self.local } else { "" }
    }
}

/// What comes next.
#[derive(Debug)]
pub(in crate::translate) enum Node<'a> {
    /// A start tag; its attributes are read with [`Walker::attribute`] before the next call.
    Start(Tag<'a>),
    /// The end of an element, given for empty elements too.
    End,
    /// Text or CDATA.
    Text(&'a str),
    /// A resolved reference.
    Char(char),
    /// The end of a well-formed document.
    Done,
}

struct Binding<'a> {
    depth: usize,
    prefix: &'a str,
    ns: Ns,
}

/// The pass.
pub(in crate::translate) struct Walker<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    attributes: Vec<Attribute<'a>>,
    bindings: Vec<Binding<'a>>,
    depth: usize,
    at: usize,
    owes_end: bool,
    saw_root: bool,
    longest: usize,
    instruction: Option<usize>,
}

impl<'a> Walker<'a> {
    /// A pass over decoded text.
    pub(in crate::translate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Self {
            text,
            reader,
            attributes: Vec::with_capacity(16),
            bindings: Vec::with_capacity(16),
            depth: 0,
            at: 0,
            owes_end: false,
            saw_root: false,
            longest: MAX_VALUE,
            instruction: None,
        }
    }

    /// Takes attribute values of any length: the text is bounded already.
    pub(in crate::translate) fn unbounded(self) -> Self {
        Self {
            longest: usize::MAX,
            ..self
        }
    }

    /// The last processing instruction that was passed over.
    pub(in crate::translate) fn instruction(&self) -> Option<usize> {
        self.instruction
    }

    /// Byte offset of the last event.
    pub(in crate::translate) fn at(&self) -> usize {
        self.at
    }

    /// Byte offset after the last event.
    pub(in crate::translate) fn offset(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// Open elements.
    pub(in crate::translate) fn depth(&self) -> usize {
        self.depth
    }

    /// The next start, end, text or reference; comments and processing instructions are checked and passed over.
    pub(in crate::translate) fn next(&mut self) -> Result<Node<'a>, Fault> {
        if self.owes_end {
            self.owes_end = false;
            self.close();
            return Ok(Node::End);
        }
        loop {
            self.at = self.offset();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.fault_of(&error)),
            };
            match event {
                Event::Start(_) => return self.open(1).map(Node::Start),
                Event::Empty(_) => {
                    let tag = self.open(2)?;
                    self.owes_end = true;
                    return Ok(Node::Start(tag));
                }
                Event::End(_) => {
                    self.close();
                    return Ok(Node::End);
                }
                Event::Text(_) => {
                    let text = self.slice(0, 0);
                    if self.depth > 0 {
                        self.check_text(text)?;
                        return Ok(Node::Text(text));
                    }
                    let is_content = |b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n');
                    if let Some(i) = text.bytes().position(is_content) {
                        return Err(Fault::new(self.at + i, words::OUTSIDE));
                    }
                }
                Event::CData(_) if self.depth > 0 => return Ok(Node::Text(self.slice(9, 3))),
                Event::GeneralRef(_) if self.depth > 0 => {
                    return attributes::reference(self.slice(1, 1))
                        .map(Node::Char)
                        .ok_or_else(|| Fault::new(self.at, words::ENTITY));
                }
                Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(Fault::new(self.at, words::OUTSIDE));
                }
                Event::Comment(_) => {}
                Event::PI(_) => {
                    self.check_instruction()?;
                    self.instruction = Some(self.at);
                }
                Event::Decl(_) => self.check_declaration()?,
                Event::DocType(_) => return Err(Fault::new(self.at, words::DOCTYPE)),
                Event::Eof if self.depth > 0 => {
                    return Err(Fault::new(self.at, words::UNFINISHED));
                }
                Event::Eof if !self.saw_root => {
                    return Err(Fault::new(self.at, words::NO_DOCUMENT));
                }
                Event::Eof => return Ok(Node::Done),
            }
        }
    }

    /// An attribute without prefix of the last start tag, its value normalised.
    pub(in crate::translate) fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        let found = self.attributes.iter().find(|one| one.name == name)?;
        Some(attributes::value(found.raw))
    }

    /// The attributes of the last start tag: name and value as written.
    pub(in crate::translate) fn written_attributes(
        &self,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.attributes.iter().map(|one| (one.name, one.raw))
    }

    /// True when the name of this start tag has a prefix.
    pub(in crate::translate) fn is_prefixed(&self, tag: Tag<'_>) -> bool {
        let name = self.text.get(tag.at + 1..).unwrap_or_default();
        !name.starts_with(tag.local)
    }

    /// The first attribute of the last start tag that is longer than the header allows.
    pub(in crate::translate) fn oversized(&self) -> Option<usize> {
        let long = |one: &&Attribute<'_>| one.raw.len() > MAX_HEADER_VALUE;
        self.attributes.iter().find(long).map(|one| one.at)
    }

    fn open(&mut self, closing: usize) -> Result<Tag<'a>, Fault> {
        if self.depth == 0 && self.saw_root {
            return Err(Fault::new(self.at, words::OUTSIDE));
        }
        self.saw_root = true;
        if self.depth == MAX_DEPTH {
            return Err(Fault::new(self.at, words::TOO_DEEP));
        }
        self.depth += 1;
        let content = self.slice(1, closing);
        let is_blank = |b| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let end = content.bytes().position(is_blank).unwrap_or(content.len());
        let (name, rest) = content.split_at(end);
        let (prefix, local) = attributes::split_name(name, self.at + 1)?;
        attributes::scan(rest, self.at + 1 + end, &mut self.attributes)?;
        if let Some(long) = self.attributes.iter().find(|a| a.raw.len() > self.longest) {
            return Err(Fault::new(long.at, words::TOO_LONG));
        }
        self.declare()?;
        let ns = self.resolve(prefix, self.at)?;
        for Attribute { prefix, at, .. } in &self.attributes {
            if !matches!(*prefix, "" | "xml" | "xmlns") {
                self.resolve(prefix, *at)?;
            }
        }
        Ok(Tag {
            ns,
            local,
            at: self.at,
        })
    }

    fn declare(&mut self) -> Result<(), Fault> {
        for attribute in &self.attributes {
            let prefix = match (attribute.prefix, attribute.name) {
                ("xmlns", name) => name.get("xmlns:".len()..).unwrap_or_default(),
                ("", "xmlns") => "",
                _ => continue,
            };
            let uri = attributes::value(attribute.raw);
            if !prefix.is_empty() && (uri.is_empty() || matches!(prefix, "xml" | "xmlns")) {
                return Err(Fault::new(attribute.at, words::PREFIX));
            }
            self.bindings.push(Binding {
                depth: self.depth,
                prefix,
                ns: Ns::from_uri(&uri),
            });
        }
        Ok(())
    }

    fn resolve(&self, prefix: &str, at: usize) -> Result<Ns, Fault> {
        let mut bindings = self.bindings.iter().rev();
        let found = if prefix.is_empty() {
            bindings.find(|one| one.prefix.is_empty())
        } else {
            bindings.find(|one| one.prefix == prefix)
        };
        match found {
            Some(binding) => Ok(binding.ns),
            None if prefix.is_empty() || prefix == "xml" => Ok(Ns::Other),
            None => Err(Fault::new(at, words::PREFIX)),
        }
    }

    fn close(&mut self) {
        while self.bindings.last().is_some_and(|b| b.depth == self.depth) {
            self.bindings.pop();
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// The last event as written, without its first and last bytes.
    fn slice(&self, front: usize, back: usize) -> &'a str {
        let end = self.offset().saturating_sub(back);
        self.text.get(self.at + front..end).unwrap_or_default()
    }

    fn check_text(&self, text: &str) -> Result<(), Fault> {
        let mut rest = text;
        while let Some(i) = rest.find(']') {
            let tail = rest.get(i..).unwrap_or_default();
            if tail.starts_with("]]>") {
                let at = self.at + text.len() - tail.len();
                return Err(Fault::new(at, words::CDATA_END));
            }
            rest = tail.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    fn check_instruction(&self) -> Result<(), Fault> {
        let content = self.slice(2, 2);
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        let target = content.split(is_blank).next().unwrap_or_default();
        attributes::split_name(target, self.at + 2)?;
        if target.eq_ignore_ascii_case("xml") || target.contains(':') {
            return Err(Fault::new(self.at + 2, words::NAME));
        }
        Ok(())
    }

    fn check_declaration(&self) -> Result<(), Fault> {
        let fault = Fault::new(self.at, words::DECLARATION);
        if self.at != 0 {
            return Err(fault);
        }
        let mut parts = Vec::with_capacity(3);
        attributes::scan(self.slice(5, 2), 5, &mut parts)?;
        let mut parts = parts.iter().map(|part| (part.name, part.raw)).peekable();
        let version = parts.next() == Some(("version", "1.0"));
        parts.next_if(|(name, _)| *name == "encoding");
        parts.next_if(|part| matches!(part, ("standalone", "yes" | "no")));
        if version && parts.next().is_none() {
            Ok(())
        } else {
            Err(fault)
        }
    }

    fn fault_of(&self, error: &XmlError) -> Fault {
        let at = usize::try_from(self.reader.error_position()).unwrap_or(self.at);
        let words = match error {
            XmlError::Syntax(_) => words::UNCLOSED,
            XmlError::IllFormed(error) => match error {
                IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_) => {
                    words::END_TAG
                }
                IllFormedError::DoubleHyphenInComment => words::COMMENT,
                IllFormedError::UnclosedReference => words::ENTITY,
                IllFormedError::MissingDoctypeName => words::DOCTYPE,
                _ => words::MARKUP,
            },
            _ => words::MARKUP,
        };
        Fault::new(at, words)
    }
}
