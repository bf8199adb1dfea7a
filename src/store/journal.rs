//! The journal: appending lines to their chains.

use std::collections::HashMap;

use super::conn::{Conn, DbError};
use super::statement::{Statement, Value};
use super::writer::{Act, Done, Failure};
use crate::audit::{self, Hash, Line};
use crate::dmp::trace::Trace;

/// A trace and nothing else: that of a read, or of a refusal.
pub(super) struct Append(pub(super) Line);

impl Act for Append {
    type Output = ();

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, _: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        Ok(Done {
            output: (),
            line: Some(self.0.clone()),
        })
    }
}

/// Appends lines, each to its chain, in their order.
pub(super) async fn append(conn: &mut Conn<'_>, lines: &[Line]) -> Result<(), DbError> {
    let mut chains: Vec<&str> = lines.iter().map(|line| line.chain.as_str()).collect();
    chains.sort_unstable();
    chains.dedup();
    let mut heads = HashMap::with_capacity(chains.len());
    // At most a hundred or so at once: a statement takes as many.
    for some in chains.chunks(128) {
        read_heads(conn, some, &mut heads).await?;
    }
    let mut hashes = Vec::with_capacity(lines.len());
    for line in lines {
        let (seq, hash) = heads.get_mut(line.chain.as_str()).ok_or(DbError::Shape)?;
        *seq += 1;
        *hash = audit::link(hash, *seq, &line.body);
        hashes.push((*seq, *hash));
    }
    let mut rows = Vec::with_capacity(lines.len() * 4);
    for (line, (seq, hash)) in lines.iter().zip(&hashes) {
        rows.extend([
            Value::from(line.chain.as_str()),
            Value::from(*seq),
            Value::from(hash.as_slice()),
            Value::from(line.body.as_str()),
        ]);
    }
    conn.insert("INSERT INTO journal (ins, seq, hash, body)", 4, &rows, "")
        .await?;
    let mut rows = Vec::with_capacity(chains.len() * 3);
    for chain in chains {
        let (seq, hash) = heads.get(chain).ok_or(DbError::Shape)?;
        rows.extend([
            Value::from(chain),
            Value::from(*seq),
            Value::from(hash.as_slice()),
        ]);
    }
    let upsert = "ON CONFLICT (ins) DO UPDATE SET seq = excluded.seq, hash = excluded.hash";
    conn.insert(
        "INSERT INTO journal_head (ins, seq, hash)",
        3,
        &rows,
        upsert,
    )
    .await?;
    Ok(())
}

/// Reads, and on PostgreSQL locks in the order of their keys, the heads of some chains.
async fn read_heads<'l>(
    conn: &mut Conn<'_>,
    chains: &[&'l str],
    heads: &mut HashMap<&'l str, (i64, Hash)>,
) -> Result<(), DbError> {
    for attempt in 0..2 {
        let mut statement = Statement::new("SELECT ins, seq, hash FROM journal_head WHERE ins IN ");
        statement
            .list(chains.iter().copied())
            .push(" ORDER BY ins")
            .push(conn.for_update());
        for mut row in conn.query(&statement.text, &statement.values).await? {
            let hash = Hash::try_from(row.take_bytes(2)?).map_err(|_| DbError::Shape)?;
            let key = row.text(0)?;
            if let Some(chain) = chains.iter().find(|chain| **chain == key) {
                heads.insert(chain, (row.int(1)?, hash));
            }
        }
        let missing: Vec<&str> = chains
            .iter()
            .copied()
            .filter(|chain| !heads.contains_key(chain))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        if let (Conn::Postgres(_), 0) = (&*conn, attempt) {
            // The row to lock must be there first; another server may be making it too.
            let starts: Vec<Hash> = missing.iter().map(|chain| audit::genesis(chain)).collect();
            let mut rows = Vec::new();
            for (chain, hash) in missing.iter().zip(&starts) {
                rows.extend([
                    Value::from(*chain),
                    Value::from(0_i64),
                    Value::from(hash.as_slice()),
                ]);
            }
            conn.insert(
                "INSERT INTO journal_head (ins, seq, hash)",
                3,
                &rows,
                "ON CONFLICT (ins) DO NOTHING",
            )
            .await?;
        } else {
            for chain in missing {
                heads.insert(chain, (0, audit::genesis(chain)));
            }
        }
    }
    Ok(())
}
