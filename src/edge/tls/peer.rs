//! The client of a connection.

use std::sync::Arc;

use jiff::Timestamp;

use crate::dmp::actor::Actor;
use crate::error::Error;
use crate::identity::authority::Authority;
use crate::identity::refusal::Refusal;
use crate::identity::revocation::Revocation;

/// A certificate that passed the handshake.
#[derive(Clone)]
pub(super) struct Presented {
    pub(super) actor: Result<Actor, Refusal>,
    pub(super) authority: Arc<Authority>,
    pub(super) revocation: Arc<Revocation>,
    pub(super) serial: Vec<u8>,
    pub(super) not_after: Timestamp,
}

/// Who is at the other end, made once per connection.
pub struct Peer {
    /// The actor, or why the certificate makes none (`card-not-accepted`); None without certificate.
    pub actor: Option<Result<Actor, Error>>,
    presented: Option<Presented>,
}

impl Peer {
    /// A client without certificate.
    pub fn anonymous() -> Self {
        Self {
            actor: None,
            presented: None,
        }
    }

    pub(super) fn with(presented: Presented) -> Self {
        Self {
            actor: Some(presented.actor.clone().map_err(Error::from)),
            presented: Some(presented),
        }
    }

    /// Whether the certificate may still act now; asked at every request, since connections outlive revocations.
    ///
    /// # Errors
    /// [`Refusal::Expired`], and those of [`Revocation::check`].
    pub fn standing(&self) -> Result<(), Refusal> {
        let Some(presented) = &self.presented else {
            return Ok(());
        };
        let now = Timestamp::now();
        if presented.not_after < now {
            return Err(Refusal::Expired);
        }
        presented
            .revocation
            .check(&presented.authority, &presented.serial, now)
    }

    /// True while [`Self::standing`] has nothing to say.
    pub fn still_good(&self) -> bool {
        self.standing().is_ok()
    }

    /// Why the certificate makes no actor; for metrics.
    pub fn refusal(&self) -> Option<Refusal> {
        self.presented.as_ref()?.actor.as_ref().err().copied()
    }
}
