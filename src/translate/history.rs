//! A page of the versions of one resource as a Bundle of type history (FHIR R4 http §2.21.0.16), around texts that are ready.

use std::fmt::Write as _;

use serde_json::json;

use super::searchset::{link, quoted};
use crate::dmp::time::{Instant, Timestamp};

/// What stands before the entries.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// How many versions the caller may know of, all pages together.
    pub total: u64,
    /// The request as it was understood, absolute.
    pub self_link: &'a str,
    /// The next page, absolute.
    pub next: Option<&'a str>,
}

/// Which resource it is the history of.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// Its absolute URL.
    pub full_url: &'a str,
    /// `DocumentReference/id`.
    pub reference: &'a str,
    /// How its versions were made, but the first: `PATCH` or `PUT`.
    pub changed_by: &'static str,
}

/// One version.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// When it was made.
    pub updated: Instant,
    /// The resource as it was, as text.
    pub resource: String,
}

/// Writes the Bundle.
pub fn write(whose: &Whose, page: &Page, versions: &[Version]) -> String {
    let mut text = String::with_capacity(4096);
    let _ = write!(
        text,
        r#"{{"resourceType":"Bundle","type":"history","total":{},"link":["#,
        page.total
    );
    link(&mut text, "self", page.self_link);
    if let Some(next) = page.next {
        text.push(',');
        link(&mut text, "next", next);
    }
    text.push(']');
    let mut separator = r#","entry":["#;
    for version in versions {
        text.push_str(separator);
        separator = ",";
        text.push_str(r#"{"fullUrl":"#);
        quoted(&mut text, whose.full_url);
        let (request, response) = made(whose, version);
        let resource = &version.resource;
        let _ = write!(
            text,
            r#","resource":{resource},"request":{request},"response":{response}}}"#
        );
    }
    if separator == "," {
        text.push(']');
    }
    text.push('}');
    text
}

/// What made a version, and how it was answered.
fn made(whose: &Whose, version: &Version) -> (serde_json::Value, serde_json::Value) {
    let kind = whose.reference.split('/').next().unwrap_or_default();
    let (method, url, status) = match version.number {
        1 => ("POST", kind, "201 Created"),
        _ => (whose.changed_by, whose.reference, "200 OK"),
    };
    let response = json!({
        "status": status,
        "etag": format!("W/\"{}\"", version.number),
        "lastModified": Timestamp::from_instant(version.updated).to_fhir(),
    });
    (json!({"method": method, "url": url}), response)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use serde_json::Value;

    use super::*;
    use crate::translate::wire;

    #[test]
    fn the_first_version_was_posted_and_the_others_are_changes() {
        let whose = Whose {
            full_url: "https://h/fhir/List/7",
            reference: "List/7",
            changed_by: "PUT",
        };
        let page = Page {
            total: 5,
            self_link: "https://h/fhir/List/7/_history?_count=2",
            next: Some("https://h/fhir/List/7/_history?_count=2&_page=1"),
        };
        let version = |number| Version {
            number,
            updated: Instant::UNIX_EPOCH,
            resource: r#"{"resourceType":"List","status":"current","mode":"working"}"#.to_owned(),
        };
        let text = write(&whose, &page, &[version(2), version(1)]);
        let bundle: Value = serde_json::from_str(&text).expect("json");
        assert_eq!(wire::check(&bundle, "Bundle", "Bundle"), []);
        let requests = [0, 1].map(|index| &bundle["entry"][index]["request"]);
        assert_eq!(
            requests,
            [
                &json!({"method": "PUT", "url": "List/7"}),
                &json!({"method": "POST", "url": "List"})
            ]
        );
        assert_eq!(bundle["entry"][1]["response"]["status"], "201 Created");
        let none: Value = serde_json::from_str(&write(&whose, &page, &[])).expect("json");
        assert!(none.get("entry").is_none());
    }
}
