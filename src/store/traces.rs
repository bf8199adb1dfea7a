//! Searching and reading the lines of one record's journal, within the permit's scope (rules TRC-02, ANN-04, MIN-08).
//!
//! The lines themselves are searched, their JSON read by the database: every act writes a line, few read them, so what makes
//! reading quicker at the cost of each write is not kept.

mod condition;
mod entities;
mod scope;

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::row::Row;
use super::statement::Statement;
use super::{Store, record_of};
use crate::audit;
use crate::dmp::ins::Ins;
use crate::dmp::query::{Bookmark, Page, Place, Position, SortKey};
use crate::dmp::time::Instant;
use crate::dmp::trace::{Trace, TraceCondition, TraceKey, TraceQuery};
use crate::error::Error;
use crate::policy::Permit;

use condition::Words;

/// A trace as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTrace {
    /// The trace.
    pub trace: Trace,
    /// It concerns a document that the patient does not see yet (ANN-04).
    pub unannounced: bool,
}

impl Store {
    /// Searches the traces of a record. The total counts what the permit shows, in the same snapshot as the page; the search's own
    /// trace is not among them.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn find_traces(
        &self,
        permit: &Permit,
        query: &TraceQuery,
        trace: Trace,
    ) -> Result<Page<KeptTrace>, Error> {
        let page = self.traces(permit, query, trace.at).await?;
        self.trace(trace).await?;
        Ok(page)
    }

    /// Reads one trace.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when the permit does not show it or it is not there; `busy`, `internal`.
    pub async fn read_trace(
        &self,
        permit: &Permit,
        key: TraceKey,
        trace: Trace,
    ) -> Result<KeptTrace, Error> {
        let query = TraceQuery {
            conditions: vec![TraceCondition::Key(vec![key])],
            descending: true,
            count: 1,
            after: None,
        };
        let mut page = self.traces(permit, &query, trace.at).await?;
        let found = page.rows.pop();
        self.shown(permit, (found, false), (audit::TRACE, key.trace), trace)
            .await
    }

    async fn traces(
        &self,
        permit: &Permit,
        query: &TraceQuery,
        now: Instant,
    ) -> Result<Page<KeptTrace>, Error> {
        let search = Search {
            ins: record_of(permit)?,
            permit,
            query,
            now,
        };
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let page = search.run(&mut reader.conn()?).await?;
        reader.end().await?;
        Ok(page)
    }
}

/// One search.
struct Search<'a> {
    ins: String,
    permit: &'a Permit,
    query: &'a TraceQuery,
    now: Instant,
}

