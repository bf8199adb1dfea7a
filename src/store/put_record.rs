//! Opening a record, changing it, and the numbers that lead to it (INS-01). A record keeps the key that it was opened under: its rows
//! and its chain stay where they are whatever number comes after.

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::outbox;
use super::records::insert_locators;
use super::schema::{Kind, micros, stamp};
use super::statement::{Statement, Value};
use super::writer::{Act, Done, Failure};
use crate::audit;
use crate::dmp::change::Expected;
use crate::dmp::ins::Ins;
use crate::dmp::record::{Record, RecordData};
use crate::dmp::trace::Trace;
use crate::error::Code;

/// An operator opens a record or changes it; a patient changes his own.
pub(super) struct PutRecord {
    /// The key that is thought to be the record's: locked beforehand.
    pub(super) ins: String,
    pub(super) data: RecordData,
    pub(super) if_match: Option<Expected>,
    /// The record that the change was decided on, when it was.
    pub(super) expected: Option<(Uuid, u32)>,
    pub(super) trace: Trace,
}

/// The record as it is, with its numbers that the new data names.
struct Kept {
    opened_as: Ins,
    id: Uuid,
    version: u32,
    data: RecordData,
    numbers: Vec<String>,
}

impl Act for PutRecord {
    type Output = (Record, bool);

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        Some(&self.trace)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Self::Output>, Failure> {
        let kept = self.kept(conn).await?;
        let now = kept.as_ref().map(|kept| (kept.id, kept.version));
        if let Some(expected) = &self.if_match
            && !expected.is_met_by(now.map(|(_, version)| version))
        {
            return Err(Code::VersionConflict.into());
        }
        let loses = |kept: &Kept| kept.data.numbers().any(|ins| !self.data.is_known_by(ins));
        if (self.expected.is_some() && self.expected != now) || kept.as_ref().is_some_and(loses) {
            return Err(Failure::Stale);
        }
        let record = Record {
            id: now.map_or_else(Uuid::new_v4, |(id, _)| id),
            version: now.map_or(1, |(_, version)| version + 1),
            updated: stamp(self.trace.at),
            opened_as: match &kept {
                Some(kept) => kept.opened_as.clone(),
                None => self.data.ins.clone(),
            },
            data: self.data.clone(),
        };
        let ins = record.opened_as.key();
        lead(conn, &record, kept.as_ref()).await?;
        write(conn, &ins, &record, kept.is_some()).await?;
        if !record.data.state.is_open() {
            outbox::drop_untold(conn, &ins).await?;
        }
        let mut trace = self.trace.clone();
        trace.entities = vec![(audit::RECORD.to_owned(), record.id)];
        trace.patient = Some(record.opened_as.clone());
        let renumbered = kept
            .as_ref()
            .is_some_and(|kept| kept.data.ins != record.data.ins);
        if renumbered {
            trace.rule = Some("INS-01".to_owned());
        }
        Ok(Done {
            output: (record, kept.is_none()),
            line: Some(audit::line(&trace)),
        })
    }
}

impl PutRecord {
    /// The one record that the numbers lead to, locked.
    async fn kept(&self, conn: &mut Conn<'_>) -> Result<Option<Kept>, Failure> {
        let mut statement = Statement::new(
            "SELECT r.ins, r.id, r.version, r.data, n.number FROM ins_number n \
             JOIN record r ON r.ins = n.ins WHERE n.number IN ",
        );
        statement
            .list(self.data.numbers().map(Ins::key))
            .push(conn.for_update());
        let mut kept: Option<Kept> = None;
        for row in conn.query(&statement.text, &statement.values).await? {
            let number = row.text(4)?.to_owned();
            match &mut kept {
                Some(kept) if kept.id == row.uuid(1)? => kept.numbers.push(number),
                Some(_) => return Err(Code::InsTaken.into()),
                None => {
                    kept = Some(Kept {
                        opened_as: Ins::from_key(row.text(0)?).map_err(|_| DbError::Shape)?,
                        id: row.uuid(1)?,
                        version: row.version(2)?,
                        data: row.json(3)?,
                        numbers: vec![number],
                    });
                }
            }
        }
        Ok(kept)
    }
}

/// Makes every number of the record lead to it.
async fn lead(conn: &mut Conn<'_>, record: &Record, kept: Option<&Kept>) -> Result<(), DbError> {
    let ins = record.opened_as.key();
    let mut numbers: Vec<String> = record.data.numbers().map(Ins::key).collect();
    numbers.retain(|number| kept.is_none_or(|kept| !kept.numbers.contains(number)));
    if numbers.is_empty() {
        return Ok(());
    }
    let values: Vec<Value<'_>> = numbers
        .iter()
        .flat_map(|number| [number.into(), (&ins).into()])
        .collect();
    let into = "INSERT INTO ins_number (number, ins)";
    let fresh = conn
        .insert(into, 2, &values, "ON CONFLICT DO NOTHING")
        .await?;
    if fresh == numbers.len() as u64 {
        Ok(())
    } else {
        // Another server gave one to a record meanwhile: the next try sees it.
        Err(DbError::Conflict)
    }
}

async fn write(
    conn: &mut Conn<'_>,
    ins: &str,
    record: &Record,
    is_kept: bool,
) -> Result<(), DbError> {
    let data = serde_json::to_string(&record.data).map_err(|_| DbError::Shape)?;
    let values = [
        ins.into(),
        (&record.id).into(),
        record.version.into(),
        micros(record.updated).into(),
        data.into(),
        record.data.purged_from(record.updated).map(micros).into(),
    ];
    let into = "INSERT INTO record (ins, id, version, updated, data, purge_at)";
    if is_kept {
        let change = "ON CONFLICT (ins) DO UPDATE SET version = excluded.version, updated = excluded.updated, \
            data = excluded.data, purge_at = excluded.purge_at";
        conn.insert(into, values.len(), &values, change).await?;
        return Ok(());
    }
    conn.insert(into, values.len(), &values, "").await?;
    let locator = [
        (&record.id).into(),
        Kind::Record.number().into(),
        ins.into(),
        (&record.id).into(),
    ];
    insert_locators(conn, &locator).await
}
