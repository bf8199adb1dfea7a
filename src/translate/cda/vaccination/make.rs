//! A vaccination as a section FR-Vaccinations: a table for people, an entry for programs.

use super::super::make::Element;
use super::entry::{COMMENT, RANK};
use super::{ENTRY, SECTION};
use crate::dmp::code::{Code, system};
use crate::dmp::person::{Author, Identifier};
use crate::dmp::time::Timestamp;
use crate::dmp::vaccination::{Concept, HISTORY, Party, Reaction, Status, Vaccination};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// HL7 v3 ActCode.
const ACT_CODE: &str = "2.16.840.1.113883.5.4";
const VACCINE: &str = "vaccin";
const SITE: &str = "region";
const ROUTE: &str = "voie";
const NOTE: &str = "commentaire";
const COLUMNS: [&str; 9] = [
    "Date",
    "Vaccin",
    "Lot n°",
    "Rang",
    "Voie d'administration",
    "Région d'administration",
    "Réaction observée",
    "Commentaire",
    "Vaccinateur",
];

/// The section of one act, whose parts of names are those of `author` where it is him. It reads back as what it was made of.
pub fn section(act: &Vaccination, author: Option<&Author>) -> Element {
    let templates = [
        "2.16.840.1.113883.10.20.1.6",
        "1.3.6.1.4.1.19376.1.5.3.1.3.23",
        SECTION,
    ];
    Element::new("section")
        .children(templates.map(template))
        .child(coded(
            "code",
            &Code {
                display: Some("Historique des vaccinations".to_owned()),
                ..Code::new(HISTORY, system::LOINC)
            },
        ))
        .child(Element::new("title").text("Note de vaccination"))
        .child(Element::new("text").child(table(act)))
        .child(Element::new("entry").child(entry(act, author)))
}

fn template(root: &str) -> Element {
    Element::new("templateId").with("root", root)
}

fn table(act: &Vaccination) -> Element {
    let heads = COLUMNS.map(|name| Element::new("th").text(name));
    let head = Element::new("thead").child(Element::new("tr").children(heads));
    let reactions: Vec<Element> = act
        .reactions
        .iter()
        .enumerate()
        .map(|(rank, one)| part(&reaction_id(rank), &shown(&one.finding)))
        .collect();
    let date = act.occurrence.as_ref().map(day).unwrap_or_default();
    let date = match act.status {
        Status::NotDone => format!("{date} (non faite)"),
        _ => date,
    };
    let words = |concept: &Option<Concept>| concept.as_ref().map(shown).unwrap_or_default();
    let cells = [
        cell(&date),
        Element::new("td").child(part(VACCINE, &shown(&act.vaccine))),
        cell(act.lot.as_deref().unwrap_or_default()),
        cell(&act.rank.map(|rank| rank.to_string()).unwrap_or_default()),
        Element::new("td").child(part(ROUTE, &words(&act.route))),
        Element::new("td").child(part(SITE, &words(&act.site))),
        Element::new("td").children(reactions),
        Element::new("td").child(part(NOTE, act.note.as_deref().unwrap_or_default())),
        cell(
            act.performer
                .as_ref()
                .and_then(|one| one.name.as_deref())
                .unwrap_or_default(),
        ),
    ];
    let body = Element::new("tbody").child(Element::new("tr").children(cells));
    Element::new("table")
        .with("border", "0")
        .child(head)
        .child(body)
}

fn cell(text: &str) -> Element {
    match text.is_empty() {
        true => Element::new("td"),
        false => Element::new("td").text(text),
    }
}

fn part(id: &str, text: &str) -> Element {
    let content = Element::new("content").with("ID", id);
    match text.is_empty() {
        true => content,
        false => content.text(text),
    }
}

fn reaction_id(rank: usize) -> String {
    format!("reaction-{}", rank + 1)
}

/// What a person reads: the words, else the first label, else the first code.
fn shown(concept: &Concept) -> String {
    let first = concept.codes.first();
    let code = || first.map(|code| code.display.clone().unwrap_or_else(|| code.code.clone()));
    concept.text.clone().or_else(code).unwrap_or_default()
}

