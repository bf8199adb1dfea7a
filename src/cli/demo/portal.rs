//! The portal of the demonstration: its key, and the tokens that it signs for patients and who acts for them. The operator's
//! certificate carries them.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::Private;
use openssl::sha::sha256;
use serde_json::{Value, json};
use uuid::Uuid;

use super::folder::write;
use crate::dmp::time::Instant;

/// `iss` of its tokens.
pub const ISSUER: &str = "https://portail.demonstration.invalid";
/// `aud` of its tokens.
pub const AUDIENCE: &str = "passerelle-demo";
/// Its private key, under the folder of the demonstration.
const KEY: &str = "pki/portail.key";
/// Its public key.
pub const JWKS: &str = "pki/portail-jwks.json";
/// Seconds that a token lives.
const LIFE: i64 = 540;

/// For whom a token speaks.
#[derive(Debug, Clone)]
pub struct Bearer<'a> {
    /// `<system>|<INS>` of the record.
    pub ins: &'a str,
    /// `holder`, `legal_representative` or `caregiver`.
    pub role: &'a str,
    /// Who acts, where it is not the holder.
    pub name: Option<&'a str>,
    /// His account at the portal.
    pub sub: &'a str,
}

/// Makes the key when it is not there.
///
/// # Errors
/// What the system or OpenSSL said.
pub fn make(dir: &Path) -> io::Result<()> {
    if dir.join(KEY).exists() {
        return Ok(());
    }
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = EcKey::generate(&group)?;
    write(&dir.join(JWKS), &key_set(&key)?.to_string())?;
    let pem = key.private_key_to_pem()?;
    write(&dir.join(KEY), &String::from_utf8_lossy(&pem))
}

fn key_set(key: &EcKey<Private>) -> Result<Value, ErrorStack> {
    let mut context = BigNumContext::new()?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    key.public_key()
        .affine_coordinates(key.group(), &mut x, &mut y, &mut context)?;
    Ok(json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "demo",
        "x": encode(&x.to_vec_padded(32)?), "y": encode(&y.to_vec_padded(32)?),
    }]}))
}

/// A token, signed, for nine minutes.
///
/// # Errors
/// The key can't be read or used.
pub fn token(dir: &Path, bearer: &Bearer) -> io::Result<String> {
    let pem = std::fs::read(dir.join(KEY))?;
    let key = EcKey::private_key_from_pem(&pem)?;
    let now = Instant::now().as_second();
    let header = json!({"alg": "ES256", "kid": "demo", "typ": "JWT"});
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": bearer.sub, "iat": now, "exp": now + LIFE,
        "jti": Uuid::new_v4().to_string(), "ins": bearer.ins, "role": bearer.role,
    });
    if let (Some(name), Value::Object(claims)) = (bearer.name, &mut claims) {
        claims.insert("name".to_owned(), json!(name));
    }
    let [header, claims] = [header, claims].map(|part| encode(part.to_string().as_bytes()));
    let signed = format!("{header}.{claims}");
    let signature = EcdsaSig::sign(&sha256(signed.as_bytes()), &key)?;
    let (r, s) = (
        signature.r().to_vec_padded(32)?,
        signature.s().to_vec_padded(32)?,
    );
    Ok(format!("{signed}.{}", encode(&[r, s].concat())))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
