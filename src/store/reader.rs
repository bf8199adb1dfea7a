//! A reading connection of either home.

use super::conn::{Conn, DbError};
use super::{postgres, sqlite};

/// Given back when dropped.
pub(super) enum Reader<'h> {
    Sqlite(sqlite::Reader<'h>),
    Postgres(postgres::Reader),
}

impl Reader<'_> {
    /// The connection.
    pub(super) fn conn(&mut self) -> Result<Conn<'_>, DbError> {
        match self {
            Self::Sqlite(reader) => reader.conn(),
            Self::Postgres(reader) => Ok(reader.conn()),
        }
    }

    /// Opens a snapshot. One that is not ended is rolled back with the reader.
    pub(super) async fn begin(&mut self) -> Result<(), DbError> {
        if let Self::Postgres(reader) = self {
            reader.in_snapshot(true);
        }
        self.conn()?.begin_read().await
    }

    /// Ends the snapshot.
    pub(super) async fn end(&mut self) -> Result<(), DbError> {
        self.conn()?.execute("COMMIT", &[]).await?;
        if let Self::Postgres(reader) = self {
            reader.in_snapshot(false);
        }
        Ok(())
    }
}
