//! Rights, written by who may and by who may not.

use hyper::Method;
use jiff::{Timestamp, ToSpan};
use passerelle::dmp::actor::ActorId;
use passerelle::dmp::right::{Basis, Grant, Switch};
use serde_json::{Value, json};

use crate::callers::{Asked, Caller, friends, named};
use crate::model::Written;
use crate::oracle;
use crate::oracle_acts::{self, Writer};
use crate::oracle_patients as patients;
use crate::run::Run;
use crate::support::client::encode;
use crate::support::consent::{right, switch, withdrawn};
use crate::world;

const REASON: &str = "https://passerelle.dev/fhir/StructureDefinition/opposition-reason";
/// Caregivers of one patient, and patients of one caregiver (AID-01).
const MOST_HELPED: usize = 5;

impl Run {
    /// A right of a random category for a random actor.
    pub async fn any_right(&mut self, record: usize, caller: Caller, asked: Asked) {
        // Often one that is there.
        let held = self.model.records[record].rights.len();
        let (grant, active) = if held > 0 && self.random.chance(35) {
            let held = &self.model.records[record].rights[self.random.below(held)];
            (held.grant.clone(), self.random.chance(40))
        } else {
            (self.grant(record, caller), !self.random.chance(15))
        };
        let soon = matches!(grant, Grant::Access { .. }) && active && self.random.chance(30);
        let until = soon.then(|| whole(self.now() + 360.hours()));
        self.write_right(record, caller, asked, &grant, active, until)
            .await;
    }

    fn grant(&mut self, record: usize, caller: Caller) -> Grant {
        let basis = self.random.one_of(&[Basis::Team, Basis::Explicit]);
        // Mostly for himself, where it is a professional.
        let card = match caller {
            Caller::Card(card) if self.random.chance(75) => card,
            _ if self.random.chance(70) => self.random.one_of(&friends(record)),
            _ => self.random.below(10),
        };
        let card = &self.model.cards[card];
        let carried = card.carried().cloned();
        let holder = carried.clone().unwrap_or_else(|| card.id.clone());
        let person = card.id.clone();
        let of_patient = matches!(caller, Caller::Portal(_));
        let choice = match (of_patient, self.random.chance(80)) {
            (true, true) => 4 + self.random.below(6),
            (false, true) => self.random.below(4),
            _ => self.random.below(10),
        };
        match choice {
            0 | 1 => Grant::Access { holder, basis },
            2 => match person {
                ActorId::Person(_) => Grant::TreatingPhysician {
                    holder: person,
                    basis,
                },
                _ => Grant::Access { holder, basis },
            },
            3 => Grant::FeedingOpposition {
                of: holder,
                reason: "motif".to_owned(),
            },
            4 | 5 => match person {
                ActorId::Person(_) => Grant::Administrator { holder: person },
                _ => Grant::Block { of: holder },
            },
            6 => Grant::Block { of: holder },
            7 => Grant::Emergency {
                switch: self.random.one_of(&Switch::ALL),
                permit: self.random.chance(60),
            },
            8 if self.random.chance(40) => Grant::DefaultMasking,
            _ => Grant::Delegation {
                to: world::user(self.random.one_of(&["aidant-1", "aidant-2"])),
            },
        }
    }

    pub async fn write_right(
        &mut self,
        record: usize,
        caller: Caller,
        asked: Asked,
        grant: &Grant,
        active: bool,
        until: Option<Timestamp>,
    ) {
        let now = self.now();
        let expected = self.may_write(record, caller, asked, grant, active, now);
        let consent = consent(&self.model.records[record].ins, grant, active, until);
        let body = Some(("application/fhir+json", consent.to_string()));
        let reply = self
            .send(caller, asked, Method::POST, "/Consent", body)
            .await;
        self.traced(record, caller, asked, None);
        let told = format!("{grant:?} {active} {until:?} {caller:?}");
        self.holds("right", &reply, expected, |model| match caller {
            Caller::Card(card) => format!("{told} {:?}", model.case(record, card, asked, now)),
            Caller::Portal(who) => {
                format!("{told} {:?}", model.patient_case(record, who, asked, now))
            }
        });
        if reply.status < 300 {
            let written = Written {
                grant: grant.clone(),
                active,
                until,
                by: match caller {
                    Caller::Card(card) => self.model.cards[card].id.clone(),
                    Caller::Portal(who) => who.id(),
                },
            };
            self.model.records[record].write(&written, now);
        }
    }

