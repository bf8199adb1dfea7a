//! Text to tree: one pass over the markup, element by element of the table.

mod attributes;
mod document;
mod elements;
mod primitive;

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::path::Path;
use super::super::table::{Field, Kind, TABLE, Table, Type, WHOLE};
use super::super::tell::{NAMESPACE, ORDER, SINGLE, TEXT, Walk, Why};
use super::super::{Format, MAX_DEPTH, MAX_ISSUES, MAX_NODES, Taken, check, in_binaries};
use crate::error::{Code, Error, Issue};
use crate::translate::cda::attributes::forbidden;
use crate::translate::cda::fault::{Fault, Words, line_column, words};
use crate::translate::cda::walk::{Node, Ns, Tag, Walker};

const DEEP: Words = ("profondeur > 64", "depth > 64", "depth");
const MANY: Words = ("éléments > 100000", "elements > 100000", "elements");
const INSTRUCTION: Words = (
    "instruction de traitement",
    "processing instruction",
    "instruction",
);

/// Reads one XML text (UTF-8, byte order mark tolerated) as a resource of that type, with every problem of its form. With `documents`, FHIR documents may be the
/// resources of such holders, and are put into Binaries.
///
/// # Errors
/// `malformed` with line and column; another type.
pub(in crate::translate::wire) fn read(
    bytes: &[u8],
    resource_type: &str,
    documents: Option<&'static str>,
) -> Result<Taken, Error> {
    let (mut value, mut issues) = read_unchecked(bytes, &[resource_type], documents)?;
    if let Some(holder) = documents {
        in_binaries(&mut value, holder, Format::Xml);
    }
    let text = text(bytes)?;
    let told: Vec<_> = issues.iter().filter_map(|i| i.expression.clone()).collect();
    let is_new = |issue: &Issue| {
        let path = issue.expression.as_ref();
        path.is_none_or(|path| !told.contains(path))
    };
    let others = check(&value, resource_type, resource_type);
    let others: Vec<_> = others.into_iter().filter(is_new).collect();
    if !others.is_empty() {
        issues.extend(placed(text, resource_type, documents, others));
        issues.truncate(MAX_ISSUES);
    }
    Ok(Taken { value, issues })
}

/// Reads a resource of one of these types, and what is wrong in its form; its values are not checked.
///
/// # Errors
/// `malformed`; another type.
pub(in crate::translate::wire) fn read_unchecked(
    bytes: &[u8],
    types: &[&str],
    documents: Option<&'static str>,
) -> Result<(Value, Vec<Issue>), Error> {
    let mut reader = Reader::new(text(bytes)?, false);
    reader.documents = documents;
    reader.all(types)
}

/// Reads a FHIR document, whatever resources of R4 it holds, and what is wrong in its form.
///
/// # Errors
/// `malformed`; another type.
pub(in crate::translate::wire) fn read_document(
    bytes: &[u8],
) -> Result<(Value, Vec<Issue>), Error> {
    let mut reader = Reader::new(text(bytes)?, false);
    reader.table = &WHOLE;
    reader.all(&["Bundle"])
}
/// UTF-8 without what XML forbids, and nothing else declared.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Error> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| malformed(bytes, &Fault::new(error.valid_up_to(), words::ENCODING)))?;
    let fault = |at, words| malformed(bytes, &Fault::new(at, words));
    if let Some(at) = forbidden(text) {
        return Err(fault(at, words::CHARACTER));
    }
    let declaration = text.strip_prefix("<?xml").and_then(|t| t.split_once("?>"));
    let encoding = declaration
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
    match encoding {
        Some(name) if !["utf-8", "us-ascii"].contains(&name.to_ascii_lowercase().as_str()) => {
            Err(fault(0, words::ENCODING))
        }
        _ => Ok(text),
    }
}

/// The refusal of what is no XML, or beyond a bound.
pub(super) fn malformed(text: &[u8], fault: &Fault) -> Error {
    let (line, column) = line_column(text, fault.at);
    let why = match fault.words {
        words::NO_DOCUMENT => "no element",
        (_, english, _) => english,
    };
    let detail = format!("{line}:{column}, {why}");
    Issue::new(Code::Malformed).with("detail", detail).into()
}

