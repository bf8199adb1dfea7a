//! `audit verify`: walking every chain of the journal.

use std::collections::HashSet;

use uuid::Uuid;

use super::Verification;
use super::conn::{Conn, DbError};
use super::row::Row;
use super::statement::Value;
use crate::audit::{self, Chain, Head, Kept};

/// Lines read at once.
const BATCH: i64 = 500;

/// Walks every chain, then checks that each record and each document left its line. The caller holds a snapshot.
pub(super) async fn run(conn: &mut Conn<'_>) -> Result<Verification, DbError> {
    let (mut chains, mut lines) = (0, 0);
    let mut after = String::new();
    while let Some(chain) = next_chain(conn, &after).await? {
        chains += 1;
        match walk(conn, &chain).await? {
            Ok(walked) => lines += walked,
            Err(verdict) => return broken(conn, &chain, verdict.seq, verdict.what).await,
        }
        after = chain;
    }
    Ok(Verification::Whole { chains, lines })
}

/// The next key that has lines, a head, a record or documents: a chain that vanished whole is still looked for.
async fn next_chain(conn: &mut Conn<'_>, after: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT MIN(ins) FROM (SELECT MIN(ins) AS ins FROM journal WHERE ins > $1 \
               UNION ALL SELECT MIN(ins) FROM journal_head WHERE ins > $1 \
               UNION ALL SELECT MIN(ins) FROM record WHERE ins > $1 \
               UNION ALL SELECT MIN(ins) FROM document WHERE ins > $1) AS keys";
    let rows = conn.query(sql, &[Value::from(after)]).await?;
    match rows.first() {
        Some(row) => Ok(row.optional_text(0)?.map(str::to_owned)),
        None => Ok(None),
    }
}

async fn walk(conn: &mut Conn<'_>, key: &str) -> Result<Result<u64, audit::Verdict>, DbError> {
    let head = head(conn, key).await?;
    let mut chain = Chain::new(key);
    let mut deposited = HashSet::new();
    loop {
        let lines = lines_from(conn, key, chain.next_place(), Some(BATCH)).await?;
        for line in &lines {
            if !chain.take(line) {
                let rest = lines_from(conn, key, chain.next_place(), None).await?;
                return Ok(Err(chain.judge(&rest, head.as_ref())));
            }
            deposited.extend(audit::deposited(&line.body));
        }
        if (lines.len() as i64) < BATCH {
            break;
        }
    }
    // Lines before the first place are nobody's.
    let stray = "SELECT COUNT(*) FROM journal WHERE ins = $1 AND seq < 1";
    let stray = conn.query(stray, &[Value::from(key)]).await?;
    if stray.first().map_or(Ok(0), |row| row.int(0))? > 0 {
        return Ok(Err(audit::Verdict {
            seq: 0,
            what: "added",
        }));
    }
    let walked = chain.next_place() - 1;
    if (head.is_some() || walked > 0)
        && let Some(verdict) = chain.end(head.as_ref())
    {
        return Ok(Err(verdict));
    }
    if walked == 0 || !all_deposited(conn, key, &deposited).await? {
        return Ok(Err(audit::Verdict {
            seq: chain.next_place(),
            what: "removed",
        }));
    }
    Ok(Ok(walked.unsigned_abs()))
}

/// True when every document of the record is told by a line of its chain.
async fn all_deposited(
    conn: &mut Conn<'_>,
    key: &str,
    deposited: &HashSet<Uuid>,
) -> Result<bool, DbError> {
    let rows = conn
        .query(
            "SELECT id FROM document WHERE ins = $1",
            &[Value::from(key)],
        )
        .await?;
    for row in rows {
        if !deposited.contains(&row.uuid(0)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn head(conn: &mut Conn<'_>, key: &str) -> Result<Option<Head>, DbError> {
    let sql = "SELECT seq, hash FROM journal_head WHERE ins = $1";
    let rows = conn.query(sql, &[Value::from(key)]).await?;
    let head = |mut row: Row| {
        Ok(Head {
            seq: row.int(0)?,
            hash: row.take_bytes(1)?,
        })
    };
    rows.into_iter().next().map(head).transpose()
}

async fn lines_from(
    conn: &mut Conn<'_>,
    key: &str,
    place: i64,
    limit: Option<i64>,
) -> Result<Vec<Kept>, DbError> {
    let sql =
        "SELECT seq, hash, body FROM journal WHERE ins = $1 AND seq >= $2 ORDER BY seq LIMIT $3";
    let limit = limit.unwrap_or(i64::MAX);
    let values = [Value::from(key), Value::from(place), Value::from(limit)];
    let rows = conn.query(sql, &values).await?;
    let kept = |mut row: Row| {
        Ok(Kept {
            seq: row.int(0)?,
            hash: row.take_bytes(1)?,
            body: row.take_text(2)?,
        })
    };
    rows.into_iter().map(kept).collect()
}

async fn broken(
    conn: &mut Conn<'_>,
    key: &str,
    seq: i64,
    what: &'static str,
) -> Result<Verification, DbError> {
    let rows = conn
        .query("SELECT id FROM record WHERE ins = $1", &[Value::from(key)])
        .await?;
    let record = match rows.first() {
        Some(row) => row.uuid(0)?.to_string(),
        None => audit::NO_RECORD.to_owned(),
    };
    Ok(Verification::Broken {
        record,
        sequence: seq.unsigned_abs(),
        what,
    })
}
