//! Changes of documents by the patient's side, and what is asked of every change.

use passerelle::dmp::change::{DocumentChange, DocumentFacts};
use passerelle::dmp::document::Labels;
use passerelle::policy::{Act, decide};

use super::differences::Differences;
use super::oracle_patients::{self, activated};
use super::patients::{cases, world};
use super::world::{Document, From, context, documents, labels, portal, rules};

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
                let expected = oracle_patients::change(&case, document, &change);
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
