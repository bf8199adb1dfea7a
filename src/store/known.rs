//! One document of a record, by any of its names, if the caller may know of it.

use super::conn::{Conn, DbError};
use super::statement::Statement;
use super::visible;
use crate::dmp::document::DocumentEntry;
use crate::dmp::query::DocumentKey;
use crate::policy::{Ownership, Visibility};

/// Where a unique id of the record leads.
const BY_UNIQUE_ID: &str = "SELECT entry FROM unique_id WHERE value = $1 AND ins = $2";
const BY_ID: &str = "SELECT id FROM document WHERE id = $1 AND ins = $2";

/// The entry, and whether it is the caller's own. A deleted one is found too: its availability says so.
pub(super) async fn known_or_deleted(
    conn: &mut Conn<'_>,
    ins: &str,
    ownership: &Ownership,
    visibility: &Visibility,
    key: &DocumentKey,
) -> Result<Option<(DocumentEntry, bool)>, DbError> {
    find(conn, ins, ownership, visibility, key, visible::known).await
}

/// The entry, and whether it is the caller's own.
pub(super) async fn known(
    conn: &mut Conn<'_>,
    ins: &str,
    ownership: &Ownership,
    visibility: &Visibility,
    key: &DocumentKey,
) -> Result<Option<(DocumentEntry, bool)>, DbError> {
    find(conn, ins, ownership, visibility, key, visible::documents).await
}

async fn find<'a>(
    conn: &mut Conn<'_>,
    ins: &'a str,
    ownership: &'a Ownership,
    visibility: &'a Visibility,
    key: &DocumentKey,
    shown: impl Fn(&mut Statement<'a>, &'a Visibility),
) -> Result<Option<(DocumentEntry, bool)>, DbError> {
    let (sql, value) = match key {
        DocumentKey::Id(id) => (BY_ID, id.into()),
        DocumentKey::Unique(id) => (BY_UNIQUE_ID, id.to_string().into()),
        DocumentKey::Uuid(id) => {
            // One that it had before leads to it too.
            let by_uuid = "SELECT id FROM document WHERE entry_uuid = $1 AND ins = $2 \
                           UNION SELECT id FROM document_version WHERE entry_uuid = $1 AND ins = $2";
            let found = conn.query(by_uuid, &[id.into(), ins.into()]).await?;
            match found.first() {
                Some(row) => (BY_ID, row.uuid(0)?.into()),
                None => (BY_UNIQUE_ID, id.to_string().into()),
            }
        }
    };
    let located = conn.query(sql, &[value, ins.into()]).await?;
    let Some(located) = located.first() else {
        return Ok(None);
    };
    let mut statement = Statement::new("SELECT t.entry, CASE WHEN d.ins = ");
    statement.bind(ins).push(" AND ");
    visible::own(&mut statement, ownership);
    statement
            .push(" THEN 1 ELSE 0 END FROM document d JOIN document_text t ON t.ins = d.ins AND t.id = d.id \
                 WHERE d.ins = $1 AND d.id = ")
            .bind(located.uuid(0)?)
            .push(" AND ");
    shown(&mut statement, visibility);
    let rows = conn.query(&statement.text, &statement.values).await?;
    match rows.first() {
        Some(row) => Ok(Some((row.json(0)?, row.int(1)? == 1))),
        None => Ok(None),
    }
}
