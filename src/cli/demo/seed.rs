//! Brings the world in by the road of every deposit, without HTTP: the CDA is read, the policy decides, the store keeps it and the
//! journal traces it.

use jiff::ToSpan;
use uuid::Uuid;

use super::cards::{DemoCard, EXPLOITANT, card};
use super::cda_text::ARC;
use super::documents::{DemoDocument, documents};
use super::world::{CONSENTS, DemoPatient, place};
use crate::dmp::actor::{Actor, ActorId, ActorKind, Structure};
use crate::dmp::code::{Code as Coded, system};
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::person::PersonName;
use crate::dmp::query::DocumentKey;
use crate::dmp::right::{Basis, Declaration, Grant};
use crate::dmp::submission::{NewDocument, Submission, SubmissionMetadata};
use crate::dmp::time::{Instant, Timestamp, paris};
use crate::dmp::trace::{Outcome, Trace, TracedAct, TracedActor};
use crate::error::{Code, Error};
use crate::policy::{Act, Permit, Rules, decide};
use crate::store::Store;
use crate::translate::{Reading, cda};

/// OID of TRE_R02, the kinds of places.
const PLACES: &str = "1.2.250.1.71.4.2.4";

/// What bringing the world in needs.
pub struct Seed<'a> {
    /// Where to.
    pub store: &'a Store,
    /// What the policy reads.
    pub rules: &'a Rules,
    /// How documents are read.
    pub reading: Reading<'a>,
    /// How long a declared consent lasts.
    pub authorisation_months: u32,
}

impl Seed<'_> {
    /// Opens the records, deposits the documents and declares the consents; false when they are there already. An interrupted run is
    /// completed by the next one.
    ///
    /// # Errors
    /// What the road refused: nothing of this world should be.
    pub async fn bring_in(&self, patients: &[DemoPatient]) -> Result<bool, Error> {
        if self.is_complete(patients).await? {
            return Ok(false);
        }
        for patient in patients {
            self.open(patient).await?;
        }
        for document in documents(patients) {
            let patient = patients.get(document.patient).ok_or(Code::Internal)?;
            match self.deposit(patient, document).await {
                Err(error) if error.code() == Code::DuplicateDocument => {}
                other => other?,
            }
        }
        for (file, indexes, basis) in CONSENTS {
            for index in *indexes {
                let patient = patients.get(*index).ok_or(Code::Internal)?;
                self.declare(patient, file, *basis).await?;
            }
        }
        Ok(true)
    }

    /// The last consent is the last thing to come in.
    async fn is_complete(&self, patients: &[DemoPatient]) -> Result<bool, Error> {
        let last = CONSENTS
            .last()
            .and_then(|(file, indexes, _)| Some((card(file)?, patients.get(*indexes.last()?)?)));
        let (card, patient) = last.ok_or(Code::Internal)?;
        let standing = self
            .store
            .standing(&patient.record.ins, &actor(card)?)
            .await?;
        Ok(standing.is_some_and(|standing| standing.authorisation().is_some()))
    }

    async fn open(&self, patient: &DemoPatient) -> Result<(), Error> {
        let caller = Caller::new("exploitant")?;
        let permit = decide(
            self.rules,
            &caller.actor,
            &Act::OpenRecord,
            None,
            &caller.context,
        )?;
        let trace = caller.trace(patient, TracedAct::OpenRecord, &permit);
        self.store
            .put_record(&permit, patient.record.clone(), None, trace)
            .await?;
        Ok(())
    }

    async fn deposit(&self, patient: &DemoPatient, document: DemoDocument) -> Result<(), Error> {
        let caller = Caller::new(document.depositor)?;
        let header = cda::read_header(&document.bytes)?;
        let (mut metadata, _) =
            cda::to_metadata(&header, &document.bytes, &self.reading).map_err(Error::many)?;
        metadata.labels = document.labels;
        let targets = std::mem::take(&mut metadata.relations)
            .into_iter()
            .map(|relation| (relation.kind, DocumentKey::Unique(relation.target)))
            .collect();
        let permit = self.permit(&caller, patient, &Act::Deposit).await?;
        let facility = place(&caller.card.structure).facility.0;
        let unique_id = format!("{ARC}.6.{}", caller.context.now.as_microsecond());
        let submission = Submission {
            told_at: String::new(),
            metadata: SubmissionMetadata {
                unique_id: unique_id.parse().map_err(internal)?,
                patient: patient.record.ins.clone(),
                source_id: format!("{ARC}.7"),
                content_type: Coded::new(facility, PLACES),
                submission_time: Timestamp::from_instant(caller.context.now),
                author: metadata.authors.first().cloned(),
                title: Some(metadata.title.clone()),
                comments: None,
            },
            documents: vec![NewDocument {
                metadata,
                content: document.bytes,
                targets,
                aliases: Vec::new(),
                header_replaces: None,
                unless: Vec::new(),
                told_at: String::new(),
            }],
            superseded: Vec::new(),
            folders: Vec::new(),
        };
        let trace = caller.trace(patient, TracedAct::ProvideBundle, &permit);
        self.store.deposit(&permit, submission, trace).await?;
        Ok(())
    }

    async fn declare(&self, patient: &DemoPatient, file: &str, basis: Basis) -> Result<(), Error> {
        let caller = Caller::new(file)?;
        let now = caller.context.now;
        let holder = caller.actor.id.clone();
        let grant = Grant::Access { holder, basis };
        let act = Act::WriteRight {
            grant: grant.clone(),
            active: true,
        };
        let permit = self.permit(&caller, patient, &act).await?;
        let declaration = Declaration {
            patient: patient.record.ins.clone(),
            grant,
            name: Some(caller.actor.display()),
            active: true,
            until: None,
        };
        let months = i64::from(self.authorisation_months);
        let end = now
            .to_zoned_datetime(paris())
            .checked_add(months.months())
            .map_err(internal)?
            .timestamp();
        let trace = caller.trace(patient, TracedAct::DeclareConsent, &permit);
        self.store
            .declare(&permit, declaration, Some(end), None, trace)
            .await?;
        Ok(())
    }

    async fn permit(
        &self,
        caller: &Caller,
        patient: &DemoPatient,
        act: &Act,
    ) -> Result<Permit, Error> {
        let ins = &patient.record.ins;
        let standing = self.store.standing(ins, &caller.actor).await?;
        decide(
            self.rules,
            &caller.actor,
            act,
            standing.as_ref(),
            &caller.context,
        )
    }
}

