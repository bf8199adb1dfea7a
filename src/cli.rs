//! The command line: what each command takes. Its body lives in the file of its name.

pub mod audit;
pub mod card;
pub mod cda;
pub mod check_config;
pub mod demo;
pub mod matrix;
pub mod policy;
pub mod serve;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::dmp::context::{Environment, Validation};
use crate::settings::{Problem, Settings};
use crate::tables::Tables;

/// The thing checked is good, or the work is done.
pub const GOOD: u8 = 0;
/// Usage or configuration error.
pub const USAGE: u8 = 2;
/// Our own failure.
pub const INTERNAL: u8 = 70;

/// A FHIR R4 façade for the French shared medical record (DMP).
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 success, 1 the thing checked is not good, 2 usage or configuration error, 70 internal failure.\n\
                  Every setting can come from the environment: PASSERELLE_SERVER__LISTEN for server.listen.\n\
                  PASSERELLE_LOG filters the log (info by default), PASSERELLE_LOG_FORMAT is text or json.\n\n\
                  Example, everything at once:\n  passerelle demo"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make cards, records and documents of a fictional world, and serve them
    #[command(after_help = "Example:\n  passerelle demo --dir /tmp/dmp --listen 127.0.0.1:8443")]
    Demo(Demo),
    /// Print a token of the demonstration's portal: who acts for a patient
    #[command(
        after_help = "Example:\n  passerelle demo-token --ins 'urn:oid:1.2.250.1.213.1.4.10|279036990100166'"
    )]
    DemoToken(DemoToken),
    /// Serve until SIGTERM or SIGINT
    #[command(after_help = "Example:\n  passerelle serve --config passerelle.toml")]
    Serve(Config),
    /// Read the configuration and everything it names; start nothing
    #[command(after_help = "Example:\n  passerelle check-config --config passerelle.toml")]
    CheckConfig(Config),
    /// CDA documents
    #[command(subcommand)]
    Cda(Cda),
    /// The habilitation matrix
    #[command(subcommand)]
    Matrix(Matrix),
    /// Cards and certificates
    #[command(subcommand)]
    Card(Card),
    /// The audit journal
    #[command(subcommand)]
    Audit(Audit),
    /// The decisions
    #[command(subcommand)]
    Policy(Policy),
}

#[derive(Debug, Args)]
struct Demo {
    /// Where everything is written
    #[arg(long, default_value = "passerelle-demo")]
    dir: PathBuf,
    /// Address to serve; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Start over instead of keeping what is there
    #[arg(long)]
    reset: bool,
}

#[derive(Debug, Args)]
struct DemoToken {
    /// Where the demonstration is
    #[arg(long, default_value = "passerelle-demo")]
    dir: PathBuf,
    /// Whose record
    #[arg(long, value_name = "SYSTEM|INS")]
    ins: String,
    /// As what
    #[arg(long, default_value = "holder", value_parser = ["holder", "legal_representative", "caregiver"])]
    role: String,
    /// Who acts, where it is not the holder
    #[arg(long, default_value = "Jeanne Demonstration")]
    name: String,
    /// His account at the portal
    #[arg(long, default_value = "compte-1")]
    sub: String,
}

#[derive(Debug, Args)]
struct Config {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Cda {
    /// Judge documents as the server would at deposit
    #[command(after_help = "Example:\n  passerelle cda check --mode strict letter.xml report.xml")]
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// How the profiles are enforced
        #[arg(long, value_enum, default_value_t = Mode::Guide)]
        mode: Mode,
        /// Which identifiers of patients are accepted
        #[arg(long, value_enum, default_value_t = World::Test)]
        environment: World,
        /// Documents
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the DMP metadata that the header gives, as JSON
    #[command(after_help = "Example:\n  passerelle cda metadata letter.xml")]
    Metadata {
        /// Document
        file: PathBuf,
    },
    /// Print a document as a page of HTML: no script, nothing fetched
    #[command(after_help = "Example:\n  passerelle cda render letter.xml > letter.html")]
    Render {
        /// Document
        file: PathBuf,
    },
    /// Make a CDA document of level 1 out of a file and a DocumentReference
    #[command(
        after_help = "Example:\n  passerelle cda wrap result.pdf --metadata result.json --output result.xml"
    )]
    Wrap {
        /// PDF, text, RTF, JPEG or TIFF
        file: PathBuf,
        /// DocumentReference (JSON): type, patient, authors, structure, context
        #[arg(long, value_name = "META.json")]
        metadata: PathBuf,
        /// Where to write; standard output without it
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// How the profiles are enforced
        #[arg(long, value_enum, default_value_t = Mode::Guide)]
        mode: Mode,
        /// Which identifiers of patients are accepted
        #[arg(long, value_enum, default_value_t = World::Test)]
        environment: World,
    },
}

