//! The outbox on its way out: rows are claimed for a while, sent by whoever claimed them, and settled. Who dies in between leaves
//! them to be claimed again: each is sent at least once.

use super::Store;
use super::conn::Conn;
use super::outbox::{self, WAITING};
use super::schema::micros;
use super::statement::Statement;
use super::writer::{Act, Done, Failure};
use crate::dmp::notice::{Channel, Notification};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::Error;

/// Most rows of a listing.
const LISTED: i64 = 10_000;

/// What to send, and how often it was tried, this time included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What.
    pub notification: Notification,
    /// From 1.
    pub attempt: u32,
}

/// How a sending ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken.
    Sent,
    /// To be tried again from then on.
    Again(Instant),
    /// Never tried again.
    GivenUp,
}

impl Store {
    /// Everything in the outbox, oldest first.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn outbox(&self) -> Result<Vec<Notification>, Error> {
        let mut reader = self.reader().await?;
        Ok(outbox::all(&mut reader.conn()?, LISTED).await?)
    }

    /// Claims what is due on these channels until `until`: nobody else sends it before.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn claim(
        &self,
        channels: &[Channel],
        now: Instant,
        until: Instant,
        most: usize,
    ) -> Result<Vec<Claimed>, Error> {
        let claim = Claim {
            channels: channels.to_vec(),
            now,
            until,
            most,
        };
        // A look first: most of the time nothing is due, and a look is no commit.
        let due = claim.due("1", 1);
        let mut reader = self.reader().await?;
        let found = reader.conn()?.query(&due.text, &due.values).await?;
        drop(reader);
        if found.is_empty() {
            return Ok(Vec::new());
        }
        self.write(claim).await
    }

    /// Keeps how the sending of a claimed notification ended.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn settle(&self, name: &str, delivery: Delivery) -> Result<(), Error> {
        let name = name.to_owned();
        self.write(Settle { name, delivery }).await
    }
}

struct Claim {
    channels: Vec<Channel>,
    now: Instant,
    until: Instant,
    most: usize,
}

impl Claim {
    fn due(&self, columns: &str, most: usize) -> Statement<'_> {
        let mut statement = Statement::new(&format!("SELECT {columns} FROM outbox WHERE due <= "));
        statement.bind(micros(self.now)).push(" AND channel IN ");
        statement.list(self.channels.iter().map(|channel| channel.code()));
        statement.push(" ORDER BY due LIMIT ");
        statement.bind(i64::try_from(most).unwrap_or(i64::MAX));
        statement
    }
}

impl Act for Claim {
    type Output = Vec<Claimed>;

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Self::Output>, Failure> {
        let columns = format!("{}, attempts", outbox::COLUMNS);
        let mut due = self.due(&columns, self.most);
        if let Conn::Postgres(_) = conn {
            due.push(" FOR UPDATE SKIP LOCKED");
        }
        let mut claimed = Vec::new();
        for row in conn.query(&due.text, &due.values).await? {
            let notification = outbox::notification(&row)?;
            let sql = "UPDATE outbox SET due = $1, attempts = attempts + 1 WHERE name = $2";
            let values = [micros(self.until).into(), (&notification.name).into()];
            conn.execute(sql, &values).await?;
            claimed.push(Claimed {
                notification,
                attempt: row.version(7)?.saturating_add(1),
            });
        }
        Ok(Done {
            output: claimed,
            // The patient's own notice is no act on his record.
            line: None,
        })
    }
}

struct Settle {
    name: String,
    delivery: Delivery,
}

impl Act for Settle {
    type Output = ();

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        let (state, due) = match self.delivery {
            Delivery::Sent => ("sent", None),
            Delivery::Again(at) => (WAITING, Some(micros(at))),
            Delivery::GivenUp => ("given-up", None),
        };
        // What was sent by another one meanwhile stays sent.
        let sql = "UPDATE outbox SET state = $1, due = $2 WHERE name = $3 AND state = $4";
        let values = [
            state.into(),
            due.into(),
            (&self.name).into(),
            WAITING.into(),
        ];
        conn.execute(sql, &values).await?;
        Ok(Done {
            output: (),
            line: None,
        })
    }
}
