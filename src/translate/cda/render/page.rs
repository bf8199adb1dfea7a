//! The HTML being written: always well-formed, nested as HTML allows, of a bounded size.

use std::collections::HashSet;

use super::super::escape::{escape, escaped};

/// What an element may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Blocks and text.
    Flow,
    /// Text and inline elements: a `p`.
    Phrase,
    /// What its parent may hold.
    Inline,
    /// A `table`.
    Groups,
    /// `thead`, `tbody`, `tfoot`.
    Rows,
    /// A `tr`.
    Cells,
    /// `ul`, `ol`.
    Items,
}

/// Where an element may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among blocks.
    Block,
    /// In a line.
    Line,
    /// In a `table`.
    Table,
    /// In a group of rows.
    Group,
    /// In a row.
    Row,
    /// In a list.
    List,
}

/// An element of the closed list, and its attributes.
#[derive(Debug, Clone)]
pub(super) struct Element {
    name: &'static str,
    holds: Holds,
    attributes: String,
    id: Option<String>,
}

impl Element {
    pub(super) fn new(name: &'static str, holds: Holds) -> Self {
        Self {
            name,
            holds,
            attributes: String::new(),
            id: None,
        }
    }

    /// With one more attribute.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.attributes
                .push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
        self
    }

    /// With the id that the document gives it, if it is the first to have it.
    pub(super) fn id(mut self, id: Option<String>) -> Self {
        self.id = id;
        self
    }
}

#[derive(Debug)]
struct Open {
    element: Element,
    /// Put in because HTML wants it there, not because the document has it.
    is_implied: bool,
}

/// The body of the page.
#[derive(Debug)]
pub(super) struct Page {
    html: String,
    open: Vec<Open>,
    ids: HashSet<String>,
    limit: usize,
    is_full: bool,
}

impl Page {
    /// A page of at most that many bytes, but for what closes the open elements.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            html: String::new(),
            open: Vec::new(),
            ids: HashSet::new(),
            limit,
            is_full: false,
        }
    }

    /// What is written.
    pub(super) fn html(&self) -> &str {
        &self.html
    }

    /// True when something did not fit.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// How many elements are open; what [`Page::close_to`] takes.
    pub(super) fn height(&self) -> usize {
        self.open.len()
    }

    /// True inside an element of that name.
    pub(super) fn is_in(&self, name: &str) -> bool {
        self.open.iter().any(|one| one.element.name == name)
    }

    /// What the innermost element may hold.
    pub(super) fn top(&self) -> Holds {
        self.open
            .last()
            .map_or(Holds::Flow, |one| one.element.holds)
    }

    /// Opens an element.
    pub(super) fn open(&mut self, element: Element) {
        self.push(element, false);
    }

    /// Writes an element without content.
    pub(super) fn empty(&mut self, name: &'static str) {
        if self.fits(name.len() + 3) {
            self.html.push_str(&format!("<{name}/>"));
        }
    }

    /// Closes elements until that many are open.
    pub(super) fn close_to(&mut self, height: usize) {
        while self.open.len() > height {
            let Some(last) = self.open.pop() else { return };
            self.html.push_str(&format!("</{}>", last.element.name));
        }
    }

    /// Writes text; blanks between the parts of a table or list are nothing.
    pub(super) fn text(&mut self, text: &str) {
        let is_structure = matches!(
            self.top(),
            Holds::Groups | Holds::Rows | Holds::Cells | Holds::Items
        );
        if is_structure && text.trim().is_empty() {
            return;
        }
        if !self.is_full && self.make_place(Place::Line) {
            self.is_full |= !escape(&mut self.html, text, self.limit);
        }
    }

    /// A short text of ours in an element of its own.
    pub(super) fn line(&mut self, element: Element, text: &str) {
        let height = self.height();
        self.open(element);
        self.text(text);
        self.close_to(height);
    }

    /// Makes an element of that place possible here: closes what was implied, implies what is missing. False when nothing helps.
    pub(super) fn make_place(&mut self, place: Place) -> bool {
        while !self.is_full {
            let implied = match (self.top(), place) {
                (Holds::Flow | Holds::Phrase | Holds::Inline, Place::Line)
                | (Holds::Flow, Place::Block)
                | (Holds::Groups, Place::Table)
                | (Holds::Rows, Place::Group)
                | (Holds::Cells, Place::Row)
                | (Holds::Items, Place::List) => return true,
                (Holds::Phrase | Holds::Inline, Place::Block) => {
                    self.split_paragraph();
                    return true;
                }
                (Holds::Groups, Place::Group | Place::Row | Place::Line | Place::Block) => {
                    Element::new("tbody", Holds::Rows)
                }
                (Holds::Rows, Place::Row | Place::Line | Place::Block) => {
                    Element::new("tr", Holds::Cells)
                }
                (Holds::Cells, Place::Line | Place::Block) => Element::new("td", Holds::Flow),
                (Holds::Items, Place::Line | Place::Block) => Element::new("li", Holds::Flow),
                _ if self.open.last().is_some_and(|one| one.is_implied) => {
                    self.close_to(self.height().saturating_sub(1));
                    continue;
                }
                _ => return false,
            };
            self.push(implied, true);
        }
        false
    }

    /// A block in a `p` ends it for every browser: the paragraph goes on as a `div`.
    fn split_paragraph(&mut self) {
        let inline = |one: &&Open| one.element.holds == Holds::Inline;
        let inlines = self.open.iter().rev().take_while(inline).count();
        let Some(at) = self.open.len().checked_sub(inlines + 1) else {
            return;
        };
        match self.open.get_mut(at) {
            Some(one) if one.element.holds == Holds::Phrase => {}
            _ => return,
        }
        let mut again = self.open.split_off(at);
        for one in again.iter().rev() {
            self.html.push_str(&format!("</{}>", one.element.name));
        }
        if let Some(paragraph) = again.first_mut() {
            paragraph.element.name = "div";
            paragraph.element.holds = Holds::Flow;
        }
        for one in again {
            // Nothing is lost when it does not fit: the page is full and says so.
            self.push(one.element, one.is_implied);
        }
    }

    fn push(&mut self, mut element: Element, is_implied: bool) {
        let new = element.id.take().filter(|id| !self.ids.contains(id));
        let id = new.as_deref().map(escaped).unwrap_or_default();
        let Element {
            name, attributes, ..
        } = &element;
        if !self.fits(2 * name.len() + attributes.len() + id.len() + 15) {
            return;
        }
        self.html.push_str(&format!("<{name}{attributes}"));
        if let Some(new) = new {
            self.html.push_str(&format!(" id=\"d-{id}\""));
            self.ids.insert(new);
        }
        self.html.push('>');
        self.open.push(Open {
            element,
            is_implied,
        });
    }

    fn fits(&mut self, bytes: usize) -> bool {
        self.is_full |= self.html.len() + bytes > self.limit;
        !self.is_full
    }
}
