//! Searches of submissions drawn by lot, and what they mean.

use passerelle::dmp::code::Code;
use passerelle::dmp::person::Organization;
use passerelle::dmp::submission::{Submission, SubmissionSet};

use crate::model::{self, Dice, FAMILIES, PEOPLE, PLACES, STRUCTURES, TIMES};
use crate::questions::{plain, span};
use crate::support::client::encode;

const TITLES: [&str; 3] = ["Séjour d'été", "Séjour", "Bilan 100%"];
const TYPES: [&str; 2] = ["04", "07"];
const SOURCES: [&str; 2] = ["1.2.250.1.999.1.1.1", "1.2.250.1.999.2"];

/// Makes a submission differ from the others.
pub fn vary(submission: &mut Submission, dice: &mut Dice) {
    let metadata = &mut submission.metadata;
    metadata.author = (!dice.one_in(4)).then(|| model::author(dice));
    metadata.title = (!dice.one_in(4)).then(|| dice.of(&TITLES).to_owned());
    metadata.content_type = Code::new(dice.of(&TYPES), "1.2.250.1.213.2.2");
    metadata.source_id = dice.of(&SOURCES).to_owned();
    metadata.submission_time = model::time(dice);
}

type Test = Box<dyn Fn(&SubmissionSet) -> bool>;

/// One search.
pub struct Asked {
    parameters: Vec<(String, String)>,
    tests: Vec<Test>,
    descending: bool,
}

impl Asked {
    pub fn random(dice: &mut Dice, known: &[&SubmissionSet]) -> Self {
        let mut asked = Self {
            parameters: Vec::new(),
            tests: Vec::new(),
            descending: true,
        };
        for (name, value) in [("code", "submissionset"), ("status", "current")] {
            asked.add(name, value);
        }
        for _ in 0..dice.below(3) {
            asked.condition(dice, known);
        }
        if dice.one_in(2) {
            asked.descending = dice.one_in(2);
            asked.add("_sort", if asked.descending { "-date" } else { "date" });
        }
        asked.add("_count", dice.of(&["3", "10", "100"]));
        asked
    }

