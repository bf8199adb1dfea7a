//! A batch ↔ the requests that it holds. Each is read by itself, so that what is wrong with one leaves the others alone.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::super::document_reference::decode_base64;
use super::super::findings::invalid;
use super::super::{outcome, wire};
use crate::dmp::time::{Instant, Timestamp};
use crate::error::{Code, Error, Issue};

/// Requests of one batch at most.
const MAX_ENTRIES: usize = 20;

/// What a URL may not hold as it is, though clients write it.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The elements of a request that are headers elsewhere.
const HEADERS: [(&str, &str); 4] = [
    ("ifMatch", "if-match"),
    ("ifNoneMatch", "if-none-match"),
    ("ifNoneExist", "if-none-exist"),
    (MODIFIED_SINCE, "if-modified-since"),
];

/// An instant here, a date of HTTP in its header.
const MODIFIED_SINCE: &str = "ifModifiedSince";

const FHIR_JSON: &str = "application/fhir+json";

/// One request of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRequest {
    /// The HTTP method.
    pub method: String,
    /// Path and query below the base, without slash at the start.
    pub target: String,
    /// Its own headers.
    pub headers: Vec<(&'static str, String)>,
    /// Media type and bytes of its body.
    pub body: Option<(String, Vec<u8>)>,
}

/// One answer to a request of a batch.
#[derive(Debug, Clone, Default)]
pub struct BatchAnswer {
    /// `200 OK`
    pub status: String,
    /// Where it is, below the base when it is ours.
    pub location: Option<String>,
    /// Its version.
    pub etag: Option<String>,
    /// When that was made.
    pub modified: Option<Instant>,
    /// A resource, as text.
    pub resource: Option<String>,
    /// An OperationOutcome, as text.
    pub outcome: Option<String>,
}

impl BatchAnswer {
    /// The answer to a request that was not made.
    pub fn refused(status: String, error: &Error) -> Self {
        Self {
            status,
            outcome: Some(outcome::write(&error.issues).to_string()),
            ..Self::default()
        }
    }
}

/// True for a bundle that is a batch.
pub fn is_batch(bundle: &Value) -> bool {
    bundle.get("type").and_then(Value::as_str) == Some("batch")
}

/// Reads a batch sent to the server at `base_url`: each request, or what is wrong with it.
///
/// # Errors
/// `batch-too-long`; what is wrong with the bundle itself.
pub fn read_batch(
    bundle: Value,
    base_url: &str,
) -> Result<Vec<Result<BatchRequest, Error>>, Error> {
    let Value::Object(mut members) = bundle else {
        return Err(wire_error(&bundle));
    };
    let entries = match members.remove("entry") {
        Some(Value::Array(entries)) if !entries.is_empty() => entries,
        None => Vec::new(),
        // The check of the whole says what it should be.
        Some(other) => {
            members.insert("entry".to_owned(), other);
            Vec::new()
        }
    };
    if entries.len() > MAX_ENTRIES {
        return Err(Issue::new(Code::BatchTooLong)
            .at("Bundle.entry")
            .with("most", MAX_ENTRIES.to_string())
            .into());
    }
    let issues = wire::check(&Value::Object(members), "Bundle", "Bundle");
    if !issues.is_empty() {
        return Err(Error::many(issues));
    }
    let read = |(index, entry)| read_entry(entry, index, base_url);
    Ok(entries.into_iter().enumerate().map(read).collect())
}

fn wire_error(bundle: &Value) -> Error {
    Error::many(wire::check(bundle, "Bundle", "Bundle"))
}

fn read_entry(entry: Value, index: usize, base_url: &str) -> Result<BatchRequest, Error> {
    let path = format!("Bundle.entry[{index}]");
    let (resource, request) = split(entry, index)?;
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let method = text("method").unwrap_or_default();
    let target = target(text("url").unwrap_or_default(), method, base_url)
        .map_err(|(fr, en)| invalid(format!("{path}.request.url"), fr, en))?;
    let headers = HEADERS
        .iter()
        .filter_map(|(element, header)| {
            let told = text(element)?;
            let value = match *element {
                MODIFIED_SINCE => http_date(told)?,
                _ => told.to_owned(),
            };
            Some((*header, value))
        })
        .collect();
    let resource_path = format!("{path}.resource");
    let body = match (resource, method) {
        (Some(_), "GET" | "HEAD" | "DELETE") => {
            return Err(Issue::new(Code::UnsupportedElement)
                .at(resource_path)
                .into());
        }
        (Some(resource), "PATCH") if is_binary(&resource) => {
            Some(in_binary(&resource, &resource_path)?)
        }
        (Some(resource), _) => Some((FHIR_JSON.to_owned(), resource.to_string().into_bytes())),
        (None, _) => None,
    };
    Ok(BatchRequest {
        method: method.to_owned(),
        target,
        headers,
        body,
    })
}

