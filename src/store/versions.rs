//! The versions that a document's metadata had. One shows to who may know of the document now, by its own labels too: a version never
//! tells more than the document itself would if it were still so.

use std::sync::Arc;

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::row::Row;
use super::schema::micros;
use super::statement::Statement;
use super::{Store, StoredDocument, read, visible};
use crate::audit;
use crate::dmp::query::{VersionQuery, Versions};
use crate::dmp::trace::Trace;
use crate::error::Error;
use crate::policy::Permit;

/// Every version of a document that is read as `d`, the present one too, with what [`visible`] asks of a document.
const ALL: &str = " FROM (\
    SELECT o.ins, o.id, o.version, o.updated, o.availability, o.masked, o.hidden_until, o.invisible_representatives, \
        o.type_code, o.depositor, o.depositor_structure, o.from_patient, t.resource \
    FROM document o JOIN document_text t ON t.ins = o.ins AND t.id = o.id WHERE o.ins = $1 AND o.id = $2 \
    UNION ALL \
    SELECT o.ins, o.id, v.version, v.updated, v.availability, v.masked, v.hidden_until, v.invisible_representatives, \
        o.type_code, o.depositor, o.depositor_structure, o.from_patient, v.resource \
    FROM document_version v JOIN document o ON o.ins = v.ins AND o.id = v.id WHERE v.ins = $1 AND v.id = $2) d WHERE ";

const COLUMNS: &str =
    "SELECT d.id, d.version, d.updated, d.hidden_until, d.invisible_representatives, d.resource";

/// Keeps the present version of a document beside the one that is about to take its place.
pub(super) async fn keep(conn: &mut Conn<'_>, ins: &str, id: &Uuid) -> Result<(), DbError> {
    let sql = "INSERT INTO document_version (ins, id, version, entry_uuid, updated, availability, masked, hidden_until, \
                   invisible_representatives, resource) \
               SELECT d.ins, d.id, d.version, d.entry_uuid, d.updated, d.availability, d.masked, d.hidden_until, \
                   d.invisible_representatives, t.resource \
               FROM document d JOIN document_text t ON t.ins = d.ins AND t.id = d.id WHERE d.ins = $1 AND d.id = $2";
    match conn.execute(sql, &[ins.into(), id.into()]).await? {
        1 => Ok(()),
        _ => Err(DbError::Shape),
    }
}

impl Store {
    /// Reads one version of a document.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when the document or this version of it is hidden or not there, `document-deleted` when that is why;
    /// `busy`, `internal`.
    pub async fn read_document_version(
        &self,
        permit: &Permit,
        id: Uuid,
        version: u32,
        trace: Trace,
    ) -> Result<StoredDocument, Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let conn = &mut reader.conn()?;
        let present = read::document(conn, &ins, permit, id).await?;
        let gone = present.is_none() && read::is_deleted(conn, &ins, permit, id).await?;
        let found = match present {
            Some(present) if present.version == version => Some(present),
            Some(_) => one(conn, &ins, permit, id, version).await?,
            None => None,
        };
        reader.end().await?;
        drop(reader);
        self.shown(permit, (found, gone), (audit::DOCUMENT, id), trace)
            .await
    }
}

impl Store {
    /// Reads a document and a page of the versions that it had, its present one among them.
    ///
    /// # Errors
    /// As [`Store::read_document`].
    pub async fn document_versions(
        &self,
        permit: &Permit,
        id: Uuid,
        wanted: &VersionQuery,
        trace: Trace,
    ) -> Result<(StoredDocument, Versions<StoredDocument>), Error> {
        let ins = self.entered(permit).await?;
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let conn = &mut reader.conn()?;
        let present = read::document(conn, &ins, permit, id).await?;
        let gone = present.is_none() && read::is_deleted(conn, &ins, permit, id).await?;
        let found = match present {
            Some(present) => Some((present, page(conn, &ins, permit, id, wanted).await?)),
            None => None,
        };
        reader.end().await?;
        drop(reader);
        self.shown(permit, (found, gone), (audit::DOCUMENT, id), trace)
            .await
    }
}

/// Starts a query of the versions of one document that the permit shows. The document itself must be known to it.
fn of<'a>(select: &str, ins: &'a str, permit: &'a Permit, id: &'a Uuid) -> Statement<'a> {
    // The key and the id are the first two values; the conditions of visibility count on the key's place.
    let mut statement = Statement::new("");
    statement.bind(ins).bind(id);
    statement.text.clear();
    statement.push(select).push(ALL);
    visible::documents(&mut statement, permit.visibility());
    statement
}

async fn one(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Uuid,
    version: u32,
) -> Result<Option<StoredDocument>, DbError> {
    let mut statement = of(COLUMNS, ins, permit, &id);
    statement.push(" AND d.version = ").bind(version);
    let rows = conn.query(&statement.text, &statement.values).await?;
    rows.into_iter().next().map(stored).transpose()
}

async fn page(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    id: Uuid,
    wanted: &VersionQuery,
) -> Result<Versions<StoredDocument>, DbError> {
    let asked = |select| {
        let mut statement = of(select, ins, permit, &id);
        if let Some(since) = wanted.since {
            statement.push(" AND d.updated >= ").bind(micros(since));
        }
        statement
    };
    let counted = asked("SELECT COUNT(*)");
    let rows = conn.query(&counted.text, &counted.values).await?;
    let total = rows.first().ok_or(DbError::Shape)?.int(0)?;
    let mut paged = asked(COLUMNS);
    if let Some(before) = wanted.before {
        paged.push(" AND d.version < ").bind(before);
    }
    paged.push(" ORDER BY d.version DESC LIMIT ");
    paged.bind(wanted.count.saturating_add(1));
    let rows = conn.query(&paged.text, &paged.values).await?;
    let rows = rows.into_iter().map(stored).collect::<Result<_, _>>()?;
    let total = u64::try_from(total).map_err(|_| DbError::Shape)?;
    Ok(Versions::cut(total, rows, wanted.count))
}

fn stored(mut row: Row) -> Result<StoredDocument, DbError> {
    Ok(StoredDocument {
        id: row.uuid(0)?,
        version: row.version(1)?,
        updated: row.instant(2)?,
        hidden: row.hidden(3)?,
        resource: Arc::from(row.take_text(5)?),
    })
}
