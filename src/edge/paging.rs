//! Links to the other pages of a search: the whole search, sealed. Nothing is kept on the server, nothing can be read or forged in the
//! link, and a link outlives a restart, since its key comes from the server's private key. It expires a day after its walk began.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rand::rand_bytes;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use serde::{Deserialize, Serialize};

use super::params::Params;
use crate::dmp::query::Bookmark;
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};

/// The parameter that carries the token.
pub(super) const PARAMETER: &str = "_page";

/// How long the pages of a search can be asked for, since its first one.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

const NONCE: usize = 12;
const TAG: usize = 16;

/// A page of a search that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Continuation {
    /// The parameters of the first page.
    pub params: Params,
    /// Which page.
    pub page: Bookmark,
    /// When the first page was asked for.
    pub began: Instant,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    p: Params,
    a: Bookmark,
    /// Seconds since the epoch.
    b: i64,
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

    /// A token for a page of a search on one resource type.
    ///
    /// # Errors
    /// `internal`.
    pub(super) fn seal(&self, resource: &str, page: &Continuation) -> Result<String, Error> {
        let plain = serde_json::to_vec(&Sealed {
            p: page.params.clone(),
            a: page.page.clone(),
            b: page.began.as_second(),
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
    /// `parameter-invalid`; `page-expired` for one of ours that is too old, or of an earlier version of this program.
    pub(super) fn open(
        &self,
        resource: &str,
        token: &str,
        now: Instant,
    ) -> Result<Continuation, Error> {
        let plain = self.unseal(resource, token).ok_or_else(|| {
            Error::from(Issue::new(Code::ParameterInvalid).with("parameter", PARAMETER))
        })?;
        let sealed = serde_json::from_slice::<Sealed>(&plain).ok();
        sealed
            .and_then(|Sealed { p, a, b }| {
                Some(Continuation {
                    params: p,
                    page: a,
                    began: Instant::from_second(b).ok()?,
                })
            })
            .filter(|page| now.duration_since(page.began) <= LIFETIME)
            .ok_or_else(|| Code::PageExpired.into())
    }

    fn unseal(&self, resource: &str, token: &str) -> Option<Vec<u8>> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, rest) = token.split_at_checked(NONCE)?;
        let (tag, sealed) = rest.split_at_checked(TAG)?;
        let aad = resource.as_bytes();
        let cipher = Cipher::aes_256_gcm();
        decrypt_aead(cipher, &self.key, Some(nonce), aad, sealed, tag).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use uuid::Uuid;

    use super::*;
    use crate::dmp::query::{Place, Position, SortKey};

    fn next() -> Continuation {
        Continuation {
            params: vec![(
                "patient.identifier".to_owned(),
                "urn:oid:1.2.250.1.213.1.4.10|279035121518989".to_owned(),
            )],
            page: Bookmark {
                at: Position::After(Place {
                    keys: vec![SortKey::Number(-42), SortKey::Text("11488-4".to_owned())],
                    id: Uuid::from_u128(7),
                }),
                state: Some(3),
            },
            began: at("2026-11-24T09:30:00Z"),
        }
    }

    fn at(time: &str) -> Instant {
        time.parse().expect("time")
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
        let now = at("2026-11-25T09:30:00Z");
        assert_eq!(restarted.open("DocumentReference", &token, now), Ok(next()));
        // A clock that was set back makes none younger than new.
        let before = at("2026-11-24T09:00:00Z");
        assert!(restarted.open("DocumentReference", &token, before).is_ok());
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
        let now = at("2026-11-24T09:30:00Z");
        let tries = [
            pages.open("List", &token, now),
            pages.open("DocumentReference", &forged, now),
            other.open("DocumentReference", &token, now),
            pages.open("DocumentReference", "", now),
            pages.open("DocumentReference", "%%%", now),
        ];
        for refused in tries {
            assert_eq!(refused.expect_err("refused").code(), Code::ParameterInvalid);
        }
    }

    /// A day after the first page, and when it was sealed by a program that wrote it otherwise.
    #[test]
    fn a_token_expires() {
        let pages = Pages::new(b"key").expect("key");
        let token = pages.seal("DocumentReference", &next()).expect("token");
        let late = pages.open("DocumentReference", &token, at("2026-11-25T09:30:01Z"));
        assert_eq!(late.expect_err("expired").code(), Code::PageExpired);

        let former =
            br#"{"p":[],"a":{"keys":[7],"id":"00000000-0000-0000-0000-000000000007","state":3}}"#;
        let (nonce, mut tag) = ([7; NONCE], [0; TAG]);
        let cipher = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(cipher, &pages.key, Some(&nonce), b"List", former, &mut tag);
        let token = URL_SAFE_NO_PAD.encode([&nonce[..], &tag, &sealed.expect("sealed")].concat());
        let former = pages.open("List", &token, at("2026-11-24T09:30:00Z"));
        assert_eq!(former.expect_err("expired").code(), Code::PageExpired);
    }
}
