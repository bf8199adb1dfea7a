//! Deposits and changes of documents.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use passerelle::dmp::change::DocumentChange;
use passerelle::dmp::document::Labels;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::callers::{Asked, Caller};
use crate::consult::is_elsewhere;
use crate::model::{Doc, State};
use crate::oracle_acts;
use crate::oracle_patients as patients;
use crate::run::Run;
use crate::support::bundle::unique_id;
use crate::support::client::encode;
use crate::support::document::{Document, set_patient};
use crate::world;

const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const NORMAL: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const LOINC: &str = "2.16.840.1.113883.6.1";
const OURS: &str = "1.2.250.1.213.1.1.4.12";
const ARCHIVED: &str = "/extension[url:'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived']/valueBoolean";
/// Of the patient's.
const PATIENTS: &str = "DOCPAT05";
const TYPES: [&str; 4] = ["11488-4", "89233-1", "57833-6", "57828-6"];
const FHIR: &str = "application/fhir+json";

fn labels_json(labels: Labels) -> Value {
    let concept = |system: &str, code: &str| json!({"coding": [{"system": system, "code": code}]});
    let mut all = vec![concept(NORMAL, "N")];
    for (carried, code) in [
        (labels.masked, "MASQUE_PS"),
        (labels.invisible_patient, "INVISIBLE_PATIENT"),
        (
            labels.invisible_representatives,
            "INVISIBLE_REPRESENTANTS_LEGAUX",
        ),
    ] {
        all.extend(carried.then(|| concept(VISIBILITY, code)));
    }
    json!(all)
}

impl Run {
    pub async fn deposit(&mut self, record: usize, caller: Caller, asked: Asked) {
        let by_patient = matches!(caller, Caller::Portal(_));
        let labels = match self.random.chance(50) {
            true => Labels::default(),
            false => {
                let all: Vec<Labels> = world::labels().collect();
                self.random.one_of(&all)
            }
        };
        let type_code = match (by_patient, self.random.chance(5)) {
            (true, false) | (false, true) => PATIENTS,
            _ => self.random.one_of(&TYPES),
        };
        let author = self.random.below(14);
        let author = (!by_patient)
            .then(|| self.model.cards.get(author))
            .flatten();
        let author = author
            .filter(|card| card.who.nominative())
            .map(|card| card.id.clone());
        let resource = match by_patient {
            true => self.own_document(record, type_code, labels),
            false => {
                let author = author.as_ref().map_or("899900000001", |id| id.as_str());
                self.report(record, type_code, labels, author)
            }
        };
        let now = self.now();
        let (expected, known) = self.may_deposit(record, caller, asked, type_code, labels);
        let unique = resource["masterIdentifier"]["value"].as_str().unwrap();
        let unique = unique.strip_prefix("urn:oid:").unwrap().to_owned();
        let body = Some((FHIR, resource.to_string()));
        let reply = self
            .send(caller, asked, Method::POST, "/DocumentReference", body)
            .await;
        let told = format!("{type_code} {labels:?} {caller:?} {asked:?}");
        self.holds(
            "deposit",
            &reply,
            expected.map(|()| 201),
            |model| match caller {
                Caller::Card(card) => format!("{told} {:?}", model.case(record, card, asked, now)),
                Caller::Portal(who) => {
                    format!("{told} {:?}", model.patient_case(record, who, asked, now))
                }
            },
        );
        let made = self.model.records[record].documents.len();
        if known {
            let made = (reply.status == 201).then_some(made);
            self.traced(record, caller, asked, made);
        }
        if reply.status != 201 {
            return;
        }
        let entry = reply.json();
        let url = entry["content"][0]["attachment"]["url"].as_str().unwrap();
        let content = url.rsplit('/').next().unwrap().to_owned();
        let of = &mut self.model.records[record];
        let masked = labels.masked || of.masks(now);
        of.documents.push(Doc {
            id: entry["id"].as_str().unwrap().to_owned(),
            content,
            unique_id: unique,
            type_code,
            labels: Labels { masked, ..labels },
            author,
            depositor: match caller {
                Caller::Card(card) => self.model.cards[card].id.clone(),
                Caller::Portal(who) => who.id(),
            },
            structure: match caller {
                Caller::Card(card) => self.model.cards[card].carried().cloned(),
                Caller::Portal(_) => None,
            },
            from_patient: by_patient,
            deposited: now,
            state: State::Current,
        });
    }

