//! The writer's work, the same for both homes: a group of acts, one transaction, one commit, then the answers.
//! Each act and its journal line are in the same commit; a refused act leaves its refusal's line and nothing else.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use super::conn::{Conn, DbError};
use super::journal;
use super::statement::Statement;
use crate::audit::{self, Line};
use crate::dmp::trace::Trace;
use crate::error::{Code, Error, Issue};

/// Acts that may wait; one more is told `busy`.
pub(super) const QUEUE: usize = 1024;
/// Acts that share a commit at most.
pub(super) const GROUP: usize = 256;
/// Tries of an act that another server's transaction beat.
const TRIES: usize = 5;

/// Something to write.
pub(super) trait Act: Send + Sync + 'static {
    /// What it answers.
    type Output: Send + Sync + 'static;

    /// The record whose row is locked before the group begins.
    fn record(&self) -> Option<&str> {
        None
    }

    /// The trace that its refusal leaves; None when it can't be refused.
    fn trace(&self) -> Option<&Trace>;

    /// True when it may be refused after its first write: what it wrote is then undone.
    fn undoes(&self) -> bool {
        false
    }

    /// Does it.
    fn run(
        &self,
        conn: &mut Conn<'_>,
    ) -> impl Future<Output = Result<Done<Self::Output>, Failure>> + Send;
}

/// An act that went through.
pub(super) struct Done<T> {
    /// The answer.
    pub(super) output: T,
    /// Its journal line; None for what is no act on a record.
    pub(super) line: Option<Line>,
}

/// Why an act did not go through.
pub(super) enum Failure {
    /// A rule says no: traced.
    Refused(Error),
    /// The record moved since the decision: not traced, the caller decides again.
    Stale,
    /// The database says no.
    Database(DbError),
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Issue> for Failure {
    fn from(issue: Issue) -> Self {
        Self::Refused(issue.into())
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

const STALE: &str = "stale";

/// The answer to an act whose permit was decided on an older state of the record.
fn stale() -> Error {
    Issue::new(Code::VersionConflict).with(STALE, "").into()
}

/// See [`super::is_stale`].
pub(super) fn is_stale(error: &Error) -> bool {
    let told = |issue: &Issue| issue.params.iter().any(|(name, _)| *name == STALE);
    error.issues.iter().any(told)
}

type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 'a>>;

/// An act with the one who waits for it.
pub(super) trait Job: Send + Sync {
    /// See [`Act::record`].
    fn record(&self) -> Option<&str>;
    /// Does it and keeps the answer; gives the line to append.
    fn run<'a>(&'a mut self, conn: &'a mut Conn<'_>) -> Step<'a, Option<Line>>;
    /// Keeps a failure as the answer; gives the line that tells it.
    fn fail(&mut self, error: Error) -> Option<Line>;
    /// Gives the answer.
    fn answer(self: Box<Self>);
}

struct Waiting<A: Act> {
    act: A,
    answer: Option<Result<A::Output, Error>>,
    reply: oneshot::Sender<Result<A::Output, Error>>,
}

/// Where an answer is waited for.
type Answer<A> = oneshot::Receiver<Result<<A as Act>::Output, Error>>;

/// Makes a job of an act.
pub(super) fn job<A: Act>(act: A) -> (Box<dyn Job>, Answer<A>) {
    let (reply, answer) = oneshot::channel();
    let waiting = Waiting {
        act,
        answer: None,
        reply,
    };
    (Box::new(waiting), answer)
}

impl<A: Act> Job for Waiting<A> {
    fn record(&self) -> Option<&str> {
        self.act.record()
    }

    fn run<'a>(&'a mut self, conn: &'a mut Conn<'_>) -> Step<'a, Option<Line>> {
        Box::pin(async move {
            let undoes = self.act.undoes();
            if undoes {
                conn.execute("SAVEPOINT act", &[]).await?;
            }
            let done = self.act.run(conn).await;
            if undoes {
                match &done {
                    Ok(_) => {}
                    Err(Failure::Database(error)) => return Err(error.clone()),
                    Err(_) => drop(conn.execute("ROLLBACK TO SAVEPOINT act", &[]).await?),
                }
                conn.execute("RELEASE SAVEPOINT act", &[]).await?;
            }
            match done {
                Ok(Done { output, line }) => {
                    self.answer = Some(Ok(output));
                    Ok(line)
                }
                Err(Failure::Refused(error)) => Ok(self.fail(error)),
                Err(Failure::Stale) => {
                    self.answer = Some(Err(stale()));
                    Ok(None)
                }
                Err(Failure::Database(error)) => Err(error),
            }
        })
    }

