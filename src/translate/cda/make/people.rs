//! Who stands in the header: patient, authors, custodian, legal authenticator.

use super::element::Element;
use super::header::{code, identifier, not_asked, organization, time};
use crate::dmp::document::DocumentMetadata;
use crate::dmp::person::{Author, AuthorKind, Identifier, PersonName, Sex};
use crate::dmp::record::Traits;
use crate::tables::Tables;
use crate::tables::terminology::List;

/// `recordTarget`: the INS, local numbers, and the traits with their qualifiers.
pub(super) fn record_target(metadata: &DocumentMetadata, traits: &Traits) -> Element {
    let ins = Identifier {
        root: metadata.patient.root().oid().to_owned(),
        extension: metadata.patient.value().to_owned(),
    };
    let local = metadata.source_patient.ids.iter();
    let ids = std::iter::once(&ins).chain(local).filter_map(identifier);
    let sex = match traits.sex {
        Sex::Unknown => Element::new("administrativeGenderCode").with("nullFlavor", "UNK"),
        sex => Element::new("administrativeGenderCode")
            .with("code", sex.hl7())
            .with("codeSystem", "2.16.840.1.113883.5.1"),
    };
    let born = traits.birth_date.strftime("%Y%m%d").to_string();
    let patient = Element::new("patient")
        .child(patient_name(traits))
        .child(sex)
        .child(Element::new("birthTime").with("value", born))
        .children(traits.birth_place.as_deref().map(birthplace));
    let role = Element::new("patientRole")
        .children(ids)
        .child(not_asked("addr"))
        .child(not_asked("telecom"))
        .child(patient);
    Element::new("recordTarget").child(role)
}

/// Birth name, all birth given names, the first of them, and the name in use.
fn patient_name(traits: &Traits) -> Element {
    let birth = &traits.birth_name;
    let used = traits.used_name.as_ref().unwrap_or(birth);
    let all_given = traits.birth_given_names.as_deref();
    let part = |name: &'static str, qualifier: Option<&str>, text: Option<&str>| {
        let text = text?;
        Some(
            Element::new(name)
                .with_some("qualifier", qualifier)
                .text(text),
        )
    };
    let parts = [
        part("family", Some("BR"), birth.family.as_deref()),
        part("given", None, all_given.or(birth.given.as_deref())),
        part("given", Some("BR"), birth.given.as_deref()),
        part("family", Some("CL"), used.family.as_deref()),
        part("given", Some("CL"), used.given.as_deref()),
    ];
    Element::new("name").children(parts.into_iter().flatten())
}

fn birthplace(county: &str) -> Element {
    let address = Element::new("addr").child(Element::new("county").text(county));
    Element::new("birthplace").child(Element::new("place").child(address))
}

/// `author`, each.
pub(super) fn authors(
    metadata: &DocumentMetadata,
    tables: &Tables,
) -> impl Iterator<Item = Element> {
    metadata.authors.iter().map(move |author| {
        let role = author.role.as_ref();
        Element::new("author")
            .children(role.map(|role| code("functionCode", role, Some((tables, List::AuthorRole)))))
            .child(time("time", &metadata.creation_time))
            .child(assigned("assignedAuthor", author, tables))
    })
}

/// Somebody in his role, as author or as who did or signed something.
pub(super) fn assigned(name: &'static str, author: &Author, tables: &Tables) -> Element {
    let specialty = author.specialty.as_ref();
    let who = match author.kind {
        AuthorKind::Device => author.device.as_deref().map(|model| {
            Element::new("assignedAuthoringDevice")
                .child(Element::new("manufacturerModelName").text(model))
                .child(Element::new("softwareName").text(model))
        }),
        AuthorKind::Organization => None,
        AuthorKind::Professional | AuthorKind::Patient => person(&author.name),
    };
    Element::new(name)
        .children(author.id.as_ref().and_then(identifier))
        .children(specialty.map(|one| code("code", one, Some((tables, List::AuthorSpecialty)))))
        .child(not_asked("addr"))
        .child(not_asked("telecom"))
        .children(who)
        .children(
            author
                .institution
                .as_ref()
                .map(|one| organization("representedOrganization", one)),
        )
}

/// `assignedPerson`; None for a person without name.
pub(super) fn person(name: &PersonName) -> Option<Element> {
    let part = |element: &'static str, text: &Option<String>| {
        text.as_deref().map(|text| Element::new(element).text(text))
    };
    let family = part("family", &name.family);
    let given = part("given", &name.given);
    (family.is_some() || given.is_some()).then(|| {
        let name = Element::new("name").children(family).children(given);
        Element::new("assignedPerson").child(name)
    })
}

/// `custodian`.
pub(super) fn custodian(metadata: &DocumentMetadata) -> Element {
    let organization = organization("representedCustodianOrganization", &metadata.custodian)
        .child(not_asked("telecom"))
        .child(not_asked("addr"));
    Element::new("custodian").child(Element::new("assignedCustodian").child(organization))
}

/// `legalAuthenticator`; with the speciality and structure of the author who is the same person.
pub(super) fn legal_authenticator(metadata: &DocumentMetadata, tables: &Tables) -> Option<Element> {
    let signatory = metadata.legal_authenticator.as_ref()?;
    let same = |author: &&Author| author.id.is_some() && author.id == signatory.id;
    let known = metadata.authors.iter().find(same);
    let entity = Author {
        kind: AuthorKind::Professional,
        id: signatory.id.clone(),
        name: signatory.name.clone(),
        device: None,
        specialty: known.and_then(|author| author.specialty.clone()),
        role: None,
        institution: known.and_then(|author| author.institution.clone()),
    };
    Some(
        Element::new("legalAuthenticator")
            .child(time("time", &metadata.creation_time))
            .child(Element::new("signatureCode").with("code", "S"))
            .child(assigned("assignedEntity", &entity, tables)),
    )
}
