//! The keys of a portal: a JWK Set (RFC 7517) in a file, read again when it changes, or at an address.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::sha::sha256;
use openssl::sign::Verifier;
use serde::Deserialize;

use super::super::watched::Watched;
use super::members::Members;

/// Largest file.
const MAX_BYTES: u64 = 256 * 1024;
/// Most keys of one portal.
const MAX_KEYS: usize = 100;
/// How often the file is looked at, at most.
const EVERY: Duration = Duration::from_secs(1);
/// Bits of an RSA modulus: shorter is weak, longer is slow.
const RSA_BITS: std::ops::RangeInclusive<i32> = 2_048..=8_192;

/// How a token may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
}

impl Algorithm {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

/// One public key.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    public: PublicKey,
}

#[derive(Debug)]
enum PublicKey {
    Rsa(PKey<Public>),
    Ec(EcKey<Public>),
}

impl Key {
    /// Whether that signature of these bytes was made with this key.
    pub(super) fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.public {
            PublicKey::Rsa(key) => Verifier::new(MessageDigest::sha256(), key)
                .and_then(|mut verifier| verifier.verify_oneshot(signature, bytes)),
            PublicKey::Ec(key) => {
                let (Some((r, s)), 64) = (signature.split_at_checked(32), signature.len()) else {
                    return false;
                };
                BigNum::from_slice(r)
                    .and_then(|r| EcdsaSig::from_private_components(r, BigNum::from_slice(s)?))
                    .and_then(|signature| signature.verify(&sha256(bytes), key))
            }
        };
        // An error of OpenSSL on such input is a wrong signature too.
        verified.unwrap_or(false)
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        match self.public {
            PublicKey::Rsa(_) => algorithm == Algorithm::Rs256,
            PublicKey::Ec(_) => algorithm == Algorithm::Es256,
        }
    }

    /// Reads one key; None for those that sign no token of ours.
    fn read(jwk: &Members) -> Result<Option<Self>, &'static str> {
        let other = |name, expected: &str| jwk.get(name).is_some_and(|value| value != expected);
        let verifies = match jwk.get("key_ops") {
            None => true,
            Some(operations) => operations
                .as_array()
                .is_some_and(|operations| operations.iter().any(|one| one == "verify")),
        };
        if other("use", "sig") || !verifies {
            return Ok(None);
        }
        let public = match jwk.text("kty") {
            Some("RSA") if !other("alg", "RS256") => PublicKey::Rsa(rsa(jwk)?),
            Some("EC") if !other("alg", "ES256") && !other("crv", "P-256") => {
                PublicKey::Ec(ec(jwk)?)
            }
            Some(_) => return Ok(None),
            None => return Err("a key has no kty"),
        };
        if jwk.get("d").is_some() {
            return Err("it holds a private key, which must stay at the portal");
        }
        let id = match jwk.get("kid") {
            None => None,
            Some(_) => Some(jwk.text("kid").ok_or("a kid is no text")?.to_owned()),
        };
        Ok(Some(Self { id, public }))
    }
}

fn number(jwk: &Members, name: &str) -> Option<BigNum> {
    let bytes = URL_SAFE_NO_PAD.decode(jwk.text(name)?).ok()?;
    BigNum::from_slice(&bytes).ok()
}

fn rsa(jwk: &Members) -> Result<PKey<Public>, &'static str> {
    let (Some(n), Some(e)) = (number(jwk, "n"), number(jwk, "e")) else {
        return Err("an RSA key has no readable n and e");
    };
    if !RSA_BITS.contains(&n.num_bits()) {
        return Err("an RSA key is not of 2048 to 8192 bits");
    }
    if !(2..=32).contains(&e.num_bits()) || !e.is_bit_set(0) {
        return Err("an RSA key has a strange exponent");
    }
    Rsa::from_public_components(n, e)
        .and_then(PKey::from_rsa)
        .map_err(|_| "an RSA key can't be used")
}

fn ec(jwk: &Members) -> Result<EcKey<Public>, &'static str> {
    let (Some(x), Some(y)) = (number(jwk, "x"), number(jwk, "y")) else {
        return Err("an EC key has no readable x and y");
    };
    let key = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)
        .and_then(|group| EcKey::from_public_key_affine_coordinates(&group, &x, &y))
        .and_then(|key| key.check_key().map(|()| key));
    key.map_err(|_| "an EC key is no point of P-256")
}

/// The key set of one portal.
#[derive(Debug)]
pub(super) struct KeySet(Mutex<State>);

#[derive(Debug)]
struct State {
    /// None for a set that comes from an address.
    file: Option<Watched>,
    looked: Instant,
    keys: Vec<Arc<Key>>,
}

impl KeySet {
    /// Reads the file for the first time; a set that has an address is empty until it was fetched.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub(super) fn load(place: &str) -> Result<Self, String> {
        let (file, keys) = if place.starts_with("https://") {
            (None, Vec::new())
        } else {
            let path = Path::new(place);
            let mut file = Watched::new(path);
            // What is noted first is read after: a change in between is not lost.
            file.changed();
            let keys = read(path).map_err(|problem| {
                format!("{place}: {problem}; give a JWK Set of RSA or P-256 keys")
            })?;
            (Some(file), keys)
        };
        Ok(Self(Mutex::new(State {
            file,
            looked: Instant::now(),
            keys,
        })))
    }

    /// Takes a set that was fetched.
    ///
    /// # Errors
    /// What is wrong with it; the one in force stays.
    pub(super) fn take(&self, bytes: &[u8]) -> Result<(), String> {
        let keys = parse(bytes)?;
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.keys = keys;
        Ok(())
    }

    /// The one key of that id for that algorithm; without id, the only one for that algorithm.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.refresh();
        let mut fitting = state.keys.iter().filter(|key| {
            key.is_for(algorithm) && id.is_none_or(|id| key.id.as_deref() == Some(id))
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Some(Arc::clone(key)),
            _ => None,
        }
    }
}

impl State {
    fn refresh(&mut self) {
        if self.looked.elapsed() < EVERY {
            return;
        }
        self.looked = Instant::now();
        if let Some(path) = self.file.as_mut().and_then(Watched::changed) {
            match read(&path) {
                Ok(keys) => self.keys = keys,
                Err(problem) => tracing::error!(
                    file = %path.display(),
                    problem,
                    "a portal's key set could not be read; the one in force stays"
                ),
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<Arc<Key>>, String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read ({error})"))?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Vec<Arc<Key>>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Members>,
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err("is too large for a key set".to_owned());
    }
    let set: Set = serde_json::from_slice(bytes).map_err(|_| "is not a JWK Set".to_owned())?;
    if set.keys.len() > MAX_KEYS {
        return Err("has too many keys".to_owned());
    }
    let mut keys: Vec<Arc<Key>> = Vec::new();
    for jwk in &set.keys {
        let Some(key) = Key::read(jwk)? else {
            continue;
        };
        if key.id.is_some() && keys.iter().any(|other| other.id == key.id) {
            return Err("two keys have the same kid".to_owned());
        }
        keys.push(Arc::new(key));
    }
    if keys.is_empty() {
        return Err("has no RSA or P-256 key for signatures".to_owned());
    }
    Ok(keys)
}
