//! Finding a home by its URL: opening it, checking it, walking its journal.

use std::path::Path;
use std::sync::Arc;

use super::conn::DbError;
use super::types::KnownSets;
use super::{Home, Render, Store, Verification, conn, postgres, sqlite, verification};

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is neither `sqlite:` nor `postgres:`.
    #[error("database.url is neither sqlite:FILE nor postgres://…")]
    Url,
    /// The database answered with an error; the text never holds the password.
    #[error("{0}")]
    Database(String),
}

impl From<DbError> for OpenError {
    fn from(error: DbError) -> Self {
        Self::Database(error.to_string())
    }
}

/// Where a home is.
enum Address<'u> {
    Sqlite(&'u Path),
    Postgres(&'u str),
}

fn address(url: &str) -> Result<Address<'_>, OpenError> {
    match url.split_once(':') {
        Some(("sqlite", file)) => {
            let file = file.strip_prefix("//").unwrap_or(file);
            if file.is_empty() {
                return Err(OpenError::Url);
            }
            Ok(Address::Sqlite(Path::new(file)))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Address::Postgres(url)),
        _ => Err(OpenError::Url),
    }
}

/// Walks the journal of a database that need not be served, changing nothing (see [`Store::verify_journal`]).
///
/// # Errors
/// The database can't be opened or read.
pub async fn verify_journal(url: &str) -> Result<Verification, OpenError> {
    match address(url)? {
        Address::Sqlite(path) => {
            let mut db = sqlite::read_only(path)?;
            let mut conn = conn::Conn::Sqlite(&mut db);
            conn.begin_read().await?;
            Ok(verification::run(&mut conn).await?)
        }
        Address::Postgres(url) => {
            let mut db = postgres::connect_to(url).await?;
            let mut conn = conn::Conn::Postgres(&mut db);
            conn.begin_read().await?;
            Ok(verification::run(&mut conn).await?)
        }
    }
}

impl Store {
    /// Opens a home: `sqlite:FILE` (made, mode 0600, when it is not there) or `postgres://…`. Brings its schema up to date.
    ///
    /// # Errors
    /// The URL, the database, or a schema that is newer than this program.
    pub async fn open(url: &str, render: Arc<dyn Render>) -> Result<Self, OpenError> {
        let (home, queue) = match address(url)? {
            Address::Sqlite(path) => {
                let (home, queue) = sqlite::Home::open(path)?;
                (Home::Sqlite(Box::new(home)), queue)
            }
            Address::Postgres(url) => {
                let (home, queue) = postgres::Home::open(url).await?;
                (Home::Postgres(home), queue)
            }
        };
        Ok(Self {
            home,
            queue,
            render,
            known_sets: KnownSets::default(),
        })
    }

    /// Says whether a database can be reached, and changes nothing: an SQLite file need not be there yet, its folder must.
    ///
    /// # Errors
    /// The URL or the database.
    pub async fn check(url: &str) -> Result<(), OpenError> {
        match address(url)? {
            Address::Sqlite(path) if path.exists() => {
                let mut db = sqlite::read_only(path)?;
                // Opening reads nothing: only a query tells a database from any other file.
                let mut conn = conn::Conn::Sqlite(&mut db);
                let sql = "SELECT count(*) FROM sqlite_schema";
                Ok(conn.query(sql, &[]).await.map(drop)?)
            }
            Address::Sqlite(path) => {
                let folder = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                if folder.is_none_or(Path::is_dir) {
                    Ok(())
                } else {
                    Err(OpenError::Database("its folder does not exist".to_owned()))
                }
            }
            Address::Postgres(url) => Ok(postgres::connect_to(url).await.map(drop)?),
        }
    }
}
