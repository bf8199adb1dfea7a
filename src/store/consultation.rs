//! A consultation that somebody is told of: who has consulted is kept, and the notices are written with the trace (NOT-01, EMG-07).

use jiff::SignedDuration;

use super::conn::{Conn, DbError};
use super::outbox::{self, News};
use super::schema::{micros, stamp};
use super::writer::{Act, Done, Failure};
use super::{record_of, records};
use crate::audit::{self, Line};
use crate::dmp::context::AccessMode;
use crate::dmp::notice::{NoticeActor, NoticeKind};
use crate::dmp::record::Record;
use crate::dmp::right::{Category, Right};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::Error;
use crate::policy::{Notice, Permit};

/// How long one emergency of a professional is told once (contract §7).
const ONE_EMERGENCY: i64 = 60;

/// A read that went through, with what it makes known.
pub(super) struct Consultation {
    ins: String,
    /// Who reads, as his rows are kept.
    actor: String,
    told: Option<NoticeActor>,
    notice: Notice,
    of_age: Option<Instant>,
    at: Instant,
    line: Line,
}

impl Consultation {
    /// What a permit wants told of the act in this trace.
    ///
    /// # Errors
    /// `internal` for a permit without record.
    pub(super) fn new(permit: &Permit, notice: Notice, trace: &Trace) -> Result<Self, Error> {
        Ok(Self {
            ins: record_of(permit)?,
            actor: permit.actor().key(),
            told: outbox::actor(permit, trace).map(|(_, actor)| actor),
            notice,
            of_age: permit.of_age(),
            at: stamp(trace.at),
            line: audit::line(trace),
        })
    }

    /// Keeps that he consulted; true when it was not known so far.
    async fn mark(&self, conn: &mut Conn<'_>, openly: bool) -> Result<bool, DbError> {
        let at = micros(self.at);
        let values = [
            (&self.ins).into(),
            (&self.actor).into(),
            at.into(),
            openly.then_some(at).into(),
        ];
        let into = "INSERT INTO consultation (ins, actor, first, openly)";
        let known = if openly {
            "ON CONFLICT (ins, actor) DO UPDATE SET openly = excluded.openly WHERE consultation.openly IS NULL"
        } else {
            "ON CONFLICT (ins, actor) DO NOTHING"
        };
        Ok(conn.insert(into, values.len(), &values, known).await? > 0)
    }

    fn news(&self, kind: NoticeKind, mode: AccessMode, once: String) -> News {
        News {
            kind,
            at: self.at,
            once,
            document: None,
            mode: Some(mode),
            actor: self.told.clone().map(|told| (self.actor.clone(), told)),
        }
    }

    async fn emergency(
        &self,
        conn: &mut Conn<'_>,
        record: &Record,
        mode: AccessMode,
    ) -> Result<(), DbError> {
        let last = outbox::last_emergency(conn, &self.ins, &self.actor, mode).await?;
        let told = last.is_some_and(|last| {
            let since = self.at.duration_since(last);
            // A clock that tests set back tells anew.
            (SignedDuration::ZERO..SignedDuration::from_mins(ONE_EMERGENCY)).contains(&since)
        });
        if told {
            return Ok(());
        }
        let once = format!("{} {} {}", self.actor, mode.code(), micros(self.at));
        let news = self.news(NoticeKind::EmergencyAccess, mode, once);
        outbox::tell_holder(conn, record, &news).await?;
        for physician in self.treating_physicians(conn).await? {
            outbox::tell_physician(conn, record, &news, &physician).await?;
        }
        Ok(())
    }

    /// The médecins traitants of the record whose authorisation stands too (MT-02); who acts himself knows of it.
    async fn treating_physicians(&self, conn: &mut Conn<'_>) -> Result<Vec<String>, DbError> {
        let sql = "SELECT m.actor, m.body, a.body FROM consent m \
                   JOIN consent a ON a.ins = m.ins AND a.actor = m.actor AND a.category = $1 \
                   WHERE m.ins = $2 AND m.category = $3";
        let values = [
            Category::Access.code().into(),
            (&self.ins).into(),
            Category::TreatingPhysician.code().into(),
        ];
        let mut physicians = Vec::new();
        for row in conn.query(sql, &values).await? {
            let (treats, access): (Right, Right) = (row.json(1)?, row.json(2)?);
            let stands = treats.is_valid_at(self.at) && access.is_valid_at(self.at);
            let minor = |at: Instant| self.of_age.is_some_and(|of_age| at < of_age);
            let of_today = minor(access.start) == minor(self.at);
            if stands && of_today && row.text(0)? != self.actor {
                let holder = treats.declaration.grant.actor();
                physicians.extend(holder.map(|holder| holder.as_str().to_owned()));
            }
        }
        Ok(physicians)
    }
}

impl Act for Consultation {
    type Output = ();

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        None
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<()>, Failure> {
        if let Some(record) = records::held(conn, &self.ins).await? {
            match self.notice {
                Notice::First { secret } => {
                    let fresh = self.mark(conn, !secret).await?;
                    if fresh && !secret {
                        let mode = AccessMode::Normal;
                        let once = format!("{} {}", self.actor, micros(self.at));
                        let news = self.news(NoticeKind::FirstAccess, mode, once);
                        outbox::tell_holder(conn, &record, &news).await?;
                    }
                }
                Notice::Emergency(mode) => {
                    self.mark(conn, true).await?;
                    self.emergency(conn, &record, mode).await?;
                }
            }
        }
        Ok(Done {
            output: (),
            line: Some(self.line.clone()),
        })
    }
}
