//! Entries and submissions as the DMP may hold them.

use jiff::Timestamp as Instant;
use passerelle::dmp::code::{Code, system};
use passerelle::dmp::document::{
    Availability, DocumentEntry, DocumentMetadata, Labels, ReferenceId, ReferenceKind, Relation,
    RelationKind, Restriction, Sha1,
};
use passerelle::dmp::id::UniqueId;
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::person::{
    Author, AuthorKind, Identifier, LegalAuthenticator, Organization, PersonName, Sex,
    SourcePatient,
};
use passerelle::dmp::submission::{SubmissionMetadata, SubmissionSet};
use passerelle::dmp::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

fn text() -> impl Strategy<Value = String> {
    "[A-Za-zÀ-ÖØ-öø-ÿ0-9'’\"<&][A-Za-zÀ-ÖØ-öø-ÿ0-9 '’\"<&|,\\\\-]{0,24}[A-Za-zÉé0-9.]"
}

fn words() -> impl Strategy<Value = String> {
    "[A-ZÀ-Ö][A-Za-zà-ö'-]{0,11}( [A-ZÀ-Ö][A-Za-zà-ö'-]{0,11}){0,2}"
}

fn oid() -> impl Strategy<Value = String> {
    "[0-2](\\.(0|[1-9][0-9]{0,5})){1,8}"
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(|bits| uuid::Builder::from_u128(bits).into_uuid())
}

fn unique_id() -> impl Strategy<Value = UniqueId> {
    prop_oneof![
        oid().prop_map(|root| root.parse().unwrap()),
        (oid(), "[A-Za-z0-9/_.-]{1,16}").prop_map(|(root, extension)| format!(
            "{root}^{extension}"
        )
        .parse()
        .unwrap()),
        uuid().prop_map(|uuid| uuid.to_string().parse().unwrap()),
    ]
}

fn identifier() -> impl Strategy<Value = Identifier> {
    let of = |root: &str, extension: String| Identifier {
        root: root.to_owned(),
        extension,
    };
    prop_oneof![
        "8[0-9]{11}".prop_map(move |id| of(system::PS_ID_NAT, id)),
        "1[0-9]{9}".prop_map(move |id| of(system::STRUCT_ID_NAT, id)),
        (oid(), "[A-Za-z0-9/-]{1,12}").prop_map(move |(root, id)| of(&root, id)),
        oid().prop_map(move |root| of(&root, String::new())),
        uuid().prop_map(move |root| of(&root.to_string(), String::new())),
        "[A-Z0-9]{3,8}".prop_map(move |id| of("https://example.org/ipp", id)),
    ]
}

fn code() -> impl Strategy<Value = Code> {
    let systems = prop_oneof![
        select(vec![
            system::LOINC.to_owned(),
            system::CLASS.to_owned(),
            "1.2.250.1.71.4.2.4".to_owned(),
            "1.3.6.1.4.1.19376.1.2.3".to_owned(),
            "URN".to_owned(),
            "ASTM".to_owned(),
        ]),
        oid(),
    ];
    (systems, "[A-Za-z0-9:._-]{1,16}", option::of(text())).prop_map(|(system, code, display)| {
        Code {
            code,
            system,
            display,
        }
    })
}

fn known(code: &str, system: &str) -> Code {
    Code::new(code, system)
}

/// A role or speciality may be a label alone.
fn label() -> impl Strategy<Value = Code> {
    let alone = text().prop_map(|display| Code {
        display: Some(display),
        ..Code::new("", "")
    });
    prop_oneof![3 => code(), 1 => alone]
}

/// A time that FHIR can write to the letter.
pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    let date = (1900u16..2100, 1u8..=12, 1u8..=28);
    let clock = (
        0u8..24,
        0u8..60,
        0u8..60,
        option::of("[0-9]{1,9}"),
        select(vec!["Z", "+00:00", "+01:00", "+02:00", "-03:30", "+14:00"]),
    );
    (date, 0usize..4, clock).prop_map(|((year, month, day), precision, clock)| {
        let text = match precision {
            0 => format!("{year:04}"),
            1 => format!("{year:04}-{month:02}"),
            2 => format!("{year:04}-{month:02}-{day:02}"),
            _ => {
                let (hour, minute, second, fraction, offset) = clock;
                let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
                format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
            }
        };
        Timestamp::from_fhir(&text).unwrap()
    })
}

