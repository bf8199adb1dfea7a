//! Changes of documents by professionals (TD3.3a to TD3.3d): MSK-04, ADM-02, ANN-04, MIN-04, CLS-05, DEL-01, X12, X13, and the rights
//! per transaction (cards §3.1).

use passerelle::dmp::change::DocumentChange;
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::RecordState;
use passerelle::error::Error;
use passerelle::policy::{Act, Permit, decide};

use super::consultation::world;
use super::differences::Differences;
use super::oracle::{self, Case};
use super::oracle_acts;
use super::patient_changes::{changes, facts};
use super::view;
use super::world::{
    Authorisation, Document, PROFESSIONALS, Role, Switches, actor, context, documents, rules,
};

/// What becomes of a change: the act's own refusal, the document's absence, or the judgment on its facts.
pub fn judged(
    permit: &Result<Permit, Error>,
    document: &Document,
    change: &DocumentChange,
) -> Result<(), &'static str> {
    let permit = match permit {
        Ok(permit) => permit,
        Err(error) => return Err(error.code().as_str()),
    };
    if !view::shows(permit.visibility(), document) {
        return Err(permit.not_visible().code().as_str());
    }
    let own = view::owns(permit.ownership(), document);
    permit
        .may_change(&facts(document, own), change)
        .map(|_| ())
        .map_err(|error| error.code().as_str())
}

/// A change in a few words.
pub fn brief(change: &DocumentChange, document: &Document) -> String {
    let Some(wanted) = change.labels else {
        return format!("delete {} archive {:?}", change.delete, change.archived);
    };
    let stands = document.labels;
    [
        ("masked", stands.masked, wanted.masked),
        (
            "patient",
            stands.invisible_patient,
            wanted.invisible_patient,
        ),
        (
            "representatives",
            stands.invisible_representatives,
            wanted.invisible_representatives,
        ),
    ]
    .map(|(name, from, to)| match (from, to) {
        (false, true) => format!("+{name}"),
        (true, false) => format!("-{name}"),
        (true, true) => format!("={name}"),
        _ => String::new(),
    })
    .join(" ")
}

/// Every case of a change. Cut: headers that make no sense are varied where the caller is nothing in the record.
fn cases(mut each: impl FnMut(Case)) {
    for who in PROFESSIONALS {
        for state in [RecordState::Activated, RecordState::Closed] {
            for bits in 0..4u8 {
                for mode in [
                    AccessMode::Normal,
                    AccessMode::BrisDeGlace,
                    AccessMode::Centre15,
                ] {
                    for authorisation in [Authorisation::None, Authorisation::Valid] {
                        for role in Role::ALL {
                            let minor = bits & 1 != 0;
                            let normal = mode == AccessMode::Normal;
                            let chosen = (minor && normal).then_some(false);
                            let odd = [(true, chosen), (false, chosen), (true, Some(true))];
                            let headers = if role == Role::None {
                                &odd[..]
                            } else {
                                &odd[..1]
                            };
                            for (reason, secret) in headers {
                                each(Case {
                                    who,
                                    state,
                                    minor,
                                    blocked: bits & 2 != 0,
                                    mode,
                                    reason: *reason,
                                    secret: *secret,
                                    authorisation,
                                    role,
                                    switches: Switches {
                                        regulation: true,
                                        break_glass: true,
                                        masked: true,
                                    },
                                });
                            }
                        }
                    }
                }
            }
        }
    }
}

fn differ(late: bool) -> u64 {
    let rules = rules(late);
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    // Cut: the age of a document is nothing to a professional.
    let documents: Vec<Document> = documents().into_iter().filter(|d| !d.old).collect();
    cases(|case| {
        let caller = actor(case.who);
        let standing = world(&case);
        let context = context(case.mode, case.reason, case.secret);
        for change in changes() {
            let act = Act::ChangeDocument(change);
            let permit = decide(&rules, &caller, &act, Some(&standing), &context);
            for document in &documents {
                decisions += 1;
                let expected = oracle_acts::change(&case, document, &change, late);
                let decided = judged(&permit, document, &change);
                if decided != expected {
                    differences.add(
                        format!(
                            "{} {:?} {:?} {:?} {:?} own {} {expected:?} {decided:?}",
                            brief(&change, document),
                            case.who.kind,
                            case.who.profession,
                            case.mode,
                            case.role,
                            oracle::is_own(case.who, document)
                        ),
                        || format!("{change:?} {document:?} {case:?}"),
                    );
                }
            }
        }
    });
    differences.none();
    decisions
}

#[test]
fn documents_change_as_the_catalogue_says() {
    println!("changes: {} decisions", differ(false));
}

#[test]
fn documents_change_as_the_switch_of_x12_says() {
    println!("changes, late invisibility: {} decisions", differ(true));
}
