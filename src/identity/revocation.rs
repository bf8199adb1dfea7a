//! Which certificates are revoked: the CRLs of the accepted authorities, kept in memory and read again when their files change.
//!
//! Without a current CRL the answer depends on `identity.revocation`. `required` refuses, and leaves no grace after `nextUpdate`: the
//! authority publishes daily with several days of validity, so whoever fetches in time never meets the limit.
//! `if-available` goes on with what was last known. What the CRL in force revokes is refused in both, current or not.

mod list;
mod watch;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;

use super::authority::{Authorities, Authority};
use super::refusal::Refusal;
use super::watched::Watched;
use crate::settings::{Identity, Revocation as Policy};
use list::List;

/// Largest CRL file: half a million entries take 25 MB.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The CRLs in force, by the subject of their authority.
type InForce = HashMap<Vec<u8>, Arc<List>>;

/// The CRLs of the accepted authorities.
#[derive(Debug)]
pub struct Revocation {
    policy: Policy,
    authorities: Arc<Authorities>,
    in_force: RwLock<Arc<InForce>>,
    files: Mutex<Vec<Watched>>,
}

/// How the CRL of one authority stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// CN of the authority.
    pub authority: String,
    /// When its CRL has to be replaced; None when there is none.
    pub next_update: Option<Timestamp>,
    /// How many certificates it revokes.
    pub revoked: usize,
}

impl Revocation {
    /// Reads the files of `identity.crls`.
    ///
    /// # Errors
    /// Every file that can't be used, with its cure. A CRL that is out of date is no error here: see [`Self::warnings`].
    pub fn load(settings: &Identity, authorities: Arc<Authorities>) -> Result<Self, Vec<String>> {
        let revocation = Self {
            policy: settings.revocation,
            authorities,
            in_force: RwLock::default(),
            files: Mutex::new(Watched::all(&settings.crls)),
        };
        let problems = revocation.reload();
        if problems.is_empty() {
            Ok(revocation)
        } else {
            Err(problems)
        }
    }

    /// Whether a certificate of that authority may still be accepted. Asked in the handshake and at every request.
    ///
    /// # Errors
    /// [`Refusal::Revoked`]; with `required` also [`Refusal::NoCrl`] and [`Refusal::StaleCrl`].
    pub fn check(
        &self,
        authority: &Authority,
        serial: &[u8],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let in_force = self.in_force();
        let list = in_force.get(&authority.subject);
        if list.is_some_and(|list| list.revokes(serial)) {
            return Err(Refusal::Revoked);
        }
        match (self.policy, list) {
            (Policy::Required, None) => Err(Refusal::NoCrl),
            (Policy::Required, Some(list)) if list.next_update < now => Err(Refusal::StaleCrl),
            _ => Ok(()),
        }
    }

    /// How every authority's CRL stands, in the order of the trust files.
    pub fn standings(&self) -> Vec<Standing> {
        let in_force = self.in_force();
        self.authorities
            .iter()
            .map(|authority| {
                let list = in_force.get(&authority.subject);
                Standing {
                    authority: authority.name.clone(),
                    next_update: list.map(|list| list.next_update),
                    revoked: list.map_or(0, |list| list.len()),
                }
            })
            .collect()
    }

    /// What will make `required` refuse cards now, with its cure.
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        if self.policy != Policy::Required {
            return Vec::new();
        }
        let warning = |standing: Standing| match standing.next_update {
            None => Some(format!(
                "identity.crls: no CRL of {}: its cards will be refused; add the file, or set identity.revocation",
                standing.authority
            )),
            Some(next) if next < now => Some(format!(
                "identity.crls: the CRL of {} was to be replaced on {next}: its cards are refused; fetch the new one",
                standing.authority
            )),
            Some(_) => None,
        };
        self.standings().into_iter().filter_map(warning).collect()
    }

    /// Reads the files that changed since the last time. Each good CRL replaces its elder at once; a bad one leaves the elder in
    /// force and is told.
    pub fn reload(&self) -> Vec<String> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut problems = Vec::new();
        for file in files.iter_mut().filter_map(Watched::changed) {
            let read = self.read_file(&file);
            problems.extend(
                read.into_iter()
                    .map(|problem| format!("identity.crls: {}: {problem}", file.display())),
            );
        }
        problems
    }

    fn read_file(&self, file: &Path) -> Vec<String> {
        let bytes = match read_bounded(file) {
            Ok(bytes) => bytes,
            Err(error) => return vec![format!("cannot be read ({error})")],
        };
        match list::split(&bytes) {
            Ok(ders) => ders.iter().filter_map(|der| self.take(der).err()).collect(),
            Err(problem) => vec![problem.into()],
        }
    }

    /// Puts one CRL in force. Those of authorities that are not accepted (the roots') are left aside.
    fn take(&self, der: &[u8]) -> Result<(), String> {
        let Some(list) = List::read(der, &self.authorities)? else {
            return Ok(());
        };
        let mut in_force = self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(elder) = in_force.get(&list.issuer)
            && list.is_older_than(elder)
        {
            return Err(format!(
                "the CRL of {} is older than the one in force, which stays",
                list.authority
            ));
        }
        let mut next = InForce::clone(&in_force);
        next.insert(list.issuer.clone(), Arc::new(list));
        *in_force = Arc::new(next);
        Ok(())
    }

    fn in_force(&self) -> Arc<InForce> {
        let guard = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&guard)
    }
}

fn read_bounded(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(std::io::Error::other("too large for a CRL"));
    }
    Ok(bytes)
}
