//! The PKI of the demonstration as files.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Crl};

use super::authority::Authority;
use super::spec::{CardSpec, Issuer};
use super::{Issued, Pki, issue, keys, serial};
use crate::cli::demo::cards::{CARDS, DemoCard, EXPLOITANT, Standing};
use crate::dmp::context::Environment;

/// A CRL of the demonstration lasts a month, and is remade when less than a week of it is left.
const CRL_LASTS: i64 = 30 * 86_400;
const CRL_REMADE_BEFORE: i64 = 7 * 86_400;

/// Why the files could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file or directory.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// OpenSSL's own.
    #[error("OpenSSL: {0}")]
    Openssl(#[from] ErrorStack),
}

/// Makes `DIR/pki` whole or not at all: authorities, server, trust, CRLs and one certificate with its key for each of the
/// demonstration's cards. The server answers to `localhost`, `127.0.0.1`, `::1` and `hosts`. An older `DIR/pki` is replaced.
///
/// # Errors
/// [`PkiError`].
pub fn make(dir: &Path, hosts: &[&str]) -> Result<(), PkiError> {
    let (made, kept) = (dir.join("pki.new"), dir.join("pki"));
    remove(&made)?;
    let issuers = made.join("authorities");
    fs::create_dir_all(&issuers).map_err(|error| PkiError::File(issuers.clone(), error))?;

    let pki = Pki::with(Environment::Test, &Issuer::TRUSTED)?;
    let mut names = vec!["localhost", "127.0.0.1", "::1"];
    names.extend(
        hosts
            .iter()
            .filter(|host| !names.contains(*host))
            .copied()
            .collect::<Vec<_>>(),
    );
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let mut keys = keys(CARDS.len() + 1)?.into_iter();
    let mut revoked = Vec::new();
    for (card, key) in CARDS.iter().zip(keys.by_ref()) {
        let issued = write_card(&made, &pki, card, key)?;
        if card.standing == Standing::Revoked {
            revoked.push((CardSpec::of(card).issuer, serial(&issued.certificate)?));
        }
    }
    for key in keys {
        let spec = CardSpec::server(EXPLOITANT.id, EXPLOITANT.name, &names);
        let issued = pki.issue_for(&spec, key)?;
        write_issued(&made, "server", &issued, pki.issuer(spec.issuer)?)?;
    }

    let roots: Vec<X509> = pki.roots().cloned().collect();
    write(&made.join("ca.pem"), &pems(&roots)?, false)?;
    let mut trust = Vec::new();
    let mut crls = Vec::new();
    for issuer in Issuer::TRUSTED {
        let authority = pki.issuer(issuer)?;
        trust.push(authority.certificate.clone());
        write_issued(
            &issuers,
            authority.short_name,
            &Issued {
                certificate: authority.certificate.clone(),
                key: authority.key.clone(),
            },
            authority,
        )?;
        let serials: Vec<Vec<u8>> = revoked
            .iter()
            .filter(|(of, _)| *of == issuer)
            .map(|(_, serial)| serial.clone())
            .collect();
        crls.extend(
            pki.crl(issuer, 1, &serials, (-3_600, CRL_LASTS))?
                .to_pem()?,
        );
    }
    write(&made.join("trust.pem"), &pems(&trust)?, false)?;
    write(&made.join("crl.pem"), &crls, false)?;

    remove(&kept)?;
    fs::rename(&made, &kept).map_err(|error| PkiError::File(kept, error))
}

/// Remakes `DIR/pki/crl.pem` with the same entries when it is about to end. True when it did.
///
/// # Errors
/// [`PkiError`]; also when the files of `DIR/pki` are not those of [`make`].
pub fn refresh_crl(dir: &Path) -> Result<bool, PkiError> {
    let pki = dir.join("pki");
    let file = pki.join("crl.pem");
    let elders = split_crls(&read(&file)?)?;
    let soon = issue::moment(CRL_REMADE_BEFORE)?;
    let lasting = elders.len() == Issuer::TRUSTED.len()
        && elders
            .iter()
            .all(|crl| crl.next_update().is_some_and(|next| *next > *soon));
    if lasting {
        return Ok(false);
    }
    // Seconds since 1970 only grow: no need to read the number of the elder.
    let number = u32::try_from(jiff::Timestamp::now().as_second()).unwrap_or(u32::MAX);
    let mut crls = Vec::new();
    for issuer in Issuer::TRUSTED {
        let authority = read_authority(&pki.join("authorities"), issuer)?;
        let subject = authority.certificate.subject_name().to_der()?;
        let mut serials = Vec::new();
        for elder in &elders {
            if elder.issuer_name().to_der()? == subject {
                for entry in elder.get_revoked().into_iter().flatten() {
                    serials.push(entry.serial_number().to_bn()?.to_vec());
                }
            }
        }
        crls.extend(issue::crl(&authority, number, &serials, (-60, CRL_LASTS))?.to_pem()?);
    }
    let new = pki.join("crl.pem.new");
    write(&new, &crls, false)?;
    fs::rename(&new, &file).map_err(|error| PkiError::File(file, error))?;
    Ok(true)
}

fn write_card(
    dir: &Path,
    pki: &Pki,
    card: &DemoCard,
    key: PKey<Private>,
) -> Result<Issued, PkiError> {
    let spec = CardSpec::of(card);
    let issued = pki.issue_for(&spec, key)?;
    write_issued(dir, card.file, &issued, pki.issuer(spec.issuer)?)?;
    Ok(issued)
}

