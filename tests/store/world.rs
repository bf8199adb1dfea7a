//! A small world to act in: cards, patients, documents, and permits as the policy gives them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use passerelle::dmp::actor::{Actor, ActorId, ActorKind, Structure};
use passerelle::dmp::code::{Code, system};
use passerelle::dmp::context::{AccessMode, Context};
use passerelle::dmp::document::{
    Availability, DocumentEntry, DocumentMetadata, Labels, RelationKind, Sha1,
};
use passerelle::dmp::folder::{FolderMetadata, Member, NewFolder};
use passerelle::dmp::id::UniqueId;
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::person::{
    Author, AuthorKind, Identifier, Organization, PersonName, Sex, SourcePatient,
};
use passerelle::dmp::query::{Condition, DocumentKey, DocumentQuery, Sort, SortField};
use passerelle::dmp::record::{IdentityStatus, Notices, RecordData, RecordState, Traits};
use passerelle::dmp::right::{Basis, Declaration, Grant};
use passerelle::dmp::submission::{NewDocument, Submission, SubmissionMetadata};
use passerelle::dmp::time::{Instant, Timestamp};
use passerelle::dmp::trace::{Outcome, Trace, TracedAct, TracedActor};
use passerelle::error::{self, Error};
use passerelle::policy::{Act, Permit, Rules, decide};
use passerelle::store::{Content, Deposited, Render, Store};
use passerelle::tables::Tables;
use uuid::Uuid;

/// Readable by every profession of the tests.
pub const SHARED_TYPE: &str = "34133-9";
/// Readable by a physician, not by a dietician.
pub const PHYSICIAN_TYPE: &str = "11502-2";

/// Renders what tests look at.
pub struct Plain;

impl Render for Plain {
    fn document(&self, entry: &DocumentEntry) -> String {
        format!(
            "{} {} v{} {} masked={}",
            entry.id,
            entry.metadata.unique_id,
            entry.version,
            entry.availability.name(),
            entry.metadata.labels.masked
        )
    }
}

pub struct World {
    pub store: Store,
    pub rules: Rules,
    pub url: String,
    pub ins: Ins,
}

impl World {
    /// A store with one open record.
    pub async fn new(url: &str) -> Self {
        let world = Self::open(url).await;
        world.put_record(record(&world.ins)).await;
        world
    }

    /// A store as it is.
    pub async fn open(url: &str) -> Self {
        let store = Store::open(url, Arc::new(Plain)).await.expect("open");
        let rules = Rules {
            tables: Arc::new(Tables::built_in()),
            age_of_majority: 18,
            late_invisibility: false,
        };
        Self {
            store,
            rules,
            url: url.to_owned(),
            ins: ins(0),
        }
    }

    pub async fn put_record(&self, data: RecordData) {
        let operator = establishment("10B0000001", true);
        let permit =
            decide(&self.rules, &operator, &Act::OpenRecord, None, &context()).expect("operator");
        let trace = trace(&operator, Some(&data.ins), TracedAct::OpenRecord);
        self.store
            .put_record(&permit, data, None, trace)
            .await
            .expect("record");
    }

    /// The right to act in the record, in an emergency: no consent is asked for.
    pub async fn permit(&self, actor: &Actor, act: &Act) -> Permit {
        self.try_permit(actor, act, &broken_glass())
            .await
            .expect("permit")
    }

    pub async fn try_permit(
        &self,
        actor: &Actor,
        act: &Act,
        context: &Context,
    ) -> Result<Permit, Error> {
        let standing = self.store.standing(&self.ins, actor).await?;
        decide(&self.rules, actor, act, standing.as_ref(), context)
    }

    pub fn trace(&self, actor: &Actor, act: TracedAct) -> Trace {
        trace(actor, Some(&self.ins), act)
    }

    pub async fn try_deposit(
        &self,
        actor: &Actor,
        documents: Vec<NewDocument>,
    ) -> Result<Deposited, Error> {
        let permit = self.permit(actor, &Act::Deposit).await;
        let trace = self.trace(actor, TracedAct::ProvideBundle);
        self.store
            .deposit(&permit, submission(&self.ins, documents), trace)
            .await
    }

    /// Deposits one document; gives its entry.
    pub async fn deposit(&self, actor: &Actor, document: NewDocument) -> DocumentEntry {
        let mut done = self
            .try_deposit(actor, vec![document])
            .await
            .expect("deposit");
        done.documents.pop().expect("one document")
    }

    /// Deposits one document in a folder.
    pub async fn deposit_in_folder(&self, actor: &Actor) {
        let permit = self.permit(actor, &Act::Deposit).await;
        let trace = self.trace(actor, TracedAct::ProvideBundle);
        let mut submission = submission(&self.ins, vec![document(&self.ins)]);
        submission.folders.push(NewFolder {
            metadata: FolderMetadata {
                unique_id: fresh_id(),
                patient: self.ins.clone(),
                title: "Suivi".into(),
                content_type: None,
                changed: Timestamp::from_instant(now()),
                comments: None,
            },
            members: vec![(Member::Brought(0), String::new())],
            told_at: String::new(),
        });
        let done = self.store.deposit(&permit, submission, trace).await;
        assert_eq!(done.expect("deposit").folders.len(), 1);
    }

