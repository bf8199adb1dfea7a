//! A page of results as a searchset, written around the stored resource texts: nothing is parsed again.

use std::fmt::Write as _;

use uuid::Uuid;

use super::outcome;
use crate::error::Issue;

/// What stands before the entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Page<'a> {
    /// How many match that the caller may know of, all pages together.
    pub total: u64,
    /// The search as it was understood, absolute.
    pub self_link: &'a str,
    /// The next page, absolute.
    pub next: Option<&'a str>,
    /// The first page, absolute, when there are several.
    pub first: Option<&'a str>,
    /// The page before, absolute.
    pub previous: Option<&'a str>,
    /// What should be known, as one OperationOutcome at the end.
    pub warnings: &'a [Issue],
}

/// One resource.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its absolute URL.
    pub full_url: &'a str,
    /// The resource, as text.
    pub resource: &'a str,
    /// It came with the matches.
    pub included: bool,
}

/// Writes the Bundle.
pub fn write<'a>(page: &Page, entries: impl IntoIterator<Item = Entry<'a>>) -> String {
    let mut text = String::with_capacity(4096);
    let _ = write!(
        text,
        r#"{{"resourceType":"Bundle","type":"searchset","total":{},"link":["#,
        page.total
    );
    link(&mut text, "self", page.self_link);
    for (relation, url) in [
        ("next", page.next),
        ("first", page.first),
        ("previous", page.previous),
    ] {
        if let Some(url) = url {
            text.push(',');
            link(&mut text, relation, url);
        }
    }
    text.push(']');
    let mut separator = r#","entry":["#;
    let mut push = |full_url: &str, resource: &str, mode: &str| {
        text.push_str(separator);
        separator = ",";
        text.push_str(r#"{"fullUrl":"#);
        quoted(&mut text, full_url);
        let _ = write!(
            text,
            r#","resource":{resource},"search":{{"mode":"{mode}"}}}}"#
        );
    };
    for entry in entries {
        let mode = if entry.included { "include" } else { "match" };
        push(entry.full_url, entry.resource, mode);
    }
    if !page.warnings.is_empty() {
        let url = Uuid::new_v4().urn().to_string();
        push(&url, &outcome::write(page.warnings).to_string(), "outcome");
    }
    if separator == "," {
        text.push(']');
    }
    text.push('}');
    text
}

pub(super) fn link(text: &mut String, relation: &str, url: &str) {
    let _ = write!(text, r#"{{"relation":"{relation}","url":"#);
    quoted(text, url);
    text.push('}');
}

/// Appends a JSON string.
pub(super) fn quoted(text: &mut String, value: &str) {
    match serde_json::to_string(value) {
        Ok(json) => text.push_str(&json),
        Err(_) => text.push_str("\"\""),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use serde_json::{Value, json};

    use super::*;
    use crate::error::Code;

    #[test]
    fn a_page_is_a_bundle() {
        let page = Page {
            total: 7,
            self_link: "https://h/fhir/List?a=\"b\"",
            next: Some("https://h/fhir/List?_page=1"),
            first: None,
            previous: Some("https://h/fhir/List?_page=0"),
            warnings: &[Issue::new(Code::StatusDefaulted).warning()],
        };
        let entries = [Entry {
            full_url: "https://h/fhir/List/1",
            resource: r#"{"resourceType":"List"}"#,
            included: false,
        }];
        let bundle: Value = serde_json::from_str(&write(&page, entries)).expect("json");
        let outcome = &bundle["entry"][1]["resource"];
        assert_eq!(outcome["issue"][0]["severity"], "warning");
        let url = &bundle["entry"][1]["fullUrl"];
        assert!(url.as_str().is_some_and(|url| url.starts_with("urn:uuid:")));
        assert_eq!(
            bundle,
            json!({"resourceType": "Bundle", "type": "searchset", "total": 7,
            "link": [{"relation": "self", "url": "https://h/fhir/List?a=\"b\""}, {"relation": "next", "url": "https://h/fhir/List?_page=1"},
                {"relation": "previous", "url": "https://h/fhir/List?_page=0"}],
            "entry": [
                {"fullUrl": "https://h/fhir/List/1", "resource": {"resourceType": "List"}, "search": {"mode": "match"}},
                {"fullUrl": url, "resource": outcome, "search": {"mode": "outcome"}},
            ]})
        );
    }

    #[test]
    fn nothing_found_is_a_bundle_without_entry() {
        let page = Page {
            total: 0,
            self_link: "x",
            ..Page::default()
        };
        let bundle: Value = serde_json::from_str(&write(&page, [])).expect("json");
        assert!(bundle.get("entry").is_none());
        assert_eq!(bundle["total"], 0);
    }
}