/// The holder of a card, now.
struct Caller {
    card: &'static DemoCard,
    actor: Actor,
    context: Context,
}

impl Caller {
    fn new(file: &str) -> Result<Self, Error> {
        let card = card(file).ok_or(Code::Internal)?;
        Ok(Self {
            card,
            actor: actor(card)?,
            context: Context {
                mode: AccessMode::Normal,
                reason: None,
                secret: None,
                structure: Some(card.structure.id.parse().map_err(internal)?),
                now: Instant::now(),
                request_id: Uuid::new_v4().to_string(),
            },
        })
    }

    fn trace(&self, patient: &DemoPatient, act: TracedAct, permit: &Permit) -> Trace {
        Trace {
            id: Uuid::new_v4(),
            at: self.context.now,
            patient: Some(patient.record.ins.clone()),
            actor: Some(TracedActor {
                kind: self.actor.kind,
                id: self.actor.id.as_str().to_owned(),
                name: self.actor.display(),
                profession: self.actor.matrix_column().map(str::to_owned),
                structure: Some(self.card.structure.id.to_owned()),
            }),
            act,
            outcome: Outcome::Success,
            refusal: None,
            rule: Some(permit.rule().to_owned()),
            matrix: Some(permit.matrix_version().to_owned()),
            mode: self.context.mode,
            reason: None,
            secret: false,
            entities: Vec::new(),
            query: None,
            request_id: self.context.request_id.clone(),
            traceparent: None,
        }
    }
}

