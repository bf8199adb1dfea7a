//! What two elements of the header say together: dates in order, ids, replacement.

use std::collections::HashSet;

use super::tree::Tree;
use super::{Finding, Findings};
use crate::dmp::time::Timestamp;

const ACT_START: &str = "documentationOf/serviceEvent/effectiveTime";

/// True when one time lies wholly after another.
fn is_after(late: &Timestamp, early: &Timestamp) -> bool {
    late.span().0 >= early.span().1
}

/// Holds the elements against each other.
pub(super) fn check(tree: &Tree<'_>, found: &mut Findings) {
    let first_time = |path: &str| tree.find(path).first().and_then(|index| tree.time(*index));
    let tell = |found: &mut Findings, check: &str, index: usize| {
        if found.is_full() {
            return;
        }
        let path = format!("{}/@value", tree.path(index));
        found.push(Finding::named(check, tree.at(index), path));
    };
    let birth = first_time("recordTarget/patientRole/patient/birthTime");
    let creation = first_time("effectiveTime");
    for interval in tree.find(ACT_START) {
        let low = tree.named(interval, "low").next().unwrap_or(interval);
        let Some(start) = tree.time(low) else {
            continue;
        };
        if birth.as_ref().is_some_and(|birth| is_after(birth, &start)) {
            tell(found, "birth-before-act", low);
        }
        if creation
            .as_ref()
            .is_some_and(|creation| is_after(&start, creation))
        {
            tell(found, "act-before-creation", low);
        }
    }
    for high in tree.all().filter(|index| tree.name(*index) == "high") {
        let low = tree.named(tree.parent(high), "low").next();
        let low = low.and_then(|low| tree.time(low));
        if let (Some(low), Some(stop)) = (low, tree.time(high))
            && is_after(&low, &stop)
        {
            tell(found, "act-reversed", high);
        }
    }
    if let Some(signed) = first_time("legalAuthenticator/time") {
        for index in tree.find("author/time") {
            if tree
                .time(index)
                .is_some_and(|time| is_after(&time, &signed))
            {
                tell(found, "author-before-signature", index);
            }
        }
    }
    identifiers(tree, found);
}

fn identifiers(tree: &Tree<'_>, found: &mut Findings) {
    let id = |index: usize| {
        let root = tree.attribute(index, "root")?.trim().to_ascii_lowercase();
        let extension = tree.attribute(index, "extension").unwrap_or_default();
        Some((root, extension.trim().to_owned()))
    };
    let mut seen = HashSet::new();
    for index in tree.find("recordTarget/patientRole/id") {
        if let Some(one) = id(index)
            && !seen.insert(one)
            && !found.is_full()
        {
            found.push(Finding::named(
                "patient-id-repeated",
                tree.at(index),
                tree.path(index),
            ));
        }
    }
    let own = tree.find("id").first().and_then(|index| id(*index));
    for index in tree.find("relatedDocument/parentDocument/id") {
        if own.is_some() && id(index) == own && !found.is_full() {
            found.push(Finding::named(
                "replaces-itself",
                tree.at(index),
                tree.path(index),
            ));
        }
    }
}