    /// The whole of a content, as it came.
    pub async fn content(&self, permit: &Permit, id: Uuid, trace: Trace) -> Result<Content, Error> {
        let read = self.store.read_content(permit, id, trace, |_| Ok(())).await;
        read.map(|given| given.expect("given").0)
    }

    /// What a caller finds: total, and resource ids of the first page.
    pub async fn find(&self, actor: &Actor, query: &DocumentQuery) -> (u64, Vec<Uuid>) {
        let act = Act::SearchDocuments {
            by_identifier: false,
        };
        let permit = self.permit(actor, &act).await;
        let trace = self.trace(actor, TracedAct::SearchDocuments);
        let page = self
            .store
            .find_documents(&permit, query, trace)
            .await
            .expect("search");
        (page.total, page.rows.iter().map(|row| row.id).collect())
    }

    pub async fn declare(&self, actor: &Actor, active: bool) -> (u32, bool) {
        let act = declares(&actor.id, Basis::Team, active);
        let permit = self
            .try_permit(actor, &act, &context())
            .await
            .expect("declare");
        let trace = self.trace(actor, TracedAct::DeclareConsent);
        let end = now() + jiff::SignedDuration::from_hours(24 * 365);
        let declaration = declaration(&self.ins, actor, active);
        let (authorisation, new) = self
            .store
            .declare(&permit, declaration, Some(end), None, trace)
            .await
            .expect("declare");
        (authorisation.version, new)
    }
}

pub fn code_of<T: std::fmt::Debug>(result: Result<T, Error>) -> error::Code {
    result.expect_err("a refusal").code()
}

pub fn ins(number: u32) -> Ins {
    let body = 2_790_351_215_189 + u64::from(number);
    Ins::parse(InsRoot::NirTest, &format!("{body}{:02}", 97 - body % 97)).expect("INS")
}

pub fn record(ins: &Ins) -> RecordData {
    RecordData {
        ins: ins.clone(),
        former: Vec::new(),
        state: RecordState::Activated,
        identity: IdentityStatus::Validated,
        traits: Traits {
            birth_name: name("NESSI", "Ruth"),
            birth_given_names: Some("Ruth Isabelle".into()),
            used_name: None,
            sex: Sex::Female,
            birth_date: jiff::civil::date(1979, 3, 14),
            birth_place: Some("51215".into()),
        },
        closure: None,
        opposition_date: None,
        attached_to_mes: false,
        deletion_asked: false,
        notices: Notices::default(),
    }
}

pub fn name(family: &str, given: &str) -> PersonName {
    PersonName {
        family: Some(family.into()),
        given: Some(given.into()),
    }
}

pub fn cps(id: &str, profession: &str) -> Actor {
    Actor {
        kind: ActorKind::Cps,
        id: ActorId::Person(id.parse().expect("PS_IdNat")),
        name: name("LEFÈVRE", "Anne"),
        profession: Some(Code::new(profession, system::PROFESSION)),
        specialities: Vec::new(),
        structure: None,
        mandate: None,
        operator: false,
        regulator: false,
    }
}

pub fn physician() -> Actor {
    cps("899900000011", "10")
}

pub fn other_physician() -> Actor {
    cps("899900000029", "10")
}

pub fn dietician() -> Actor {
    cps("899900000037", "95")
}

pub fn establishment(id: &str, operator: bool) -> Actor {
    let id: passerelle::dmp::national_id::StructIdNat = id.parse().expect("Struct_IdNat");
    Actor {
        kind: ActorKind::Establishment,
        id: ActorId::Structure(id.clone()),
        name: PersonName::default(),
        profession: None,
        specialities: Vec::new(),
        structure: Some(Structure { id, name: None }),
        mandate: None,
        operator,
        regulator: false,
    }
}

pub fn employee(id: &str, structure: &str) -> Actor {
    Actor {
        kind: ActorKind::Cpe,
        id: ActorId::Person(id.parse().expect("PS_IdNat")),
        profession: None,
        ..establishment(structure, false)
    }
}

pub fn now() -> Instant {
    Instant::now()
}

pub fn context() -> Context {
    Context {
        mode: AccessMode::Normal,
        reason: None,
        secret: None,
        structure: None,
        now: now(),
        request_id: "request".into(),
    }
}

pub fn broken_glass() -> Context {
    Context {
        mode: AccessMode::BrisDeGlace,
        reason: Some("coma".into()),
        ..context()
    }
}

