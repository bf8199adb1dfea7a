//! What a Consent says: the frame that all of them share; the rest depends on the category.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::coding;
use super::super::datatype::contained::Contained;
use super::super::datatype::urls::ours;
use super::super::document_reference::server_assigned;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::assemble::{Extensions, grant};
use super::provision::read_provision;
use super::{CONSENT_DOCUMENT, LOINC, SCOPE};
use crate::dmp::right::{Category, Declaration};
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

/// What the frame of a Consent may say and the server says itself: told as ignored.
const OURS_TO_SAY: [&str; 6] = [
    "identifier",
    "dateTime",
    "performer",
    "organization",
    "policy",
    "verification",
];

/// Reads a Consent.
///
/// # Errors
/// Every issue at once; the INS first.
pub fn read(consent: &Value, reading: &Reading) -> Result<(Declaration, Vec<Issue>), Error> {
    let consent = Node::root(consent);
    let mut found = Findings::new(reading);
    let mut known = vec![
        "id",
        "meta",
        "text",
        "extension",
        "status",
        "scope",
        "category",
        "patient",
        "provision",
    ];
    known.extend(OURS_TO_SAY);
    found.weigh_all(Weight::Key, consent.only(&known));
    server_assigned(consent, &mut found);
    for element in OURS_TO_SAY {
        if consent.get(element).is_some() {
            found.ignored(consent.path_of(element));
        }
    }
    read_scope(consent, &mut found);
    let category = read_categories(consent, &mut found);
    let mut contained = Contained::of(consent);
    let patient =
        super::super::subject::read(consent, "patient", &mut contained, &mut found, reading);
    let active = read_status(consent, &mut found);
    // Without a category nobody knows what the rest should say.
    let said = category.and_then(|category| {
        let extensions = Extensions::read(consent, category, &mut found);
        let provision = read_provision(consent, category, &mut found, reading)?;
        let grant = grant(category, &provision, extensions, consent, &mut found)?;
        Some((grant, provision.name, provision.until))
    });
    let warnings = found.finish().map_err(|mut issues| {
        issues.sort_by_key(|issue| issue.code != Code::InsInvalid);
        Error::many(issues)
    })?;
    let (Some(patient), Some(active), Some((grant, name, until))) = (patient, active, said) else {
        return Err(Code::Internal.into());
    };
    let declaration = Declaration {
        patient,
        grant,
        name,
        active,
        until,
    };
    Ok((declaration, warnings))
}

/// Tells a right of another category than the profile that is asked for has.
pub fn check_category(declaration: &Declaration, asked: Option<Category>) -> Option<Issue> {
    let asked = asked.filter(|asked| *asked != declaration.grant.category())?;
    let code = asked.code();
    let (fr, en) = (format!("{code} est attendu"), format!("{code} is expected"));
    Some(invalid("Consent.category", &fr, &en))
}

/// Tells a right that would be over when it is declared: it grants nothing.
///
/// # Errors
/// `element-invalid` in strict mode.
pub fn check_end(
    declaration: &Declaration,
    now: Instant,
    reading: &Reading,
) -> Result<Vec<Issue>, Error> {
    let mut found = Findings::new(reading);
    if declaration.active && declaration.until.is_some_and(|until| until <= now) {
        found.tolerate(invalid(
            "Consent.provision.period.end",
            "elle est déjà passée",
            "it is over already",
        ));
    }
    found.finish().map_err(Error::many)
}

pub(super) fn missing(node: Node, element: &str) -> Issue {
    Issue::new(Code::ElementRequired).at(node.path_of(element))
}

fn read_status(consent: Node, found: &mut Findings) -> Option<bool> {
    match consent.get("status").and_then(|node| node.as_str()) {
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        Some(_) => {
            found.refuse(invalid(
                consent.path_of("status"),
                "active ou inactive est attendu",
                "active or inactive is expected",
            ));
            None
        }
        None => {
            found.refuse(missing(consent, "status"));
            None
        }
    }
}

pub(super) fn is(node: Node, (system, code): (&str, &str)) -> bool {
    node.str("system") == Some(system) && node.str("code") == Some(code)
}

/// One fixed meaning: any other value can't be carried.
pub(super) fn fixed(concept: Node, pair: (&str, &str), found: &mut Findings) {
    if !concept.items("coding").any(|coding| is(coding, pair)) {
        found.refuse(concept.issue(Code::UnsupportedElement));
    }
    coding::codes_alone(concept, found);
    for coding in concept.items("coding").filter(|coding| !is(*coding, pair)) {
        found.refuse(coding.issue(Code::UnsupportedElement));
    }
}

fn read_scope(consent: Node, found: &mut Findings) {
    match consent.get("scope") {
        Some(scope) => fixed(scope, SCOPE, found),
        None => found.tolerate(missing(consent, "scope")),
    }
}

/// LOINC's consent document, and one category of ours.
fn read_categories(consent: Node, found: &mut Findings) -> Option<Category> {
    let (mut document, mut named) = (false, None);
    for category in consent.items("category") {
        coding::codes_alone(category, found);
    }
    for coding in consent
        .items("category")
        .flat_map(|category| category.items("coding"))
    {
        let code = coding.str("code").unwrap_or_default();
        match (coding.str("system"), Category::from_code(code)) {
            (Some(LOINC), _) if code == CONSENT_DOCUMENT => document = true,
            (Some(ours::CONSENT_CATEGORY), Some(category))
                if named.is_none_or(|named| named == category) =>
            {
                named = Some(category);
            }
            (Some(ours::CONSENT_CATEGORY), None) => {
                let issue = coding
                    .issue(Code::CodeInvalid)
                    .with("value", code)
                    .with("list", "consent-category");
                found.refuse(issue);
                return None;
            }
            _ => {
                found.refuse(coding.issue(Code::UnsupportedElement));
                return None;
            }
        }
    }
    if named.is_none() {
        found.refuse(missing(consent, "category"));
    } else if !document {
        found.tolerate(missing(consent, "category"));
    }
    named
}
