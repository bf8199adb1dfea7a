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
use crate::dmp::query::{Bookmark, DocumentQuery, Page, Place, Position};
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
    let state = query.after.as_ref().and_then(|page| page.state);
    let target = Target {
        order: order(Order::of_documents(&query.sort), query),
        columns: document_columns(texts.is_none(), state.is_some()),
        from: &|statement| {
            state::documents(statement, ins, state, permit.visibility());
        },
    };
    let found = page(conn, &target, query, in_snapshot, |statement| {
        document_filter(statement, permit.visibility(), query);
    })
    .await?;
    let Some(found) = found else {
        return Ok(Answer::Again);
    };
    let (next, previous) = found.beside(conn, ins, state).await?;
    let (total, rows) = (found.total, found.rows);
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
        previous,
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
    let state = query.after.as_ref().and_then(|page| page.state);
    let target = Target {
        order: order(Order::of_submissions(&query.sort), query),
        columns: folders::COLUMNS,
        from: &|statement| {
            statement.push("submission s WHERE s.ins = ").bind(ins);
            // Neither a submission nor a folder changes: those of a state are those that were there.
            if let Some(state) = state {
                statement.push(" AND s.since <= ").bind(state);
            }
        },
    };
    let found = page(conn, &target, query, true, |statement| {
        submission_filter(statement, permit.visibility(), query);
    })
    .await?;
    let found = found.ok_or(DbError::Shape)?;
    let (next, previous) = found.beside(conn, ins, state).await?;
    let at = target.order.width();
    let rows = found.rows.iter().map(|row| folders::listed(row, at));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(Page {
        total: found.total,
        rows: folders::fill(conn, ins, permit, rows).await?,
        next,
        previous,
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

/// The order in which rows are read: that of the search, or against it for a page that ends before a row.
fn order(order: Order, query: &DocumentQuery) -> Order {
    match &query.after {
        Some(Bookmark {
            at: Position::Before(_),
            ..
        }) => order.reversed(),
        _ => order,
    }
}

/// One page as it was read.
struct Found {
    /// How many match.
    total: u64,
    /// In the order of the search.
    rows: Vec<Row>,
    /// The row that the next page begins after.
    next: Option<Place>,
    /// The row that the page before ends before.
    previous: Option<Place>,
}

impl Found {
    /// The pages on both sides, of the same state; the first page makes it the present one. Needs the snapshot that gave the rows.
    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        ins: &str,
        state: Option<i64>,
    ) -> Result<(Option<Bookmark>, Option<Bookmark>), DbError> {
        let state = match state {
            None if self.next.is_some() => Some(state::present(conn, ins).await?),
            state => state,
        };
        let bookmark = |at| Bookmark { at, state };
        let next = self.next.clone().map(Position::After);
        let previous = self.previous.clone().map(Position::Before);
        Ok((next.map(bookmark), previous.map(bookmark)))
    }
}

/// Reads one page. None when a count is needed and there is no snapshot.
async fn page<'a>(
    conn: &mut Conn<'_>,
    target: &Target<'a>,
    query: &'a DocumentQuery,
    in_snapshot: bool,
    filter: impl Fn(&mut Statement<'a>),
) -> Result<Option<Found>, DbError> {
    let asked = query.count as usize;
    let at = query
        .after
        .as_ref()
        .map_or(&Position::First, |page| &page.at);
    let mut rows = Vec::new();
    if asked > 0 {
        let mut statement = Statement::new("SELECT ");
        target.order.columns(&mut statement);
        statement.push(target.columns).push(" FROM ");
        (target.from)(&mut statement);
        filter(&mut statement);
        if let Position::After(place) | Position::Before(place) = at {
            statement.push(" AND ");
            target.order.beyond(&mut statement, place);
        }
        target.order.by(&mut statement);
        statement.push(" LIMIT ").bind(i64::from(query.count) + 1);
        rows = conn.query(&statement.text, &statement.values).await?;
    }
    let more = rows.len() > asked;
    rows.truncate(asked);
    let whole = asked > 0 && *at == Position::First && !more;
    if !whole && !in_snapshot {
        return Ok(None);
    }
    let total = match whole {
        true => rows.len() as u64,
        false => {
            let mut statement = Statement::new("SELECT COUNT(*) FROM ");
            (target.from)(&mut statement);
            filter(&mut statement);
            let count = conn.query(&statement.text, &statement.values).await?;
            count.first().ok_or(DbError::Shape)?.int(0)?.unsigned_abs()
        }
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
    let place = |row: &Row| target.order.place(row);
    Ok(Some(Found {
        total,
        next: rows.last().filter(|_| after).map(place).transpose()?,
        previous: rows.first().filter(|_| before).map(place).transpose()?,
        rows,
    }))
}