    fn fail(&mut self, error: Error) -> Option<Line> {
        let line = self.act.trace().map(|trace| {
            let mut trace = trace.clone();
            audit::refuse(&mut trace, &error);
            audit::line(&trace)
        });
        self.answer = Some(Err(error));
        line
    }

    fn answer(self: Box<Self>) {
        let answer = self.answer.unwrap_or_else(|| Err(Code::Internal.into()));
        // Who asked may have gone: the act stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// Writes a group and answers it. Gives back the jobs when the connection was lost before their commit was sent.
pub(super) async fn settle(
    conn: &mut Conn<'_>,
    mut jobs: Vec<Box<dyn Job>>,
) -> Option<Vec<Box<dyn Job>>> {
    match attempt(conn, &mut jobs).await {
        Ok(()) => {}
        Err(Broken::Before(DbError::Lost(_))) => return Some(jobs),
        Err(Broken::At(DbError::Lost(reason))) => {
            // Nobody knows whether the commit went through: the answer must not say yes.
            tracing::error!(reason, "the connection was lost during a commit");
            for job in &mut jobs {
                job.fail(Code::Busy.into());
            }
        }
        Err(Broken::Before(error) | Broken::At(error)) => {
            undo(conn).await;
            tracing::warn!(reason = %error, acts = jobs.len(), "a group is written again, act by act");
            // One bad act must not take the others with it.
            for job in &mut jobs {
                alone(conn, job).await;
            }
        }
    }
    for job in jobs {
        job.answer();
    }
    None
}

/// Answers jobs that can't be written now.
pub(super) fn give_up(jobs: Vec<Box<dyn Job>>) {
    for mut job in jobs {
        job.fail(Code::Busy.into());
        job.answer();
    }
}

/// Where a group failed.
enum Broken {
    /// Before the commit: nothing was written.
    Before(DbError),
    /// At the commit.
    At(DbError),
}

impl From<DbError> for Broken {
    fn from(error: DbError) -> Self {
        Self::Before(error)
    }
}

async fn attempt(conn: &mut Conn<'_>, jobs: &mut [Box<dyn Job>]) -> Result<(), Broken> {
    conn.begin_write().await?;
    lock_records(conn, jobs).await?;
    let mut lines = Vec::with_capacity(jobs.len());
    for job in jobs.iter_mut() {
        lines.extend(job.run(conn).await?);
    }
    journal::append(conn, &lines).await?;
    conn.execute("COMMIT", &[])
        .await
        .map(drop)
        .map_err(Broken::At)
}

/// One act in a transaction of its own; when it fails for good, the failure is traced if the database still can.
async fn alone(conn: &mut Conn<'_>, job: &mut Box<dyn Job>) {
    for _ in 0..TRIES {
        match attempt(conn, std::slice::from_mut(job)).await {
            Ok(()) => return,
            Err(Broken::Before(DbError::Conflict) | Broken::At(DbError::Conflict)) => {
                undo(conn).await;
            }
            Err(Broken::Before(error) | Broken::At(error)) => {
                undo(conn).await;
                if let Some(line) = job.fail(error.into())
                    && let Err(error) = append_alone(conn, line).await
                {
                    tracing::error!(reason = %error, "a failure could not be traced");
                    undo(conn).await;
                }
                return;
            }
        }
    }
    job.fail(Code::Busy.into());
}

async fn append_alone(conn: &mut Conn<'_>, line: Line) -> Result<(), DbError> {
    conn.begin_write().await?;
    journal::append(conn, &[line]).await?;
    conn.execute("COMMIT", &[]).await.map(drop)
}

async fn undo(conn: &mut Conn<'_>) {
    // Fails when the database has already rolled back by itself.
    let _ = conn.batch("ROLLBACK").await;
}

/// Locks the rows of the records in one order, so that two servers never wait for each other.
async fn lock_records(conn: &mut Conn<'_>, jobs: &[Box<dyn Job>]) -> Result<(), DbError> {
    if let Conn::Sqlite(_) = conn {
        return Ok(());
    }
    let mut records: Vec<&str> = jobs.iter().filter_map(|job| job.record()).collect();
    if records.is_empty() {
        return Ok(());
    }
    records.sort_unstable();
    records.dedup();
    let mut statement = Statement::new("SELECT ins FROM record WHERE ins IN ");
    statement.list(records).push(" ORDER BY ins FOR UPDATE");
    conn.query(&statement.text, &statement.values)
        .await
        .map(drop)
}

/// Runs a future that never waits; None if it did.
pub(super) fn inline<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
