//! `_summary` and `_elements`: what an answer shows of each resource. What is left out is told by the tag SUBSETTED; mandatory elements
//! stay, and so do contained resources that something refers to.

use serde_json::{Map, Value, json};

use super::super::wire;

/// What is shown of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Show {
    /// All of it.
    #[default]
    Whole,
    /// The number of matches alone.
    Count,
    /// The elements that R4 marks as summary.
    Summary,
    /// The narrative.
    Text,
    /// All but the narrative.
    Data,
    /// These elements of the matches.
    Elements(Vec<String>),
}

/// Elements that R4 (4.0.1) marks as summary, beside `id`, `meta` and `implicitRules`.
const SUMMARY: [(&str, &[&str]); 5] = [
    (
        "DocumentReference",
        &[
            "masterIdentifier",
            "identifier",
            "status",
            "docStatus",
            "type",
            "category",
            "subject",
            "date",
            "author",
            "relatesTo",
            "description",
            "securityLabel",
            "content",
            "context",
        ],
    ),
    (
        "List",
        &[
            "status", "mode", "title", "code", "subject", "date", "source",
        ],
    ),
    (
        "Patient",
        &[
            "identifier",
            "active",
            "name",
            "telecom",
            "gender",
            "birthDate",
            "deceasedBoolean",
            "deceasedDateTime",
            "address",
            "managingOrganization",
            "link",
        ],
    ),
    (
        "Consent",
        &[
            "identifier",
            "status",
            "scope",
            "category",
            "patient",
            "dateTime",
            "performer",
            "organization",
            "sourceAttachment",
            "sourceReference",
            "policyRule",
            "verification",
            "provision",
        ],
    ),
    (
        "AuditEvent",
        &[
            "type",
            "subtype",
            "action",
            "recorded",
            "outcome",
            "outcomeDesc",
            "purposeOfEvent",
        ],
    ),
];

/// What is always there.
const ALWAYS: [&str; 5] = [
    "resourceType",
    "id",
    "meta",
    "implicitRules",
    "modifierExtension",
];

/// True for a name that `_elements` may hold.
pub(super) fn is_element(kind: &str, name: &str) -> bool {
    wire::elements(kind).any(|(element, _)| element == name)
}

/// The resource as it is shown; None for all of it. `is_match` is false for what an include brought.
pub fn subset(text: &str, show: &Show, is_match: bool) -> Option<String> {
    if *show == Show::Whole || (!is_match && matches!(show, Show::Elements(_))) {
        return None;
    }
    let Ok(Value::Object(resource)) = serde_json::from_str(text) else {
        return None;
    };
    let kind = resource.get("resourceType").and_then(Value::as_str);
    let kind = kind.unwrap_or_default().to_owned();
    let summary = SUMMARY.iter().find(|(of, _)| *of == kind);
    let summary = summary.map_or(&[] as &[&str], |(_, elements)| elements);
    let mandatory =
        |name: &str| wire::elements(&kind).any(|(element, required)| required && element == name);
    let wanted = |name: &str| match show {
        Show::Whole | Show::Count => true,
        Show::Summary => summary.contains(&name),
        Show::Text => name == "text",
        Show::Data => name != "text",
        Show::Elements(these) => these.iter().any(|one| one == name),
    };
    let everything = wanted("contained");
    let (contained, mut kept): (Map<String, Value>, Map<String, Value>) = resource
        .into_iter()
        .filter(|(name, _)| {
            // `_name` goes with `name`.
            let element = name.strip_prefix('_').unwrap_or(name);
            name == "contained"
                || ALWAYS.contains(&element)
                || mandatory(element)
                || wanted(element)
        })
        .partition(|(name, _)| name == "contained");
    if let Some((name, Value::Array(all))) = contained.into_iter().next() {
        let all = match everything {
            true => all,
            false => referred(all, &kept),
        };
        if !all.is_empty() {
            kept.insert(name, all.into());
        }
    }
    tag(&mut kept);
    let order: Vec<_> = wire::elements(&kind).map(|(name, _)| name).collect();
    let place = |name: &str| order.iter().position(|known| *known == name);
    let mut members: Vec<_> = kept.into_iter().collect();
    members.sort_by_key(|(name, _)| place(name.strip_prefix('_').unwrap_or(name)));
    Some(Value::Object(members.into_iter().collect()).to_string())
}

/// Contained resources that the rest, or one of them, refers to.
fn referred(mut all: Vec<Value>, kept: &Map<String, Value>) -> Vec<Value> {
    let mut texts = vec![Value::Object(kept.clone()).to_string()];
    let mut found = Vec::new();
    while let Some(text) = texts.pop() {
        let named = |one: &Value| {
            let id = one["id"].as_str().unwrap_or_default();
            text.contains(&json!({"reference": format!("#{id}")}).to_string()[1..])
                || text.contains(&format!("\"reference\":\"#{id}\""))
        };
        let (now, rest) = all.into_iter().partition::<Vec<_>, _>(named);
        all = rest;
        texts.extend(now.iter().map(Value::to_string));
        found.extend(now);
    }
    found
}

fn tag(resource: &mut Map<String, Value>) {
    let meta = resource
        .entry("meta")
        .or_insert_with(|| Value::Object(Map::new()));
    let Some(meta) = meta.as_object_mut() else {
        return;
    };
    let tags = meta.entry("tag").or_insert_with(|| json!([]));
    if let Some(tags) = tags.as_array_mut() {
        tags.push(json!({
            "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
            "code": "SUBSETTED",
        }));
    }
}
