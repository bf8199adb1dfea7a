#![allow(clippy::expect_used)]

use std::path::Path;

use super::*;
use crate::dmp::time::Timestamp;
use crate::dmp::vaccination::{Series, Status, system};

/// A national example, which is not part of this repository; the tests that need it say nothing without it.
fn example(name: &str) -> Option<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cda");
    std::fs::read(beside.join(name)).ok()
}

#[test]
fn the_national_note_tells_one_act() {
    let Some(bytes) = example("VAC-NOTE_2023.01.xml") else {
        return;
    };
    let all = vaccinations(&bytes);
    let [one] = all.as_slice() else {
        panic!("one act is expected, {} are there", all.len());
    };
    let codes: Vec<_> = one
        .vaccine
        .codes
        .iter()
        .map(|code| (code.code.as_str(), code.system.as_str()))
        .collect();
    assert_eq!(
        codes,
        [
            ("68747507", system::CIS),
            ("J07AM", system::ATC),
            ("3400932857241", system::CIP)
        ]
    );
    let name = "VACCIN TETANIQUE PASTEUR, suspension injectable en seringue préremplie. Vaccin tétanique adsorbé";
    assert_eq!(one.vaccine.text.as_deref(), Some(name));
    assert_eq!(one.occurrence, Timestamp::from_fhir("2009-09-28").ok());
    assert_eq!(one.series, Some(Series::Initial));
    assert_eq!((one.rank, one.lot.as_deref()), (Some(2), Some("4456672")));
    assert_eq!(one.status, Status::Completed);
    assert!(one.is_first_hand());
    let site = one.site.as_ref().expect("site");
    assert_eq!(site.text.as_deref(), Some("Deltoïde gauche"));
    let performer = one.performer.as_ref().expect("performer");
    assert_eq!(performer.name.as_deref(), Some("Charles MULLER"));
    let [reaction] = one.reactions.as_slice() else {
        panic!("one reaction is expected");
    };
    assert_eq!(
        reaction
            .finding
            .codes
            .first()
            .map(|code| code.code.as_str()),
        Some("R50.2")
    );
    assert_eq!(
        one.note.as_deref(),
        Some("Prise récente et ponctuelle de solupred (60mg) en une prise pendant 2 jours")
    );
}

#[test]
fn the_national_history_tells_four_acts_though_their_ids_repeat() {
    let Some(bytes) = example("VAC_2023.01.xml") else {
        return;
    };
    let all = vaccinations(&bytes);
    let dates: Vec<_> = all
        .iter()
        .map(|one| one.occurrence.as_ref().map(Timestamp::to_hl7))
        .collect();
    assert_eq!(dates.len(), 4);
    // The year of the first is all that is known of it.
    assert_eq!(dates.first().cloned().flatten().as_deref(), Some("1975"));
    let roots: std::collections::HashSet<_> = all
        .iter()
        .map(|one| one.entry.as_ref().map(|entry| entry.root.clone()))
        .collect();
    assert!(roots.len() < 4, "the example's ids repeat");
    let acts: std::collections::HashSet<_> = all.iter().map(Vaccination::act).collect();
    assert_eq!(acts.len(), 4);
    if let Some(note) = example("VAC-NOTE_2023.01.xml") {
        let told_again = vaccinations(&note).pop().expect("act").act();
        assert!(acts.contains(&told_again), "the note's act is the third");
    }
    // Two OIDs of one code system.
    let cip: usize = all
        .iter()
        .map(|one| one.codes_of(system::CIP).count())
        .sum();
    assert!(cip > 0);
    assert!(all.iter().all(|one| one.vaccine.text.is_some()));
}

#[test]
fn references_without_a_hash_are_followed() {
    let body = r##"<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component><section>
        <templateId root="1.2.250.1.213.1.1.2.147"/>
        <text><content ID="bcg">Vaccin &amp; <content>BCG</content></content></text>
        <entry><substanceAdministration negationInd="true"><templateId root="1.2.250.1.213.1.1.3.45"/>
        <text><reference value="bcg"/></text><effectiveTime nullFlavor="UNK"/></substanceAdministration></entry>
        <entry><substanceAdministration><templateId root="1.2"/></substanceAdministration></entry>
        </section></component></structuredBody></component></ClinicalDocument>"##;
    let all = vaccinations(body.as_bytes());
    let [one] = all.as_slice() else {
        panic!("one act is expected");
    };
    assert_eq!(one.vaccine.text.as_deref(), Some("Vaccin & BCG"));
    assert_eq!(one.status, Status::NotDone);
    assert_eq!(one.occurrence, None);
    assert_eq!(one.act(), None);
}

#[test]
fn what_is_broken_tells_nothing() {
    for text in [
        "",
        "<a>",
        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><structuredBody>",
    ] {
        assert!(vaccinations(text.as_bytes()).is_empty());
    }
}
