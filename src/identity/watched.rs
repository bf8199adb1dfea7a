//! Noticing that a file changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

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
    /// A file that was never read.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            seen: None,
        }
    }

    /// Files that were never read.
    pub(super) fn all(paths: &[PathBuf]) -> Vec<Self> {
        paths.iter().map(|path| Self::new(path)).collect()
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
