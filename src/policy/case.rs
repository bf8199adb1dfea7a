//! One case to decide, and the questions that every branch asks of it.

use std::cell::RefCell;

use super::{Permit, Rules, Visibility, refuse};
use crate::dmp::actor::Actor;
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::record::Standing;
use crate::dmp::right::{Category, Right};
use crate::dmp::time::Instant;
use crate::error::{Code, Error};

/// One rule that was asked on the way to a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The rule's id.
    pub rule: &'static str,
    /// It held: the way goes on.
    pub holds: bool,
}

/// One case.
pub(super) struct Case<'a> {
    pub(super) rules: &'a Rules,
    pub(super) actor: &'a Actor,
    pub(super) standing: &'a Standing,
    pub(super) context: &'a Context,
    pub(super) path: Option<&'a RefCell<Vec<Step>>>,
}

impl Case<'_> {
    /// Goes on when a rule holds.
    ///
    /// # Errors
    /// The refusal of that rule.
    pub(super) fn require(&self, holds: bool, code: Code, rule: &'static str) -> Result<(), Error> {
        if self.asks(rule, holds) {
            Ok(())
        } else {
            Err(refuse(code, rule))
        }
    }

    /// Notes a question and its answer.
    pub(super) fn asks(&self, rule: &'static str, holds: bool) -> bool {
        if let Some(path) = self.path {
            path.borrow_mut().push(Step { rule, holds });
        }
        holds
    }

    /// A permit in this record.
    pub(super) fn permit(&self, visibility: Visibility, rule: &'static str) -> Permit {
        Permit::new(self, visibility, rule)
    }

    /// The record is neither closed nor opposed; an opposed one looks closed (LC-09, LC-10).
    ///
    /// # Errors
    /// `record-closed`.
    pub(super) fn open(&self) -> Result<(), Error> {
        let open = self.standing.record.data.state.is_open();
        self.require(open, Code::RecordClosed, "LC-09")
    }

    /// The block wins over consent, emergency and authorship (decision X4).
    ///
    /// # Errors
    /// `blocked-by-patient`.
    pub(super) fn not_blocked(&self) -> Result<(), Error> {
        self.require(!self.blocked(), Code::BlockedByPatient, "BLK-04")
    }

    pub(super) fn blocked(&self) -> bool {
        self.valid(Category::Block).is_some()
    }

    /// The valid right of a category that concerns the caller, or everyone.
    pub(super) fn valid(&self, category: Category) -> Option<&Right> {
        self.standing.valid(category, self.context.now)
    }

    /// Médecin traitant DMP (MT-01, MT-02).
    pub(super) fn is_treating_physician(&self) -> bool {
        self.valid(Category::TreatingPhysician).is_some()
    }

    /// Administrator (ADM-02).
    pub(super) fn is_administrator(&self) -> bool {
        self.valid(Category::Administrator).is_some()
    }

    /// A declared authorisation that stands (CONS-05). One that was given for a minor ends with his majority (MIN-10).
    pub(super) fn is_authorised(&self) -> bool {
        self.standing.rights.iter().any(|right| {
            right.declaration.grant.category() == Category::Access
                && right.is_valid_at(self.context.now)
                && self.is_minor_at(right.start) == self.is_minor()
        })
    }

    /// The patient is a minor at the time of the act (MIN-09).
    pub(super) fn is_minor(&self) -> bool {
        self.is_minor_at(self.context.now)
    }

    fn is_minor_at(&self, at: Instant) -> bool {
        self.standing.record.data.age_at(at) < i16::from(self.rules.age_of_majority)
    }

    pub(super) fn secret(&self) -> bool {
        self.context.secret == Some(true)
    }

    /// A secret connection is for mode normal in a minor's record (MIN-06).
    ///
    /// # Errors
    /// `secret-not-applicable`.
    pub(super) fn secret_applies(&self) -> Result<(), Error> {
        let applies = self.context.mode == AccessMode::Normal && self.is_minor();
        self.require(
            !self.secret() || applies,
            Code::SecretNotApplicable,
            "MIN-06",
        )
    }

    /// What the headers say of the mode makes sense in this record: a reason to break the glass, a secret where there is one.
    ///
    /// # Errors
    /// `reason-required`, `secret-not-applicable`.
    pub(super) fn well_formed_mode(&self) -> Result<(), Error> {
        self.reason_given()?;
        self.secret_applies()
    }

    /// Whatever the act, the journal holds no broken glass without its reason.
    ///
    /// # Errors
    /// `reason-required`.
    pub(super) fn reason_given(&self) -> Result<(), Error> {
        let given = self.context.mode != AccessMode::BrisDeGlace || self.context.reason.is_some();
        self.require(given, Code::ReasonRequired, "EMG-05")
    }
}
