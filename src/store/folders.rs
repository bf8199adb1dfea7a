//! Folders as rows: those of `submission` that came with one, and their members.

use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::fold::fold;
use super::row::Row;
use super::schema::micros;
use super::statement::{Statement, Value};
use super::{find, visible};
use crate::dmp::folder::{Folder, Listed};
use crate::dmp::submission::SubmissionSet;
use crate::policy::Permit;

/// What tells a folder from a submission in a row, and what it is read back from.
pub(super) const COLUMNS: &str = ", CASE WHEN s.sent_with IS NULL THEN 0 ELSE 1 END, s.entry";

/// Writes a folder with its members.
pub(super) async fn insert(
    conn: &mut Conn<'_>,
    ins: &str,
    folder: &Folder,
    since: i64,
) -> Result<(), DbError> {
    let metadata = &folder.metadata;
    let changed = metadata.changed.shown_span();
    let unique_id = metadata.unique_id.to_string();
    let code = metadata.content_type.as_ref();
    // Who may know of its documents differs.
    let bare = Folder {
        documents: Vec::new(),
        ..folder.clone()
    };
    let values = [
        ins.into(),
        (&folder.id).into(),
        (&folder.submission).into(),
        (&folder.entry_uuid).into(),
        micros(folder.updated).into(),
        micros(changed.0).into(),
        micros(changed.1).into(),
        (&unique_id).into(),
        (&folder.depositor).into(),
        folder.depositor_structure.as_deref().into(),
        // A folder has no source.
        "".into(),
        code.map_or("", |code| code.code.as_str()).into(),
        code.map_or("", |code| code.system.as_str()).into(),
        (&metadata.title).into(),
        fold(&metadata.title).into(),
        serde_json::to_string(&bare)
            .map_err(|_| DbError::Shape)?
            .into(),
        since.into(),
    ];
    let columns = "INSERT INTO submission (ins, id, sent_with, entry_uuid, updated, sent_start, sent_end, unique_id, depositor, \
        depositor_structure, source_id, content_type_code, content_type_system, title, title_folded, entry, since)";
    conn.insert(columns, values.len(), &values, "").await?;
    let mut members = Vec::with_capacity(4 * folder.documents.len());
    for (position, document) in folder.documents.iter().enumerate() {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        members.extend([
            Value::from(ins),
            (&folder.id).into(),
            document.into(),
            position.into(),
        ]);
    }
    let columns = "INSERT INTO folder_member (ins, folder, document, position)";
    conn.insert(columns, 4, &members, "").await?;
    Ok(())
}

/// A row of [`COLUMNS`], which start at that column, without its documents.
pub(super) fn listed(row: &Row, column: usize) -> Result<Listed, DbError> {
    Ok(match row.int(column)? {
        0 => Listed::Submission(row.json(column + 1)?),
        _ => Listed::Folder(row.json(column + 1)?),
    })
}

/// Puts into each List what the permit shows of it. Needs the snapshot that gave the rows.
pub(super) async fn fill(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    rows: Vec<Listed>,
) -> Result<Vec<Listed>, DbError> {
    let (mut sets, mut folders, mut are_folders) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        are_folders.push(matches!(row, Listed::Folder(_)));
        match row {
            Listed::Submission(set) => sets.push(*set),
            Listed::Folder(folder) => folders.push(*folder),
        }
    }
    fill_submissions(conn, ins, permit, &mut sets).await?;
    fill_folders(conn, ins, permit, &mut folders).await?;
    let (mut sets, mut folders) = (sets.into_iter(), folders.into_iter());
    let next = |is_folder| match is_folder {
        true => folders.next().map(Box::new).map(Listed::Folder),
        false => sets.next().map(Box::new).map(Listed::Submission),
    };
    Ok(are_folders.into_iter().filter_map(next).collect())
}

/// Documents and folders of submissions.
pub(super) async fn fill_submissions(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    sets: &mut [SubmissionSet],
) -> Result<(), DbError> {
    find::fill(conn, ins, permit, sets).await?;
    if sets.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::new("SELECT s.sent_with, s.id FROM submission s WHERE s.ins = ");
    statement.bind(ins).push(" AND s.sent_with IN ");
    statement.list(sets.iter().map(|set| set.id)).push(" AND ");
    visible::submissions(&mut statement, permit.visibility());
    statement.push(" ORDER BY s.id");
    for row in conn.query(&statement.text, &statement.values).await? {
        let (of, id) = (row.uuid(0)?, row.uuid(1)?);
        if let Some(set) = sets.iter_mut().find(|set| set.id == of) {
            set.folders.push(id);
        }
    }
    Ok(())
}

/// The documents that may be known, in the order of the folder.
async fn fill_folders(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    folders: &mut [Folder],
) -> Result<(), DbError> {
    if folders.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::new(
        "SELECT m.folder, d.id FROM folder_member m JOIN document d ON d.ins = m.ins AND d.id = m.document WHERE m.ins = ",
    );
    statement.bind(ins).push(" AND m.folder IN ");
    statement.list(folders.iter().map(|folder| folder.id));
    statement.push(" AND ");
    visible::documents(&mut statement, permit.visibility());
    statement.push(" ORDER BY m.folder, m.position");
    for row in conn.query(&statement.text, &statement.values).await? {
        let (of, id) = (row.uuid(0)?, row.uuid(1)?);
        if let Some(folder) = folders.iter_mut().find(|folder| folder.id == of) {
            folder.documents.push(id);
        }
    }
    Ok(())
}

/// The folders that came with a submission, as far as the permit shows them, in their order.
pub(super) async fn sent_with(
    conn: &mut Conn<'_>,
    ins: &str,
    permit: &Permit,
    submission: &Uuid,
) -> Result<Vec<Folder>, DbError> {
    let mut statement = Statement::new("SELECT s.entry FROM submission s WHERE s.ins = ");
    statement
        .bind(ins)
        .push(" AND s.sent_with = ")
        .bind(submission);
    statement.push(" AND ");
    visible::submissions(&mut statement, permit.visibility());
    statement.push(" ORDER BY s.id");
    let rows = conn.query(&statement.text, &statement.values).await?;
    let mut folders = rows
        .iter()
        .map(|row| row.json(0))
        .collect::<Result<Vec<Folder>, _>>()?;
    fill_folders(conn, ins, permit, &mut folders).await?;
    Ok(folders)
}
