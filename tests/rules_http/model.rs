//! What the test knows of the records: their states, rights, documents and traces; and how a caller of a request is a case of the
//! oracle.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use passerelle::dmp::actor::{ActorId, ActorKind};
use passerelle::dmp::document::Labels;
use passerelle::dmp::record::RecordState;
use passerelle::dmp::right::{Basis, Grant, Switch};
use passerelle::dmp::time::paris;

use crate::callers::{Asked, Caller, Card, Mandated};
use crate::oracle::{self, Sees};
use crate::oracle_patients::{self as patients, Delegation};
use crate::world::{self, Authorisation, From, Role, Switches};

pub struct Model {
    pub cards: Vec<Card>,
    pub records: Vec<Record>,
}

pub struct Record {
    pub ins: String,
    pub state: RecordState,
    pub born: Date,
    pub rights: Vec<Held>,
    pub documents: Vec<Doc>,
    pub consulted: Vec<ActorId>,
    pub traces: Vec<Traced>,
}

/// A right at its place.
#[derive(Debug, Clone)]
pub struct Held {
    pub grant: Grant,
    pub active: bool,
    pub end: Option<Timestamp>,
    /// Who wrote it last.
    pub by: ActorId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Current,
    Archived,
    Deleted,
}

#[derive(Debug, Clone)]
pub struct Doc {
    pub id: String,
    pub content: String,
    pub unique_id: String,
    pub type_code: &'static str,
    pub labels: Labels,
    pub author: Option<ActorId>,
    pub depositor: ActorId,
    pub structure: Option<ActorId>,
    pub from_patient: bool,
    pub deposited: Timestamp,
    pub state: State,
}

/// An act that the journal keeps in a record.
#[derive(Debug, Clone, Copy)]
pub struct Traced {
    pub by: Caller,
    pub secret: bool,
    /// The document that it names.
    pub document: Option<usize>,
    /// It was told not to be there.
    pub missed: bool,
}

/// How a caller looks at a record's documents.
#[derive(Debug, Clone, Copy)]
pub enum View {
    Card(usize, Sees),
    Portal(patients::Case, Mandated),
}

/// A right as it is written.
pub struct Written {
    pub grant: Grant,
    pub active: bool,
    pub until: Option<Timestamp>,
    pub by: ActorId,
}

/// Where a right is kept: category, actor and switch.
fn place(grant: &Grant) -> (&'static str, Option<ActorId>, Option<Switch>) {
    let category = grant.category().code();
    (category, grant.actor().cloned(), grant.switch())
}

impl Record {
    /// The first instant of majority, in Paris.
    pub fn of_age(&self) -> Timestamp {
        let day = self.born.checked_add(18.years()).unwrap();
        let paris = paris();
        day.to_zoned_datetime(paris).unwrap().timestamp()
    }

    pub fn minor(&self, now: Timestamp) -> bool {
        now < self.of_age()
    }

    pub fn held(&self, grant: &Grant) -> Option<&Held> {
        let place_of = place(grant);
        self.rights
            .iter()
            .find(|held| place(&held.grant) == place_of)
    }

    pub fn valid(&self, grant: &Grant, now: Timestamp) -> bool {
        self.held(grant).is_some_and(|held| held.stands(now))
    }

    pub fn blocked(&self, id: &ActorId, now: Timestamp) -> bool {
        self.valid(&Grant::Block { of: id.clone() }, now)
    }

    pub fn masks(&self, now: Timestamp) -> bool {
        self.valid(&Grant::DefaultMasking, now)
    }

    fn switch(&self, switch: Switch, default: bool, now: Timestamp) -> bool {
        let any = Grant::Emergency {
            switch,
            permit: true,
        };
        match self.held(&any) {
            Some(held) if held.stands(now) => {
                matches!(held.grant, Grant::Emergency { permit: true, .. })
            }
            _ => default,
        }
    }

    /// EMG-02, EMG-03: the first two on by default, the third off, and off without the others.
    fn switches(&self, now: Timestamp) -> Switches {
        let regulation = self.switch(Switch::Regulation, true, now);
        let break_glass = self.switch(Switch::BreakGlass, true, now);
        Switches {
            regulation,
            break_glass,
            masked: self.switch(Switch::Masked, false, now) && (regulation || break_glass),
        }
    }

