//! Any bytes as a document that feeds the register of vaccinations: shared by the fuzz target and by `tests/fuzzed.rs`.

use std::sync::LazyLock;

use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::time::Instant;
use passerelle::dmp::vaccination::{Entry, Origin, Vaccination};
use passerelle::tables::Tables;
use passerelle::translate::cda::make::Element;
use passerelle::translate::cda::{MAX_ENTRIES, MAX_TOLD, section, vaccinations};
use passerelle::translate::{Reading, immunization, wire};
use uuid::Uuid;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

/// What must hold whatever comes in: few and short entries, each an Immunization of R4; what of it is accepted back tells the same act,
/// and so does the section that is made of it.
///
/// # Panics
/// When it does not.
pub(crate) fn any_bytes(bytes: &[u8]) {
    let reading = Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "https://localhost/fhir",
    };
    let told = vaccinations(bytes);
    assert!(told.len() <= MAX_ENTRIES);
    let size: usize = told.iter().map(|act| kept(act).len()).sum();
    assert!(size <= MAX_TOLD, "{size}");
    for act in told.into_iter().take(20) {
        let resource = immunization::write(&entry(act), &reading);
        let problems = wire::check(&resource, "Immunization", "Immunization");
        assert_eq!(problems, [], "{resource}");
        match immunization::read(&resource, &reading) {
            Ok(read) => made(&read.vaccination, &reading),
            Err(error) => assert!((400..500).contains(&error.status()), "{error:?}"),
        }
    }
}

/// What a client could send is told by a section, and by the resource, as it was.
fn made(act: &Vaccination, reading: &Reading) {
    let told = vaccinations(document(act).as_bytes());
    assert_eq!(told.len(), 1);
    for again in told {
        assert_eq!(kept(&again), kept(act), "the document");
        let resource = immunization::write(&entry(again), reading);
        let read = immunization::read(&resource, reading).expect("read before");
        assert_eq!(kept(&read.vaccination), kept(act), "the resource");
    }
}

fn document(act: &Vaccination) -> String {
    let body =
        Element::new("structuredBody").child(Element::new("component").child(section(act, None)));
    Element::new("ClinicalDocument")
        .with("xmlns", "urn:hl7-org:v3")
        .child(Element::new("component").child(body))
        .document()
}

/// Labels do not count in the equality of codes; here they do.
fn kept(act: &Vaccination) -> String {
    serde_json::to_string(act).expect("json")
}

fn entry(vaccination: Vaccination) -> Entry {
    Entry {
        id: Uuid::from_u128(7),
        version: 1,
        updated: Instant::UNIX_EPOCH,
        patient: Ins::parse(InsRoot::NirTest, "279035121518989").expect("an INS"),
        vaccination,
        origin: Origin::Document(Uuid::from_u128(8)),
        validation: None,
    }
}
