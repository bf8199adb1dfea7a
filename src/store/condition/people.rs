//! Authors and the organisations behind them, by identifier and by name.

use super::super::schema::Attribute;
use super::super::statement::Statement;
use super::{any, attribute, instance, text};
use crate::dmp::query::{AuthorPart, Condition, Role, TextMatch, Token};

/// Adds a condition on the authors of what `of` names.
pub(super) fn on<'a>(statement: &mut Statement<'a>, of: &str, condition: &'a Condition) {
    match condition {
        Condition::AuthorId(tokens) => identified(statement, of, Attribute::AuthorId, tokens),
        Condition::AuthorName(part, how, names) => {
            let parts: &[Attribute] = match part {
                AuthorPart::Family => &[Attribute::AuthorFamily],
                AuthorPart::Given => &[Attribute::AuthorGiven],
                AuthorPart::Any => &[Attribute::AuthorFamily, Attribute::AuthorGiven],
            };
            named(statement, of, parts, *how, names);
        }
        Condition::OrganizationId(role, tokens) => {
            identified(statement, of, attributes(*role).0, tokens);
        }
        Condition::OrganizationName(role, how, names) => {
            named(statement, of, &[attributes(*role).1], *how, names);
        }
        _ => {
            statement.push("1 = 0");
        }
    }
}

/// Adds the condition that no organisation is behind an author.
pub(super) fn without_organization(statement: &mut Statement<'_>, of: &str) {
    let (id, name) = attributes(Role::Institution);
    for (before, part) in [("NOT ", id), (" AND NOT ", name)] {
        statement.push(before);
        attribute(statement, of, part, |statement| {
            statement.push("1 = 1");
        });
    }
}

/// Where identifier and name of an organisation are.
fn attributes(role: Role) -> (Attribute, Attribute) {
    match role {
        Role::Institution => (Attribute::InstitutionId, Attribute::InstitutionName),
        Role::Author => (Attribute::OrganizationId, Attribute::OrganizationName),
    }
}

fn identified<'a>(statement: &mut Statement<'a>, of: &str, name: Attribute, tokens: &'a [Token]) {
    any(statement, tokens, |statement, token| {
        attribute(statement, of, name, |statement| {
            instance(statement, token);
        });
    });
}

fn named<'a>(
    statement: &mut Statement<'a>,
    of: &str,
    parts: &[Attribute],
    how: TextMatch,
    names: &'a [String],
) {
    any(statement, names, |statement, name| {
        for (i, part) in parts.iter().enumerate() {
            statement.push(if i == 0 { "(" } else { " OR " });
            attribute(statement, of, *part, |statement| {
                text(statement, "x.code", "x.system", how, name);
            });
        }
        statement.push(")");
    });
}
