//! The narrative block (CDA R2 §4.3.5): each of its elements becomes one of a closed list of HTML elements, or its text alone.

use super::Renderer;
use super::page::{Element, Holds, Place};
use crate::translate::cda::fault::Fault;
use crate::translate::cda::walk::{Node, Tag};

/// Longest attribute value that counts here, in bytes.
const MAX_VALUE: usize = 4096;
/// Most objects that one element shows.
const MAX_OBJECTS: usize = 20;

/// Where an object is shown in the page.
#[derive(Debug)]
pub(super) struct Hole {
    /// Byte offset in the page.
    pub at: usize,
    /// Name of the object.
    pub object: String,
    /// True inside a link.
    pub is_in_link: bool,
}

impl Renderer<'_> {
    /// The block whose `text` element is open.
    pub(super) fn narrative(&mut self) -> Result<(), Fault> {
        let outside = self.walker.depth().saturating_sub(1);
        // How many HTML elements were open before each element of the document.
        let mut marks = Vec::new();
        let height = self.page.height();
        let block = self.identified(Element::new("div", Holds::Flow).with("class", "text"));
        self.page.open(block);
        while self.walker.depth() > outside {
            match self.walker.next()? {
                Node::Start(tag) => {
                    let mark = self.narrative_element(tag);
                    marks.push(mark);
                }
                Node::End => {
                    if let Some(mark) = marks.pop() {
                        self.page.close_to(mark);
                    }
                }
                Node::Text(text) => self.page.text(text),
                Node::Char(c) => self.page.text(c.encode_utf8(&mut [0; 4])),
                Node::Done => break,
            }
        }
        self.page.close_to(height);
        Ok(())
    }

    /// Opens what stands for an element; gives how many were open before.
    fn narrative_element(&mut self, tag: Tag<'_>) -> usize {
        match tag.hl7() {
            "paragraph" => self.block(Place::Block, Element::new("p", Holds::Phrase)),
            "list" => {
                let is_ordered = self.value("listType").as_deref() == Some("ordered");
                let name = if is_ordered { "ol" } else { "ul" };
                self.block(Place::Block, Element::new(name, Holds::Items))
            }
            "item" => self.block(Place::List, Element::new("li", Holds::Flow)),
            "caption" => self.caption(),
            "table" => self.block(Place::Block, Element::new("table", Holds::Groups)),
            "thead" => self.block(Place::Table, Element::new("thead", Holds::Rows)),
            "tbody" => self.block(Place::Table, Element::new("tbody", Holds::Rows)),
            "tfoot" => self.block(Place::Table, Element::new("tfoot", Holds::Rows)),
            "tr" => self.block(Place::Group, Element::new("tr", Holds::Cells)),
            "td" => {
                let cell = self.spans(Element::new("td", Holds::Flow));
                self.block(Place::Row, cell)
            }
            "th" => {
                let scope = if self.page.is_in("thead") {
                    "col"
                } else {
                    "row"
                };
                let cell = Element::new("th", Holds::Flow).with("scope", scope);
                let cell = self.spans(cell);
                self.block(Place::Row, cell)
            }
            "content" => self.content(),
            "sub" => self.inline(Element::new("sub", Holds::Inline)),
            "sup" => self.inline(Element::new("sup", Holds::Inline)),
            "footnote" => {
                self.inline(Element::new("small", Holds::Inline).with("class", "footnote"))
            }
            "footnoteRef" => self.footnote_reference(),
            "linkHtml" => self.link(),
            "renderMultiMedia" => self.objects(),
            "br" => {
                let height = self.page.height();
                if matches!(self.page.top(), Holds::Flow | Holds::Phrase | Holds::Inline) {
                    self.page.empty("br");
                }
                height
            }
            _ => {
                // The words around an element that is left out must not run together.
                self.page.text(" ");
                self.page.height()
            }
        }
    }

    /// A structural element with its classes; left out where it makes no sense.
    fn block(&mut self, place: Place, element: Element) -> usize {
        let element = self.classed(element, "");
        let element = self.identified(element);
        if !self.page.make_place(place) {
            self.page.text(" ");
            return self.page.height();
        }
        let height = self.page.height();
        self.page.open(element);
        height
    }

    fn inline(&mut self, element: Element) -> usize {
        let element = self.identified(element);
        self.place_inline(element)
    }

    fn place_inline(&mut self, element: Element) -> usize {
        let placed = self.page.make_place(Place::Line);
        let height = self.page.height();
        if placed {
            self.page.open(element);
        }
        height
    }

    fn caption(&mut self) -> usize {
        match self.page.top() {
            Holds::Groups => self.block(Place::Table, Element::new("caption", Holds::Flow)),
            Holds::Items => {
                let element = self.identified(Element::new("li", Holds::Flow));
                let height = self.page.height();
                self.page.open(element.with("class", "caption"));
                height
            }
            _ => self.inline(Element::new("span", Holds::Inline).with("class", "caption")),
        }
    }

    /// `content`: its styles and its revision.
    fn content(&mut self) -> usize {
        let style = Style::of(self.value("styleCode").as_deref());
        let revised = self.value("revised");
        let names = [
            (revised.as_deref() == Some("delete"), "del"),
            (revised.as_deref() == Some("insert"), "ins"),
            (style.bold, "strong"),
            (style.italics, "em"),
            (style.underline, "u"),
        ];
        let mut names = names.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
        let outer = Element::new(names.next().unwrap_or("span"), Holds::Inline);
        let height = self.inline(outer);
        for name in names {
            self.page.open(Element::new(name, Holds::Inline));
        }
        height
    }

    fn link(&mut self) -> usize {
        let target = self.value("href").and_then(|href| target(&href));
        let element = match target {
            Some(href) if !self.page.is_in("a") => {
                let link = Element::new("a", Holds::Inline).with("href", &href);
                if href.starts_with('#') {
                    link
                } else {
                    link.with("rel", "noopener noreferrer nofollow")
                }
            }
            _ => Element::new("span", Holds::Inline),
        };
        self.inline(element)
    }

    fn footnote_reference(&mut self) -> usize {
        let id = self.value("IDREF").filter(|id| is_id(id));
        let height = self.place_inline(Element::new("sup", Holds::Inline));
        if let Some(id) = id.filter(|_| !self.page.is_in("a")) {
            let link = Element::new("a", Holds::Inline).with("href", &format!("#d-{id}"));
            self.page.line(link, "[note]");
        }
        height
    }

    fn objects(&mut self) -> usize {
        let names = self.value("referencedObject").unwrap_or_default();
        let height = self.inline(Element::new("span", Holds::Inline).with("class", "media"));
        let is_in_link = self.page.is_in("a");
        if !self.page.is_full() {
            for object in names.split_ascii_whitespace().take(MAX_OBJECTS) {
                self.holes.push(Hole {
                    at: self.page.html().len(),
                    object: object.to_owned(),
                    is_in_link,
                });
            }
        }
        height
    }

    /// With `colspan` and `rowspan`; more than these would only cost the browser memory.
    fn spans(&self, element: Element) -> Element {
        let number = |name: &str, most: u16| {
            let number = self.value(name)?.trim().parse::<u16>().ok()?;
            (2..=most).contains(&number).then(|| number.to_string())
        };
        let columns = number("colspan", 100).unwrap_or_default();
        let rows = number("rowspan", 1000).unwrap_or_default();
        element.with("colspan", &columns).with("rowspan", &rows)
    }

    /// With a class for each style that we know.
    fn classed(&self, element: Element, class: &str) -> Element {
        let style = Style::of(self.value("styleCode").as_deref());
        let align = match self.value("align").as_deref() {
            Some("center") => "c",
            Some("right") => "r",
            _ => "",
        };
        let classes: Vec<&str> = [
            class,
            if style.bold { "b" } else { "" },
            if style.italics { "i" } else { "" },
            if style.underline { "u" } else { "" },
            align,
        ]
        .into_iter()
        .filter(|class| !class.is_empty())
        .collect();
        element.with("class", &classes.join(" "))
    }

    fn identified(&self, element: Element) -> Element {
        element.id(self.value("ID").filter(|id| is_id(id)))
    }

    /// An attribute of the element just opened, unless it is out of proportion.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let value = self.walker.attribute(name)?;
        (value.len() <= MAX_VALUE).then(|| value.into_owned())
    }
}

