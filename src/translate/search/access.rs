//! The search of rights (Consent).

use uuid::Uuid;

use super::super::Reading;
use super::super::consent::{ACTION, actions, purposes};
use super::super::datatype::urls::ours::CONSENT_CATEGORY;
use super::params::Params;
use super::patient::{self, PatientKey};
use super::subset::Show;
use super::value::{alternatives, identifier_token, local_id, times, token, tokens};
use crate::dmp::actor::ActorId;
use crate::dmp::query::{Comparison, Condition, Sort, SortField, TimeBound, TimeField};
use crate::dmp::right::{Category, Right};
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

/// A right is dated when it is written: both are the time of its last change.
const SORTS: [(&str, SortField); 2] = [
    ("_lastUpdated", SortField::Updated),
    ("date", SortField::Updated),
];

/// A search of rights in one record.
#[derive(Debug, Clone)]
pub struct ConsentSearch {
    /// Whose record.
    pub patient: PatientKey,
    /// Which of the rights that the caller may know of are wanted.
    pub filter: ConsentFilter,
    /// True when only the number is wanted (`_summary=count`, `_count=0`).
    pub count_only: bool,
    /// What is shown of each right.
    pub show: Show,
    /// The parameters that were used.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// Which rights a search keeps; every condition must hold, and one of the alternatives of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentFilter {
    statuses: Vec<Vec<bool>>,
    categories: Vec<Vec<Named>>,
    actors: Vec<Vec<Identifier>>,
    purposes: Vec<Vec<String>>,
    actions: Vec<Vec<String>>,
    periods: Vec<Vec<TimeBound>>,
    updated: Vec<Vec<TimeBound>>,
    ids: Vec<Vec<Uuid>>,
    sort: Option<Sort>,
}

/// What a category token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// LOINC's consent document: every right.
    Every,
    /// One category.
    One(Category),
}

/// System and value of an identifier token.
type Identifier = (Option<String>, String);

impl ConsentFilter {
    /// True for a right that the search asks for.
    pub fn keeps(&self, held: &Right) -> bool {
        let declaration = &held.declaration;
        let category = declaration.grant.category();
        let named = |named: &Named| match named {
            Named::Every => true,
            Named::One(one) => *one == category,
        };
        let concerns = |identifier: &Identifier| {
            let actor = declaration.grant.actor();
            actor.is_some_and(|actor| answers_to(actor, identifier))
        };
        let serves = |purpose: &String| purposes(&declaration.grant).contains(&purpose.as_str());
        let does = |action: &String| actions(&declaration.grant).contains(&action.as_str());
        // Kept to the microsecond.
        let next = Instant::from_microsecond(held.updated.as_microsecond() + 1);
        let changed = (held.updated, next.unwrap_or(Instant::MAX));
        every(&self.statuses, |active| *active == declaration.active)
            && every(&self.categories, named)
            && every(&self.actors, concerns)
            && every(&self.purposes, serves)
            && every(&self.actions, does)
            && every(&self.periods, |bound| overlaps(bound, held))
            && every(&self.updated, |bound| compares(bound, changed))
            && every(&self.ids, |id| *id == held.id)
    }

    /// Puts rights into the order asked for; they come oldest first.
    pub fn order(&self, rights: &mut [Right]) {
        let Some(sort) = self.sort else { return };
        rights.sort_by_key(|right| (right.updated, right.id));
        if sort.descending {
            rights.reverse();
        }
    }
}

/// As [`compares`], for a period without end when the right lasts until it is withdrawn: to equal it is to overlap.
fn overlaps(bound: &TimeBound, held: &Right) -> bool {
    let (start, end) = (held.start, held.end.unwrap_or(Instant::MAX));
    let overlap = start < bound.end && end > bound.start;
    match bound.comparison {
        Comparison::Equal | Comparison::Approximately => overlap,
        Comparison::NotEqual => !overlap,
        Comparison::Less => start < bound.start,
        Comparison::Greater => end > bound.end,
        Comparison::LessOrEqual => start < bound.end,
        Comparison::GreaterOrEqual => end > bound.start,
        Comparison::StartsAfter => start >= bound.end,
        Comparison::EndsBefore => end <= bound.start,
    }
}

