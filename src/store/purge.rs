//! The end of a closed record: ten years after its closing, or three months when its deletion was asked, nothing of it is left but
//! one line in the chain of acts without record (LC-13, LC-14).

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::schema::{micros, stamp};
use super::statement::Statement;
use super::writer::{Act, Done, Failure};
use super::{Store, due, records};
use crate::audit;
use crate::dmp::time::Instant;
use crate::dmp::trace::{Trace, TracedAct};
use crate::error::Error;

/// Every table whose rows belong to a record, but for the three that are found by other keys. A test holds it to the schema.
const TABLES: [&str; 15] = [
    "document",
    "document_text",
    "document_version",
    "submission",
    "folder_member",
    "attribute",
    "content",
    "consent",
    "consent_history",
    "consultation",
    "vaccination",
    "outbox",
    // The head first: who appends to the chain at this moment holds it, and his line is then there to be deleted.
    "journal_head",
    "journal",
    "record",
];

/// Entries looked through at once.
const BATCH: i64 = 200;

impl Store {
    /// Deletes the closed records whose time has come, `most` of them; gives how many were looked at.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn purge(&self, now: Instant, most: usize) -> Result<usize, Error> {
        let sql = "SELECT ins FROM record WHERE purge_at IS NOT NULL AND purge_at <= $1 ORDER BY purge_at, ins LIMIT $2";
        let mut reader = self.reader().await?;
        let values = [micros(now).into(), due::limit(most)];
        let rows = reader.conn()?.query(sql, &values).await?;
        drop(reader);
        let found = rows.len();
        for mut row in rows {
            let ins = row.take_text(0)?;
            due::passing(self.write(Purge { ins, now }).await)?;
        }
        Ok(found)
    }
}

struct Purge {
    ins: String,
    now: Instant,
}

impl Act for Purge {
    type Output = ();

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        let nothing = Done {
            output: (),
            line: None,
        };
        let Some(record) = records::held(conn, &self.ins).await? else {
            return Ok(nothing);
        };
        let day = record.data.purged_from(record.updated);
        if day.is_none_or(|day| self.now < day) {
            // Reopened meanwhile, or closed by a version that did not keep its day.
            let sql = "UPDATE record SET purge_at = $1 WHERE ins = $2";
            let values = [day.map(micros).into(), (&self.ins).into()];
            conn.execute(sql, &values).await?;
            return Ok(nothing);
        }
        self.forget_ids(conn).await?;
        for number in record.data.numbers() {
            forget_number(conn, &number.key()).await?;
        }
        for table in TABLES {
            let sql = format!("DELETE FROM {table} WHERE ins = $1");
            conn.execute(&sql, &[(&self.ins).into()]).await?;
        }
        let rule = if record.data.deletion_asked {
            "LC-14"
        } else {
            "LC-13"
        };
        // Without the INS: the line outlives the record.
        let entity = (audit::RECORD, record.id);
        let line = due::line(TracedAct::Purge, rule, stamp(self.now), None, entity);
        Ok(Done {
            output: (),
            line: Some(line),
        })
    }
}

/// Deletes what leads from a number to the record, and the lines of those who asked for it before it was the record's.
async fn forget_number(conn: &mut Conn<'_>, number: &str) -> Result<(), DbError> {
    for place in [
        "ins_number WHERE number = $1",
        "journal_head WHERE ins = $1",
        "journal WHERE ins = $1",
    ] {
        let sql = format!("DELETE FROM {place}");
        conn.execute(&sql, &[number.into()]).await?;
    }
    Ok(())
}

impl Purge {
    /// Deletes the rows that lead to the record from an id alone.
    async fn forget_ids(&self, conn: &mut Conn<'_>) -> Result<(), DbError> {
        for ids in [
            "locator WHERE id IN (SELECT id FROM document WHERE ins = $1)",
            "locator WHERE id IN (SELECT id FROM submission WHERE ins = $1)",
            "locator WHERE id IN (SELECT id FROM consent WHERE ins = $1)",
            "locator WHERE id IN (SELECT id FROM vaccination WHERE ins = $1)",
            "locator WHERE id IN (SELECT id FROM record WHERE ins = $1)",
            "unique_id WHERE value IN (SELECT unique_id FROM document WHERE ins = $1)",
            "unique_id WHERE value IN (SELECT unique_id FROM submission WHERE ins = $1)",
        ] {
            let sql = format!("DELETE FROM {ids}");
            conn.execute(&sql, &[(&self.ins).into()]).await?;
        }
        self.forget_contents(conn).await
    }

    /// The ids of contents are told by the entries alone.
    async fn forget_contents(&self, conn: &mut Conn<'_>) -> Result<(), DbError> {
        #[derive(serde::Deserialize)]
        struct Entry {
            content_id: Uuid,
        }
        let sql =
            "SELECT id, entry FROM document_text WHERE ins = $1 AND id > $2 ORDER BY id LIMIT $3";
        let mut after = Uuid::nil();
        loop {
            let values = [(&self.ins).into(), (&after).into(), BATCH.into()];
            let rows = conn.query(sql, &values).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            let next = last.uuid(0)?;
            let mut ids = Vec::with_capacity(rows.len());
            for row in &rows {
                ids.push(row.json::<Entry>(1)?.content_id);
            }
            let mut delete = Statement::new("DELETE FROM locator WHERE id IN ");
            delete.list(ids);
            conn.execute(&delete.text, &delete.values).await?;
            after = next;
        }
    }
}
