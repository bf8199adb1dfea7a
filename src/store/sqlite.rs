//! The embedded home: one thread owns the write connection, readers use their own on the calling thread.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use tokio::sync::mpsc;

use super::conn::{Conn, DbError};
use super::log::Log;
use super::memory::{Contents, Texts};
use super::row::{Cell, Row};
use super::statement::Value;
use super::writer::{self, GROUP, Job, QUEUE};
use super::{OpenError, migrate};

/// `FULL`: a commit that was answered survives a power cut (in WAL mode, less syncs at checkpoints only). A cache that holds the inner pages
/// of every tree.
const WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768";
/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 128;
/// Readers kept open while nobody reads.
const IDLE_READERS: usize = 8;

/// Bytes of rendered resources kept in memory, at most.
const TEXTS: usize = 24 << 20;
/// Bytes of contents kept in memory, at most.
const CONTENTS: usize = 24 << 20;

/// An open SQLite file.
pub(super) struct Home {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    texts: Texts,
    contents: Contents,
    writer: std::thread::JoinHandle<()>,
}

impl Home {
    /// Opens (or makes, mode 0600) the file, brings its schema up to date and starts the writer.
    pub(super) fn open(path: &Path) -> Result<(Self, mpsc::Sender<Box<dyn Job>>), OpenError> {
        create_private(path)?;
        let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.execute_batch(WRITER)?;
        writer::inline(migrate::run(&mut Conn::Sqlite(&mut db))).ok_or(DbError::Shape)??;
        let log = Log::watch(&mut db, path)?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write(db, log, receiver))
            .map_err(|error| OpenError::Database(error.to_string()))?;
        let home = Self {
            path: path.to_owned(),
            readers: Mutex::default(),
            texts: Texts::new(TEXTS),
            contents: Contents::new(CONTENTS),
            writer,
        };
        let first = home.reader()?;
        drop(first);
        Ok((home, sender))
    }

    /// A connection for reading; never waits for the writer nor for another reader.
    pub(super) fn reader(&self) -> Result<Reader<'_>, DbError> {
        let idle = self.lock().pop();
        let db = match idle {
            Some(db) => db,
            None => read_only(&self.path)?,
        };
        Ok(Reader {
            home: self,
            db: Some(db),
        })
    }

    /// Rendered resources kept in memory.
    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Contents kept in memory.
    pub(super) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// True while the writer thread lives.
    pub(super) fn writes(&self) -> bool {
        !self.writer.is_finished()
    }

    /// Waits for the writer to end; the sender must be gone.
    pub(super) fn join(self) {
        // A writer that panicked has nothing left to flush.
        let _ = self.writer.join();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading connection, given back when dropped.
pub(super) struct Reader<'h> {
    home: &'h Home,
    db: Option<Connection>,
}

impl Reader<'_> {
    /// The connection.
    pub(super) fn conn(&mut self) -> Result<Conn<'_>, DbError> {
        self.db.as_mut().map(Conn::Sqlite).ok_or(DbError::Shape)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let Some(db) = self.db.take() else { return };
        let clean = db.is_autocommit() || db.execute_batch("ROLLBACK").is_ok();
        let mut idle = self.home.lock();
        if clean && idle.len() < IDLE_READERS {
            idle.push(db);
        }
    }
}

/// A connection that cannot write.
pub(super) fn read_only(path: &Path) -> Result<Connection, DbError> {
    Ok(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

pub(super) fn connect(path: &Path, access: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without this, a new value bound to a prepared statement may have it planned again, at every use.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Small: a reader loses it at every commit of the writer.
    db.execute_batch("PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY")?;
    Ok(db)
}

/// SQLite gives its side files the mode of the database.
fn create_private(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(OpenError::Database(format!("{}: {error}", path.display()))),
    }
}

/// The writer: takes whatever waits, commits it at once, answers.
fn write(mut db: Connection, mut log: Log, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut jobs = Vec::with_capacity(GROUP);
    while queue.blocking_recv_many(&mut jobs, GROUP) > 0 {
        let group = std::mem::replace(&mut jobs, Vec::with_capacity(GROUP));
        writer::inline(writer::settle(&mut Conn::Sqlite(&mut db), group));
        log.committed(&db);
    }
    // What stays in the log is read back at the next start; folding it in now makes that start quick.
    if let Err(error) = db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(reason = %DbError::from(error), "the log was not folded into the database");
    }
}

pub(super) fn execute(
    db: &mut Connection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64, DbError> {
    let mut statement = db.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    Ok(statement.raw_execute()? as u64)
}

pub(super) fn query(
    db: &mut Connection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, DbError> {
    let mut statement = db.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            cells.push(match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Int(value),
                ValueRef::Text(value) => {
                    Cell::Text(String::from_utf8(value.to_vec()).map_err(|_| DbError::Shape)?)
                }
                ValueRef::Blob(value) => Cell::Bytes(value.to_vec()),
                ValueRef::Real(_) => return Err(DbError::Shape),
            });
        }
        found.push(Row(cells));
    }
    Ok(found)
}

pub(super) fn batch(db: &mut Connection, sql: &str) -> Result<(), DbError> {
    Ok(db.execute_batch(sql)?)
}

/// `$1` is a name to SQLite, numbered by first appearance: the same number as long as placeholders appear in order.
fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value<'_>]) -> Result<(), DbError> {
    for (i, value) in values.iter().enumerate() {
        debug_assert_eq!(
            statement.parameter_name(i + 1),
            Some(format!("${}", i + 1).as_str())
        );
        statement.raw_bind_parameter(i + 1, value)?;
    }
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Int(Some(value)) => ValueRef::Integer(*value),
            Value::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(Some(value)) => ValueRef::Blob(value),
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) => ValueRef::Null,
        }))
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                code => Self::Other(format!("SQLite {code:?} ({})", failure.extended_code)),
            },
            rusqlite::Error::SqlInputError { error, .. } => {
                Self::Other(format!("SQLite statement ({})", error.extended_code))
            }
            _ => Self::Other("SQLite".to_owned()),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        DbError::from(error).into()
    }
}
