//! `passerelle policy explain`: how an act is decided, rule by rule, for an operator who answers a complaint. It is itself traced.

mod answer;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use openssl::x509::X509;
use uuid::Uuid;

use crate::audit;
use crate::cli::serve::database;
use crate::cli::{GOOD, INTERNAL, tell};
use crate::dmp::actor::{Actor, ActorKind};
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::ins::{Ins, InsRoot};
use crate::dmp::record::Standing;
use crate::dmp::time::Instant;
use crate::dmp::trace::{Outcome, Trace, TracedAct, TracedActor};
use crate::edge;
use crate::error::{Code, Error};
use crate::identity::authority::Authorities;
use crate::identity::card::Card;
use crate::identity::roles::Roles;
use crate::identity::trust::Trust;
use crate::policy::{self, Act, Permit, Rules, Step};
use crate::settings::{Problem, Settings};
use crate::store::Store;
use crate::tables::Tables;

/// Exit code of a card that makes no actor, or of a patient without record.
const NOT_GOOD: u8 = 1;

/// What is asked.
#[derive(Debug, Args)]
pub struct Question {
    /// Certificate of who acts (PEM)
    #[arg(long = "as", value_name = "CARD")]
    card: PathBuf,
    /// Whose record: SYSTEM|VALUE
    #[arg(long, value_name = "INS", value_parser = patient)]
    ins: Ins,
    /// Say whether this document is shown, and why
    #[arg(long, value_name = "ID")]
    document: Option<Uuid>,
    /// normal, bris_de_glace or centre_15
    #[arg(long, default_value = "normal", value_parser = mode)]
    mode: AccessMode,
    /// Reason of a bris de glace
    #[arg(long)]
    reason: Option<String>,
    /// Secret connection, where a minor's record asks for the choice
    #[arg(long, value_name = "BOOL")]
    secret: Option<bool>,
    /// What is done
    #[arg(long, value_enum, default_value_t = Kind::Search)]
    act: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Search of documents (TD3.1)
    Search,
    /// Read of a document's metadata
    Read,
    /// Read of a content (TD3.2)
    Content,
    /// Deposit (TD2)
    Deposit,
}

impl Kind {
    fn act(self) -> Act {
        match self {
            Self::Search => Act::SearchDocuments {
                by_identifier: false,
            },
            Self::Read => Act::ReadDocument,
            Self::Content => Act::ReadContent,
            Self::Deposit => Act::Deposit,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Read => "read",
            Self::Content => "content",
            Self::Deposit => "deposit",
        }
    }
}

/// How it was decided.
struct Decided {
    decision: Result<Permit, Error>,
    path: Vec<Step>,
}

/// Why nothing is explained.
enum Stop {
    /// Wrong usage or configuration.
    Problems(Vec<Problem>),
    /// The thing asked about is not good.
    NotGood(String),
    /// Our failure.
    Failure(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}

/// Prints the path, the decision, and what becomes of the document. Exits 0 whatever was decided.
pub fn explain(settings: &Settings, question: &Question) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::from(INTERNAL);
    };
    match runtime.block_on(answered(settings, question)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::from(GOOD)
        }
        Err(Stop::Problems(problems)) => tell(&problems),
        Err(Stop::NotGood(why)) => {
            eprintln!("{why}");
            ExitCode::from(NOT_GOOD)
        }
        Err(Stop::Failure(error)) => {
            eprintln!("{error}");
            ExitCode::from(INTERNAL)
        }
    }
}

async fn answered(settings: &Settings, question: &Question) -> Result<String, Stop> {
    let tables =
        Tables::load(&settings.dmp, settings.dmp.mappings.as_deref()).map_err(|wrong| {
            let problem =
                |text: &String| Problem::new("dmp.mappings", text.as_str(), "correct the table");
            Stop::Problems(wrong.iter().map(problem).collect())
        })?;
    let tables = Arc::new(tables);
    let actor = actor(settings, question)?;
    let store = Store::open(&settings.database.url, edge::render(settings, &tables))
        .await
        .map_err(|error| Stop::Problems(vec![database(&error.to_string())]))?;
    let text = with(&store, settings, &tables, &actor, question).await;
    store.close().await;
    text
}