    /// Writes a right, and what follows from it (contract §7, MT-02, BLK-02, MSK-05).
    pub fn write(&mut self, written: &Written, now: Timestamp) {
        let Written { grant, active, .. } = written;
        let ends_with_minority = matches!(
            grant,
            Grant::Access { .. } | Grant::TreatingPhysician { .. } | Grant::Administrator { .. }
        );
        let majority = (ends_with_minority && self.minor(now)).then(|| self.of_age());
        let end = [written.until, majority].into_iter().flatten().min();
        // A withdrawal leaves the period.
        let kept = self.held(grant).filter(|_| !active).map(|held| held.end);
        self.put(grant, *active, kept.unwrap_or(end), &written.by);
        match (grant, active) {
            (Grant::TreatingPhysician { holder, basis }, true) => {
                let access = Grant::Access {
                    holder: holder.clone(),
                    basis: *basis,
                };
                self.put(&access, true, end, &written.by);
            }
            (Grant::Access { holder, .. }, false) => self.end(&physician(holder), &written.by),
            (Grant::Block { of }, true) => {
                for lost in [access(of), physician(of), administrator(of)] {
                    self.end(&lost, &written.by);
                }
            }
            (Grant::DefaultMasking, true) => {
                for document in &mut self.documents {
                    document.labels.masked |= document.state != State::Deleted;
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, grant: &Grant, active: bool, end: Option<Timestamp>, by: &ActorId) {
        let place_of = place(grant);
        self.rights.retain(|held| place(&held.grant) != place_of);
        self.rights.push(Held {
            grant: grant.clone(),
            active,
            end,
            by: by.clone(),
        });
    }

    fn end(&mut self, grant: &Grant, by: &ActorId) {
        let place_of = place(grant);
        for held in &mut self.rights {
            if place(&held.grant) == place_of && held.active {
                held.active = false;
                held.by = by.clone();
            }
        }
    }
}

impl Held {
    pub fn stands(&self, now: Timestamp) -> bool {
        self.active && self.end.is_none_or(|end| now < end)
    }
}

fn access(holder: &ActorId) -> Grant {
    Grant::Access {
        holder: holder.clone(),
        basis: Basis::Team,
    }
}

fn physician(holder: &ActorId) -> Grant {
    Grant::TreatingPhysician {
        holder: holder.clone(),
        basis: Basis::Team,
    }
}

fn administrator(holder: &ActorId) -> Grant {
    Grant::Administrator {
        holder: holder.clone(),
    }
}

impl Doc {
    /// ANN-03: a month after its deposit it is visible.
    pub fn old(&self, now: Timestamp) -> bool {
        let paris = paris();
        let deposited = self.deposited.to_zoned_datetime(paris);
        deposited.checked_add(1.month()).unwrap().timestamp() <= now
    }
}

impl Model {
    /// The caller's own names: a card's, and the structure's that an employee's card carries.
    fn names(&self, card: usize) -> Vec<&ActorId> {
        let card = &self.cards[card];
        let mut names = vec![&card.id];
        if card.who.kind == ActorKind::Cpe {
            names.push(&card.structure);
        }
        names
    }

    pub fn case(&self, record: usize, card: usize, asked: Asked, now: Timestamp) -> oracle::Case {
        let record = &self.records[record];
        let names = self.names(card);
        let any = |of: fn(&ActorId) -> Grant| names.iter().any(|id| record.valid(&of(id), now));
        let authorised = any(access);
        let expired = names
            .iter()
            .any(|id| record.held(&access(id)).is_some_and(|held| held.active));
        oracle::Case {
            who: self.cards[card].who,
            state: record.state,
            minor: record.minor(now),
            blocked: names.iter().any(|id| record.blocked(id, now)),
            mode: asked.mode,
            reason: asked.reason,
            secret: asked.secret,
            authorisation: match (authorised, expired) {
                (true, _) => Authorisation::Valid,
                (false, true) => Authorisation::Expired,
                (false, false) => Authorisation::None,
            },
            role: match (any(physician), any(administrator)) {
                (true, true) => Role::Both,
                (true, false) => Role::Treating,
                (false, true) => Role::Administrator,
                (false, false) => Role::None,
            },
            switches: record.switches(now),
        }
    }

    /// FEED-03.
    pub fn opposed(&self, record: usize, card: usize, now: Timestamp) -> bool {
        let opposition = |of: &ActorId| Grant::FeedingOpposition {
            of: of.clone(),
            reason: String::new(),
        };
        let record = &self.records[record];
        let names = self.names(card);
        names.iter().any(|id| record.valid(&opposition(id), now))
    }

    pub fn patient_case(
        &self,
        record: usize,
        who: Mandated,
        asked: Asked,
        now: Timestamp,
    ) -> patients::Case {
        let of = &self.records[record];
        let delegation = Grant::Delegation { to: who.id() };
        patients::Case {
            kind: who.kind,
            own_record: who.record == record,
            protects_person: who.protects_person,
            state: of.state,
            minor: of.minor(now),
            delegation: match of.held(&delegation) {
                None => Delegation::None,
                Some(held) if held.stands(now) => Delegation::Valid,
                Some(held) if held.active => Delegation::Expired,
                Some(_) => Delegation::Withdrawn,
            },
            mode: asked.mode,
            secret: asked.secret,
        }
    }

    /// A document as the oracle sees it for this caller.
    pub fn document(&self, document: &Doc, caller: Caller, now: Timestamp) -> world::Document {
        let from = match caller {
            Caller::Card(card) => {
                let card = &self.cards[card];
                if document.author.as_ref() == Some(&card.id) {
                    From::AuthoredByPerson
                } else if card.who.nominative() && document.depositor == card.id {
                    From::DepositedByPerson
                } else if document.structure.is_some()
                    && document.structure.as_ref() == card.carried()
                {
                    From::DepositedByStructure
                } else if document.from_patient {
                    From::PatientSide
                } else {
                    From::Somebody
                }
            }
            Caller::Portal(who) if document.from_patient && document.depositor == who.id() => {
                From::User
            }
            Caller::Portal(_) if document.from_patient => From::PatientSide,
            Caller::Portal(_) => From::Somebody,
        };
        world::Document {
            labels: document.labels,
            type_code: document.type_code,
            from,
            old: document.old(now),
        }
    }

    pub fn shows(&self, view: View, document: &Doc, now: Timestamp) -> bool {
        match view {
            View::Card(card, sees) => {
                let seen = self.document(document, Caller::Card(card), now);
                oracle::shows(self.cards[card].who, sees, &seen)
            }
            View::Portal(case, who) => {
                let seen = self.document(document, Caller::Portal(who), now);
                patients::shows(&case, &seen)
            }
        }
    }

    /// How many rights of a record a reader is shown: the patient's side all, a professional those that concern him or that he
    /// wrote, and the emergency switches.
    pub fn rights(&self, record: usize, caller: Caller) -> usize {
        let record = &self.records[record];
        let shown = |held: &&Held| match caller {
            Caller::Portal(_) => true,
            Caller::Card(card) => {
                let concerns = held
                    .grant
                    .actor()
                    .is_some_and(|id| self.names(card).contains(&id));
                let switch = matches!(held.grant, Grant::Emergency { .. });
                concerns || switch || held.by == self.cards[card].id
            }
        };
        record.rights.iter().filter(shown).count()
    }

    /// How many traces of a record a reader is shown (X11, TRC-02, ANN-04, MIN-08).
    pub fn traces(&self, record: usize, caller: Caller, all: bool, now: Timestamp) -> usize {
        let record = &self.records[record];
        let shown = |traced: &&Traced| match caller {
            Caller::Card(_) if all => true,
            // What is hidden reads as absent, in one's own traces too.
            Caller::Card(card) => self.own_act(card, traced.by) && !traced.missed,
            Caller::Portal(who) => {
                let represents = who.kind == ActorKind::Representative;
                let document = traced.document.map(|at| &record.documents[at]);
                let kept = document.is_some_and(|document| {
                    (document.labels.invisible_patient && !document.old(now))
                        || (represents && document.labels.invisible_representatives)
                });
                let missed = traced.missed && matches!(traced.by, Caller::Portal(_));
                !(kept || missed || represents && traced.secret)
            }
        };
        record.traces.iter().filter(shown).count()
    }

    fn own_act(&self, reader: usize, by: Caller) -> bool {
        let Caller::Card(by) = by else { return false };
        let (reader, by) = (&self.cards[reader], &self.cards[by]);
        match reader.carried() {
            None => reader.id == by.id,
            Some(structure) => by.carried() == Some(structure),
        }
    }
}
