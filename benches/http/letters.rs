//! Deposits (ITI-65) of the example's letter, each new: a document of 20 kB for a patient of the demonstration.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::body::Bytes;
use passerelle::cli::demo::world::{DemoPatient, patients};
use passerelle::dmp::id::UniqueId;
use passerelle::dmp::ins::Ins;
use passerelle::dmp::person::Sex;
use passerelle::dmp::time::{Instant, paris};

/// Bytes of a document.
pub const SIZE: usize = 20_000;
/// Open records with a qualified identity.
pub const PATIENTS: &[usize] = &[0, 1, 7, 8, 10];
/// Where the letter's author acts.
pub const STRUCTURE: &str = "499900000029010";

const LETTER: &str = include_str!("../../examples/letter.xml");
const BUNDLE: &str = include_str!("../../examples/publish.json");
const TEXT: &str = "T2JzZXJ2YXRpb24KUG9pZHMgc3RhYmxlLCB0ZW5zaW9uIDEzMC84MC4=";

pub struct Letters {
    patients: Vec<DemoPatient>,
    /// Letter and bundle of each patient.
    forms: Vec<(String, String)>,
}

impl Letters {
    pub fn new() -> Self {
        let patients = patients().expect("patients");
        let bundle: serde_json::Value =
            serde_json::from_str(&BUNDLE.replace("@SIZE@", &SIZE.to_string())).expect("JSON");
        let bundle = bundle.to_string();
        let forms = patients
            .iter()
            .map(|patient| (about(LETTER, patient), about(&bundle, patient)))
            .collect();
        Self { patients, forms }
    }

    /// Who a patient is.
    pub fn ins(&self, patient: usize) -> &Ins {
        &self.patients[patient].record.ins
    }

    /// Deposits never made before, for these patients in turn.
    pub fn batch(&self, count: usize, patients: &[usize]) -> Vec<Bytes> {
        let now = Instant::now().to_zoned_datetime(paris());
        let hl7 = now.strftime("%Y%m%d%H%M%S%z").to_string();
        let fhir = now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let one = |number: usize| {
            let (letter, bundle) = &self.forms[patients[number % patients.len()]];
            let [id, set, submission] = [(); 3].map(|()| UniqueId::generate().to_string());
            let letter = letter
                .replace("@ID@", &id)
                .replace("@SET@", &set)
                .replace("@HL7@", &hl7);
            let bytes = padded(&letter);
            let sha1 = openssl::sha::sha1(bytes.as_bytes());
            bundle
                .replace("@ID@", &id)
                .replace("@SUBMISSION@", &submission)
                .replace("@FHIR@", &fhir)
                .replace("@HASH@", &BASE64_STANDARD.encode(sha1))
                .replace("@DATA@", &BASE64_STANDARD.encode(bytes))
                .into()
        };
        (0..count).map(one).collect()
    }
}

/// The letter with a text that makes it [`SIZE`] bytes long.
fn padded(letter: &str) -> String {
    let room = SIZE - (letter.len() - TEXT.len());
    let text = "Poids stable. ".repeat(SIZE / 14);
    let mut encoded = BASE64_STANDARD.encode(&text[..room / 4 * 3]);
    encoded.extend(std::iter::repeat_n(' ', room % 4));
    letter.replace(TEXT, &encoded)
}

/// The example's form, about another patient.
fn about(form: &str, patient: &DemoPatient) -> String {
    let (record, traits) = (&patient.record, &patient.record.traits);
    let family = traits.birth_name.family.as_deref().expect("family");
    let first = traits.birth_name.given.as_deref().expect("given");
    let given = traits.birth_given_names.as_deref().expect("given names");
    let (sex, gender) = match traits.sex {
        Sex::Male => ("M", "male"),
        _ => ("F", "female"),
    };
    let born = traits.birth_date;
    form.replace("279036990100166", record.ins.value())
        .replace("\"T0001\"", &format!("\"{}\"", patient.ipp))
        .replace("T0001-", &format!("{}-", patient.ipp))
        .replace("ROUSSEL", family)
        .replace("CAMILLE ANNE", given)
        .replace("CAMILLE", first)
        .replace(
            "GenderCode code=\"F\"",
            &format!("GenderCode code=\"{sex}\""),
        )
        .replace("\"female\"", &format!("\"{gender}\""))
        .replace("19790328", &born.strftime("%Y%m%d").to_string())
        .replace("1979-03-28", &born.to_string())
        .replace("69901", traits.birth_place.as_deref().expect("place"))
        .replace("SAINT-ROCH-LES-TILLEUX", patient.birth_town)
}
