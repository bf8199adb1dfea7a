//! The header, read child by child into a draft, and the draft made into a [`CdaHeader`].

use super::acts::{Act, is_imaging_report, studies};
use super::fault::{Fault, words};
use super::people::NameParts;
use super::source::{Source, keep_first, push};
use super::values::{WrittenId, single_blanks};
use super::walk::Tag;
use super::{BodyKind, CdaAuthor, CdaHeader, CdaPerson, WrittenIds};
use crate::dmp::code::Code;
use crate::dmp::document::{ReferenceId, RelationKind};
use crate::dmp::person::Identifier;
use crate::dmp::time::Timestamp;

/// What was read so far; everything may still be missing.
#[derive(Debug, Default)]
pub(super) struct Draft {
    seen: Vec<&'static str>,
    id: Option<WrittenId>,
    set_id: Option<WrittenId>,
    version: Option<u32>,
    type_code: Option<Code>,
    title: Option<String>,
    language: Option<String>,
    confidentiality: Vec<Code>,
    creation_time: Option<Timestamp>,
    pub patient_ids: Vec<Identifier>,
    pub patient_name: NameParts,
    pub birth_date: Option<Timestamp>,
    pub sex: Option<String>,
    authors: Vec<CdaAuthor>,
    pub legal_authenticator: Option<CdaPerson>,
    custodian: Option<(Option<Identifier>, Option<String>)>,
    facility_type: Option<Code>,
    pub other_practice_setting: Option<Code>,
    acts: Vec<Act>,
    relations: Vec<(RelationKind, WrittenId)>,
    pub references: Vec<ReferenceId>,
    template_ids: Vec<(String, Option<String>)>,
    pub body: Option<BodyKind>,
    pub media_type: Option<String>,
}

impl Source<'_> {
    /// Reads the children of `ClinicalDocument`, up to the content of the body, or to the end when `whole`.
    pub(super) fn clinical_document(&mut self, whole: bool) -> Result<Draft, Fault> {
        let mut draft = Draft::default();
        while let Some(tag) = self.child()? {
            if draft.body.is_some() && !tag.hl7().is_empty() {
                return Err(Fault::new(tag.at, words::MISPLACED));
            }
            self.header_element(tag, &mut draft, whole)?;
            if draft.body.is_some() && !whole {
                break;
            }
        }
        Ok(draft)
    }

    fn header_element(
        &mut self,
        tag: Tag<'_>,
        draft: &mut Draft,
        whole: bool,
    ) -> Result<(), Fault> {
        match tag.hl7() {
            "id" => {
                draft.once("id", tag)?;
                draft.id = self.unique_id(tag, "/ClinicalDocument/id")?;
            }
            "setId" => {
                draft.once("setId", tag)?;
                draft.set_id = self.unique_id(tag, "/ClinicalDocument/setId")?;
            }
            "templateId" => {
                if let Some(id) = self.identifier()? {
                    let extension = Some(id.extension).filter(|text| !text.is_empty());
                    push(&mut draft.template_ids, (id.root, extension), tag.at)?;
                }
            }
            "code" => {
                draft.once("code", tag)?;
                draft.type_code = self.code()?;
            }
            "title" => {
                draft.once("title", tag)?;
                draft.title = self.text()?;
            }
            "effectiveTime" => {
                draft.once("effectiveTime", tag)?;
                draft.creation_time = self.time(tag, "/ClinicalDocument/effectiveTime")?;
            }
            "confidentialityCode" => {
                if let Some(code) = self.code()? {
                    push(&mut draft.confidentiality, code, tag.at)?;
                }
            }
            "languageCode" => {
                draft.once("languageCode", tag)?;
                draft.language = self.attribute("code").as_deref().and_then(single_blanks);
                self.skip()?;
            }
            "versionNumber" => {
                draft.once("versionNumber", tag)?;
                if let Some(value) = self.attribute("value") {
                    draft.version = value.parse().ok();
                    if draft.version.is_none() {
                        let path = "/ClinicalDocument/versionNumber/@value";
                        self.warn(Fault::new(tag.at, words::NUMBER).path(path));
                    }
                }
                self.skip()?;
            }
            "recordTarget" => {
                draft.once("recordTarget", tag)?;
                self.descend(&["patientRole"], &mut |source, _| {
                    source.patient_role(draft)
                })?;
            }
            "author" => {
                let author = self.author(&mut draft.other_practice_setting)?;
                push(&mut draft.authors, author, tag.at)?;
            }
            "legalAuthenticator" => {
                draft.once("legalAuthenticator", tag)?;
                self.legal_authenticator(draft)?;
            }
            "custodian" => {
                draft.once("custodian", tag)?;
                self.descend(
                    &["assignedCustodian", "representedCustodianOrganization"],
                    &mut |source, _| {
                        let organization = source.organization()?;
                        draft.custodian = Some((organization.id, organization.name));
                        Ok(())
                    },
                )?;
            }
            "inFulfillmentOf" => {
                self.descend(&["order"], &mut |source, _| source.order(draft))?;
            }
            "documentationOf" => {
                self.descend(&["serviceEvent"], &mut |source, tag| {
                    push(&mut draft.acts, source.service_event()?, tag.at)
                })?;
            }
            "relatedDocument" => {
                if let Some(relation) = self.related_document(tag)? {
                    push(&mut draft.relations, relation, tag.at)?;
                }
            }
            "componentOf" => {
                draft.once("componentOf", tag)?;
                self.descend(
                    &[
                        "encompassingEncounter",
                        "location",
                        "healthCareFacility",
                        "code",
                    ],
                    &mut |source, _| {
                        keep_first(&mut draft.facility_type, source.code()?);
                        Ok(())
                    },
                )?;
            }
            "component" => self.component(tag, draft, whole)?,
            _ => self.skip()?,
        }
        Ok(())
    }
}

