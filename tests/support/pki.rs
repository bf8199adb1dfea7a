//! A PKI for cards that the demonstration does not have.

use std::path::Path;

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use passerelle::cli::demo::cards::{EXPLOITANT, card};
use passerelle::cli::demo::pki::{CardSpec, Issuer, Pki, key};
use passerelle::dmp::context::Environment;
use tempfile::TempDir;

/// The files of a server and of its clients; all leaves share one key, since keys take long to make.
pub struct Cards {
    pki: Pki,
    key: PKey<Private>,
    folder: TempDir,
}

impl Cards {
    /// Authorities, server and the card `exploitant`.
    pub fn new() -> Self {
        let cards = Self {
            pki: Pki::with(Environment::Test, &Issuer::TRUSTED).expect("authorities"),
            key: key().expect("key"),
            folder: tempfile::tempdir().expect("folder"),
        };
        let hosts = ["localhost", "127.0.0.1"].map(str::to_owned);
        cards.issue(
            "server",
            &CardSpec::server(EXPLOITANT.id, EXPLOITANT.name, &hosts),
        );
        cards.issue(
            "exploitant",
            &CardSpec::of(card("exploitant").expect("card")),
        );
        let roots: Vec<X509> = cards.pki.roots().cloned().collect();
        cards.write("ca.pem", &pem(&roots));
        let mut crls = Vec::new();
        let mut trust = Vec::new();
        for issuer in Issuer::TRUSTED {
            let crl = cards.pki.crl(issuer, 1, &[], (-3_600, 86_400));
            crls.extend(crl.and_then(|crl| crl.to_pem()).expect("CRL"));
            trust.push(
                cards
                    .pki
                    .issuer(issuer)
                    .expect("authority")
                    .certificate
                    .clone(),
            );
        }
        cards.write("crl.pem", &crls);
        cards.write("trust.pem", &pem(&trust));
        cards
    }

    /// Writes `NAME.pem` and `NAME.key`.
    pub fn issue(&self, name: &str, spec: &CardSpec) {
        let issued = self
            .pki
            .issue_for(spec, self.key.clone())
            .expect("certificate");
        let authority = self.pki.issuer(spec.issuer).expect("authority");
        let chain = [issued.certificate, authority.certificate.clone()];
        self.write(&format!("{name}.pem"), &pem(&chain));
        let key = issued.key.private_key_to_pem_pkcs8().expect("key");
        self.write(&format!("{name}.key"), &key);
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).expect("file");
    }
}

fn pem(certificates: &[X509]) -> Vec<u8> {
    certificates
        .iter()
        .flat_map(|certificate| certificate.to_pem().expect("PEM"))
        .collect()
}
