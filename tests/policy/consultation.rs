//! Consultation by professionals: every case × every act, document by document.

use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::{Consulted, IdentityStatus, RecordState, Standing};
use passerelle::dmp::right::Grant;
use passerelle::policy::{Act, Notice, Visibility, decide};

use super::differences::Differences;
use super::oracle::{self, Case, Look, Sees};
use super::view;
use super::world::{
    ADULT, Authorisation, Document, MINOR, PROFESSIONALS, Role, Switches, Who, actor, context,
    documents, rules, standing, standing_right,
};

pub const LOOKS: [(Look, Act); 6] = [
    (
        Look::Search,
        Act::SearchDocuments {
            by_identifier: false,
        },
    ),
    (
        Look::ByIdentifier,
        Act::SearchDocuments {
            by_identifier: true,
        },
    ),
    (Look::Submissions, Act::SearchSubmissions),
    (Look::Entry, Act::ReadDocument),
    (Look::Submission, Act::ReadSubmission),
    (Look::Content, Act::ReadContent),
];

/// Every case of one caller. Cut: roles and switches are varied in open records only, a closed one refuses before they are read.
pub fn cases(who: Who, mut each: impl FnMut(Case)) {
    for state in RecordState::ALL {
        let open = state == RecordState::NotActivated || state == RecordState::Activated;
        let every: Vec<Switches> = Switches::all().collect();
        let switches = if open { &every[..] } else { &every[..1] };
        let roles = if open {
            &Role::ALL[..]
        } else {
            &Role::ALL[..1]
        };
        for bits in 0..8u8 {
            for mode in [
                AccessMode::Normal,
                AccessMode::BrisDeGlace,
                AccessMode::Centre15,
            ] {
                for secret in [None, Some(false), Some(true)] {
                    for authorisation in Authorisation::ALL {
                        for role in roles {
                            for switches in switches {
                                each(Case {
                                    who,
                                    state,
                                    minor: bits & 1 != 0,
                                    blocked: bits & 2 != 0,
                                    mode,
                                    reason: bits & 4 != 0,
                                    secret,
                                    authorisation,
                                    role: *role,
                                    switches: *switches,
                                });
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The record of a case, as its caller stands in it.
pub fn world(case: &Case) -> Standing {
    let id = actor(case.who).id;
    let mut rights = case.authorisation.rights(&id);
    rights.extend(case.role.rights(&id));
    rights.extend(case.switches.rights());
    if case.blocked {
        rights.push(standing_right(Grant::Block { of: id }));
    }
    let born = if case.minor { MINOR } else { ADULT };
    standing(case.state, IdentityStatus::Qualified, born, rights)
}

/// Pairs of looks (the oracle's and the policy's) already compared document by document.
struct Compared {
    documents: Vec<Document>,
    same: Vec<(Sees, Visibility)>,
    count: u64,
}

impl Compared {
    fn compare(&mut self, who: Who, sees: Sees, visibility: &Visibility) -> bool {
        self.count += self.documents.len() as u64;
        if self.same.iter().any(|(s, v)| *s == sees && v == visibility) {
            return true;
        }
        let same = self.documents.iter().all(|document| {
            oracle::shows(who, sees, document) == view::shows(visibility, document)
        });
        if same {
            self.same.push((sees, visibility.clone()));
        }
        same
    }
}

#[test]
fn consultation_is_the_one_of_the_rule_catalogue() {
    let rules = rules(false);
    let (mut decisions, mut seen, mut differences) = (0u64, 0u64, Differences::default());
    for who in PROFESSIONALS {
        let caller = actor(who);
        let mut compared = Compared {
            documents: documents(),
            same: Vec::new(),
            count: 0,
        };
        cases(who, |case| {
            let standing = world(&case);
            let context = context(case.mode, case.reason, case.secret);
            for (look, act) in &LOOKS {
                decisions += 1;
                let expected = oracle::consult(&case, *look);
                let decided = decide(&rules, &caller, act, Some(&standing), &context);
                let same = match (&expected, &decided) {
                    (Err(code), Err(error)) => *code == error.code().as_str(),
                    (Ok((sees, hidden)), Ok(permit)) => {
                        *hidden == permit.not_visible().code().as_str()
                            && compared.compare(who, *sees, permit.visibility())
                    }
                    _ => false,
                };
                if !same {
                    let decided = decided
                        .map(|permit| {
                            (
                                view::brief(permit.visibility()),
                                permit.not_visible().code(),
                            )
                        })
                        .map_err(|error| error.code());
                    differences.add(
                        format!(
                            "{look:?} {:?} {:?} {:?}",
                            case.mode, case.role, case.authorisation
                        ),
                        || format!("{case:?}\n  expected {expected:?}\n  decided {decided:?}"),
                    );
                }
            }
        });
        seen += compared.count;
    }
    println!("consultation: {decisions} decisions, {seen} documents");
    differences.none();
    assert!(decisions > 1_000_000);
}

#[test]
fn who_is_told_of_a_consultation() {
    let rules = rules(false);
    let mut count = 0u64;
    for who in PROFESSIONALS {
        let caller = actor(who);
        cases(who, |case| {
            let known = case.role == Role::None && case.switches.break_glass;
            if !known || case.state == RecordState::Closed {
                return;
            }
            let mut standing = world(&case);
            let context = context(case.mode, case.reason, case.secret);
            for consulted in [Consulted::Never, Consulted::InSecret, Consulted::Openly] {
                standing.consulted = consulted;
                for (look, act) in &LOOKS {
                    let Ok(permit) = decide(&rules, &caller, act, Some(&standing), &context) else {
                        continue;
                    };
                    count += 1;
                    // Re-reading one's own without a right to consult is no access to the record.
                    let consults =
                        matches!(oracle::consult(&case, *look), Ok((Sees::Matrix { .. }, _)));
                    // NOT-01, EMG-07, MIN-06; nobody was told of secret connections.
                    let expected = match case.mode {
                        _ if !consults => None,
                        AccessMode::Normal if case.secret == Some(true) => None,
                        AccessMode::Normal => (consulted != Consulted::Openly).then_some("first"),
                        _ => Some("emergency"),
                    };
                    let told = match permit.notice() {
                        None | Some(Notice::First { secret: true }) => None,
                        Some(Notice::First { secret: false }) => Some("first"),
                        Some(Notice::Emergency(mode)) => {
                            assert_eq!(mode, case.mode);
                            Some("emergency")
                        }
                    };
                    assert_eq!(told, expected, "{look:?} {consulted:?} {case:?}");
                }
            }
        });
    }
    println!("notices: {count} permits");
    assert!(count > 10_000);
}
