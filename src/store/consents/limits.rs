//! What a right needs that only the store knows: who has consulted, who is blocked, how many caregivers there are.

use super::held;
use crate::dmp::actor::ActorId;
use crate::dmp::right::{Category, Declaration, Grant, Right};
use crate::dmp::time::Instant;
use crate::error::{Code, Error, Issue};
use crate::store::conn::{Conn, DbError};
use crate::store::writer::Failure;

/// Caregivers of one patient, and patients of one caregiver (AID-01).
const MAX_CAREGIVERS: usize = 3;
const MAX_HELPED: usize = 5;

/// Refuses what the record doesn't let be declared; a withdrawal always may.
pub(super) async fn check(
    conn: &mut Conn<'_>,
    ins: &str,
    declaration: &Declaration,
    now: Instant,
) -> Result<(), Failure> {
    if !declaration.active {
        return Ok(());
    }
    match &declaration.grant {
        Grant::Access { holder, .. } | Grant::TreatingPhysician { holder, .. } => {
            not_blocked(conn, ins, holder, now).await
        }
        Grant::Administrator { holder } => {
            not_blocked(conn, ins, holder, now).await?;
            if has_consulted(conn, ins, holder).await? {
                Ok(())
            } else {
                Err(refused(Code::NeverConnected, "ADM-01").into())
            }
        }
        Grant::Delegation { to } => {
            let others = delegations(conn, Of::Patient(ins), to, now).await?;
            let helped = delegations(conn, Of::Caregiver { but: ins }, to, now).await?;
            if others < MAX_CAREGIVERS && helped < MAX_HELPED {
                Ok(())
            } else {
                Err(refused(Code::NotAllowed, "AID-01").into())
            }
        }
        _ => Ok(()),
    }
}

/// Nobody declares anything for whom the patient blocked: unblocking would bring it back (BLK-02).
async fn not_blocked(
    conn: &mut Conn<'_>,
    ins: &str,
    holder: &ActorId,
    now: Instant,
) -> Result<(), Failure> {
    let block = Grant::Block { of: holder.clone() };
    let block = held(conn, ins, &block).await?;
    if block.is_some_and(|block| block.is_valid_at(now)) {
        return Err(refused(Code::BlockedByPatient, "BLK-04").into());
    }
    Ok(())
}

async fn has_consulted(conn: &mut Conn<'_>, ins: &str, holder: &ActorId) -> Result<bool, DbError> {
    let sql = "SELECT first FROM consultation WHERE ins = $1 AND actor = $2";
    let rows = conn.query(sql, &[ins.into(), holder.key().into()]).await?;
    Ok(!rows.is_empty())
}

/// Whose delegations are counted.
enum Of<'a> {
    /// The patient's, to other caregivers.
    Patient(&'a str),
    /// The caregiver's, in other records.
    Caregiver { but: &'a str },
}

/// Counts the delegations that stand beside the one being made.
async fn delegations(
    conn: &mut Conn<'_>,
    of: Of<'_>,
    to: &ActorId,
    now: Instant,
) -> Result<usize, DbError> {
    let category = Category::Delegation.code();
    let (sql, values) = match of {
        Of::Patient(ins) => (
            "SELECT body FROM consent WHERE ins = $1 AND actor <> $2 AND category = $3",
            [ins.into(), to.key().into(), category.into()],
        ),
        Of::Caregiver { but } => (
            "SELECT body FROM consent WHERE ins <> $1 AND actor = $2 AND category = $3 ORDER BY ins",
            [but.into(), to.key().into(), category.into()],
        ),
    };
    if let (Of::Caregiver { .. }, Conn::Postgres(_)) = (&of, &*conn) {
        // Two records may be changed at once: whoever is second waits here, and then counts what the first one wrote.
        let locking = format!("{sql}{}", conn.for_update());
        conn.query(&locking, &values).await?;
    }
    let mut standing = 0;
    for row in conn.query(sql, &values).await? {
        standing += usize::from(row.json::<Right>(0)?.is_valid_at(now));
    }
    Ok(standing)
}

fn refused(code: Code, rule: &'static str) -> Error {
    Issue::new(code).rule(rule).into()
}
