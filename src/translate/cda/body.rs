//! The body: its kind, and the base64 of an unstructured one.

use super::BodyKind;
use super::fault::{Fault, words};
use super::header::Draft;
use super::source::Source;
use super::walk::{Node, Tag};

impl Source<'_> {
    /// `component`: the kind of body; its content only when `whole`.
    pub(super) fn component(
        &mut self,
        tag: Tag<'_>,
        draft: &mut Draft,
        whole: bool,
    ) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            let kind = match tag.hl7() {
                "structuredBody" => BodyKind::Structured,
                "nonXMLBody" => BodyKind::Unstructured,
                _ => {
                    self.skip()?;
                    continue;
                }
            };
            if draft.body.replace(kind).is_some() {
                return Err(Fault::new(tag.at, words::TWICE));
            }
            match kind {
                BodyKind::Unstructured => self.non_xml_body(tag, draft, whole)?,
                BodyKind::Structured if whole => self.skip()?,
                BodyKind::Structured => {}
            }
            if !whole {
                return Ok(());
            }
        }
        if draft.body.is_none() {
            return Err(Fault::new(tag.at, words::BODY).path("/ClinicalDocument/component"));
        }
        Ok(())
    }

    fn non_xml_body(&mut self, body: Tag<'_>, draft: &mut Draft, whole: bool) -> Result<(), Fault> {
        let mut content = None;
        while let Some(tag) = self.child()? {
            if tag.hl7() != "text" {
                self.skip()?;
                continue;
            }
            draft.media_type = self.attribute("mediaType");
            if !whole {
                return Ok(());
            }
            content = Some(self.base64()?);
        }
        if whole && !content.is_some_and(|base64| base64.is_readable()) {
            let path = "/ClinicalDocument/component/nonXMLBody/text";
            let fault = Fault::new(body.at, words::BASE64).path(path);
            self.complain(fault.expected("base64"));
        }
        Ok(())
    }

    fn base64(&mut self) -> Result<Base64, Fault> {
        let outside = self.walker.depth().saturating_sub(1);
        let mut base64 = Base64::default();
        while self.walker.depth() > outside {
            match self.walker.next()? {
                Node::Text(text) => base64.feed(text),
                Node::Char(c) => base64.feed(c.encode_utf8(&mut [0; 4])),
                Node::Start(_) | Node::End | Node::Done => {}
            }
        }
        Ok(base64)
    }
}

/// True for a text that holds base64 and blanks; fed piece by piece.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    digits: usize,
    padding: usize,
    broken: bool,
}

impl Base64 {
    /// Looks at one more piece.
    pub(super) fn feed(&mut self, piece: &str) {
        for byte in piece.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                    self.digits += 1;
                    self.broken |= self.padding > 0;
                }
                b'=' => self.padding += 1,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => self.broken = true,
            }
        }
    }

    /// The verdict: something, and whole groups of four.
    pub(super) fn is_readable(&self) -> bool {
        let whole = (self.digits + self.padding).is_multiple_of(4);
        !self.broken && self.digits > 0 && self.padding <= 2 && whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_judged_across_pieces() {
        let verdict = |pieces: &[&str]| {
            let mut base64 = Base64::default();
            pieces.iter().for_each(|piece| base64.feed(piece));
            base64.is_readable()
        };
        assert!(verdict(&["JVBE", "Ri0x\n LjU="]));
        for bad in [
            &[""][..],
            &["JVB"],
            &["JV=E"],
            &["JVBE-"],
            &["A==="],
            &["===="],
        ] {
            assert!(!verdict(bad), "{bad:?}");
        }
    }
}