/// As it is written in French, at the precision held.
fn day(at: &Timestamp) -> String {
    let hl7 = at.to_hl7();
    let (year, month, day) = (hl7.get(..4), hl7.get(4..6), hl7.get(6..8));
    let parts: Vec<&str> = [day, month, year].into_iter().flatten().collect();
    parts.join("/")
}

fn entry(act: &Vaccination, known: Option<&Author>) -> Element {
    let negated = act.status == Status::NotDone;
    let templates = [
        "2.16.840.1.113883.10.20.1.24",
        "1.3.6.1.4.1.19376.1.5.3.1.4.12",
        ENTRY,
    ];
    let series = act.series.map(|series| Code::new(series.code(), ACT_CODE));
    let time = match &act.occurrence {
        Some(at) => Element::new("effectiveTime").with("value", at.to_hl7()),
        None => Element::new("effectiveTime").with("nullFlavor", "UNK"),
    };
    let dose = act.dose.as_ref().map(|dose| {
        Element::new("doseQuantity")
            .with("value", dose.value.as_str())
            .with_some("unit", dose.unit.as_deref())
    });
    let place =
        |name, concept: &Option<Concept>, id| concept.as_ref().map(|one| concept_of(name, one, id));
    Element::new("substanceAdministration")
        .with("classCode", "SBADM")
        .with("moodCode", "EVN")
        .with("negationInd", if negated { "true" } else { "false" })
        .children(templates.map(template))
        .children(act.entry.as_ref().map(identifier))
        .children(series.as_ref().map(|code| coded("code", code)))
        .children(
            act.vaccine
                .text
                .as_ref()
                .map(|_| referring("text", VACCINE)),
        )
        .child(Element::new("statusCode").with("code", "completed"))
        .child(time)
        .children(place("routeCode", &act.route, ROUTE))
        .children(place("approachSiteCode", &act.site, SITE))
        .children(dose)
        .child(consumable(act))
        .children(act.performer.as_ref().map(|one| {
            Element::new("performer")
                .with("typeCode", "PRF")
                .child(party("assignedEntity", one, known))
        }))
        .children(author(act, known))
        .children(act.rank.map(rank))
        .children(
            act.reactions
                .iter()
                .enumerate()
                .map(|(rank, one)| reaction(rank, one)),
        )
        .children(act.note.as_deref().map(comment))
}

fn identifier(id: &Identifier) -> Element {
    let extension = Some(id.extension.as_str()).filter(|extension| !extension.is_empty());
    Element::new("id")
        .with("root", id.root.as_str())
        .with_some("extension", extension)
}

fn coded(name: &'static str, code: &Code) -> Element {
    Element::new(name)
        .with("code", code.code.as_str())
        .with("codeSystem", code.system.as_str())
        .with_some("displayName", code.display.as_deref())
}

fn referring(name: &'static str, id: &str) -> Element {
    Element::new(name).child(Element::new("reference").with("value", format!("#{id}")))
}

/// The first code with its words, the others as translations.
fn concept_of(name: &'static str, concept: &Concept, id: &str) -> Element {
    let mut codes = concept.codes.iter();
    let first = match codes.next() {
        Some(code) => coded(name, code),
        None => Element::new(name).with("nullFlavor", "OTH"),
    };
    first
        .children(concept.text.as_ref().map(|_| referring("originalText", id)))
        .children(codes.map(|code| coded("translation", code)))
}

fn consumable(act: &Vaccination) -> Element {
    let name = act.vaccine.text.as_deref();
    let material = Element::new("manufacturedMaterial")
        .child(concept_of("code", &act.vaccine, VACCINE))
        .children(name.map(|name| Element::new("name").text(name)))
        .children(
            act.lot
                .as_deref()
                .map(|lot| Element::new("lotNumberText").text(lot)),
        );
    let templates = [
        "2.16.840.1.113883.10.20.1.53",
        "1.3.6.1.4.1.19376.1.5.3.1.4.7.2",
        "1.2.250.1.213.1.1.3.43",
    ];
    let product = Element::new("manufacturedProduct")
        .children(templates.map(template))
        .child(material);
    Element::new("consumable")
        .with("typeCode", "CSM")
        .child(product)
}