/// Who the server makes of a demonstration card.
///
/// # Errors
/// A number of the table is malformed.
pub fn actor(card: &DemoCard) -> Result<Actor, Error> {
    let structure = Structure {
        id: card.structure.id.parse().map_err(internal)?,
        name: Some(card.structure.name.to_owned()),
    };
    let establishment = card.kind == ActorKind::Establishment;
    let id = if establishment {
        ActorId::Structure(structure.id.clone())
    } else {
        ActorId::Person(card.id.parse().map_err(internal)?)
    };
    let name = if establishment {
        PersonName::default()
    } else {
        PersonName {
            family: Some(card.family.to_owned()),
            given: Some(card.given.to_owned()),
        }
    };
    let professions = match card.kind {
        ActorKind::Cpf => system::TRAINING,
        _ => system::PROFESSION,
    };
    Ok(Actor {
        kind: card.kind,
        id,
        name,
        profession: card
            .profession
            .map(|code| Coded::new(code.to_string(), professions)),
        specialities: card.speciality.into_iter().map(str::to_owned).collect(),
        // Nominative cards don't carry one.
        structure: (!card.kind.is_nominative()).then_some(structure),
        mandate: None,
        operator: card.structure == EXPLOITANT,
        regulator: card.file == "regulateur",
    })
}

/// Only a fault of our own tables ends here.
fn internal<E>(_: E) -> Error {
    Code::Internal.into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cli::demo::world::{STORY, patients};
    use crate::dmp::context::{Environment, Validation};
    use crate::dmp::document::{Availability, DocumentEntry};
    use crate::dmp::query::{DocumentQuery, Sort, SortField};
    use crate::store::{Render, Verification};
    use crate::tables::Tables;

    struct Titles;

    impl Render for Titles {
        fn document(&self, entry: &DocumentEntry) -> String {
            entry.metadata.title.clone()
        }
    }

    async fn seen(seed: &Seed<'_>, patient: &DemoPatient, file: &str) -> Result<u64, Error> {
        let caller = Caller::new(file)?;
        let act = Act::SearchDocuments {
            by_identifier: false,
        };
        let permit = seed.permit(&caller, patient, &act).await?;
        let query = DocumentQuery {
            availability: vec![Availability::Approved],
            conditions: Vec::new(),
            sort: vec![Sort {
                field: SortField::Creation,
                descending: true,
            }],
            count: 0,
            after: None,
        };
        let trace = caller.trace(patient, TracedAct::SearchDocuments, &permit);
        Ok(seed
            .store
            .find_documents(&permit, &query, trace)
            .await?
            .total)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_world_comes_in_once_and_each_profession_sees_its_part() {
        let folder = tempfile::tempdir().expect("folder");
        let url = format!("sqlite:{}", folder.path().join("world.db").display());
        let store = Store::open(&url, Arc::new(Titles)).await.expect("store");
        let tables = Arc::new(Tables::built_in());
        let rules = Rules {
            tables: Arc::clone(&tables),
            age_of_majority: 18,
            late_invisibility: false,
        };
        // Strict: nothing of this world leans on a tolerance.
        let seed = Seed {
            store: &store,
            rules: &rules,
            reading: Reading {
                tables: &tables,
                environment: Environment::Test,
                validation: Validation::Strict,
                base_url: "https://localhost/fhir",
            },
            authorisation_months: 12,
        };
        let patients = patients().expect("patients");
        assert_eq!(seed.bring_in(&patients).await, Ok(true));
        assert_eq!(seed.bring_in(&patients).await, Ok(false));

        let story = &patients[STORY];
        for (file, expected) in [("medecin", 15), ("infirmier", 11), ("opticien", 3)] {
            assert_eq!(seen(&seed, story, file).await, Ok(expected), "{file}");
        }
        for (file, refusal) in [
            ("medecin2", Code::ConsentRequired),
            ("secretaire", Code::CardCannotConsult),
        ] {
            let refused = seen(&seed, story, file).await.map_err(|error| error.code());
            assert_eq!(refused, Err(refusal), "{file}");
        }
        assert!(matches!(
            store.verify_journal().await,
            Ok(Verification::Whole { lines, .. }) if lines > 70
        ));
    }
}
