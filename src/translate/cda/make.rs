//! Makes CDA R2 documents out of the DMP's metadata: the header that the CI-SIS "structuration minimale" asks for, in the order of the
//! CDA schema. The same draft gives the same bytes, and what is written reads back as the metadata that it was made of.

mod act;
mod element;
mod header;
mod people;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::dmp::document::DocumentMetadata;
use crate::dmp::id::UniqueId;
use crate::dmp::record::Traits;
use crate::tables::Tables;

pub use element::Element;

/// Level 1: any body (IHE XDS-SD).
pub const UNSTRUCTURED: &str = "1.3.6.1.4.1.19376.1.2.20";

/// A document to be made.
pub struct Draft<'a> {
    /// What the registry is to read back. Left out of the document: comments, visibility labels, `signs` (CDA has no place for them),
    /// size and hash (the document's own), and identifiers whose root is no OID.
    pub metadata: &'a DocumentMetadata,
    /// The patient, as his record knows him.
    pub traits: &'a Traits,
    /// Templates of the content model after those of the header: root, and extension or nothing.
    pub templates: &'a [(&'a str, &'a str)],
    /// `setId`: what all versions of the document share.
    pub set_id: &'a UniqueId,
    /// `versionNumber`.
    pub version: u32,
    /// What the document says.
    pub body: Body<'a>,
}

/// The body.
pub enum Body<'a> {
    /// Level 1: a file of this media type, as base64.
    File {
        /// `text/@mediaType`.
        media_type: &'a str,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// Level 3: `section` elements.
    Sections(Vec<Element>),
}

/// The text of the document.
pub fn make(draft: Draft<'_>, tables: &Tables) -> String {
    let mut document = Element::new("ClinicalDocument").with("xmlns", "urn:hl7-org:v3");
    for part in header::elements(&draft, tables) {
        document = document.child(part);
    }
    document.child(body(draft.body)).document()
}

fn body(body: Body<'_>) -> Element {
    let component = Element::new("component");
    match body {
        Body::File { media_type, bytes } => {
            let text = Element::new("text")
                .with("mediaType", media_type)
                .with("representation", "B64")
                .text(STANDARD.encode(bytes));
            component.child(Element::new("nonXMLBody").child(text))
        }
        Body::Sections(sections) => {
            let sections = sections
                .into_iter()
                .map(|section| Element::new("component").child(section));
            component.child(Element::new("structuredBody").children(sections))
        }
    }
}