/// The same issues with the places of their elements, or of the nearest above: a second pass, only taken to refuse.
fn placed(
    text: &str,
    resource_type: &str,
    documents: Option<&'static str>,
    mut issues: Vec<Issue>,
) -> Vec<Issue> {
    let mut again = Reader::new(text, true);
    again.documents = documents;
    if again.root(&[resource_type]).is_err() {
        return issues;
    }
    let places = again.places.unwrap_or_default();
    for issue in &mut issues {
        let mut path = issue.expression.as_deref();
        let found = std::iter::from_fn(|| {
            let here = path?;
            path = here.rfind(['.', '[']).and_then(|end| here.get(..end));
            Some(places.get(here))
        });
        if let Some(at) = found.flatten().next() {
            let (line, column) = line_column(text.as_bytes(), *at);
            *issue = issue.clone().at_position(line, column);
        }
    }
    issues
}

/// The pass.
pub(super) struct Reader<'a> {
    text: &'a str,
    table: &'static Table,
    /// The name of what may hold FHIR documents.
    documents: Option<&'static str>,
    pub(super) walker: Walker<'a>,
    walk: Walk,
    nodes: usize,
    /// Where each element begins, when asked for.
    places: Option<HashMap<String, usize>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, with_places: bool) -> Self {
        Self {
            text,
            table: &TABLE,
            documents: None,
            walker: Walker::new(text).unbounded(),
            walk: Walk::default(),
            nodes: 0,
            places: with_places.then(HashMap::new),
        }
    }

    /// What was found wrong so far.
    pub(super) fn into_issues(self) -> Vec<Issue> {
        self.walk.issues()
    }

    /// The one resource of the text, and what was found wrong with it.
    fn all(mut self, types: &[&str]) -> Result<(Value, Vec<Issue>), Error> {
        let value = self.root(types);
        let value = value.map_err(|fault| malformed(self.text.as_bytes(), &fault))?;
        let issues = self.into_issues();
        match value {
            Some(value) => Ok((value, issues)),
            None => Err(Error::many(issues)),
        }
    }

    fn root(&mut self, types: &[&str]) -> Result<Option<Value>, Fault> {
        let mut value = None;
        loop {
            match self.next()? {
                Node::Start(tag) => value = self.top(tag, types)?,
                Node::Done => return Ok(value),
                _ => {}
            }
        }
    }

    fn top(&mut self, tag: Tag<'a>, types: &[&str]) -> Result<Option<Value>, Fault> {
        let resource_type = types.first().copied().unwrap_or_default();
        if tag.ns == Ns::Fhir && types.contains(&tag.local) {
            return self.resource(tag, &Path::root(tag.local));
        }
        let path = Path::root(resource_type);
        if tag.ns == Ns::Fhir {
            let fr = format!("{resource_type} est attendu");
            let en = format!("{resource_type} is expected");
            self.tell(tag.at, |walk| walk.invalid(&path, &fr, &en));
        } else {
            self.wrong(tag.at, &path, NAMESPACE);
        }
        self.skip()?;
        Ok(None)
    }

    /// The next event; what the walk lets pass and FHIR does not is a fault.
    pub(super) fn next(&mut self) -> Result<Node<'a>, Fault> {
        let node = self.walker.next()?;
        if let Some(at) = self.walker.instruction() {
            return Err(Fault::new(at, INSTRUCTION));
        }
        if matches!(node, Node::Start(_)) {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(Fault::new(self.walker.at(), MANY));
            }
            self.few_namespaces()?;
        }
        Ok(node)
    }

    /// Passes over what an element holds.
    fn skip(&mut self) -> Result<(), Fault> {
        let mut open = 1_usize;
        while open > 0 {
            match self.next()? {
                Node::Start(_) => open += 1,
                Node::End => open -= 1,
                Node::Done => return Ok(()),
                Node::Text(_) | Node::Char(_) => {}
            }
        }
        Ok(())
    }

    /// Lets something be told about a place.
    fn tell(&mut self, at: usize, say: impl FnOnce(&mut Walk)) {
        if self.walk.full() {
            return;
        }
        let before = self.walk.len();
        say(&mut self.walk);
        let (line, column) = line_column(self.text.as_bytes(), at);
        self.walk.place(before, line, column);
    }

    fn wrong(&mut self, at: usize, path: &Path<'_>, why: Why) {
        self.tell(at, |walk| walk.wrong(path, why));
    }

    fn unknown(&mut self, at: usize, name: &str, kind: &Type, path: &Path<'_>) {
        self.tell(at, |walk| {
            walk.unknown(name, kind, path);
        });
    }

    fn note(&mut self, path: &Path<'_>, at: usize) {
        if let Some(places) = &mut self.places {
            places.entry(path.write()).or_insert(at);
        }
    }

    /// A resource whose start tag was read.
    fn resource(&mut self, tag: Tag<'a>, path: &Path<'_>) -> Result<Option<Value>, Fault> {
        let Some(kind) = self.table.get(tag.local).filter(|kind| kind.is_resource) else {
            self.tell(tag.at, |walk| walk.tell(Code::UnsupportedElement, path));
            self.skip()?;
            return Ok(None);
        };
        self.note(path, tag.at);
        let mut members = Map::new();
        members.insert("resourceType".into(), kind.name.into());
        self.attributes(kind, &mut members, path);
        self.children(kind, &mut members, path)?;
        Ok(Some(Value::Object(members)))
    }

    /// What an element of a type holds, up to its end.
    pub(super) fn children(
        &mut self,
        kind: &'static Type,
        members: &mut Map<String, Value>,
        path: &Path<'_>,
    ) -> Result<(), Fault> {
        self.children_and_text(kind, members, path, None)
    }

    /// The same, where text may stand too.
    pub(super) fn children_and_text(
        &mut self,
        kind: &'static Type,
        members: &mut Map<String, Value>,
        path: &Path<'_>,
        mut text: Option<&mut String>,
    ) -> Result<(), Fault> {
        if path.depth >= MAX_DEPTH {
            return Err(Fault::new(self.walker.at(), DEEP));
        }
        let (mut last, mut any_beside, mut told_text) = (0, false, false);
        loop {
            let tag = match self.next()? {
                Node::Start(tag) => tag,
                Node::End | Node::Done => break,
                Node::Text(more) if blank(more) => continue,
                Node::Char(' ' | '\t' | '\r' | '\n') => continue,
                node @ (Node::Text(_) | Node::Char(_)) => {
                    if let Some(text) = &mut text {
                        match node {
                            Node::Text(more) => text.push_str(more),
                            Node::Char(c) => text.push(c),
                            _ => {}
                        }
                    } else if !std::mem::replace(&mut told_text, true) {
                        self.wrong(self.walker.at(), path, TEXT);
                    }
                    continue;
                }
            };
            let field = kind
                .field(tag.local)
                .filter(|field| is_element(field, kind));
            let is_div = field.is_some_and(Field::is_xhtml);
            let right = if is_div { Ns::Xhtml } else { Ns::Fhir };
            let Some(field) = field else {
                if tag.ns == Ns::Fhir {
                    self.unknown(tag.at, tag.local, kind, path);
                } else {
                    self.wrong(tag.at, path, NAMESPACE);
                }
                self.skip()?;
                continue;
            };
            let here = path.name(kind.path_name(field));
            if tag.ns != right {
                self.wrong(tag.at, &here, NAMESPACE);
                self.skip()?;
                continue;
            }
            if field.slot < last {
                self.wrong(tag.at, &here, ORDER);
            }
            last = last.max(field.slot);
            if field.many {
                any_beside |= self.repeated(tag, field, members, &here)?;
            } else if members.contains_key(&field.name) || beside(members, field).is_some() {
                self.wrong(tag.at, &here, SINGLE);
                self.skip()?;
            } else {
                self.note(&here, tag.at);
                self.single(tag, field, members, &here)?;
            }
        }
        if any_beside {
            primitive::without_empty_lists(members);
        }
        Ok(())
    }
}

fn blank(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The id of an element and the URL of an extension are attributes.
fn is_element(field: &Field, kind: &Type) -> bool {
    !matches!(field.kind, Kind::Plain(_)) || kind.is_resource || field.is_xhtml()
}

fn beside<'m>(members: &'m Map<String, Value>, field: &Field) -> Option<&'m Value> {
    match field.kind {
        Kind::Primitive(_) => members.get(&format!("_{}", field.name)),
        _ => None,
    }
}
