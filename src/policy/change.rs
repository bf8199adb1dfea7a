//! Changing a document after its deposit: labels (TD3.3a, TD3.3b), deletion (TD3.3c), archiving (TD3.3d).

use super::case::Case;
use super::permit::Changer;
use super::{Permit, consult, refuse};
use crate::dmp::change::{DocumentChange, DocumentFacts};
use crate::dmp::context::AccessMode;
use crate::dmp::document::Labels;
use crate::error::{Code, Error};

/// A professional changes a document. Deleting one's own needs no authorisation, and stays possible while blocked (DEL-01, X3).
pub(super) fn professional(case: &Case, change: &DocumentChange) -> Result<Permit, Error> {
    case.open()?;
    let deletes_only =
        change.delete && !change.restore && change.labels.is_none() && change.archived.is_none();
    if !deletes_only {
        case.require(case.actor.kind.is_nominative(), Code::NotAllowed, "AUT-03")?;
        case.not_blocked()?;
    }
    case.well_formed_mode()?;
    if !deletes_only {
        let normal = case.context.mode == AccessMode::Normal;
        case.require(normal, Code::NotAllowed, "MSK-04")?;
    }
    let consulted = if case.blocked() {
        None
    } else {
        consult::record(case).ok()
    };
    let consults = consulted.is_some();
    let mut permit = consulted.unwrap_or_else(|| consult::own(case));
    // Changing is not consulting: nobody is told of an access.
    permit.notice = None;
    permit.changer = if case.actor.kind.is_nominative() {
        Changer::Professional {
            consults,
            treating: consults && case.is_treating_physician(),
            administrator: consults && case.is_administrator(),
            late: case.rules.late_invisibility,
        }
    } else {
        Changer::Structure
    };
    Ok(permit)
}

/// The decision on one document that the caller may know of; every part that is asked must be allowed.
pub(super) fn judge(
    changer: Changer,
    facts: &DocumentFacts,
    change: &DocumentChange,
) -> Result<&'static str, Error> {
    let mut rule = "CLS-05";
    if change.archived.is_some() {
        rule = archiving(changer, facts)?;
    }
    if let Some(wanted) = change.labels {
        rule = labels(changer, facts, wanted)?;
    }
    if change.delete || change.restore {
        rule = deletion(changer, facts)?;
    }
    Ok(rule)
}

/// The author deletes; a patient's document, his side or the médecin traitant (DEL-01, DEL-03).
fn deletion(changer: Changer, facts: &DocumentFacts) -> Result<&'static str, Error> {
    let treating = matches!(changer, Changer::Professional { treating: true, .. });
    if facts.own || (treating && facts.from_patient) {
        Ok("DEL-01")
    } else {
        Err(refuse(Code::NotAuthor, "DEL-01"))
    }
}

/// The author archives and brings back; the médecin traitant any document; the patient's side, the patient's (CLS-05).
fn archiving(changer: Changer, facts: &DocumentFacts) -> Result<&'static str, Error> {
    match changer {
        Changer::Nobody | Changer::Structure => Err(refuse(Code::NotAllowed, "CLS-05")),
        Changer::Professional { treating: true, .. } => Ok("CLS-05"),
        _ if facts.own => Ok("CLS-05"),
        _ => Err(refuse(Code::NotAuthor, "CLS-05")),
    }
}

fn labels(changer: Changer, facts: &DocumentFacts, wanted: Labels) -> Result<&'static str, Error> {
    let held = facts.labels;
    if wanted.masked && wanted.invisible_patient {
        return Err(refuse(Code::LabelConflict, "FEED-05"));
    }
    if wanted.restricted != held.restricted {
        return Err(refuse(Code::LabelConflict, "MSK-02"));
    }
    let mut rule = "MSK-02";
    if wanted.masked != held.masked {
        rule = masking(changer, facts, wanted.masked)?;
    }
    if wanted.invisible_patient != held.invisible_patient {
        rule = invisibility(changer, facts, wanted.invisible_patient, "ANN-01")?;
    }
    if wanted.invisible_representatives != held.invisible_representatives {
        rule = invisibility(changer, facts, wanted.invisible_representatives, "MIN-04")?;
    }
    Ok(rule)
}

/// The patient any document, the author his own, the administrator those of others; the médecin traitant unmasks (MSK-01, MSK-04).
fn masking(changer: Changer, facts: &DocumentFacts, masks: bool) -> Result<&'static str, Error> {
    match changer {
        Changer::Nobody | Changer::Structure => Err(refuse(Code::NotAllowed, "MSK-04")),
        Changer::Caregiver => Err(refuse(Code::NotYours, "AID-02")),
        Changer::Patient => Ok("MSK-01"),
        Changer::Professional {
            treating,
            administrator,
            ..
        } => {
            if facts.own || administrator || (treating && !masks) {
                Ok("MSK-04")
            } else {
                Err(refuse(Code::NotAuthor, "MSK-04"))
            }
        }
    }
}

/// Invisibility is set at the deposit and afterwards only lifted, by a professional who may consult the document or wrote it
/// (decision X12).
fn invisibility(
    changer: Changer,
    facts: &DocumentFacts,
    hides: bool,
    rule: &'static str,
) -> Result<&'static str, Error> {
    match changer {
        Changer::Professional { consults, late, .. } => {
            let may = if hides { late } else { consults || facts.own };
            match (may, hides && !facts.own) {
                (true, false) => Ok(rule),
                (true, true) => Err(refuse(Code::NotAuthor, rule)),
                (false, _) => Err(refuse(Code::LabelConflict, rule)),
            }
        }
        Changer::Nobody | Changer::Structure => Err(refuse(Code::NotAllowed, rule)),
        Changer::Caregiver => Err(refuse(Code::NotYours, "AID-02")),
        Changer::Patient => Err(refuse(Code::LabelConflict, rule)),
    }
}
