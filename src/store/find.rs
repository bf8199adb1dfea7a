//! ITI-67 and ITI-66: pages of documents and of submissions, counted by the condition that filters them.

use super::condition::{on_document, on_submission};
use super::conn::{Conn, DbError};
use super::row::Row;
use super::schema::status;
use super::statement::Statement;
use super::{StoredDocument, visible};
use crate::dmp::document::Availability;
use crate::dmp::query::{After, DocumentQuery, Page, Sort, SortField};
use crate::dmp::submission::SubmissionSet;
use crate::policy::{Permit, Visibility};

/// A search that may be answered by one query, or needs a snapshot to count what one page does not show.
pub(super) enum Answer<T> {
    /// The whole result is on this page.
    Whole(Page<T>),
    /// Ask again within a snapshot.
    Counted,
}

/// What is searched.
struct Target {
    from: &'static str,
    columns: &'static str,
    id: &'static str,
    key: &'static str,
}

fn documents_by(sort: Sort) -> Target {
    Target {
        from: " FROM document d WHERE d.ins = ",
        columns: "d.id, d.version, d.updated, d.resource, ",
        id: "d.id",
        key: match sort.field {
            SortField::Creation => "d.created_start",
            SortField::Deposited => "d.deposited",
            SortField::Updated => "d.updated",
        },
    }
}

fn submissions_by(sort: Sort) -> Target {
    Target {
        from: " FROM submission s WHERE s.ins = ",
        columns: "s.id, s.entry, ",
        id: "s.id",
        key: match sort.field {
            SortField::Creation | SortField::Deposited => "s.sent_start",
            SortField::Updated => "s.updated",
        },
    }
}

/// Documents of a record, in one query when one page holds them all.
pub(super) async fn documents(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    query: &DocumentQuery,
    counted: bool,
) -> Result<Answer<StoredDocument>, DbError> {
    let target = documents_by(query.sort);
    let found = page(conn, &target, ins, query, counted, |statement| {
        document_filter(statement, permit.visibility(), query);
    })
    .await?;
    let Some((total, rows, more)) = found else {
        return Ok(Answer::Counted);
    };
    let next = next(&rows, more, 4)?;
    let rows = rows
        .into_iter()
        .map(stored_document)
        .collect::<Result<_, _>>()?;
    Ok(Answer::Whole(Page { total, rows, next }))
}

/// The first four columns of a document.
pub(super) fn stored_document(mut row: Row) -> Result<StoredDocument, DbError> {
    Ok(StoredDocument {
        id: row.uuid(0)?,
        version: row.version(1)?,
        updated: row.instant(2)?,
        resource: row.take_text(3)?,
    })
}

/// Submissions of a record, each with the documents that may be known.
pub(super) async fn submissions(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    query: &DocumentQuery,
) -> Result<Page<SubmissionSet>, DbError> {
    let target = submissions_by(query.sort);
    let found = page(conn, &target, ins, query, true, |statement| {
        submission_filter(statement, permit.visibility(), query);
    })
    .await?;
    let (total, rows, more) = found.ok_or(DbError::Shape)?;
    let next = next(&rows, more, 2)?;
    let mut sets = rows
        .iter()
        .map(|row| row.json(1))
        .collect::<Result<Vec<SubmissionSet>, _>>()?;
    fill(conn, ins, permit, &mut sets).await?;
    Ok(Page {
        total,
        rows: sets,
        next,
    })
}

/// Puts into each set its documents that may be known, in the order of the deposit.
pub(super) async fn fill(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    sets: &mut [SubmissionSet],
) -> Result<(), DbError> {
    if sets.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::new("SELECT d.submission, d.id FROM document d WHERE d.ins = ");
    statement
        .bind(ins)
        .push(" AND d.submission IN ")
        .list(sets.iter().map(|set| set.id))
        .push(" AND ");
    visible::documents(&mut statement, permit.visibility());
    statement.push(" ORDER BY d.submission, d.position");
    for row in conn.query(&statement.text, &statement.values).await? {
        let (of, id) = (row.uuid(0)?, row.uuid(1)?);
        if let Some(set) = sets.iter_mut().find(|set| set.id == of) {
            set.documents.push(id);
        }
    }
    Ok(())
}

fn document_filter<'a>(
    statement: &mut Statement<'a>,
    visibility: &'a Visibility,
    query: &'a DocumentQuery,
) {
    statement.push(" AND d.availability IN ");
    statement.list(query.availability.iter().map(|asked| status(*asked)));
    statement.push(" AND ");
    visible::documents(statement, visibility);
    for condition in &query.conditions {
        statement.push(" AND ");
        on_document(statement, condition);
    }
}

fn submission_filter<'a>(
    statement: &mut Statement<'a>,
    visibility: &'a Visibility,
    query: &'a DocumentQuery,
) {
    statement.push(" AND ");
    // A submission is never replaced: it is current, or not asked for.
    if !query.availability.contains(&Availability::Approved) {
        statement.push("1 = 0 AND ");
    }
    visible::submissions(statement, visibility);
    for condition in &query.conditions {
        statement.push(" AND ");
        on_submission(statement, condition);
    }
}

type Found = Option<(u64, Vec<Row>, bool)>;

/// Reads one page: how many match, the rows, and whether more follow. None when a count is needed and not asked for.
async fn page<'a>(
    conn: &mut Conn<'_>,
    target: &Target,
    ins: &'a str,
    query: &DocumentQuery,
    counted: bool,
    filter: impl Fn(&mut Statement<'a>),
) -> Result<Found, DbError> {
    let asked = query.count as usize;
    let mut rows = Vec::new();
    if asked > 0 {
        let mut statement = Statement::new("SELECT ");
        statement.push(target.columns).push(target.key);
        statement.push(target.from).bind(ins);
        filter(&mut statement);
        let (order, beyond) = if query.sort.descending {
            (" DESC", " < ")
        } else {
            ("", " > ")
        };
        if let Some(After { key, id }) = query.after {
            statement.push(" AND (").push(target.key).push(", ");
            statement.push(target.id).push(")").push(beyond).push("(");
            statement.bind(key).push(", ").bind(id).push(")");
        }
        statement.push(" ORDER BY ").push(target.key).push(order);
        statement.push(", ").push(target.id).push(order);
        statement.push(" LIMIT ").bind(i64::from(query.count) + 1);
        rows = conn.query(&statement.text, &statement.values).await?;
    }
    let more = rows.len() > asked;
    rows.truncate(asked);
    if asked > 0 && query.after.is_none() && !more {
        return Ok(Some((rows.len() as u64, rows, false)));
    }
    if !counted {
        return Ok(None);
    }
    let mut statement = Statement::new("SELECT COUNT(*)");
    statement.push(target.from).bind(ins);
    filter(&mut statement);
    let count = conn.query(&statement.text, &statement.values).await?;
    let total = count.first().ok_or(DbError::Shape)?.int(0)?;
    Ok(Some((total.unsigned_abs(), rows, more)))
}

/// Where the next page starts: after the last row of this one.
fn next(rows: &[Row], more: bool, key: usize) -> Result<Option<After>, DbError> {
    match rows.last() {
        Some(last) if more => Ok(Some(After {
            key: last.int(key)?,
            id: last.uuid(0)?,
        })),
        _ => Ok(None),
    }
}
