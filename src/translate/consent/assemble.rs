//! The right that a category, its provision and its extensions make together.

use super::super::datatype::contained::only_extensions;
use super::super::datatype::urls::ours;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::provision::Provision;
use super::read::missing;
use super::shape::switch_of;
use crate::dmp::right::{Basis, Category, Grant};
use crate::error::Code;

/// Longest reason, in characters.
const MAX_REASON: usize = 1_000;

/// What the extensions of a Consent say; what its category doesn't ask for is refused.
pub(super) struct Extensions {
    basis: Option<Basis>,
    reason: Option<String>,
}

impl Extensions {
    pub(super) fn read(consent: Node, category: Category, found: &mut Findings) -> Self {
        let asked = match category {
            Category::Access | Category::TreatingPhysician => Some(ours::CONSENT_BASIS),
            Category::FeedingOpposition => Some(ours::OPPOSITION_REASON),
            _ => None,
        };
        let status = ours::AUTHORISATION_STATUS;
        let known: Vec<&str> = asked.into_iter().chain([status]).collect();
        only_extensions(consent, &known, Weight::Key, found);
        for extension in consent.extensions(status) {
            found.ignored(extension.path());
        }
        let is = |url| asked == Some(url);
        Self {
            basis: is(ours::CONSENT_BASIS)
                .then(|| read_basis(consent, found))
                .flatten(),
            reason: is(ours::OPPOSITION_REASON)
                .then(|| read_reason(consent, found))
                .flatten(),
        }
    }
}

/// The right; None when a part is missing, which is told.
pub(super) fn grant(
    category: Category,
    provision: &Provision,
    extensions: Extensions,
    node: Node,
    found: &mut Findings,
) -> Option<Grant> {
    let actor = provision.actor.clone();
    Some(match category {
        Category::Access => Grant::Access {
            holder: actor?,
            basis: extensions.basis?,
        },
        Category::TreatingPhysician => Grant::TreatingPhysician {
            holder: actor?,
            basis: extensions.basis?,
        },
        Category::Administrator => Grant::Administrator { holder: actor? },
        Category::Block => Grant::Block { of: actor? },
        Category::FeedingOpposition => Grant::FeedingOpposition {
            of: actor?,
            reason: extensions.reason?,
        },
        Category::Emergency => {
            let switch = switch_of(&provision.purposes, provision.masked);
            if switch.is_none() {
                found.refuse(unknown_switch(node, provision));
            }
            Grant::Emergency {
                switch: switch?,
                permit: provision.permit,
            }
        }
        Category::DefaultMasking => {
            if !provision.masked {
                found.tolerate(missing(node, "provision.securityLabel"));
            }
            Grant::DefaultMasking
        }
        Category::Delegation => Grant::Delegation { to: actor? },
    })
}

fn unknown_switch(consent: Node, provision: &Provision) -> crate::error::Issue {
    if provision.purposes.is_empty() {
        return missing(consent, "provision.purpose");
    }
    invalid(
        consent.path_of("provision.purpose"),
        "ETREAT, BTG, ou les deux avec MASQUE_PS sont attendus",
        "ETREAT, BTG, or both with MASQUE_PS are expected",
    )
}

fn read_basis(consent: Node, found: &mut Findings) -> Option<Basis> {
    let value = one(consent, ours::CONSENT_BASIS, "valueCode", found)?;
    let code = value.as_str().unwrap_or_default();
    let basis = Basis::from_code(code);
    if basis.is_none() {
        let issue = value
            .issue(Code::CodeInvalid)
            .with("value", code)
            .with("list", "equipe | explicite");
        found.refuse(issue);
    }
    basis
}

/// The patient's legitimate reason, judged by the professional (FEED-03): blanks are none.
fn read_reason(consent: Node, found: &mut Findings) -> Option<String> {
    let value = one(consent, ours::OPPOSITION_REASON, "valueString", found)?;
    let reason = value.as_str().unwrap_or_default().trim();
    if !reason.is_empty() && reason.chars().count() <= MAX_REASON {
        return Some(reason.to_owned());
    }
    found.refuse(invalid(
        value.path(),
        "un motif d'au plus 1000 caractères, qui ne soit pas fait de blancs, est attendu",
        "a reason of at most 1000 characters that is not only blanks is expected",
    ));
    None
}

/// The value of the one extension of that URL.
fn one<'a>(consent: Node<'a>, url: &str, value: &str, found: &mut Findings) -> Option<Node<'a>> {
    let mut all = consent.extensions(url).collect::<Vec<_>>().into_iter();
    let first = all.next().and_then(|extension| extension.get(value));
    for other in all {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
    if first.is_none() {
        found.refuse(missing(consent, &format!("extension('{url}')")));
    }
    first
}
