//! The oracle of what professionals write: documents, changes of documents, rights; and of the traces that they read.

use passerelle::dmp::actor::{ActorId, ActorKind};
use passerelle::dmp::change::DocumentChange;
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::right::{Basis, Grant};

use super::oracle::{self, Case, Sees};
use super::world::{Document, From};

/// Who writes a right, and the structure that his card carries or would.
pub struct Writer {
    pub id: ActorId,
    pub structure: ActorId,
}

/// A deposit (FEED-02, LC-10, INS-02, FEED-03); what the depositor may replace is what he may know of.
pub fn deposit(case: &Case, qualified: bool, opposed: bool) -> Result<Sees, &'static str> {
    if !oracle::open(case) {
        Err("record-closed")
    } else if !qualified {
        Err("identity-not-qualified")
    } else if let Err(code) = oracle::headers(case) {
        Err(code)
    } else if opposed {
        Err("not-allowed")
    } else {
        Ok(oracle::record(case).unwrap_or(Sees::Own))
    }
}

/// The catalogue's answer to one change of one document.
pub fn change(
    case: &Case,
    document: &Document,
    change: &DocumentChange,
    late: bool,
) -> Result<(), &'static str> {
    if !oracle::open(case) {
        return Err("record-closed");
    }
    let own = oracle::is_own(case.who, document);
    // Contract §7: CPE and establishments delete what their structure deposited; no archive, no mask.
    if !change.delete && !case.who.nominative() {
        return Err("not-allowed");
    }
    // X3, X4: who is blocked deletes his own, and nothing else.
    if !change.delete && case.blocked {
        return Err("blocked-by-patient");
    }
    oracle::headers(case)?;
    if !case.who.nominative() || case.blocked {
        return if own { Ok(()) } else { Err("not-found") };
    }
    // TD3.3a, TD3.3b, TD3.3d: in normal mode (TD3.3d: a physician in an emergency, see docs/rules.md).
    if !change.delete && case.mode != AccessMode::Normal {
        return Err("not-allowed");
    }
    let record = oracle::record(case);
    let sees = record.unwrap_or(Sees::Own);
    if !oracle::shows(case.who, sees, document) {
        // Contract §7: hidden is absent.
        return Err("not-found");
    }
    let consults = record.is_ok();
    let treating = consults && case.role.treats();
    let administrator = consults && case.role.administers();
    if let Some(wanted) = change.labels {
        let stands = document.labels;
        let hides = wanted.invisible_patient && !stands.invisible_patient
            || wanted.invisible_representatives && !stands.invisible_representatives;
        // FEED-05.
        if wanted.masked && wanted.invisible_patient {
            return Err("label-conflict");
        }
        if wanted.masked && !stands.masked && !own && !administrator {
            return Err("not-author");
        }
        if !wanted.masked && stands.masked && !own && !administrator && !treating {
            return Err("not-author");
        }
        // X12; with the switch it is the author's decision, as at the deposit.
        if hides && !late {
            return Err("label-conflict");
        }
        if hides && !own {
            return Err("not-author");
        }
    }
    // DEL-01, X13; what the patient deposited is the médecin traitant's to archive and delete, beside the patient (cards §3.1).
    let of_patient = document.from == From::PatientSide || document.from == From::User;
    if change.delete && !own && !(of_patient && treating)
        || change.archived.is_some() && !own && !treating
    {
        return Err("not-author");
    }
    Ok(())
}

/// The catalogue's answer.
pub fn write_right(
    case: &Case,
    me: &Writer,
    grant: &Grant,
    active: bool,
) -> Result<(), &'static str> {
    if !oracle::open(case) {
        return Err("record-closed");
    }
    let mine = |holder: &ActorId| *holder == me.id;
    let of_structure = |holder: &ActorId| *holder == me.structure;
    let feeding = matches!(grant, Grant::FeedingOpposition { .. });
    // TD0.3 is not for an establishment's certificate; what is about feeding is for whoever feeds, a block does not stop it (X3).
    if case.who.kind == ActorKind::Establishment && !feeding {
        return Err("not-allowed");
    }
    if case.blocked && !feeding {
        return Err("blocked-by-patient");
    }
    if case.mode != AccessMode::Normal {
        return Err("not-allowed");
    }
    if case.secret == Some(true) && !case.minor {
        return Err("secret-not-applicable");
    }
    match grant {
        Grant::Access { holder, basis } => match case.who.kind {
            // For its structure, and it withdraws nothing.
            ActorKind::Cpe if of_structure(holder) && active => Ok(()),
            ActorKind::Cpe if of_structure(holder) => Err("not-allowed"),
            ActorKind::Cpe => Err("not-yours"),
            _ if mine(holder) => Ok(()),
            // CONS-07.
            _ if active && *basis == Basis::Explicit && oracle::authorised(case) => Ok(()),
            _ => Err("not-yours"),
        },
        Grant::TreatingPhysician { holder, .. } => {
            let physician = case.who.kind == ActorKind::Cps && case.who.profession == Some("10");
            match (physician, mine(holder)) {
                (false, _) => Err("not-a-physician"),
                (true, false) => Err("not-yours"),
                (true, true) => Ok(()),
            }
        }
        // Noted by whoever feeds, for himself or his structure (FEED-03).
        Grant::FeedingOpposition { of, .. }
            if mine(of) || case.who.kind == ActorKind::Cpe && of_structure(of) =>
        {
            Ok(())
        }
        // BLK-01, ADM-02.
        Grant::Block { .. } if case.role.administers() => Ok(()),
        _ => Err("not-yours"),
    }
}

/// X11, MT-04: médecin traitant and administrators read all traces while nothing blocks them; the others those of their own acts.
pub fn reads_all_traces(case: &Case) -> Result<bool, &'static str> {
    if !oracle::open(case) {
        return Err("record-closed");
    }
    oracle::reason(case)?;
    Ok((case.role.treats() || case.role.administers()) && !case.blocked)
}
