//! Authors, the legal authenticator and organisations as FHIR writes them.

use serde_json::Value;

use super::super::object::Object;
use super::super::{coding, identifier, name, urls::ours};
use crate::dmp::code::Code;
use crate::dmp::person::{Author, AuthorKind, Identifier, LegalAuthenticator, Organization};
use crate::tables::terminology::List;
use crate::translate::Reading;

/// What a device is named by.
pub(super) const MODEL_NAME: &str = "model-name";

/// Writes an author under `id` into the contained resources, with what hangs on it; the last one written is the author itself.
pub(in crate::translate) fn write_author(
    author: &Author,
    id: &str,
    contained: &mut Vec<Value>,
    reading: &Reading,
) {
    let institution = match author.kind {
        AuthorKind::Organization => None,
        _ => author.institution.as_ref(),
    };
    let institution = institution.map(|institution| {
        let institution_id = format!("{id}-organization");
        contained.push(
            organization(institution)
                .put_first("Organization", &institution_id)
                .build(),
        );
        local_reference(&institution_id)
    });
    let resource = match author.kind {
        AuthorKind::Professional => {
            let person_id = format!("{id}-person");
            contained.push(person(author, "Practitioner", &person_id).build());
            with_resource("PractitionerRole", id)
                .put(
                    "extension",
                    extensions(author, &[ours::AUTHOR_DEVICE], reading),
                )
                .put("practitioner", local_reference(&person_id))
                .maybe("organization", institution)
                .maybe(
                    "code",
                    author
                        .role
                        .as_ref()
                        .map(|role| vec![concept(role, List::AuthorRole, reading)]),
                )
                .maybe(
                    "specialty",
                    author
                        .specialty
                        .as_ref()
                        .map(|specialty| vec![concept(specialty, List::AuthorSpecialty, reading)]),
                )
        }
        AuthorKind::Patient => {
            person_extended(author, id, reading).maybe("managingOrganization", institution)
        }
        AuthorKind::Device => with_resource("Device", id)
            .put(
                "extension",
                extensions(author, &[ours::AUTHOR_ROLE], reading),
            )
            .maybe("identifier", identifiers(author.id.as_ref()))
            .maybe("deviceName", device_name(author))
            .maybe(
                "type",
                author
                    .specialty
                    .as_ref()
                    .map(|specialty| concept(specialty, List::AuthorSpecialty, reading)),
            )
            .maybe("owner", institution),
        AuthorKind::Organization => organization_author(author, id, reading),
    };
    contained.push(resource.build());
}

/// Writes the legal authenticator as a contained Practitioner.
pub(in crate::translate) fn write_authenticator(
    authenticator: &LegalAuthenticator,
    id: &str,
) -> Value {
    let person = &authenticator.name;
    let written = name::write(None, person.family.as_deref(), person.given.as_deref());
    with_resource("Practitioner", id)
        .maybe("identifier", identifiers(authenticator.id.as_ref()))
        .put("name", listed(written))
        .build()
}

/// Writes an organisation as a logical reference: identifier and name, nothing to resolve.
pub(in crate::translate) fn write_organization(organization: &Organization) -> Value {
    Object::new()
        .put("type", "Organization")
        .maybe(
            "identifier",
            organization.id.as_ref().map(identifier::write),
        )
        .maybe("display", organization.name.as_deref())
        .build()
}

struct OrganizationParts(Option<Vec<Value>>, Option<String>);

fn organization(organization: &Organization) -> OrganizationParts {
    OrganizationParts(
        identifiers(organization.id.as_ref()),
        organization.name.clone(),
    )
}

impl OrganizationParts {
    fn put_first(self, resource_type: &str, id: &str) -> Object {
        with_resource(resource_type, id)
            .maybe("identifier", self.0)
            .maybe("name", self.1)
    }
}

/// An organisation alone; a person's identifier and name beside it, if ever, are not lost.
fn organization_author(author: &Author, id: &str, reading: &Reading) -> Object {
    let parts = organization(&author.institution.clone().unwrap_or_default());
    let mut extensions = extensions(
        author,
        &[
            ours::AUTHOR_ROLE,
            ours::AUTHOR_SPECIALTY,
            ours::AUTHOR_DEVICE,
        ],
        reading,
    );
    if let Some(id) = &author.id {
        let extension = Object::new()
            .put("url", ours::AUTHOR_ID)
            .put("valueIdentifier", identifier::write(id));
        extensions.push(extension.build());
    }
    let person = name::write(
        None,
        author.name.family.as_deref(),
        author.name.given.as_deref(),
    );
    with_resource("Organization", id)
        .put("extension", extensions)
        .maybe("identifier", parts.0)
        .maybe("name", parts.1)
        .put("contact", listed(Object::new().put("name", person).build()))
}

fn person(author: &Author, resource_type: &str, id: &str) -> Object {
    let written = name::write(
        None,
        author.name.family.as_deref(),
        author.name.given.as_deref(),
    );
    with_resource(resource_type, id)
        .maybe("identifier", identifiers(author.id.as_ref()))
        .put("name", listed(written))
}

fn person_extended(author: &Author, id: &str, reading: &Reading) -> Object {
    let written = name::write(
        None,
        author.name.family.as_deref(),
        author.name.given.as_deref(),
    );
    let known = [
        ours::AUTHOR_ROLE,
        ours::AUTHOR_SPECIALTY,
        ours::AUTHOR_DEVICE,
    ];
    with_resource("Patient", id)
        .put("extension", extensions(author, &known, reading))
        .maybe("identifier", identifiers(author.id.as_ref()))
        .put("name", listed(written))
}

fn device_name(author: &Author) -> Option<Vec<Value>> {
    let device = author.device.as_deref().or(author.name.family.as_deref())?;
    let name = Object::new().put("name", device).put("type", MODEL_NAME);
    Some(vec![name.build()])
}

/// What has no place of its own in the resource.
fn extensions(author: &Author, wanted: &[&str], reading: &Reading) -> Vec<Value> {
    let coded = |code: &Option<Code>, list| code.as_ref().map(|code| concept(code, list, reading));
    let device = author.device.as_deref().map(Value::from);
    [
        (
            ours::AUTHOR_ROLE,
            "valueCodeableConcept",
            coded(&author.role, List::AuthorRole),
        ),
        (
            ours::AUTHOR_SPECIALTY,
            "valueCodeableConcept",
            coded(&author.specialty, List::AuthorSpecialty),
        ),
        (ours::AUTHOR_DEVICE, "valueString", device),
    ]
    .into_iter()
    .filter(|(url, ..)| wanted.contains(url))
    .filter_map(|(url, kind, value)| Some(Object::new().put("url", url).put(kind, value?).build()))
    .collect()
}

fn concept(code: &Code, list: List, reading: &Reading) -> Value {
    coding::write_concept(code, Some(list), reading)
}

fn identifiers(id: Option<&Identifier>) -> Option<Vec<Value>> {
    id.map(|id| vec![identifier::write(id)])
}

/// A list of one, or nothing when the one is empty.
fn listed(value: Value) -> Vec<Value> {
    match value.as_object().is_some_and(serde_json::Map::is_empty) {
        true => Vec::new(),
        false => vec![value],
    }
}

fn with_resource(resource_type: &str, id: &str) -> Object {
    Object::resource(resource_type).put("id", id)
}

fn local_reference(id: &str) -> Value {
    Object::new().put("reference", format!("#{id}")).build()
}
