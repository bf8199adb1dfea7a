//! What falls due by itself in open records: announcements that wait too long, hidden documents that become visible (ANN-03), and
//! the coming of age (MIN-10). Each is looked for across records, then done record by record; done twice, it does nothing.

use std::sync::Arc;

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::outbox::{self, News};
use super::rows::Written;
use super::schema::{micros, stamp};
use super::statement::Value;
use super::writer::{Act, Done, Failure};
use super::{Render, Store, records, state};
use crate::audit::{self, Line};
use crate::dmp::actor::ActorKind;
use crate::dmp::context::AccessMode;
use crate::dmp::document::DocumentEntry;
use crate::dmp::ins::Ins;
use crate::dmp::notice::NoticeKind;
use crate::dmp::record::RecordData;
use crate::dmp::right::{Category, Right};
use crate::dmp::time::{Instant, day};
use crate::dmp::trace::{Outcome, Trace, TracedAct, TracedActor};
use crate::error::{Code, Error};

impl Store {
    /// Tells the patients whose documents wait for their announcement since two weeks (ANN-03), `most` of them; gives how many
    /// were looked at.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn tell_overdue(
        &self,
        now: Instant,
        of_age: u8,
        most: usize,
    ) -> Result<usize, Error> {
        let sql = "SELECT ins, id FROM document WHERE announce_by IS NOT NULL AND announce_by <= $1 \
                   ORDER BY announce_by, ins, id LIMIT $2";
        let due = self.documents_due(sql, now, most).await?;
        let found = due.len();
        for (ins, id) in due {
            let overdue = Overdue {
                ins,
                id,
                now,
                of_age,
            };
            passing(self.write(overdue).await)?;
        }
        Ok(found)
    }

    /// Makes visible what was hidden from its patient for a month (ANN-03), `most` documents; gives how many were looked at.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn restore_visibility(
        &self,
        now: Instant,
        of_age: u8,
        most: usize,
    ) -> Result<usize, Error> {
        let sql = "SELECT ins, id FROM document WHERE hidden_until IS NOT NULL AND hidden_until <= $1 \
                   ORDER BY hidden_until, ins, id LIMIT $2";
        let due = self.documents_due(sql, now, most).await?;
        let found = due.len();
        for (ins, id) in due {
            let restore = Restore {
                ins,
                id,
                now: stamp(now),
                of_age,
                render: Arc::clone(&self.render),
            };
            passing(self.write(restore).await)?;
        }
        Ok(found)
    }

    /// Tells who came of age that what was authorised for him is to be given again (MIN-10), `most` records; gives how many
    /// were looked at.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn tell_of_age(&self, now: Instant, of_age: u8, most: usize) -> Result<usize, Error> {
        let sql = "SELECT DISTINCT ins FROM consent WHERE renewal IS NOT NULL AND renewal <= $1 ORDER BY ins LIMIT $2";
        let values = [micros(now).into(), limit(most)];
        let mut reader = self.reader().await?;
        let rows = reader.conn()?.query(sql, &values).await?;
        drop(reader);
        let found = rows.len();
        for mut row in rows {
            let ins = row.take_text(0)?;
            passing(self.write(ComeOfAge { ins, now, of_age }).await)?;
        }
        Ok(found)
    }

    async fn documents_due(
        &self,
        sql: &str,
        now: Instant,
        most: usize,
    ) -> Result<Vec<(String, Uuid)>, Error> {
        let values = [micros(now).into(), limit(most)];
        let mut reader = self.reader().await?;
        let rows = reader.conn()?.query(sql, &values).await?;
        let due = |row: &super::row::Row| Ok((row.text(0)?.to_owned(), row.uuid(1)?));
        Ok(rows.iter().map(due).collect::<Result<_, DbError>>()?)
    }
}

/// One record that can't be done must not hold up the others; a database that is busy holds up all.
pub(super) fn passing(done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Err(error) if error.code() == Code::Internal => {
            tracing::error!("what was due for one record was not done");
            Ok(())
        }
        done => done,
    }
}

pub(super) fn limit<'a>(most: usize) -> Value<'a> {
    Value::from(i64::try_from(most).unwrap_or(i64::MAX))
}

/// The line of what the server does by itself.
pub(super) fn line(
    act: TracedAct,
    rule: &str,
    at: Instant,
    patient: Option<Ins>,
    entity: (&str, Uuid),
) -> Line {
    audit::line(&Trace {
        id: Uuid::new_v4(),
        at,
        patient,
        actor: Some(TracedActor {
            kind: ActorKind::System,
            id: "passerelle".to_owned(),
            name: "Passerelle".to_owned(),
            profession: None,
            structure: None,
        }),
        act,
        outcome: Outcome::Success,
        refusal: None,
        rule: Some(rule.to_owned()),
        matrix: None,
        mode: AccessMode::Normal,
        reason: None,
        secret: false,
        entities: vec![(entity.0.to_owned(), entity.1)],
        query: None,
        request_id: Uuid::new_v4().to_string(),
        traceparent: None,
    })
}

