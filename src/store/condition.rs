//! Search conditions as SQL over document `d` or submission `s`. `$1` is the INS key.

mod people;
mod time;

use super::fold::{fold, literal};
use super::schema::Attribute;
use super::statement::Statement;
use crate::dmp::query::{
    CodedField, Condition, DocumentKey, Element, ListKind, TextMatch, TimeField, Token,
};
use time::compare;

/// Adds one condition on document `d`.
pub(super) fn on_document<'a>(statement: &mut Statement<'a>, condition: &'a Condition) {
    match condition {
        Condition::Coded(field, tokens) => coded(statement, *field, tokens),
        Condition::Time(field, bounds) => {
            let either: &[(&str, &str)] = match field {
                TimeField::Creation => &[("d.created_start", "d.created_end")],
                TimeField::Period => &[("d.began_start", "COALESCE(d.ended_end, d.began_end)")],
                TimeField::PeriodStart => &[("d.began_start", "d.began_end")],
                TimeField::PeriodEnd => &[("d.ended_start", "d.ended_end")],
                TimeField::Deposited => &[("d.deposited", "d.deposited + 1")],
                TimeField::DepositedOrCreation => &[
                    ("d.deposited", "d.deposited + 1"),
                    ("d.created_start", "d.created_end"),
                ],
                TimeField::Updated => &[("d.updated", "d.updated + 1")],
            };
            let period = *field == TimeField::Period;
            any(statement, bounds, |statement, bound| {
                for (i, (start, end)) in either.iter().enumerate() {
                    statement.push(if i == 0 { "(" } else { " OR " });
                    compare(statement, start, end, bound, period);
                }
                statement.push(")");
            });
        }
        Condition::Identifier(keys) => any(statement, keys, identifier),
        Condition::AuthorId(_)
        | Condition::AuthorName(..)
        | Condition::OrganizationId(..)
        | Condition::OrganizationName(..) => people::on(statement, "d", condition),
        Condition::Reference(tokens) => any(statement, tokens, |statement, token| {
            attribute(statement, "d", Attribute::Reference, |statement| {
                instance(statement, token);
            });
        }),
        Condition::RelatesTo(keys) => any(statement, keys, |statement, key| {
            attribute(statement, "d", Attribute::RelatesTo, |statement| {
                related(statement, key);
            });
        }),
        Condition::Relation(kinds) => {
            attribute(statement, "d", Attribute::RelatesTo, |statement| {
                statement.push("x.system IN ").list(kinds.iter());
            })
        }
        Condition::Relationship(both) => any(statement, both, |statement, (key, kind)| {
            attribute(statement, "d", Attribute::RelatesTo, |statement| {
                statement.push("x.system = ").bind(kind).push(" AND ");
                related(statement, key);
            });
        }),
        Condition::Id(ids) => {
            statement.push("d.id IN ").list(ids.iter());
        }
        Condition::Missing(element) => lacks(statement, *element),
        Condition::Not(condition) => not(statement, condition, on_document),
        Condition::Any(conditions) => any(statement, conditions, on_document),
        Condition::TargetOf(ids) => {
            statement
                .push(
                    "d.unique_id IN (SELECT x.code FROM attribute x WHERE x.ins = $1 AND x.name = ",
                )
                .bind(Attribute::RelatesTo.number())
                .push(" AND x.entry IN ")
                .list(ids.iter())
                .push(")");
        }
        Condition::ItemOf(ids) => {
            statement.push("d.submission IN ").list(ids.iter());
        }
        // A title and a source are searched on submissions only.
        Condition::Title(..)
        | Condition::SourceId(_)
        | Condition::Listed(_)
        | Condition::Holds(_)
        | Condition::Never => {
            statement.push("1 = 0");
        }
    }
}

/// The opposite of a condition, of one about what is not there too.
fn not<'a>(
    statement: &mut Statement<'a>,
    condition: &'a Condition,
    on: fn(&mut Statement<'a>, &'a Condition),
) {
    statement.push("(CASE WHEN ");
    on(statement, condition);
    statement.push(" THEN 1 ELSE 0 END) = 0");
}

fn lacks(statement: &mut Statement<'_>, element: Element) {
    let name = match element {
        Element::PeriodEnd => {
            statement.push("d.ended_start IS NULL");
            return;
        }
        // Of submissions only.
        Element::Title | Element::Source => {
            statement.push("1 = 0");
            return;
        }
        Element::Organization => return people::without_organization(statement, "d"),
        Element::Event => Attribute::Event,
        Element::Reference => Attribute::Reference,
        Element::RelatesTo => Attribute::RelatesTo,
    };
    statement.push("NOT ");
    attribute(statement, "d", name, |statement| {
        statement.push("1 = 1");
    });
}

