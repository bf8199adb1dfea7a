//! Noticing that a file changed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use super::Revocation;

const EVERY: Duration = Duration::from_secs(1);

/// A file, and how it looked when it was last read.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    seen: Option<Look>,
}

/// Enough to notice a replacement: time, length and, where the system has one, the file's own number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    found: Option<(SystemTime, u64, u64)>,
}

impl Watched {
    /// Files that were never read.
    pub(super) fn all(paths: &[PathBuf]) -> Vec<Self> {
        paths
            .iter()
            .map(|path| Self {
                path: path.clone(),
                seen: None,
            })
            .collect()
    }

    /// Its path when it looks different from the last time, or was never read.
    pub(super) fn changed(&mut self) -> Option<PathBuf> {
        let look = Look::at(&self.path);
        if self.seen.as_ref() == Some(&look) {
            return None;
        }
        self.seen = Some(look);
        Some(self.path.clone())
    }
}

impl Look {
    fn at(path: &Path) -> Self {
        let found = std::fs::metadata(path).ok().and_then(|metadata| {
            let modified = metadata.modified().ok()?;
            Some((modified, metadata.len(), file_number(&metadata)))
        });
        Self { found }
    }
}

#[cfg(unix)]
fn file_number(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn file_number(_metadata: &std::fs::Metadata) -> u64 {
    0
}

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