/// A time as CDA may write it, hours alone and without offset included.
pub(crate) fn hl7_time() -> impl Strategy<Value = Timestamp> {
    let digits = (1950u16..2100, 1u8..=12, 1u8..=28, 0u8..24, 0u8..60, 0u8..60);
    (digits, select(vec![4, 6, 8, 10, 12, 14]), any::<bool>()).prop_map(
        |((year, month, day, hour, minute, second), length, offset)| {
            let digits = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}");
            let offset = if offset && length > 8 { "+0100" } else { "" };
            Timestamp::from_hl7(&format!("{}{offset}", &digits[..length])).unwrap()
        },
    )
}

fn instant() -> impl Strategy<Value = Instant> {
    (0i64..4_000_000_000_000).prop_map(|millis| Instant::from_millisecond(millis).unwrap())
}

fn ins() -> impl Strategy<Value = Ins> {
    let roots = select(vec![InsRoot::NirTest, InsRoot::NirDemo]);
    let number = prop_oneof!["[12][0-9]{12}", "[12][0-9]{4}2[AB][0-9]{6}"];
    (roots, number).prop_map(|(root, number)| {
        let digits: u64 = number
            .replace("2A", "19")
            .replace("2B", "18")
            .parse()
            .unwrap();
        Ins::parse(root, &format!("{number}{:02}", 97 - digits % 97)).unwrap()
    })
}

fn person_name() -> impl Strategy<Value = PersonName> {
    (option::of(words()), option::of(words()))
        .prop_map(|(family, given)| PersonName { family, given })
}

fn organization() -> impl Strategy<Value = Organization> {
    (identifier(), option::of(text())).prop_map(|(id, name)| Organization { id: Some(id), name })
}

fn author() -> impl Strategy<Value = Author> {
    let kinds = select(vec![
        AuthorKind::Professional,
        AuthorKind::Patient,
        AuthorKind::Device,
        AuthorKind::Organization,
    ]);
    let codes = (option::of(label()), option::of(label()));
    let parts = (
        identifier(),
        person_name(),
        option::of(text()),
        codes,
        option::of(organization()),
    );
    (kinds, parts).prop_map(
        |(kind, (id, name, device, (specialty, role), institution))| {
            // What a header can give: a device has no name, an organisation alone is one.
            let (name, institution) = match kind {
                AuthorKind::Device => (PersonName::default(), institution),
                AuthorKind::Organization => (name, Some(institution.unwrap_or_default())),
                _ => (name, institution),
            };
            Author {
                kind,
                id: Some(id),
                name,
                device,
                specialty,
                role,
                institution,
            }
        },
    )
}

fn source_patient() -> impl Strategy<Value = SourcePatient> {
    let local =
        (oid(), "[A-Z0-9]{1,10}").prop_map(|(root, extension)| Identifier { root, extension });
    let names = (
        option::of(words()),
        option::of(words()),
        option::of(words()),
    );
    let sex = option::of(select(vec![Sex::Male, Sex::Female, Sex::Unknown]));
    (vec(local, 0..3), names, option::of(time()), sex).prop_map(
        |(ids, (family_birth, family_used, given), birth_date, sex)| SourcePatient {
            ids,
            family_birth,
            family_used,
            given,
            birth_date,
            sex,
        },
    )
}

fn labels() -> impl Strategy<Value = Labels> {
    let restrictions = select(vec![
        Restriction::Normal,
        Restriction::Restricted,
        Restriction::VeryRestricted,
    ]);
    (any::<[bool; 3]>(), restrictions).prop_map(
        |([masked, patient, representatives], restricted)| Labels {
            masked,
            invisible_patient: patient,
            invisible_representatives: representatives,
            restricted,
        },
    )
}

fn reference() -> impl Strategy<Value = ReferenceId> {
    (select(&ReferenceKind::ALL), identifier()).prop_map(|(kind, id)| ReferenceId { kind, id })
}

