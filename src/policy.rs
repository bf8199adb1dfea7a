//! The one decision: [`decide`] reads who acts, what, on which record and in which context, and hands out a [`Permit`] or a
//! refusal with its rule id. No I/O here. Rule ids are those of the rule catalogue.

mod consult;
mod permit;
mod rights;

use std::sync::Arc;

use crate::dmp::actor::{Actor, ActorId};
use crate::dmp::authorisation::Basis;
use crate::dmp::context::Context;
use crate::dmp::record::Standing;
use crate::error::{Code, Error, Issue};
use crate::tables::Tables;

pub use permit::{Ownership, Permit, Visibility};

/// What the policy reads beside the case itself.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The matrix and its version.
    pub tables: Arc<Tables>,
    /// Age of majority, years (rule MIN-09).
    pub age_of_majority: u8,
}

/// What a caller wants to do in one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// TD0.2.
    TestExistence,
    /// An operator opens or updates the record.
    OpenRecord,
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
    /// TD0.3.
    DeclareConsent {
        /// Who would hold the authorisation.
        holder: ActorId,
        /// On what it rests.
        basis: Basis,
        /// False withdraws.
        active: bool,
    },
    /// Search or read of the caller's own authorisations.
    ReadConsents,
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
    if *act == Act::OpenRecord {
        return rights::open_record(rules, actor);
    }
    let Some(standing) = standing else {
        return Err(Code::RecordUnknown.into());
    };
    match act {
        Act::TestExistence => Ok(Permit::new(
            rules,
            actor,
            standing,
            Visibility::Nothing,
            "AUT-03",
        )),
        Act::OpenRecord => Err(Code::Internal.into()),
        Act::Deposit => rights::deposit(rules, actor, standing, context),
        Act::SearchDocuments {
            by_identifier: true,
        } => consult::by_identifier(rules, actor, standing, context),
        Act::SearchDocuments {
            by_identifier: false,
        }
        | Act::SearchSubmissions => consult::record(rules, actor, standing, context),
        Act::ReadDocument | Act::ReadSubmission => {
            consult::one_entry(rules, actor, standing, context)
        }
        Act::ReadContent => consult::content(rules, actor, standing, context),
        Act::DeclareConsent {
            holder,
            basis,
            active,
        } => rights::declare(rules, actor, standing, context, holder, *basis, *active),
        Act::ReadConsents => rights::read_consents(rules, actor, standing),
    }
}

/// A refusal with its rule.
fn refuse(code: Code, rule: &'static str) -> Error {
    Issue::new(code).rule(rule).into()
}

/// The record is neither closed nor opposed (rules LC-09, LC-10).
fn open(standing: &Standing) -> Result<(), Error> {
    if standing.record.data.state.is_open() {
        Ok(())
    } else {
        Err(refuse(Code::RecordClosed, "LC-09"))
    }
}
