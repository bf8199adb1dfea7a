//! An XML element on its way out: escaped, indented where no text is.

use super::super::escape::escaped;

/// An element of the document, its children in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    content: Vec<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Element(Element),
    Text(String),
}

impl Element {
    /// An empty element.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            content: Vec::new(),
        }
    }

    /// With one more attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With one more attribute, when there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With one more child.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.content.push(Content::Element(child));
        self
    }

    /// With these children too.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        let children = children.into_iter().map(Content::Element);
        self.content.extend(children);
        self
    }

    /// With text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.content.push(Content::Text(text.into()));
        self
    }

    /// As a whole XML document.
    pub fn document(&self) -> String {
        let mut out = String::with_capacity(8 * 1024 + self.text_len() * 9 / 8);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut out, Some(0));
        out.push('\n');
        out
    }

    fn text_len(&self) -> usize {
        let content = self.content.iter();
        let lengths = content.map(|content| match content {
            Content::Element(element) => element.text_len(),
            Content::Text(text) => text.len(),
        });
        lengths.sum()
    }

    /// `depth`: how far to indent; None within text, where white space counts.
    fn write(&self, out: &mut String, depth: Option<usize>) {
        out.push('<');
        out.push_str(self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            attribute(out, value);
            out.push('"');
        }
        if self.content.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        let is_mixed = self.content.iter().any(|c| matches!(c, Content::Text(_)));
        let inner = depth.filter(|_| !is_mixed).map(|depth| depth + 1);
        for content in &self.content {
            match content {
                Content::Element(element) => {
                    indent(out, inner);
                    element.write(out, inner);
                }
                Content::Text(text) => out.push_str(&escaped(text)),
            }
        }
        indent(out, inner.and(depth));
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

/// A value that reads back as it is: XML makes a blank of a line end that is not written as a reference.
fn attribute(out: &mut String, value: &str) {
    let is_blank = |c: char| matches!(c, '\t' | '\n' | '\r');
    for piece in value.split_inclusive(is_blank) {
        let text = piece.trim_end_matches(is_blank);
        out.push_str(&escaped(text));
        out.push_str(match piece.get(text.len()..) {
            Some("\t") => "&#9;",
            Some("\n") => "&#10;",
            Some("\r") => "&#13;",
            _ => "",
        });
    }
}

fn indent(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}
