//! `passerelle serve`: everything that must be there before the first connection, then the server until a signal.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{GOOD, INTERNAL, settings, tell};
use crate::edge::{self, App, Listening, Pages, log, tls::Acceptor};
use crate::identity::portal::Portals;
use crate::notify::Notifier;
use crate::settings::{Problem, Settings};
use crate::store::Store;
use crate::tables::Tables;

/// Serves the configuration in this file.
pub fn run(config: &Path) -> ExitCode {
    match settings(config) {
        Ok(settings) => serve(settings, |_| {}),
        Err(code) => code,
    }
}

/// Serves these settings. `ready` is called after the ready line is printed, with the settings as they are served.
pub fn serve(settings: Settings, ready: impl FnOnce(&Settings)) -> ExitCode {
    log::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::from(INTERNAL);
        }
    };
    match runtime.block_on(until_signal(settings, ready)) {
        Ok(()) => ExitCode::from(GOOD),
        Err(problems) => tell(&problems),
    }
}

async fn until_signal(
    mut settings: Settings,
    ready: impl FnOnce(&Settings),
) -> Result<(), Vec<Problem>> {
    let Parts {
        tables,
        acceptor,
        portals,
        pages,
        notifier,
    } = parts(&settings)?;
    let listening = Listening::bind(&mut settings)
        .await
        .map_err(|(key, error)| {
            vec![Problem::new(
                key,
                format!("cannot be bound ({error})"),
                "stop what listens there, or choose another address",
            )]
        })?;
    for warning in acceptor.warnings() {
        tracing::warn!("{warning}");
    }
    let stop = stop_signal().map_err(|error| {
        vec![Problem::new(
            "signals",
            error.to_string(),
            "run on a system with signals",
        )]
    })?;
    let store = Store::open(&settings.database.url, edge::render(&settings, &tables))
        .await
        .map_err(|error| vec![database(&error.to_string())])?;

    let served = settings.clone();
    let app = App::new(settings, tables, store, acceptor, portals, pages)
        .map_err(|error| vec![Problem::new("metrics", error.to_string(), "report it")])?
        .telling(notifier);
    // The sockets are bound: a client that reads this line gets in.
    println!("ready https://{}/fhir", served.server.listen);
    let _ = std::io::stdout().flush();
    ready(&served);
    tracing::info!(
        listen = %served.server.listen,
        admin = served.server.admin_listen.map(tracing::field::display),
        "ready"
    );
    edge::serve(listening, app, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// What is read from the files that the configuration names.
pub(super) struct Parts {
    pub(super) tables: Arc<Tables>,
    pub(super) acceptor: Acceptor,
    pub(super) portals: Portals,
    pub(super) pages: Pages,
    pub(super) notifier: Notifier,
}

/// Reads them all, and tells every problem at once.
pub(super) fn parts(settings: &Settings) -> Result<Parts, Vec<Problem>> {
    let mut problems = Vec::new();
    let tables = Tables::load(&settings.dmp, settings.dmp.mappings.as_deref())
        .map_err(|wrong| problems.extend(wrong.iter().map(|text| table(settings, text))))
        .ok();
    let acceptor = Acceptor::new(settings)
        .map_err(|wrong| problems.extend(wrong.iter().map(|text| sentence(text))))
        .ok();
    let portals = Portals::load(
        &settings.identity.patient_portals,
        settings.identity.environment,
        settings.fhir.validation,
    )
    .map_err(|wrong| problems.extend(wrong.iter().map(|text| sentence(text))))
    .ok();
    let pages = pages(settings)
        .map_err(|wrong| {
            // The door reads the same file: one of the two tells it.
            if problems.iter().all(|problem| problem.key != wrong.key) {
                problems.push(wrong);
            }
        })
        .ok();
    let notifier = Notifier::new(&settings.notifications)
        .map_err(|wrong| problems.extend(wrong))
        .ok();
    match (tables, acceptor, portals, pages, notifier) {
        (Some(tables), Some(acceptor), Some(portals), Some(pages), Some(notifier))
            if problems.is_empty() =>
        {
            Ok(Parts {
                tables: Arc::new(tables),
                acceptor,
                portals,
                pages,
                notifier,
            })
        }
        _ => Err(problems),
    }
}

/// What a table has wrong, under the key that names its file.
fn table(settings: &Settings, text: &str) -> Problem {
    let names = |path: &PathBuf| text.starts_with(&*path.to_string_lossy());
    let key = if settings.dmp.matrix.iter().any(names) {
        "dmp.matrix"
    } else if text.starts_with("dmp.contested_groups") {
        "dmp.contested_groups"
    } else {
        "dmp.mappings"
    };
    Problem::new(
        key,
        text.trim_end_matches('.'),
        "correct the table, or go back to the built-in one",
    )
}

fn pages(settings: &Settings) -> Result<Pages, Problem> {
    const KEY: &str = "tls.private_key";
    let unusable = |why: String| Problem::new(KEY, why, cure(KEY));
    let key = std::fs::read(&settings.tls.private_key)
        .map_err(|error| unusable(format!("cannot be read ({error})")))?;
    Pages::new(&key).map_err(|_| unusable("cannot be used".to_owned()))
}

/// `key: what is wrong; what to do`, as rooms without settings tell it.
fn sentence(text: &str) -> Problem {
    let (key, rest) = text.split_once(": ").unwrap_or(("configuration", text));
    let (message, cure) = rest.rsplit_once("; ").unwrap_or((rest, cure(key)));
    Problem::new(key, message, cure)
}

/// What to do about a file that can't be used.
fn cure(key: &str) -> &'static str {
    match key {
        "tls.certificate" => "give the PEM file of the server's certificate and its issuers",
        "tls.private_key" => "give the PEM file of the key of the server's certificate",
        "identity.trust" => "give the PEM files of the accepted issuing authorities",
        "identity.crls" => "give the CRL files of these authorities, PEM or DER",
        _ => "correct it",
    }
}

/// A database that doesn't open. The text never holds the password.
pub(super) fn database(why: &str) -> Problem {
    Problem::new(
        "database.url",
        format!("cannot be opened ({why})"),
        "check the server, the path and the rights",
    )
}

/// Completes at the first SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {},
            _ = interrupt.recv() => {},
        }
    })
}