/// Adds one condition on submission `s`; what a submission does not have matches nothing.
pub(super) fn on_submission<'a>(statement: &mut Statement<'a>, condition: &'a Condition) {
    match condition {
        Condition::Coded(CodedField::ContentType, tokens) => {
            any(statement, tokens, |statement, token| {
                token_on(
                    statement,
                    "s.content_type_code",
                    "s.content_type_system",
                    token,
                );
            });
        }
        Condition::Time(field, bounds) => {
            let (start, end) = match field {
                TimeField::Creation | TimeField::Deposited | TimeField::DepositedOrCreation => {
                    ("s.sent_start", "s.sent_end")
                }
                TimeField::Updated => ("s.updated", "s.updated + 1"),
                TimeField::Period | TimeField::PeriodStart | TimeField::PeriodEnd => {
                    statement.push("1 = 0");
                    return;
                }
            };
            any(statement, bounds, |statement, bound| {
                compare(statement, start, end, bound, false);
            });
        }
        Condition::Identifier(keys) => any(statement, keys, |statement, key| {
            match key {
                DocumentKey::Unique(id) => statement.push("s.unique_id = ").bind(id.to_string()),
                DocumentKey::Id(id) => statement.push("s.id = ").bind(id),
                DocumentKey::Uuid(id) => statement
                    .push("(s.entry_uuid = ")
                    .bind(id)
                    .push(" OR s.unique_id = ")
                    .bind(id.to_string())
                    .push(")"),
            };
        }),
        Condition::AuthorId(_)
        | Condition::AuthorName(..)
        | Condition::OrganizationId(..)
        | Condition::OrganizationName(..) => people::on(statement, "s", condition),
        Condition::Id(ids) => {
            statement.push("s.id IN ").list(ids.iter());
        }
        Condition::Title(how, titles) => any(statement, titles, |statement, title| {
            text(statement, "s.title_folded", "s.title", *how, title);
        }),
        Condition::Listed(kinds) => any(statement, kinds, |statement, kind| {
            statement.push(match kind {
                ListKind::Submission => "s.sent_with IS NULL",
                ListKind::Folder => "s.sent_with IS NOT NULL",
            });
        }),
        Condition::SourceId(ids) => {
            statement.push("s.source_id IN ").list(ids.iter());
        }
        Condition::Missing(Element::Title) => {
            statement.push("s.title = ''");
        }
        Condition::Missing(Element::Source) => {
            // A folder has none; within a text the quotes would be escaped.
            statement.push("(s.sent_with IS NOT NULL OR s.entry LIKE '%\"author\":null%')");
        }
        Condition::Missing(Element::Organization) => people::without_organization(statement, "s"),
        Condition::Not(condition) => not(statement, condition, on_submission),
        Condition::Any(conditions) => any(statement, conditions, on_submission),
        Condition::Holds(ids) => {
            statement
                .push("s.id IN (SELECT d.submission FROM document d WHERE d.ins = $1 AND d.id IN ")
                .list(ids.iter())
                .push(")");
        }
        Condition::Coded(..)
        | Condition::Reference(_)
        | Condition::RelatesTo(_)
        | Condition::Relation(_)
        | Condition::Relationship(_)
        | Condition::Missing(_)
        | Condition::TargetOf(_)
        | Condition::ItemOf(_)
        | Condition::Never => {
            statement.push("1 = 0");
        }
    }
}

/// Alternatives in brackets; none of them is a condition that nothing meets.
fn any<'a, T>(
    statement: &mut Statement<'a>,
    alternatives: &'a [T],
    mut each: impl FnMut(&mut Statement<'a>, &'a T),
) {
    if alternatives.is_empty() {
        statement.push("1 = 0");
        return;
    }
    statement.push("(");
    for (i, alternative) in alternatives.iter().enumerate() {
        if i > 0 {
            statement.push(" OR ");
        }
        each(statement, alternative);
    }
    statement.push(")");
}

