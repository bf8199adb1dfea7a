//! Who stands in the header: names, patient, authors, organisations, legal authenticator.

use super::fault::{Fault, words};
use super::header::Draft;
use super::source::{Source, keep_first, push};
use super::walk::MAX_HEADER_VALUE;
use super::{CdaAuthor, CdaPerson};
use crate::dmp::code::Code;
use crate::dmp::person::{Identifier, PersonName};

/// A name with its parts told apart by qualifier.
#[derive(Debug, Default)]
pub(super) struct NameParts {
    pub birth: Option<String>,
    pub used: Option<String>,
    pub plain: Option<String>,
    pub given: Option<String>,
}

impl NameParts {
    /// The name that a professional goes by.
    pub(super) fn person(self) -> PersonName {
        PersonName {
            family: self.used.or(self.plain).or(self.birth),
            given: self.given,
        }
    }
}

/// An organisation of the header.
#[derive(Debug, Default)]
pub(super) struct Organization {
    pub id: Option<Identifier>,
    pub name: Option<String>,
    pub practice_setting: Option<Code>,
}

impl Source<'_> {
    /// `patientRole`.
    pub(super) fn patient_role(&mut self, draft: &mut Draft) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "id" => {
                    if let Some(id) = self.identifier()? {
                        push(&mut draft.patient_ids, id, tag.at)?;
                    }
                }
                "patient" => self.patient(draft)?,
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    fn patient(&mut self, draft: &mut Draft) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "name" => self.name(&mut draft.patient_name)?,
                "administrativeGenderCode" => draft.sex = self.code()?.map(|code| code.code),
                "birthTime" => {
                    let path = "/ClinicalDocument/recordTarget/patientRole/patient/birthTime";
                    draft.birth_date = self.time(tag, path)?;
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// `author`; the practice setting of its organisation is kept for want of a better one.
    pub(super) fn author(&mut self, setting: &mut Option<Code>) -> Result<CdaAuthor, Fault> {
        let mut author = CdaAuthor::default();
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "functionCode" => author.role = self.code()?,
                "assignedAuthor" => self.assigned_author(&mut author, setting)?,
                _ => self.skip()?,
            }
        }
        Ok(author)
    }

    fn assigned_author(
        &mut self,
        author: &mut CdaAuthor,
        setting: &mut Option<Code>,
    ) -> Result<(), Fault> {
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "id" => keep_first(&mut author.id, self.identifier()?),
                "code" => author.specialty = self.code()?,
                "assignedPerson" => author.name = self.person_name()?,
                "assignedAuthoringDevice" => author.device = self.device()?,
                "representedOrganization" => {
                    let organization = self.organization()?;
                    author.institution_id = organization.id;
                    author.institution_name = organization.name;
                    keep_first(setting, organization.practice_setting);
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// The model of a device, or its software where the model is only punctuation (as the insurer's documents have it).
    fn device(&mut self) -> Result<Option<String>, Fault> {
        let (mut model, mut software) = (None, None);
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "manufacturerModelName" => model = self.text()?,
                "softwareName" => software = self.text()?,
                _ => self.skip()?,
            }
        }
        let says_something = |text: &String| text.chars().any(char::is_alphanumeric);
        Ok(model.filter(says_something).or(software))
    }

    /// `legalAuthenticator`.
    pub(super) fn legal_authenticator(&mut self, draft: &mut Draft) -> Result<(), Fault> {
        self.descend(&["assignedEntity"], &mut |source, _| {
            let mut person = CdaPerson::default();
            while let Some(tag) = source.child()? {
                match tag.hl7() {
                    "id" => keep_first(&mut person.id, source.identifier()?),
                    "assignedPerson" => person.name = source.person_name()?,
                    "representedOrganization" => {
                        let setting = source.organization()?.practice_setting;
                        keep_first(&mut draft.other_practice_setting, setting);
                    }
                    _ => source.skip()?,
                }
            }
            draft.legal_authenticator = Some(person);
            Ok(())
        })
    }

    /// Adds one `name` to its parts.
    pub(super) fn name(&mut self, parts: &mut NameParts) -> Result<(), Fault> {
        while let Some(part) = self.child()? {
            let qualifiers = self.attribute("qualifier").unwrap_or_default();
            let is = |wanted: &str| qualifiers.split(' ').any(|one| one == wanted);
            match part.hl7() {
                "family" => {
                    let slot = if is("BR") {
                        &mut parts.birth
                    } else if is("CL") || is("SP") {
                        &mut parts.used
                    } else {
                        &mut parts.plain
                    };
                    let text = self.text()?;
                    if slot.is_none() {
                        *slot = text;
                    }
                }
                "given" => {
                    if let Some(given) = self.text()? {
                        match &mut parts.given {
                            Some(all) => {
                                all.push(' ');
                                all.push_str(&given);
                            }
                            None => parts.given = Some(given),
                        }
                        if parts
                            .given
                            .as_ref()
                            .is_some_and(|all| all.len() > MAX_HEADER_VALUE)
                        {
                            return Err(Fault::new(part.at, words::TOO_LONG));
                        }
                    }
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    /// `assignedPerson` and the like: the name in it.
    pub(super) fn person_name(&mut self) -> Result<PersonName, Fault> {
        let mut parts = NameParts::default();
        self.descend(&["name"], &mut |source, _| source.name(&mut parts))?;
        Ok(parts.person())
    }

    /// An organisation.
    pub(super) fn organization(&mut self) -> Result<Organization, Fault> {
        let mut organization = Organization::default();
        while let Some(tag) = self.child()? {
            match tag.hl7() {
                "id" => keep_first(&mut organization.id, self.identifier()?),
                "name" => keep_first(&mut organization.name, self.text()?),
                "standardIndustryClassCode" => {
                    keep_first(&mut organization.practice_setting, self.code()?);
                }
                _ => self.skip()?,
            }
        }
        Ok(organization)
    }
}
