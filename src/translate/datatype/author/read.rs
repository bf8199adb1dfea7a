//! Authors, the legal authenticator and organisations as clients send them.

use super::super::contained::{Contained, only, only_extensions};
use super::super::reference::{check_type, expect_kind};
use super::super::{coding, identifier, name, urls::ours};
use super::write::MODEL_NAME;
use crate::dmp::code::{Code, system};
use crate::dmp::person::{
    Author, AuthorKind, Identifier, LegalAuthenticator, Organization, PersonName,
};
use crate::error;
use crate::tables::terminology::List;
use crate::translate::Reading;
use crate::translate::findings::{Findings, Weight, invalid};
use crate::translate::wire::Node;

/// A reading of people in one resource.
struct People<'a, 'b> {
    contained: &'b mut Contained<'a>,
    found: &'b mut Findings,
    reading: &'b Reading<'b>,
}

/// Reads the author that a reference points to.
pub(in crate::translate) fn author<'a>(
    reference: Node<'a>,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Author> {
    only_extensions(reference, &[], Weight::Detail, found);
    source(reference, contained, found, reading)
}

/// As [`author`], for a reference whose extensions the caller looks at.
pub(in crate::translate) fn source<'a>(
    reference: Node<'a>,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Author> {
    People {
        contained,
        found,
        reading,
    }
    .author(reference)
}

/// Reads the legal authenticator that a reference points to. XDS keeps a person here, no more: a role or an organisation that no
/// author carries too is told as lost.
pub(in crate::translate) fn authenticator<'a>(
    reference: Node<'a>,
    authors: &[Author],
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<LegalAuthenticator> {
    let author = author(reference, contained, found, reading)?;
    let person_alone =
        author.role.is_none() && author.specialty.is_none() && author.institution.is_none();
    let kept = author.kind == AuthorKind::Professional && person_alone;
    if !kept && !authors.contains(&author) {
        found.tolerate(reference.issue(error::Code::UnsupportedElement));
    }
    (author.kind == AuthorKind::Professional).then_some(LegalAuthenticator {
        id: author.id,
        name: author.name,
    })
}

/// Reads the organisation that a reference points to, or names.
pub(in crate::translate) fn organization<'a>(
    reference: Node<'a>,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Organization> {
    People {
        contained,
        found,
        reading,
    }
    .organization(reference)
}

