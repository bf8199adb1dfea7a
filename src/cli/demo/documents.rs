//! The documents of the demonstration: thirty-two, of kinds that the habilitation matrix treats differently, on fixed dates.

use super::cda_text::{ARC, CdaText, Kind};
use super::world::{DemoPatient, place, writer};
use crate::dmp::document::Labels;

mod shelf;

pub use shelf::shelf;

/// A document ready to be deposited.
#[derive(Debug, Clone)]
pub struct DemoDocument {
    /// The CDA.
    pub bytes: Vec<u8>,
    /// Which patient, in the order of `world::patients`.
    pub patient: usize,
    /// File name of the card that deposits it.
    pub depositor: &'static str,
    /// Confidentiality beside `N`.
    pub labels: Labels,
}

/// One line of the shelf.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which patient, in the order of `world::patients`.
    pub patient: usize,
    /// Who wrote it: a card, or one of the two who sign without.
    pub writer: &'static str,
    /// Who deposits it, when it is not the writer.
    pub depositor: Option<&'static str>,
    /// What it is.
    pub kind: Kind,
    /// Title.
    pub title: &'static str,
    /// Day and hour of the act, HL7 with offset.
    pub act: &'static str,
    /// Confidentiality beside `N`.
    pub labels: Labels,
    /// Place on the shelf, from 1, of the version that it replaces.
    pub replaces: Option<usize>,
    /// The order that it answers.
    pub order: Option<&'static str>,
    /// Sections: title and text.
    pub sections: &'static [(&'static str, &'static str)],
}

/// Every document, in the order of deposit: what replaces comes after what it replaces.
pub fn documents(patients: &[DemoPatient]) -> Vec<DemoDocument> {
    shelf()
        .enumerate()
        .filter_map(|(index, entry)| entry.write(index + 1, patients))
        .collect()
}

/// The unique id of the document at that place of the shelf, from 1.
pub fn unique_id(number: usize) -> String {
    format!("{ARC}.1.{number}")
}

impl Entry {
    /// Writes the document; None when the shelf names nobody, which a test rules out.
    fn write(&self, number: usize, patients: &[DemoPatient]) -> Option<DemoDocument> {
        let writer = writer(self.writer)?;
        let replaced = self.replaces.map(unique_id);
        let text = CdaText {
            id: &unique_id(number),
            set_id: &format!("{ARC}.2.{}", self.replaces.unwrap_or(number)),
            version: if self.replaces.is_some() { 2 } else { 1 },
            replaces: replaced.as_deref(),
            kind: self.kind,
            title: self.title,
            patient: patients.get(self.patient)?,
            writer,
            place: place(&writer.structure),
            written: self.act,
            act: self.act,
            order: self.order,
            sections: self.sections,
        };
        Some(DemoDocument {
            bytes: text.to_xml().into_bytes(),
            patient: self.patient,
            depositor: self.depositor.unwrap_or(self.writer),
            labels: self.labels,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::cards::card;
    use crate::cli::demo::world::patients;

    #[test]
    fn the_whole_shelf_is_written_and_deposited_by_cards_that_exist() {
        let patients = patients().expect("patients");
        let documents = documents(&patients);
        assert_eq!(documents.len(), shelf().count());
        assert!(documents.len() >= 30);
        for document in &documents {
            assert!(card(document.depositor).is_some(), "{}", document.depositor);
            let record = &patients[document.patient].record;
            assert!(record.state.is_open() && record.identity.is_qualified());
            let text = std::str::from_utf8(&document.bytes).expect("UTF-8");
            assert!(text.contains(record.ins.value()) && !text.contains("{"));
        }
    }

    #[test]
    fn kinds_are_varied_and_replacements_stay_with_one_author() {
        let mut codes: Vec<_> = shelf().map(|entry| entry.kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert!(codes.len() >= 20, "{}", codes.len());
        for (index, entry) in shelf().enumerate() {
            if let Some(replaced) = entry.replaces {
                assert!(replaced <= index);
                let first = shelf().nth(replaced - 1).expect("on the shelf");
                assert_eq!(first.patient, entry.patient);
                assert_eq!(first.writer, entry.writer);
                assert_eq!(first.depositor, entry.depositor);
            }
        }
    }

    #[test]
    fn labels_of_every_kind_are_there_and_never_two_that_exclude_each_other() {
        let any = |has: fn(&Labels) -> bool| shelf().any(|entry| has(&entry.labels));
        assert!(any(|labels| labels.masked));
        assert!(any(|labels| labels.invisible_patient));
        assert!(any(|labels| labels.invisible_representatives));
        assert!(!any(|labels| labels.masked && labels.invisible_patient));
    }

    #[test]
    fn every_kind_is_in_the_matrix_and_resolves_to_a_class_and_a_format() {
        use crate::dmp::code::Code;
        let tables = crate::tables::Tables::built_in();
        for entry in shelf() {
            let kind = entry.kind;
            assert!(tables.matrix.knows_type(kind.code), "{}", kind.code);
            let code = Code::new(kind.code, kind.system());
            assert!(
                tables.terminology.class_of(&code).is_some(),
                "{}",
                kind.code
            );
            let format = match kind.templates {
                [] => tables.terminology.format_of_media_type("text/plain"),
                templates => templates.iter().find_map(|(root, extension)| {
                    let extension = Some(*extension).filter(|text| !text.is_empty());
                    tables.terminology.format_of_template(root, extension)
                }),
            };
            assert!(format.is_some(), "{}", kind.code);
        }
    }
}
