//! What the patient declares, and a professional's word for it (VAC-01 to VAC-03).

use uuid::Uuid;

use super::super::conn::Conn;
use super::super::records::current;
use super::super::schema::{micros, stamp};
use super::super::state;
use super::super::writer::{Act, Done, Failure};
use super::{body_of, find, register};
use crate::audit;
use crate::dmp::change::Expected;
use crate::dmp::ins::Ins;
use crate::dmp::trace::Trace;
use crate::dmp::vaccination::{Entry, Origin, Party, Vaccination, Validation};
use crate::error::{Code, Error, Issue};
use crate::policy::{Ownership, Permit};

/// Where `source` says that the patient declared it.
const DECLARED: i64 = 2;

/// What is to be done with a declared vaccination.
#[derive(Debug, Clone)]
pub enum Declaration {
    /// A new one.
    New(Box<Vaccination>),
    /// Another content for the one of this id.
    Change(Uuid, Box<Vaccination>),
    /// No longer.
    Withdraw(Uuid),
    /// A professional stands for the one of this id, which he read as this.
    Validate(Uuid, Box<Vaccination>, Party),
}

/// One declaration.
pub(super) struct Declare {
    pub(super) permit: Permit,
    pub(super) ins: String,
    pub(super) declaration: Declaration,
    pub(super) if_match: Option<Expected>,
    pub(super) trace: Trace,
}

impl Act for Declare {
    type Output = Entry;

    fn record(&self) -> Option<&str> {
        Some(&self.ins)
    }

    fn trace(&self) -> Option<&Trace> {
        Some(&self.trace)
    }

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Done<Entry>, Failure> {
        current(conn, &self.ins, &self.permit).await?;
        let entry = match &self.declaration {
            Declaration::New(told) => self.declared(conn, told).await?,
            Declaration::Change(id, told) => {
                let mut entry = self.own(conn, *id).await?;
                entry.vaccination = Vaccination::clone(told);
                self.renewed(conn, entry).await?
            }
            Declaration::Withdraw(id) => {
                let entry = self.own(conn, *id).await?;
                for place in [
                    "vaccination WHERE ins = $1 AND id = $2",
                    "locator WHERE ins = $1 AND id = $2",
                ] {
                    let sql = format!("DELETE FROM {place}");
                    conn.execute(&sql, &[(&self.ins).into(), id.into()]).await?;
                }
                entry
            }
            Declaration::Validate(id, told, by) => self.validated(conn, *id, told, by).await?,
        };
        let mut trace = self.trace.clone();
        trace.entities = vec![(audit::VACCINATION.to_owned(), entry.id)];
        Ok(Done {
            output: entry,
            line: Some(audit::line(&trace)),
        })
    }
}

impl Declare {
    async fn declared(&self, conn: &mut Conn<'_>, told: &Vaccination) -> Result<Entry, Failure> {
        let patient = Ins::from_key(&self.ins).map_err(|_| Error::from(Code::Internal))?;
        let state = state::next(conn, &self.ins, self.trace.at).await?;
        let entry = Entry {
            id: Uuid::now_v7(),
            version: 1,
            updated: state.at,
            patient,
            vaccination: told.clone(),
            origin: Origin::Declared(self.permit.actor().key()),
            validation: None,
        };
        let row = (entry, DECLARED);
        register(conn, &self.ins, std::iter::once(&row)).await?;
        Ok(row.0)
    }

    /// The entry of an id, when the permit shows it and `if_match` is its version.
    async fn known(&self, conn: &mut Conn<'_>, id: Uuid) -> Result<Entry, Failure> {
        let found = find(conn, &self.ins, &self.permit, Some(id)).await?;
        let Some(entry) = found.into_iter().next() else {
            return Err(self.permit.not_visible().into());
        };
        if self
            .if_match
            .as_ref()
            .is_some_and(|expected| !expected.is_met_by(Some(entry.version)))
        {
            return Err(Code::VersionConflict.into());
        }
        Ok(entry)
    }

    /// One that the patient's side may still change; a caregiver his own.
    async fn own(&self, conn: &mut Conn<'_>, id: Uuid) -> Result<Entry, Failure> {
        let entry = self.known(conn, id).await?;
        let refuse = |code, rule| Error::from(Issue::new(code).rule(rule));
        if !self.permit.actor_kind().is_patient_side() {
            return Err(refuse(Code::NotYours, "VAC-02").into());
        }
        if entry.is_validated() {
            return Err(refuse(Code::ValidatedVaccination, "VAC-03").into());
        }
        let by = Origin::Declared(self.permit.actor().key());
        if matches!(self.permit.ownership(), Ownership::User(_)) && entry.origin != by {
            return Err(refuse(Code::NotYours, "AID-02").into());
        }
        Ok(entry)
    }

    async fn validated(
        &self,
        conn: &mut Conn<'_>,
        id: Uuid,
        told: &Vaccination,
        by: &Party,
    ) -> Result<Entry, Failure> {
        let mut entry = self.known(conn, id).await?;
        let declared = matches!(entry.origin, Origin::Declared(_));
        let others = entry
            .validation
            .as_ref()
            .is_some_and(|one| one.by.id != by.id);
        if !declared || others {
            let issue = Issue::new(Code::NotYours).rule("VAC-02");
            return Err(Error::from(issue).into());
        }
        if entry.validation.is_some() {
            return Ok(entry);
        }
        let kept = Vaccination {
            recorded: None,
            ..entry.vaccination.clone()
        };
        if kept != *told {
            let issue = Issue::new(Code::ElementInvalid).at("Immunization").detail(
                "une validation ne change rien de ce que le patient a déclaré",
                "a validation changes nothing of what the patient declared",
            );
            return Err(Error::from(issue.rule("VAC-02")).into());
        }
        entry.validation = Some(Validation {
            by: by.clone(),
            at: stamp(self.trace.at),
        });
        self.renewed(conn, entry).await
    }

    /// Writes the next version.
    async fn renewed(&self, conn: &mut Conn<'_>, mut entry: Entry) -> Result<Entry, Failure> {
        entry.version += 1;
        let state = state::next(conn, &self.ins, self.trace.at).await?;
        entry.updated = state.at;
        let body = body_of(&entry)?;
        let sql = "UPDATE vaccination SET version = $1, updated = $2, body = $3 WHERE ins = $4 AND id = $5";
        let values = [
            entry.version.into(),
            micros(entry.updated).into(),
            (&body).into(),
            (&self.ins).into(),
            (&entry.id).into(),
        ];
        conn.execute(sql, &values).await?;
        Ok(entry)
    }
}
