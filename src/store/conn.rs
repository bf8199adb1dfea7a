//! One face for the two databases: SQL text with `$1` placeholders, values in, rows out. All of the store's logic is written over it.

use sqlx::postgres::PgConnection;

use super::row::Row;
use super::statement::{Statement, Value};
use super::{postgres, sqlite};
use crate::error::{Code, Error};

/// A connection being used. The SQLite half answers within the call: its futures never wait.
pub(super) enum Conn<'c> {
    /// A connection to the embedded database.
    Sqlite(&'c mut rusqlite::Connection),
    /// A connection to PostgreSQL.
    Postgres(&'c mut PgConnection),
}

impl Conn<'_> {
    /// Runs a statement; tells how many rows it touched. Placeholders must appear in the order of their numbers.
    pub(super) async fn execute(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64, DbError> {
        match self {
            Self::Sqlite(db) => sqlite::execute(db, sql, values),
            Self::Postgres(db) => postgres::execute(db, sql, values).await,
        }
    }

    /// Runs a query.
    pub(super) async fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, DbError> {
        match self {
            Self::Sqlite(db) => sqlite::query(db, sql, values),
            Self::Postgres(db) => postgres::query(db, sql, values).await,
        }
    }

    /// Runs statements without values, separated by semicolons.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        match self {
            Self::Sqlite(db) => sqlite::batch(db, sql),
            Self::Postgres(db) => postgres::batch(db, sql).await,
        }
    }

    /// Opens the transaction of a group of writes.
    pub(super) async fn begin_write(&mut self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(db) => sqlite::execute(db, "BEGIN IMMEDIATE", &[]).map(drop),
            Self::Postgres(db) => postgres::batch(db, "BEGIN").await,
        }
    }

    /// Opens a snapshot: every query until the end sees the same state.
    pub(super) async fn begin_read(&mut self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(db) => sqlite::execute(db, "BEGIN", &[]).map(drop),
            Self::Postgres(db) => {
                postgres::batch(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
            }
        }
    }

    /// Inserts rows of `columns` values each; tells how many went in. `tail` follows the rows.
    pub(super) async fn insert(
        &mut self,
        into: &str,
        columns: usize,
        values: &[Value<'_>],
        tail: &str,
    ) -> Result<u64, DbError> {
        let mut inserted = 0;
        match self {
            // One row at a time: a statement of several keeps a journal of its own, to undo itself.
            Self::Sqlite(db) => {
                let statement = Statement::insert(into, columns, 1, tail);
                for row in values.chunks(columns) {
                    inserted += sqlite::execute(db, &statement.text, row)?;
                }
            }
            // As many as can be: each statement is a round trip. Powers of two, so that a few texts serve every number of rows.
            Self::Postgres(db) => {
                let mut rest = values;
                while !rest.is_empty() {
                    let rows = 1 << (rest.len() / columns).clamp(1, 16).ilog2();
                    let (now, later) = rest
                        .split_at_checked(rows * columns)
                        .ok_or(DbError::Shape)?;
                    let statement = Statement::insert(into, columns, rows, tail);
                    inserted += postgres::execute(db, &statement.text, now).await?;
                    rest = later;
                }
            }
        }
        Ok(inserted)
    }

    /// `FOR UPDATE` where rows are locked one by one; SQLite's one writer needs none.
    pub(super) fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE",
        }
    }
}

/// Why the database did not answer. Never holds a value: a message could name a patient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DbError {
    /// Locked by another process, or no connection to be had in time.
    #[error("busy")]
    Busy,
    /// Another transaction won: the same may be tried again.
    #[error("conflict")]
    Conflict,
    /// The connection is gone.
    #[error("connection lost: {0}")]
    Lost(String),
    /// A row is not what the schema says.
    #[error("unexpected shape of a row")]
    Shape,
    /// Anything else, by its code.
    #[error("{0}")]
    Other(String),
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        tracing::error!(reason = %error, "the database did not answer");
        match error {
            DbError::Busy | DbError::Conflict | DbError::Lost(_) => Code::Busy.into(),
            DbError::Shape | DbError::Other(_) => Code::Internal.into(),
        }
    }
}
