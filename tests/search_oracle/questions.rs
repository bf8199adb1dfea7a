//! Searches drawn by lot: the words that are sent, and beside them what they mean, told without the product's own reading.

use std::cmp::Ordering;

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use passerelle::dmp::document::{Availability, DocumentEntry};
use passerelle::dmp::person::{Author, AuthorKind};

use crate::model::{
    CLASSES, Dice, EVENTS, FACILITIES, FAMILIES, GIVEN, Known, PEOPLE, PLACES, STRUCTURES, TIMES,
    TYPES,
};
use crate::support::client::encode;

type Test = Box<dyn Fn(&DocumentEntry) -> bool>;
type Order = Box<dyn Fn(&DocumentEntry, &DocumentEntry) -> Ordering>;

/// One search.
pub struct Question {
    parameters: Vec<(String, String)>,
    tests: Vec<Test>,
    order: Vec<Order>,
    /// The order of ids, where all else is equal.
    ids_descending: bool,
}

impl Question {
    pub fn random(dice: &mut Dice, known: &[&Known]) -> Self {
        let mut question = Self {
            parameters: Vec::new(),
            tests: Vec::new(),
            order: Vec::new(),
            ids_descending: true,
        };
        question.status(dice);
        for _ in 0..dice.below(3) {
            question.condition(dice, known);
        }
        question.sort(dice);
        let count = ["4", "15", "50", "200"][dice.below(4)];
        question.add("_count", count);
        question
    }

    /// Percent-encoded.
    pub fn query(&self) -> String {
        let pairs = self.parameters.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        pairs.join("&")
    }

    /// The ids that are meant, in their order.
    pub fn answer(&self, known: &[&Known]) -> Vec<String> {
        let mut found: Vec<&DocumentEntry> = known
            .iter()
            .map(|known| &known.entry)
            .filter(|entry| self.tests.iter().all(|test| test(entry)))
            .collect();
        found.sort_by(|a, b| {
            let ids = match self.ids_descending {
                true => b.id.cmp(&a.id),
                false => a.id.cmp(&b.id),
            };
            self.order
                .iter()
                .map(|order| order(a, b))
                .find(|order| order.is_ne())
                .unwrap_or(ids)
        });
        found.iter().map(|entry| entry.id.to_string()).collect()
    }

    fn add(&mut self, name: &str, value: &str) {
        self.parameters.push((name.to_owned(), value.to_owned()));
    }

    fn ask(&mut self, name: &str, value: &str, test: impl Fn(&DocumentEntry) -> bool + 'static) {
        self.add(name, value);
        self.tests.push(Box::new(test));
    }

    fn status(&mut self, dice: &mut Dice) {
        use Availability::{Approved, Archived, Deprecated};
        let (query, wanted): (&[(&str, &str)], &[Availability]) = match dice.below(7) {
            0 => (&[("status", "current")], &[Approved]),
            1 => (&[("status", "superseded")], &[Deprecated]),
            2 => (&[("status", "current,superseded")], &[Approved, Deprecated]),
            3 => (&[("status:not", "superseded")], &[Approved]),
            4 => (
                &[("status", "current"), ("isArchived", "true,false")],
                &[Approved, Archived],
            ),
            5 => (
                &[("status", "current"), ("isArchived:missing", "false")],
                &[Archived],
            ),
            _ => (
                &[("_lastUpdated", "ge2020")],
                &[Approved, Archived, Deprecated],
            ),
        };
        for (name, value) in query {
            self.add(name, value);
        }
        self.tests
            .push(Box::new(move |entry| wanted.contains(&entry.availability)));
    }

