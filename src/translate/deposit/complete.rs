//! What the header lacks and the declaration tells.

use super::super::Reading;
use super::super::cda::{CdaHeader, CdaPerson};
use super::super::document_reference::DeclaredDocument;
use crate::dmp::context::Validation;
use crate::dmp::document::DocumentMetadata;

/// In guide mode, fills what the header may lack without being refused. What the DMP demands of the header itself is never filled:
/// a document is judged here as `cda check` judges it.
pub(super) fn before(declared: &DeclaredDocument, header: &mut CdaHeader, reading: &Reading) {
    if reading.validation == Validation::Strict {
        return;
    }
    fill(&mut header.title, declared.title.as_ref());
    fill(&mut header.language, declared.language.as_ref());
    fill(&mut header.service_start, declared.service_start.as_ref());
    if header.other_practice_setting.is_some() {
        let setting = declared.practice_setting.as_ref();
        fill(&mut header.practice_setting, setting);
    }
    if let (true, Some(labels)) = (header.confidentiality.is_empty(), declared.labels) {
        header.confidentiality = labels.codes();
    }
    let person = declared
        .legal_authenticator
        .as_ref()
        .map(|person| CdaPerson {
            id: person.id.clone(),
            name: person.name.clone(),
        });
    fill(&mut header.legal_authenticator, person.as_ref());
}

/// Adds what no header is obliged to say.
pub(super) fn after(declared: DeclaredDocument, metadata: &mut DocumentMetadata) {
    metadata.comments = declared.comments;
    fill(&mut metadata.service_stop, declared.service_stop.as_ref());
    fill(
        &mut metadata.legal_authenticator,
        declared.legal_authenticator.as_ref(),
    );
    if metadata.events.is_empty() {
        metadata.events = declared.events;
    }
    if metadata.references.is_empty() {
        metadata.references = declared.references;
    }
    if let Some(labels) = declared.labels {
        let held = &mut metadata.labels;
        held.masked |= labels.masked;
        held.invisible_patient |= labels.invisible_patient;
        held.invisible_representatives |= labels.invisible_representatives;
    }
    if let Some(patient) = declared.source_patient {
        let held = &mut metadata.source_patient;
        fill(&mut held.family_birth, patient.family_birth.as_ref());
        fill(&mut held.family_used, patient.family_used.as_ref());
        fill(&mut held.given, patient.given.as_ref());
        fill(&mut held.birth_date, patient.birth_date.as_ref());
        fill(&mut held.sex, patient.sex.as_ref());
        if held.ids.is_empty() {
            held.ids = patient.ids;
        }
    }
}

fn fill<T: Clone>(held: &mut Option<T>, declared: Option<&T>) {
    if held.is_none() {
        *held = declared.cloned();
    }
}
