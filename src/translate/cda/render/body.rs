//! The body: sections with their titles and narrative blocks, what their entries carry, or the content of an unstructured body.

use super::Renderer;
use super::media::{Form, Kind, Media};
use super::page::{Element, Holds};
use crate::translate::cda::fault::{Fault, words};
use crate::translate::cda::walk::{Node, Ns, Tag};

/// Longest title of a section, in bytes; the rest is left out.
const MAX_TITLE: usize = 16 << 10;

impl<'a> Renderer<'a> {
    /// Finds the `ClinicalDocument` where the header was found, and reads to the end.
    pub(super) fn document(&mut self) -> Result<(), Fault> {
        let mut is_found = false;
        loop {
            match self.walker.next()? {
                Node::Done => break,
                Node::Start(tag) if tag.hl7() == "ClinicalDocument" && is_found => {
                    return Err(Fault::new(tag.at, words::TWO_DOCUMENTS));
                }
                Node::Start(tag) if tag.hl7() == "ClinicalDocument" && self.walker.depth() <= 3 => {
                    is_found = true;
                    self.clinical_document()?;
                }
                // A template of a style sheet may write the element too.
                Node::Start(tag) if tag.ns == Ns::Xslt && self.walker.depth() > 1 && !is_found => {
                    self.skip()?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn clinical_document(&mut self) -> Result<(), Fault> {
        let mut has_body = false;
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "" => self.skip()?,
                _ if has_body => return Err(Fault::new(tag.at, words::MISPLACED)),
                "component" => {
                    has_body = true;
                    self.component()?;
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    fn component(&mut self) -> Result<(), Fault> {
        let mut has_body = false;
        while let Some(tag) = self.child()? {
            let name = tag.hl7();
            if !matches!(name, "structuredBody" | "nonXMLBody") {
                self.skip()?;
                continue;
            }
            if std::mem::replace(&mut has_body, true) {
                return Err(Fault::new(tag.at, words::TWICE));
            }
            if name == "structuredBody" {
                self.sections(2)?;
            } else {
                self.unstructured()?;
            }
        }
        Ok(())
    }

    fn unstructured(&mut self) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            if tag.hl7() == "text" && self.unstructured.is_none() {
                self.unstructured = Some(self.media()?);
            } else {
                self.skip()?;
            }
        }
        Ok(())
    }

    /// Sections of the element that is open; their titles are headings of that level.
    fn sections(&mut self, level: usize) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            if tag.hl7() == "component" {
                self.section_of_component(level)?;
            } else {
                self.skip()?;
            }
        }
        Ok(())
    }

    fn section_of_component(&mut self, level: usize) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            if tag.hl7() == "section" {
                self.section(level)?;
            } else {
                self.skip()?;
            }
        }
        Ok(())
    }

    fn section(&mut self, level: usize) -> Result<(), Fault> {
        let height = self.page.height();
        let id = self.value("ID").filter(|id| super::narrative::is_id(id));
        self.page.open(Element::new("section", Holds::Flow).id(id));
        let (mut has_title, mut label) = (false, None);
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "code" => {
                    label = self.value("displayName");
                    self.skip()?;
                }
                "title" => {
                    let title = self.characters(MAX_TITLE)?;
                    if !title.trim().is_empty() {
                        self.page.line(heading(level), title.trim());
                        has_title = true;
                    }
                }
                "text" => {
                    if let Some(label) = label.take().filter(|_| !has_title) {
                        self.page.line(heading(level), label.trim());
                    }
                    self.narrative()?;
                }
                "entry" => self.entry(None)?,
                "component" => self.section_of_component(level + 1)?,
                _ => self.skip()?,
            }
        }
        self.page.close_to(height);
        Ok(())
    }

    /// Looks for what the narrative may show: `observationMedia`, which a region of interest may stand for.
    fn entry(&mut self, region: Option<&str>) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "observationMedia" => self.observation_media(region)?,
                "regionOfInterest" => {
                    let id = self.value("ID");
                    self.entry(id.as_deref())?;
                }
                _ => self.entry(region)?,
            }
        }
        Ok(())
    }

    fn observation_media(&mut self, region: Option<&str>) -> Result<(), Fault> {
        let names = self.value("ID").into_iter();
        let names: Vec<String> = names.chain(region.map(str::to_owned)).collect();
        let mut names = names.into_iter();
        while let Some(tag) = self.child()? {
            if tag.hl7() == "value" {
                let media = self.media()?;
                self.library.add(names.by_ref(), media);
            } else {
                self.entry(region)?;
            }
        }
        Ok(())
    }

    /// The content of the element that is open (data type ED).
    fn media(&mut self) -> Result<Media, Fault> {
        let media_type = self.value("mediaType");
        let is_compressed = self.walker.attribute("compression").is_some();
        let is_base64 = self
            .value("representation")
            .is_some_and(|representation| representation == "B64");
        let kind = Kind::of(media_type.as_deref(), is_compressed);
        let data = self.characters(usize::MAX)?;
        if kind.form == Form::Text && !is_base64 {
            return Ok(Media::plain(kind, data));
        }
        Ok(Media::new(kind, data))
    }

    /// The characters in the element that is open, of which that many bytes are kept.
    fn characters(&mut self, most: usize) -> Result<String, Fault> {
        let outside = self.walker.depth().saturating_sub(1);
        let mut text = String::new();
        while self.walker.depth() > outside {
            match self.walker.next()? {
                Node::Text(part) if text.len() + part.len() <= most => text.push_str(part),
                Node::Char(c) if text.len() < most => text.push(c),
                _ => {}
            }
        }
        Ok(text)
    }

    /// The next child of the element that is open, None at its end.
    fn child(&mut self) -> Result<Option<Tag<'a>>, Fault> {
        loop {
            match self.walker.next()? {
                Node::Start(tag) => return Ok(Some(tag)),
                Node::End | Node::Done => return Ok(None),
                Node::Text(_) | Node::Char(_) => {}
            }
        }
    }

    /// Passes over the rest of the element that is open.
    fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.walker.depth().saturating_sub(1);
        while self.walker.depth() > outside {
            self.walker.next()?;
        }
        Ok(())
    }
}

fn heading(level: usize) -> Element {
    let name = match level {
        2 => "h2",
        3 => "h3",
        4 => "h4",
        5 => "h5",
        _ => "h6",
    };
    Element::new(name, Holds::Phrase)
}