fn coded<'a>(statement: &mut Statement<'a>, field: CodedField, tokens: &'a [Token]) {
    let repeated = |statement: &mut Statement<'a>, name: Attribute| {
        any(statement, tokens, |statement, token| {
            attribute(statement, "d", name, |statement| {
                token_on(statement, "x.code", "x.system", token);
            });
        });
    };
    let (code, system) = match field {
        CodedField::Type => ("d.type_code", "d.type_system"),
        CodedField::Class => ("d.class_code", "d.class_system"),
        CodedField::Format => ("d.format_code", "d.format_system"),
        CodedField::FacilityType => ("d.facility_code", "d.facility_system"),
        CodedField::PracticeSetting => ("d.practice_code", "d.practice_system"),
        CodedField::Event => return repeated(statement, Attribute::Event),
        CodedField::Confidentiality => return repeated(statement, Attribute::Confidentiality),
        CodedField::ContentType => {
            statement.push("d.submission IN (SELECT s.id FROM submission s WHERE s.ins = $1 AND ");
            any(statement, tokens, |statement, token| {
                token_on(
                    statement,
                    "s.content_type_code",
                    "s.content_type_system",
                    token,
                );
            });
            statement.push(")");
            return;
        }
    };
    any(statement, tokens, |statement, token| {
        token_on(statement, code, system, token);
    });
}

/// `code`, `system|code`, `|code` (no system), `system|` (any code of it).
fn token_on<'a>(statement: &mut Statement<'a>, code: &str, system: &str, token: &'a Token) {
    statement.push("(");
    match &token.system {
        None => {
            statement.push(code).push(" = ").bind(&token.code);
        }
        Some(of) => {
            statement.push(system).push(" = ").bind(of);
            if !token.code.is_empty() {
                statement
                    .push(" AND ")
                    .push(code)
                    .push(" = ")
                    .bind(&token.code);
            }
        }
    }
    statement.push(")");
}

/// An identifier: root as system and extension as code, or a URN for one whose root says it all.
fn instance<'a>(statement: &mut Statement<'a>, token: &'a Token) {
    let root = ["urn:oid:", "urn:uuid:"]
        .into_iter()
        .find_map(|urn| token.code.strip_prefix(urn));
    match root {
        Some(root) => {
            statement.push("(x.code = '' AND x.system = ").bind(root);
            statement.push(")");
        }
        None => token_on(statement, "x.code", "x.system", token),
    }
}

fn attribute<'a>(
    statement: &mut Statement<'a>,
    of: &str,
    name: Attribute,
    condition: impl FnOnce(&mut Statement<'a>),
) {
    statement
        .push("EXISTS (SELECT 1 FROM attribute x WHERE x.ins = $1 AND x.entry = ")
        .push(of)
        .push(".id AND x.name = ")
        .bind(name.number())
        .push(" AND ");
    condition(statement);
    statement.push(")");
}

fn text<'a>(
    statement: &mut Statement<'a>,
    folded: &str,
    written: &str,
    how: TextMatch,
    value: &'a str,
) {
    let pattern = match how {
        TextMatch::Exact => {
            statement.push(written).push(" = ").bind(value);
            return;
        }
        TextMatch::Begins => format!("{}%", literal(&fold(value))),
        TextMatch::Contains => format!("%{}%", literal(&fold(value))),
    };
    statement
        .push(folded)
        .push(" LIKE ")
        .bind(pattern)
        .push(" ESCAPE '\\'");
}

fn identifier<'a>(statement: &mut Statement<'a>, key: &'a DocumentKey) {
    match key {
        DocumentKey::Unique(id) => statement.push("d.unique_id = ").bind(id.to_string()),
        DocumentKey::Id(id) => statement.push("d.id = ").bind(id),
        DocumentKey::Uuid(id) => statement
            .push("(d.entry_uuid = ")
            .bind(id)
            // One that it had before: it stays among its identifiers.
            .push(" OR d.id IN (SELECT v.id FROM document_version v WHERE v.ins = $1 AND v.entry_uuid = ")
            .bind(id)
            .push(") OR d.unique_id = ")
            .bind(id.to_string())
            .push(")"),
    };
}

/// A relation is kept by the unique id of its target.
fn related<'a>(statement: &mut Statement<'a>, key: &'a DocumentKey) {
    let target = "SELECT t.unique_id FROM document t WHERE t.ins = $1 AND ";
    match key {
        DocumentKey::Unique(id) => statement.push("x.code = ").bind(id.to_string()),
        DocumentKey::Id(id) => statement
            .push("x.code IN (")
            .push(target)
            .push("t.id = ")
            .bind(id)
            .push(")"),
        DocumentKey::Uuid(id) => statement
            .push("(x.code = ")
            .bind(id.to_string())
            .push(" OR x.code IN (")
            .push(target)
            .push("t.entry_uuid = ")
            .bind(id)
            .push("))"),
    };
}
