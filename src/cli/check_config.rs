//! `passerelle check-config`: reads the configuration and everything it names, and starts nothing.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::serve::{database, parts};
use crate::cli::{GOOD, INTERNAL, settings, tell};
use crate::edge::fetch_portal_keys;
use crate::settings::Problem;
use crate::store::Store;

/// Prints each problem with its key and its cure.
pub fn run(config: &Path) -> ExitCode {
    let settings = match settings(config) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let (parts, mut problems) = match parts(&settings) {
        Ok(parts) => {
            for warning in parts.acceptor.warnings() {
                eprintln!("warning: {warning}");
            }
            (Ok(parts), Vec::new())
        }
        Err(problems) => (Err(()), problems),
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::from(INTERNAL);
    };
    if let Err(error) = runtime.block_on(Store::check(&settings.database.url)) {
        problems.push(database(&error.to_string()));
    }
    if let Ok(parts) = parts {
        let portals = &settings.identity.patient_portals;
        for (rank, why) in runtime.block_on(fetch_portal_keys(&parts.portals, portals)) {
            problems.push(Problem::new(
                format!("identity.patient_portal[{rank}].jwks"),
                format!("cannot be fetched ({why})"),
                "check the address, its certificate and jwks_ca",
            ));
        }
    }
    if problems.is_empty() {
        println!("{}: no problem", config.display());
        ExitCode::from(GOOD)
    } else {
        tell(&problems)
    }
}
