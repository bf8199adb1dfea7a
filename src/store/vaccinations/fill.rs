//! Notes and histories that were deposited before there was a register: one pass over them, in the order of their ids, which goes on
//! where it was left. What was deposited since feeds the register itself and is found done.

use std::sync::Arc;

use uuid::Uuid;

use super::super::conn::{Conn, DbError};
use super::super::schema::{Kind, stamp};
use super::super::writer::{Act, Done, Failure};
use super::super::{Render, Store, due, records, state};
use super::{register, told};
use crate::dmp::document::DocumentEntry;
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::dmp::vaccination::{HISTORY, NOTE};
use crate::error::Error;

/// Its row among the passes.
const PASS: &str = "vaccinations";

impl Store {
    /// Goes on with the pass, `most` documents; gives how many were looked at.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn fill_vaccinations(&self, now: Instant, most: usize) -> Result<usize, Error> {
        let mut reader = self.reader().await?;
        let mut conn = reader.conn()?;
        let Some(after) = reached(&mut conn).await? else {
            return Ok(0);
        };
        // By the index of all ids: the table of documents has none across records.
        let sql = "SELECT d.ins, d.id FROM locator l JOIN document d ON d.ins = l.ins AND d.id = l.id \
                   WHERE l.id > $1 AND l.kind = $2 AND d.type_code IN ($3, $4) ORDER BY l.id LIMIT $5";
        let values = [
            (&after).into(),
            Kind::Document.number().into(),
            NOTE.into(),
            HISTORY.into(),
            due::limit(most),
        ];
        let rows = conn.query(sql, &values).await?;
        drop(reader);
        let (found, mut after) = (rows.len(), after);
        for mut row in rows {
            let (ins, id) = (row.take_text(0)?, row.uuid(1)?);
            let fill = Fill {
                ins,
                id,
                now: stamp(now),
                render: Arc::clone(&self.render),
            };
            due::passing(self.write(fill).await)?;
            after = id;
        }
        let done = found < most;
        self.write(Reach { after, done }).await?;
        Ok(found)
    }
}

/// The last id that was looked at; None at the end.
async fn reached(conn: &mut Conn<'_>) -> Result<Option<Uuid>, DbError> {
    let sql = "SELECT after, done FROM pass WHERE name = $1";
    let rows = conn.query(sql, &[PASS.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(Some(Uuid::nil()));
    };
    Ok(match row.int(1)? {
        0 => Some(row.uuid(0)?),
        _ => None,
    })
}

/// What one document tells.
struct Fill {
    ins: String,
    id: Uuid,
    now: Instant,
    render: Arc<dyn Render>,
}

impl Act for Fill {
    type Output = ();

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        // Nobody's act: the document said so from the first.
        let nothing = Done {
            output: (),
            line: None,
        };
        if records::held(conn, &self.ins).await?.is_none() {
            return Ok(nothing);
        }
        let place = [(&self.ins).into(), (&self.id).into()];
        let known = "SELECT id FROM vaccination WHERE ins = $1 AND document = $2 LIMIT 1";
        if !conn.query(known, &place).await?.is_empty() {
            return Ok(nothing);
        }
        let sql = "SELECT t.entry, c.bytes FROM document d \
                   JOIN document_text t ON t.ins = d.ins AND t.id = d.id \
                   JOIN content c ON c.ins = d.ins AND c.sha256 = d.sha256 WHERE d.ins = $1 AND d.id = $2";
        let mut rows = conn.query(sql, &place).await?;
        if let Some(row) = rows.first_mut() {
            let entry: DocumentEntry = row.json(0)?;
            let content = row.take_bytes(1)?;
            let mut told = told(&self.ins, &entry, &content, self.render.as_ref())?;
            if !told.is_empty() {
                // Who follows the register by its times finds them.
                let state = state::next(conn, &self.ins, self.now).await?;
                told.iter_mut()
                    .for_each(|(entry, _)| entry.updated = state.at);
            }
            register(conn, &self.ins, told.iter()).await?;
        }
        Ok(nothing)
    }
}

/// How far the pass came.
struct Reach {
    after: Uuid,
    done: bool,
}

impl Act for Reach {
    type Output = ();

    fn record(&self) -> Option<&str> {
        None
    }

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        let values = [
            PASS.into(),
            (&self.after).into(),
            i64::from(self.done).into(),
        ];
        // Another server may have come further.
        let tail = "ON CONFLICT (name) DO UPDATE SET after = excluded.after, done = excluded.done \
                    WHERE pass.after <= excluded.after AND pass.done = 0";
        conn.insert("INSERT INTO pass (name, after, done)", 3, &values, tail)
            .await?;
        Ok(Done {
            output: (),
            line: None,
        })
    }
}
