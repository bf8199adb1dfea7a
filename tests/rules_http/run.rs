//! A run: the server, the model beside it, and what differed.

use std::collections::BTreeMap;
use std::time::Instant;

use hyper::Method;
use jiff::Timestamp;
use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::context::AccessMode;

use crate::callers::{Asked, Caller, Mandated, cards, friends};
use crate::model::{Model, Traced};
use crate::random::Random;
use crate::support::{Client, Portal, Reply, Server};

/// The differences that are told.
const MOST: usize = 20;

pub struct Run {
    pub server: Server,
    portal: Portal,
    clients: Vec<Client>,
    carrier: Client,
    pub model: Model,
    pub random: Random,
    /// When the server's clock was set, to what.
    clock: (Instant, Timestamp),
    pub answers: BTreeMap<(&'static str, String), usize>,
    differences: Vec<String>,
    /// The last request asked for what is not there.
    missed: bool,
}

impl Run {
    pub fn new(server: Server, portal: Portal, seed: u64, now: Timestamp) -> Self {
        let cards = cards();
        let clients = cards.iter().map(|card| server.client(card.file)).collect();
        Self {
            carrier: server.client("hopital"),
            clients,
            server,
            portal,
            model: Model {
                cards,
                records: Vec::new(),
            },
            random: Random::new(seed),
            clock: (Instant::now(), now),
            answers: BTreeMap::new(),
            differences: Vec::new(),
            missed: false,
        }
    }

    /// The server's clock was set to this.
    pub fn at(&mut self, now: Timestamp) {
        self.clock = (Instant::now(), now);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.1 + self.clock.0.elapsed()
    }

