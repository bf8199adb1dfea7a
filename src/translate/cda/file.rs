//! The file inside a level 1 document, as it was before it was wrapped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::decode::decode;
use super::fault::Fault;
use super::source::Source;
use super::walk::{Node, Walker};

/// Media type and bytes of an unstructured body; None for a structured one, and for what is no readable base64.
pub fn embedded_file(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let text = decode(bytes).ok()?;
    let mut source = Source {
        walker: Walker::new(&text),
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    source.file().ok().flatten()
}

impl Source<'_> {
    fn file(&mut self) -> Result<Option<(String, Vec<u8>)>, Fault> {
        let mut found = None;
        let root = self.child()?;
        if root.is_none_or(|root| root.hl7() != "ClinicalDocument") {
            return Ok(None);
        }
        self.descend(&["component", "nonXMLBody", "text"], &mut |source, _| {
            let media_type = source.attribute("mediaType");
            let is_plain = source.attribute("compression").is_none();
            let data = source.base64_text()?;
            let bytes = STANDARD.decode(data).ok().filter(|_| is_plain);
            found = found.take().or_else(|| media_type.zip(bytes));
            Ok(())
        })?;
        Ok(found)
    }

    /// The characters of the element that is open, blanks left out.
    fn base64_text(&mut self) -> Result<String, Fault> {
        let outside = self.walker.depth().saturating_sub(1);
        let mut data = String::new();
        while self.walker.depth() > outside {
            match self.walker.next()? {
                Node::Text(text) => data.extend(text.split_ascii_whitespace()),
                Node::Char(c) => data.push(c),
                Node::Start(_) | Node::End | Node::Done => {}
            }
        }
        Ok(data)
    }
}