/// FHIR comparison of a span with that of a value.
fn compares(bound: &TimeBound, (start, end): (Instant, Instant)) -> bool {
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

/// What is asked of a time, by parameter.
fn bounds(params: &mut Params, name: &str) -> Vec<Vec<TimeBound>> {
    let asked = times(params, name, TimeField::Updated).into_iter();
    let bounds = asked.filter_map(|condition| match condition {
        Condition::Time(_, bounds) => Some(bounds),
        _ => None,
    });
    bounds.collect()
}

fn every<T>(conditions: &[Vec<T>], holds: impl Fn(&T) -> bool) -> bool {
    conditions.iter().all(|these| these.iter().any(&holds))
}

fn answers_to(actor: &ActorId, (system, value): &Identifier) -> bool {
    if let ActorId::User(user) = actor {
        let same = system
            .as_deref()
            .is_none_or(|system| system == user.issuer());
        return same && value == user.subject();
    }
    identifier_token(system.clone(), value.clone()).is_some_and(|token| {
        let authority = token.system.as_deref();
        token.code == actor.as_str() && authority.is_none_or(|root| root == actor.authority())
    })
}

/// Reads `GET Consent?…` and `POST Consent/_search`.
///
/// # Errors
/// As [`super::documents`]; without `status` in strict mode `parameter-required` (PCF).
pub fn consents(
    given: &[(String, String)],
    strict_handling: bool,
    reading: &Reading,
) -> Result<ConsentSearch, Error> {
    let mut params = Params::new(given, reading);
    let patient = patient::take(&mut params);
    let mut filter = ConsentFilter {
        categories: categories(&mut params),
        purposes: asked(&mut params, "purpose", super::super::consent::PURPOSE),
        actions: asked(&mut params, "action", ACTION),
        periods: bounds(&mut params, "period"),
        ..ConsentFilter::default()
    };
    statuses(&mut params, &mut filter);
    for name in ["actor", "actor.identifier"] {
        let modifiers = [None, Some("identifier")];
        let asked = tokens(&mut params, name, &modifiers, |system, value| {
            Some((system, value))
        });
        filter.actors.extend(asked);
    }
    filter.ids = tokens(&mut params, "_id", &[None], |_, id| {
        local_id(&id, "Consent", reading)
    });
    for name in ["_lastUpdated", "date"] {
        filter.updated.extend(bounds(&mut params, name));
    }
    let sort = super::results::sort(&mut params, &SORTS);
    let sorted = params.used.iter().any(|(name, _)| name == "_sort");
    filter.sort = sort.first().copied().filter(|_| sorted);
    let (count, show) = super::results::count(&mut params, "Consent");
    let done = params.finish(strict_handling)?;
    Ok(ConsentSearch {
        patient: patient.ok_or(Code::InsInvalid)?,
        filter,
        count_only: count == 0,
        show,
        used: done.used,
        warnings: done.warnings,
    })
}

fn statuses(params: &mut Params, filter: &mut ConsentFilter) {
    let taken = params.take("status");
    if taken.is_empty() && params.strict_profile {
        params.required("status");
    }
    for (modifier, value) in taken {
        if let Some(modifier) = modifier {
            params.unsupported(&format!("status:{modifier}"));
            continue;
        }
        let mut wanted = Vec::new();
        for one in alternatives(&value).unwrap_or_else(|| vec![String::new()]) {
            match token(&one).1.as_str() {
                "active" => wanted.push(true),
                "inactive" => wanted.push(false),
                "draft" | "proposed" | "rejected" | "entered-in-error" => {}
                _ => params.invalid("status"),
            }
        }
        filter.statuses.push(wanted);
    }
}

fn categories(params: &mut Params) -> Vec<Vec<Named>> {
    tokens(params, "category", &[None], |system, code| {
        let category = Category::from_code(&code).map(Named::One);
        match system.as_deref() {
            None | Some("http://loinc.org") if code == "59284-0" => Some(Named::Every),
            None | Some(CONSENT_CATEGORY) => category,
            Some(_) => None,
        }
    })
}

/// Codes of one system.
fn asked(params: &mut Params, name: &str, of: &str) -> Vec<Vec<String>> {
    tokens(params, name, &[None], |system, code| {
        system.is_none_or(|system| system == of).then_some(code)
    })
}
