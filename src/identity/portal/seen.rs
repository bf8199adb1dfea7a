//! Which client sent a token first: another one that sends it again has stolen it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use openssl::sha::sha256;

use super::Refusal;
use super::claims::Claims;
use crate::dmp::national_id::StructIdNat;

/// Tokens that are remembered at one time, some 15 MB of them; they live ten minutes at most.
const MAX: usize = 100_000;
/// Seconds between two clean-ups.
const CLEAN_EVERY: i64 = 30;

/// The tokens that live.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Tokens>);

#[derive(Debug, Default)]
struct Tokens {
    /// By the digest of issuer and `jti`, so that what a portal writes takes no more room.
    first: HashMap<[u8; 32], First>,
    cleaned: i64,
}

#[derive(Debug)]
struct First {
    client: StructIdNat,
    expires: i64,
}

impl Seen {
    /// Notes that a client sends a token.
    ///
    /// # Errors
    /// [`Refusal::Replayed`] when another client sent it before, [`Refusal::TooMany`] when no more can be remembered.
    pub(super) fn note(
        &self,
        issuer: &str,
        claims: &Claims,
        client: &StructIdNat,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let digest = sha256(format!("{}:{issuer}{}", issuer.len(), claims.id).as_bytes());
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.clean(now.as_second());
        if let Some(first) = tokens.first.get(&digest) {
            return match first.client == *client {
                true => Ok(()),
                false => Err(Refusal::Replayed),
            };
        }
        if tokens.first.len() >= MAX {
            return Err(Refusal::TooMany);
        }
        let first = First {
            client: client.clone(),
            expires: claims.expires,
        };
        tokens.first.insert(digest, first);
        Ok(())
    }
}

impl Tokens {
    fn clean(&mut self, now: i64) {
        if now - self.cleaned >= CLEAN_EVERY {
            self.first.retain(|_, first| first.expires > now);
            self.cleaned = now;
        }
    }
}