impl Draft {
    fn once(&mut self, name: &'static str, tag: Tag<'_>) -> Result<(), Fault> {
        if self.seen.contains(&name) {
            let path = format!("/ClinicalDocument/{name}[2]");
            return Err(Fault::new(tag.at, words::TWICE).path(path));
        }
        self.seen.push(name);
        Ok(())
    }

    /// The header, or what is missing in it; `at` is the place of the document element.
    pub(super) fn finish(mut self, at: usize) -> Result<CdaHeader, Vec<Fault>> {
        let main = self.acts.iter().position(|act| act.has_performer);
        let main = self.acts.get_mut(main.unwrap_or(0));
        let (service_start, service_stop, practice_setting) = main
            .map(|act| {
                let setting = act.practice_setting.take();
                (act.start.take(), act.stop.take(), setting)
            })
            .unwrap_or_default();
        let missing = [
            (self.id.is_none(), "id", "@root"),
            (self.type_code.is_none(), "code", "@code"),
            (self.creation_time.is_none(), "effectiveTime", "@value"),
            (
                self.body.is_none(),
                "component",
                "structuredBody | nonXMLBody",
            ),
        ];
        let faults = missing.into_iter().filter(|(is_missing, ..)| *is_missing);
        let faults: Vec<Fault> = faults
            .map(|(_, name, expected)| {
                let words = if name == "component" {
                    words::BODY
                } else {
                    words::MISSING
                };
                Fault::new(at, words)
                    .path(format!("/ClinicalDocument/{name}"))
                    .expected(expected)
            })
            .collect();
        let (Some((unique_id, written_id)), Some(type_code), Some(creation_time), Some(body)) =
            (self.id, self.type_code, self.creation_time, self.body)
        else {
            return Err(faults);
        };
        if is_imaging_report(&type_code) {
            self.references.extend(studies(&self.acts));
        }
        let (set_id, written_set_id) = self.set_id.unzip();
        let (relations, written_relations) = self
            .relations
            .into_iter()
            .map(|(kind, (id, written))| ((kind, id), written))
            .unzip();
        let name = self.patient_name;
        Ok(CdaHeader {
            unique_id,
            set_id,
            version: self.version,
            type_code,
            title: self.title,
            language: self.language,
            confidentiality: self.confidentiality,
            creation_time,
            service_start,
            service_stop,
            patient_ids: self.patient_ids,
            family_birth: name.birth,
            family_used: name.used.or(name.plain),
            given: name.given,
            birth_date: self.birth_date,
            sex: self.sex,
            authors: self.authors,
            legal_authenticator: self.legal_authenticator,
            custodian: self.custodian,
            facility_type: self.facility_type,
            practice_setting,
            other_practice_setting: self.other_practice_setting,
            events: self.acts.into_iter().filter_map(|act| act.code).collect(),
            relations,
            references: self.references,
            template_ids: self.template_ids,
            body,
            media_type: self.media_type,
            written: WrittenIds {
                unique_id: written_id,
                set_id: written_set_id,
                relations: written_relations,
            },
        })
    }
}
