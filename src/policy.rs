//! The one decision: [`decide`] reads who acts, what, on which record and in which context, and hands out a [`Permit`] or a
//! refusal with its rule id. No I/O here. Rule ids are those of the rule catalogue; `mappings/rules.csv` says each in words.

mod case;
mod change;
mod consult;
mod feed;
mod patient;
mod permit;
mod record;
mod rights;
mod traces;

use std::sync::Arc;

use crate::dmp::actor::Actor;
use crate::dmp::change::{DocumentChange, RecordChange};
use crate::dmp::context::Context;
use crate::dmp::record::Standing;
use crate::dmp::right::Grant;
use crate::error::{Code, Error, Issue};
use crate::tables::Tables;

use case::Case;
pub use case::Step;
pub use permit::{Notice, Ownership, Permit, RightScope, TraceScope, Visibility};

/// What the policy reads beside the case itself.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The matrix and its version.
    pub tables: Arc<Tables>,
    /// Age of majority, years (rule MIN-09).
    pub age_of_majority: u8,
    /// Invisibility may be set after the deposit (decision X12).
    pub late_invisibility: bool,
}

/// What a caller wants to do in one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// TD0.2.
    TestExistence,
    /// An operator opens or updates the record.
    OpenRecord,
    /// The patient, or who acts for him, changes the state or the settings of the record.
    ChangeRecord(RecordChange),
    /// TD2: deposit, replacing included.
    Deposit,
    /// TD3.1: search of documents; `by_identifier` when nothing but identifiers is asked (TD3.1b).
    SearchDocuments {
        /// TD3.1b.
        by_identifier: bool,
    },
    /// ITI-66.
    SearchSubmissions,
    /// Read of one entry's metadata.
    ReadDocument,
    /// Read of one submission.
    ReadSubmission,
    /// TD3.2: read of a content.
    ReadContent,
    /// TD3.3a to TD3.3d; what it may change of one document, [`Permit::may_change`] tells.
    ChangeDocument(DocumentChange),
    /// TD0.3 and every other right.
    WriteRight {
        /// Which.
        grant: Grant,
        /// False withdraws.
        active: bool,
    },
    /// Search or read of rights.
    ReadRights,
    /// Search or read of traces.
    ReadTraces,
}

/// Decides one act. `standing` is None when the INS has no record.
///
/// # Errors
/// The first refusal that applies, in the order: record, kind of card, block, mode or consent.
pub fn decide(
    rules: &Rules,
    actor: &Actor,
    act: &Act,
    standing: Option<&Standing>,
    context: &Context,
) -> Result<Permit, Error> {
    decided(rules, actor, act, standing, context, None)
}

/// Decides as [`decide`] does, and tells the path: each rule that was asked, and whether it held.
pub fn explain(
    rules: &Rules,
    actor: &Actor,
    act: &Act,
    standing: Option<&Standing>,
    context: &Context,
) -> (Result<Permit, Error>, Vec<Step>) {
    let path = std::cell::RefCell::default();
    let decision = decided(rules, actor, act, standing, context, Some(&path));
    (decision, path.into_inner())
}

fn decided(
    rules: &Rules,
    actor: &Actor,
    act: &Act,
    standing: Option<&Standing>,
    context: &Context,
    path: Option<&std::cell::RefCell<Vec<Step>>>,
) -> Result<Permit, Error> {
    if *act == Act::OpenRecord {
        return record::open_record(rules, actor);
    }
    let Some(standing) = standing else {
        return Err(Code::RecordUnknown.into());
    };
    let case = Case {
        rules,
        actor,
        standing,
        context,
        path,
    };
    if actor.kind.is_patient_side() {
        patient::decide(&case, act)
    } else {
        professional(&case, act)
    }
}

fn professional(case: &Case, act: &Act) -> Result<Permit, Error> {
    match act {
        Act::TestExistence => {
            case.reason_given()?;
            Ok(case.permit(Visibility::Nothing, "AUT-03"))
        }
        Act::OpenRecord => Err(Code::Internal.into()),
        Act::ChangeRecord(_) => Err(refuse(Code::NotYours, "LC-03")),
        Act::Deposit => feed::deposit(case),
        Act::SearchDocuments {
            by_identifier: true,
        } => consult::by_identifier(case),
        Act::SearchDocuments {
            by_identifier: false,
        }
        | Act::SearchSubmissions => consult::record(case),
        Act::ReadDocument | Act::ReadSubmission => consult::one_entry(case),
        Act::ReadContent => consult::content(case),
        Act::ChangeDocument(change) => change::professional(case, change),
        Act::WriteRight { grant, active } => rights::write(case, grant, *active),
        Act::ReadRights => rights::read(case),
        Act::ReadTraces => traces::read(case),
    }
}

/// A refusal with its rule.
fn refuse(code: Code, rule: &'static str) -> Error {
    Issue::new(code).rule(rule).into()
}
