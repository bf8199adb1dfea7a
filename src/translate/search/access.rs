//! The search of one's own authorisations (Consent).

use uuid::Uuid;

use super::super::Reading;
use super::super::datatype::urls::ours::CONSENT_CATEGORY;
use super::params::Params;
use super::patient::{self, PatientKey};
use super::value::{alternatives, identifier_token, local_id, token, tokens};
use crate::dmp::query::Token;
use crate::dmp::right::Right;
use crate::error::{Code, Error, Issue};

/// A search of authorisations in one record.
#[derive(Debug, Clone)]
pub struct ConsentSearch {
    /// Whose record.
    pub patient: PatientKey,
    /// Which of the caller's authorisations are wanted.
    pub filter: ConsentFilter,
    /// True when only the number is wanted (`_summary=count`, `_count=0`).
    pub count_only: bool,
    /// The parameters that were used.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// Which authorisations a search keeps; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentFilter {
    /// False when no authorisation can match.
    possible: bool,
    statuses: Vec<Vec<bool>>,
    holders: Vec<Vec<Token>>,
    ids: Vec<Vec<Uuid>>,
}

impl ConsentFilter {
    /// True for an authorisation that the search asks for.
    pub fn keeps(&self, held: &Right) -> bool {
        let is_holder = |token: &Token| {
            held.declaration.grant.actor().is_some_and(|holder| {
                token.code == holder.as_str()
                    && token
                        .system
                        .as_deref()
                        .is_none_or(|system| system == holder.authority())
            })
        };
        self.possible
            && self
                .statuses
                .iter()
                .all(|these| these.contains(&held.declaration.active))
            && self.holders.iter().all(|these| these.iter().any(is_holder))
            && self.ids.iter().all(|these| these.contains(&held.id))
    }
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
        possible: true,
        ..ConsentFilter::default()
    };
    statuses(&mut params, &mut filter);
    categories(&mut params, &mut filter);
    for name in ["actor", "actor.identifier"] {
        let modifiers = [None, Some("identifier")];
        filter
            .holders
            .extend(tokens(&mut params, name, &modifiers, identifier_token));
    }
    filter.ids = tokens(&mut params, "_id", &[None], |_, id| {
        local_id(&id, "Consent", reading)
    });
    let count_only = super::results::count(&mut params) == 0;
    let done = params.finish(strict_handling)?;
    Ok(ConsentSearch {
        patient: patient.ok_or(Code::InsInvalid)?,
        filter,
        count_only,
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

fn categories(params: &mut Params, filter: &mut ConsentFilter) {
    let asked = tokens(params, "category", &[None], |system, code| {
        Some(match (system.as_deref(), code.as_str()) {
            (None | Some("http://loinc.org"), "59284-0") => true,
            (None, "autorisation-acces") => true,
            (Some(system), "autorisation-acces") => system == CONSENT_CATEGORY,
            _ => false,
        })
    });
    filter.possible &= asked.iter().all(|these| these.contains(&true));
}
