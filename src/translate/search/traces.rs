//! The search of traces (AuditEvent, ITI-81).

mod entities;

use uuid::Uuid;

use super::super::Reading;
use super::super::audit_event::{self, Coded, Pattern};
use super::super::datatype::urls::ours;
use super::params::Params;
use super::patient::{self, PatientKey};
use super::results;
use super::subset::Show;
use super::value::{coded_tokens, identifier_token, local_id, times, tokens};
use crate::dmp::code::system;
use crate::dmp::context::AccessMode;
use crate::dmp::query::{Condition, SortField, TimeField};
use crate::dmp::trace::{AgentKey, Outcome, TraceCondition, TraceQuery, TracedAct};
use crate::error::{Code, Error, Issue};

/// Rows of a page when nothing is asked, and at most: what a patient is shown (TRC-03).
const COUNT: u32 = 100;

/// A trace is never changed: both are the time of the act.
const SORTS: [(&str, SortField); 2] = [
    ("date", SortField::Deposited),
    ("_lastUpdated", SortField::Deposited),
];

/// A search of traces in one record.
#[derive(Debug, Clone)]
pub struct TraceSearch {
    /// Whose record.
    pub patient: PatientKey,
    /// What is asked for.
    pub query: TraceQuery,
    /// What is shown of each trace.
    pub show: Show,
    /// The parameters that were used.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// Reads `GET AuditEvent?…` and `POST AuditEvent/_search`.
///
/// # Errors
/// As [`super::documents`].
pub fn traces(
    given: &[(String, String)],
    strict_handling: bool,
    reading: &Reading,
) -> Result<TraceSearch, Error> {
    let mut params = Params::new(given, reading);
    let patient = patient::take(&mut params);
    let mut conditions = Vec::new();
    let keys = tokens(&mut params, "_id", &[None], |_, id| id.parse().ok());
    conditions.extend(keys.into_iter().map(TraceCondition::Key));
    for name in ["date", "_lastUpdated"] {
        let asked = times(&mut params, name, TimeField::Deposited);
        conditions.extend(asked.into_iter().filter_map(|condition| match condition {
            Condition::Time(_, bounds) => Some(TraceCondition::At(bounds)),
            _ => None,
        }));
    }
    acts(&mut params, &mut conditions);
    codes(&mut params, &mut conditions);
    who(&mut params, &mut conditions);
    entities::take(&mut params, &mut conditions);
    let (count, show) = results::count_up_to(&mut params, "AuditEvent", COUNT, COUNT);
    let sort = results::sort(&mut params, &SORTS);
    let descending = sort.first().is_none_or(|sort| sort.descending);
    let done = params.finish(strict_handling)?;
    Ok(TraceSearch {
        patient: patient.ok_or(Code::InsInvalid)?,
        query: TraceQuery {
            conditions,
            descending,
            count,
            after: None,
        },
        show,
        used: done.used,
        warnings: done.warnings,
    })
}

/// `type`, `subtype` and `action` say which acts.
fn acts(params: &mut Params, conditions: &mut Vec<TraceCondition>) {
    let mut among = |name: &str, is: &dyn Fn(TracedAct, Option<&str>, &str) -> bool| {
        let asked = coded_tokens(params, name, |system, code| {
            let met = |act: &TracedAct| is(*act, system.as_deref(), &code);
            Some(TracedAct::ALL.into_iter().filter(met).collect::<Vec<_>>())
        });
        let asked = asked.into_iter().map(|acts| acts.concat());
        conditions.extend(asked.map(TraceCondition::Act));
    };
    among("type", &|act, system, code| {
        is(&Pattern::of(act).kind, system, code)
    });
    among("subtype", &|act, system, code| {
        let own = system.is_none_or(|system| system == ours::DMP_TRANSACTION);
        Pattern::of(act)
            .subtypes
            .iter()
            .any(|subtype| is(subtype, system, code))
            || (own && (code.is_empty() || audit_event::transaction(act) == code))
    });
    among("action", &|act, _, code| Pattern::of(act).action == code);
}

fn is(coded: &Coded, system: Option<&str>, code: &str) -> bool {
    (code.is_empty() || coded.code == code) && system.is_none_or(|system| system == coded.system)
}

/// `outcome` and `purpose`.
fn codes(params: &mut Params, conditions: &mut Vec<TraceCondition>) {
    let asked = tokens(params, "outcome", &[None], |_, code| {
        Outcome::ALL
            .into_iter()
            .find(|outcome| outcome.code() == code)
    });
    conditions.extend(asked.into_iter().map(TraceCondition::Outcome));
    let asked = coded_tokens(params, "purpose", |system, code| {
        let modes = [
            AccessMode::Normal,
            AccessMode::BrisDeGlace,
            AccessMode::Centre15,
        ];
        let met = |mode: &AccessMode| {
            let mut purposes = audit_event::purposes(*mode).into_iter();
            purposes.any(|purpose| is(&purpose, system.as_deref(), &code))
        };
        Some(modes.into_iter().filter(met).collect::<Vec<_>>())
    });
    let asked = asked.into_iter().map(|modes| modes.concat());
    conditions.extend(asked.map(TraceCondition::Mode));
}

/// `agent.identifier`, and `agent` by an identifier or as a reference to the patient.
fn who(params: &mut Params, conditions: &mut Vec<TraceCondition>) {
    let reading = params.reading;
    for name in ["agent", "agent.identifier"] {
        let modifiers = [None, Some("identifier")];
        let asked = tokens(params, name, &modifiers, |system, code| {
            if name == "agent"
                && system.is_none()
                && let Some(id) = patient_id(&code, reading)
            {
                return Some(AgentKey::Holder(id));
            }
            if entities::is_ours(system.as_deref(), &code, reading) {
                return Some(AgentKey::Ours);
            }
            let token = identifier_token(system, code)?;
            Some(match token.system {
                None => AgentKey::Any(token.code),
                Some(of) if of == system::PS_ID_NAT => AgentKey::Person(token.code),
                Some(of) if of == system::STRUCT_ID_NAT => AgentKey::Structure(token.code),
                Some(of) => {
                    let holder = entities::holders(Some(&of), &token.code).next();
                    holder.map_or_else(|| AgentKey::User(of, token.code), AgentKey::Ins)
                }
            })
        });
        conditions.extend(asked.into_iter().map(TraceCondition::Agent));
    }
}

fn patient_id(reference: &str, reading: &Reading) -> Option<Uuid> {
    let named = reference.contains('/');
    named.then(|| local_id(reference, "Patient", reading))?
}
