//! Documents to damage, the tool that damages them, and the verdict.

use std::path::Path;

use passerelle::dmp::context::{Environment, Validation};
use passerelle::tables::Tables;
use passerelle::translate::Reading;
use passerelle::translate::cda::{CdaIssue, check};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::sample::Sample;

/// An element of the header: its path below `ClinicalDocument`, where it starts, where its start tag and itself end.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) start: usize,
    pub(crate) tag_end: usize,
    pub(crate) end: usize,
}

/// All elements of a document, read by quick-xml alone.
pub(crate) fn elements(xml: &str) -> Vec<Found> {
    let mut reader = Reader::from_str(xml);
    let (mut open, mut found): (Vec<usize>, Vec<Found>) = (Vec::new(), Vec::new());
    let mut steps: Vec<String> = Vec::new();
    loop {
        let start = reader.buffer_position() as usize;
        let event = reader.read_event().expect("well-formed");
        let here = reader.buffer_position() as usize;
        match event {
            Event::Start(tag) => {
                steps.push(tag.local_name().as_ref().to_owned());
                open.push(found.len());
                let path = steps.get(1..).unwrap_or_default().join("/");
                found.push(Found {
                    path,
                    start,
                    tag_end: here,
                    end: here,
                });
            }
            Event::Empty(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                let mut path = steps.get(1..).unwrap_or_default().to_vec();
                path.push(name);
                found.push(Found {
                    path: path.join("/"),
                    start,
                    tag_end: here,
                    end: here,
                });
            }
            Event::End(_) => {
                steps.pop();
                found[open.pop().expect("open")].end = here;
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// The only element at a path.
pub(crate) fn only(all: &[Found], path: &str) -> Option<Found> {
    let mut at = all.iter().filter(|one| one.path == path);
    at.next().cloned().filter(|_| at.next().is_none())
}

/// Line of a byte, from 1.
pub(crate) fn line(xml: &str, at: usize) -> u32 {
    xml[..at].matches('\n').count() as u32 + 1
}

/// A start tag with another value of an attribute, None when it has no such attribute.
pub(crate) fn with_attribute(tag: &str, name: &str, value: Option<&str>) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))?;
    let open = start + name.len() + 3;
    let close = open + tag[open..].find('"')?;
    Some(match value {
        Some(value) => format!("{}{value}{}", &tag[..open], &tag[close..]),
        None => format!("{}{}", &tag[..start], &tag[close + 1..]),
    })
}

/// Documents to damage: our own, and some of the national ones, in UTF-8, with the document as root.
pub(crate) fn documents() -> Vec<(String, String)> {
    let mut all = vec![("our own".to_owned(), Sample::default().xml())];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cda");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no documents at {}", folder.display());
        return all;
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = String::from_utf8(std::fs::read(&path).unwrap());
        let Ok(text) = text else { continue };
        let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
        if text.len() < 120_000 && !text.contains("xsl:stylesheet xmlns") {
            all.push((name, text));
        }
    }
    all
}

pub(crate) fn judge(xml: &[u8], validation: Validation) -> Vec<CdaIssue> {
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment: Environment::Test,
        validation,
        base_url: "",
    };
    check(xml, &reading)
}

/// One of the issues is of that check, in that element, on that line.
pub(crate) fn assert_caught(what: &str, issues: &[CdaIssue], check: &str, path: &str, line: u32) {
    let is_it = |issue: &&CdaIssue| {
        let at = issue.path.as_deref().unwrap_or_default();
        let is_there = at
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        issue.check == check && is_there && issue.line == Some(line)
    };
    let told: Vec<_> = issues
        .iter()
        .map(|one| (&one.check, &one.path, one.line))
        .collect();
    assert!(
        issues.iter().any(|issue| is_it(&issue)),
        "{what}: {check} at {path}, line {line}, not in {told:?}"
    );
}
