//! Searches of what a record has few of: its rights, its vaccinations. All that the caller may know of is read, and kept, put into order
//! and cut into pages here.

use std::cmp::Ordering;

use uuid::Uuid;

use super::params::Params;
use super::value::times;
use crate::dmp::query::{
    Bookmark, Comparison, Condition, Page, Place, Position, Sort, SortKey, TextMatch, TimeBound,
    TimeField,
};
use crate::dmp::time::Instant;

/// `[start, end)`
pub(super) type Span = (Instant, Instant);

/// Sort keys and id of a row.
pub(super) type Standing = (Vec<i64>, Uuid);

/// True when every condition holds, each by one of its alternatives.
pub(super) fn every<T>(conditions: &[Vec<T>], holds: impl Fn(&T) -> bool) -> bool {
    conditions.iter().all(|these| these.iter().any(&holds))
}

/// R4's string search: the beginning, any part, or the whole to the letter.
pub(super) fn is_like(how: TextMatch, text: &str, value: &str) -> bool {
    let (folded, sought) = (text.to_lowercase(), value.to_lowercase());
    match how {
        TextMatch::Exact => text == value,
        TextMatch::Begins => folded.starts_with(&sought),
        TextMatch::Contains => folded.contains(&sought),
    }
}

/// What is asked of the times of a parameter.
pub(super) fn bounds(params: &mut Params, name: &str) -> Vec<Vec<TimeBound>> {
    let asked = times(params, name, TimeField::Creation).into_iter();
    let bounds = asked.filter_map(|condition| match condition {
        Condition::Time(_, bounds) => Some(bounds),
        _ => None,
    });
    bounds.collect()
}

/// A time as it is kept: to the microsecond.
pub(super) fn moment(at: Instant) -> Span {
    let next = Instant::from_microsecond(at.as_microsecond() + 1);
    (at, next.unwrap_or(Instant::MAX))
}

/// FHIR comparison of a span with that of a value.
pub(super) fn compares(bound: &TimeBound, (start, end): Span) -> bool {
    let within = start >= bound.start && end <= bound.end;
    match bound.comparison {
        Comparison::Equal => within,
        Comparison::NotEqual => !within,
        Comparison::Less => start < bound.start,
        Comparison::Greater => end > bound.end,
        Comparison::LessOrEqual => start < bound.start || within,
        Comparison::GreaterOrEqual => end > bound.end || within,
        Comparison::StartsAfter => start >= bound.end,
        Comparison::EndsBefore => end <= bound.start,
        Comparison::Approximately => start < bound.end && end > bound.start,
    }
}

/// One page of these rows, which are all that match.
pub(super) fn page<T>(
    rows: impl Iterator<Item = T>,
    (sort, count): (&[Sort], u32),
    asked: Option<Bookmark>,
    stands: impl Fn(&T) -> Standing,
) -> Page<T> {
    let mut rows: Vec<(Standing, T)> = rows.map(|row| (stands(&row), row)).collect();
    let total = rows.len() as u64;
    rows.sort_by(|(one, _), (other, _)| compare(sort, one, other));
    let at = asked.map_or(Position::First, |page| page.at);
    let backwards = matches!(at, Position::Before(_));
    let from_start = at == Position::First;
    if let Position::After(seen) | Position::Before(seen) = at {
        let seen = standing(seen);
        rows.retain(|(place, _)| match backwards {
            true => compare(sort, place, &seen).is_lt(),
            false => compare(sort, place, &seen).is_gt(),
        });
    }
    let count = count as usize;
    let more = count > 0 && rows.len() > count;
    match backwards {
        true => drop(rows.drain(..rows.len().saturating_sub(count))),
        false => rows.truncate(count),
    }
    // The row that a page was asked from is on its other side.
    let (before, after) = match backwards {
        true => (more, true),
        false => (!from_start, more),
    };
    let place = |((keys, id), _): &(Standing, T)| Place {
        keys: keys.iter().copied().map(SortKey::Number).collect(),
        id: *id,
    };
    let previous = rows.first().filter(|_| before).map(place);
    let next = rows.last().filter(|_| after).map(place);
    let bookmark = |at| Bookmark { at, state: None };
    Page {
        total,
        next: next.map(Position::After).map(bookmark),
        previous: previous.map(Position::Before).map(bookmark),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
    }
}

/// Key by key, each its own way; ids as the last of them.
fn compare(sort: &[Sort], one: &Standing, other: &Standing) -> Ordering {
    let turned = |order: Ordering, sort: Option<&Sort>| match sort {
        Some(sort) if sort.descending => order.reverse(),
        _ => order,
    };
    let pairs = one.0.iter().zip(&other.0).zip(sort);
    pairs
        .map(|((a, b), sort)| turned(a.cmp(b), Some(sort)))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| turned(one.1.cmp(&other.1), sort.last()))
}

/// The row that a page was asked from.
fn standing(place: Place) -> Standing {
    let keys = place.keys.into_iter().map(|key| match key {
        SortKey::Number(number) => number,
        SortKey::Text(_) => i64::MIN,
    });
    (keys.collect(), place.id)
}