    fn condition(&mut self, dice: &mut Dice, known: &[&Known]) {
        let one = (!known.is_empty()).then(|| dice.of(known).entry.clone());
        match dice.below(21) {
            0 => self.code(dice, "type", "http://loinc.org", &TYPES, |e| {
                vec![e.metadata.type_code.code.clone()]
            }),
            1 => self.code(
                dice,
                "category",
                "urn:oid:1.2.250.1.213.1.1.4.1",
                &CLASSES,
                |e| vec![e.metadata.class.code.clone()],
            ),
            2 => self.code(dice, "event", "urn:oid:1.2.250.1.213.2.5", &EVENTS, |e| {
                e.metadata
                    .events
                    .iter()
                    .map(|code| code.code.clone())
                    .collect()
            }),
            3 => self.code(dice, "facility", "1.2.250.1.71.4.2.4", &FACILITIES, |e| {
                vec![e.metadata.facility_type.code.clone()]
            }),
            4 => {
                let masked = |e: &DocumentEntry| e.metadata.labels.masked;
                match dice.one_in(2) {
                    true => self.ask("security-label", "MASQUE_PS", masked),
                    false => self.ask("security-label:not", "MASQUE_PS", move |e| !masked(e)),
                }
            }
            5 => self.missing(dice, "event", |e| e.metadata.events.is_empty()),
            6 => self.missing(dice, "period-end", |e| e.metadata.service_stop.is_none()),
            7 => self.missing(dice, "related", |e| e.metadata.references.is_empty()),
            8 => self.missing(dice, "relatesto", |e| e.metadata.relations.is_empty()),
            9 => self.time(dice, "creation", false, |e| {
                Some(span(&e.metadata.creation_time.to_fhir()))
            }),
            10 => self.time(dice, "period-start", false, |e| {
                Some(span(&e.metadata.service_start.to_fhir()))
            }),
            11 => self.time(dice, "period-end", false, |e| {
                Some(span(&e.metadata.service_stop.as_ref()?.to_fhir()))
            }),
            12 => self.time(dice, "period", true, |e| {
                let start = span(&e.metadata.service_start.to_fhir());
                let stop = e.metadata.service_stop.as_ref();
                let stop = stop.map_or(start, |stop| span(&stop.to_fhir()));
                Some((start.0, stop.1))
            }),
            13 => self.author(dice),
            14 => self.number(dice),
            15 => {
                let kind = dice.of(&["replaces", "transforms", "signs", "appends"]);
                self.ask("relation", kind, move |e| {
                    e.metadata
                        .relations
                        .iter()
                        .any(|one| one.kind.fhir() == kind)
                });
            }
            16 => self.organization_number(dice),
            17 => self.organization_name(dice),
            18 => {
                let name = dice.of(&[
                    "author.organization",
                    "author:PractitionerRole.organization",
                ]);
                self.missing(dice, name, |e| places(e, false).next().is_none());
            }
            19 => {
                let Some(one) = one else { return };
                self.relationship(dice, known, &one);
            }
            _ => {
                let Some(one) = one else { return };
                self.one(dice, one);
            }
        }
    }

    fn organization_number(&mut self, dice: &mut Dice) {
        let number = dice.of(&STRUCTURES);
        let value = match (dice.below(3), number) {
            (0, "1750100125") => "https://finess.esante.gouv.fr|750100125".to_owned(),
            (1, _) => format!("urn:oid:1.2.250.1.71.4.2.2|{number}"),
            _ => number.to_owned(),
        };
        // As where the author works, or as the author itself.
        let (name, alone) = dice.of(&[
            ("author.organization", false),
            ("author.organization:identifier", false),
            ("author:PractitionerRole.organization.identifier", false),
            ("author:Organization.identifier", true),
            ("author.identifier", true),
            ("author", true),
        ]);
        self.ask(name, &value, move |e| {
            let mut ids = places(e, alone).filter_map(|place| place.id.as_ref());
            ids.any(|id| id.extension == number)
        });
    }

    fn organization_name(&mut self, dice: &mut Dice) {
        let whole = dice.of(&PLACES);
        let how = dice.of(&["", ":contains", ":exact"]);
        let value: String = match how {
            ":exact" => whole.to_owned(),
            "" => whole.chars().take(1 + dice.below(9)).collect(),
            _ => whole.chars().skip(dice.below(9)).collect(),
        };
        let value = match how {
            ":exact" => value,
            _ => plain(&value),
        };
        let (name, alone) = dice.of(&[
            ("author.organization.name", false),
            (
                "author:PractitionerRole.organization:Organization.name",
                false,
            ),
            ("author:Organization.name", true),
        ]);
        let sent = value.trim().replace(',', "\\,");
        if sent.is_empty() {
            return;
        }
        let value = value.trim().to_owned();
        self.ask(&format!("{name}{how}"), &sent, move |e| {
            let mut names = places(e, alone).filter_map(|place| place.name.as_deref());
            names.any(|one| match how {
                ":exact" => one == value,
                ":contains" => plain(one).contains(&value),
                _ => plain(one).starts_with(&value),
            })
        });
    }

    /// One of its relations, or one like it that nothing has.
    fn relationship(&mut self, dice: &mut Dice, known: &[&Known], one: &DocumentEntry) {
        let related: Vec<_> = known
            .iter()
            .flat_map(|known| &known.entry.metadata.relations)
            .collect();
        let target = match related.is_empty() || dice.one_in(4) {
            true => one.metadata.unique_id.to_string(),
            false => dice.of(&related).target.to_string(),
        };
        let kind = dice.of(&["replaces", "replaces", "transforms", "signs"]);
        self.ask(
            "relationship",
            &format!("urn:oid:{target}${kind}"),
            move |e| {
                let mut relations = e.metadata.relations.iter();
                relations.any(|relation| {
                    relation.target.to_string() == target && relation.kind.fhir() == kind
                })
            },
        );
    }

