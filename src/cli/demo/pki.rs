//! A test PKI shaped like IGC-Santé, made at run time: its keys live in the demonstration's directory and nowhere else.

mod authority;
mod der;
mod files;
mod issue;
mod spec;

use std::collections::HashMap;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Crl};

use crate::dmp::context::Environment;

pub use authority::Authority;
pub use files::{PkiError, make, refresh_crl};
pub use issue::{Issued, key};
pub use spec::{Attribute, CardSpec, Issuer, Strings, Usage};

/// Roots and issuing authorities with their keys.
pub struct Pki {
    roots: Vec<Authority>,
    issuers: HashMap<Issuer, Authority>,
}

impl Pki {
    /// Makes every root and issuing authority anew.
    ///
    /// # Errors
    /// OpenSSL's own.
    pub fn new(environment: Environment) -> Result<Self, ErrorStack> {
        Self::with(environment, &Issuer::ALL)
    }

    /// Makes those issuing authorities, and their roots.
    ///
    /// # Errors
    /// OpenSSL's own.
    pub fn with(environment: Environment, issuers: &[Issuer]) -> Result<Self, ErrorStack> {
        let mut pki = Self {
            roots: Vec::new(),
            issuers: HashMap::new(),
        };
        let mut names: Vec<_> = issuers.iter().map(|issuer| issuer.root_name()).collect();
        names.sort_unstable();
        names.dedup();
        let mut keys = keys(names.len() + issuers.len())?.into_iter();
        let mut roots = HashMap::new();
        for (name, key) in names.into_iter().zip(keys.by_ref()) {
            let root = authority::root(name, environment, key)?;
            pki.roots.push(root.clone());
            roots.insert(name, root);
        }
        for (issuer, key) in issuers.iter().zip(keys) {
            if let Some(root) = roots.get(issuer.root_name()) {
                let made = authority::issuing(*issuer, environment, root, key)?;
                pki.issuers.insert(*issuer, made);
            }
        }
        Ok(pki)
    }

    /// The root certificates.
    pub fn roots(&self) -> impl Iterator<Item = &X509> {
        self.roots.iter().map(|root| &root.certificate)
    }

    /// One issuing authority.
    ///
    /// # Errors
    /// When this PKI was made without it.
    pub fn issuer(&self, issuer: Issuer) -> Result<&Authority, ErrorStack> {
        self.issuers.get(&issuer).ok_or_else(ErrorStack::get)
    }

    /// Issues a certificate with a fresh key.
    ///
    /// # Errors
    /// OpenSSL's own.
    pub fn issue(&self, spec: &CardSpec) -> Result<Issued, ErrorStack> {
        self.issue_for(spec, key()?)
    }

    /// Issues a certificate for that key.
    ///
    /// # Errors
    /// OpenSSL's own.
    pub fn issue_for(&self, spec: &CardSpec, key: PKey<Private>) -> Result<Issued, ErrorStack> {
        let certificate = issue::certificate(spec, self.issuer(spec.issuer)?, &key)?;
        Ok(Issued { certificate, key })
    }

    /// A CRL of that authority: its number, the serial numbers it revokes, and its two dates in seconds from now.
    ///
    /// # Errors
    /// OpenSSL's own.
    pub fn crl(
        &self,
        issuer: Issuer,
        number: u32,
        revoked: &[Vec<u8>],
        updates: (i64, i64),
    ) -> Result<X509Crl, ErrorStack> {
        issue::crl(self.issuer(issuer)?, number, revoked, updates)
    }
}

/// The serial number of a certificate, as CRLs name it.
///
/// # Errors
/// OpenSSL's own.
pub fn serial(certificate: &X509) -> Result<Vec<u8>, ErrorStack> {
    Ok(certificate.serial_number().to_bn()?.to_vec())
}

/// That many fresh keys, made on every core.
fn keys(count: usize) -> Result<Vec<PKey<Private>>, ErrorStack> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let share = (worker..count).step_by(threads).len();
                scope.spawn(move || (0..share).map(|_| key()).collect::<Result<Vec<_>, _>>())
            })
            .collect();
        let mut keys = Vec::with_capacity(count);
        for worker in workers {
            keys.extend(worker.join().map_err(|_| ErrorStack::get())??);
        }
        Ok(keys)
    })
}
