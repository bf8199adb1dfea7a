//! With schema 8: the organisations behind the authors of what was deposited before become attributes, out of the entries as they are
//! kept. Part of the migration's transaction: a server that is stopped meanwhile begins again, one that starts has them all.

use uuid::Uuid;

use super::super::conn::{Conn, DbError};
use super::super::row::Row;
use super::super::rows::Attributes;
use crate::dmp::person::Author;

/// Entries read at once.
const BATCH: i64 = 500;

/// As much as is needed of a document's entry and of a submission's; a folder has neither.
#[derive(serde::Deserialize)]
struct Kept {
    metadata: Metadata,
}

#[derive(serde::Deserialize)]
struct Metadata {
    #[serde(default)]
    authors: Vec<Author>,
    #[serde(default)]
    author: Option<Author>,
}

/// Writes what is not there yet.
pub(super) async fn complete(conn: &mut Conn<'_>) -> Result<(), DbError> {
    for table in ["document_text", "submission"] {
        let sql = format!(
            "SELECT t.ins, t.id, t.entry FROM {table} t WHERE (t.ins, t.id) > ($1, $2) ORDER BY t.ins, t.id LIMIT $3"
        );
        let (mut ins, mut id) = (String::new(), Vec::new());
        loop {
            let after = [ins.as_str().into(), id.as_slice().into(), BATCH.into()];
            let mut rows = conn.query(&sql, &after).await?;
            for row in &rows {
                add(conn, row).await?;
            }
            let Some(last) = rows.last_mut() else { break };
            (ins, id) = (last.take_text(0)?, last.take_bytes(1)?);
        }
    }
    Ok(())
}

async fn add(conn: &mut Conn<'_>, row: &Row) -> Result<(), DbError> {
    let id: Uuid = row.uuid(1)?;
    let Ok(Kept { metadata }) = row.json::<Kept>(2) else {
        // It can't be read back either: no reason for the others not to be served.
        tracing::warn!(%id, "an entry can't be read; its organisations are not searched");
        return Ok(());
    };
    let mut attributes = Attributes::new(row.text(0)?);
    for author in metadata.authors.iter().chain(&metadata.author) {
        attributes.institution(&id, author);
    }
    attributes.insert(conn).await
}
