//! The ids of a deposit: its unique ids are claimed before anything is written, its resource ids lead to its record.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Deposit, Existing};
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
            (entry.metadata.unique_id.to_string(), entry.id)
        });
        let set = (self.set.metadata.unique_id.to_string(), self.set.id);
        let folders = self.folders.iter().map(|draft| {
            let folder = &draft.folder;
            (folder.metadata.unique_id.to_string(), folder.id)
        });
        let claims: Vec<(String, Uuid)> = documents.chain([set]).chain(folders).collect();
        let distinct: HashSet<&str> = claims.iter().map(|(id, _)| id.as_str()).collect();
        let mut taken = Statement::new("SELECT value FROM unique_id WHERE value IN ");
        taken.list(distinct.iter().copied());
        let taken = conn.query(&taken.text, &taken.values).await?;
        if distinct.len() < claims.len() || !taken.is_empty() {
            return Err(Code::DuplicateDocument.into());
        }
        let mut values = Vec::with_capacity(3 * claims.len());
        for (id, entry) in &claims {
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
