//! What the policy, the journal and the answers call "now".

use crate::dmp::time::Instant;

/// The clock of one server. Certificates and CRLs never ask it: they follow the real time.
#[derive(Debug, Default)]
pub(super) struct Clock {}

impl Clock {
    /// The time of the act.
    pub(super) fn now(&self) -> Instant {
        Instant::now()
    }
}
