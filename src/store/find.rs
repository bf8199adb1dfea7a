//! ITI-67 and ITI-66: pages of documents and of submissions, counted by the condition that filters them.

use super::condition::{on_document, on_submission};
use super::conn::{Conn, DbError};
use super::memory::Texts;
use super::order::Order;
use super::row::Row;
use super::schema::status;
use super::statement::Statement;
use super::{StoredDocument, folders, state, visible};
use uuid::Uuid;

use crate::dmp::document::Availability;
use crate::dmp::folder::Listed;
use crate::dmp::query::{After, DocumentQuery, Page};
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
struct Target<'a> {
    order: Order,
    /// What stands in a row after its id and its sort keys.
    columns: &'static str,
    /// After `FROM`, the INS bound.
    from: &'a From<'a>,
}

/// Writes where rows come from.
type From<'a> = dyn Fn(&mut Statement<'a>) + Sync + 'a;

/// The text of a document comes last.
fn document_columns(with_text: bool, past: bool) -> &'static str {
    match (with_text, past) {
        (false, _) => ", d.version, d.updated, d.hidden_until, d.invisible_representatives",
        (true, false) => {
            ", d.version, d.updated, d.hidden_until, d.invisible_representatives, \
             (SELECT t.resource FROM document_text t WHERE t.ins = d.ins AND t.id = d.id)"
        }
        (true, true) => {
            ", d.version, d.updated, d.hidden_until, d.invisible_representatives, COALESCE(\
             (SELECT v.resource FROM document_version v WHERE v.ins = d.ins AND v.id = d.id AND v.version = d.version), \
             (SELECT t.resource FROM document_text t WHERE t.ins = d.ins AND t.id = d.id))"
        }
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
    let state = query.after.as_ref().and_then(|after| after.state);
    let target = Target {
        order: Order::of_documents(&query.sort),
        columns: document_columns(texts.is_none(), state.is_some()),
        from: &|statement| {
            state::documents(statement, ins, query.after.as_ref(), permit.visibility());
        },
    };
    let found = page(conn, &target, query, in_snapshot, |statement| {
        document_filter(statement, permit.visibility(), query);
    })
    .await?;
    let Some((total, rows, more)) = found else {
        return Ok(Answer::Again);
    };
    let state = match state {
        // More rows than one page: there is a snapshot.
        None if more => Some(state::present(conn, ins).await?),
        state => state,
    };
    let next = next(&target, &rows, more, state)?;
    let mut documents = rows
        .into_iter()
        .map(|row| stored_document(row, target.order.width()))
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
    const PRESENT: &str = "SELECT t.id, d.version, t.resource FROM document_text t \
        JOIN document d ON d.ins = t.ins AND d.id = t.id WHERE t.ins = ";
    const PAST: &str = "SELECT t.id, t.version, t.resource FROM document_version t WHERE t.ins = ";
    for source in [PRESENT, PAST] {
        let missing: Vec<Uuid> = documents
            .iter()
            .filter(|document| document.resource.is_empty())
            .map(|document| document.id)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut statement = Statement::new(source);
        statement.bind(ins).push(" AND t.id IN ").list(missing);
        for mut row in conn.query(&statement.text, &statement.values).await? {
            let (id, version) = (row.uuid(0)?, row.version(1)?);
            let of =
                |document: &&mut StoredDocument| (document.id, document.version) == (id, version);
            if let Some(document) = documents.iter_mut().find(of) {
                document.resource = row.take_text(2)?.into();
                texts.put((id, version), &document.resource);
            }
        }
    }
    Ok(())
}

/// A row whose columns start there.
fn stored_document(mut row: Row, at: usize) -> Result<StoredDocument, DbError> {
    Ok(StoredDocument {
        id: row.uuid(0)?,
        version: row.version(at)?,
        updated: row.instant(at + 1)?,
        hidden: row.hidden(at + 2)?,
        resource: match row.len() > at + 4 {
            true => row.take_text(at + 4)?.into(),
            false => "".into(),
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
    let target = Target {
        order: Order::of_submissions(&query.sort),
        columns: folders::COLUMNS,
        from: &|statement| {
            statement.push("submission s WHERE s.ins = ").bind(ins);
        },
    };
    let found = page(conn, &target, query, true, |statement| {
        submission_filter(statement, permit.visibility(), query);
    })
    .await?;
    let (total, rows, more) = found.ok_or(DbError::Shape)?;
    // Neither changes: its keys are the order, and none of those seen comes again.
    let next = next(&target, &rows, more, None)?;
    let at = target.order.width();
    let found = rows.iter().map(|row| folders::listed(row, at));
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
    target: &Target<'a>,
    query: &'a DocumentQuery,
    in_snapshot: bool,
    filter: impl Fn(&mut Statement<'a>),
) -> Result<Found, DbError> {
    let asked = query.count as usize;
    let mut rows = Vec::new();
    if asked > 0 {
        let mut statement = Statement::new("SELECT ");
        target.order.columns(&mut statement);
        statement.push(target.columns).push(" FROM ");
        (target.from)(&mut statement);
        filter(&mut statement);
        if let Some(after) = &query.after {
            statement.push(" AND ");
            target.order.beyond(&mut statement, after);
        }
        target.order.by(&mut statement);
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
    let mut statement = Statement::new("SELECT COUNT(*) FROM ");
    (target.from)(&mut statement);
    filter(&mut statement);
    let count = conn.query(&statement.text, &statement.values).await?;
    let total = count.first().ok_or(DbError::Shape)?.int(0)?;
    Ok(Some((total.unsigned_abs(), rows, more)))
}

/// Where the next page starts: after the last row of this one.
fn next(
    target: &Target<'_>,
    rows: &[Row],
    more: bool,
    state: Option<i64>,
) -> Result<Option<After>, DbError> {
    match rows.last() {
        Some(last) if more => target.order.place(last, state).map(Some),
        _ => Ok(None),
    }
}
