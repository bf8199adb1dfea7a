//! The header in words: whose document it is, who made it, when, and what it is about.

use super::super::escape::escaped;
use crate::dmp::calendar::paris;
use crate::dmp::code::Code;
use crate::dmp::document::RelationKind;
use crate::dmp::ins::InsRoot;
use crate::dmp::person::{Identifier, PersonName};
use crate::dmp::time::Timestamp;
use crate::tables::Tables;
use crate::tables::terminology::List;
use crate::translate::cda::{CdaAuthor, CdaHeader};

/// Writes facts as terms and descriptions.
struct Facts<'t> {
    html: String,
    tables: &'t Tables,
}

/// The title of a document, or the label of its type.
pub(super) fn title(header: &CdaHeader, tables: &Tables) -> String {
    let written = header.title.as_deref().map(str::trim);
    let written = written.filter(|title| !title.is_empty());
    written.map_or_else(
        || label(&header.type_code, List::Type, tables),
        str::to_owned,
    )
}

/// The `header` element.
pub(super) fn html(header: &CdaHeader, tables: &Tables) -> String {
    let mut facts = Facts {
        html: format!(
            "<header><h1>{}</h1><p class=\"kind\">{}, {}</p><dl lang=\"fr\">",
            escaped(&title(header, tables)),
            escaped(&label(&header.type_code, List::Type, tables)),
            date(&header.creation_time),
        ),
        tables,
    };
    facts.patient(header);
    for author in &header.authors {
        facts.author(author);
    }
    if let Some(person) = &header.legal_authenticator {
        facts.add(
            "Responsable du document",
            &[name(&person.name), number(person.id.as_ref())],
        );
    }
    if let Some((id, name)) = &header.custodian {
        let id = id.as_ref();
        let name = name.clone().unwrap_or_default();
        // A structure without name bears its number for one.
        let name = Some(name).filter(|name| id.is_none_or(|id| id.extension != *name));
        facts.add("Conservé par", &[name.unwrap_or_default(), number(id)]);
    }
    facts.act(header);
    facts.document(header);
    facts.html.push_str("</dl></header>");
    facts.html
}

/// Given names, each once: the CI-SIS writes them as a list, as the first and as the one in use.
fn once(given: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in given.split_whitespace() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" ")
}

impl Facts<'_> {
    /// One term with its lines; nothing when all are blank.
    fn add(&mut self, term: &str, lines: &[String]) {
        let lines: Vec<String> = lines
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty())
            .map(escaped)
            .collect();
        if !lines.is_empty() {
            self.html.push_str(&format!(
                "<div><dt>{term}</dt><dd>{}</dd></div>",
                lines.join("<br/>")
            ));
        }
    }

    fn patient(&mut self, header: &CdaHeader) {
        let used = header.family_used.clone().unwrap_or_default();
        let given = once(header.given.as_deref().unwrap_or_default());
        let birth = header.family_birth.clone().unwrap_or_default();
        let shown = if used.is_empty() { &birth } else { &used };
        let mut lines = vec![format!("{shown} {given}")];
        if !used.is_empty() && !birth.is_empty() && used != birth {
            lines.push(format!("nom de naissance : {birth}"));
        }
        self.add("Patient", &lines);
        let sex = match header.sex.as_deref() {
            Some("M") => "masculin",
            Some("F") => "féminin",
            Some(_) => "non précisé",
            None => "",
        };
        self.add("Sexe", &[sex.to_owned()]);
        if let Some(birth) = &header.birth_date {
            self.add("Date de naissance", &[date(birth)]);
        }
        let is_ins = |id: &&Identifier| InsRoot::from_oid(&id.root).is_some();
        let ins = header.patient_ids.iter().filter(is_ins);
        let ins: Vec<String> = ins.map(|id| id.extension.clone()).collect();
        self.add("INS", &ins);
        let others = header.patient_ids.iter().filter(|id| !is_ins(id));
        let others: Vec<String> = others.map(|id| number(Some(id))).collect();
        self.add("Autres identifiants", &others);
    }

    fn author(&mut self, author: &CdaAuthor) {
        let coded = |code: &Option<Code>, list| {
            let code = code.as_ref();
            code.map(|code| label(code, list, self.tables))
                .unwrap_or_default()
        };
        let lines = [
            name(&author.name),
            author.device.clone().unwrap_or_default(),
            coded(&author.specialty, List::AuthorSpecialty),
            coded(&author.role, List::AuthorRole),
            author.institution_name.clone().unwrap_or_default(),
        ];
        self.add("Auteur", &lines);
    }

    fn act(&mut self, header: &CdaHeader) {
        let mut lines: Vec<String> = header
            .events
            .iter()
            .map(|code| code.display.clone().unwrap_or_else(|| code.code.clone()))
            .collect();
        let period = [&header.service_start, &header.service_stop];
        let period: Vec<String> = period.into_iter().flatten().map(date).collect();
        lines.push(period.join(" – "));
        if let Some(setting) = &header.practice_setting {
            lines.push(label(setting, List::PracticeSetting, self.tables));
        }
        self.add("Acte", &lines);
        if let Some(facility) = &header.facility_type {
            let facility = label(facility, List::FacilityType, self.tables);
            self.add("Lieu de prise en charge", &[facility]);
        }
    }

    fn document(&mut self, header: &CdaHeader) {
        let codes = header.confidentiality.iter();
        let codes: Vec<String> = codes
            .map(|code| label(code, List::Confidentiality, self.tables))
            .collect();
        self.add("Confidentialité", &codes);
        let relations = header.relations.iter().zip(&header.written.relations);
        let relations: Vec<String> = relations
            .map(|((kind, _), id)| format!("{} {id}", relation(*kind)))
            .collect();
        self.add("Relations", &relations);
        let version = header.version.map(|version| format!("version {version}"));
        let lines = [
            header.written.unique_id.clone(),
            version.unwrap_or_default(),
        ];
        self.add("Identifiant du document", &lines);
    }
}

