//! The folder of the demonstration: its configuration, and what a reset removes.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::portal::{AUDIENCE, ISSUER, JWKS};
use super::story::{CONSENT, DEPOSIT};

/// The configuration file.
pub const CONFIG: &str = "passerelle.toml";
/// First line of a configuration that a demonstration wrote: a reset touches no other folder.
const MARK: &str = "# Written by `passerelle demo`; yours to change.";
/// Database files.
const DATABASE: [&str; 3] = ["passerelle.db", "passerelle.db-wal", "passerelle.db-shm"];

/// Why the folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A configuration that is not ours.
    #[error(
        "{CONFIG} in it was not written by `passerelle demo`: choose another folder with --dir"
    )]
    Foreign,
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Makes the folder when it is not there, and its configuration; keeps what is there.
///
/// # Errors
/// [`FolderError`].
pub fn prepare(dir: &Path, listen: SocketAddr) -> Result<(), FolderError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    if !is_ours(dir)? {
        write(&dir.join(CONFIG), &config(listen))?;
    }
    Ok(())
}

/// Removes what a demonstration made, and nothing else.
///
/// # Errors
/// [`FolderError`].
pub fn reset(dir: &Path) -> Result<(), FolderError> {
    if !is_ours(dir)? {
        return Ok(());
    }
    absent_is_fine(fs::remove_dir_all(dir.join("pki")))?;
    // The configuration last, so that an interrupted reset can be run again.
    for name in [CONSENT, DEPOSIT]
        .into_iter()
        .chain(DATABASE)
        .chain([CONFIG])
    {
        absent_is_fine(fs::remove_file(dir.join(name)))?;
    }
    Ok(())
}

fn absent_is_fine(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Writes a file that only its owner reads.
///
/// # Errors
/// What the system said.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

/// True when there is a configuration of ours; false when there is none.
fn is_ours(dir: &Path) -> Result<bool, FolderError> {
    match fs::read_to_string(dir.join(CONFIG)) {
        Ok(text) if text.starts_with(MARK) => Ok(true),
        Ok(_) => Err(FolderError::Foreign),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Where health and metrics are served: a thousand ports above, or any port when the listener takes any.
pub fn admin(listen: SocketAddr) -> Option<SocketAddr> {
    let port = match listen.port() {
        0 => Some(0),
        port => port.checked_add(1000),
    };
    port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
}

fn config(listen: SocketAddr) -> String {
    let admin = admin(listen).map_or(String::new(), |admin| admin.to_string());
    format!(
        r#"{MARK}
# Paths are relative to this file. Each key can come from the environment: PASSERELLE_SERVER__LISTEN for server.listen.

[server]
listen = "{listen}"
# base_url = "https://{listen}/fhir"     # what links start with; follows listen when it is not set
admin_listen = "{admin}"          # plain HTTP, never exposed: /health/live /health/ready /metrics; empty = off
max_body_bytes = 20971520
request_timeout_seconds = 30

[tls]
certificate = "pki/server.pem"
private_key = "pki/server.key"

[identity]
trust = ["pki/trust.pem"]                # the issuing authorities
crls = ["pki/crl.pem"]                   # read again when they change
revocation = "required"                  # or "if-available"
environment = "test"                     # test cards and test patients; never real ones

[database]
url = "sqlite:passerelle.db"             # or postgres://user:password@host/db

[fhir]
validation = "guide"                     # or "strict"

[dmp]
operators = ["10B0000001"]               # the structure of pki/exploitant.pem
regulators = ["899900000099"]            # the holder of pki/regulateur.pem
matrix = []                              # built in; else CSV files, base first
seed_overlay = true
contested_groups = false
authorisation_months = 12
age_of_majority = 18
allow_late_invisibility = false

[[identity.patient_portal]]              # who may act for patients: see `passerelle demo-token`
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
jwks = "{JWKS}"
clients = ["10B0000001"]                 # the structure of pki/exploitant.pem carries its tokens
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 8443))
    }

    #[test]
    fn a_folder_is_made_once_and_kept() {
        let root = tempfile::tempdir().expect("folder");
        let dir = root.path().join("demo");
        prepare(&dir, listen()).expect("made");
        let config = dir.join(CONFIG);
        let text = fs::read_to_string(&config).expect("configuration");
        text.parse::<toml::Table>().expect("TOML");
        fs::write(&config, format!("{text}\n# mine\n")).expect("written");
        prepare(&dir, listen()).expect("kept");
        assert!(
            fs::read_to_string(&config)
                .expect("still there")
                .ends_with("# mine\n")
        );
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&config)), (0o700, 0o600));
    }

    #[test]
    fn a_reset_removes_what_the_demonstration_made_and_nothing_else() {
        let root = tempfile::tempdir().expect("folder");
        let dir = root.path();
        prepare(dir, listen()).expect("made");
        fs::create_dir(dir.join("pki")).expect("pki");
        for name in ["passerelle.db", "pki/medecin.pem", "notes.txt"] {
            fs::write(dir.join(name), "x").expect("written");
        }
        reset(dir).expect("reset");
        reset(dir).expect("nothing left to remove");
        let left: Vec<_> = fs::read_dir(dir)
            .expect("folder")
            .map(|entry| entry.expect("entry").file_name())
            .collect();
        assert_eq!(left, ["notes.txt"]);
    }

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let root = tempfile::tempdir().expect("folder");
        fs::write(root.path().join(CONFIG), "[server]\n").expect("written");
        fs::write(root.path().join("passerelle.db"), "precious").expect("written");
        assert!(matches!(
            prepare(root.path(), listen()),
            Err(FolderError::Foreign)
        ));
        assert!(matches!(reset(root.path()), Err(FolderError::Foreign)));
        assert!(root.path().join("passerelle.db").exists());
    }
}