impl Search<'_> {
    /// Needs a snapshot.
    async fn run(&self, conn: &mut Conn<'_>) -> Result<Page<KeptTrace>, DbError> {
        let words = Words::of(conn);
        let hides = scope::hides_any(conn, &self.ins).await?;
        let asked = self.query.count as usize;
        let at = self.at();
        let mut rows = Vec::new();
        if asked > 0 {
            let statement = self.page(words, hides);
            rows = conn.query(&statement.text, &statement.values).await?;
        }
        let more = rows.len() > asked;
        rows.truncate(asked);
        let total = if asked > 0 && *at == Position::First && !more {
            rows.len() as u64
        } else {
            let mut statement = Statement::new("SELECT COUNT(*)");
            self.filter(&mut statement, words, hides);
            let count = conn.query(&statement.text, &statement.values).await?;
            count.first().ok_or(DbError::Shape)?.int(0)?.unsigned_abs()
        };
        // The row that a page was asked from is on its other side.
        let (before, after) = match at {
            Position::First => (false, more),
            Position::After(_) => (true, more),
            Position::Before(_) => {
                rows.reverse();
                (more, true)
            }
        };
        let ends = [rows.first(), rows.last()].map(|row| row.map(|row| row.int(0)).transpose());
        let patient = self.permit.patient().ok_or(DbError::Shape)?;
        let rows = rows
            .into_iter()
            .map(|row| kept(row, patient))
            .collect::<Result<Vec<_>, _>>()?;
        let [first, last] = ends;
        let place = |row: Option<&KeptTrace>, seq: Option<i64>| {
            row.zip(seq).map(|(row, seq)| place(row, seq)).transpose()
        };
        let previous = place(rows.first().filter(|_| before), first?)?;
        let next = place(rows.last().filter(|_| after), last?)?;
        // A journal only grows: a walk sees what was there when it began, the traces of its own pages not among it.
        let state = match self.state() {
            None if next.is_some() => Some(head(conn, &self.ins).await?),
            state => state,
        };
        let bookmark = |at| Bookmark { at, state };
        Ok(Page {
            total,
            rows,
            next: next.map(Position::After).map(bookmark),
            previous: previous.map(Position::Before).map(bookmark),
        })
    }

    fn at(&self) -> &Position {
        let after = self.query.after.as_ref();
        after.map_or(&Position::First, |page| &page.at)
    }

    /// The last line that the first page could have shown.
    fn state(&self) -> Option<i64> {
        self.query.after.as_ref().and_then(|page| page.state)
    }

    /// One row more than asked for, in the order of the search: by time, then by place in the chain.
    fn page(&self, words: &'static Words, hides: bool) -> Statement<'_> {
        let mut statement = Statement::new("SELECT j.seq, j.body, ");
        if hides {
            statement.push("CASE WHEN ");
            scope::unannounced(&mut statement, words, &self.ins, self.now);
            statement.push(" THEN 1 ELSE 0 END");
        } else {
            statement.push("0");
        }
        self.filter(&mut statement, words, hides);
        let backwards = matches!(self.at(), Position::Before(_));
        let (order, beyond) = if self.query.descending != backwards {
            (" DESC", " < ")
        } else {
            ("", " > ")
        };
        if let Position::After(Place { keys, id }) | Position::Before(Place { keys, id }) =
            self.at()
        {
            let at = match keys.first() {
                Some(SortKey::Number(at)) => Instant::from_nanosecond(i128::from(*at)).ok(),
                _ => None,
            };
            let at = at.unwrap_or(Instant::UNIX_EPOCH);
            statement.push(" AND (").push(words.at).push(", j.seq)");
            statement.push(beyond).push("(").bind(condition::text(at));
            statement.push(", ").bind(seq(*id)).push(")");
        }
        statement.push(" ORDER BY ").push(words.at).push(order);
        statement.push(", j.seq").push(order);
        statement
            .push(" LIMIT ")
            .bind(i64::from(self.query.count) + 1);
        statement
    }

    fn filter<'s>(&'s self, statement: &mut Statement<'s>, words: &Words, hides: bool) {
        statement.push(words.from).bind(&self.ins).push(" AND ");
        scope::within(statement, words, &self.ins, self.permit, hides, self.now);
        if let Some(state) = self.state() {
            statement.push(" AND j.seq <= ").bind(state);
        }
        for condition in &self.query.conditions {
            statement.push(" AND ");
            condition::on(statement, words, (self.permit, &self.ins), condition);
        }
    }
}

/// The last line of a chain.
async fn head(conn: &mut Conn<'_>, ins: &str) -> Result<i64, DbError> {
    let sql = "SELECT seq FROM journal_head WHERE ins = $1";
    let rows = conn.query(sql, &[ins.into()]).await?;
    rows.first().ok_or(DbError::Shape)?.int(0)
}

fn kept(mut row: Row, patient: &Ins) -> Result<KeptTrace, DbError> {
    let body = row.take_text(1)?;
    Ok(KeptTrace {
        trace: audit::read(&body, Some(patient.clone())).ok_or(DbError::Shape)?,
        unannounced: row.int(2)? != 0,
    })
}

/// Where a trace stands: time in nanoseconds, as the journal has it, and the place in the chain as an id.
fn place(row: &KeptTrace, seq: i64) -> Result<Place, DbError> {
    Ok(Place {
        keys: vec![SortKey::Number(
            i64::try_from(row.trace.at.as_nanosecond()).map_err(|_| DbError::Shape)?,
        )],
        id: Uuid::from_u64_pair(0, seq.unsigned_abs()),
    })
}

fn seq(id: Uuid) -> i64 {
    i64::try_from(id.as_u64_pair().1).unwrap_or(i64::MAX)
}