async fn with(
    store: &Store,
    settings: &Settings,
    tables: &Arc<Tables>,
    actor: &Actor,
    question: &Question,
) -> Result<String, Stop> {
    let standing = store.standing(&question.ins, actor).await?;
    let Some(standing) = standing else {
        return Err(Stop::NotGood(Code::RecordUnknown.row().en.clone()));
    };
    let rules = Rules {
        tables: Arc::clone(tables),
        age_of_majority: settings.dmp.age_of_majority,
        late_invisibility: settings.dmp.allow_late_invisibility,
    };
    let context = Context {
        mode: question.mode,
        reason: question
            .reason
            .clone()
            .filter(|reason| !reason.trim().is_empty()),
        secret: question.secret,
        structure: None,
        now: Instant::now(),
        request_id: Uuid::new_v4().to_string(),
    };
    let (decision, path) = policy::explain(
        &rules,
        actor,
        &question.act.act(),
        Some(&standing),
        &context,
    );
    let decided = Decided { decision, path };
    let mut text = answer::decision(tables, actor, &standing, &context, &decided);
    if let Some(id) = question.document {
        text += &answer::document(store, tables, actor, &context, &decided, id).await?;
    }
    // Nothing is told that the journal does not keep.
    store
        .trace(trace(
            question, actor, &standing, &context, &decided, tables,
        ))
        .await?;
    Ok(text)
}

/// The actor that the server would make of this card: an accepted authority signed it and its profile fits. Dates and revocation
/// are not asked, a complaint is often about the past.
fn actor(settings: &Settings, question: &Question) -> Result<Actor, Stop> {
    let usage = |what: String| {
        Stop::Problems(vec![Problem::new(
            "--as",
            what,
            "give a certificate in PEM",
        )])
    };
    let bytes = std::fs::read(&question.card).map_err(|error| {
        usage(format!(
            "{} cannot be read ({error})",
            question.card.display()
        ))
    })?;
    let card = Card::from_file_bytes(&bytes).map_err(|error| usage(error.to_string()))?;
    let leaf = X509::stack_from_pem(&bytes)
        .ok()
        .and_then(|all| all.into_iter().next())
        .ok_or_else(|| usage("is not a PEM file of certificates".to_owned()))?;
    let authorities = Authorities::load(&settings.identity.trust).map_err(|wrong| {
        let problem = |text: &String| {
            Problem::new(
                "identity.trust",
                text.as_str(),
                "give the PEM files of the accepted issuing authorities",
            )
        };
        Stop::Problems(wrong.iter().map(problem).collect())
    })?;
    let signed =
        |key: &openssl::pkey::PKey<openssl::pkey::Public>| leaf.verify(key).unwrap_or(false);
    let authority = authorities
        .iter()
        .find(|authority| {
            authority
                .certificate
                .public_key()
                .is_ok_and(|key| signed(&key))
        })
        .ok_or_else(|| Stop::NotGood("no accepted authority signed this card".to_owned()))?;
    let trust = Trust {
        environment: settings.identity.environment,
        roles: Roles::new(&settings.dmp.operators, &settings.dmp.regulators),
    };
    trust.actor(&card, authority).map_err(|refusal| {
        Stop::NotGood(
            Error::from(refusal)
                .issues
                .first()
                .map_or_else(String::new, crate::error::Issue::english),
        )
    })
}

/// The trace in the chain of the record: the server answered, about whom and what.
fn trace(
    question: &Question,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
    decided: &Decided,
    tables: &Tables,
) -> Trace {
    let rule = match &decided.decision {
        Ok(permit) => Some(permit.rule()),
        Err(error) => error.rule(),
    };
    let mut entities = vec![(audit::RECORD.to_owned(), standing.record.id)];
    entities.extend(question.document.map(|id| (audit::DOCUMENT.to_owned(), id)));
    Trace {
        id: Uuid::new_v4(),
        at: context.now,
        patient: Some(standing.record.opened_as.clone()),
        actor: Some(TracedActor {
            kind: ActorKind::System,
            id: "passerelle".to_owned(),
            name: "Passerelle".to_owned(),
            profession: None,
            structure: None,
        }),
        act: TracedAct::Explain,
        outcome: Outcome::Success,
        refusal: None,
        rule: rule.map(str::to_owned),
        matrix: Some(tables.matrix.version.clone()),
        mode: AccessMode::Normal,
        reason: None,
        secret: false,
        entities,
        query: Some(format!(
            "as={}&act={}&mode={}",
            actor.id.as_str(),
            question.act.name(),
            question.mode.code()
        )),
        request_id: context.request_id.clone(),
        traceparent: None,
    }
}

fn patient(text: &str) -> Result<Ins, String> {
    let (system, value) = text.split_once('|').ok_or("SYSTEM|VALUE is expected")?;
    let oid = system.strip_prefix("urn:oid:").unwrap_or(system);
    let root = InsRoot::from_oid(oid).ok_or("this system names no INS")?;
    Ins::parse(root, value).map_err(|error| error.to_string())
}

fn mode(text: &str) -> Result<AccessMode, String> {
    AccessMode::from_code(text).ok_or_else(|| "normal, bris_de_glace or centre_15".to_owned())
}
