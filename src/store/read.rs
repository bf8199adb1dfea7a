//! Reads of one entry, one submission, one content: what is hidden is as absent as what never was.

use bytes::Bytes;
use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::memory::Contents;
use super::row::Row;
use super::schema::{Kind, status};
use super::statement::Statement;
use super::{Content, StoredDocument, folders, visible};
use crate::dmp::document::Availability;
use crate::dmp::folder::Listed;
use crate::policy::Permit;

/// A document entry that the permit shows.
pub(super) async fn document(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Uuid,
) -> Result<Option<StoredDocument>, DbError> {
    let mut statement = Statement::new(
        "SELECT d.id, d.version, d.updated, d.hidden_until, d.invisible_representatives, t.resource FROM document d \
         JOIN document_text t ON t.ins = d.ins AND t.id = d.id WHERE d.ins = ",
    );
    statement.bind(ins).push(" AND d.id = ").bind(id);
    statement.push(" AND ");
    visible::documents(&mut statement, permit.visibility());
    let rows = conn.query(&statement.text, &statement.values).await?;
    let stored = |mut row: Row| {
        Ok(StoredDocument {
            id: row.uuid(0)?,
            version: row.version(1)?,
            updated: row.instant(2)?,
            hidden: row.hidden(3)?,
            resource: row.take_text(5)?.into(),
        })
    };
    rows.into_iter().next().map(stored).transpose()
}

/// True for a document that the permit would show if it were not deleted, by its own id or its content's.
pub(super) async fn is_deleted(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Uuid,
) -> Result<bool, DbError> {
    let mut statement = Statement::new("SELECT d.id FROM document d WHERE d.ins = ");
    statement.bind(ins).push(" AND d.availability = ");
    statement.bind(status(Availability::Deleted));
    statement
        .push(" AND d.id = (SELECT l.target FROM locator l WHERE l.id = ")
        .bind(id)
        .push(" AND l.ins = $1) AND ");
    visible::known(&mut statement, permit.visibility());
    let rows = conn.query(&statement.text, &statement.values).await?;
    Ok(!rows.is_empty())
}

/// The reads that a hidden document costs, of a record that nobody has.
pub(super) async fn nothing(conn: &mut Conn<'_>) -> Result<(), DbError> {
    const NOBODY: &str = "-";
    let id = Uuid::nil();
    let whole =
        "SELECT r.data, c.body FROM record r LEFT JOIN consent c ON c.ins = r.ins WHERE r.ins = $1";
    conn.query(whole, &[NOBODY.into()]).await?;
    let text = "SELECT d.id, t.resource FROM document d JOIN document_text t ON t.ins = d.ins AND t.id = d.id \
                WHERE d.ins = $1 AND d.id = $2 AND d.masked = 0";
    conn.query(text, &[NOBODY.into(), (&id).into()]).await?;
    let gone = "SELECT d.id FROM document d WHERE d.ins = $1 AND d.id = (SELECT l.target FROM locator l WHERE l.id = $2)";
    conn.query(gone, &[NOBODY.into(), (&id).into()]).await?;
    Ok(())
}

/// A submission or a folder of which the permit shows something. Needs a snapshot.
pub(super) async fn list(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Uuid,
) -> Result<Option<Listed>, DbError> {
    let mut statement = Statement::new("SELECT s.id");
    statement.push(folders::COLUMNS);
    statement.push(" FROM submission s WHERE s.ins = ");
    statement.bind(ins).push(" AND s.id = ").bind(id);
    statement.push(" AND ");
    visible::submissions(&mut statement, permit.visibility());
    let rows = conn.query(&statement.text, &statement.values).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let found = vec![folders::listed(row, 1)?];
    let filled = folders::fill(conn, ins, permit, found).await?;
    Ok(filled.into_iter().next())
}

/// A content whose document the permit shows. With `kept`, the bytes come from there when they can.
pub(super) async fn content(
    conn: &mut Conn<'_>,
    kept: Option<&Contents>,
    ins: &str,
    permit: &Permit,
    id: Uuid,
) -> Result<Option<Content>, DbError> {
    let mut statement = Statement::new(
        "SELECT d.id, d.mime_type, d.sha1, d.deposited, d.sha256, d.hidden_until, d.invisible_representatives FROM document d WHERE d.ins = ",
    );
    statement
        .bind(ins)
        .push(" AND d.id = (SELECT l.target FROM locator l WHERE l.id = ")
        .bind(id)
        .push(" AND l.kind = ")
        .bind(Kind::Content.number())
        .push(" AND l.ins = $1) AND ");
    visible::documents(&mut statement, permit.visibility());
    let mut rows = conn.query(&statement.text, &statement.values).await?;
    let Some(row) = rows.first_mut() else {
        return Ok(None);
    };
    let sha1 = row.take_bytes(2)?;
    let sha256: [u8; 32] = row.take_bytes(4)?.try_into().map_err(|_| DbError::Shape)?;
    let bytes = match kept.and_then(|kept| kept.one(sha256)) {
        Some(bytes) => bytes,
        None => {
            let bytes = bytes_of(conn, ins, &sha256).await?;
            if let Some(kept) = kept {
                kept.put(sha256, &bytes);
            }
            bytes
        }
    };
    Ok(Some(Content {
        id,
        document: row.uuid(0)?,
        mime_type: row.take_text(1)?,
        sha1: sha1.iter().map(|byte| format!("{byte:02x}")).collect(),
        deposited: row.instant(3)?,
        hidden: row.hidden(5)?,
        bytes,
    }))
}

/// The bytes of a hash in a record: a content is never changed, and goes with its document.
async fn bytes_of(conn: &mut Conn<'_>, ins: &str, sha256: &[u8; 32]) -> Result<Bytes, DbError> {
    let sql = "SELECT bytes FROM content WHERE ins = $1 AND sha256 = $2";
    let mut rows = conn
        .query(sql, &[ins.into(), sha256.as_slice().into()])
        .await?;
    Ok(rows
        .first_mut()
        .ok_or(DbError::Shape)?
        .take_bytes(0)?
        .into())
}
