//! Times as spans: the precision of a time is part of it.

use super::super::schema::micros;
use super::super::statement::Statement;
use crate::dmp::query::{Comparison, TimeBound};

/// FHIR comparison of two spans: the attribute's `[start, end)` and the bound's.
pub(super) fn compare(
    statement: &mut Statement<'_>,
    start: &str,
    end: &str,
    bound: &TimeBound,
    period: bool,
) {
    let (from, to) = (micros(bound.start), micros(bound.end));
    let within = |statement: &mut Statement<'_>| {
        statement.push("(").push(start).push(" >= ").bind(from);
        statement.push(" AND ").push(end).push(" <= ").bind(to);
        statement.push(")");
    };
    let overlaps = |statement: &mut Statement<'_>| {
        statement.push("(").push(start).push(" < ").bind(to);
        statement.push(" AND ").push(end).push(" > ").bind(from);
        statement.push(")");
    };
    match bound.comparison {
        Comparison::Equal if period => overlaps(statement),
        Comparison::Equal => within(statement),
        Comparison::NotEqual => {
            statement.push("NOT ");
            if period {
                overlaps(statement);
            } else {
                within(statement);
            }
        }
        Comparison::Less => {
            statement.push(start).push(" < ").bind(from);
        }
        Comparison::Greater => {
            statement.push(end).push(" > ").bind(to);
        }
        Comparison::LessOrEqual => {
            statement.push("(").push(start).push(" < ").bind(from);
            statement.push(" OR ");
            overlaps_or_within(statement, period, &overlaps, &within);
            statement.push(")");
        }
        Comparison::GreaterOrEqual => {
            statement.push("(").push(end).push(" > ").bind(to);
            statement.push(" OR ");
            overlaps_or_within(statement, period, &overlaps, &within);
            statement.push(")");
        }
        Comparison::StartsAfter => {
            statement.push(start).push(" >= ").bind(to);
        }
        Comparison::EndsBefore => {
            statement.push(end).push(" <= ").bind(from);
        }
        Comparison::Approximately => overlaps(statement),
    }
}

fn overlaps_or_within<'s>(
    statement: &mut Statement<'s>,
    period: bool,
    overlaps: &impl Fn(&mut Statement<'s>),
    within: &impl Fn(&mut Statement<'s>),
) {
    if period {
        overlaps(statement);
    } else {
        within(statement);
    }
}