    /// Percent-encoded.
    pub fn query(&self) -> String {
        let pairs = self.parameters.iter();
        let pairs = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The ids that are meant, in their order.
    pub fn answer(&self, known: &[&SubmissionSet]) -> Vec<String> {
        let meant = |set: &&&SubmissionSet| self.tests.iter().all(|test| test(set));
        let mut found: Vec<_> = known.iter().filter(meant).collect();
        found.sort_by_key(|set| (span(&set.metadata.submission_time.to_fhir()).0, set.id));
        if self.descending {
            found.reverse();
        }
        found.iter().map(|set| set.id.to_string()).collect()
    }

    fn add(&mut self, name: &str, value: &str) {
        self.parameters.push((name.to_owned(), value.to_owned()));
    }

    fn ask(&mut self, name: &str, value: &str, test: impl Fn(&SubmissionSet) -> bool + 'static) {
        self.add(name, value);
        self.tests.push(Box::new(test));
    }

    fn missing(&mut self, dice: &mut Dice, name: &str, is: fn(&SubmissionSet) -> bool) {
        let wanted = dice.one_in(2);
        let value = if wanted { "true" } else { "false" };
        self.ask(&format!("{name}:missing"), value, move |set| {
            is(set) == wanted
        });
    }

    fn condition(&mut self, dice: &mut Dice, known: &[&SubmissionSet]) {
        match dice.below(12) {
            0 => self.number(dice),
            1 => self.name(dice),
            2 => self.missing(dice, "authorOrg", |set| place(set).is_none()),
            3 => self.missing(dice, "source", |set| set.metadata.author.is_none()),
            4 => self.missing(dice, "title", |set| set.metadata.title.is_none()),
            5 => {
                // Never archived, and never with the extension.
                let (name, value, all) = dice.of(&[
                    ("isArchived", "true", false),
                    ("isArchived", "true,false", true),
                    ("PDSm_isArchived", "false", true),
                    ("isArchived:not", "true", true),
                    ("isArchived:not", "false", false),
                    ("isArchived:missing", "true", true),
                    ("isArchived:missing", "false", false),
                ]);
                self.ask(name, value, move |_| all);
            }
            6 => {
                let code = dice.of(&TYPES);
                let is = move |set: &SubmissionSet| set.metadata.content_type.code == code;
                match dice.below(3) {
                    0 => self.ask("designationType:not", code, move |set| !is(set)),
                    1 => self.ask("DesignationType", code, is),
                    _ => self.ask("designationType", &format!("{code},99"), is),
                }
            }
            7 => {
                let source = dice.of(&SOURCES);
                let name = dice.of(&["sourceId", "SourceId"]);
                self.ask(name, source, move |set| set.metadata.source_id == source);
            }
            8 => self.title(dice),
            9 => {
                let (prefix, day) = (dice.of(&["ge", "lt"]), dice.of(&TIMES));
                let (from, _) = span(day);
                self.ask("date", &format!("{prefix}{day}"), move |set| {
                    let (start, end) = span(&set.metadata.submission_time.to_fhir());
                    let (_, to) = span(day);
                    match prefix {
                        "lt" => start < from,
                        _ => end > to || start >= from,
                    }
                });
            }
            10 => self.person(dice),
            _ => {
                let Some(one) = known.first().map(|_| dice.of(known).id) else {
                    return;
                };
                self.ask("_id", &one.to_string(), move |set| set.id == one);
            }
        }
    }

    fn number(&mut self, dice: &mut Dice) {
        let number = dice.of(&STRUCTURES);
        let value = match dice.one_in(2) {
            true => number.to_owned(),
            false => format!("urn:oid:1.2.250.1.71.4.2.2|{number}"),
        };
        let name = dice.of(&[
            "authorOrg",
            "PDSm_authorOrg",
            "authorOrg:identifier",
            "authorOrg.identifier",
            "source:PractitionerRole.organization.identifier",
        ]);
        self.ask(name, &value, move |set| {
            let id = place(set).and_then(|place| place.id.as_ref());
            id.is_some_and(|id| id.extension == number)
        });
    }

    fn name(&mut self, dice: &mut Dice) {
        let whole = dice.of(&PLACES);
        let how = dice.of(&["", ":contains", ":exact"]);
        let value: String = match how {
            ":exact" => whole.to_owned(),
            "" => whole.chars().take(2 + dice.below(8)).collect(),
            _ => whole.chars().skip(dice.below(9)).collect(),
        };
        let value = value.trim().to_owned();
        // A name with a digit would be a number.
        let name = match value.contains(|c: char| c.is_ascii_digit()) {
            true => "authorOrg.name",
            false => dice.of(&["authorOrg.name", "authorOrg", "PDSm_authorOrg.name"]),
        };
        let sent = value.replace(',', "\\,");
        self.ask(&format!("{name}{how}"), &sent, move |set| {
            let name = place(set).and_then(|place| place.name.as_deref());
            name.is_some_and(|one| fits(how, one, &value))
        });
    }

    fn title(&mut self, dice: &mut Dice) {
        let whole = dice.of(&TITLES);
        let how = dice.of(&["", ":contains", ":exact"]);
        let value: String = match how {
            ":exact" => whole.to_owned(),
            "" => whole.chars().take(2 + dice.below(6)).collect(),
            _ => whole.chars().skip(dice.below(5)).collect(),
        };
        let value = value.trim().to_owned();
        let sent = value.clone();
        self.ask(&format!("title{how}"), &sent, move |set| {
            let title = set.metadata.title.as_deref();
            title.is_some_and(|title| fits(how, title, &value))
        });
    }

    fn person(&mut self, dice: &mut Dice) {
        if dice.one_in(2) {
            let number = dice.of(&PEOPLE);
            return self.ask("source.identifier", number, move |set| {
                let id = set
                    .metadata
                    .author
                    .as_ref()
                    .and_then(|author| author.id.as_ref());
                id.is_some_and(|id| id.extension == number)
            });
        }
        let family = dice.of(&FAMILIES);
        let name = dice.of(&[
            "source.family",
            "PDSm_List_PatientAsSource.family",
            "source:PractitionerRole.partOf.familyEx",
        ]);
        self.ask(&format!("{name}:exact"), family, move |set| {
            let author = set.metadata.author.as_ref();
            author.is_some_and(|author| author.name.family.as_deref() == Some(family))
        });
    }
}

/// Where the author of a submission works, or the one that is its author.
fn place(set: &SubmissionSet) -> Option<&Organization> {
    set.metadata.author.as_ref()?.institution.as_ref()
}

fn fits(how: &str, text: &str, value: &str) -> bool {
    match how {
        ":exact" => text == value,
        ":contains" => plain(text).contains(&plain(value)),
        _ => plain(text).starts_with(&plain(value)),
    }
}
