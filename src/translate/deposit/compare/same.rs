//! When two values mean the same: parts that one side doesn't tell agree with anything.

use crate::dmp::code::Code as Coded;
use crate::dmp::person::{Author, Identifier, Organization, PersonName, SourcePatient};
use crate::dmp::time::Timestamp;

/// True for one media type, parameters aside.
pub(in super::super) fn same_mime(one: &str, other: &str) -> bool {
    let bare = |text: &str| {
        let bare = text.split(';').next().unwrap_or(text).trim();
        bare.to_ascii_lowercase()
    };
    bare(one) == bare(other)
}

/// Every part that both tell is the same.
pub(super) fn agree(declared: &Author, header: &Author) -> bool {
    let label = |one: &Option<Coded>, other: &Option<Coded>| match (one, other) {
        (Some(one), Some(other)) if one.code.is_empty() || other.code.is_empty() => {
            both(one.display.as_deref(), other.display.as_deref(), same_text)
        }
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    let institution = match (&declared.institution, &header.institution) {
        (Some(one), Some(other)) => same_organization(one, other),
        _ => true,
    };
    same_id(declared.id.as_ref(), header.id.as_ref())
        && same_name(&declared.name, &header.name)
        && both(
            declared.device.as_deref(),
            header.device.as_deref(),
            same_text,
        )
        && label(&declared.role, &header.role)
        && label(&declared.specialty, &header.specialty)
        && institution
}

/// True when the declaration tells a part of an author that the header doesn't, which stays as it is.
pub(super) fn tells_more(declared: &Author, header: &Author) -> bool {
    let (one, other) = (&declared.institution, &header.institution);
    let institution = match (one, other) {
        (Some(one), Some(other)) => organization_tells_more(one, other),
        (one, other) => more(one, other),
    };
    more(&declared.id, &header.id)
        || name_tells_more(&declared.name, &header.name)
        || more(&declared.device, &header.device)
        || more(&declared.role, &header.role)
        || more(&declared.specialty, &header.specialty)
        || institution
}

pub(super) fn name_tells_more(declared: &PersonName, header: &PersonName) -> bool {
    more(&declared.family, &header.family) || more(&declared.given, &header.given)
}

pub(super) fn organization_tells_more(declared: &Organization, header: &Organization) -> bool {
    more(&declared.id, &header.id) || more(&declared.name, &header.name)
}

pub(super) fn more<T>(declared: &Option<T>, header: &Option<T>) -> bool {
    declared.is_some() && header.is_none()
}

pub(super) fn both(
    one: Option<&str>,
    other: Option<&str>,
    same: impl Fn(&str, &str) -> bool,
) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        _ => true,
    }
}

pub(super) fn same_id(one: Option<&Identifier>, other: Option<&Identifier>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one.root.eq_ignore_ascii_case(&other.root) && one.extension == other.extension
        }
        _ => true,
    }
}

pub(super) fn same_name(one: &PersonName, other: &PersonName) -> bool {
    both(one.family.as_deref(), other.family.as_deref(), same_text)
        && both(one.given.as_deref(), other.given.as_deref(), same_text)
}

pub(super) fn same_organization(one: &Organization, other: &Organization) -> bool {
    same_id(one.id.as_ref(), other.id.as_ref())
        && both(one.name.as_deref(), other.name.as_deref(), same_text)
}

pub(super) fn same_patient(declared: &SourcePatient, header: &SourcePatient) -> bool {
    let texts = [
        (&declared.family_birth, &header.family_birth),
        (&declared.family_used, &header.family_used),
        (&declared.given, &header.given),
    ];
    let birth = match (&declared.birth_date, &header.birth_date) {
        (Some(one), Some(other)) => same_time(one, other),
        _ => true,
    };
    let sex = match (declared.sex, header.sex) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    let ids = declared.ids.is_empty()
        || header.ids.is_empty()
        || declared.ids.iter().all(|id| header.ids.contains(id));
    let texts = texts
        .into_iter()
        .all(|(one, other)| both(one.as_deref(), other.as_deref(), same_text));
    texts && birth && sex && ids
}

pub(super) fn same_members<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len() && one.iter().all(|member| other.contains(member))
}

/// The coarser of the two holds the other.
pub(super) fn same_time(one: &Timestamp, other: &Timestamp) -> bool {
    let (one, other) = (one.span(), other.span());
    let holds = |outer: (_, _), inner: (_, _)| outer.0 <= inner.0 && inner.1 <= outer.1;
    holds(one, other) || holds(other, one)
}

pub(super) fn same_text(one: &str, other: &str) -> bool {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_lowercase)
            .collect::<Vec<_>>()
    };
    words(one) == words(other)
}
