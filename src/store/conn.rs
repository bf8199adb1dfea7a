//! One face for the two databases: SQL text with `$1` placeholders, values in, rows out. All of the store's logic is written over it.

use std::borrow::Cow;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

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

    /// Inserts rows of `columns` values each, several to a statement; tells how many went in. `tail` follows the rows.
    pub(super) async fn insert(
        &mut self,
        into: &str,
        columns: usize,
        values: &[Value<'_>],
        tail: &str,
    ) -> Result<u64, DbError> {
        let mut inserted = 0;
        let mut rest = values;
        while !rest.is_empty() {
            // Powers of two, so that a few statement texts serve every number of rows.
            let rows = (rest.len() / columns).min(16);
            let rows = if rows.is_power_of_two() {
                rows
            } else {
                rows.next_power_of_two() / 2
            };
            let (now, later) = rest
                .split_at_checked(rows * columns)
                .ok_or(DbError::Shape)?;
            if now.is_empty() {
                return Err(DbError::Shape);
            }
            let mut statement = Statement::new(into);
            statement.text.push_str(" VALUES ");
            for row in 0..rows {
                statement.text.push_str(if row == 0 { "(" } else { "), (" });
                for column in 0..columns {
                    if column > 0 {
                        statement.text.push(',');
                    }
                    statement.placeholder(row * columns + column + 1);
                }
            }
            statement.text.push_str(") ");
            statement.text.push_str(tail);
            inserted += self.execute(&statement.text, now).await?;
            rest = later;
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

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// A number, a time, a truth value.
    Int(Option<i64>),
    /// A text.
    Text(Option<Cow<'a, str>>),
    /// Bytes, ids included.
    Bytes(Option<Cow<'a, [u8]>>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value.map(Cow::Borrowed))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a Uuid> for Value<'a> {
    fn from(value: &'a Uuid) -> Self {
        Self::Bytes(Some(Cow::Borrowed(value.as_bytes())))
    }
}

impl From<Uuid> for Value<'_> {
    fn from(value: Uuid) -> Self {
        Self::Bytes(Some(Cow::Owned(value.as_bytes().to_vec())))
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of a result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row(pub(super) Vec<Cell>);

impl Row {
    /// A number.
    pub(super) fn int(&self, column: usize) -> Result<i64, DbError> {
        match self.0.get(column) {
            Some(Cell::Int(value)) => Ok(*value),
            _ => Err(DbError::Shape),
        }
    }

    /// A version number.
    pub(super) fn version(&self, column: usize) -> Result<u32, DbError> {
        u32::try_from(self.int(column)?).map_err(|_| DbError::Shape)
    }

    /// A time kept as microseconds.
    pub(super) fn instant(&self, column: usize) -> Result<crate::dmp::time::Instant, DbError> {
        crate::dmp::time::Instant::from_microsecond(self.int(column)?).map_err(|_| DbError::Shape)
    }

    /// A text.
    pub(super) fn text(&self, column: usize) -> Result<&str, DbError> {
        match self.0.get(column) {
            Some(Cell::Text(value)) => Ok(value),
            _ => Err(DbError::Shape),
        }
    }

    /// A text that may be missing.
    pub(super) fn optional_text(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// A text, moved out.
    pub(super) fn take_text(&mut self, column: usize) -> Result<String, DbError> {
        match self.0.get_mut(column) {
            Some(Cell::Text(value)) => Ok(std::mem::take(value)),
            _ => Err(DbError::Shape),
        }
    }

    /// Bytes, moved out.
    pub(super) fn take_bytes(&mut self, column: usize) -> Result<Vec<u8>, DbError> {
        match self.0.get_mut(column) {
            Some(Cell::Bytes(value)) => Ok(std::mem::take(value)),
            _ => Err(DbError::Shape),
        }
    }

    /// An id.
    pub(super) fn uuid(&self, column: usize) -> Result<Uuid, DbError> {
        match self.0.get(column) {
            Some(Cell::Bytes(value)) => Uuid::from_slice(value).map_err(|_| DbError::Shape),
            _ => Err(DbError::Shape),
        }
    }

    /// A JSON text, read.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, DbError> {
        serde_json::from_str(self.text(column)?).map_err(|_| DbError::Shape)
    }
}

/// A statement being written: text and values grow together.
#[derive(Debug, Default)]
pub(super) struct Statement<'a> {
    /// The text.
    pub(super) text: String,
    /// Its values, in the order of their placeholders.
    pub(super) values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    /// Starts a statement.
    pub(super) fn new(text: &str) -> Self {
        let mut start = String::with_capacity(512);
        start.push_str(text);
        Self {
            text: start,
            values: Vec::new(),
        }
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.values.push(value.into());
        self.placeholder(self.values.len());
        self
    }

    /// Adds a list of values in brackets; an empty list holds nothing.
    pub(super) fn list<V: Into<Value<'a>>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        self.text.push('(');
        let start = self.values.len();
        for value in values {
            if self.values.len() > start {
                self.text.push(',');
            }
            self.bind(value);
        }
        if self.values.len() == start {
            self.text.push_str("NULL");
        }
        self.text.push(')');
        self
    }

    fn placeholder(&mut self, number: usize) {
        use std::fmt::Write;
        // Writing into a string cannot fail.
        let _ = write!(self.text, "${number}");
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
