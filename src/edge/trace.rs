//! The trace of a request, from what is known of it when it ends.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::params::Params;
use crate::audit;
use crate::dmp::actor::Actor;
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::time::Instant;
use crate::dmp::trace::{Outcome, Trace, TracedAct, TracedActor};
use crate::error::Error;
use crate::policy::Permit;

/// What is known so far of one request.
#[derive(Debug)]
pub(super) struct Known {
    pub act: TracedAct,
    pub at: Instant,
    pub request_id: String,
    pub traceparent: Option<String>,
    pub actor: Option<Actor>,
    pub context: Option<Context>,
    pub patient: Option<Ins>,
    /// Rule and matrix version of the permit.
    pub grounds: Option<(&'static str, String)>,
    /// What the request names by its id.
    pub named: Option<(&'static str, Uuid)>,
    pub query: Option<String>,
}

impl Known {
    pub(super) fn new(
        act: TracedAct,
        at: Instant,
        request_id: String,
        traceparent: Option<String>,
    ) -> Self {
        Self {
            act,
            at,
            request_id,
            traceparent,
            actor: None,
            context: None,
            patient: None,
            grounds: None,
            named: None,
            query: None,
        }
    }

    /// Notes what allowed the act.
    pub(super) fn permitted(&mut self, permit: &Permit) {
        self.grounds = Some((permit.rule(), permit.matrix_version().to_owned()));
    }

    /// The trace of an act that succeeds. The store adds what it found or made.
    pub(super) fn success(&self) -> Trace {
        let context = self.context.as_ref();
        Trace {
            id: Uuid::new_v4(),
            at: self.at,
            patient: self.patient.clone(),
            actor: self.actor.as_ref().map(|actor| traced(actor, context)),
            act: self.act,
            outcome: Outcome::Success,
            refusal: None,
            rule: self.grounds.as_ref().map(|(rule, _)| (*rule).to_owned()),
            matrix: self.grounds.as_ref().map(|(_, matrix)| matrix.clone()),
            mode: context.map_or(AccessMode::Normal, |context| context.mode),
            reason: context.and_then(|context| context.reason.clone()),
            secret: context.is_some_and(|context| context.secret == Some(true)),
            entities: Vec::new(),
            query: self.query.clone(),
            request_id: self.request_id.clone(),
            traceparent: self.traceparent.clone(),
        }
    }

    /// The trace of a refusal.
    pub(super) fn refused(&self, error: &Error) -> Trace {
        let mut trace = self.success();
        let named = self.named.map(|(kind, id)| (kind.to_owned(), id));
        trace.entities.extend(named);
        audit::refuse(&mut trace, error);
        trace
    }
}

/// The search as the journal keeps it: everything but who it is about, under whatever parameter.
pub(super) fn query(params: &Params) -> Option<String> {
    const PATIENT: [&str; 2] = ["patient", "subject"];
    let is_about = |name: &str| PATIENT.iter().any(|subject| name.starts_with(subject));
    let names_one = |value: &str| {
        // Some clients encode twice.
        let value = percent_decode_str(value).decode_utf8_lossy();
        let mut parts = value.split([',', '|', '\\', ' ']);
        parts.any(|part| Ins::parse(InsRoot::Nir, part).is_ok())
    };
    let kept: Vec<String> = params
        .iter()
        .filter(|(name, value)| !is_about(name) && !names_one(value))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

fn traced(actor: &Actor, context: Option<&Context>) -> TracedActor {
    let carried = actor.structure.as_ref().map(|structure| &structure.id);
    let structure = carried.or(context.and_then(|context| context.structure.as_ref()));
    TracedActor {
        kind: actor.kind,
        id: actor.id.as_str().to_owned(),
        name: actor.display(),
        profession: actor.matrix_column().map(str::to_owned),
        structure: structure.map(|id| id.as_str().to_owned()),
    }
}
