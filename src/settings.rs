//! Every setting, its default and its environment name (`PASSERELLE_SERVER__LISTEN` for `server.listen`).

mod notifications;
mod origin;
mod problem;
mod read;
mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::dmp::context::{Environment, Validation};
use crate::dmp::national_id::{PsIdNat, StructIdNat};

pub use notifications::{Mail, Notifications, Webhook};
pub use origin::Origin;
pub use problem::Problem;

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[server]`
    pub server: Server,
    /// `[tls]`
    pub tls: Tls,
    /// `[identity]`
    pub identity: Identity,
    /// `[database]`
    pub database: Database,
    /// `[fhir]`
    pub fhir: Fhir,
    /// `[dmp]`
    pub dmp: Dmp,
    /// `[notifications]`
    pub notifications: Notifications,
}

impl Settings {
    /// Listens elsewhere than the file says; a base URL that follows the listener follows.
    pub fn listen_on(&mut self, listen: SocketAddr, admin: Option<SocketAddr>) {
        let default = Server::default_base_url(self.server.listen);
        if self.server.base_url == default {
            self.server.base_url = Server::default_base_url(listen);
        }
        self.server.listen = listen;
        self.server.admin_listen = admin;
    }

    /// Reads a configuration file, then what the environment overrides. Relative paths start at the file.
    ///
    /// # Errors
    /// Every problem at once, each with its key and its cure.
    pub fn load(
        path: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Problem>> {
        let file = |message: &str, cure: &str| {
            vec![Problem::new(path.display().to_string(), message, cure)]
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            file(
                &format!("cannot be read ({error})"),
                "give a configuration file with --config",
            )
        })?;
        let folder = std::path::absolute(path)
            .ok()
            .and_then(|absolute| absolute.parent().map(Path::to_path_buf))
            .ok_or_else(|| file("has no folder", "give the path of a file"))?;
        let table = text
            .parse::<toml::Table>()
            .map_err(|error| vec![source::syntax(path, &text, &error)])?;

        let mut problems = Vec::new();
        let values = source::flatten(table, env, &mut problems);
        let settings = read::settings(&mut read::Reader::new(values, &folder, &mut problems));
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// Address of the TLS listener.
    pub listen: SocketAddr,
    /// What links and `Location` start with; no slash at the end.
    pub base_url: String,
    /// Plain HTTP for health and metrics; None when off.
    pub admin_listen: Option<SocketAddr>,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Longest time for one request.
    pub request_timeout: Duration,
    /// Origins whose pages may read answers; none by default.
    pub cors_origins: Vec<Origin>,
}

impl Server {
    /// The base URL of a listener when none is configured.
    pub fn default_base_url(listen: SocketAddr) -> String {
        let ip = listen.ip();
        if ip.is_unspecified() {
            format!("https://localhost:{}/fhir", listen.port())
        } else {
            format!("https://{listen}/fhir")
        }
    }
}

/// `[tls]`
#[derive(Debug, Clone)]
pub struct Tls {
    /// Server certificate and its issuers, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub private_key: PathBuf,
}

/// What to do without a current CRL of the issuing authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// Refuse.
    Required,
    /// Accept when no CRL of that authority was ever loaded.
    IfAvailable,
}

/// `[identity]`
#[derive(Debug, Clone)]
pub struct Identity {
    /// Accepted issuing authorities (ACI), PEM.
    pub trust: Vec<PathBuf>,
    /// CRLs, PEM or DER; reloaded when the files change.
    pub crls: Vec<PathBuf>,
    /// Policy without CRL.
    pub revocation: Revocation,
    /// Which cards and INS authorities are accepted.
    pub environment: Environment,
    /// `[[identity.patient_portal]]`: who may act for patients.
    pub patient_portals: Vec<PatientPortal>,
}

/// `[[identity.patient_portal]]`
#[derive(Debug, Clone)]
pub struct PatientPortal {
    /// `iss` of its tokens.
    pub issuer: String,
    /// `aud` of its tokens.
    pub audience: String,
    /// Key set: a file.
    pub jwks: String,
    /// Authorities that the server of an https address is trusted by, PEM; None for the system\'s.
    pub jwks_ca: Option<PathBuf>,
    /// Establishments whose certificates may carry such tokens.
    pub clients: Vec<StructIdNat>,
}

/// `[database]`
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite:FILE` (made absolute) or `postgres://…`.
    pub url: String,
}

/// `[fhir]`
#[derive(Debug, Clone)]
pub struct Fhir {
    /// Guide or strict.
    pub validation: Validation,
}

/// `[dmp]`
#[derive(Debug, Clone)]
pub struct Dmp {
    /// Structures that may open and administer records.
    pub operators: Vec<StructIdNat>,
    /// Médecins who may use mode `centre_15`.
    pub regulators: Vec<PsIdNat>,
    /// Folder whose tables replace the built-in ones of the same name.
    pub mappings: Option<PathBuf>,
    /// Matrix layers as CSV files, base first; empty for the built-in ones.
    pub matrix: Vec<PathBuf>,
    /// The stricter June 2025 layer.
    pub seed_overlay: bool,
    /// Contested groups (41, 99 + GENR08..12).
    pub contested_groups: bool,
    /// Months that a declared authorisation lasts.
    pub authorisation_months: u32,
    /// Age of majority, years.
    pub age_of_majority: u8,
    /// Invisibility may be set after the deposit (decision X12).
    pub allow_late_invisibility: bool,
}
