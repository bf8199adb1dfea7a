//! One thing that is wrong, where it is, and how it is said.

use super::Code;

/// How grave an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Nothing was done.
    Error,
    /// It was done; this should be known.
    Warning,
}

/// One issue of an answer. Never holds an INS, a name or content of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What is wrong.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// FHIRPath of the element; of what is wrong in a CDA document by itself, its XPath.
    pub expression: Option<String>,
    /// XPath in the CDA document that the element holds.
    pub inside: Option<String>,
    /// Place in a CDA document.
    pub position: Option<Position>,
    /// Rule that decided (its id in the rule catalogue).
    pub rule: Option<&'static str>,
    /// Values of the sentence's placeholders.
    pub params: Vec<(&'static str, String)>,
}

/// Line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl Issue {
    /// An error.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            severity: Severity::Error,
            expression: None,
            inside: None,
            position: None,
            rule: None,
            params: Vec::new(),
        }
    }

    /// An issue of a CDA document as one of the element that holds it, a FHIRPath.
    pub fn held_by(self, element: &str) -> Self {
        Self {
            // What is wrong with all of it has no place of its own.
            inside: Some(self.expression.unwrap_or_else(|| "/".to_owned())),
            expression: Some(element.to_owned()),
            ..self
        }
    }

    /// The same issue as a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Names the element, both for the client (`expression`) and in the sentence (`{element}`).
    pub fn at(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.params.push(("element", path.clone()));
        self.expression = Some(path);
        self
    }

    /// Names the place in a CDA document.
    pub fn at_position(mut self, line: u32, column: u32) -> Self {
        self.position = Some(Position { line, column });
        self
    }

    /// Names the rule that decided.
    pub fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Fills one placeholder.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.params.push((name, value.into()));
        self
    }

    /// Fills `{detail}` (French) and `{detail_en}`.
    pub fn detail(self, fr: impl Into<String>, en: impl Into<String>) -> Self {
        self.with("detail", fr).with("detail_en", en)
    }

    /// The French sentence.
    pub fn french(&self) -> String {
        fill(&self.code.row().fr, &self.params)
    }

    /// The English sentence, with line and column for CDA.
    pub fn english(&self) -> String {
        let text = fill(&self.code.row().en, &self.params);
        match self.position {
            Some(Position { line, column }) => format!("{line}:{column} {text}"),
            None => text,
        }
    }
}

fn fill(template: &str, params: &[(&'static str, String)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            break;
        };
        let name = &rest[open + 1..open + close];
        if let Some((_, value)) = params.iter().find(|(known, _)| *known == name) {
            text.push_str(value);
        }
        rest = &rest[open + close + 1..];
    }
    text.push_str(rest);
    text
}
