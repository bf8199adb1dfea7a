//! Folding SQLite's log into its file beside the writer, so that no deposit waits for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, OpenFlags};

use super::conn::DbError;
use super::sqlite::connect;

/// Pages (4 kB) in the log before it is folded: pages that are written again and again are then folded once.
const FOLD_AT: u32 = 4_000;
/// Pages in the log before the writer waits: readers look through all of it.
const WAIT_AT: u32 = 16_000;

/// Watches the log that a writer makes.
pub(super) struct Log {
    pages: Arc<AtomicU32>,
    asked_at: u32,
    folder: SyncSender<()>,
}

impl Log {
    /// Takes the folding over from SQLite.
    pub(super) fn watch(writer: &mut Connection, path: &Path) -> Result<Self, DbError> {
        let pages = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&pages);
        writer.wal_hook(Some(move |_: &mut _, now| {
            counted.store(u32::try_from(now).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.execute_batch("PRAGMA synchronous = FULL")?;
        // One demand may wait while one is served.
        let (folder, demands) = sync_channel(1);
        std::thread::Builder::new()
            .name("store-log".into())
            .spawn(move || fold(&db, &demands))
            .map_err(|error| DbError::Other(error.to_string()))?;
        Ok(Self {
            pages,
            asked_at: 0,
            folder,
        })
    }

    /// After a commit: has the log folded when it is time.
    pub(super) fn committed(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        // The log began again.
        if pages < self.asked_at {
            self.asked_at = 0;
        }
        if pages > WAIT_AT {
            told(writer.execute_batch("PRAGMA wal_checkpoint(RESTART)"));
            self.asked_at = pages;
        } else if pages - self.asked_at > FOLD_AT {
            self.asked_at = pages;
            // Full when it is being folded already.
            let _ = self.folder.try_send(());
        }
    }
}

fn fold(db: &Connection, demands: &Receiver<()>) {
    while demands.recv().is_ok() {
        told(db.execute_batch("PRAGMA wal_checkpoint(PASSIVE)"));
    }
}

fn told(folded: Result<(), rusqlite::Error>) {
    if let Err(error) = folded {
        tracing::warn!(reason = %DbError::from(error), "the log was not folded into the database");
    }
}
