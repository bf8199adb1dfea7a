//! Brings the schema up to date at start: `migrations/` in their order, each once, all in one transaction.

mod organizations;

use super::conn::{Conn, DbError};
use super::statement::Value;
use crate::dmp::time::Instant;

/// The one after which entries are read through once.
const ORGANIZATIONS: i64 = 8;

const MIGRATIONS: [&str; 11] = [
    include_str!("../../migrations/0001_records.sql"),
    include_str!("../../migrations/0002_rights.sql"),
    include_str!("../../migrations/0003_ins_number.sql"),
    include_str!("../../migrations/0004_versions.sql"),
    include_str!("../../migrations/0005_folders.sql"),
    include_str!("../../migrations/0006_states.sql"),
    include_str!("../../migrations/0007_vaccinations.sql"),
    include_str!("../../migrations/0008_organizations.sql"),
    include_str!("../../migrations/0009_vaccinations.sql"),
    include_str!("../../migrations/0010_changed.sql"),
    include_str!("../../migrations/0011_shown_times.sql"),
];

/// Applies what is missing.
///
/// # Errors
/// The database's own, or a schema that is newer than this program.
pub(super) async fn run(conn: &mut Conn<'_>) -> Result<(), DbError> {
    conn.begin_write().await?;
    let done = within(conn).await;
    match done {
        Ok(()) => conn.batch("COMMIT").await,
        Err(error) => {
            conn.batch("ROLLBACK").await?;
            Err(error)
        }
    }
}

async fn within(conn: &mut Conn<'_>) -> Result<(), DbError> {
    if let Conn::Postgres(_) = conn {
        // Two servers that start together must not both migrate.
        conn.batch("SELECT pg_advisory_xact_lock(7164771)").await?;
    }
    conn.batch(
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied BIGINT NOT NULL)",
    )
    .await?;
    let rows = conn
        .query("SELECT MAX(version) FROM schema_version", &[])
        .await?;
    let applied = match rows.first() {
        Some(row) => row.int(0).unwrap_or(0),
        None => 0,
    };
    if applied > MIGRATIONS.len() as i64 {
        return Err(DbError::Other(format!(
            "the database has schema {applied}, this program knows {}",
            MIGRATIONS.len()
        )));
    }
    for (version, text) in (1..).zip(MIGRATIONS) {
        if version > applied {
            conn.batch(&in_dialect(text, conn)).await?;
            if version == ORGANIZATIONS {
                organizations::complete(conn).await?;
            }
            let values = [
                Value::from(version),
                Value::from(Instant::now().as_microsecond()),
            ];
            conn.execute("INSERT INTO schema_version VALUES ($1, $2)", &values)
                .await?;
        }
    }
    Ok(())
}

/// Fills in the words that differ. Keys compare byte by byte in both.
fn in_dialect(text: &str, conn: &Conn<'_>) -> String {
    let (key, bytes, keyed) = match conn {
        Conn::Sqlite(_) => ("TEXT", "BLOB", " WITHOUT ROWID"),
        Conn::Postgres(_) => ("TEXT COLLATE \"C\"", "BYTEA", ""),
    };
    text.replace("{key}", key)
        .replace("{bytes}", bytes)
        .replace("{keyed}", keyed)
}
