//! What the policy, the jobs, the journal and the answers call "now".

use std::sync::{PoisonError, RwLock};

use crate::dmp::time::Instant;

/// The clock of one server. Tokens, certificates and CRLs never ask it: they follow the real time.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// What a test wants it to be, since when: it goes on from there.
    set: RwLock<Option<(Instant, std::time::Instant)>>,
}

impl Clock {
    /// The time of the act.
    pub(super) fn now(&self) -> Instant {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        match *set {
            None => Instant::now(),
            Some((start, since)) => start.checked_add(since.elapsed()).unwrap_or(Instant::MAX),
        }
    }

    /// Sets it; None gives the real time back.
    pub(super) fn set(&self, now: Option<Instant>) {
        let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
        *set = now.map(|now| (now, std::time::Instant::now()));
    }

    /// True while a test holds it.
    pub(super) fn is_set(&self) -> bool {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        set.is_some()
    }
}
