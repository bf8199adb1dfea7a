//! What a permit shows, read from its visibility as the store reads it.

use passerelle::policy::{Ownership, Visibility};

use super::world::{Document, From, STRUCTURE, user};

/// True when a document of the record may be known.
pub fn shows(visibility: &Visibility, document: &Document) -> bool {
    match visibility {
        Visibility::Nothing => false,
        Visibility::All => true,
        Visibility::Own(ownership) => owns(ownership, document),
        Visibility::Professional {
            ownership,
            types,
            masked,
        } => {
            let typed = types.all || types.codes.iter().any(|code| **code == *document.type_code);
            owns(ownership, document) || typed && (*masked || !document.labels.masked)
        }
        Visibility::Patient { representative, .. } => {
            let announced = !document.labels.invisible_patient || document.old;
            announced && !(*representative && document.labels.invisible_representatives)
        }
    }
}

/// True when it is the caller's own.
pub fn owns(ownership: &Ownership, document: &Document) -> bool {
    match ownership {
        Ownership::Person(_) => {
            document.from == From::AuthoredByPerson || document.from == From::DepositedByPerson
        }
        Ownership::Structure(id) => {
            id.as_str() == STRUCTURE && document.from == From::DepositedByStructure
        }
        Ownership::PatientSide => document.from == From::PatientSide || document.from == From::User,
        Ownership::User(id) => *id == user("me") && document.from == From::User,
        Ownership::Nothing => false,
    }
}

/// A visibility in a word.
pub fn brief(visibility: &Visibility) -> String {
    match visibility {
        Visibility::Professional { masked, .. } => format!("matrix, masked: {masked}"),
        Visibility::Own(_) => "own".to_owned(),
        other => format!("{other:?}"),
    }
}
