//! The ids of a deposit: its unique ids are claimed before anything is written, its resource ids lead to its record.

use std::collections::HashSet;

use super::{Deposit, Existing, refused};
use crate::error::Code;
use crate::store::conn::{Conn, DbError};
use crate::store::records;
use crate::store::schema::Kind;
use crate::store::statement::{Statement, Value};
use crate::store::writer::Failure;

impl Deposit {
    /// Takes every unique id of the submission, or refuses before anything is written.
    pub(super) async fn claim_unique_ids(
        &self,
        conn: &mut Conn<'_>,
        existing: &Existing,
    ) -> Result<(), Failure> {
        let documents = self.made(existing).map(|(_, draft)| {
            let entry = &draft.written.entry;
            let id = entry.metadata.unique_id.to_string();
            (id, entry.id, (draft.told_at.as_str(), "masterIdentifier"))
        });
        let id = self.set.metadata.unique_id.to_string();
        let set = (id, self.set.id, (self.told_at.as_str(), "identifier"));
        let folders = self.folders.iter().map(|draft| {
            let id = draft.folder.metadata.unique_id.to_string();
            (id, draft.folder.id, (draft.told_at.as_str(), "identifier"))
        });
        let claims: Vec<_> = documents.chain([set]).chain(folders).collect();
        let mut asked = Statement::new("SELECT value FROM unique_id WHERE value IN ");
        asked.list(claims.iter().map(|(id, ..)| id.as_str()));
        let rows = conn.query(&asked.text, &asked.values).await?;
        let mut taken = HashSet::with_capacity(claims.len());
        for row in &rows {
            taken.insert(row.text(0)?);
        }
        let mut values = Vec::with_capacity(3 * claims.len());
        for (id, entry, (told_at, element)) in &claims {
            // By an earlier deposit, or twice in this one.
            if !taken.insert(id) {
                return Err(refused(Code::DuplicateDocument, told_at, element).into());
            }
            values.extend([Value::from(id), (&self.ins).into(), entry.into()]);
        }
        let into = "INSERT INTO unique_id (value, ins, entry)";
        let claimed = conn
            .insert(into, 3, &values, "ON CONFLICT DO NOTHING")
            .await?;
        if claimed == claims.len() as u64 {
            Ok(())
        } else {
            // Another server took one meanwhile: the next try sees it.
            Err(DbError::Conflict.into())
        }
    }

    /// Writes which record each new id belongs to.
    pub(super) async fn locate(
        &self,
        conn: &mut Conn<'_>,
        existing: &Existing,
    ) -> Result<(), DbError> {
        let mut values = Vec::with_capacity(4 * (2 * self.drafts.len() + self.folders.len() + 1));
        let mut row = |id, kind: Kind, target| {
            values.extend([
                Value::from(id),
                kind.number().into(),
                (&self.ins).into(),
                Value::from(target),
            ]);
        };
        row(&self.set.id, Kind::List, &self.set.id);
        for id in &self.set.folders {
            row(id, Kind::List, id);
        }
        for (_, draft) in self.made(existing) {
            let entry = &draft.written.entry;
            row(&entry.id, Kind::Document, &entry.id);
            row(&entry.content_id, Kind::Content, &entry.id);
        }
        records::insert_locators(conn, &values).await
    }
}
