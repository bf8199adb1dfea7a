//! An Immunization as a vaccination: what cannot be carried is refused by its path.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::contained::{Contained, only_extensions};
use super::super::datatype::reference::tell_type;
use super::super::datatype::{coding, identifier, urls::ours};
use super::super::document_reference::server_assigned;
use super::super::findings::{Findings, Weight, invalid};
use super::super::subject;
use super::super::wire::Node;
use super::reaction::reactions;
use super::{ADMINISTERING, ENTERING, FUNCTIONS, UCUM};
use crate::dmp::code::Code as Coded;
use crate::dmp::ins::Ins;
use crate::dmp::person::Identifier;
use crate::dmp::time::Timestamp;
use crate::dmp::vaccination::{
    Concept, MAX_LOT, MAX_NOTE, Party, Quantity, Series, Status, Vaccination, system,
};
use crate::error::{Code, Error, Issue};

/// Longest name of anything, in characters.
const MAX_TEXT: usize = 1_000;

/// What an Immunization says.
#[derive(Debug, Clone)]
pub struct Declared {
    /// `patient`.
    pub patient: Ins,
    /// The act; who wrote it down and when is for the server to say.
    pub vaccination: Vaccination,
    /// `primarySource`.
    pub first_hand: Option<bool>,
    /// The extension of a validation: its `validator`.
    pub validator: Option<Identifier>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

const KNOWN: [&str; 21] = [
    "id",
    "meta",
    "text",
    "contained",
    "extension",
    "identifier",
    "status",
    "vaccineCode",
    "patient",
    "occurrenceDateTime",
    "recorded",
    "primarySource",
    "reportOrigin",
    "lotNumber",
    "site",
    "route",
    "doseQuantity",
    "performer",
    "note",
    "reaction",
    "protocolApplied",
];

/// Reads an Immunization.
///
/// # Errors
/// Every issue at once; the INS first.
pub fn read(resource: &Value, reading: &Reading) -> Result<Declared, Error> {
    let node = Node::root(resource);
    let found = &mut Findings::new(reading);
    found.weigh_all(Weight::Key, node.only(&KNOWN));
    server_assigned(node, found);
    for element in ["recorded", "reportOrigin"] {
        if node.get(element).is_some() {
            found.ignored(node.path_of(element));
        }
    }
    let mut contained = Contained::of(node);
    let patient = subject::read(node, "patient", &mut contained, found, reading);
    let vaccination = Vaccination {
        entry: entry(node, found),
        status: status(node, found),
        vaccine: vaccine(node, found, reading),
        occurrence: occurrence(node, found),
        series: None,
        rank: None,
        lot: text(node, "lotNumber", MAX_LOT, found),
        route: concept(node, "route", found, reading),
        site: concept(node, "site", found, reading),
        dose: dose(node, found),
        performer: performer(node, found),
        author: None,
        recorded: None,
        reactions: reactions(node, &mut contained, found, reading),
        note: note(node, found),
    };
    let vaccination = protocol(node, vaccination, found);
    let validator = validator(node, found);
    contained.tell_unused(found);
    let found = std::mem::replace(found, Findings::new(reading));
    let warnings = found.finish().map_err(|mut issues| {
        issues.sort_by_key(|issue| issue.code != Code::InsInvalid);
        Error::many(issues)
    })?;
    Ok(Declared {
        patient: patient.ok_or(Code::Internal)?,
        vaccination,
        first_hand: node.bool("primarySource"),
        validator,
        warnings,
    })
}

/// One text of bounded length, blanks brought together.
fn text(node: Node, name: &str, most: usize, found: &mut Findings) -> Option<String> {
    let text = node.str(name)?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let words = words.join(" ");
    bounded(&words, node.path_of(name), most, found);
    Some(words)
}

fn bounded(text: &str, path: String, most: usize, found: &mut Findings) {
    if text.chars().count() > most {
        found.refuse(invalid(
            path,
            &format!("{most} caractères au plus"),
            &format!("{most} characters at most"),
        ));
    }
}

/// The later ones of what stands once.
fn single(node: Node, name: &str, found: &mut Findings) {
    for other in node.items(name).skip(1) {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
}

fn entry(node: Node, found: &mut Findings) -> Option<Identifier> {
    single(node, "identifier", found);
    let first = node.items("identifier").next()?;
    let id = identifier::read(first, Weight::Key, found)?;
    let known = crate::dmp::id::is_oid(&id.root) || uuid::Uuid::try_parse(&id.root).is_ok();
    if !known {
        found.refuse(invalid(
            first.path(),
            "un OID ou un UUID est attendu",
            "an OID or a UUID is expected",
        ));
    }
    Some(id)
}

fn status(node: Node, found: &mut Findings) -> Status {
    let status = node.str("status").and_then(Status::from_fhir);
    match status {
        Some(Status::EnteredInError) | None => {
            found.refuse(invalid(
                node.path_of("status"),
                "completed ou not-done est attendu",
                "completed or not-done is expected",
            ));
            Status::EnteredInError
        }
        Some(status) => status,
    }
}

/// CIS, CIP and ATC codes: at least one (VAC-04).
fn vaccine(node: Node, found: &mut Findings, reading: &Reading) -> Concept {
    let vaccine = concept(node, "vaccineCode", found, reading).unwrap_or_default();
    let path = node.path_of("vaccineCode");
    let named = [system::CIS, system::CIP, system::ATC];
    let all = vaccine.codes.iter();
    if let Some(other) = all
        .clone()
        .find(|code| !named.contains(&code.system.as_str()))
    {
        let issue = Issue::new(Code::CodeInvalid)
            .at(path.clone())
            .with("value", coding::shown(other, reading))
            .with("list", "CIS, CIP, ATC");
        found.refuse(issue.rule("VAC-04"));
    }
    if vaccine.codes.is_empty() {
        let issue = Issue::new(Code::ElementRequired).at(format!("{path}.coding"));
        found.refuse(issue.rule("VAC-04"));
    }
    vaccine
}

pub(super) fn concept(
    node: Node,
    name: &str,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Concept> {
    let told = node.get(name)?;
    found.weigh_all(Weight::Key, told.only(&["coding", "text"]));
    let codings = told.items("coding");
    let codes: Vec<Coded> = codings
        .filter_map(|one| coding::read(one, Weight::Key, found, reading))
        .map(|code| match code.system.as_str() {
            system::CIP_ALIAS => Coded {
                system: system::CIP.to_owned(),
                ..code
            },
            _ => code,
        })
        .collect();
    Some(Concept {
        codes,
        text: text(told, "text", MAX_TEXT, found),
    })
}

/// With the precision that it came with; `Z` is an offset of zero.
fn occurrence(node: Node, found: &mut Findings) -> Option<Timestamp> {
    match node.required("occurrenceDateTime") {
        Ok(told) => time(told),
        Err(issue) => {
            found.refuse(issue.rule("VAC-04"));
            None
        }
    }
}

pub(super) fn time(node: Node) -> Option<Timestamp> {
    let at = Timestamp::from_fhir(node.as_str()?).ok()?;
    Timestamp::from_hl7(&at.to_hl7()).ok()
}

fn dose(node: Node, found: &mut Findings) -> Option<Quantity> {
    let told = node.get("doseQuantity")?;
    found.weigh_all(Weight::Key, told.only(&["value", "unit", "system", "code"]));
    let unit = told.str("code").or(told.str("unit"));
    let one_unit = told.str("unit").is_none_or(|word| Some(word) == unit);
    let ucum = told.str("system").is_none_or(|system| system == UCUM);
    if !one_unit || !ucum {
        found.refuse(invalid(
            told.path(),
            "l'unité est un code UCUM",
            "the unit is a UCUM code",
        ));
    }
    let Some(value) = told.get("value").map(|value| value.value().to_string()) else {
        found.refuse(Issue::new(Code::ElementRequired).at(told.path_of("value")));
        return None;
    };
    Some(Quantity {
        value,
        unit: unit.filter(|unit| *unit != "1").map(str::to_owned),
    })
}

/// Who vaccinated; who enters it is told by the card.
fn performer(node: Node, found: &mut Findings) -> Option<Party> {
    let mut performer = None;
    for told in node.items("performer") {
        found.weigh_all(Weight::Key, told.only(&["function", "actor"]));
        let function = told.get("function").and_then(|function| {
            let mut codings = function.items("coding");
            let own = codings.find(|one| one.str("system") == Some(FUNCTIONS));
            let code = own.and_then(|own| own.str("code"));
            coding::one_code(function, (FUNCTIONS, code.unwrap_or_default()), found);
            code
        });
        match function {
            Some(ENTERING) => found.ignored(told.path()),
            Some(ADMINISTERING) | None if performer.is_none() => {
                performer = told.get("actor").and_then(|actor| party(actor, found));
            }
            _ => found.refuse(told.issue(Code::UnsupportedElement)),
        }
    }
    performer
}

fn party(actor: Node, found: &mut Findings) -> Option<Party> {
    found.weigh_all(Weight::Key, actor.only(&["type", "identifier", "display"]));
    tell_type(actor, "Practitioner", found);
    let id = actor.get("identifier");
    let party = Party {
        id: id.and_then(|id| identifier::read(id, Weight::Key, found)),
        name: text(actor, "display", MAX_TEXT, found),
    };
    if party.id.is_none() && party.name.is_none() {
        found.refuse(Issue::new(Code::ElementRequired).at(actor.path_of("identifier")));
    }
    Some(party)
}

fn note(node: Node, found: &mut Findings) -> Option<String> {
    single(node, "note", found);
    let note = node.items("note").next()?;
    found.weigh_all(Weight::Key, note.only(&["text"]));
    let text = note
        .str("text")?
        .trim_matches([' ', '\t', '\r', '\n'])
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    bounded(&text, note.path_of("text"), MAX_NOTE, found);
    (!text.is_empty()).then_some(text)
}

fn protocol(node: Node, vaccination: Vaccination, found: &mut Findings) -> Vaccination {
    single(node, "protocolApplied", found);
    let Some(told) = node.items("protocolApplied").next() else {
        return vaccination;
    };
    let known = [
        "series",
        "targetDisease",
        "doseNumberPositiveInt",
        "_doseNumberString",
    ];
    found.weigh_all(Weight::Key, told.only(&known));
    if told.get("targetDisease").is_some() {
        // Told by the vaccine.
        found.ignored(told.path_of("targetDisease"));
    }
    let series = told.get("series").map(|series| {
        let known = series.as_str().and_then(Series::from_code);
        if known.is_none() {
            let issue = series
                .issue(Code::CodeInvalid)
                .with("value", series.as_str().unwrap_or_default())
                .with("list", "INITIMMUNIZ, BOOSTER, IMMUNIZ");
            found.refuse(issue.rule("VAC-04"));
        }
        known
    });
    let rank = told.u64("doseNumberPositiveInt");
    Vaccination {
        series: series.flatten(),
        rank: rank.and_then(|rank| u32::try_from(rank).ok()),
        ..vaccination
    }
}

fn validator(node: Node, found: &mut Findings) -> Option<Identifier> {
    only_extensions(node, &[ours::VACCINATION_VALIDATION], Weight::Key, found);
    let extension = node.extensions(ours::VACCINATION_VALIDATION).next()?;
    let validator = extension.extensions("validator").next();
    let id = validator.and_then(|one| one.get("valueReference")?.get("identifier"));
    match id {
        Some(id) => identifier::read(id, Weight::Key, found),
        None => {
            found.refuse(Issue::new(Code::ElementRequired).at(extension.path()));
            None
        }
    }
}
