//! FHIR documents inside a body: each is put as the text that it is into a Binary, so that what it holds is neither judged nor changed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Format;
use crate::dmp::document::{FHIR_DOCUMENT, FHIR_DOCUMENT_XML};

/// The member that holds a document's XML text; no XML name is empty.
const TEXT: &str = "";

/// What the reading of XML leaves in the place of a document.
pub(super) fn marked(text: String) -> Value {
    let mut members = Map::new();
    members.insert("resourceType".into(), json!("Bundle"));
    members.insert(TEXT.into(), json!(text));
    Value::Object(members)
}

/// Puts a Binary that holds its text in place of each Bundle: `holders` leads from a body to the holders of resources. A document in
/// an entry of JSON keeps its members, their order and its numbers; white space between them is gone.
pub fn in_binaries(body: &mut Value, holders: &str, format: Format) {
    let holders = body.get_mut(holders).and_then(Value::as_array_mut);
    for holder in holders.into_iter().flatten() {
        let Some(resource) = holder.get_mut("resource") else {
            continue;
        };
        if resource.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
            continue;
        }
        let (media_type, data) = match (format, resource.get(TEXT)) {
            (Format::Xml, Some(Value::String(text))) => (FHIR_DOCUMENT_XML, STANDARD.encode(text)),
            (Format::Xml, _) => continue,
            (Format::Json, _) => (FHIR_DOCUMENT, STANDARD.encode(resource.to_string())),
        };
        let mut binary = Map::new();
        binary.insert("resourceType".into(), json!("Binary"));
        binary.insert("contentType".into(), json!(media_type));
        binary.insert("data".into(), json!(data));
        *resource = Value::Object(binary);
        if let Some(Value::String(url)) = holder.pointer_mut("/request/url")
            && url.as_str() == "Bundle"
        {
            *url = "Binary".to_owned();
        }
    }
}
