//! The PostgreSQL home: one task owns the write connection, readers come from a pool. Several servers may share the database.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Column, Connection, Executor, PgConnection, PgPool, Row as _, TypeInfo};
use tokio::sync::mpsc;

use super::conn::{Conn, DbError};
use super::row::{Cell, Row};
use super::statement::Value;
use super::writer::{self, GROUP, Job, QUEUE};
use super::{OpenError, migrate};

/// Readers at most.
const READERS: u32 = 8;
/// How long a reader waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open PostgreSQL database.
pub(super) struct Home {
    pool: PgPool,
    writer: tokio::task::JoinHandle<()>,
}

impl Home {
    /// Connects, brings the schema up to date and starts the writer.
    pub(super) async fn open(url: &str) -> Result<(Self, mpsc::Sender<Box<dyn Job>>), OpenError> {
        let options: PgConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
        let options = options.application_name("passerelle");
        let mut db = connect(&options).await?;
        migrate::run(&mut Conn::Postgres(&mut db)).await?;
        let pool = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options.clone());
        let (sender, receiver) = mpsc::channel(QUEUE);
        let writer = tokio::spawn(write(db, options, receiver));
        Ok((Self { pool, writer }, sender))
    }

    /// A connection for reading.
    pub(super) async fn reader(&self) -> Result<Reader, DbError> {
        Ok(Reader {
            db: self.pool.acquire().await?,
            snapshot: false,
        })
    }

    /// True while the writer lives.
    pub(super) fn writes(&self) -> bool {
        !self.writer.is_finished()
    }

    /// Waits for the writer to end; the sender must be gone.
    pub(super) async fn join(self) {
        // A writer that panicked has nothing left to flush.
        let _ = self.writer.await;
        self.pool.close().await;
    }
}

/// A reading connection. One that is dropped within a snapshot is not given back.
pub(super) struct Reader {
    db: PoolConnection<sqlx::Postgres>,
    snapshot: bool,
}

impl Reader {
    /// The connection.
    pub(super) fn conn(&mut self) -> Conn<'_> {
        Conn::Postgres(&mut self.db)
    }

    /// Says whether a snapshot is open.
    pub(super) fn in_snapshot(&mut self, open: bool) {
        self.snapshot = open;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.snapshot {
            self.db.close_on_drop();
        }
    }
}

/// One connection, for who needs no home.
pub(super) async fn connect_to(url: &str) -> Result<PgConnection, OpenError> {
    let options: PgConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
    Ok(connect(&options).await?)
}

/// A connection whose commits are durable, whatever the server's default says.
async fn connect(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    let mut db = PgConnection::connect_with(options).await?;
    let durable = "SELECT set_config('synchronous_commit', 'on', false) \
                   WHERE current_setting('synchronous_commit') = 'off'";
    db.execute(durable).await?;
    Ok(db)
}

/// The writer: takes whatever waits, commits it at once, answers; reconnects when the server went away.
async fn write(
    mut db: PgConnection,
    options: PgConnectOptions,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
) {
    let mut jobs = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut jobs, GROUP).await > 0 {
        let group = std::mem::replace(&mut jobs, Vec::with_capacity(GROUP));
        let Some(undone) = writer::settle(&mut Conn::Postgres(&mut db), group).await else {
            continue;
        };
        match connect(&options).await {
            Ok(fresh) => {
                db = fresh;
                if let Some(again) = writer::settle(&mut Conn::Postgres(&mut db), undone).await {
                    writer::give_up(again);
                }
            }
            Err(error) => {
                tracing::error!(reason = %error, "PostgreSQL is away");
                writer::give_up(undone);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    // The server ends the session by itself if this goes wrong.
    let _ = db.close().await;
}

pub(super) async fn execute(
    db: &mut PgConnection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64, DbError> {
    // The text is ours alone: values are always bound.
    let statement = bound(sqlx::query(AssertSqlSafe(sql)), values);
    Ok(statement.execute(db).await?.rows_affected())
}

pub(super) async fn query(
    db: &mut PgConnection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, DbError> {
    let rows = bound(sqlx::query(AssertSqlSafe(sql)), values)
        .fetch_all(db)
        .await?;
    rows.iter().map(row).collect()
}

pub(super) async fn batch(db: &mut PgConnection, sql: &str) -> Result<(), DbError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

fn bound<'q>(mut statement: Query<'q>, values: &'q [Value<'_>]) -> Query<'q> {
    for value in values {
        statement = match value {
            Value::Int(value) => statement.bind(value),
            Value::Text(value) => statement.bind(value.as_deref()),
            Value::Bytes(value) => statement.bind(value.as_deref()),
        };
    }
    statement
}

fn row(row: &PgRow) -> Result<Row, DbError> {
    let mut cells = Vec::with_capacity(row.len());
    for column in row.columns() {
        let at = column.ordinal();
        let cell = match column.type_info().name() {
            "INT8" => row.try_get::<Option<i64>, _>(at)?.map(Cell::Int),
            "INT4" => row
                .try_get::<Option<i32>, _>(at)?
                .map(|value| Cell::Int(value.into())),
            "TEXT" => row.try_get::<Option<String>, _>(at)?.map(Cell::Text),
            "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Cell::Bytes),
            _ => return Err(DbError::Shape),
        };
        cells.push(cell.unwrap_or(Cell::Null));
    }
    Ok(Row(cells))
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => match error.code().as_deref() {
                Some("40001" | "40P01") => Self::Conflict,
                // The server is going down, or has no room for one more session.
                Some(code) if code.starts_with("57P") || code.starts_with("08") => {
                    Self::Lost(format!("PostgreSQL {code}"))
                }
                Some("53300") => Self::Busy,
                Some(code) => Self::Other(format!("PostgreSQL {code}")),
                None => Self::Other("PostgreSQL".to_owned()),
            },
            sqlx::Error::Io(error) => Self::Lost(error.kind().to_string()),
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Tls(_) => Self::Lost("TLS".to_owned()),
            sqlx::Error::Protocol(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Lost("PostgreSQL".to_owned())
            }
            _ => Self::Other("PostgreSQL driver".to_owned()),
        }
    }
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        DbError::from(error).into()
    }
}