    fn code(
        &mut self,
        dice: &mut Dice,
        name: &str,
        system: &str,
        codes: &[&str],
        of: impl Fn(&DocumentEntry) -> Vec<String> + 'static,
    ) {
        if dice.one_in(8) {
            // Any code of that system.
            let (name, value) = match dice.one_in(3) {
                true => (format!("{name}:not"), format!("{system}|")),
                false => (name.to_owned(), format!("{system}%7C")),
            };
            let not = name.ends_with(":not");
            return self.ask(&name, &value, move |e| of(e).is_empty() == not);
        }
        let mut wanted = vec![dice.of(codes).to_owned()];
        if dice.one_in(2) {
            wanted.push(dice.of(codes).to_owned());
        }
        let written: Vec<_> = wanted
            .iter()
            .map(|code| {
                let code = code.replace(',', "\\,");
                match dice.below(4) {
                    0 => format!("{system}|{code}"),
                    1 => format!("{system}%7C{code}"),
                    _ => code,
                }
            })
            .collect();
        let has = move |e: &DocumentEntry| of(e).iter().any(|code| wanted.contains(code));
        match dice.one_in(3) {
            true => self.ask(&format!("{name}:not"), &written.join(","), move |e| !has(e)),
            false => self.ask(name, &written.join(","), has),
        }
    }

    fn missing(
        &mut self,
        dice: &mut Dice,
        name: &str,
        is: impl Fn(&DocumentEntry) -> bool + 'static,
    ) {
        let wanted = dice.one_in(2);
        let value = if wanted { "true" } else { "false" };
        self.ask(&format!("{name}:missing"), value, move |e| is(e) == wanted);
    }

    fn time(
        &mut self,
        dice: &mut Dice,
        name: &str,
        period: bool,
        of: impl Fn(&DocumentEntry) -> Option<(Timestamp, Timestamp)> + 'static,
    ) {
        let prefix = dice.of(&["", "eq", "ne", "lt", "gt", "le", "ge", "sa", "eb", "ap"]);
        let value = dice.of(&TIMES);
        let (from, to) = span(value);
        self.ask(name, &format!("{prefix}{value}"), move |e| {
            // What has no such time satisfies no comparison.
            let Some((start, end)) = of(e) else {
                return false;
            };
            let overlaps = start < to && end > from;
            let equal = if period {
                overlaps
            } else {
                start >= from && end <= to
            };
            match prefix {
                "ne" => !equal,
                "lt" => start < from,
                "gt" => end > to,
                "le" => start < from || equal,
                "ge" => end > to || equal,
                "sa" => start >= to,
                "eb" => end <= from,
                "ap" => overlaps,
                _ => equal,
            }
        });
    }

    fn author(&mut self, dice: &mut Dice) {
        let family = dice.one_in(2);
        let whole = if family {
            dice.of(&FAMILIES)
        } else {
            dice.of(&GIVEN)
        };
        let letters: Vec<char> = whole.chars().collect();
        let how = dice.of(&["", ":contains", ":exact"]);
        let value: String = match how {
            ":exact" => whole.to_owned(),
            "" => letters[..=dice.below(letters.len())].iter().collect(),
            _ => {
                let at = dice.below(letters.len());
                letters[at..].iter().collect()
            }
        };
        let value = match how {
            ":exact" => value,
            _ if dice.one_in(2) => value.to_uppercase(),
            _ => plain(&value),
        };
        if value.trim().is_empty() {
            return;
        }
        let part = if family { "family" } else { "given" };
        let chain = dice.of(&[
            "author.",
            "author:PractitionerRole.practitioner.",
            "author:Practitioner.",
        ]);
        let sent = value.clone();
        self.ask(&format!("{chain}{part}{how}"), &sent, move |e| {
            e.metadata.authors.iter().any(|author| {
                let name = &author.name;
                let written = if family { &name.family } else { &name.given };
                let Some(written) = written.as_deref() else {
                    return false;
                };
                // Given names are one by one and all together.
                let mut all = vec![written];
                if !family {
                    all.extend(written.split(' '));
                }
                all.iter().any(|one| match how {
                    ":exact" => *one == value,
                    ":contains" => plain(one).contains(&plain(&value)),
                    _ => plain(one).starts_with(&plain(&value)),
                })
            })
        });
    }

    fn number(&mut self, dice: &mut Dice) {
        let number = dice.of(&PEOPLE);
        let value = match dice.one_in(2) {
            true => number.to_owned(),
            false => format!("urn:oid:1.2.250.1.71.4.2.1|{number}"),
        };
        let name = dice.of(&["author.identifier", "author:identifier", "author"]);
        self.ask(name, &value, move |e| {
            let mut ids = e.metadata.authors.iter().filter_map(|one| one.id.as_ref());
            ids.any(|id| id.extension == number)
        });
    }

