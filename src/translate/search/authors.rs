//! `author` of a document, `source` of a submission, and the organisations behind them. They are contained resources, so that every
//! chain ends in an identifier or a name.

use super::params::Params;
use super::value::{alternatives, identifier_token, missing, text_match, token};
use crate::dmp::query::{AuthorPart, Condition, Element, Role, TextMatch, Token};

/// `author` or `source`, and their chains.
pub(super) fn authors(params: &mut Params, base: &str) -> Vec<Condition> {
    if !params.any(base) {
        return Vec::new();
    }
    let mut conditions = plain(params, base, author_by_id, |how, names| {
        author_by_name(AuthorPart::Any, how, names)
    });
    for (chain, part) in CHAINS {
        for prefix in PREFIXES {
            let name = format!("{base}{prefix}{chain}");
            // Only a reference that names no type may lead to an organisation.
            let any = *prefix == ".";
            conditions.extend(match part {
                Some(AuthorPart::Any) if any => names(params, &name, |how, names| {
                    author_by_name(AuthorPart::Any, how, names)
                }),
                Some(part) => names(params, &name, |how, names| {
                    Condition::AuthorName(*part, how, names)
                }),
                None if any => ids(params, &name, author_by_id),
                None => ids(params, &name, Condition::AuthorId),
            });
        }
    }
    let alone = format!("{base}:Organization.");
    conditions.extend(organization(params, &alone, Role::Author));
    for prefix in WORKPLACES {
        let prefix = format!("{base}{prefix}");
        conditions.extend(organizations(params, &prefix));
    }
    conditions
}

/// The organisation of an author: by reference (an identifier or a name), and by the chains behind it.
pub(super) fn organizations(params: &mut Params, base: &str) -> Vec<Condition> {
    if !params.any(base) {
        return Vec::new();
    }
    let role = Role::Institution;
    let mut conditions = missing(params, base, Some(Element::Organization));
    conditions.extend(plain(
        params,
        base,
        |tokens| Condition::OrganizationId(role, tokens),
        |how, names| Condition::OrganizationName(role, how, names),
    ));
    for prefix in [".", ":Organization."] {
        let prefix = format!("{base}{prefix}");
        conditions.extend(organization(params, &prefix, role));
    }
    conditions
}

/// What stands between `author` and the end of a chain. `family-ex` and `familyEx` are PDSm's spellings.
const PREFIXES: &[&str] = &[
    ".",
    ":Practitioner.",
    ":PractitionerRole.",
    ":PractitionerRole.practitioner.",
    ":PractitionerRole.practitioner:Practitioner.",
    ":PractitionerRole.partOf.",
    ":PractitionerRole.partOf.practitioner.",
    ".practitioner.",
    ".partOf.",
    ".partOf.practitioner.",
    ":Patient.",
    ":Device.",
];

/// What stands between `author` and where he works.
const WORKPLACES: [&str; 4] = [
    ".organization",
    ":PractitionerRole.organization",
    ":Patient.organization",
    ":Device.organization",
];

const CHAINS: &[(&str, Option<AuthorPart>)] = &[
    ("identifier", None),
    ("family", Some(AuthorPart::Family)),
    ("family-ex", Some(AuthorPart::Family)),
    ("familyEx", Some(AuthorPart::Family)),
    ("given", Some(AuthorPart::Given)),
    ("given-ex", Some(AuthorPart::Given)),
    ("givenEx", Some(AuthorPart::Given)),
    ("name", Some(AuthorPart::Any)),
];

/// A person, a device, or an organisation that is the author itself.
fn author_by_id(tokens: Vec<Token>) -> Condition {
    Condition::Any(vec![
        Condition::AuthorId(tokens.clone()),
        Condition::OrganizationId(Role::Author, tokens),
    ])
}

fn author_by_name(part: AuthorPart, how: TextMatch, names: Vec<String>) -> Condition {
    Condition::Any(vec![
        Condition::AuthorName(part, how, names.clone()),
        Condition::OrganizationName(Role::Author, how, names),
    ])
}

/// `identifier` and `name` of an organisation.
fn organization(params: &mut Params, prefix: &str, role: Role) -> Vec<Condition> {
    let by_id = |tokens| Condition::OrganizationId(role, tokens);
    let by_name = |how, names| Condition::OrganizationName(role, how, names);
    let mut conditions = ids(params, &format!("{prefix}identifier"), by_id);
    conditions.extend(names(params, &format!("{prefix}name"), by_name));
    conditions
}

/// PDSm's `author=`: an identifier, or a name, which PDSm lets be `:exact` or `:contains`.
fn plain(
    params: &mut Params,
    base: &str,
    by_id: impl Fn(Vec<Token>) -> Condition,
    by_name: impl Fn(TextMatch, Vec<String>) -> Condition,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (modifier, value) in params.take_plain(base) {
        let modifier = modifier.as_deref();
        let identifier = modifier == Some("identifier");
        let how = match text_match(modifier) {
            None if !identifier => {
                params.unsupported(&format!("{base}:{}", modifier.unwrap_or_default()));
                continue;
            }
            how => how.unwrap_or(TextMatch::Begins),
        };
        let Some(alternatives) = alternatives(&value) else {
            params.invalid(base);
            continue;
        };
        let is_id = |one: &String| {
            let looks = one.contains(['|', '%']) || one.chars().any(|c| c.is_ascii_digit());
            identifier || (modifier.is_none() && looks)
        };
        let (ids, names): (Vec<_>, Vec<_>) = alternatives.into_iter().partition(is_id);
        if !ids.is_empty() && !names.is_empty() {
            params.unsupported(base);
        } else if names.is_empty() {
            conditions.push(by_id(identifiers(&ids)));
        } else {
            conditions.push(by_name(how, names));
        }
    }
    conditions
}

fn identifiers(values: &[String]) -> Vec<Token> {
    values
        .iter()
        .filter_map(|value| {
            let (system, code) = token(value);
            identifier_token(system, code)
        })
        .collect()
}

fn ids(params: &mut Params, name: &str, by_id: impl Fn(Vec<Token>) -> Condition) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (name, value) in params.take_named(&[name]) {
        match alternatives(&value) {
            Some(all) => conditions.push(by_id(identifiers(&all))),
            None => params.invalid(&name),
        }
    }
    conditions
}

fn names(
    params: &mut Params,
    name: &str,
    by_name: impl Fn(TextMatch, Vec<String>) -> Condition,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for modifier in [None, Some("exact"), Some("contains")] {
        let whole = match modifier {
            Some(modifier) => format!("{name}:{modifier}"),
            None => name.to_owned(),
        };
        for (whole, value) in params.take_named(&[&whole]) {
            match (text_match(modifier), alternatives(&value)) {
                (Some(how), Some(all)) => conditions.push(by_name(how, all)),
                _ => params.invalid(&whole),
            }
        }
    }
    conditions
}
