//! What an operator's explanation reads of a document that the decision may hide.

use uuid::Uuid;

use super::known::known_or_deleted;
use super::{Store, record_of};
use crate::dmp::document::DocumentEntry;
use crate::dmp::query::DocumentKey;
use crate::error::Error;
use crate::policy::{Permit, Visibility};

impl Store {
    /// A document of the permit's record whatever the permit shows, and whether it is the caller's own; None when the record has
    /// none of that id. For `policy explain` only, which answers an operator and never a client. Not traced: the explanation is.
    ///
    /// # Errors
    /// `busy`, `internal`.
    pub async fn explained(
        &self,
        permit: &Permit,
        id: Uuid,
    ) -> Result<Option<(DocumentEntry, bool)>, Error> {
        let ins = record_of(permit)?;
        let mut reader = self.reader().await?;
        let conn = &mut reader.conn()?;
        let key = DocumentKey::Id(id);
        Ok(known_or_deleted(conn, &ins, permit.ownership(), &Visibility::All, &key).await?)
    }
}
