//! The store's acts on rights.

use uuid::Uuid;

use super::{Store, consents, record_of};
use crate::audit;
use crate::dmp::ins::Ins;
use crate::dmp::right::{Declaration, Right};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::{Code, Error};
use crate::policy::Permit;

impl Store {
    /// The right of this id in a record; None when there is none. Not traced: the write that it serves is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn right(&self, ins: &Ins, id: Uuid) -> Result<Option<Right>, Error> {
        let mut reader = self.reader().await?;
        Ok(consents::by_id(&mut reader.conn()?, &ins.key(), id).await?)
    }

    /// Declares, renews or withdraws an authorisation (TD0.3); true when it is new. `end` is the caller's, within what the
    /// configuration allows.
    ///
    /// # Errors
    /// `version-conflict` when `if_match` is not its version, or the record moved since the decision ([`is_stale`]);
    /// `busy`, `internal`.
    pub async fn declare(
        &self,
        permit: &Permit,
        declaration: Declaration,
        end: Option<Instant>,
        if_match: Option<u32>,
        trace: Trace,
    ) -> Result<(Right, bool), Error> {
        let ins = record_of(permit)?;
        if declaration.patient.key() != ins {
            return Err(Code::Internal.into());
        }
        self.write(consents::Declare {
            permit: permit.clone(),
            ins,
            declaration,
            end,
            if_match,
            trace,
        })
        .await
    }

    /// The authorisations that the caller holds (an employee's structure included) or declared, oldest first.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn find_rights(&self, permit: &Permit, trace: Trace) -> Result<Vec<Right>, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let found = consents::find(&mut reader.conn()?, &ins, permit, None).await?;
        drop(reader);
        self.trace(trace).await?;
        Ok(found)
    }

    /// Reads one of the authorisations that [`Store::find_rights`] would find.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is somebody else's or not there; `busy`, `internal`.
    pub async fn read_right(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Right, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let found = consents::find(&mut reader.conn()?, &ins, permit, Some(id)).await?;
        drop(reader);
        let found = found.into_iter().next();
        self.shown(permit, (found, false), (audit::AUTHORISATION, id), trace)
            .await
    }
}
