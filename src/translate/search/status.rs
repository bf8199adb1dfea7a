//! `status` and `isArchived` → XDS availability.

use super::params::Params;
use super::value::{alternatives, token};
use crate::dmp::document::Availability;
use crate::dmp::query::Condition;
use crate::error::{Code, Issue};

/// The system of DocumentReference.status.
const STATUS: &str = "http://hl7.org/fhir/document-reference-status";

/// Statuses asked for, before archives are looked at.
struct Asked {
    current: bool,
    superseded: bool,
}

/// Takes both parameters. Without `status` everything but deleted entries is meant: that is how an incremental synchronisation asks
/// (`_lastUpdated`), and else a defect told by a warning, or 400 in strict mode.
pub(super) fn take(
    params: &mut Params,
    incremental: bool,
    conditions: &mut Vec<Condition>,
) -> Vec<Availability> {
    let asked = take_status(params);
    let archived = take_archived(params);
    let missing = asked.is_none();
    if missing && !incremental {
        if params.strict_profile {
            params.required("status");
        } else {
            let issue = Issue::new(Code::StatusDefaulted).warning();
            params.issues.push(issue);
            params
                .used
                .push(("status".to_owned(), "current,superseded".to_owned()));
        }
    }
    let asked = asked.unwrap_or(Asked {
        current: true,
        superseded: true,
    });
    // Archived entries come when asked for, or when nothing narrows the search; `link self` tells their exclusion.
    let (plain, archives) = match archived {
        Some(both) => both,
        None => {
            if !missing && asked.current {
                params
                    .used
                    .push(("isArchived".to_owned(), "false".to_owned()));
            }
            (true, missing)
        }
    };
    let statuses = [
        (asked.current && plain, Availability::Approved),
        (asked.current && archives, Availability::Archived),
        // An entry without the extension is not archived.
        (asked.superseded && plain, Availability::Deprecated),
    ];
    let availability: Vec<_> = statuses
        .into_iter()
        .filter_map(|(wanted, status)| wanted.then_some(status))
        .collect();
    if availability.is_empty() {
        conditions.push(Condition::Never);
    }
    availability
}

/// Each repetition narrows.
fn take_status(params: &mut Params) -> Option<Asked> {
    let mut asked: Option<Asked> = None;
    for (modifier, value) in params.take("status") {
        let negated = match modifier.as_deref() {
            None => false,
            Some("not") => true,
            Some(modifier) => {
                params.unsupported(&format!("status:{modifier}"));
                continue;
            }
        };
        let mut these = Asked {
            current: false,
            superseded: false,
        };
        for one in alternatives(&value).unwrap_or_else(|| vec![String::new()]) {
            let (system, code) = token(&one);
            let known = system.is_none_or(|system| system == STATUS);
            match code.as_str() {
                "current" if known => these.current = true,
                "superseded" if known => these.superseded = true,
                // Deleted entries never come.
                "entered-in-error" if known => {}
                _ => params.invalid("status"),
            }
        }
        these.current ^= negated;
        these.superseded ^= negated;
        asked = Some(match asked {
            None => these,
            Some(before) => Asked {
                current: before.current && these.current,
                superseded: before.superseded && these.superseded,
            },
        });
    }
    asked
}

/// Whether entries that are not archived, and archived ones, are wanted.
pub(super) fn take_archived(params: &mut Params) -> Option<(bool, bool)> {
    let mut wanted = None;
    for (modifier, value) in params.take("isArchived") {
        // The extension is there on archived entries alone.
        let missing = modifier.as_deref() == Some("missing");
        let negated = missing || modifier.as_deref() == Some("not");
        if let Some(modifier) = modifier.filter(|_| !negated) {
            params.unsupported(&format!("isArchived:{modifier}"));
            continue;
        }
        let (mut plain, mut archived) = (false, false);
        for one in alternatives(&value).unwrap_or_else(|| vec![String::new()]) {
            match token(&one).1.as_str() {
                "true" => archived = true,
                "false" => plain = true,
                _ => params.invalid("isArchived"),
            }
        }
        if negated {
            (plain, archived) = (!plain, !archived);
        }
        wanted = Some(match wanted {
            None => (plain, archived),
            Some((p, a)) => (p && plain, a && archived),
        });
    }
    wanted
}
