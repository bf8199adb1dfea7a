//! Following the CRL files.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Revocation;

const EVERY: Duration = Duration::from_secs(1);

impl Revocation {
    /// Starts a thread that reads changed files again, every second, until the last owner is gone. Problems are logged.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub fn watch(self: &Arc<Self>) -> std::io::Result<()> {
        let watched = Arc::downgrade(self);
        // A thread of its own: reading and verifying a large CRL takes half a second.
        std::thread::Builder::new()
            .name("crl-watch".into())
            .spawn(move || follow(&watched))
            .map(drop)
    }
}

fn follow(revocation: &Weak<Revocation>) {
    loop {
        std::thread::sleep(EVERY);
        let Some(revocation) = revocation.upgrade() else {
            return;
        };
        for problem in revocation.reload() {
            tracing::error!(
                problem,
                "a revocation list could not be read; the one in force stays"
            );
        }
    }
}