/// An instant to its second, as HTTP writes it.
fn http_date(instant: &str) -> Option<String> {
    let at: Instant = instant.parse().ok()?;
    Some(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// The resource of an entry, which its own request judges, and the request.
fn split(mut entry: Value, index: usize) -> Result<(Option<Value>, Map<String, Value>), Error> {
    let resource = entry
        .as_object_mut()
        .and_then(|members| members.remove("resource"));
    let path = format!("Bundle.entry[{index}]");
    let missing = || Issue::new(Code::ElementRequired).at(format!("{path}.request"));
    if entry
        .as_object()
        .is_some_and(|members| !members.contains_key("request"))
    {
        return Err(missing().into());
    }
    let mut shell = json!({"resourceType": "Bundle", "type": "batch", "entry": [entry]});
    let issues = wire::check(&shell, "Bundle", "Bundle");
    if !issues.is_empty() {
        let placed = issues.into_iter().map(|issue| placed(issue, &path));
        return Err(Error::many(placed.collect()));
    }
    match shell["entry"][0]["request"].take() {
        Value::Object(request) => Ok((resource, request)),
        _ => Err(missing().into()),
    }
}

/// An issue of an entry that was looked at alone, at the place that it has.
fn placed(mut issue: Issue, path: &str) -> Issue {
    const ALONE: &str = "Bundle.entry[0]";
    let elsewhere = |text: &mut String| {
        if let Some(rest) = text.strip_prefix(ALONE) {
            *text = format!("{path}{rest}");
        }
    };
    issue.expression.iter_mut().for_each(elsewhere);
    let params = issue.params.iter_mut();
    params
        .filter(|(name, _)| *name == "element")
        .for_each(|(_, value)| elsewhere(value));
    issue
}

/// What a URL names below the base; French and English words when it names nothing here.
fn target(url: &str, method: &str, base_url: &str) -> Result<String, (&'static str, &'static str)> {
    const ELSEWHERE: (&str, &str) = (
        "seules les adresses de ce serveur sont servies",
        "only addresses of this server are served",
    );
    let below = url
        .strip_prefix(base_url)
        .filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let below = match below {
        Some(below) => below,
        None => {
            let head = url.split(['/', '?']).next().unwrap_or_default();
            if head.contains(':') || url.starts_with("//") {
                return Err(ELSEWHERE);
            }
            url
        }
    };
    if below.contains('#') {
        return Err(("un fragment n'est pas admis", "a fragment is not allowed"));
    }
    let below = below.strip_prefix('/').unwrap_or(below);
    let path = below.split('?').next().unwrap_or_default();
    if method == "POST" && path.trim_matches('/').is_empty() {
        return Err((
            "un lot ne contient ni lot ni transaction",
            "a batch holds no batch and no transaction",
        ));
    }
    Ok(utf8_percent_encode(below, ESCAPED).to_string())
}

fn is_binary(resource: &Value) -> bool {
    resource.get("resourceType").and_then(Value::as_str) == Some("Binary")
}

/// A patch that is no resource comes as bytes, with its media type.
fn in_binary(resource: &Value, path: &str) -> Result<(String, Vec<u8>), Error> {
    let issues = wire::check(resource, "Binary", path);
    if !issues.is_empty() {
        return Err(Error::many(issues));
    }
    let text = |name: &str| resource.get(name).and_then(Value::as_str);
    let missing = |name: &str| Issue::new(Code::ElementRequired).at(format!("{path}.{name}"));
    let media = text("contentType").ok_or_else(|| missing("contentType"))?;
    let data = text("data").ok_or_else(|| missing("data"))?;
    let bytes = decode_base64(data).ok_or_else(|| {
        invalid(
            format!("{path}.data"),
            "base64 illisible",
            "it is not readable base64",
        )
    })?;
    Ok((media.to_owned(), bytes))
}

/// The batch-response under writing: an entry for each request, in their order.
#[derive(Debug)]
pub struct BatchResponse {
    text: String,
    separator: &'static str,
}

impl Default for BatchResponse {
    fn default() -> Self {
        Self {
            text: r#"{"resourceType":"Bundle","type":"batch-response""#.to_owned(),
            separator: r#","entry":["#,
        }
    }
}

impl BatchResponse {
    /// How many bytes it has by now.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Adds an answer.
    pub fn add(&mut self, answer: &BatchAnswer) {
        self.text.push_str(self.separator);
        self.separator = ",";
        self.text.push('{');
        if let Some(resource) = &answer.resource {
            let _ = write!(self.text, r#""resource":{resource},"#);
        }
        let modified = answer
            .modified
            .map(|at| Timestamp::from_instant(at).to_fhir());
        let members = [
            ("status", Some(answer.status.clone())),
            ("location", answer.location.clone()),
            ("etag", answer.etag.clone()),
            ("lastModified", modified),
        ];
        let known = members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
        let response = Value::Object(known.collect()).to_string();
        let _ = match &answer.outcome {
            None => write!(self.text, r#""response":{response}}}"#),
            Some(outcome) => {
                let open = response.strip_suffix('}').unwrap_or(&response);
                write!(self.text, r#""response":{open},"outcome":{outcome}}}}}"#)
            }
        };
    }

    /// The Bundle.
    pub fn finish(mut self) -> String {
        if self.separator == "," {
            self.text.push(']');
        }
        self.text.push('}');
        self.text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    const BASE: &str = "https://h/fhir";

    fn read(entry: Value) -> Result<BatchRequest, Error> {
        let first = json!({"request": {"method": "GET", "url": "metadata"}});
        let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [first, entry]});
        let mut all = read_batch(bundle, BASE).expect("a batch");
        all.pop().expect("two entries")
    }

    fn get(url: &str) -> Result<String, Error> {
        let entry = json!({"request": {"method": "GET", "url": url}});
        read(entry).map(|request| request.target)
    }

    #[test]
    fn addresses_are_ours_or_refused() {
        for (url, target) in [
            ("Binary/1", "Binary/1"),
            ("/Binary/1", "Binary/1"),
            ("https://h/fhir/Binary/1", "Binary/1"),
            ("https://h/fhir?_id=1", "?_id=1"),
            ("List?code=a:b|c", "List?code=a:b%7Cc"),
            ("List?title=%C3%A9té", "List?title=%C3%A9t%C3%A9"),
        ] {
            assert_eq!(get(url).expect(url), target);
        }
        for url in [
            "https://h/fhirs/Binary/1",
            "https://h:8443/fhir/Binary/1",
            "https://other/fhir/Binary/1",
            "//other/Binary/1",
            "urn:uuid:1",
            "Binary/1#x",
        ] {
            let error = get(url).expect_err(url);
            assert_eq!(error.code(), Code::ElementInvalid);
            let place = error
                .issues
                .first()
                .and_then(|issue| issue.expression.clone());
            assert_eq!(place.as_deref(), Some("Bundle.entry[1].request.url"));
        }
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_told_at_its_place() {
        let entries = [
            (json!({"fullUrl": "urn:uuid:1"}), "Bundle.entry[1].request"),
            (
                json!({"request": {"url": "List"}}),
                "Bundle.entry[1].request.method",
            ),
            (
                json!({"request": {"method": "SHOW", "url": "List"}}),
                "Bundle.entry[1].request.method",
            ),
            (
                json!({"request": {"method": "GET", "url": "List"}, "resource": {"resourceType": "List"}}),
                "Bundle.entry[1].resource",
            ),
            (
                json!({"request": {"method": "PATCH", "url": "DocumentReference/1"},
                    "resource": {"resourceType": "Binary", "contentType": "application/json-patch+json"}}),
                "Bundle.entry[1].resource.data",
            ),
            (
                json!({"request": {"method": "POST", "url": "/"}}),
                "Bundle.entry[1].request.url",
            ),
            (json!([]), "Bundle.entry[1]"),
        ];
        for (entry, place) in entries {
            let error = read(entry.clone()).expect_err("wrong");
            let told = error
                .issues
                .first()
                .and_then(|issue| issue.expression.clone());
            assert_eq!(told.as_deref(), Some(place), "{entry}");
            let sentence = error.issues.first().map(Issue::english).unwrap_or_default();
            assert!(!sentence.contains("entry[0]"), "{sentence}");
        }
    }

    #[test]
    fn a_batch_is_bounded_and_may_be_empty() {
        let entry = json!({"request": {"method": "GET", "url": "List"}});
        let bundle = |entries: Vec<Value>| json!({"resourceType": "Bundle", "type": "batch", "entry": entries});
        let most = read_batch(bundle(vec![entry.clone(); MAX_ENTRIES]), BASE);
        assert_eq!(most.expect("a batch").len(), MAX_ENTRIES);
        let more = read_batch(bundle(vec![entry; MAX_ENTRIES + 1]), BASE);
        assert_eq!(more.expect_err("too many").code(), Code::BatchTooLong);
        let none = read_batch(json!({"resourceType": "Bundle", "type": "batch"}), BASE);
        assert!(none.expect("a batch").is_empty());
        assert_eq!(
            BatchResponse::default().finish(),
            r#"{"resourceType":"Bundle","type":"batch-response"}"#
        );
        assert!(read_batch(bundle(Vec::new()), BASE).is_err());
        let odd = json!({"resourceType": "Bundle", "type": "batch", "entry": {}, "couleur": 1});
        assert!(read_batch(odd, BASE).is_err());
    }
}
