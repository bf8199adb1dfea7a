//! An act of vaccination that a professional enters becomes a note de vaccination (LOINC 87273-9): a document of his, made here.

use super::super::Reading;
use super::super::cda::make::{Body, Draft, make};
use super::super::cda::{read_whole, section, to_metadata};
use super::super::findings::Findings;
use super::super::list::DeclaredSet;
use super::wrap::{derived, source_patient};
use super::{Depositor, rules, set};
use crate::dmp::code::{Code as Coded, system};
use crate::dmp::document::{DocumentMetadata, Labels, Sha1};
use crate::dmp::id::UniqueId;
use crate::dmp::ins::Ins;
use crate::dmp::person::{Identifier, LegalAuthenticator};
use crate::dmp::record::Traits;
use crate::dmp::submission::{NewDocument, Submission};
use crate::dmp::time::{Instant, Timestamp};
use crate::dmp::vaccination::{NOTE, Party, Vaccination};
use crate::error::{Code, Error, Issue};

/// IHE PCC immunization content, and the CI-SIS's note de vaccination.
const TEMPLATES: [(&str, &str); 2] = [
    ("1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2", ""),
    ("1.2.250.1.213.1.1.1.46", "2023.01"),
];
const TITLE: &str = "Note de vaccination";
/// Nobody is asked where: a consulting room, as most acts of vaccination.
const FACILITY: (&str, &str) = ("SA07", "1.2.250.1.71.4.2.4");
const SETTING: (&str, &str) = ("AMBULATOIRE", "1.2.250.1.213.1.1.4.9");

/// The submission of one note, and the act as it tells it. Whoever enters the same act twice makes the same note.
///
/// # Errors
/// `structure-required` when no structure keeps the note; `element-invalid` when `first_hand` contradicts who vaccinated, or when
/// the act is before the patient's birth (VAC-04).
pub fn vaccination_note(
    patient: &Ins,
    mut act: Vaccination,
    first_hand: Option<bool>,
    depositor: &Depositor,
    secret: bool,
    now: Instant,
    reading: &Reading,
) -> Result<(Submission, Vaccination, Vec<Issue>), Error> {
    let mut found = Findings::new(reading);
    let author = set::author(depositor);
    let me = Party {
        id: author.id.clone(),
        name: spoken(depositor),
    };
    let by_me = |performer: &Option<Party>| performer.as_ref().is_some_and(|one| one.id == me.id);
    if first_hand == Some(true) && act.performer.is_none() {
        act.performer = Some(me.clone());
    }
    if let Some(performer) = act.performer.as_mut().filter(|one| one.id == me.id) {
        performer.name = performer.name.take().or_else(|| me.name.clone());
    }
    if first_hand.is_some_and(|told| told != by_me(&act.performer)) {
        found.refuse(super::invalid(
            "Immunization.primarySource",
            "vrai si l'auteur a vacciné lui-même, et alors seulement",
            "true when the author vaccinated himself, and only then",
        ));
    }
    check_date(&act, depositor.traits, now, &mut found);
    act.author = Some(me);
    let (root, setting) = (&patient.key(), SETTING);
    let told = serde_json::to_string(&act).map_err(|_| Code::Internal)?;
    let unique_id = derived(&["vaccination", root, &depositor.actor.id.key(), &told]);
    if act.entry.is_none() {
        act.entry = Some(Identifier {
            root: unique_id.root.to_string(),
            extension: "1".to_owned(),
        });
    }
    act.recorded = Some(Timestamp::to_the_second(now));
    let Some(mut custodian) = author.institution.clone() else {
        return Err(Issue::new(Code::StructureRequired).into());
    };
    // A structure that is only declared has no name: its number names it.
    let number = custodian.id.as_ref().map(|id| id.extension.clone());
    custodian.name = custodian.name.or(number);
    let created = Timestamp::to_the_second(now);
    let term = &reading.tables.terminology;
    let type_code = Coded::new(NOTE, system::LOINC);
    let signatory = LegalAuthenticator {
        id: author.id.clone(),
        name: author.name.clone(),
    };
    let draft = DocumentMetadata {
        unique_id: unique_id.clone(),
        patient: patient.clone(),
        source_patient: source_patient(None, depositor.traits),
        authors: vec![author],
        legal_authenticator: Some(signatory),
        custodian,
        title: TITLE.to_owned(),
        comments: None,
        service_start: act.occurrence.clone().unwrap_or_else(|| created.clone()),
        service_stop: None,
        creation_time: created,
        language: "fr-FR".to_owned(),
        class: term.class_of(&type_code).ok_or(Code::Internal)?,
        format: type_code.clone(),
        events: vec![type_code.clone()],
        type_code,
        labels: Labels::default(),
        facility_type: Coded::new(FACILITY.0, FACILITY.1),
        practice_setting: Coded::new(setting.0, setting.1),
        mime_type: "text/xml".to_owned(),
        references: Vec::new(),
        relations: Vec::new(),
        hash: Sha1([0; 20]),
        size: 0,
    };
    let content = made(&draft, depositor, &act, reading);
    let (header, _) = read_whole(&content).map_err(Error::many)?;
    let (mut metadata, _) = to_metadata(&header, &content, reading).map_err(Error::many)?;
    // A secret connection leaves nothing for the representatives (MIN-07).
    metadata.labels.invisible_representatives = secret;
    rules::check_lists(&metadata, "Immunization", &mut found, reading);
    let warnings = found.finish().map_err(Error::many)?;
    let set = set::complete(DeclaredSet::default(), patient, &metadata, depositor, now);
    let document = NewDocument {
        metadata,
        content,
        targets: Vec::new(),
        aliases: Vec::new(),
        header_replaces: None,
        unless: Vec::new(),
        told_at: String::new(),
    };
    let submission = Submission {
        told_at: String::new(),
        folders: Vec::new(),
        metadata: set,
        documents: vec![document],
        superseded: Vec::new(),
    };
    Ok((submission, act, warnings))
}