fn party(name: &'static str, party: &Party, known: Option<&Author>) -> Element {
    let known = known.filter(|one| one.id.is_some() && one.id == party.id);
    let person = party.name.as_deref().map(|name| {
        let given = known.and_then(|one| one.name.given.as_deref());
        let given =
            given.and_then(|given| Some((given, name.strip_prefix(given)?.strip_prefix(' ')?)));
        // Without parts the whole is the one that the CI-SIS requires.
        let (given, family) = match given {
            Some((given, family)) if !family.is_empty() => (Some(given), family),
            _ => (None, name),
        };
        let part = |part, text: &str| Element::new(part).text(text);
        let name = Element::new("name")
            .child(part("family", family))
            .children(given.map(|given| part("given", given)));
        Element::new("assignedPerson").child(name)
    });
    let id = match &party.id {
        Some(id) => identifier(id),
        None => Element::new("id").with("nullFlavor", "UNK"),
    };
    Element::new(name).child(id).children(person)
}

fn author(act: &Vaccination, known: Option<&Author>) -> Option<Element> {
    let who = act.author.as_ref()?;
    let time = act.recorded.as_ref();
    let time = time.map(|at| Element::new("time").with("value", at.to_hl7()));
    Some(
        Element::new("author")
            .children(time)
            .child(party("assignedAuthor", who, known)),
    )
}

fn related(kind: &str, of: Element) -> Element {
    Element::new("entryRelationship")
        .with("typeCode", kind)
        .child(of)
}

fn observation() -> Element {
    Element::new("observation")
        .with("classCode", "OBS")
        .with("moodCode", "EVN")
}

fn loinc(code: &str, label: &str) -> Element {
    let code = Code {
        display: Some(label.to_owned()),
        ..Code::new(code, system::LOINC)
    };
    coded("code", &code)
}

fn rank(rank: u32) -> Element {
    let value = Element::new("value")
        .with("xmlns:xsi", XSI)
        .with("xsi:type", "INT")
        .with("value", rank.to_string());
    let templates = ["2.16.840.1.113883.10.20.1.46", "1.2.250.1.213.1.1.3.82"];
    let observation = observation()
        .children(templates.map(template))
        .child(loinc(RANK, "Rang de la vaccination"))
        .child(Element::new("statusCode").with("code", "completed"))
        .child(value);
    related("SUBJ", observation)
}

fn reaction(rank: usize, reaction: &Reaction) -> Element {
    let id = reaction_id(rank);
    let templates = [
        "2.16.840.1.113883.10.20.1.28",
        "2.16.840.1.113883.10.20.1.54",
        "1.3.6.1.4.1.19376.1.5.3.1.4.5",
        "1.2.250.1.213.1.1.3.37",
    ];
    let kind = match &reaction.kind {
        Some(kind) => coded("code", kind),
        None => Element::new("code").with("nullFlavor", "UNK"),
    };
    let began = match &reaction.date {
        Some(at) => Element::new("low").with("value", at.to_hl7()),
        None => Element::new("low").with("nullFlavor", "UNK"),
    };
    let text = reaction.finding.text.as_ref();
    let finding = concept_of("value", &reaction.finding, &id)
        .with("xmlns:xsi", XSI)
        .with("xsi:type", "CD");
    let observation = observation()
        .children(templates.map(template))
        .child(kind)
        .children(text.map(|_| referring("text", &id)))
        .child(Element::new("statusCode").with("code", "completed"))
        .child(Element::new("effectiveTime").child(began))
        .child(finding);
    related("CAUS", observation)
}

/// The text itself: a reference would bring its blanks together.
fn comment(text: &str) -> Element {
    let templates = [
        "2.16.840.1.113883.10.20.1.40",
        "1.3.6.1.4.1.19376.1.5.3.1.4.2",
        "1.2.250.1.213.1.1.3.32",
    ];
    let act = Element::new("act")
        .with("classCode", "ACT")
        .with("moodCode", "EVN")
        .children(templates.map(template))
        .child(loinc(COMMENT, "Commentaire"))
        .child(
            Element::new("text")
                .child(Element::new("reference").with("value", format!("#{NOTE}")))
                .text(text),
        )
        .child(Element::new("statusCode").with("code", "completed"));
    related("SUBJ", act)
}
