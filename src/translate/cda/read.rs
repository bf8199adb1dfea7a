//! The two ways to read a document: the header alone, or the whole document with its header.

use super::CdaHeader;
use super::decode::decode;
use super::fault::{Fault, words};
use super::header::Draft;
use super::source::Source;
use super::walk::{Node, Ns, Walker};
use super::{attributes, locate};
use crate::error::{Code, Issue};

/// Reads the header and stops at the content of the body.
///
/// # Errors
/// `cda-invalid` with its place: unreadable bytes, broken XML before the body, an element of the header that is missing,
/// doubled or wrong.
pub fn read_header(bytes: &[u8]) -> Result<CdaHeader, Issue> {
    let text = decode(bytes)?;
    let read = read(&text, false).map_err(|issues| {
        let first = issues.into_iter().next();
        first.unwrap_or_else(|| Issue::new(Code::Internal))
    })?;
    Ok(read.0)
}

/// Reads the header and proves the whole document well-formed, to its last byte; what was read although oddly written comes as warnings.
///
/// # Errors
/// As [`read_header`], every fault of the header at once.
pub fn read_whole(bytes: &[u8]) -> Result<(CdaHeader, Vec<Issue>), Vec<Issue>> {
    let text = decode(bytes).map_err(|issue| vec![issue])?;
    read(&text, true)
}

fn read(text: &str, whole: bool) -> Result<(CdaHeader, Vec<Issue>), Vec<Issue>> {
    let mut source = Source {
        walker: Walker::new(text),
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    let draft = source
        .document(whole)
        .and_then(|found| {
            let read = if whole {
                text.len()
            } else {
                source.walker.offset()
            };
            // A byte that XML forbids counts even where nothing is read from.
            match attributes::forbidden(text.get(..read).unwrap_or(text)) {
                Some(at) => Err(Fault::new(at, words::CHARACTER)),
                None => Ok(found),
            }
        })
        .map_err(|fault| vec![fault.issue(text)])?;
    let (draft, at) = draft;
    let finished = draft.finish(at);
    let mut faults = source.errors;
    if let Err(missing) = &finished {
        let is_new = |fault: &&Fault| !faults.iter().any(|one| blames(one, fault));
        let missing: Vec<Fault> = missing.iter().filter(is_new).cloned().collect();
        faults.extend(missing);
    }
    match finished {
        Ok(header) if faults.is_empty() => {
            let warnings = source.warnings.iter();
            Ok((
                header,
                warnings.map(|one| one.issue(text).warning()).collect(),
            ))
        }
        _ => Err(faults.iter().map(|fault| fault.issue(text)).collect()),
    }
}

/// True when a fault was already told about the element that another one misses.
fn blames(told: &Fault, missing: &Fault) -> bool {
    match (&told.path, &missing.path) {
        (Some(told), Some(missing)) => locate::is_within(told, missing),
        _ => false,
    }
}

impl Source<'_> {
    /// Finds the `ClinicalDocument` and reads it; gives its place too.
    fn document(&mut self, whole: bool) -> Result<(Draft, usize), Fault> {
        let Some(root) = self.child()? else {
            return Err(Fault::new(0, words::NO_DOCUMENT));
        };
        let found = match (root.ns, root.local) {
            (Ns::Hl7, "ClinicalDocument") => Some((self.clinical_document(whole)?, root.at)),
            // "Auto-présentable": the style sheet carries the document in an element of its own.
            (Ns::Xslt, "stylesheet" | "transform") => self.carried_document(whole)?,
            _ => None,
        };
        let found = found.ok_or_else(|| Fault::new(root.at, words::NO_DOCUMENT))?;
        if whole {
            self.rest()?;
        }
        Ok(found)
    }

    /// Reads on to the end, where no second document may be.
    fn rest(&mut self) -> Result<(), Fault> {
        loop {
            match self.walker.next()? {
                Node::Done => return Ok(()),
                Node::Start(tag) if tag.hl7() == "ClinicalDocument" => {
                    return Err(Fault::new(tag.at, words::TWO_DOCUMENTS));
                }
                _ => {}
            }
        }
    }

    /// The document in a top-level element of a style sheet, or one level below it.
    fn carried_document(&mut self, whole: bool) -> Result<Option<(Draft, usize)>, Fault> {
        while let Some(outer) = self.child()? {
            if outer.hl7() == "ClinicalDocument" {
                return Ok(Some((self.clinical_document(whole)?, outer.at)));
            }
            if outer.ns == Ns::Xslt {
                self.skip()?;
                continue;
            }
            while let Some(tag) = self.child()? {
                if tag.hl7() == "ClinicalDocument" {
                    return Ok(Some((self.clinical_document(whole)?, tag.at)));
                }
                self.skip()?;
            }
        }
        Ok(None)
    }
}
