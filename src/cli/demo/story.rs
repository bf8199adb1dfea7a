//! What `demo` prints once it serves: who sees what, and the curl line that shows it.

use std::path::Path;

use super::cards::{DemoCard, card};
use super::documents::{Entry, shelf};
use super::world::{CLOSED, DemoPatient, STORY};
use crate::tables::Tables;

/// File of the declared consent, beside the configuration.
pub const CONSENT: &str = "consent.json";
/// File of the deposit, beside the configuration.
pub const DEPOSIT: &str = "deposit.json";

/// One step: what it shows, and the line to paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A sentence.
    pub says: String,
    /// A shell command.
    pub line: String,
}

/// How lines are written: where the files are and where the server is.
struct Lines<'a> {
    dir: String,
    base: &'a str,
}

impl Lines<'_> {
    fn curl(&self, card: Option<&str>) -> String {
        let dir = &self.dir;
        let held = card.map_or(String::new(), |name| {
            format!(" --cert {dir}/pki/{name}.pem --key {dir}/pki/{name}.key")
        });
        format!("curl -s --cacert {dir}/pki/ca.pem{held}")
    }

    fn search(&self, card: &str, patient: &DemoPatient) -> String {
        let ins = &patient.record.ins;
        format!(
            "{} -G {}/DocumentReference --data-urlencode 'patient.identifier={}|{}' -d status=current",
            self.curl(Some(card)),
            self.base,
            ins.system(),
            ins.value()
        )
    }

    fn post(&self, card: &str, structure: &str, file: &str, kind: &str) -> String {
        format!(
            "{} -H 'DMP-Structure: {structure}' -H 'Content-Type: application/fhir+json' -d @{}/{file} {}/{kind}",
            self.curl(Some(card)),
            self.dir,
            self.base
        )
    }
}

/// The story of one start. Empty when the world lacks who it tells of, which a test rules out.
pub fn story(
    dir: &Path,
    base: &str,
    binary: &str,
    patients: &[DemoPatient],
    tables: &Tables,
) -> Vec<Step> {
    let lines = Lines {
        dir: shell(&dir.display().to_string()),
        base,
    };
    let (Some(patient), Some(closed)) = (patients.get(STORY), patients.get(CLOSED)) else {
        return Vec::new();
    };
    let sees = |name: &str| card(name).map_or(0, |card| visible(card, tables));
    let all = current().count();
    let ins = &patient.record.ins;
    let who = |name: &str| {
        card(name).map_or(String::new(), |card| {
            format!("{} {} ({})", card.given, card.family, card.title)
        })
    };
    let structure = |name: &str| card(name).map_or("", |card| card.structure.id);
    let step = |says: String, line: String| Step { says, line };
    vec![
        step(
            "Without a card: what this server can do, and nothing else.".to_owned(),
            format!("{} {base}/metadata", lines.curl(None)),
        ),
        step(
            format!("{}: does this patient have a record?", who("secretaire")),
            format!(
                "{} -G {base}/Patient --data-urlencode 'identifier={}|{}'",
                lines.curl(Some("secretaire")),
                ins.system(),
                ins.value()
            ),
        ),
        step(
            "The same card may not read it: card-cannot-consult.".to_owned(),
            lines.search("secretaire", patient),
        ),
        step(
            format!(
                "{}: {} of the {all} current documents, as the habilitation matrix says.",
                who("infirmier"),
                sees("infirmier")
            ),
            lines.search("infirmier", patient),
        ),
        step(
            format!(
                "{}: {}, one of them masked to everybody but its author.",
                who("medecin"),
                sees("medecin")
            ),
            lines.search("medecin", patient),
        ),
        step(
            format!("{}: {}.", who("opticien"), sees("opticien")),
            lines.search("opticien", patient),
        ),
        step(
            format!(
                "{}: consent-required, until he declares that the patient consents.",
                who("medecin2")
            ),
            lines.search("medecin2", patient),
        ),
        step(
            "He declares it, with the patient's explicit consent.".to_owned(),
            lines.post("medecin2", structure("medecin2"), CONSENT, "Consent"),
        ),
        step(
            format!("Now he reads: {}.", sees("medecin2")),
            lines.search("medecin2", patient),
        ),
        step(
            "The laboratory deposits a report; a second time it is a duplicate-document."
                .to_owned(),
            lines.post(
                "laboratoire",
                structure("laboratoire"),
                DEPOSIT,
                "DocumentReference",
            ),
        ),
        step(
            "The bytes of the newest document that the nurse may read, as they came in.".to_owned(),
            format!(
                "{} $({} | grep -o 'https://[^\"]*/Binary/[^\"]*' | head -n 1)",
                lines.curl(Some("infirmier")),
                lines.search("infirmier", patient)
            ),
        ),
        step(
            "A closed record answers \u{ab}\u{a0}DMP fermé\u{a0}\u{bb}.".to_owned(),
            lines.search("medecin", closed),
        ),
        step(
            "The patient herself, through a portal: who did what in her record.".to_owned(),
            format!(
                "{} -H \"Authorization: Bearer $({} demo-token --dir {} --ins '{}|{}')\" -G {base}/AuditEvent \
                 --data-urlencode 'patient.identifier={}|{}'",
                lines.curl(Some("exploitant")),
                shell(binary),
                lines.dir,
                ins.system(),
                ins.value(),
                ins.system(),
                ins.value()
            ),
        ),
        step(
            "All of it is in the journal, refusals too; its chain is whole.".to_owned(),
            format!(
                "{} audit verify --config {}/passerelle.toml",
                shell(binary),
                lines.dir
            ),
        ),
    ]
}

