//! What happens inside a handshake when a certificate is presented.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use openssl::x509::{X509StoreContextRef, X509VerifyResult};

use super::peer::{Peer, Presented};
use crate::identity::authority::Authorities;
use crate::identity::card::Card;
use crate::identity::refusal::Refusal;
use crate::identity::revocation::Revocation;
use crate::identity::trust::Trust;

/// OpenSSL's X509_V_ERR_CA_MD_TOO_WEAK: the certificate is signed with SHA-1.
const WEAK_DIGEST: i32 = 68;

/// What every handshake asks.
pub(super) struct Gate {
    pub(super) authorities: Arc<Authorities>,
    pub(super) trust: Trust,
    pub(super) revocation: Arc<Revocation>,
}

/// What one handshake found out about the certificate presented.
#[derive(Default)]
pub(super) struct Verdict {
    refusal: OnceLock<Refusal>,
    presented: OnceLock<Presented>,
}

impl Verdict {
    /// Why the certificate was refused, if it was.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get().copied()
    }

    /// The peer of a finished handshake; a certificate that escaped the gate is refused.
    pub(super) fn peer(&self, presented: bool) -> Result<Peer, Refusal> {
        match (self.refusal(), self.presented.get()) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(card)) => Ok(Peer::with(card.clone())),
            (None, None) if presented => Err(Refusal::Chain),
            (None, None) => Ok(Peer::anonymous()),
        }
    }
}

impl Gate {
    /// OpenSSL's verify callback: called for each error of the chain, then for each certificate from the anchor down to the leaf.
    pub(super) fn judge(
        &self,
        ok: bool,
        chain: &mut X509StoreContextRef,
        verdict: &Verdict,
    ) -> bool {
        let leaf = chain.error_depth() == 0;
        if !ok {
            let error = chain.error().as_raw();
            if leaf && error == WEAK_DIGEST {
                // Answered with 401 and its reason instead: `trust` refuses every card signed so.
                chain.set_error(X509VerifyResult::OK);
                return true;
            }
            let _ = verdict.refusal.set(refusal_of(error));
            return false;
        }
        if !leaf || verdict.presented.get().is_some() {
            return true;
        }
        match self.admit(chain) {
            Ok(presented) => verdict.presented.set(presented).is_ok(),
            Err(refusal) => {
                let _ = verdict.refusal.set(refusal);
                chain.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
                false
            }
        }
    }

    /// The leaf of a chain whose signatures, dates and purpose stand.
    fn admit(&self, chain: &X509StoreContextRef) -> Result<Presented, Refusal> {
        let certificates = chain.chain().ok_or(Refusal::Chain)?;
        let leaf = certificates.get(0).ok_or(Refusal::Chain)?;
        // The authority that signed the leaf has to be an accepted one itself, not merely below one.
        let authority = certificates
            .get(1)
            .and_then(|issuer| self.authorities.find(issuer))
            .ok_or(Refusal::UnknownIssuer)?;
        let der = leaf.to_der().map_err(|_| Refusal::Unreadable)?;
        let card = Card::from_der(&der).map_err(|_| Refusal::Unreadable)?;
        if card.has_usage("serverAuth") {
            return Err(Refusal::Server);
        }
        self.revocation
            .check(authority, &card.serial, Timestamp::now())?;
        Ok(Presented {
            actor: self.trust.actor(&card, authority),
            authority: Arc::clone(authority),
            revocation: Arc::clone(&self.revocation),
            serial: card.serial,
            not_after: card.not_after,
        })
    }
}

/// Our word for an X509_V_ERR_* code.
fn refusal_of(error: i32) -> Refusal {
    match error {
        2 | 18..=21 | 27 => Refusal::UnknownIssuer,
        9 | 10 => Refusal::Expired,
        26 => Refusal::Usage,
        _ => Refusal::Chain,
    }
}
