//! The versions of a right. They follow each other in time, and none is missing.

use super::super::conn::{Conn, DbError};
use super::super::statement::Statement;
use super::version;
use crate::dmp::query::{VersionQuery, Versions};
use crate::dmp::right::Right;
use crate::dmp::time::Instant;

/// A page of the versions of a right, newest first. Needs a snapshot.
pub(in crate::store) async fn page(
    conn: &mut Conn<'_>,
    ins: &str,
    present: &Right,
    wanted: &VersionQuery,
) -> Result<Versions<Right>, DbError> {
    let id = present.id;
    let first = match wanted.since {
        Some(since) => first_since(conn, ins, present, since).await?,
        None => 1,
    };
    let asked = |select: &str| {
        let mut statement = Statement::new(select);
        statement.push(" FROM consent_history WHERE ins = ");
        statement.bind(ins).push(" AND id = ").bind(id);
        statement.push(" AND version >= ").bind(first);
        statement
    };
    let counted = asked("SELECT COUNT(*)");
    let rows = conn.query(&counted.text, &counted.values).await?;
    let total = rows.first().ok_or(DbError::Shape)?.int(0)?;
    let mut paged = asked("SELECT body");
    if let Some(before) = wanted.before {
        paged.push(" AND version < ").bind(before);
    }
    paged.push(" ORDER BY version DESC LIMIT ");
    paged.bind(wanted.count.saturating_add(1));
    let rows = conn.query(&paged.text, &paged.values).await?;
    let rows = rows
        .iter()
        .map(|row| row.json(0))
        .collect::<Result<_, _>>()?;
    let total = u64::try_from(total).map_err(|_| DbError::Shape)?;
    Ok(Versions::cut(total, rows, wanted.count))
}

/// The first version made at an instant or later, found by halves; the one after the present when there is none.
async fn first_since(
    conn: &mut Conn<'_>,
    ins: &str,
    present: &Right,
    since: Instant,
) -> Result<u32, DbError> {
    let (mut low, mut high) = (1, present.version.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match version(conn, ins, present.id, middle).await? {
            Some(right) if right.updated < since => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
