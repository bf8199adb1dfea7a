//! The search of rights (Consent).

use uuid::Uuid;

use super::super::Reading;
use super::super::consent::{ACTION, PURPOSE, actions, purposes};
use super::super::datatype::urls::ours::CONSENT_CATEGORY;
use super::in_memory::{self, bounds, compares, every, moment};
use super::params::Params;
use super::patient::{self, PatientKey};
use super::results;
use super::subset::Show;
use super::value::{alternatives, identifier_token, local_id, token, tokens};
use crate::dmp::actor::ActorId;
use crate::dmp::query::{Bookmark, Comparison, Page, Sort, SortField, TimeBound};
use crate::dmp::right::{Category, Right};
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

/// Without being asked a right stands by the beginning of its period, the first one first.
const BY_START: Sort = Sort {
    field: SortField::Creation,
    descending: false,
};

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
    /// Which rights are wanted, and in which order.
    pub query: ConsentQuery,
    /// What is shown of each right.
    pub show: Show,
    /// The parameters that were used.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// What is asked of the rights that the caller may know of; every condition must hold, and one of the alternatives of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentQuery {
    statuses: Vec<Vec<bool>>,
    categories: Vec<Vec<Named>>,
    actors: Vec<Vec<Identifier>>,
    purposes: Vec<Vec<String>>,
    actions: Vec<Vec<String>>,
    periods: Vec<Vec<TimeBound>>,
    updated: Vec<Vec<TimeBound>>,
    ids: Vec<Vec<Uuid>>,
    sort: Vec<Sort>,
    count: u32,
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

impl ConsentQuery {
    /// One page of the rights that are asked for; `rights` are all that the caller may know of.
    pub fn page(&self, rights: Vec<Right>, asked: Option<Bookmark>) -> Page<Right> {
        let kept = rights.into_iter().filter(|held| self.keeps(held));
        in_memory::page(kept, (&self.sort, self.count), asked, |held| {
            let keys = self.sort.iter().map(|sort| match sort.field {
                SortField::Updated => held.updated.as_microsecond(),
                _ => held.start.as_microsecond(),
            });
            (keys.collect(), held.id)
        })
    }

    fn keeps(&self, held: &Right) -> bool {
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
        let changed = moment(held.updated);
        every(&self.statuses, |active| *active == declaration.active)
            && every(&self.categories, named)
            && every(&self.actors, concerns)
            && every(&self.purposes, serves)
            && every(&self.actions, does)
            && every(&self.periods, |bound| overlaps(bound, held))
            && every(&self.updated, |bound| compares(bound, changed))
            && every(&self.ids, |id| *id == held.id)
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
    let (count, show) = results::count(&mut params, "Consent");
    let query = ConsentQuery {
        statuses: statuses(&mut params),
        categories: categories(&mut params),
        actors: actors(&mut params),
        purposes: asked(&mut params, "purpose", PURPOSE),
        actions: asked(&mut params, "action", ACTION),
        periods: bounds(&mut params, "period"),
        updated: ["_lastUpdated", "date"]
            .into_iter()
            .flat_map(|name| bounds(&mut params, name))
            .collect(),
        ids: tokens(&mut params, "_id", &[None], |_, id| {
            local_id(&id, "Consent", reading)
        }),
        sort: sort(&mut params),
        count,
    };
    let done = params.finish(strict_handling)?;
    Ok(ConsentSearch {
        patient: patient.ok_or(Code::InsInvalid)?,
        query,
        show,
        used: done.used,
        warnings: done.warnings,
    })
}

fn statuses(params: &mut Params) -> Vec<Vec<bool>> {
    let taken = params.take("status");
    if taken.is_empty() && params.strict_profile {
        params.required("status");
    }
    let mut statuses = Vec::new();
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
        statuses.push(wanted);
    }
    statuses
}

fn actors(params: &mut Params) -> Vec<Vec<Identifier>> {
    let mut of = |name| {
        let modifiers = [None, Some("identifier")];
        tokens(params, name, &modifiers, |system, value| {
            Some((system, value))
        })
    };
    [of("actor"), of("actor.identifier")].concat()
}

fn sort(params: &mut Params) -> Vec<Sort> {
    let sort = results::sort(params, &SORTS);
    let asked = params.used.iter().any(|(name, _)| name == "_sort");
    if asked { sort } else { vec![BY_START] }
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