    pub async fn read_rights(&mut self, record: usize, caller: Caller, asked: Asked) {
        let ins = encode(&self.model.records[record].ins);
        let path = format!("/Consent?patient.identifier={ins}");
        let now = self.now();
        let expected = match caller {
            Caller::Card(card) => {
                let open = oracle::open(&self.model.case(record, card, asked, now));
                if open { Ok(200) } else { Err("record-closed") }
            }
            Caller::Portal(who) => {
                let case = self.model.patient_case(record, who, asked, now);
                patients::activated(&case).map(|()| 200)
            }
        };
        let reply = self.send(caller, asked, Method::GET, &path, None).await;
        self.traced(record, caller, asked, None);
        self.holds("rights", &reply, expected, |_| {
            format!("{caller:?} {asked:?}")
        });
        if reply.status == 200 {
            let (total, shown) = (
                self.model.rights(record, caller),
                reply.json()["total"].clone(),
            );
            if shown != total {
                self.differs(format!(
                    "rights: {total} expected, {shown} found, {caller:?}"
                ));
            }
        }
    }

    fn may_write(
        &self,
        record: usize,
        caller: Caller,
        asked: Asked,
        grant: &Grant,
        active: bool,
        now: Timestamp,
    ) -> Result<u16, &'static str> {
        match caller {
            Caller::Card(card) => {
                let case = self.model.case(record, card, asked, now);
                let card = &self.model.cards[card];
                let me = Writer {
                    id: card.id.clone(),
                    structure: card.structure.clone(),
                };
                oracle_acts::write_right(&case, &me, grant, active)?;
            }
            Caller::Portal(who) => {
                let case = self.model.patient_case(record, who, asked, now);
                patients::write_right(&case, grant, active)?;
            }
        }
        let of = &self.model.records[record];
        let held = of.held(grant).is_some();
        if !active {
            return if held { Ok(200) } else { Err("not-found") };
        }
        match grant {
            Grant::Access { holder, .. }
            | Grant::TreatingPhysician { holder, .. }
            | Grant::Administrator { holder }
                if of.blocked(holder, now) =>
            {
                return Err("blocked-by-patient");
            }
            Grant::Administrator { holder } if !of.consulted.contains(holder) => {
                return Err("never-connected");
            }
            Grant::Delegation { .. } => {
                let others = self.model.records.iter().enumerate();
                let helped = others.filter(|(at, other)| *at != record && other.valid(grant, now));
                if helped.count() >= MOST_HELPED {
                    return Err("not-allowed");
                }
            }
            _ => {}
        }
        Ok(if held { 200 } else { 201 })
    }
}

/// Whole seconds: what a Consent says is what is kept.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap()
}

fn consent(ins: &str, grant: &Grant, active: bool, until: Option<Timestamp>) -> Value {
    let actor = grant.actor().map(named);
    let actor = actor.as_deref();
    let category = grant.category().code();
    let mut consent = match grant {
        Grant::Access { .. }
        | Grant::TreatingPhysician { .. }
        | Grant::Administrator { .. }
        | Grant::Delegation { .. } => right(category, "permit", ins, actor),
        Grant::Block { .. } | Grant::FeedingOpposition { .. } | Grant::DefaultMasking => {
            right(category, "deny", ins, actor)
        }
        Grant::Emergency { switch: of, permit } => {
            let kind = if *permit { "permit" } else { "deny" };
            let purposes: &[&str] = match of {
                Switch::Regulation => &["ETREAT"],
                Switch::BreakGlass => &["BTG"],
                Switch::Masked => &["ETREAT", "BTG"],
            };
            switch(kind, ins, purposes)
        }
    };
    if let Some(basis) = grant.basis() {
        consent["extension"][0]["valueCode"] = json!(basis.code());
    }
    if let Grant::FeedingOpposition { reason, .. } = grant {
        consent["extension"] = json!([{"url": REASON, "valueString": reason}]);
    }
    if let Some(until) = until {
        consent["provision"]["period"] = json!({"end": until.to_string()});
    }
    match active {
        true => consent,
        false => withdrawn(consent),
    }
}
