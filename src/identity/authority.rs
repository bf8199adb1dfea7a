//! The issuing authorities (ACI) that are trusted, and the range that each one serves.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openssl::x509::{X509, X509Ref};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::card::common_name;
use crate::dmp::context::Environment;

/// How strongly the holder was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// FORT
    Fort,
    /// STANDARD
    Standard,
    /// ELEMENTAIRE
    Elementaire,
}

/// Who the authority certifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Population {
    /// PERSONNES
    Persons,
    /// ORGANISATIONS
    Organisations,
}

/// The range ("gamme") of an issuing authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    /// FORT, STANDARD or ELEMENTAIRE.
    pub level: Level,
    /// PERSONNES or ORGANISATIONS.
    pub population: Population,
    /// Told by the word TEST.
    pub environment: Environment,
}

/// The environment that an IGC-Santé authority belongs to, told by the word TEST of its CN.
pub fn environment(common_name: &str) -> Option<Environment> {
    let mut words = common_name.split_whitespace();
    let test = words.clone().any(|word| word == "TEST");
    words.any(|word| word == "IGC-SANTE").then_some(match test {
        true => Environment::Test,
        false => Environment::Production,
    })
}

impl Range {
    /// Reads it from the CN of an issuing authority: one level word and one population word; a root (RACINE) has no population.
    pub fn from_common_name(name: &str) -> Option<Self> {
        let (mut level, mut population) = (None, None);
        for word in name.split_whitespace() {
            let (known_level, known_population) = match word {
                "FORT" => (Some(Level::Fort), None),
                "STANDARD" => (Some(Level::Standard), None),
                "ELEMENTAIRE" => (Some(Level::Elementaire), None),
                "PERSONNES" => (None, Some(Population::Persons)),
                "ORGANISATIONS" => (None, Some(Population::Organisations)),
                _ => (None, None),
            };
            if known_level.is_some() && level.is_some()
                || known_population.is_some() && population.is_some()
            {
                return None;
            }
            level = level.or(known_level);
            population = population.or(known_population);
        }
        Some(Self {
            level: level?,
            population: population?,
            environment: environment(name)?,
        })
    }
}

/// One accepted authority.
pub struct Authority {
    /// Its certificate.
    pub certificate: X509,
    /// What it may issue; None for an authority outside of IGC-Santé.
    pub range: Option<Range>,
    /// Its CN, for logs and reports.
    pub name: String,
    /// Its subject in DER, as certificates and CRLs name their issuer.
    pub subject: Vec<u8>,
    /// End of its validity, seconds since 1970.
    pub not_after: i64,
    der: Vec<u8>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// Every accepted authority.
#[derive(Debug, Default)]
pub struct Authorities {
    all: Vec<Arc<Authority>>,
    set_aside: Vec<String>,
}

impl Authorities {
    /// Reads the files of `identity.trust`. Every problem is told with its file and cure.
    pub fn load(files: &[PathBuf]) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut authorities = Self::default();
        for file in files {
            if let Err(problem) = authorities.add_file(file) {
                problems.push(format!("identity.trust: {}: {problem}", file.display()));
            }
        }
        if authorities.all.is_empty() && problems.is_empty() {
            problems.append(&mut authorities.set_aside);
            problems.push(
                "identity.trust: no issuing authority: name the PEM files of the accepted ACI"
                    .into(),
            );
        }
        if problems.is_empty() {
            Ok(authorities)
        } else {
            Err(problems)
        }
    }

    /// The authorities, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Authority>> {
        self.all.iter()
    }

    /// The accepted authority that this certificate of a verified chain is, compared by its bytes.
    pub fn find(&self, certificate: &X509Ref) -> Option<&Arc<Authority>> {
        let der = certificate.to_der().ok()?;
        self.all.iter().find(|authority| authority.der == der)
    }

    /// What the files hold that can't be an issuing authority, and was left out.
    pub fn set_aside(&self) -> &[String] {
        &self.set_aside
    }

    fn add_file(&mut self, file: &Path) -> Result<(), String> {
        let pem = std::fs::read(file).map_err(|error| format!("cannot be read ({error})"))?;
        let certificates = X509::stack_from_pem(&pem)
            .map_err(|_| "is not a PEM file of certificates".to_owned())?;
        if certificates.is_empty() {
            return Err("holds no certificate: put the accepted ACI there, in PEM".into());
        }
        for certificate in certificates {
            match Authority::new(certificate) {
                Ok(authority) => self.all.push(Arc::new(authority)),
                Err(problem) => self
                    .set_aside
                    .push(format!("identity.trust: {}: {problem}", file.display())),
            }
        }
        Ok(())
    }
}

impl Authority {
    /// Takes a certificate as issuing authority. A root is refused: what it signs could be of any range.
    pub fn new(certificate: X509) -> Result<Self, String> {
        let der = certificate.to_der().map_err(|error| error.to_string())?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| error.to_string())?;
        let name =
            common_name(parsed.subject()).unwrap_or_else(|| super::card::display(parsed.subject()));
        if !parsed.is_ca() {
            return Err(format!(
                "{name} is no authority (CA:TRUE is missing): name the ACI itself"
            ));
        }
        let range = Range::from_common_name(&name);
        if range.is_none() && parsed.subject().as_raw() == parsed.issuer().as_raw() {
            return Err(format!(
                "{name} is a root: name the issuing authorities (ACI) instead"
            ));
        }
        Ok(Self {
            range,
            subject: parsed.subject().as_raw().to_vec(),
            not_after: parsed.validity().not_after.timestamp(),
            der,
            name,
            certificate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_common_name_tell_the_range() {
        let range = |name| Range::from_common_name(name);
        assert_eq!(
            range("TEST AC IGC-SANTE FORT PERSONNES"),
            Some(Range {
                level: Level::Fort,
                population: Population::Persons,
                environment: Environment::Test
            })
        );
        assert_eq!(
            range("AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"),
            Some(Range {
                level: Level::Elementaire,
                population: Population::Organisations,
                environment: Environment::Production
            })
        );
        for nothing in [
            "TEST AC RACINE IGC-SANTE FORT",
            "TEST CLASSE-1",
            "AC IGC-SANTE FORT STANDARD PERSONNES",
            "AC IGC-SANTE FORT PERSONNES ORGANISATIONS",
            "AC-IGC-SANTE-FORT-PERSONNES",
            "AC FORT PERSONNES",
            "",
        ] {
            assert_eq!(range(nothing), None, "{nothing}");
        }
    }
}
