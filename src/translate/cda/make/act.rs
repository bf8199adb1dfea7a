//! What was done and where: the documented acts and the stay.

use super::element::Element;
use super::header::{code, identifier, organization, time};
use super::people::assigned;
use crate::dmp::code::Code;
use crate::dmp::document::DocumentMetadata;
use crate::dmp::person::{Author, AuthorKind, Organization};
use crate::tables::Tables;
use crate::tables::terminology::List;

/// `documentationOf`, each: the first is the main act, which has period, performer and practice setting.
pub(super) fn documented(metadata: &DocumentMetadata, tables: &Tables) -> Vec<Element> {
    // What has no list of its own is most often the type of a document.
    let event = |event: &Code| code("code", event, Some((tables, List::Type)));
    let main = Element::new("serviceEvent")
        .children(metadata.events.first().map(event))
        .child(period(metadata))
        .child(performer(metadata, tables));
    let others = metadata
        .events
        .iter()
        .skip(1)
        .map(|other| Element::new("serviceEvent").child(event(other)));
    std::iter::once(main)
        .chain(others)
        .map(|act| Element::new("documentationOf").child(act))
        .collect()
}

fn period(metadata: &DocumentMetadata) -> Element {
    let stop = metadata.service_stop.as_ref();
    Element::new("effectiveTime")
        .child(time("low", &metadata.service_start))
        .children(stop.map(|stop| time("high", stop)))
}

/// The first author did it; a device's structure stands for the device.
fn performer(metadata: &DocumentMetadata, tables: &Tables) -> Element {
    let author = metadata.authors.first();
    let of_a_person = |author: &&Author| author.kind != AuthorKind::Device;
    let entity = match author.filter(of_a_person) {
        Some(author) => Author {
            institution: None,
            ..author.clone()
        },
        None => Author {
            kind: AuthorKind::Organization,
            id: None,
            name: Default::default(),
            device: None,
            specialty: None,
            role: None,
            institution: None,
        },
    };
    let setting = code(
        "standardIndustryClassCode",
        &metadata.practice_setting,
        Some((tables, List::PracticeSetting)),
    );
    let place = organization("representedOrganization", place(metadata)).child(setting);
    let entity = assigned("assignedEntity", &entity, tables).child(place);
    Element::new("performer")
        .with("typeCode", "PRF")
        .child(entity)
}

/// `componentOf`: where the patient was cared for.
pub(super) fn encounter(metadata: &DocumentMetadata, tables: &Tables) -> Element {
    let facility = Element::new("healthCareFacility")
        .children(place(metadata).id.as_ref().and_then(identifier))
        .child(code(
            "code",
            &metadata.facility_type,
            Some((tables, List::FacilityType)),
        ));
    let encounter = Element::new("encompassingEncounter")
        .child(period(metadata))
        .child(Element::new("location").child(facility));
    Element::new("componentOf").child(encounter)
}

/// The structure of the first author who has one, else who keeps the document.
fn place(metadata: &DocumentMetadata) -> &Organization {
    let mut institutions = metadata.authors.iter();
    institutions
        .find_map(|author| author.institution.as_ref())
        .unwrap_or(&metadata.custodian)
}
