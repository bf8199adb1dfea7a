//! What holds for every element of the header: order, null flavours, codes, ids, times, names.

use super::tree::Tree;
use super::{Finding, Findings};
use crate::dmp::id::{UniqueId, is_oid};

/// The children of `ClinicalDocument` in the order of the schema.
const ORDER: [&str; 26] = [
    "realmCode",
    "typeId",
    "templateId",
    "id",
    "code",
    "title",
    "effectiveTime",
    "confidentialityCode",
    "languageCode",
    "setId",
    "versionNumber",
    "copyTime",
    "recordTarget",
    "author",
    "dataEnterer",
    "informant",
    "custodian",
    "informationRecipient",
    "legalAuthenticator",
    "authenticator",
    "participant",
    "inFulfillmentOf",
    "documentationOf",
    "relatedDocument",
    "authorization",
    "componentOf",
];
/// Coded elements whose system the schema fixes.
const FIXED_SYSTEM: [&str; 4] = ["realmCode", "languageCode", "signatureCode", "statusCode"];
const TIMES: [&str; 7] = [
    "effectiveTime",
    "time",
    "low",
    "high",
    "center",
    "birthTime",
    "copyTime",
];
const PERSONS: [&str; 5] = [
    "assignedPerson",
    "associatedPerson",
    "relatedPerson",
    "guardianPerson",
    "informationRecipient",
];

/// Looks at every element.
pub(super) fn check(tree: &Tree<'_>, found: &mut Findings) {
    order(tree, found);
    for index in tree.all().skip(1) {
        if found.is_full() {
            return;
        }
        let name = tree.name(index);
        if name.is_empty() || matches!(name, "structuredBody" | "nonXMLBody" | "component") {
            continue;
        }
        if let Some((check, attribute)) = fault(tree, index, name) {
            let mut path = tree.path(index);
            if !attribute.is_empty() {
                path = format!("{path}/@{attribute}");
            }
            found.generic(Finding::named(check, tree.at(index), path));
        }
    }
}

fn order(tree: &Tree<'_>, found: &mut Findings) {
    let mut furthest = 0;
    for index in tree.children(0) {
        if found.is_full() {
            return;
        }
        let name = tree.name(index);
        if name.is_empty() || name == "component" {
            continue;
        }
        let check = match ORDER.iter().position(|known| *known == name) {
            None => "element-unknown",
            Some(place) if place < furthest => "element-order",
            Some(place) => {
                furthest = place;
                continue;
            }
        };
        found.push(Finding::named(check, tree.at(index), tree.path(index)));
    }
}

fn fault(tree: &Tree<'_>, index: usize, name: &str) -> Option<(&'static str, &'static str)> {
    let attribute = |name: &str| tree.attribute(index, name);
    if let Some(flavor) = attribute("nullFlavor") {
        let row = super::table::row("null-flavor")?;
        if !row.values().any(|known| known == flavor.trim()) {
            return Some(("null-flavor", "nullFlavor"));
        }
        let says = ["value", "code", "root"]
            .iter()
            .any(|name| attribute(name).is_some());
        return says.then_some(("null-flavor-with-value", "nullFlavor"));
    }
    if !tree.has_content(index) {
        return Some(("element-empty", ""));
    }
    if matches!(name, "id" | "setId" | "templateId" | "typeId") {
        let Some(root) = attribute("root") else {
            return Some(("id-value", "root"));
        };
        let is_id = root.trim().parse::<UniqueId>().is_ok();
        return (!is_id).then_some(("id-form", "root"));
    }
    if name == "code" || (name.ends_with("Code") && name != "postalCode") {
        if attribute("code").is_none() {
            let explains = tree
                .named(index, "originalText|translation")
                .next()
                .is_some();
            return (!explains).then_some(("code-value", "code"));
        }
        return match attribute("codeSystem") {
            None if FIXED_SYSTEM.contains(&name) => None,
            None => Some(("code-system", "codeSystem")),
            Some(system) => (!is_oid(system.trim())).then_some(("code-system-form", "codeSystem")),
        };
    }
    if TIMES.contains(&name) {
        let text = attribute("value")?;
        if tree.time(index).is_none() {
            return Some(("time-form", "value"));
        }
        let has_hour = text.trim().len() > 8 && !text.contains(['+', '-']);
        return has_hour.then_some(("time-zone", "value"));
    }
    if name == "name" && PERSONS.contains(&tree.name(tree.parent(index))) {
        let has_family = tree
            .named(index, "family")
            .any(|family| tree.is_filled(family));
        return (!has_family).then_some(("name-family", ""));
    }
    if name == "telecom" {
        let value = attribute("value").unwrap_or_default();
        let row = super::table::row("telecom")?;
        let has_scheme = row.values().any(|scheme| value.trim().starts_with(scheme));
        return (!has_scheme).then_some(("telecom", "value"));
    }
    None
}
