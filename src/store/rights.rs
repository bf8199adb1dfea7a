//! The store's acts on rights.

use std::sync::Arc;

use uuid::Uuid;

use super::{Store, consents, record_of};
use crate::audit;
use crate::dmp::change::Expected;
use crate::dmp::query::{VersionQuery, Versions};
use crate::dmp::right::{Declaration, Right};
use crate::dmp::time::Instant;
use crate::dmp::trace::Trace;
use crate::error::{Code, Error};
use crate::policy::Permit;

impl Store {
    /// The right of this id, if the caller may know of it. Not traced: the write that it serves is.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is somebody else's or not there; `busy`, `internal`.
    pub async fn known_right(&self, permit: &Permit, id: Uuid) -> Result<Right, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let found = consents::find(&mut reader.conn()?, &ins, permit, Some(id)).await?;
        found.into_iter().next().ok_or_else(|| permit.not_visible())
    }

    /// Declares, renews or withdraws a right (TD0.3), with all that follows from it; true when it is new. `end` is what the
    /// configuration allows; for `medecin-traitant` it ends the authorisation that goes with it, and the right itself lasts
    /// until `declaration.until`. `declaration.patient` is the number that the record was opened under.
    ///
    /// # Errors
    /// `never-connected`, `blocked-by-patient`, `not-allowed` (too many caregivers), `not-found` for the withdrawal of what was never
    /// declared, `version-conflict` when `if_match` does not expect its version: refused and traced. `version-conflict` when the record or
    /// the caller's rights moved since the decision ([`is_stale`]): not traced. `busy`, `internal`.
    pub async fn declare(
        &self,
        permit: &Permit,
        declaration: Declaration,
        end: Option<Instant>,
        if_match: Option<Expected>,
        trace: Trace,
    ) -> Result<(Right, bool), Error> {
        let ins = record_of(permit)?;
        // Kept by the number of the record's key, so that a right has one key whatever number came after.
        if declaration.patient.key() != ins {
            return Err(Code::Internal.into());
        }
        self.write(consents::Declare {
            permit: permit.clone(),
            ins,
            declaration,
            end,
            if_match,
            render: Arc::clone(&self.render),
            trace,
        })
        .await
    }

    /// The rights that the caller may know of, oldest first.
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

    /// Reads one of the rights that [`Store::find_rights`] would find.
    ///
    /// # Errors
    /// [`Permit::not_visible`] when it is somebody else's or not there; `busy`, `internal`.
    pub async fn read_right(
        &self,
        permit: &Permit,
        id: Uuid,
        trace: Trace,
    ) -> Result<Right, Error> {
        self.read_version(permit, id, None, trace).await
    }

    /// Reads a version of one of the rights that [`Store::find_rights`] would find.
    ///
    /// # Errors
    /// As [`Store::read_right`].
    pub async fn read_right_version(
        &self,
        permit: &Permit,
        id: Uuid,
        version: u32,
        trace: Trace,
    ) -> Result<Right, Error> {
        self.read_version(permit, id, Some(version), trace).await
    }

    /// Reads a right that [`Store::find_rights`] would find, and a page of the versions that it had, its present one among them.
    ///
    /// # Errors
    /// As [`Store::read_right`].
    pub async fn right_versions(
        &self,
        permit: &Permit,
        id: Uuid,
        wanted: &VersionQuery,
        trace: Trace,
    ) -> Result<Versions<Right>, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        reader.begin().await?;
        let conn = &mut reader.conn()?;
        let present = consents::find(conn, &ins, permit, Some(id)).await?;
        let found = match present.first() {
            Some(present) => Some(consents::history::page(conn, &ins, present, wanted).await?),
            None => None,
        };
        reader.end().await?;
        drop(reader);
        self.shown(permit, (found, false), (audit::AUTHORISATION, id), trace)
            .await
    }

    async fn read_version(
        &self,
        permit: &Permit,
        id: Uuid,
        version: Option<u32>,
        trace: Trace,
    ) -> Result<Right, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let conn = &mut reader.conn()?;
        let found = consents::find(conn, &ins, permit, Some(id)).await?;
        // Who may know of a right may know what it was.
        let found = match (found.into_iter().next(), version) {
            (Some(right), Some(version)) if version != right.version => {
                consents::version(conn, &ins, id, version).await?
            }
            (found, _) => found,
        };
        drop(reader);
        self.shown(permit, (found, false), (audit::AUTHORISATION, id), trace)
            .await
    }
}
