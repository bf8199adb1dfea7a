//! Searches and reads: documents, contents, existence, traces.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::callers::{Asked, Caller};
use crate::model::{State, View};
use crate::oracle::{self, Look, Sees};
use crate::oracle_acts;
use crate::oracle_patients as patients;
use crate::run::Run;
use crate::support::client::encode;
use crate::support::{Reply, bundle::unique_id};
use crate::world::Authorisation;

const AUTHORISATION: &str = "https://passerelle.dev/fhir/StructureDefinition/authorisation-status";

impl Run {
    /// How the caller looks, and what he is told of what he doesn't see.
    fn look(
        &self,
        record: usize,
        caller: Caller,
        asked: Asked,
        look: Look,
    ) -> Result<(View, &'static str), &'static str> {
        let now = self.now();
        match caller {
            Caller::Card(card) => {
                let case = self.model.case(record, card, asked, now);
                let (sees, hidden) = oracle::consult(&case, look)?;
                Ok((View::Card(card, sees), hidden))
            }
            Caller::Portal(who) => {
                let case = self.model.patient_case(record, who, asked, now);
                patients::activated(&case)?;
                Ok((View::Portal(case, who), "not-found"))
            }
        }
    }

    /// ADM-01: who consulted once has consulted; re-reading one's own without a right to consult is no consultation.
    fn consulted(&mut self, record: usize, view: View) {
        if let View::Card(card, Sees::Matrix { .. }) = view {
            let id = self.model.cards[card].id.clone();
            self.model.records[record].consulted.push(id);
        }
    }

    fn told(&self, record: usize, caller: Caller, asked: Asked) -> String {
        let now = self.now();
        match caller {
            Caller::Card(card) => {
                let case = self.model.case(record, card, asked, now);
                format!("{} {case:?}", self.model.cards[card].file)
            }
            Caller::Portal(who) => {
                let case = self.model.patient_case(record, who, asked, now);
                format!("{} {case:?}", who.subject)
            }
        }
    }

    pub async fn search(&mut self, record: usize, caller: Caller, asked: Asked) {
        let archived = self.random.chance(15);
        let mut parameters = "&status=current&_count=200".to_owned();
        if archived {
            parameters.push_str("&isArchived=true");
        }
        let wanted = if archived {
            State::Archived
        } else {
            State::Current
        };
        let look = self.look(record, caller, asked, Look::Search);
        self.finds(
            "search",
            record,
            caller,
            asked,
            look,
            &parameters,
            |_, state| state == wanted,
        )
        .await;
    }

    pub async fn search_by_identifier(&mut self, record: usize, caller: Caller, asked: Asked) {
        let (place, at) = self.somewhere(record);
        let unique = match at {
            Some(at) => self.model.records[place].documents[at].unique_id.clone(),
            None => "1.2.250.1.999.1.9.9".to_owned(),
        };
        let (system, value) = unique_id(&unique);
        let parameters = format!(
            "&status=current&identifier={}",
            encode(&format!("{system}|{value}"))
        );
        let look = self.look(record, caller, asked, Look::ByIdentifier);
        let named = |document: &str, state| state == State::Current && document == unique;
        self.finds(
            "search by identifier",
            record,
            caller,
            asked,
            look,
            &parameters,
            named,
        )
        .await;
    }

    #[allow(clippy::too_many_arguments)]
    async fn finds(
        &mut self,
        act: &'static str,
        record: usize,
        caller: Caller,
        asked: Asked,
        look: Result<(View, &'static str), &'static str>,
        parameters: &str,
        wanted: impl Fn(&str, State) -> bool,
    ) {
        let ins = encode(&self.model.records[record].ins);
        let path = format!("/DocumentReference?patient.identifier={ins}{parameters}");
        let now = self.now();
        let reply = self.send(caller, asked, Method::GET, &path, None).await;
        self.traced(record, caller, asked, None);
        let told = self.told(record, caller, asked);
        self.holds(act, &reply, look.map(|_| 200), |_| told.clone());
        let Ok((view, _)) = look else { return };
        if reply.status != 200 {
            return;
        }
        let documents = self.model.records[record].documents.iter();
        let expected: BTreeSet<String> = documents
            .filter(|one| wanted(&one.unique_id, one.state) && self.model.shows(view, one, now))
            .map(|one| one.id.clone())
            .collect();
        let found = ids(&reply);
        if found != expected || reply.json()["total"] != expected.len() {
            let of = |set: &BTreeSet<String>| {
                let documents = self.model.records[record].documents.iter();
                documents
                    .filter(|one| set.contains(&one.id))
                    .cloned()
                    .collect::<Vec<_>>()
            };
            let more = of(&(&found - &expected));
            let less = of(&(&expected - &found));
            self.differs(format!(
                "{act}: too much {more:#?}\n  too little {less:#?}\n  {told}"
            ));
        }
        if !expected.is_empty() {
            *self.answers.entry((act, "found".to_owned())).or_default() += 1;
        }
        self.consulted(record, view);
    }

    /// A document of this record, of another, or of none.
    pub fn somewhere(&mut self, record: usize) -> (usize, Option<usize>) {
        let place = match self.random.below(20) {
            0 => return (record, None),
            1 => self.random.below(self.model.records.len()),
            _ => record,
        };
        match self.model.records[place].documents.len() {
            0 => (place, None),
            most => (place, Some(self.random.below(most))),
        }
    }

    pub async fn read(&mut self, record: usize, caller: Caller, asked: Asked, content: bool) {
        let (record, at) = self.somewhere(record);
        let (act, kind, look) = match content {
            true => ("content", "Binary", Look::Content),
            false => ("read", "DocumentReference", Look::Entry),
        };
        let id = match at {
            None => Uuid::new_v4().to_string(),
            Some(at) if content => self.model.records[record].documents[at].content.clone(),
            Some(at) => self.model.records[record].documents[at].id.clone(),
        };
        let expected = self.reads(record, caller, asked, at, look);
        let path = format!("/{kind}/{id}");
        let reply = self.send(caller, asked, Method::GET, &path, None).await;
        if at.is_some() {
            self.traced(record, caller, asked, at);
        }
        let told = self.told(record, caller, asked);
        self.holds(act, &reply, expected.map(|_| 200), |model| {
            let document = at.map(|at| &model.records[record].documents[at]);
            format!("{document:?} {told}")
        });
        if let Ok(view) = expected {
            self.consulted(record, view);
        }
    }

    fn reads(
        &self,
        record: usize,
        caller: Caller,
        asked: Asked,
        at: Option<usize>,
        look: Look,
    ) -> Result<View, &'static str> {
        let document = &self.model.records[record].documents[at.ok_or("not-found")?];
        if is_elsewhere(record, caller) {
            return Err("not-found");
        }
        let (view, hidden) = self.look(record, caller, asked, look)?;
        match (self.model.shows(view, document, self.now()), document.state) {
            (false, _) => Err(hidden),
            // X13.
            (true, State::Deleted) => Err("document-deleted"),
            (true, _) => Ok(view),
        }
    }

    pub async fn existence(&mut self, record: usize, caller: Caller, asked: Asked) {
        let ins = encode(&self.model.records[record].ins);
        let path = format!("/Patient?identifier={ins}");
        let now = self.now();
        let expected = match caller {
            Caller::Card(card) => oracle::reason(&self.model.case(record, card, asked, now)),
            Caller::Portal(who) => {
                let case = self.model.patient_case(record, who, asked, now);
                match patients::stranger(&case) {
                    true => Err("not-yours"),
                    false => patients::headers(&case),
                }
            }
        };
        let reply = self.send(caller, asked, Method::GET, &path, None).await;
        self.traced(record, caller, asked, None);
        let told = self.told(record, caller, asked);
        self.holds("existence", &reply, expected.map(|()| 200), |_| {
            told.clone()
        });
        let (Caller::Card(card), Ok(())) = (caller, expected) else {
            return;
        };
        // CONS-05, LC-10.
        let case = self.model.case(record, card, asked, now);
        let status = match (case.blocked, case.authorisation) {
            (true, _) => "INTERDIT",
            (_, Authorisation::None) => "NON_EXISTE",
            (_, Authorisation::Expired) => "EXPIRE",
            _ => "VALIDE",
        };
        let holds = case.who.nominative() || !self.model.cards[card].id.as_str().starts_with("10B");
        let bundle = reply.json();
        let patient = &bundle["entry"][0]["resource"];
        let shown = extension(patient, AUTHORISATION);
        if patient["active"] != oracle::open(&case) || shown != holds.then_some(status) {
            let active = &patient["active"];
            let told = format!("existence: {shown:?} {status} active {active} {told}");
            self.differs(told);
        }
    }

    pub async fn read_traces(&mut self, record: usize, caller: Caller, asked: Asked) {
        let ins = encode(&self.model.records[record].ins);
        let path = format!("/AuditEvent?patient.identifier={ins}&_count=1");
        let now = self.now();
        let expected = match caller {
            Caller::Card(card) => {
                oracle_acts::reads_all_traces(&self.model.case(record, card, asked, now))
            }
            Caller::Portal(who) => {
                patients::activated(&self.model.patient_case(record, who, asked, now))
                    .map(|()| true)
            }
        };
        let reply = self.send(caller, asked, Method::GET, &path, None).await;
        let told = self.told(record, caller, asked);
        self.holds("traces", &reply, expected.map(|_| 200), |_| told.clone());
        if let (Ok(all), 200) = (expected, reply.status) {
            let total = self.model.traces(record, caller, all, now);
            let shown = reply.json()["total"].clone();
            if shown != total {
                self.differs(format!("traces: {total} expected, {shown} found, {told}"));
            }
        }
        self.traced(record, caller, asked, None);
    }
}

/// Through a portal, an id of another record is as unknown.
pub fn is_elsewhere(record: usize, caller: Caller) -> bool {
    matches!(caller, Caller::Portal(who) if who.record != record)
}

fn ids(reply: &Reply) -> BTreeSet<String> {
    let bundle = reply.json();
    let entries = bundle["entry"].as_array().into_iter().flatten();
    entries
        .filter(|entry| entry["search"]["mode"] == "match")
        .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

fn extension<'a>(patient: &'a Value, url: &str) -> Option<&'a str> {
    let mut all = patient["extension"].as_array()?.iter();
    all.find(|one| one["url"] == url)?["valueCode"].as_str()
}
