//! The search of rights (Consent).

use uuid::Uuid;

use super::super::Reading;
use super::super::consent::purposes;
use super::super::datatype::urls::ours::CONSENT_CATEGORY;
use super::params::Params;
use super::patient::{self, PatientKey};
use super::subset::Show;
use super::value::{alternatives, identifier_token, local_id, token, tokens};
use crate::dmp::actor::ActorId;
use crate::dmp::right::{Category, Right};
use crate::error::{Code, Error, Issue};

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
    ids: Vec<Vec<Uuid>>,
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
        every(&self.statuses, |active| *active == declaration.active)
            && every(&self.categories, named)
            && every(&self.actors, concerns)
            && every(&self.purposes, serves)
            && every(&self.ids, |id| *id == held.id)
    }
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
        purposes: asked_purposes(&mut params),
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

/// Codes of v3-ActReason.
fn asked_purposes(params: &mut Params) -> Vec<Vec<String>> {
    tokens(params, "purpose", &[None], |system, code| {
        let known = system.is_none_or(|system| system == super::super::consent::PURPOSE);
        known.then_some(code)
    })
}