    /// What a deposit meets, and whether its refusal knows the record.
    fn may_deposit(
        &self,
        record: usize,
        caller: Caller,
        asked: Asked,
        type_code: &str,
        labels: Labels,
    ) -> (Result<(), &'static str>, bool) {
        let now = self.now();
        let conflict = labels.masked && labels.invisible_patient;
        match caller {
            Caller::Card(card) => {
                if self.model.cards[card].who.nominative() && !asked.structure {
                    return (Err("structure-required"), false);
                }
                let case = self.model.case(record, card, asked, now);
                let opposed = self.model.opposed(record, card, now);
                let decided = oracle_acts::deposit(&case, true, opposed).map(drop);
                // FEED-05, MIN-07, PAT-02.
                let secret = asked.secret == Some(true) && !labels.invisible_representatives;
                let document = match () {
                    () if conflict || secret => Err("label-conflict"),
                    () if type_code == PATIENTS => Err("type-not-allowed"),
                    () => Ok(()),
                };
                (decided.and(document), true)
            }
            Caller::Portal(who) => {
                let case = self.model.patient_case(record, who, asked, now);
                let hides = labels.invisible_patient || labels.invisible_representatives;
                // PAT-02, PAT-03.
                let document = match () {
                    () if type_code != PATIENTS => Err("type-not-allowed"),
                    () if hides => Err("label-conflict"),
                    () => Ok(()),
                };
                (patients::activated(&case).and(document), true)
            }
        }
    }