/// The styles of `styleCode` that are kept.
struct Style {
    bold: bool,
    italics: bool,
    underline: bool,
}

impl Style {
    fn of(codes: Option<&str>) -> Self {
        let codes = codes.unwrap_or_default().to_ascii_lowercase();
        let has = |wanted: &[&str]| {
            let mut codes = codes.split_ascii_whitespace();
            codes.any(|code| wanted.contains(&code))
        };
        Self {
            bold: has(&["bold", "bolditalics"]),
            italics: has(&["italics", "emphasis", "bolditalics"]),
            underline: has(&["underline"]),
        }
    }
}

/// Where a link may lead: the web, or a place of the document. Anything else, script above all, is no link.
fn target(href: &str) -> Option<String> {
    let href = href.trim();
    if let Some(id) = href.strip_prefix('#') {
        return is_id(id).then(|| format!("#d-{id}"));
    }
    let is_plain = !href.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        let start = href.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && href.len() > scheme.len()
    });
    (is_plain && is_web).then(|| href.to_owned())
}

/// A name that a fragment can point to as it is.
pub(super) fn is_id(id: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    !id.is_empty() && id.len() <= 256 && id.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_web_or_into_the_document() {
        for (href, kept) in [
            (
                "https://example.org/a?b=c&d",
                Some("https://example.org/a?b=c&d"),
            ),
            (" HTTP://example.org ", Some("HTTP://example.org")),
            ("#part-1", Some("#d-part-1")),
            ("#", None),
            ("# x", None),
            ("javascript:alert(1)", None),
            ("java\tscript:alert(1)", None),
            ("data:text/html,x", None),
            ("//example.org", None),
            ("https://", None),
            ("http:\\\\example.org", None),
            ("file.xml", None),
            ("", None),
        ] {
            assert_eq!(target(href).as_deref(), kept, "{href:?}");
        }
    }
}
