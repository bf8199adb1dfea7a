//! The oracle of consultation by professionals, written from the rule catalogue (§0, §24) and the order of refusals (contract §7).

use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::RecordState;

use super::world::{Authorisation, Document, From, Role, Switches, Who};

/// A professional before a record.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub who: Who,
    pub state: RecordState,
    pub minor: bool,
    pub blocked: bool,
    pub mode: AccessMode,
    pub reason: bool,
    pub secret: Option<bool>,
    pub authorisation: Authorisation,
    pub role: Role,
    pub switches: Switches,
}

/// How a professional looks at documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// His own.
    Own,
    /// His own, and what the matrix opens; masked ones too or not.
    Matrix { masked: bool },
}

/// The acts of consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Search,
    ByIdentifier,
    Submissions,
    Entry,
    Submission,
    Content,
}

/// What comes of it: a refusal, or a look and the answer for what it doesn't show.
pub type Answer = Result<(Sees, &'static str), &'static str>;

/// The catalogue's answer to one act of consultation.
pub fn consult(case: &Case, look: Look) -> Answer {
    let record = record(case);
    // HAB-06 and contract §7: without a declared consent the author finds and re-reads his own, unless he is blocked.
    match look {
        Look::Search | Look::Submissions => record.map(|sees| (sees, "not-found")),
        Look::ByIdentifier => match (own(case), record) {
            (Err(code), _) => Err(code),
            (_, Ok(sees)) => Ok((sees, "not-found")),
            // Somebody else's document and an unknown one are both an empty answer.
            (_, Err(_)) => Ok((Sees::Own, "not-found")),
        },
        Look::Content if !case.who.nominative() && open(case) => Err("card-cannot-consult"),
        Look::Entry | Look::Submission | Look::Content => match (own(case), record) {
            (Err(code), _) => Err(code),
            (_, Ok(sees)) => Ok((sees, "not-found")),
            (_, Err(code)) => Ok((Sees::Own, code)),
        },
    }
}

/// A record as a whole: state, kind of card, block, mode or consent.
pub fn record(case: &Case) -> Result<Sees, &'static str> {
    // LC-09, LC-10: opposed looks closed.
    if !open(case) {
        return Err("record-closed");
    }
    // AUT-01, AUT-02, AUT-03, HAB-02.
    if !case.who.nominative() || !in_matrix(case.who) {
        return Err("card-cannot-consult");
    }
    // BLK-04, X4: in every mode, with or without authorisation.
    if case.blocked {
        return Err("blocked-by-patient");
    }
    headers(case)?;
    match case.mode {
        // EMG-05, EMG-06.
        AccessMode::BrisDeGlace if !case.switches.break_glass => return Err("emergency-refused"),
        AccessMode::BrisDeGlace => {}
        // EMG-04: the configured regulators, physicians.
        AccessMode::Centre15 => {
            let regulator = case.who.regulator && case.who.profession == Some("10");
            if !regulator || !case.switches.regulation {
                return Err("emergency-refused");
            }
        }
        // MIN-06, then CONS-05.
        AccessMode::Normal if case.minor && case.secret.is_none() => {
            return Err("secret-choice-required");
        }
        AccessMode::Normal if !authorised(case) => return Err("consent-required"),
        AccessMode::Normal => {}
    }
    Ok(Sees::Matrix {
        masked: sees_masked(case),
    })
}

/// What the author of a document needs to find it again: an open record, no block, headers that make sense.
fn own(case: &Case) -> Result<(), &'static str> {
    if !open(case) {
        return Err("record-closed");
    }
    if case.blocked {
        return Err("blocked-by-patient");
    }
    headers(case)
}

/// Headers that make no sense here (contract §3, §7).
pub fn headers(case: &Case) -> Result<(), &'static str> {
    reason(case)?;
    let secret_has_sense = case.minor && case.mode == AccessMode::Normal;
    if case.secret == Some(true) && !secret_has_sense {
        return Err("secret-not-applicable");
    }
    Ok(())
}

/// EMG-05: the journal holds no broken glass without its reason, whatever the act.
pub fn reason(case: &Case) -> Result<(), &'static str> {
    match case.mode {
        AccessMode::BrisDeGlace if !case.reason => Err("reason-required"),
        _ => Ok(()),
    }
}

pub fn open(case: &Case) -> bool {
    case.state == RecordState::NotActivated || case.state == RecordState::Activated
}

pub fn in_matrix(who: Who) -> bool {
    who.profession
        .is_some_and(|code| ["10", "21", "28", "60"].contains(&code))
}

/// CONS-05, CONS-06, and MIN-10: what a representative consented to ends at majority.
pub fn authorised(case: &Case) -> bool {
    match case.authorisation {
        Authorisation::Valid | Authorisation::OfStructure => true,
        Authorisation::FromMinority => case.minor,
        Authorisation::None | Authorisation::Expired | Authorisation::Withdrawn => false,
    }
}

/// X1, X2 and step 8 of §24: médecin traitant and administrator, and in an emergency whoever it is, when the patient allowed it.
fn sees_masked(case: &Case) -> bool {
    case.role.treats()
        || case.role.administers()
        || (case.mode != AccessMode::Normal && case.switches.masked)
}

/// Is this document shown? MSK-03, HAB-01, HAB-06; hidden from the patient or her representatives is nothing to a professional
/// (ANN-02, MIN-03).
pub fn shows(who: Who, sees: Sees, document: &Document) -> bool {
    if is_own(who, document) {
        return true;
    }
    match sees {
        Sees::Own => false,
        Sees::Matrix { masked } => {
            readable(who, document.type_code) && (masked || !document.labels.masked)
        }
    }
}

/// Contract §7: what makes a document one's own.
pub fn is_own(who: Who, document: &Document) -> bool {
    match who.kind {
        ActorKind::Cps | ActorKind::Cpf => {
            document.from == From::AuthoredByPerson || document.from == From::DepositedByPerson
        }
        ActorKind::Cpe | ActorKind::Establishment => document.from == From::DepositedByStructure,
        _ => false,
    }
}

/// Rows of the matrix, as published.
fn readable(who: Who, type_code: &str) -> bool {
    let columns: &[&str] = match type_code {
        "11488-4" | "57833-6" | "DOCPAT05" => &["10", "21", "40", "50", "60"],
        "57828-6" => &["10", "21", "28", "40", "50", "60"],
        "89233-1" => &["10", "50"],
        _ => &[],
    };
    who.profession.is_some_and(|code| columns.contains(&code))
}