fn relation() -> impl Strategy<Value = Relation> {
    let kinds = select(vec![
        RelationKind::Replaces,
        RelationKind::Transforms,
        RelationKind::Signs,
    ]);
    (kinds, unique_id()).prop_map(|(kind, target)| Relation { kind, target })
}

fn metadata() -> impl Strategy<Value = DocumentMetadata> {
    let who = (ins(), source_patient(), vec(author(), 1..4));
    let authenticator = (option::of(identifier()), person_name()).prop_map(|(id, name)| {
        // Somebody is named at least by one of both.
        let id = id.or_else(|| {
            (name == PersonName::default()).then(|| Identifier {
                root: system::PS_ID_NAT.to_owned(),
                extension: "899900000001".to_owned(),
            })
        });
        LegalAuthenticator { id, name }
    });
    let people = (option::of(authenticator), organization());
    let texts = (text(), option::of(text()), "[a-z]{2}-[A-Z]{2}");
    let times = (time(), time(), option::of(time()));
    let codes = (
        prop_oneof![Just(known("11488-4", system::LOINC)), code()],
        prop_oneof![Just(known("10", system::CLASS)), code()],
        code(),
        prop_oneof![Just(known("SA01", "1.2.250.1.71.4.2.4")), code()],
        code(),
    );
    let lists = (
        labels(),
        vec(code(), 0..4),
        vec(reference(), 0..3),
        vec(relation(), 0..2),
    );
    let bytes = (any::<[u8; 20]>(), 0u64..1 << 31);
    let all = (unique_id(), who, people, texts, times, codes, lists, bytes);
    all.prop_map(
        |(unique_id, who, people, texts, times, codes, lists, bytes)| {
            let (service_start, service_stop) = match times.2 {
                Some(stop) if times.1.start() <= stop.start() => (times.1, Some(stop)),
                Some(stop) => (stop, Some(times.1)),
                None => (times.1, None),
            };
            DocumentMetadata {
                unique_id,
                patient: who.0,
                source_patient: who.1,
                authors: who.2,
                legal_authenticator: people.0,
                custodian: people.1,
                title: texts.0,
                comments: texts.1,
                creation_time: times.0,
                service_start,
                service_stop,
                language: texts.2,
                class: codes.1,
                type_code: codes.0,
                format: codes.2,
                labels: lists.0,
                events: lists.1,
                facility_type: codes.3,
                practice_setting: codes.4,
                mime_type: "text/xml".to_owned(),
                references: lists.2,
                relations: lists.3,
                hash: Sha1(bytes.0),
                size: bytes.1,
            }
        },
    )
}

pub(crate) fn entry() -> impl Strategy<Value = DocumentEntry> {
    let ids = (uuid(), uuid(), uuid(), uuid());
    (metadata(), ids, 1u32..50, instant(), instant()).prop_map(
        |(metadata, ids, version, updated, deposited)| DocumentEntry {
            id: ids.0,
            entry_uuid: ids.1,
            former_uuids: Vec::new(),
            version,
            availability: Availability::Approved,
            content_id: ids.2,
            submission_id: ids.3,
            updated,
            deposited,
            depositor: "899900000001".to_owned(),
            depositor_structure: None,
            declared_structure: None,
            from_patient: false,
            metadata,
        },
    )
}

pub(crate) fn submission() -> impl Strategy<Value = SubmissionSet> {
    let metadata = (unique_id(), ins(), oid(), code(), time());
    let rest = (author(), option::of(text()), option::of(text()));
    let ids = (uuid(), uuid(), vec(uuid(), 1..4), instant());
    (metadata, rest, ids).prop_map(|(metadata, rest, ids)| SubmissionSet {
        id: ids.0,
        entry_uuid: ids.1,
        updated: ids.3,
        depositor: "899900000001".to_owned(),
        depositor_structure: None,
        metadata: SubmissionMetadata {
            unique_id: metadata.0,
            patient: metadata.1,
            source_id: metadata.2,
            content_type: metadata.3,
            submission_time: metadata.4,
            author: Some(rest.0),
            title: rest.1,
            comments: rest.2,
        },
        documents: ids.2,
        folders: Vec::new(),
    })
}