    /// One request of a caller.
    pub async fn send(
        &mut self,
        caller: Caller,
        asked: Asked,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Reply {
        let mut headers = Vec::new();
        match asked.mode {
            AccessMode::Normal => {}
            AccessMode::BrisDeGlace => {
                headers.push(("DMP-Access-Mode", "bris_de_glace".to_owned()))
            }
            AccessMode::Centre15 => headers.push(("DMP-Access-Mode", "centre_15".to_owned())),
        }
        if asked.mode == AccessMode::BrisDeGlace {
            let reason = if asked.reason {
                "Coma%20profond"
            } else {
                "%20"
            };
            headers.push(("DMP-Access-Reason", reason.to_owned()));
        }
        if let Some(secret) = asked.secret {
            headers.push(("DMP-Secret-Connection", secret.to_string()));
        }
        let (content_type, body) = body.unwrap_or_default();
        if !content_type.is_empty() {
            headers.push(("Content-Type", content_type.to_owned()));
        }
        let client = match caller {
            Caller::Card(card) => {
                if asked.structure {
                    let structure = self.model.cards[card].structure_id;
                    headers.push(("DMP-Structure", structure.to_owned()));
                }
                &mut self.clients[card]
            }
            Caller::Portal(who) => {
                let ins = &self.model.records[who.record].ins;
                let bearer = who.token(&self.portal, ins).bearer();
                headers.push(("Authorization", bearer));
                &mut self.carrier
            }
        };
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let reply = client.send(method, path, &headers, body.into_bytes()).await;
        self.missed = reply.status == 404 && reply.refusal() == "not-found";
        reply
    }

    /// Notes the trace that an act leaves in a record.
    pub fn traced(&mut self, record: usize, by: Caller, asked: Asked, document: Option<usize>) {
        self.model.records[record].traces.push(Traced {
            by,
            secret: asked.secret == Some(true),
            document,
            missed: self.missed,
        });
    }

    /// Holds an answer against what the oracle says: success with this status, or a refusal.
    pub fn holds(
        &mut self,
        act: &'static str,
        reply: &Reply,
        expected: Result<u16, &str>,
        told: impl FnOnce(&Model) -> String,
    ) {
        let success = reply.status < 300;
        let code = if success {
            String::new()
        } else {
            reply.refusal()
        };
        let wanted = match expected {
            Ok(status) => (status, ""),
            Err(code) => (status_of(code), code),
        };
        let key = if success {
            "ok".to_owned()
        } else {
            code.clone()
        };
        *self.answers.entry((act, key)).or_default() += 1;
        if (reply.status, code.as_str()) != wanted {
            let got = (reply.status, code);
            let told = told(&self.model);
            self.differs(format!("{act}: expected {wanted:?}, got {got:?}\n  {told}"));
        }
    }

    pub fn differs(&mut self, told: String) {
        self.differences.push(told);
    }

    /// Fails when something differed.
    pub fn finish(&self, seed: u64) {
        let count = self.differences.len();
        let told = self
            .differences
            .iter()
            .take(MOST)
            .cloned()
            .collect::<Vec<_>>();
        assert!(
            count == 0,
            "PASSERELLE_TEST_SEED={seed}: {count} differences\n{}",
            told.join("\n")
        );
    }

    /// Somebody: often one of the record's few professionals, else anybody, else the patient's side.
    pub fn caller(&mut self, record: usize) -> Caller {
        if self.random.chance(25) {
            return Caller::Portal(self.mandated(record));
        }
        if self.random.chance(55) {
            Caller::Card(self.random.one_of(&friends(record)))
        } else {
            Caller::Card(self.random.below(10))
        }
    }

    /// The patient of a record.
    pub fn holder(&self, record: usize) -> Caller {
        Caller::Portal(Mandated {
            kind: ActorKind::Holder,
            subject: "compte-1",
            record,
            protects_person: false,
        })
    }

    /// Who acts for the patient of a record, or now and then of another.
    pub fn mandated(&mut self, record: usize) -> Mandated {
        let others = self.model.records.len();
        let stranger = self.random.chance(8);
        let kinds = [
            (ActorKind::Holder, "compte-1", false),
            (ActorKind::Holder, "compte-1", false),
            (ActorKind::Representative, "compte-parent", false),
            (ActorKind::Representative, "compte-tuteur", true),
            (ActorKind::Caregiver, "aidant-1", false),
            (ActorKind::Caregiver, "aidant-2", false),
        ];
        let (kind, subject, protects_person) = self.random.one_of(&kinds);
        Mandated {
            kind,
            subject,
            record: match stranger {
                true => self.random.below(others),
                false => record,
            },
            protects_person,
        }
    }

    /// Mode, reason and secret choice of a caller.
    pub fn asked(&mut self, record: usize, caller: Caller) -> Asked {
        let minor = self.model.records[record].minor(self.now());
        let usual = match caller {
            Caller::Card(_) => minor,
            Caller::Portal(_) => false,
        };
        let odd = self.random.chance(10);
        let mode = match self.random.below(20) {
            0..=2 if matches!(caller, Caller::Card(_)) || odd => AccessMode::BrisDeGlace,
            3 if matches!(caller, Caller::Card(_)) || odd => AccessMode::Centre15,
            _ if caller == Caller::Card(9) && self.random.chance(50) => AccessMode::Centre15,
            _ => AccessMode::Normal,
        };
        let secret = match (usual && mode == AccessMode::Normal, odd) {
            (true, false) => Some(self.random.chance(40)),
            (false, false) => None,
            (_, true) => self.random.one_of(&[None, Some(false), Some(true)]),
        };
        Asked {
            mode,
            reason: self.random.chance(85),
            secret,
            structure: !self.random.chance(5),
        }
    }
}

/// Contract §4.
fn status_of(code: &str) -> u16 {
    match code {
        "reason-required"
        | "secret-choice-required"
        | "secret-not-applicable"
        | "structure-required" => 400,
        "not-found" | "record-unknown" => 404,
        "document-deleted" => 410,
        "identity-not-qualified" | "label-conflict" | "never-connected" | "type-not-allowed" => 422,
        _ => 403,
    }
}