/// An act as the patient declares it (VAC-01).
///
/// # Errors
/// `element-invalid` when it is said to be first-hand, or before his birth (VAC-04).
pub fn declared_vaccination(
    mut act: Vaccination,
    first_hand: Option<bool>,
    traits: &Traits,
    now: Instant,
    reading: &Reading,
) -> Result<Vaccination, Error> {
    let mut found = Findings::new(reading);
    if first_hand == Some(true) {
        let issue = super::invalid(
            "Immunization.primarySource",
            "ce que le patient déclare n'est pas de première main",
            "what the patient declares is not first-hand",
        );
        found.refuse(issue.rule("VAC-01"));
    }
    check_date(&act, traits, now, &mut found);
    act.recorded = Some(Timestamp::to_the_second(now));
    found.finish().map_err(Error::many)?;
    Ok(act)
}

fn made(
    metadata: &DocumentMetadata,
    depositor: &Depositor,
    act: &Vaccination,
    reading: &Reading,
) -> Vec<u8> {
    let set_id: UniqueId = derived(&["set", &metadata.unique_id.to_string()]);
    let draft = Draft {
        metadata,
        traits: depositor.traits,
        templates: &TEMPLATES,
        set_id: &set_id,
        version: 1,
        body: Body::Sections(vec![section(act, metadata.authors.first())]),
    };
    make(draft, reading.tables).into_bytes()
}

/// Given and family name.
fn spoken(depositor: &Depositor) -> Option<String> {
    let name = &depositor.actor.name;
    let parts = [&name.given, &name.family];
    let words: Vec<&str> = parts.into_iter().filter_map(Option::as_deref).collect();
    let words: Vec<&str> = words
        .iter()
        .flat_map(|one| one.split_whitespace())
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Not before the patient's birth, not after today (VAC-04).
fn check_date(act: &Vaccination, traits: &Traits, now: Instant, found: &mut Findings) {
    let Some((start, end)) = act.occurrence.as_ref().map(Timestamp::span) else {
        return;
    };
    let born = crate::dmp::time::day(traits.birth_date);
    if end <= born || start > now {
        let issue = super::invalid(
            "Immunization.occurrence",
            "entre la naissance du patient et aujourd'hui",
            "between the patient's birth and today",
        );
        found.refuse(issue.rule("VAC-04"));
    }
}