pub fn trace(actor: &Actor, patient: Option<&Ins>, act: TracedAct) -> Trace {
    Trace {
        id: Uuid::new_v4(),
        at: now(),
        patient: patient.cloned(),
        actor: Some(TracedActor {
            kind: actor.kind,
            id: actor.id.as_str().into(),
            name: actor.display(),
            profession: actor.matrix_column().map(str::to_owned),
            structure: Some("10B0057881".into()),
        }),
        act,
        outcome: Outcome::Success,
        refusal: None,
        rule: Some("FEED-02".into()),
        matrix: None,
        mode: AccessMode::Normal,
        reason: None,
        secret: false,
        entities: Vec::new(),
        query: None,
        request_id: "request".into(),
        traceparent: None,
    }
}

pub fn access(holder: &ActorId, basis: Basis) -> Grant {
    Grant::Access {
        holder: holder.clone(),
        basis,
    }
}

pub fn declares(holder: &ActorId, basis: Basis, active: bool) -> Act {
    Act::WriteRight {
        grant: access(holder, basis),
        active,
    }
}

pub fn declaration(ins: &Ins, actor: &Actor, active: bool) -> Declaration {
    Declaration {
        patient: ins.clone(),
        grant: access(&actor.id, Basis::Team),
        name: None,
        active,
        until: None,
    }
}

/// A unique id never used before in this process.
pub fn fresh_id() -> UniqueId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("1.2.250.1.999.{}.{number}", std::process::id())
        .parse()
        .expect("unique id")
}

pub fn author(id: &str, family: &str, given: &str) -> Author {
    Author {
        kind: AuthorKind::Professional,
        id: Some(Identifier {
            root: system::PS_ID_NAT.into(),
            extension: id.into(),
        }),
        name: name(family, given),
        device: None,
        specialty: None,
        role: None,
        institution: None,
    }
}

/// A time as FHIR writes it, or as HL7 v3 does.
pub fn time(text: &str) -> Timestamp {
    let read = Timestamp::from_fhir(text).or_else(|_| Timestamp::from_hl7(text));
    read.expect("time")
}

/// A document of a type that everybody may read, written by somebody who is none of the actors.
pub fn document(ins: &Ins) -> NewDocument {
    let unique_id = fresh_id();
    let content = format!("<ClinicalDocument id=\"{unique_id}\"/>").into_bytes();
    NewDocument {
        metadata: DocumentMetadata {
            unique_id,
            patient: ins.clone(),
            source_patient: SourcePatient::default(),
            authors: vec![author("899900000094", "Cœur-Müller", "Zoé Ève")],
            legal_authenticator: None,
            custodian: Organization::default(),
            title: "Compte rendu".into(),
            comments: None,
            creation_time: time("2024-05-06T10:00:00+02:00"),
            service_start: time("2024-05-06"),
            service_stop: None,
            language: "fr-FR".into(),
            class: Code::new("10", system::CLASS),
            type_code: Code::new(SHARED_TYPE, system::LOINC),
            format: Code::new("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3"),
            labels: Labels::default(),
            events: Vec::new(),
            facility_type: Code::new("SA01", "1.2.250.1.71.4.2.4"),
            practice_setting: Code::new("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9"),
            mime_type: "text/xml".into(),
            references: Vec::new(),
            relations: Vec::new(),
            hash: Sha1(openssl::sha::sha1(&content)),
            size: content.len() as u64,
        },
        content,
        targets: Vec::new(),
        aliases: Vec::new(),
        header_replaces: None,
        unless: Vec::new(),
        told_at: "DocumentReference".into(),
    }
}

pub fn typed(ins: &Ins, type_code: &str) -> NewDocument {
    let mut document = document(ins);
    document.metadata.type_code = Code::new(type_code, system::LOINC);
    document
}

pub fn masked(ins: &Ins) -> NewDocument {
    let mut document = document(ins);
    document.metadata.labels.masked = true;
    document
}

pub fn relating(ins: &Ins, kind: RelationKind, target: &UniqueId) -> NewDocument {
    let mut document = document(ins);
    document.targets = vec![(kind, DocumentKey::Unique(target.clone()))];
    document
}

pub fn replacing(ins: &Ins, target: &UniqueId) -> NewDocument {
    relating(ins, RelationKind::Replaces, target)
}

pub fn submission(ins: &Ins, documents: Vec<NewDocument>) -> Submission {
    Submission {
        metadata: SubmissionMetadata {
            unique_id: fresh_id(),
            patient: ins.clone(),
            source_id: "1.2.250.1.999.1.1.1".into(),
            content_type: Code::new("04", "1.2.250.1.213.2.2"),
            submission_time: Timestamp::from_instant(now()),
            author: Some(author("899900000094", "Cœur-Müller", "Zoé Ève")),
            title: Some("Séjour d'été".into()),
            comments: None,
        },
        documents,
        superseded: Vec::new(),
        folders: Vec::new(),
        told_at: String::new(),
    }
}

/// Everything current or replaced, oldest first.
pub fn query(conditions: Vec<Condition>) -> DocumentQuery {
    DocumentQuery {
        availability: vec![
            Availability::Approved,
            Availability::Archived,
            Availability::Deprecated,
        ],
        conditions,
        sort: vec![Sort {
            field: SortField::Creation,
            descending: false,
        }],
        count: 100,
        after: None,
    }
}
