//! A portal of the tests: its keys, its key set in a file, and the tokens that it signs.

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jiff::Timestamp;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sha::sha256;
use openssl::sign::Signer;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::client::Client;
use super::server::Server;

/// `iss` of its tokens.
pub const ISSUER: &str = "https://portail.example";
/// `aud` of its tokens.
pub const AUDIENCE: &str = "passerelle";
/// The certificates that may carry its tokens: Struct_IdNat of `hopital` and `laboratoire`.
pub const CLIENTS: [&str; 2] = ["10B0000014", "10B0000030"];

/// A portal with an RSA key (`kid` `rsa`) and a P-256 key (`kid` `ec`).
pub struct Portal {
    rsa: PKey<Private>,
    ec: EcKey<Private>,
    folder: TempDir,
}

impl Portal {
    /// Makes the keys and writes the key set.
    pub fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("curve");
        let portal = Self {
            rsa: PKey::from_rsa(Rsa::generate(2_048).expect("RSA key")).expect("key"),
            ec: EcKey::generate(&group).expect("EC key"),
            folder: tempfile::tempdir().expect("folder"),
        };
        portal.publish(&json!({"keys": [portal.rsa_jwk(), portal.ec_jwk()]}));
        portal
    }

    /// Where the key set is.
    pub fn jwks(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    /// Writes another key set, as a whole.
    pub fn publish(&self, set: &Value) {
        let draft = self.folder.path().join("jwks.draft");
        std::fs::write(&draft, set.to_string()).expect("key set");
        std::fs::rename(draft, self.jwks()).expect("key set");
    }

    /// The RSA key as a JWK.
    pub fn rsa_jwk(&self) -> Value {
        let rsa = self.rsa.rsa().expect("RSA");
        json!({
            "kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256",
            "n": encode(&rsa.n().to_vec()), "e": encode(&rsa.e().to_vec()),
        })
    }

    /// The P-256 key as a JWK.
    pub fn ec_jwk(&self) -> Value {
        let mut context = BigNumContext::new().expect("context");
        let (mut x, mut y) = (BigNum::new().expect("x"), BigNum::new().expect("y"));
        let point = self.ec.public_key();
        point
            .affine_coordinates(self.ec.group(), &mut x, &mut y, &mut context)
            .expect("point");
        let coordinate = |n: &BigNum| encode(&n.to_vec_padded(32).expect("coordinate"));
        json!({
            "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256",
            "x": coordinate(&x), "y": coordinate(&y),
        })
    }

    /// A token of the holder of this record (`<system>|<value>`), for five minutes from now.
    pub fn holder(&self, patient: &str) -> Token<'_> {
        let now = Timestamp::now().as_second();
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "compte-1",
            "iat": now,
            "exp": now + 300,
            "jti": Uuid::new_v4().to_string(),
            "ins": patient,
            "role": "holder",
        });
        Token {
            portal: self,
            header: object(json!({"typ": "JWT"})),
            claims: object(claims),
        }
    }

    /// A token of a legal representative.
    pub fn representative(&self, patient: &str) -> Token<'_> {
        self.holder(patient)
            .claim("role", "legal_representative")
            .claim("sub", "compte-parent")
            .claim("name", "Jeanne Martin")
    }

    /// A token of a caregiver; `sub` is what a delegation names.
    pub fn caregiver(&self, patient: &str, sub: &str) -> Token<'_> {
        self.holder(patient)
            .claim("role", "caregiver")
            .claim("sub", sub)
            .claim("name", "Paul Aidant")
    }

    /// Signs bytes with the RSA key.
    pub fn sign_rsa(&self, bytes: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.rsa).expect("signer");
        signer.sign_oneshot_to_vec(bytes).expect("signature")
    }

    /// Signs bytes with the P-256 key: r and s, 32 bytes each.
    pub fn sign_ec(&self, bytes: &[u8]) -> Vec<u8> {
        let signature = EcdsaSig::sign(&sha256(bytes), &self.ec).expect("signature");
        let half = |n: &openssl::bn::BigNumRef| n.to_vec_padded(32).expect("half");
        [half(signature.r()), half(signature.s())].concat()
    }
}

/// A token on its way to be signed.
#[derive(Clone)]
pub struct Token<'a> {
    portal: &'a Portal,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Token<'_> {
    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a member of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Lives from so many seconds from now to so many (negative: before).
    pub fn lives(self, from: i64, to: i64) -> Self {
        let now = Timestamp::now().as_second();
        self.claim("iat", now + from).claim("exp", now + to)
    }

    /// Header and claims, encoded and not signed.
    pub fn unsigned(&self) -> String {
        let part =
            |map: &Map<String, Value>| encode(Value::from(map.clone()).to_string().as_bytes());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    /// Signed with RS256, unless the header names another `alg` or `kid`.
    pub fn rsa(self) -> String {
        let text = self.clone().named("RS256", "rsa").unsigned();
        let signature = self.portal.sign_rsa(text.as_bytes());
        format!("{text}.{}", encode(&signature))
    }

    /// Signed with ES256, unless the header names another `alg` or `kid`.
    pub fn ec(self) -> String {
        let text = self.clone().named("ES256", "ec").unsigned();
        let signature = self.portal.sign_ec(text.as_bytes());
        format!("{text}.{}", encode(&signature))
    }

    /// The value of `Authorization`.
    pub fn bearer(self) -> String {
        format!("Bearer {}", self.ec())
    }

    /// A client of the portal (certificate `hopital`) that carries this token.
    pub fn on(self, server: &Server) -> Client {
        server
            .client("hopital")
            .with("Authorization", &self.bearer())
    }

    fn named(mut self, algorithm: &str, key: &str) -> Self {
        self.header.entry("alg").or_insert_with(|| algorithm.into());
        self.header.entry("kid").or_insert_with(|| key.into());
        self
    }
}

/// base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The section of the configuration that accepts this key set.
pub fn section(jwks: &Path) -> String {
    let clients = CLIENTS.map(|client| format!("\"{client}\"")).join(", ");
    format!(
        "\n[[identity.patient_portal]]\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\njwks = \"{}\"\nclients = [{clients}]\n",
        jwks.display()
    )
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}
