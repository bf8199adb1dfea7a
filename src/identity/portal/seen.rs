//! Which client sent a token first: another one that sends it again has stolen it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use openssl::sha::sha256;

use super::Refusal;
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
    /// Notes that a client sends a token of an issuer, by its `jti` and its end.
    ///
    /// # Errors
    /// [`Refusal::Replayed`] when another client sent it before, [`Refusal::TooMany`] when no more can be remembered.
    pub(super) fn note(
        &self,
        (issuer, id): (&str, &str),
        expires: i64,
        client: &StructIdNat,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let digest = sha256(format!("{}:{issuer}{id}", issuer.len()).as_bytes());
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
            expires,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn client(id: &str) -> StructIdNat {
        id.parse().expect("a structure")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_token_stays_with_its_first_client_while_it_lives() {
        let (first, second) = (client("10B0000014"), client("10B0000030"));
        let seen = Seen::default();
        let note = |issuer, id, client, now| seen.note((issuer, id), 1_600, client, at(now));
        assert_eq!(note("a", "bc", &first, 1_000), Ok(()));
        assert_eq!(note("a", "bc", &first, 1_001), Ok(()));
        assert_eq!(note("a", "bc", &second, 1_002), Err(Refusal::Replayed));
        // Another issuer's token of that name is another token, however the names are cut.
        assert_eq!(note("ab", "c", &second, 1_003), Ok(()));
        assert_eq!(note("a", "bc", &second, 1_599), Err(Refusal::Replayed));
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let (seen, portal) = (Seen::default(), client("10B0000014"));
        let note = |id: usize, now| seen.note(("a", &id.to_string()), now + 600, &portal, at(now));
        for id in 0..MAX {
            assert_eq!(note(id, 1_000), Ok(()));
        }
        assert_eq!(note(MAX, 1_001), Err(Refusal::TooMany));
        assert_eq!(note(7, 1_001), Ok(()), "a known one needs no more room");
        assert_eq!(note(MAX, 1_600), Ok(()));
        let tokens = seen.0.lock().expect("lock");
        assert_eq!(tokens.first.len(), 1);
    }
}
