//! One entry FR-Vaccination.

use super::tree::{Element, Narrative};
use crate::dmp::code::Code;
use crate::dmp::id::is_oid;
use crate::dmp::person::Identifier;
use crate::dmp::time::Timestamp;
use crate::dmp::vaccination::{
    Concept, MAX_REACTIONS, Party, Quantity, Reaction, Series, Status, Vaccination, system,
};
use crate::translate::cda::values::{repaired, single_blanks};

/// LOINC: rank of the vaccination.
pub(super) const RANK: &str = "30973-2";
/// LOINC: comment.
pub(super) const COMMENT: &str = "48767-8";

/// Reads an act. What is missing or odd is left out: nothing of it refuses a document.
pub(super) fn read(act: &Element, narrative: &Narrative) -> Vaccination {
    let product = act.at(&["consumable", "manufacturedProduct", "manufacturedMaterial"]);
    let related = |kind: &'static str, name: &'static str| {
        act.named("entryRelationship")
            .filter(move |one| one.attribute("typeCode") == Some(kind))
            .filter_map(move |one| one.first(name))
    };
    let coded = |element: &&Element, code: &str| {
        let named = element.first("code");
        named.and_then(|named| named.attribute("code")) == Some(code)
    };
    let rank = related("SUBJ", "observation")
        .find(|one| coded(one, RANK))
        .and_then(|one| one.first("value")?.attribute("value")?.parse().ok());
    let comment = related("SUBJ", "act").find(|one| coded(one, COMMENT));
    Vaccination {
        entry: act.first("id").and_then(identifier),
        status: match act.attribute("negationInd") {
            Some("true" | "1") => Status::NotDone,
            _ => Status::Completed,
        },
        vaccine: vaccine(act, product, narrative),
        occurrence: act.first("effectiveTime").and_then(time),
        series: act
            .first("code")
            .and_then(|code| Series::from_code(code.attribute("code")?)),
        rank: rank.filter(|rank| *rank > 0),
        lot: product.and_then(|product| product.first("lotNumberText")?.text()),
        route: act
            .first("routeCode")
            .and_then(|one| concept(one, narrative)),
        site: act
            .first("approachSiteCode")
            .and_then(|one| concept(one, narrative)),
        dose: act.first("doseQuantity").and_then(quantity),
        performer: act
            .named("performer")
            .find_map(|one| party(one.first("assignedEntity")?)),
        author: act.at(&["author", "assignedAuthor"]).and_then(party),
        recorded: act.at(&["author", "time"]).and_then(time),
        reactions: related("CAUS", "observation")
            .filter_map(|one| reaction(one, narrative))
            .take(MAX_REACTIONS)
            .collect(),
        note: comment
            .and_then(|one| one.first("text"))
            .and_then(|text| text.text().or_else(|| narrative.referred(text))),
    }
}

fn identifier(id: &Element) -> Option<Identifier> {
    let root = id.attribute("root").filter(|_| !id.is_null())?;
    let is_uuid = root.len() == 36 && uuid::Uuid::try_parse(root).is_ok();
    (is_oid(root) || is_uuid).then_some(())?;
    Some(Identifier {
        root: root.to_owned(),
        extension: id.attribute("extension").unwrap_or_default().to_owned(),
    })
}

fn time(element: &Element) -> Option<Timestamp> {
    let text = element.attribute("value").filter(|_| !element.is_null())?;
    Timestamp::from_hl7(text).ok().or_else(|| repaired(text))
}

fn code(element: &Element) -> Option<Code> {
    let code = element.attribute("code").filter(|_| !element.is_null())?;
    let of = element.attribute("codeSystem").unwrap_or_default();
    let of = match of {
        system::CIP_ALIAS => system::CIP,
        // What names no system is none.
        of if is_oid(of) => of,
        _ => "",
    };
    Some(Code {
        code: single_blanks(code)?,
        system: of.to_owned(),
        display: element.attribute("displayName").map(str::to_owned),
    })
}

/// The codes of an element and its translations, and its words.
fn concept(element: &Element, narrative: &Narrative) -> Option<Concept> {
    let translations = element.named("translation");
    let codes = std::iter::once(element).chain(translations);
    let text = element.first("originalText");
    let concept = Concept {
        codes: codes.filter_map(code).collect(),
        text: text.and_then(|text| narrative.words(text)),
    };
    (!concept.is_empty()).then_some(concept)
}

/// The product's codes; its name is that of the narrative, then its own.
fn vaccine(act: &Element, product: Option<&Element>, narrative: &Narrative) -> Concept {
    let coded = product.and_then(|product| product.first("code"));
    let mut vaccine = coded
        .and_then(|coded| concept(coded, narrative))
        .unwrap_or_default();
    let named = || product.and_then(|product| product.first("name")?.words());
    let told = || act.first("text").and_then(|text| narrative.words(text));
    vaccine.text = vaccine.text.or_else(told).or_else(named);
    vaccine
}

fn quantity(element: &Element) -> Option<Quantity> {
    let value = element.attribute("value").filter(|_| !element.is_null())?;
    Some(Quantity {
        value: value.to_owned(),
        // 1 is what stands there unsaid.
        unit: element
            .attribute("unit")
            .filter(|unit| *unit != "1")
            .and_then(single_blanks),
    })
}

fn party(entity: &Element) -> Option<Party> {
    let name = entity.at(&["assignedPerson", "name"]);
    let parts = |kind: &'static str| {
        name.into_iter()
            .flat_map(move |name| name.named(kind))
            .filter_map(Element::words)
    };
    let words: Vec<String> = parts("given").chain(parts("family")).collect();
    let whole = || name.and_then(Element::words);
    let party = Party {
        id: entity.first("id").and_then(identifier),
        name: match words.is_empty() {
            true => whole(),
            false => Some(words.join(" ")),
        },
    };
    (party.id.is_some() || party.name.is_some()).then_some(party)
}

fn reaction(observation: &Element, narrative: &Narrative) -> Option<Reaction> {
    let value = observation.first("value");
    let mut finding = value
        .and_then(|value| concept(value, narrative))
        .unwrap_or_default();
    let told = || {
        let text = observation.first("text")?;
        narrative.words(text)
    };
    finding.text = finding.text.or_else(told);
    let began = observation.first("effectiveTime");
    (!finding.is_empty()).then(|| Reaction {
        date: began.and_then(|began| began.first("low").and_then(time).or_else(|| time(began))),
        kind: observation.first("code").and_then(code),
        finding,
    })
}