/// The holder is a minor.
fn is_minor(data: &RecordData, now: Instant, of_age: u8) -> bool {
    now < day(data.reaches(of_age))
}

/// A document of the record, if a column says that something of it is due.
async fn due_document(
    conn: &mut Conn<'_>,
    ins: &str,
    id: &Uuid,
    column: &str,
    now: Instant,
) -> Result<Option<DocumentEntry>, DbError> {
    let sql = format!(
        "SELECT t.entry FROM document d JOIN document_text t ON t.ins = d.ins AND t.id = d.id \
         WHERE d.ins = $1 AND d.id = $2 AND d.{column} <= $3"
    );
    let values = [ins.into(), id.into(), micros(now).into()];
    let rows = conn.query(&sql, &values).await?;
    rows.first().map(|row| row.json(0)).transpose()
}

/// One document that waits for its announcement since two weeks.
struct Overdue {
    ins: String,
    id: Uuid,
    now: Instant,
    of_age: u8,
}

impl Act for Overdue {
    type Output = ();

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        let entry = due_document(conn, &self.ins, &self.id, "announce_by", self.now).await?;
        if let Some(entry) = entry {
            let sql = "UPDATE document SET announce_by = NULL WHERE ins = $1 AND id = $2";
            let place = [(&self.ins).into(), (&self.id).into()];
            conn.execute(sql, &place).await?;
            let sql = "SELECT id FROM document WHERE ins = $1 AND id = $2 AND hidden_until > $3";
            let [ins, id] = place;
            let still_hidden = conn.query(sql, &[ins, id, micros(self.now).into()]).await?;
            let record = records::held(conn, &self.ins).await?;
            let waits = !still_hidden.is_empty() && outbox::is_current(&entry);
            // It would not become visible: nobody is to be told.
            let minors = |data: &RecordData| {
                entry.metadata.labels.invisible_representatives
                    && is_minor(data, self.now, self.of_age)
            };
            if let Some(record) = record
                && waits
                && !minors(&record.data)
            {
                let kind = NoticeKind::AnnouncementOverdue;
                let news = News::of_document(kind, stamp(self.now), self.id);
                outbox::tell_holder(conn, &record, &news).await?;
            }
        }
        // Nothing of the record changes: what is told is told by the outbox.
        Ok(Done {
            output: (),
            line: None,
        })
    }
}

/// One document that becomes visible.
struct Restore {
    ins: String,
    id: Uuid,
    now: Instant,
    of_age: u8,
    render: Arc<dyn Render>,
}

impl Act for Restore {
    type Output = ();

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        let entry = due_document(conn, &self.ins, &self.id, "hidden_until", self.now).await?;
        let record = records::held(conn, &self.ins).await?;
        let (Some(mut entry), Some(record)) = (entry, record) else {
            return Ok(Done {
                output: (),
                line: None,
            });
        };
        entry.metadata.labels.invisible_patient = false;
        let state = state::next(conn, &self.ins, self.now).await?;
        entry.renew(Uuid::new_v4(), state.at);
        let written = Written::new(entry, self.render.as_ref())?;
        written.update(conn, &self.ins, state).await?;
        written.relabel(conn, &self.ins).await?;
        let entry = &written.entry;
        let minor = is_minor(&record.data, self.now, self.of_age);
        if outbox::is_current(entry) && !outbox::is_hidden(entry.metadata.labels, minor) {
            let news = News::of_document(NoticeKind::VisibilityRestored, self.now, self.id);
            outbox::tell_holder(conn, &record, &news).await?;
        }
        Ok(Done {
            output: (),
            line: Some(line(
                TracedAct::RestoreVisibility,
                "ANN-03",
                self.now,
                Some(record.opened_as),
                (audit::DOCUMENT, self.id),
            )),
        })
    }
}

/// One record whose holder came of age.
struct ComeOfAge {
    ins: String,
    now: Instant,
    of_age: u8,
}

impl Act for ComeOfAge {
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
        let day = day(record.data.reaches(self.of_age));
        // Birth date or setting changed since: his day is still to come.
        let next = (self.now < day).then(|| micros(day));
        if next.is_none() {
            let sql =
                "SELECT body FROM consent WHERE ins = $1 AND category = $2 AND renewal IS NOT NULL";
            let values = [(&self.ins).into(), Category::Access.code().into()];
            let mut given_before = false;
            for row in conn.query(sql, &values).await? {
                let right: Right = row.json(0)?;
                given_before |= right.declaration.active && right.start < day;
            }
            if given_before {
                let news = News {
                    kind: NoticeKind::ConsentToRenew,
                    at: stamp(self.now),
                    once: record.id.to_string(),
                    document: None,
                    mode: None,
                    actor: None,
                };
                outbox::tell_holder(conn, &record, &news).await?;
            }
        }
        let sql = "UPDATE consent SET renewal = $1 WHERE ins = $2 AND renewal IS NOT NULL";
        conn.execute(sql, &[next.into(), (&self.ins).into()])
            .await?;
        Ok(nothing)
    }
}
