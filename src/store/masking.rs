//! The general switch: every document of a record masked at once (MSK-05), each with a new entryUUID and version (MSK-08).

use uuid::Uuid;

use super::Render;
use super::conn::{Conn, DbError};
use super::rows::Written;
use super::schema::status;
use super::state::State;
use crate::dmp::document::{Availability, DocumentEntry};

/// Documents read at once.
const BATCH: i64 = 100;

/// Masks every document that is neither masked nor deleted; the patient's will stands above what a depositor may ask for
/// (FEED-05), so one that is not yet announced is masked too.
pub(super) async fn mask_all(
    conn: &mut Conn<'_>,
    ins: &str,
    state: State,
    render: &dyn Render,
) -> Result<(), DbError> {
    let sql = "SELECT t.entry FROM document d JOIN document_text t ON t.ins = d.ins AND t.id = d.id \
               WHERE d.ins = $1 AND d.masked = 0 AND d.availability <> $2 ORDER BY d.id LIMIT $3";
    let deleted = status(Availability::Deleted);
    loop {
        let rows = conn
            .query(sql, &[ins.into(), deleted.into(), BATCH.into()])
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let mut entry: DocumentEntry = row.json(0)?;
            if entry.metadata.labels.masked {
                // The row and its text disagree: another turn would find it again, for ever.
                return Err(DbError::Shape);
            }
            entry.metadata.labels.masked = true;
            entry.renew(Uuid::new_v4(), state.at);
            let written = Written::new(entry, render)?;
            written.update(conn, ins, state).await?;
            written.relabel(conn, ins).await?;
        }
    }
}
