//! `_include` and `_revinclude`.

use super::params::Params;

/// What comes with the matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// The patient.
    Patient,
    /// The documents that a match relates to.
    Related,
    /// The documents that relate to a match.
    Relating,
    /// The documents of a submission.
    Items,
    /// The submissions that a match came in.
    Submissions,
}

const KNOWN: [(&str, &str, &str, Include); 8] = [
    (
        "DocumentReference",
        "_include",
        "DocumentReference:patient",
        Include::Patient,
    ),
    (
        "DocumentReference",
        "_include",
        "DocumentReference:subject",
        Include::Patient,
    ),
    (
        "DocumentReference",
        "_include",
        "DocumentReference:relatesto",
        Include::Related,
    ),
    (
        "DocumentReference",
        "_revinclude",
        "DocumentReference:relatesto",
        Include::Relating,
    ),
    (
        "DocumentReference",
        "_revinclude",
        "List:item",
        Include::Submissions,
    ),
    ("List", "_include", "List:item", Include::Items),
    ("List", "_include", "List:patient", Include::Patient),
    ("List", "_include", "List:subject", Include::Patient),
];

/// What a target type may be named.
fn target(include: Include) -> &'static str {
    match include {
        Include::Patient => "Patient",
        Include::Related | Include::Relating | Include::Items => "DocumentReference",
        Include::Submissions => "List",
    }
}

/// Takes those that can be honoured; the others stay unknown: they are left out and told, for the matches are the same without them.
pub(super) fn take(params: &mut Params, kind: &str) -> Vec<Include> {
    let read = |name: &str, value: &str| {
        KNOWN.iter().find_map(|(of, parameter, written, include)| {
            let rest = value.strip_prefix(written)?;
            let whole = rest.is_empty() || rest.strip_prefix(':') == Some(target(*include));
            // The type after a reverse include would be that of what is found already.
            let known = *of == kind && *parameter == name && whole;
            known.then_some(*include)
        })
    };
    let mut found = params.take_where(read);
    found.dedup();
    found
}
