//! Links to the next page: the whole search, sealed. Nothing is kept on the server, nothing can be read or forged in the link,
//! and a link outlives a restart, since its key comes from the server's private key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rand::rand_bytes;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use serde::{Deserialize, Serialize};

use super::params::Params;
use crate::dmp::query::After;
use crate::error::{Code, Error, Issue};

/// The parameter that carries the token.
pub(super) const PARAMETER: &str = "_page";

const NONCE: usize = 12;
const TAG: usize = 16;

/// Where a search goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Continuation {
    /// The parameters of the first page.
    pub params: Params,
    /// The last row seen.
    pub after: After,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    p: Params,
    a: After,
}

/// Seals and opens continuations.
pub struct Pages {
    key: Vec<u8>,
}

impl Pages {
    /// Derives the key from the server's private key (as it stands in its file).
    ///
    /// # Errors
    /// OpenSSL's.
    pub fn new(private_key: &[u8]) -> Result<Self, openssl::error::ErrorStack> {
        let secret = PKey::hmac(private_key)?;
        let mut signer = Signer::new(MessageDigest::sha256(), &secret)?;
        signer.update(b"passerelle next-page links, version 2")?;
        Ok(Self {
            key: signer.sign_to_vec()?,
        })
    }

    /// A token for the next page of a search on one resource type.
    ///
    /// # Errors
    /// `internal`.
    pub(super) fn seal(&self, resource: &str, next: &Continuation) -> Result<String, Error> {
        let plain = serde_json::to_vec(&Sealed {
            p: next.params.clone(),
            a: next.after.clone(),
        })
        .map_err(|_| Code::Internal)?;
        let mut token = vec![0; NONCE + TAG];
        let (nonce, tag) = token.split_at_mut(NONCE);
        rand_bytes(nonce).map_err(|_| Code::Internal)?;
        let aad = resource.as_bytes();
        let cipher = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(cipher, &self.key, Some(nonce), aad, &plain, tag)
            .map_err(|_| Code::Internal)?;
        token.extend(sealed);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Opens a token of the same resource type.
    ///
    /// # Errors
    /// `parameter-invalid`.
    pub(super) fn open(&self, resource: &str, token: &str) -> Result<Continuation, Error> {
        self.unseal(resource, token).ok_or_else(|| {
            Issue::new(Code::ParameterInvalid)
                .with("parameter", PARAMETER)
                .into()
        })
    }

    fn unseal(&self, resource: &str, token: &str) -> Option<Continuation> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, rest) = token.split_at_checked(NONCE)?;
        let (tag, sealed) = rest.split_at_checked(TAG)?;
        let aad = resource.as_bytes();
        let cipher = Cipher::aes_256_gcm();
        let plain = decrypt_aead(cipher, &self.key, Some(nonce), aad, sealed, tag).ok()?;
        let Sealed { p, a } = serde_json::from_slice(&plain).ok()?;
        Some(Continuation {
            params: p,
            after: a,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use uuid::Uuid;

    use super::*;
    use crate::dmp::query::SortKey;

    fn next() -> Continuation {
        Continuation {
            params: vec![(
                "patient.identifier".to_owned(),
                "urn:oid:1.2.250.1.213.1.4.10|279035121518989".to_owned(),
            )],
            after: After {
                keys: vec![SortKey::Number(-42), SortKey::Text("11488-4".to_owned())],
                id: Uuid::from_u128(7),
                state: Some(3),
            },
        }
    }

    #[test]
    fn a_token_comes_back_after_a_restart_and_shows_nothing() {
        let token = Pages::new(b"key")
            .expect("key")
            .seal("DocumentReference", &next())
            .expect("token");
        assert!(!token.contains("279035121518989"));
        let decoded = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        assert!(!decoded.windows(15).any(|w| w == b"279035121518989"));

        let restarted = Pages::new(b"key").expect("key");
        assert_eq!(restarted.open("DocumentReference", &token), Ok(next()));
    }

    #[test]
    fn a_token_that_is_not_ours_is_refused() {
        let pages = Pages::new(b"key").expect("key");
        let token = pages.seal("DocumentReference", &next()).expect("token");
        let mut forged = token.clone().into_bytes();
        if let Some(last) = forged.get_mut(30) {
            *last = if *last == b'A' { b'B' } else { b'A' };
        }
        let forged = String::from_utf8(forged).expect("ascii");
        let other = Pages::new(b"other").expect("key");
        let tries = [
            pages.open("List", &token),
            pages.open("DocumentReference", &forged),
            other.open("DocumentReference", &token),
            pages.open("DocumentReference", ""),
            pages.open("DocumentReference", "%%%"),
        ];
        for refused in tries {
            assert_eq!(refused.expect_err("refused").code(), Code::ParameterInvalid);
        }
    }
}