fn relation(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Replaces => "remplace",
        RelationKind::Transforms => "transforme",
        RelationKind::Signs => "signe",
        RelationKind::Appends => "complète",
    }
}

/// The label that the document gives, else the list's, else the code.
fn label(code: &Code, list: List, tables: &Tables) -> String {
    let written = code.display.clone().filter(|text| !text.trim().is_empty());
    let listed = || tables.terminology.list(list).display(code);
    written
        .or_else(|| listed().map(str::to_owned))
        .unwrap_or_else(|| code.code.clone())
}

fn name(name: &PersonName) -> String {
    let parts = [&name.family, &name.given];
    let parts: Vec<&str> = parts
        .into_iter()
        .flatten()
        .map(|part| part.trim())
        .collect();
    parts.join(" ")
}

fn number(id: Option<&Identifier>) -> String {
    id.map_or_else(String::new, |id| {
        if id.extension.is_empty() {
            id.root.clone()
        } else {
            id.extension.clone()
        }
    })
}

/// A time as the French write it, at its own precision: `28/03/1979`, `01/03/2024 à 10:30`. Where the clocks are not those of Paris it
/// is told: `01/03/2024 à 10:30 (UTC+04:00)`.
fn date(time: &Timestamp) -> String {
    let text = time.to_hl7();
    let digits = text.split(['+', '-', '.']).next().unwrap_or_default();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let date = match digits.len() {
        0..6 => part(0, 4).to_owned(),
        6..8 => format!("{}/{}", part(4, 6), part(0, 4)),
        _ => format!("{}/{}/{}", part(6, 8), part(4, 6), part(0, 4)),
    };
    let zone = zone(time, &text);
    match digits.len() {
        0..10 => date,
        10..12 => format!("{date} à {} h{zone}", part(8, 10)),
        _ => format!("{date} à {}:{}{zone}", part(8, 10), part(10, 12)),
    }
}

/// The offset that a time is written with, but for that of Paris.
fn zone(time: &Timestamp, hl7: &str) -> String {
    let at = hl7.rfind(['+', '-']);
    let Some((sign, digits)) = at.and_then(|at| hl7.get(at..)?.split_at_checked(1)) else {
        return String::new();
    };
    let paris = time.start().to_zoned_datetime(paris()).offset();
    let paris = format!("+{:02}00", paris.seconds() / 3600);
    match digits.split_at_checked(2) {
        Some((hours, minutes)) if paris != format!("{sign}{digits}") => {
            format!(" (UTC{sign}{hours}:{minutes})")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use super::*;

    #[test]
    fn times_keep_their_precision() {
        for (hl7, french) in [
            ("1979", "1979"),
            ("197903", "03/1979"),
            ("19790328", "28/03/1979"),
            ("2024030110+0100", "01/03/2024 à 10 h"),
            ("20240301103059.12+0100", "01/03/2024 à 10:30"),
            ("202403011030", "01/03/2024 à 10:30"),
            ("202407011030+0200", "01/07/2024 à 10:30"),
            ("202407011030+0100", "01/07/2024 à 10:30 (UTC+01:00)"),
            ("202403011030+0000", "01/03/2024 à 10:30 (UTC+00:00)"),
            ("2024030110-0330", "01/03/2024 à 10 h (UTC-03:30)"),
        ] {
            assert_eq!(date(&Timestamp::from_hl7(hl7).expect("time")), french);
        }
    }
}
