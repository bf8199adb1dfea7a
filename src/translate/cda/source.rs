//! The walker as the header's readers use it: children, paths, attributes and texts, and what was found wrong on the way.

use super::fault::{Fault, words};
use super::walk::{MAX_HEADER_VALUE, Node, Tag, Walker};

/// Longest list of one kind of element in a header.
const MAX_REPEATS: usize = 500;
/// Most complaints kept about one document.
const MAX_PROBLEMS: usize = 50;

/// The walker with what was found wrong on the way.
pub(super) struct Source<'a> {
    pub walker: Walker<'a>,
    /// Faults that make the document unusable, though reading could go on.
    pub errors: Vec<Fault>,
    /// Oddities that were read all the same.
    pub warnings: Vec<Fault>,
}

impl<'a> Source<'a> {
    /// Notes a fault and reads on.
    pub(super) fn complain(&mut self, fault: Fault) {
        if self.errors.len() < MAX_PROBLEMS {
            self.errors.push(fault);
        }
    }

    pub(super) fn warn(&mut self, fault: Fault) {
        if self.warnings.len() < MAX_PROBLEMS {
            self.warnings.push(fault);
        }
    }

    /// The next child of the element that is open, None at its end.
    pub(super) fn child(&mut self) -> Result<Option<Tag<'a>>, Fault> {
        loop {
            match self.walker.next()? {
                Node::Start(tag) => {
                    if let Some(at) = self.walker.oversized() {
                        return Err(Fault::new(at, words::TOO_LONG));
                    }
                    return Ok(Some(tag));
                }
                Node::End | Node::Done => return Ok(None),
                Node::Text(_) | Node::Char(_) => {}
            }
        }
    }

    /// Calls `each` on every HL7 element at that path below the open one, which it must read to its end.
    pub(super) fn descend<F>(&mut self, path: &[&str], each: &mut F) -> Result<(), Fault>
    where
        F: FnMut(&mut Self, Tag<'a>) -> Result<(), Fault>,
    {
        while let Some(tag) = self.child()? {
            match path.split_first() {
                Some((first, [])) if tag.hl7() == *first => each(self, tag)?,
                Some((first, rest)) if tag.hl7() == *first => self.descend(rest, each)?,
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// Passes over the rest of the element that is open.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.walker.depth().saturating_sub(1);
        while self.walker.depth() > outside {
            self.walker.next()?;
        }
        Ok(())
    }

    /// An attribute of the element just opened; blank is absent.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let value = self.walker.attribute(name)?;
        let trimmed = value.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// True for an element that says why it has no value.
    pub(super) fn is_null(&self) -> bool {
        self.walker.attribute("nullFlavor").is_some()
    }

    /// The text of the element, as written; None when blank. A line break and the indentation around the text are layout.
    pub(super) fn text(&mut self) -> Result<Option<String>, Fault> {
        let start = self.walker.at();
        let outside = self.walker.depth().saturating_sub(1);
        let mut text = String::new();
        while self.walker.depth() > outside {
            match self.walker.next()? {
                Node::Text(part) => text.push_str(part),
                Node::Char(c) => text.push(c),
                Node::Start(_) | Node::End | Node::Done => {}
            }
            if text.len() > MAX_HEADER_VALUE {
                return Err(Fault::new(start, words::TOO_LONG));
            }
        }
        Ok(without_layout(text))
    }
}

/// Adds to a list of bounded length.
pub(super) fn push<T>(list: &mut Vec<T>, item: T, at: usize) -> Result<(), Fault> {
    if list.len() == MAX_REPEATS {
        return Err(Fault::new(at, words::TOO_MANY));
    }
    list.push(item);
    Ok(())
}

/// Fills an empty slot.
pub(super) fn keep_first<T>(slot: &mut Option<T>, found: Option<T>) {
    if slot.is_none() {
        *slot = found;
    }
}

fn without_layout(text: String) -> Option<String> {
    let breaks = |edge: &str| edge.contains(['\n', '\r']);
    let front = text.len() - text.trim_start().len();
    let back = text.trim_end().len();
    if back == 0 {
        return None;
    }
    let start = match text.get(..front) {
        Some(edge) if breaks(edge) => front,
        _ => 0,
    };
    let end = match text.get(back..) {
        Some(edge) if breaks(edge) => back,
        _ => text.len(),
    };
    let kept = text.get(start..end).unwrap_or_default();
    if kept.contains('\r') {
        // XML 1.0 §2.11: a line ends with a line feed alone.
        return Some(kept.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Some(kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_goes_and_blanks_stay() {
        for (text, kept) in [
            ("Charles ", Some("Charles ")),
            (
                "\n   Compte rendu\r\n de bio\n  ",
                Some("Compte rendu\n de bio"),
            ),
            (" \n ", None),
            ("", None),
            (" \nA ", Some("A ")),
        ] {
            assert_eq!(without_layout(text.to_owned()).as_deref(), kept, "{text:?}");
        }
    }
}