impl<'a> People<'a, '_> {
    /// The contained resource behind a reference; None for a logical one (an identifier), and, told, for one that can't be followed.
    fn follow(&mut self, reference: Node<'a>) -> Option<Node<'a>> {
        let known = ["reference", "type", "identifier", "display", "extension"];
        self.found.weigh_all(Weight::Detail, reference.only(&known));
        let resource = reference
            .str("reference")
            .and_then(|target| self.contained.find(target));
        if let Some(resource) = resource {
            self.found.labels(reference, &["display"]);
            // What it leads to is kept, and nothing else that the reference says of it.
            if let Some(other) = reference.get("identifier") {
                self.found
                    .tolerate(other.issue(error::Code::UnsupportedElement));
            }
            let kind = resource.resource_type().unwrap_or_default();
            check_type(reference, &[kind], Weight::Detail, self.found);
        }
        let logical = reference.get("identifier").is_some() || reference.get("display").is_some();
        if resource.is_none() && (reference.get("reference").is_some() || !logical) {
            let issue = invalid(
                reference.path(),
                "la référence ne désigne pas une ressource contenue",
                "the reference does not point to a contained resource",
            );
            self.found.weigh(self.contained.outside(reference), issue);
        }
        resource
    }

    fn author(&mut self, reference: Node<'a>) -> Option<Author> {
        let Some(resource) = self.follow(reference) else {
            return self.logical_author(reference);
        };
        match resource.resource_type() {
            Some("Practitioner") => Some(self.practitioner(resource)),
            Some("PractitionerRole") => Some(self.role(resource)),
            Some("Patient") => Some(self.patient(resource)),
            Some("RelatedPerson") => Some(self.related_person(resource)),
            Some("Device") => Some(self.device(resource)),
            Some("Organization") => Some(self.organization_author(resource)),
            _ => {
                let issue = resource.issue(error::Code::UnsupportedElement);
                self.found.tolerate(issue);
                None
            }
        }
    }

    /// A reference that names its target by identifier or label alone.
    fn logical_author(&mut self, reference: Node<'a>) -> Option<Author> {
        let id = self.logical_identifier(reference);
        let label = reference.str("display").map(str::to_owned);
        if id.is_none() && label.is_none() {
            return None;
        }
        let mut author = nobody(AuthorKind::Professional);
        match reference.str("type") {
            Some("Organization") => {
                author.kind = AuthorKind::Organization;
                author.institution = Some(Organization { id, name: label });
                return Some(author);
            }
            Some("Device") => {
                author.kind = AuthorKind::Device;
                author.device = label;
            }
            Some("Patient" | "RelatedPerson") => {
                author.kind = AuthorKind::Patient;
                author.name.family = label;
            }
            _ => author.name.family = label,
        }
        author.id = id;
        Some(author)
    }

    fn logical_identifier(&mut self, reference: Node<'a>) -> Option<Identifier> {
        let node = reference.get("identifier")?;
        identifier::read(node, Weight::Detail, self.found)
    }

    fn practitioner(&mut self, resource: Node<'a>) -> Author {
        only(resource, &["identifier", "name"], self.found);
        Author {
            id: identifier::read_one(resource, system::PS_ID_NAT, self.found),
            name: name::read_first(resource, self.found),
            ..nobody(AuthorKind::Professional)
        }
    }

    fn role(&mut self, resource: Node<'a>) -> Author {
        let known = [
            "extension",
            "identifier",
            "practitioner",
            "organization",
            "code",
            "specialty",
        ];
        only(resource, &known, self.found);
        let own = identifier::read_one(resource, system::PS_ID_NAT, self.found);
        let mut author = nobody(AuthorKind::Professional);
        if let Some(reference) = resource.get("practitioner") {
            only_extensions(reference, &[], Weight::Detail, self.found);
            match self.follow(reference) {
                Some(person) => author = self.practitioner(person),
                None => {
                    author.id = self.logical_identifier(reference);
                    author.name.family = reference.str("display").map(str::to_owned);
                }
            }
        }
        match (&author.id, own) {
            (None, own) => author.id = own,
            (Some(id), Some(own)) if *id != own => {
                let issue = resource.issue(error::Code::UnsupportedElement);
                self.found.tolerate(issue);
            }
            _ => {}
        }
        author.institution = resource
            .get("organization")
            .and_then(|reference| self.organization(reference));
        author.device = self.extended(resource, AuthorKind::Professional).device;
        author.role = self.first_label(resource, "code", List::AuthorRole);
        author.specialty = self.first_label(resource, "specialty", List::AuthorSpecialty);
        author
    }

    fn patient(&mut self, resource: Node<'a>) -> Author {
        let known = ["extension", "identifier", "name", "managingOrganization"];
        only(resource, &known, self.found);
        let institution = resource.get("managingOrganization");
        Author {
            id: identifier::read_one(resource, "", self.found),
            name: name::read_first(resource, self.found),
            institution: institution.and_then(|reference| self.organization(reference)),
            role: self.extension(resource, ours::AUTHOR_ROLE),
            specialty: self.extension(resource, ours::AUTHOR_SPECIALTY),
            ..self.extended(resource, AuthorKind::Patient)
        }
    }

    fn related_person(&mut self, resource: Node<'a>) -> Author {
        only(resource, &["identifier", "name", "patient"], self.found);
        // R4 asks for it; whose relative he is goes without saying in a record.
        self.found.labels(resource, &["patient"]);
        Author {
            id: identifier::read_one(resource, "", self.found),
            name: name::read_first(resource, self.found),
            ..nobody(AuthorKind::Patient)
        }
    }

    fn device(&mut self, resource: Node<'a>) -> Author {
        let known = ["extension", "identifier", "deviceName", "type", "owner"];
        only(resource, &known, self.found);
        let mut names = resource.items("deviceName");
        let device = names.next().and_then(|first| {
            let known = ["name", "type"];
            self.found.weigh_all(Weight::Detail, first.only(&known));
            if first.str("type") != Some(MODEL_NAME) {
                self.found.labels(first, &["type"]);
            }
            first.str("name").map(str::to_owned)
        });
        for other in names {
            let issue = other.issue(error::Code::UnsupportedElement);
            self.found.tolerate(issue);
        }
        let kind = resource.get("type");
        Author {
            id: identifier::read_one(resource, system::PS_ID_NAT, self.found),
            device,
            specialty: kind.and_then(|node| self.label(node, List::AuthorSpecialty)),
            institution: resource
                .get("owner")
                .and_then(|reference| self.organization(reference)),
            role: self.extension(resource, ours::AUTHOR_ROLE),
            ..self.extended(resource, AuthorKind::Device)
        }
    }

    fn organization_author(&mut self, resource: Node<'a>) -> Author {
        let known = ["extension", "identifier", "name", "contact"];
        only(resource, &known, self.found);
        let mut contacts = resource.items("contact");
        let person = contacts.next().map(|contact| {
            self.found
                .weigh_all(Weight::Detail, contact.only(&["name"]));
            let named = contact.get("name");
            named.map_or(PersonName::default(), |node| {
                only_extensions(node, &[], Weight::Detail, self.found);
                self.found.labels(node, &["use"]);
                name::read(node, self.found)
            })
        });
        for other in contacts {
            let issue = other.issue(error::Code::UnsupportedElement);
            self.found.tolerate(issue);
        }
        let behind = resource
            .extensions(ours::AUTHOR_ID)
            .find_map(|extension| extension.get("valueIdentifier"));
        Author {
            id: behind.and_then(|node| identifier::read(node, Weight::Detail, self.found)),
            name: person.unwrap_or_default(),
            institution: Some(self.named_organization(resource)),
            role: self.extension(resource, ours::AUTHOR_ROLE),
            specialty: self.extension(resource, ours::AUTHOR_SPECIALTY),
            ..self.extended(resource, AuthorKind::Organization)
        }
    }

    fn organization(&mut self, reference: Node<'a>) -> Option<Organization> {
        only_extensions(reference, &[], Weight::Detail, self.found);
        match self.follow(reference) {
            Some(resource) => {
                expect_kind(reference, resource, &["Organization"], self.found);
                only(resource, &["identifier", "name"], self.found);
                Some(self.named_organization(resource))
            }
            None => {
                check_type(reference, &["Organization"], Weight::Detail, self.found);
                let organization = Organization {
                    id: self.logical_identifier(reference),
                    name: reference.str("display").map(str::to_owned),
                };
                (organization != Organization::default()).then_some(organization)
            }
        }
    }

    fn named_organization(&mut self, resource: Node<'a>) -> Organization {
        Organization {
            id: identifier::read_one(resource, system::STRUCT_ID_NAT, self.found),
            name: resource.str("name").map(str::to_owned),
        }
    }

    fn first_label(&mut self, resource: Node<'a>, element: &str, list: List) -> Option<Code> {
        let mut labels = resource.items(element);
        let first = labels.next().and_then(|node| self.label(node, list));
        for other in labels {
            let issue = other.issue(error::Code::UnsupportedElement);
            self.found.tolerate(issue);
        }
        first
    }

    fn label(&mut self, node: Node<'a>, list: List) -> Option<Code> {
        let code = coding::read_label(node, Weight::Detail, self.found, self.reading)?;
        coding::listed_label(node, &code, list, self.found, self.reading);
        Some(code)
    }

    fn extension(&mut self, resource: Node<'a>, url: &str) -> Option<Code> {
        let list = match url {
            ours::AUTHOR_ROLE => List::AuthorRole,
            _ => List::AuthorSpecialty,
        };
        let value = resource
            .extensions(url)
            .find_map(|extension| extension.get("valueCodeableConcept"))?;
        self.label(value, list)
    }

    /// Reads the extensions of a resource that may carry ours.
    fn extended(&mut self, resource: Node<'a>, kind: AuthorKind) -> Author {
        let known = [
            ours::AUTHOR_ROLE,
            ours::AUTHOR_SPECIALTY,
            ours::AUTHOR_DEVICE,
            ours::AUTHOR_ID,
        ];
        only_extensions(resource, &known, Weight::Detail, self.found);
        let mut devices = resource.extensions(ours::AUTHOR_DEVICE);
        let device = devices.find_map(|extension| extension.str("valueString"));
        Author {
            device: device.map(str::to_owned),
            ..nobody(kind)
        }
    }
}

fn nobody(kind: AuthorKind) -> Author {
    Author {
        kind,
        id: None,
        name: PersonName::default(),
        device: None,
        specialty: None,
        role: None,
        institution: None,
    }
}