    /// By what names one document.
    fn one(&mut self, dice: &mut Dice, one: DocumentEntry) {
        let unique = one.metadata.unique_id.to_string();
        match dice.below(5) {
            0 => {
                let value = dice.of(&[
                    format!("urn:ietf:rfc:3986|urn:oid:{unique}"),
                    format!("urn:oid:{unique}"),
                    unique.clone(),
                ]);
                self.ask("identifier", &value, move |e| {
                    e.metadata.unique_id.to_string() == unique
                });
                // Beside another condition, so that the search is not one by identifier alone.
            }
            1 => {
                let value = dice.of(&[one.id.to_string(), format!("DocumentReference/{}", one.id)]);
                self.ask("_id", &value, move |e| e.id == one.id);
            }
            2 => {
                let value = format!("urn:uuid:{}", one.entry_uuid);
                self.ask("identifier", &value, move |e| {
                    e.entry_uuid == one.entry_uuid
                });
            }
            3 => {
                let value = format!("DocumentReference/{}", one.id);
                self.ask("relatesto", &value, move |e| {
                    let mut relations = e.metadata.relations.iter();
                    relations.any(|relation| relation.target.to_string() == unique)
                });
            }
            _ => {
                let (root, number) = dice.of(&[("1.2.3", "A1"), ("1.2.4", "A|2")]);
                let escaped = number.replace('|', "\\|");
                self.ask(
                    "related:identifier",
                    &format!("urn:oid:{root}|{escaped}"),
                    move |e| {
                        let mut ids = e.metadata.references.iter().map(|one| &one.id);
                        ids.any(|id| id.root == root && id.extension == number)
                    },
                );
            }
        }
    }

    fn sort(&mut self, dice: &mut Dice) {
        let mut names = vec!["creation", "date", "_lastUpdated", "type"];
        let mut keys = Vec::new();
        for _ in 0..dice.below(3) {
            let name = names.remove(dice.below(names.len()));
            let descending = dice.one_in(2);
            keys.push(format!("{}{name}", if descending { "-" } else { "" }));
            self.by(name, descending);
        }
        if keys.is_empty() {
            self.by("creation", true);
        }
        if dice.one_in(4) {
            self.ids_descending = dice.one_in(2);
            if keys.is_empty() {
                self.order.clear();
            }
            keys.push(if self.ids_descending { "-_id" } else { "_id" }.to_owned());
        }
        if !keys.is_empty() {
            self.add("_sort", &keys.join(","));
        }
    }

    fn by(&mut self, name: &str, descending: bool) {
        let order: Order = match name {
            "creation" => Box::new(|a, b| {
                let start = |e: &DocumentEntry| span(&e.metadata.creation_time.to_fhir()).0;
                start(a).cmp(&start(b))
            }),
            "date" => Box::new(|a, b| a.deposited.cmp(&b.deposited)),
            "type" => Box::new(|a, b| a.metadata.type_code.code.cmp(&b.metadata.type_code.code)),
            _ => Box::new(|a, b| a.updated.cmp(&b.updated)),
        };
        self.ids_descending = descending;
        self.order.push(match descending {
            true => Box::new(move |a, b| order(b, a)),
            false => order,
        });
    }
}

/// The organisations behind the authors; `alone`: those that are the author.
fn places(
    entry: &DocumentEntry,
    alone: bool,
) -> impl Iterator<Item = &passerelle::dmp::person::Organization> {
    let is = move |author: &&Author| !alone || author.kind == AuthorKind::Organization;
    let authors = entry.metadata.authors.iter().filter(is);
    authors.filter_map(|author| author.institution.as_ref())
}

/// Lower case, without accents.
pub fn plain(text: &str) -> String {
    let letter = |c: char| match c {
        'é' | 'è' | 'ê' => 'e',
        'ô' => 'o',
        'ü' | 'û' => 'u',
        c => c,
    };
    text.to_lowercase().chars().map(letter).collect()
}

/// From the first instant to the first after; a date is one of Paris.
pub fn span(text: &str) -> (Timestamp, Timestamp) {
    let paris = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("zone");
    if text.contains('T') {
        let start: Timestamp = text.parse().expect("time");
        return (start, start + 1.second());
    }
    let parts: Vec<i16> = text
        .split('-')
        .map(|n| n.parse().expect("number"))
        .collect();
    let part = |at: usize| parts.get(at).map_or(1, |n| *n as i8);
    let start = DateTime::constant(parts[0], part(1), part(2), 0, 0, 0, 0);
    let end = match parts.len() {
        1 => start + 1.year(),
        2 => start + 1.month(),
        _ => start + 1.day(),
    };
    let at = |civil: DateTime| paris.to_timestamp(civil).expect("instant");
    (at(start), at(end))
}
