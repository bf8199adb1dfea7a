//! ITI-67 and ITI-66: pages of documents and of submissions, counted by the condition that filters them.

use super::condition::{on_document, on_submission};
use super::conn::{Conn, DbError};
use super::memory::Texts;
use super::row::Row;
use super::schema::status;
use super::statement::Statement;
use super::{StoredDocument, folders, visible};
use uuid::Uuid;

use crate::dmp::document::Availability;
use crate::dmp::folder::Listed;
use crate::dmp::query::{After, DocumentQuery, Page, Sort, SortField};
use crate::dmp::submission::SubmissionSet;
use crate::policy::{Permit, Visibility};

/// A search that may be answered by one query, or needs a snapshot: to count what one page does not show, to fetch texts.
pub(super) enum Answer<T> {
    /// The result.
    Page(Page<T>),
    /// Ask again within a snapshot.
    Again,
}

/// What is searched.
struct Target {
    columns: &'static str,
    from: &'static str,
    id: &'static str,
    key: &'static str,
}

/// The sort key, an integer, comes second, the text last.
fn documents_by(sort: Sort, with_text: bool) -> Target {
    let (columns, from) = if with_text {
        (
            ", d.version, d.updated, d.hidden_until, d.invisible_representatives, t.resource",
            " FROM document d JOIN document_text t ON t.ins = d.ins AND t.id = d.id WHERE d.ins = ",
        )
    } else {
        (
            ", d.version, d.updated, d.hidden_until, d.invisible_representatives",
            " FROM document d WHERE d.ins = ",
        )
    };
    Target {
        columns,
        from,
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
        columns: folders::COLUMNS,
        from: " FROM submission s WHERE s.ins = ",
        id: "s.id",
        key: match sort.field {
            SortField::Creation | SortField::Deposited => "s.sent_start",
            SortField::Updated => "s.updated",
        },
    }
}

/// Documents of a record. With `texts`, resources come from there as far as they can.
pub(super) async fn documents(
    conn: &mut Conn<'_>,
    texts: Option<&Texts>,
    ins: &str,
    permit: &Permit,
    query: &DocumentQuery,
    in_snapshot: bool,
) -> Result<Answer<StoredDocument>, DbError> {
    let target = documents_by(query.sort, texts.is_none());
    let found = page(conn, &target, ins, query, in_snapshot, |statement| {
        document_filter(statement, permit.visibility(), query);
    })
    .await?;
    let Some((total, rows, more)) = found else {
        return Ok(Answer::Again);
    };
    let next = next(&rows, more)?;
    let mut documents = rows
        .into_iter()
        .map(stored_document)
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(texts) = texts {
        let keys = documents.iter().map(|found| (found.id, found.version));
        let known = texts.get(keys);
        if known.contains(&None) && !in_snapshot {
            return Ok(Answer::Again);
        }
        for (document, text) in documents.iter_mut().zip(known) {
            document.resource = text.unwrap_or_default();
        }
        fetch(conn, texts, ins, &mut documents).await?;
    }
    Ok(Answer::Page(Page {
        total,
        rows: documents,
        next,
    }))
}

/// Reads the texts that are still missing, and keeps them. Needs the snapshot that gave the versions.
async fn fetch(
    conn: &mut Conn<'_>,
    texts: &Texts,
    ins: &str,
    documents: &mut [StoredDocument],
) -> Result<(), DbError> {
    let missing: Vec<Uuid> = documents
        .iter()
        .filter(|document| document.resource.is_empty())
        .map(|document| document.id)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut statement =
        Statement::new("SELECT t.id, t.resource FROM document_text t WHERE t.ins = ");
    statement.bind(ins).push(" AND t.id IN ").list(missing);
    for mut row in conn.query(&statement.text, &statement.values).await? {
        let id = row.uuid(0)?;
        if let Some(document) = documents.iter_mut().find(|document| document.id == id) {
            document.resource = row.take_text(1)?.into();
            texts.put((id, document.version), &document.resource);
        }
    }
    Ok(())
}

fn stored_document(mut row: Row) -> Result<StoredDocument, DbError> {
    Ok(StoredDocument {
        id: row.uuid(0)?,
        version: row.version(2)?,
        updated: row.instant(3)?,
        hidden: row.hidden(4)?,
        resource: match row.len() {
            7 => row.take_text(6)?.into(),
            _ => "".into(),
        },
    })
}

/// Submissions and folders of a record, each with the documents that may be known.
pub(super) async fn lists(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    query: &DocumentQuery,
) -> Result<Page<Listed>, DbError> {
    let target = submissions_by(query.sort);
    let found = page(conn, &target, ins, query, true, |statement| {
        submission_filter(statement, permit.visibility(), query);
    })
    .await?;
    let (total, rows, more) = found.ok_or(DbError::Shape)?;
    let next = next(&rows, more)?;
    let found = rows.iter().map(|row| folders::listed(row, 2));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    Ok(Page {
        total,
        rows: folders::fill(conn, ins, permit, found).await?,
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
    // Neither a submission nor a folder is ever replaced: it is current, or not asked for.
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

/// Reads one page: how many match, the rows, and whether more follow. None when a count is needed and there is no snapshot.
async fn page<'a>(
    conn: &mut Conn<'_>,
    target: &Target,
    ins: &'a str,
    query: &DocumentQuery,
    in_snapshot: bool,
    filter: impl Fn(&mut Statement<'a>),
) -> Result<Found, DbError> {
    let asked = query.count as usize;
    let mut rows = Vec::new();
    if asked > 0 {
        let mut statement = Statement::new("SELECT ");
        statement.push(target.id).push(", ").push(target.key);
        statement.push(target.columns).push(target.from).bind(ins);
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
    if !in_snapshot {
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
fn next(rows: &[Row], more: bool) -> Result<Option<After>, DbError> {
    match rows.last() {
        Some(last) if more => Ok(Some(After {
            key: last.int(1)?,
            id: last.uuid(0)?,
        })),
        _ => Ok(None),
    }
}
