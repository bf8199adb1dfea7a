//! Which revocation lists come into force, and which leave the elder one there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use passerelle::cli::demo::cards::card;
use passerelle::cli::demo::pki::{CardSpec, Issuer, Pki, serial};
use passerelle::dmp::context::Environment;
use passerelle::identity::authority::Authorities;
use passerelle::identity::refusal::Refusal;
use passerelle::identity::revocation::Revocation;
use passerelle::settings::{Identity, Revocation as Policy};

const DAY: i64 = 86_400;
const FORT: Issuer = Issuer::FortPersonnes;

static PKI: LazyLock<Pki> =
    LazyLock::new(|| Pki::with(Environment::Test, &[FORT, Issuer::StandardPersonnes]).unwrap());

struct Lists {
    dir: tempfile::TempDir,
    authorities: Arc<Authorities>,
    revocation: Revocation,
    card: Vec<u8>,
}

impl Lists {
    /// A list of `FORT PERSONNES` that revokes one card is in force.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let trust = dir.path().join("trust.pem");
        std::fs::write(
            &trust,
            PKI.issuer(FORT).unwrap().certificate.to_pem().unwrap(),
        )
        .unwrap();
        let spec = CardSpec::of(card("medecin").unwrap());
        let card = serial(&PKI.issue(&spec).unwrap().certificate).unwrap();
        let crl = dir.path().join("crl.pem");
        std::fs::write(&crl, list(5, &[&card], (-600, DAY))).unwrap();
        let authorities = Arc::new(Authorities::load(std::slice::from_ref(&trust)).unwrap());
        let settings = Identity {
            trust: vec![trust],
            crls: vec![crl],
            revocation: Policy::Required,
            environment: Environment::Test,
            patient_portals: Vec::new(),
        };
        let revocation = Revocation::load(&settings, Arc::clone(&authorities)).unwrap();
        Self {
            dir,
            authorities,
            revocation,
            card,
        }
    }

    fn check(&self, serial: &[u8]) -> Result<(), Refusal> {
        let authority = self.authorities.iter().next().unwrap();
        self.revocation.check(authority, serial, Timestamp::now())
    }

    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("crl.pem")
    }

    /// Puts these bytes into the file and reads them; the problems told.
    fn replace(&self, bytes: impl AsRef<[u8]>) -> String {
        replace(&self.file(), bytes);
        self.revocation.reload().join("\n")
    }
}

fn replace(file: &Path, bytes: impl AsRef<[u8]>) {
    let new = file.with_extension("new");
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(new, file).unwrap();
}

fn list(number: u32, revoked: &[&[u8]], updates: (i64, i64)) -> Vec<u8> {
    let revoked: Vec<Vec<u8>> = revoked.iter().map(|serial| serial.to_vec()).collect();
    let crl = PKI.crl(FORT, number, &revoked, updates).unwrap();
    crl.to_pem().unwrap()
}

#[test]
fn what_is_worse_than_the_list_in_force_leaves_it_there() {
    let lists = Lists::new();
    let other = Pki::with(Environment::Test, &[FORT]).unwrap();
    let forged = other
        .crl(FORT, 9, &[], (-1, DAY))
        .unwrap()
        .to_pem()
        .unwrap();
    let cut = list(9, &[], (-1, DAY));
    let cases: [(Vec<u8>, &str); 7] = [
        (list(4, &[], (-300, DAY)), "older"),
        (list(6, &[], (-900, DAY)), "older"),
        (list(9, &[], (3_600, DAY)), "future"),
        (forged, "signature"),
        (cut[..cut.len() / 2].to_vec(), "broken PEM"),
        (b"rubbish".to_vec(), "holds no CRL"),
        (b"\x30\x03\x02\x01\x00".to_vec(), "no CRL"),
    ];
    for (bytes, told) in cases {
        let problems = lists.replace(bytes);
        assert!(problems.contains(told), "{problems}");
        assert!(problems.starts_with("identity.crls: "), "{problems}");
        assert_eq!(lists.check(&lists.card), Err(Refusal::Revoked));
        assert_eq!(lists.check(b"\x01"), Ok(()));
    }
    std::fs::remove_file(lists.file()).unwrap();
    assert!(
        lists
            .revocation
            .reload()
            .join("")
            .contains("cannot be read")
    );
    assert_eq!(lists.check(&lists.card), Err(Refusal::Revoked));
}

#[test]
fn a_newer_list_takes_over_in_pem_and_der() {
    let lists = Lists::new();
    assert_eq!(lists.replace(list(6, &[b"\x01"], (-500, DAY))), "");
    assert_eq!(lists.check(&lists.card), Ok(()));
    assert_eq!(lists.check(b"\x01"), Err(Refusal::Revoked));
    let der = PKI.crl(FORT, 7, &[vec![0x80, 2]], (-400, DAY)).unwrap();
    assert_eq!(lists.replace(der.to_der().unwrap()), "");
    assert_eq!(lists.check(b"\x01"), Ok(()));
    // DER writes this serial number with a zero in front.
    assert_eq!(lists.check(b"\x80\x02"), Err(Refusal::Revoked));
    let standing = lists.revocation.standings().pop().unwrap();
    assert_eq!(standing.revoked, 1);
    assert!(standing.next_update.is_some());
}

#[test]
fn of_several_lists_the_good_ones_count() {
    let lists = Lists::new();
    let strange = PKI
        .crl(Issuer::StandardPersonnes, 1, &[], (-60, DAY))
        .unwrap();
    let mut pem = strange.to_pem().unwrap();
    pem.extend(list(7, &[], (-400, DAY)));
    pem.extend(list(6, &[&lists.card], (-500, DAY)));
    // The one of an authority that is not accepted is nobody's problem; the older one is told.
    let problems = lists.replace(pem);
    assert_eq!(problems.lines().count(), 1, "{problems}");
    assert_eq!(lists.check(&lists.card), Ok(()));
}

#[test]
fn a_file_that_did_not_change_is_not_read_again() {
    let lists = Lists::new();
    assert!(lists.replace("rubbish").contains("holds no CRL"));
    assert_eq!(lists.revocation.reload().len(), 0);
}
