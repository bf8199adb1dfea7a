//! Changes of documents by the patient's side, and what is asked of every change.

use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::change::{DocumentChange, DocumentFacts};
use passerelle::dmp::document::Labels;
use passerelle::policy::{Act, decide};

use super::differences::Differences;
use super::patients::{Case, activated, cases, shows, world};
use super::world::{Document, From, context, documents, labels, portal, rules};

/// MSK-01: any document is masked and unmasked by the patient; X12: invisible is a professional's word, set and lifted by them; DEL-03: deleted is what
/// came from the patient's side, by a caregiver what he deposited himself; AID-02: he masks nothing.
fn change_of_patient(
    case: &Case,
    document: &Document,
    change: &DocumentChange,
) -> Result<(), &'static str> {
    activated(case)?;
    if !shows(case, document) {
        return Err("not-found");
    }
    let from_patient = document.from == From::PatientSide || document.from == From::User;
    let caregiver = case.kind == ActorKind::Caregiver;
    let own = if caregiver {
        document.from == From::User
    } else {
        from_patient
    };
    if let Some(wanted) = change.labels {
        let stands = document.labels;
        // FEED-05.
        if wanted.masked && wanted.invisible_patient {
            return Err("label-conflict");
        }
        if caregiver && wanted != stands {
            return Err("not-yours");
        }
        if wanted.invisible_patient != stands.invisible_patient
            || wanted.invisible_representatives != stands.invisible_representatives
        {
            return Err("label-conflict");
        }
    }
    if change.delete && !own {
        return Err("not-author");
    }
    if change.archived.is_some() && !own {
        return Err("not-author");
    }
    Ok(())
}

/// One part at a time: what several parts together ask is judged part by part.
pub fn changes() -> Vec<DocumentChange> {
    let mut all: Vec<DocumentChange> = labels()
        .map(|labels: Labels| DocumentChange {
            labels: Some(labels),
            ..DocumentChange::default()
        })
        .collect();
    all.push(DocumentChange {
        delete: true,
        ..DocumentChange::default()
    });
    for archived in [false, true] {
        all.push(DocumentChange {
            archived: Some(archived),
            ..DocumentChange::default()
        });
    }
    all
}

#[test]
fn the_patients_side_changes_documents_as_the_catalogue_says() {
    let rules = rules(false);
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    cases(|case| {
        let caller = portal(case.kind, case.own_record, case.protects_person);
        let standing = world(&case);
        let context = context(case.mode, true, case.secret);
        for change in changes() {
            let act = Act::ChangeDocument(change);
            let permit = decide(&rules, &caller, &act, Some(&standing), &context);
            // The act's own refusal is the same for every document.
            let all = documents();
            let documents = if activated(&case).is_ok() {
                &all[..]
            } else {
                &all[..1]
            };
            for document in documents {
                decisions += 1;
                let expected = change_of_patient(&case, document, &change);
                let decided = super::changes::judged(&permit, document, &change);
                if decided != expected {
                    differences.add(
                        format!(
                            "{} {:?} from {:?} {expected:?} {decided:?}",
                            super::changes::brief(&change, document),
                            case.kind,
                            document.from == From::User
                        ),
                        || format!("{case:?}"),
                    );
                }
            }
        }
    });
    println!("patient's changes: {decisions} decisions");
    differences.none();
}

/// The facts of a document for the permit's judgment.
pub fn facts(document: &Document, own: bool) -> DocumentFacts {
    DocumentFacts {
        labels: document.labels,
        own,
        from_patient: document.from == From::PatientSide || document.from == From::User,
    }
}