/// `NAME.pem` (the certificate, then its authority) and `NAME.key`.
fn write_issued(
    dir: &Path,
    name: &str,
    issued: &Issued,
    authority: &Authority,
) -> Result<(), PkiError> {
    let mut chain = vec![issued.certificate.clone()];
    if authority.certificate.to_der()? != issued.certificate.to_der()? {
        chain.push(authority.certificate.clone());
    }
    write(&dir.join(format!("{name}.pem")), &pems(&chain)?, false)?;
    let key = issued.key.private_key_to_pem_pkcs8()?;
    write(&dir.join(format!("{name}.key")), &key, true)
}

fn read_authority(dir: &Path, issuer: Issuer) -> Result<Authority, PkiError> {
    let short_name = issuer.short_name();
    let certificate = X509::from_pem(&read(&dir.join(format!("{short_name}.pem")))?)?;
    let key = PKey::private_key_from_pem(&read(&dir.join(format!("{short_name}.key")))?)?;
    Ok(Authority {
        certificate,
        key,
        short_name,
    })
}

fn split_crls(pem: &[u8]) -> Result<Vec<X509Crl>, PkiError> {
    const END: &str = "-----END X509 CRL-----";
    let text = String::from_utf8_lossy(pem);
    let crls: Result<Vec<_>, _> = text
        .split_inclusive(END)
        .filter(|block| block.contains(END))
        .map(|block| X509Crl::from_pem(block.as_bytes()))
        .collect();
    Ok(crls?)
}

fn pems(certificates: &[X509]) -> Result<Vec<u8>, ErrorStack> {
    let mut pem = Vec::new();
    for certificate in certificates {
        pem.extend(certificate.to_pem()?);
    }
    Ok(pem)
}

fn read(file: &Path) -> Result<Vec<u8>, PkiError> {
    fs::read(file).map_err(|error| PkiError::File(file.to_owned(), error))
}

fn write(file: &Path, bytes: &[u8], secret: bool) -> Result<(), PkiError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Secret from its first byte on, not after a chmod.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    options
        .open(file)
        .and_then(|mut open| open.write_all(bytes))
        .map_err(|error| PkiError::File(file.to_owned(), error))
}

fn remove(dir: &Path) -> Result<(), PkiError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(PkiError::File(dir.to_owned(), error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .expect("a directory")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_files_are_those_of_the_contract_and_their_keys_are_secret() {
        let dir = tempfile::tempdir().expect("a directory");
        make(dir.path(), &["dmp.example"]).expect("a PKI");
        let pki = dir.path().join("pki");
        let mut expected: Vec<String> = ["ca.pem", "crl.pem", "trust.pem", "authorities"]
            .map(str::to_owned)
            .into();
        for name in CARDS.iter().map(|card| card.file).chain(["server"]) {
            expected.extend([format!("{name}.pem"), format!("{name}.key")]);
        }
        expected.sort();
        assert_eq!(names(&pki), expected);
        assert_eq!(names(dir.path()), ["pki"]);
        #[cfg(unix)]
        for dir in [pki.clone(), pki.join("authorities")] {
            use std::os::unix::fs::PermissionsExt;
            for name in names(&dir).iter().filter(|name| name.ends_with(".key")) {
                let mode = fs::metadata(dir.join(name))
                    .expect(name)
                    .permissions()
                    .mode();
                assert_eq!(mode & 0o777, 0o600, "{name}");
            }
        }
        let chain = X509::stack_from_pem(&read(&pki.join("server.pem")).expect("a file"));
        let chain = chain.expect("certificates");
        let roots = X509::stack_from_pem(&read(&pki.join("ca.pem")).expect("a file"));
        let [leaf, issuer] = chain.as_slice() else {
            panic!("the server sends its authority with its own certificate");
        };
        let signed = |certificate: &X509, by: &X509| {
            let key = by.public_key().expect("a key");
            certificate.verify(&key).expect("a signature")
        };
        assert!(signed(leaf, issuer));
        assert!(
            roots
                .expect("roots")
                .iter()
                .any(|root| signed(issuer, root))
        );
        let hosts = leaf.subject_alt_names().expect("names");
        assert!(
            hosts
                .iter()
                .any(|host| host.dnsname() == Some("dmp.example"))
        );
        assert_eq!(
            hosts
                .iter()
                .filter(|host| host.ipaddress().is_some())
                .count(),
            2
        );
    }

    #[test]
    fn a_list_about_to_end_is_remade_with_its_entries() {
        let dir = tempfile::tempdir().expect("a directory");
        make(dir.path(), &[]).expect("a PKI");
        assert!(!refresh_crl(dir.path()).expect("a CRL"), "a month is left");
        let pki = dir.path().join("pki");
        let authority = read_authority(&pki.join("authorities"), Issuer::FortPersonnes);
        let revoked = X509::from_pem(&read(&pki.join("revoque.pem")).expect("a file"));
        let revoked = serial(&revoked.expect("a certificate")).expect("a serial");
        let stale = issue::crl(
            &authority.expect("an authority"),
            2,
            std::slice::from_ref(&revoked),
            (-900, 60),
        );
        write(
            &pki.join("crl.pem"),
            &stale.expect("a CRL").to_pem().expect("PEM"),
            false,
        )
        .expect("a file");
        assert!(refresh_crl(dir.path()).expect("a CRL"));
        let crls = split_crls(&read(&pki.join("crl.pem")).expect("a file")).expect("CRLs");
        assert_eq!(crls.len(), Issuer::TRUSTED.len());
        let entries: Vec<Vec<u8>> = crls
            .iter()
            .flat_map(|crl| crl.get_revoked().into_iter().flatten())
            .map(|entry| entry.serial_number().to_bn().expect("a number").to_vec())
            .collect();
        assert_eq!(entries, [revoked]);
        assert!(!refresh_crl(dir.path()).expect("a CRL"));
    }
}