    fn report(&self, record: usize, type_code: &str, labels: Labels, author: &str) -> Value {
        let of = &self.model.records[record];
        let system = if type_code == PATIENTS { OURS } else { LOINC };
        let document = Document::with(|sample| {
            set_patient(sample, &of.ins);
            sample.birth_time = format!(r#"<birthTime value="{}"/>"#, of.born.strftime("%Y%m%d"));
            sample.code = format!(r#"<code code="{type_code}" codeSystem="{system}"/>"#);
            sample.authors = sample.authors.replace("899900000001", author);
        });
        let mut resource = document.simplified();
        resource["securityLabel"] = labels_json(labels);
        resource
    }

    fn own_document(&self, record: usize, type_code: &str, labels: Labels) -> Value {
        let (system, value) = self.model.records[record].ins.split_once('|').unwrap();
        let type_system = if type_code == PATIENTS { OURS } else { LOINC };
        let type_system = match type_system {
            LOINC => "http://loinc.org".to_owned(),
            other => format!("urn:oid:{other}"),
        };
        json!({
            "resourceType": "DocumentReference",
            "masterIdentifier": {
                "system": "urn:ietf:rfc:3986",
                "value": format!("urn:oid:2.25.{}", Uuid::new_v4().as_u128())
            },
            "status": "current",
            "type": {"coding": [{"system": type_system, "code": type_code}]},
            "subject": {"identifier": {"system": system, "value": value}},
            "securityLabel": labels_json(labels),
            "content": [{"attachment": {
                "contentType": "text/plain",
                "title": "Mesures de la semaine",
                "data": BASE64_STANDARD.encode("12/8, 13/8")
            }}]
        })
    }

    pub async fn change(&mut self, record: usize, caller: Caller, asked: Asked) {
        let (record, at) = self.somewhere(record);
        let held = at.map(|at| self.model.records[record].documents[at].clone());
        let (caller, asked) = match held.as_ref().and_then(|document| self.depositor(document)) {
            // Often who deposited it, as one does it.
            Some(card) if self.random.chance(35) => (Caller::Card(card), Asked::NORMAL),
            _ => (caller, asked),
        };
        let change = self.a_change(held.map(|document| document.labels));
        let by_identifier = self.random.chance(40);
        let (id, unique) = match at {
            None => (Uuid::new_v4().to_string(), "1.2.250.1.999.1.9.9".to_owned()),
            Some(at) => {
                let document = &self.model.records[record].documents[at];
                (document.id.clone(), document.unique_id.clone())
            }
        };
        let path = match by_identifier {
            false => format!("/DocumentReference/{id}"),
            true => {
                let (system, value) = unique_id(&unique);
                let identifier = encode(&format!("{system}|{value}"));
                format!("/DocumentReference?identifier={identifier}")
            }
        };
        let now = self.now();
        let expected = self.may_change(record, caller, asked, at, &change);
        let body = Some(("application/json-patch+json", patch(&change).to_string()));
        let reply = self.send(caller, asked, Method::PATCH, &path, body).await;
        self.holds("change", &reply, expected.map(|()| 200), |model| {
            let document = at.map(|at| &model.records[record].documents[at]);
            let case = match caller {
                Caller::Card(card) => format!("{:?}", model.case(record, card, asked, now)),
                Caller::Portal(who) => {
                    format!("{:?}", model.patient_case(record, who, asked, now))
                }
            };
            format!("{change:?} by identifier {by_identifier} of {document:?} {case}")
        });
        let Some(at) = at else { return };
        let refusal = if reply.status < 300 {
            String::new()
        } else {
            reply.refusal()
        };
        // What the store refuses of a known document, it traces without naming it.
        let judged = ["not-author", "label-conflict"].contains(&refusal.as_str());
        let named = match reply.status {
            200 => true,
            _ => !by_identifier && !judged,
        };
        self.traced(record, caller, asked, named.then_some(at));
        if reply.status != 200 {
            return;
        }
        let document = &mut self.model.records[record].documents[at];
        if let Some(labels) = change.labels {
            document.labels = labels;
        }
        document.state = match (change.delete, change.archived) {
            (true, _) => State::Deleted,
            (_, Some(true)) => State::Archived,
            (_, Some(false)) => State::Current,
            _ => document.state,
        };
    }

    fn depositor(&self, document: &Doc) -> Option<usize> {
        let mut cards = self.model.cards.iter();
        cards.position(|card| card.id == document.depositor)
    }

    fn a_change(&mut self, held: Option<Labels>) -> DocumentChange {
        match self.random.below(10) {
            0 => DocumentChange {
                delete: true,
                ..DocumentChange::default()
            },
            1 | 2 => DocumentChange {
                archived: Some(self.random.chance(60)),
                ..DocumentChange::default()
            },
            3..=6 => {
                // One label more or less.
                let mut labels = held.unwrap_or_default();
                match self.random.below(4) {
                    0 => labels.invisible_patient = false,
                    1 => labels.invisible_representatives = false,
                    _ => labels.masked = !labels.masked,
                }
                DocumentChange {
                    labels: Some(labels),
                    ..DocumentChange::default()
                }
            }
            _ => {
                let all: Vec<Labels> = world::labels().collect();
                DocumentChange {
                    labels: Some(self.random.one_of(&all)),
                    ..DocumentChange::default()
                }
            }
        }
    }

    fn may_change(
        &self,
        record: usize,
        caller: Caller,
        asked: Asked,
        at: Option<usize>,
        change: &DocumentChange,
    ) -> Result<(), &'static str> {
        let document = &self.model.records[record].documents[at.ok_or("not-found")?];
        if is_elsewhere(record, caller) {
            return Err("not-found");
        }
        let now = self.now();
        let seen = self.model.document(document, caller, now);
        let deleted = document.state == State::Deleted;
        match caller {
            Caller::Card(card) => {
                let case = self.model.case(record, card, asked, now);
                let judged = oracle_acts::change(&case, &seen, change, false);
                match judged {
                    // X13: gone for who could have read it.
                    Ok(()) | Err("not-author" | "label-conflict") if deleted => {
                        Err("document-deleted")
                    }
                    other => other,
                }
            }
            Caller::Portal(who) => {
                let case = self.model.patient_case(record, who, asked, now);
                patients::activated(&case)?;
                match patients::shows(&case, &seen) && deleted {
                    true => Err("document-deleted"),
                    false => patients::change(&case, &seen, change),
                }
            }
        }
    }
}

fn patch(change: &DocumentChange) -> Value {
    let (path, value) = match (change.labels, change.archived) {
        (Some(labels), _) => ("/securityLabel", labels_json(labels)),
        (_, Some(archived)) => (ARCHIVED, json!(archived)),
        _ => ("/status", json!("entered-in-error")),
    };
    json!([{"op": "replace", "path": path, "value": value}])
}
