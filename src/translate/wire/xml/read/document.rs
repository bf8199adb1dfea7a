//! A FHIR document inside another body: its own text, as it was written where that stands alone.

use serde_json::Value;

use super::Reader;
use crate::translate::cda::fault::Fault;
use crate::translate::cda::walk::{Node, Tag, Walker};
use crate::translate::wire::documents::marked;
use crate::translate::wire::path::Path;
use crate::translate::wire::table::WHOLE;
use crate::translate::wire::xml::{FHIR, write};

impl<'a> Reader<'a> {
    /// True where a document may stand: the resource of a holder.
    pub(super) fn holds_document(&self, tag: Tag<'a>, path: &Path<'_>) -> bool {
        let Some(holder) = self.documents.filter(|_| tag.local == "Bundle") else {
            return false;
        };
        let path = path.write();
        let step = path
            .strip_suffix(".resource")
            .and_then(|above| above.rsplit('.').next());
        step.is_some_and(|step| step.split('[').next() == Some(holder))
    }

    /// Reads one, whatever resources of R4 it holds.
    pub(super) fn document(
        &mut self,
        tag: Tag<'a>,
        path: &Path<'_>,
    ) -> Result<Option<Value>, Fault> {
        let own_prefix = self.walker.is_prefixed(tag);
        let mut attributes = self.walker.written_attributes();
        let declares = attributes.any(|(name, _)| name == "xmlns");
        drop(attributes);
        // A Bundle inside a document is one of its resources.
        let holder = self.documents.take();
        let table = std::mem::replace(&mut self.table, &WHOLE);
        let tree = self.resource(tag, path);
        (self.documents, self.table) = (holder, table);
        let Some(tree) = tree? else {
            return Ok(None);
        };
        let written = self.text.get(tag.at..self.walker.offset());
        let written = written.filter(|_| !own_prefix).map(|text| match declares {
            true => text.to_owned(),
            false => text.replacen("<Bundle", &format!("<Bundle xmlns=\"{FHIR}\""), 1),
        });
        let text = written.filter(|text| stands_alone(text));
        // Written anew when it leans on what is around it. What can't be written was told as wrong.
        let text = text.or_else(|| write(&tree, &WHOLE)).unwrap_or_default();
        Ok(Some(marked(text)))
    }
}

/// True when no prefix is declared outside.
fn stands_alone(text: &str) -> bool {
    let mut walker = Walker::new(text).unbounded();
    loop {
        match walker.next() {
            Ok(Node::Done) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}
