//! What the document is about and where it comes from: acts, orders, related documents.

use super::fault::{Fault, words};
use super::header::Draft;
use super::source::{Source, keep_first, push};
use super::values::WrittenId;
use super::walk::{Ns, Tag};
use crate::dmp::code::{Code, system};
use crate::dmp::document::{ReferenceId, ReferenceKind, RelationKind};
use crate::dmp::id::is_oid;
use crate::dmp::person::Identifier;
use crate::dmp::time::Timestamp;

/// LOINC code of an imaging report, whose acts are identified by their Study Instance UID (DICOM PS3.20, CI-SIS IMG-CR-IMG).
const IMAGING_REPORT: &str = "18748-4";

/// An act of `documentationOf`.
#[derive(Debug, Default)]
pub(super) struct Act {
    pub id: Option<Identifier>,
    pub code: Option<Code>,
    pub start: Option<Timestamp>,
    pub stop: Option<Timestamp>,
    pub has_performer: bool,
    pub practice_setting: Option<Code>,
}

impl Source<'_> {
    /// `documentationOf/serviceEvent`.
    pub(super) fn service_event(&mut self) -> Result<Act, Fault> {
        let mut act = Act::default();
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "id" => keep_first(&mut act.id, self.identifier()?),
                "code" => act.code = self.code()?,
                "effectiveTime" => {
                    let path = "/ClinicalDocument/documentationOf/serviceEvent/effectiveTime";
                    (act.start, act.stop) = self.interval(tag, path)?;
                }
                "performer" => {
                    act.has_performer = true;
                    self.descend(
                        &["assignedEntity", "representedOrganization"],
                        &mut |source, _| {
                            let setting = source.organization()?.practice_setting;
                            keep_first(&mut act.practice_setting, setting);
                            Ok(())
                        },
                    )?;
                }
                _ => self.skip()?,
            }
        }
        Ok(act)
    }

    /// `inFulfillmentOf/order`: order and accession numbers.
    pub(super) fn order(&mut self, draft: &mut Draft) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            let kind = match (tag.ns, tag.local) {
                (Ns::Hl7, "id") => ReferenceKind::Order,
                (Ns::Dicom, "accessionNumber") => ReferenceKind::Accession,
                _ => {
                    self.skip()?;
                    continue;
                }
            };
            if let Some(id) = self.identifier()? {
                push(&mut draft.references, ReferenceId { kind, id }, tag.at)?;
            }
        }
        Ok(())
    }

    /// `relatedDocument`: the relation and the other document.
    pub(super) fn related_document(
        &mut self,
        tag: Tag<'_>,
    ) -> Result<Option<(RelationKind, WrittenId)>, Fault> {
        const PATH: &str = "/ClinicalDocument/relatedDocument";
        let code = self.attribute("typeCode").unwrap_or_default();
        let kind = RelationKind::ALL
            .into_iter()
            .find(|kind| kind.cda() == Some(code.as_str()));
        let mut target = None;
        self.descend(&["parentDocument", "id"], &mut |source, tag| {
            let path = format!("{PATH}/parentDocument/id");
            keep_first(&mut target, source.unique_id(tag, &path)?);
            Ok(())
        })?;
        if kind.is_none() {
            let path = format!("{PATH}/@typeCode");
            let fault = Fault::new(tag.at, words::RELATION).path(path);
            self.complain(fault.expected("RPLC | XFRM | APND"));
        }
        if target.is_none() {
            let path = format!("{PATH}/parentDocument/id");
            self.complain(Fault::new(tag.at, words::MISSING).path(path));
        }
        Ok(kind.zip(target))
    }
}

/// True for the type of an imaging report.
pub(super) fn is_imaging_report(type_code: &Code) -> bool {
    type_code.code == IMAGING_REPORT && type_code.system == system::LOINC
}

/// The studies that the acts of an imaging report are.
pub(super) fn studies(acts: &[Act]) -> impl Iterator<Item = ReferenceId> {
    let ids = acts.iter().filter_map(|act| act.id.as_ref());
    let uids = ids.filter(|id| id.extension.is_empty() && is_oid(&id.root));
    uids.map(|id| ReferenceId {
        kind: ReferenceKind::StudyInstanceUid,
        id: id.clone(),
    })
}