/// The current documents of the story's record.
fn current() -> impl Iterator<Item = &'static Entry> {
    let replaced = |number: usize| shelf().any(|entry| entry.replaces == Some(number));
    shelf()
        .enumerate()
        .filter(move |(index, entry)| entry.patient == STORY && !replaced(index + 1))
        .map(|(_, entry)| entry)
}

/// How many of them the holder of a card sees: his own, and what his profession may read and nobody masked.
fn visible(card: &DemoCard, tables: &Tables) -> usize {
    let profession = card.profession.map(|code| code.to_string());
    let types = profession.and_then(|code| tables.matrix.readable(&code).cloned());
    current()
        .filter(|entry| {
            let own = entry.writer == card.file || entry.depositor == Some(card.file);
            let readable = types
                .as_ref()
                .is_some_and(|types| types.codes.iter().any(|code| code == entry.kind.code));
            own || (readable && !entry.labels.masked)
        })
        .count()
}

/// A word that a shell reads as one.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::world::patients;

    #[test]
    fn the_story_names_the_files_of_its_folder_and_the_real_port() {
        let patients = patients().expect("patients");
        let tables = Tables::built_in();
        let steps = story(
            Path::new("my demo"),
            "https://127.0.0.1:4443/fhir",
            "target/release/passerelle",
            &patients,
            &tables,
        );
        assert!(steps.len() >= 10);
        for step in &steps {
            assert!(step.line.contains("'my demo'/"), "{}", step.line);
            assert!(
                !step.line.starts_with("curl")
                    || step.line.contains("https://127.0.0.1:4443/fhir/")
            );
        }
    }

    #[test]
    fn each_profession_sees_its_own_part() {
        let tables = Tables::built_in();
        let sees = |name: &str| visible(card(name).expect("card"), &tables);
        let seen = ["medecin", "medecin2", "infirmier", "opticien", "secretaire"].map(sees);
        assert_eq!((current().count(), seen), (15, [15, 14, 11, 3, 0]));
    }

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(shell("passerelle-demo"), "passerelle-demo");
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(shell(""), "''");
    }
}
