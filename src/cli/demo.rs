//! `passerelle demo`: a test PKI, a small world, and the server on top of them.

pub mod cards;
pub mod cda_text;
pub mod documents;
pub mod folder;
pub mod pki;
pub mod portal;
pub mod requests;
pub mod seed;
pub mod story;
pub mod world;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::serve::{database, serve};
use super::{GOOD, INTERNAL, USAGE, settings};
use crate::dmp::time::Instant;
use crate::edge;
use crate::policy::Rules;
use crate::settings::Settings;
use crate::store::Store;
use crate::tables::Tables;
use crate::translate::Reading;
use world::DemoPatient;

/// Makes what is missing under `dir`, then serves it and tells its story.
pub fn run(dir: &Path, listen: SocketAddr, reset: bool) -> ExitCode {
    if let Err((code, problem)) = make(dir, listen, reset) {
        eprintln!("{problem}");
        return ExitCode::from(code);
    }
    let mut settings = match settings(&dir.join(folder::CONFIG)) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    settings.listen_on(listen, folder::admin(listen));
    let patients = match world::patients() {
        Ok(patients) => patients,
        Err(error) => return internal(&error.to_string()),
    };
    if let Err(problem) = bring_in(&settings, &patients) {
        eprintln!("{problem}");
        return ExitCode::from(INTERNAL);
    }
    serve(settings, |served| {
        if let Err(error) = tell(dir, served, &patients) {
            eprintln!("the story can't be told: {error}");
        }
    })
}

/// Folder, configuration, cards and a current revocation list.
fn make(dir: &Path, listen: SocketAddr, reset: bool) -> Result<(), (u8, String)> {
    let usage = |error: folder::FolderError| (USAGE, format!("--dir {}: {error}", dir.display()));
    if reset {
        folder::reset(dir).map_err(usage)?;
    }
    folder::prepare(dir, listen).map_err(usage)?;
    let host = listen.ip().to_string();
    let cards = if dir.join("pki").exists() {
        pki::refresh_crl(dir).map(|_| ())
    } else {
        pki::make(dir, &[&host])
    };
    cards.map_err(|error| (INTERNAL, format!("pki: {error}")))?;
    portal::make(dir).map_err(|error| (INTERNAL, format!("portal: {error}")))
}

/// Prints a token of the demonstration's portal.
pub fn token(dir: &Path, bearer: &portal::Bearer) -> ExitCode {
    match portal::token(dir, bearer) {
        Ok(token) => {
            println!("{token}");
            ExitCode::from(GOOD)
        }
        Err(error) => {
            eprintln!(
                "--dir {}: no key of a portal there ({error})",
                dir.display()
            );
            ExitCode::from(USAGE)
        }
    }
}

/// The fictional world, by the same road as any deposit.
fn bring_in(settings: &Settings, patients: &[DemoPatient]) -> Result<(), String> {
    let tables = Tables::load(&settings.dmp, settings.dmp.mappings.as_deref())
        .map_err(|wrong| wrong.join("\n"))?;
    let tables = Arc::new(tables);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let render = edge::render(settings, &tables);
        let store = Store::open(&settings.database.url, render)
            .await
            .map_err(|error| database(&error.to_string()).to_string())?;
        let rules = Rules {
            tables: Arc::clone(&tables),
            age_of_majority: settings.dmp.age_of_majority,
            late_invisibility: settings.dmp.allow_late_invisibility,
        };
        let seed = seed::Seed {
            store: &store,
            rules: &rules,
            reading: Reading {
                tables: &tables,
                environment: settings.identity.environment,
                validation: settings.fhir.validation,
                base_url: &settings.server.base_url,
            },
            authorisation_months: settings.dmp.authorisation_months,
        };
        let brought = seed
            .bring_in(patients)
            .await
            .map_err(|error| format!("demo world: {error}"));
        store.close().await;
        brought.map(|_| ())
    })
}

/// Writes the bodies that the story sends, and prints its lines.
fn tell(dir: &Path, served: &Settings, patients: &[DemoPatient]) -> std::io::Result<()> {
    let now = Instant::now();
    let (Some(patient), Some(card)) = (patients.get(world::STORY), cards::card("medecin2")) else {
        return Ok(());
    };
    folder::write(
        &dir.join(story::CONSENT),
        &requests::consent(patient, card, now).to_string(),
    )?;
    if let Some(deposit) = requests::deposit(patient, "biologiste", now) {
        folder::write(&dir.join(story::DEPOSIT), &deposit.to_string())?;
    }
    let binary = std::env::args()
        .next()
        .unwrap_or_else(|| "passerelle".to_owned());
    let mut out = std::io::stdout().lock();
    for step in story::story(
        dir,
        &served.server.base_url,
        &binary,
        patients,
        &Tables::built_in(),
    ) {
        // Not println!, which panics when whoever waited for the ready line closed the pipe.
        writeln!(out, "\n# {}\n{}", step.says, step.line)?;
    }
    out.flush()
}

fn internal(problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::from(INTERNAL)
}
