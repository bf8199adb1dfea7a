//! What falls due by itself: every minute, or when a test asks for it. Each job goes record by record, does nothing when it is done
//! again, and may be at work on two servers at once.

use crate::dmp::time::Instant;
use crate::error::Error;
use crate::policy::Rules;
use crate::store::Store;

/// Looked at in one go.
const BATCH: usize = 100;
/// Goes of one job in one run: what is left waits for the next.
const GOES: usize = 100;

/// How much a run looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Done {
    /// Documents that a month made visible (ANN-03).
    pub restored: usize,
    /// Documents whose announcement waits since two weeks (ANN-03).
    pub overdue: usize,
    /// Records whose holder came of age (MIN-10).
    pub of_age: usize,
    /// Closed records at their end (LC-13, LC-14).
    pub purged: usize,
    /// Documents from before the register of vaccinations.
    pub registered: usize,
}

/// The jobs, in their order: what is visible by now waits for no announcement.
#[derive(Debug, Clone, Copy)]
enum Job {
    Restore,
    Overdue,
    OfAge,
    Purge,
    Register,
}

/// Runs every job once.
///
/// # Errors
/// The store's: what was done so far stays done.
pub async fn run(store: &Store, rules: &Rules, now: Instant) -> Result<Done, Error> {
    let of_age = rules.age_of_majority;
    Ok(Done {
        restored: goes(Job::Restore, store, of_age, now).await?,
        overdue: goes(Job::Overdue, store, of_age, now).await?,
        of_age: goes(Job::OfAge, store, of_age, now).await?,
        purged: goes(Job::Purge, store, of_age, now).await?,
        registered: goes(Job::Register, store, of_age, now).await?,
    })
}

/// Goes on while there is as much as it takes.
async fn goes(job: Job, store: &Store, of_age: u8, now: Instant) -> Result<usize, Error> {
    let mut all = 0;
    for _ in 0..GOES {
        let found = match job {
            Job::Restore => store.restore_visibility(now, of_age, BATCH).await?,
            Job::Overdue => store.tell_overdue(now, of_age, BATCH).await?,
            Job::OfAge => store.tell_of_age(now, of_age, BATCH).await?,
            Job::Purge => store.purge(now, BATCH).await?,
            Job::Register => store.fill_vaccinations(now, BATCH).await?,
        };
        all += found;
        if found < BATCH {
            break;
        }
    }
    Ok(all)
}