#[derive(Debug, Subcommand)]
enum Matrix {
    /// Say whether a profession may consult a type, and which layer and row decide
    #[command(after_help = "Example:\n  passerelle matrix explain --type 11502-2 --profession 60")]
    Explain {
        /// Type code (JDV_J66)
        #[arg(long = "type", value_name = "CODE")]
        type_code: String,
        /// Profession code (TRE_G15)
        #[arg(long, value_name = "CODE")]
        profession: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Card {
    /// Print what the server reads from a certificate; no decision of trust
    #[command(after_help = "Example:\n  passerelle card inspect --json medecin.pem")]
    Inspect {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Certificate (PEM)
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Check the chains of the journal
    #[command(after_help = "Example:\n  passerelle audit verify --config passerelle.toml")]
    Verify(Config),
}

#[derive(Debug, Subcommand)]
enum Policy {
    /// Say how an act is decided, rule by rule; the journal of the record keeps that it was asked
    #[command(
        after_help = "Example:\n  passerelle policy explain --config passerelle.toml --as medecin.pem --ins 'urn:oid:1.2.250.1.213.1.4.10|279036990100166'"
    )]
    Explain {
        /// Configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        #[command(flatten)]
        question: policy::Question,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// Accept what the official examples do, and warn
    Guide,
    /// Enforce the profiles
    Strict,
}

impl From<Mode> for Validation {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Guide => Self::Guide,
            Mode::Strict => Self::Strict,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum World {
    /// Test cards and patients
    Test,
    /// Real ones
    Production,
}

impl From<World> for Environment {
    fn from(world: World) -> Self {
        match world {
            World::Test => Self::Test,
            World::Production => Self::Production,
        }
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let command = Cli::parse().command;
    std::panic::catch_unwind(|| dispatch(command)).unwrap_or(ExitCode::from(INTERNAL))
}

fn dispatch(command: Command) -> ExitCode {
    match command {
        Command::Serve(Config { config }) => serve::run(&config),
        Command::CheckConfig(Config { config }) => check_config::run(&config),
        Command::Demo(Demo { dir, listen, reset }) => demo::run(&dir, listen, reset),
        Command::DemoToken(of) => {
            let bearer = demo::portal::Bearer {
                ins: &of.ins,
                role: &of.role,
                name: (of.role != "holder").then_some(&*of.name),
                sub: &of.sub,
            };
            demo::token(&of.dir, &bearer)
        }
        Command::Cda(Cda::Check {
            json,
            mode,
            environment,
            files,
        }) => ExitCode::from(cda::check(&files, json, mode.into(), environment.into())),
        Command::Cda(Cda::Metadata { file }) => ExitCode::from(cda::metadata(&file)),
        Command::Cda(Cda::Render { file }) => ExitCode::from(cda::render(&file)),
        Command::Cda(Cda::Wrap {
            file,
            metadata,
            output,
            mode,
            environment,
        }) => ExitCode::from(cda::wrap(&cda::Wrap {
            file,
            metadata,
            output,
            mode: mode.into(),
            environment: environment.into(),
        })),
        Command::Matrix(Matrix::Explain {
            type_code,
            profession,
            json,
        }) => {
            let (text, _) = matrix::explain(&Tables::built_in(), &type_code, &profession, json);
            print!("{text}");
            ExitCode::from(GOOD)
        }
        Command::Card(Card::Inspect { json, file }) => card::inspect(&file, json),
        Command::Policy(Policy::Explain { config, question }) => match settings(&config) {
            Ok(settings) => policy::explain(&settings, &question),
            Err(code) => code,
        },
        Command::Audit(Audit::Verify(Config { config })) => match settings(&config) {
            Ok(settings) => audit::verify(&settings),
            Err(code) => code,
        },
    }
}

/// Reads the configuration, or tells every problem and gives the exit code.
///
/// # Errors
/// [`USAGE`].
pub fn settings(config: &Path) -> Result<Settings, ExitCode> {
    // A variable that is not Unicode can't be one of ours.
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Settings::load(config, env).map_err(|problems| tell(&problems))
}

/// One line per problem on standard error.
pub fn tell(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        eprintln!("{problem}");
    }
    ExitCode::from(USAGE)
}
