//! The header's elements, in the order of the CDA schema.

use super::element::Element;
use super::{Draft, act, people};
use crate::dmp::code::{Code, system};
use crate::dmp::document::{DocumentMetadata, ReferenceKind, Restriction};
use crate::dmp::id::{UniqueId, is_oid};
use crate::dmp::person::{Identifier, Organization};
use crate::dmp::time::Timestamp;
use crate::tables::Tables;
use crate::tables::terminology::List;

/// HL7 France, and the CI-SIS "structuration minimale".
const HEADER_TEMPLATES: [&str; 2] = ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"];

pub(super) fn elements(draft: &Draft<'_>, tables: &Tables) -> Vec<Element> {
    let metadata = draft.metadata;
    let mut all = identity(draft, tables);
    all.push(people::record_target(metadata, draft.traits));
    all.extend(people::authors(metadata, tables));
    all.push(people::custodian(metadata));
    all.extend(people::legal_authenticator(metadata, tables));
    all.extend(orders(metadata));
    all.extend(act::documented(metadata, tables));
    all.extend(related(metadata));
    all.push(act::encounter(metadata, tables));
    all
}

fn identity(draft: &Draft<'_>, tables: &Tables) -> Vec<Element> {
    let metadata = draft.metadata;
    let restriction = match metadata.labels.restricted {
        Restriction::Normal => ("N", "Normal"),
        Restriction::Restricted => ("R", "Restreint"),
        Restriction::VeryRestricted => ("V", "Très restreint"),
    };
    let mut all = vec![
        Element::new("realmCode").with("code", "FR"),
        Element::new("typeId")
            .with("root", "2.16.840.1.113883.1.3")
            .with("extension", "POCD_HD000040"),
    ];
    all.extend(HEADER_TEMPLATES.map(|root| template(root, "")));
    let of_the_content = draft.templates.iter();
    all.extend(of_the_content.map(|(root, extension)| template(root, extension)));
    all.extend([
        unique_id("id", &metadata.unique_id),
        code("code", &metadata.type_code, Some((tables, List::Type))),
        Element::new("title").text(metadata.title.as_str()),
        time("effectiveTime", &metadata.creation_time),
        Element::new("confidentialityCode")
            .with("code", restriction.0)
            .with("codeSystem", system::CONFIDENTIALITY)
            .with("displayName", restriction.1),
        Element::new("languageCode").with("code", metadata.language.as_str()),
        unique_id("setId", draft.set_id),
        Element::new("versionNumber").with("value", draft.version.to_string()),
    ]);
    all
}

/// The orders that the document answers. A study's number stands in the acts of an imaging report, which is not made here.
fn orders(metadata: &DocumentMetadata) -> Vec<Element> {
    let of = |kind| {
        let all = metadata.references.iter();
        all.filter(move |reference| reference.kind == kind)
            .map(|reference| &reference.id)
    };
    let order = |id: &Identifier| Element::new("order").children(identifier(id));
    of(ReferenceKind::Order)
        .map(|id| Element::new("inFulfillmentOf").child(order(id)))
        .collect()
}

fn related(metadata: &DocumentMetadata) -> impl Iterator<Item = Element> {
    metadata.relations.iter().filter_map(|relation| {
        let parent = Element::new("parentDocument").child(unique_id("id", &relation.target));
        let related = Element::new("relatedDocument").with("typeCode", relation.kind.cda()?);
        Some(related.child(parent))
    })
}

/// `templateId`.
pub(super) fn template(root: &str, extension: &str) -> Element {
    let extension = Some(extension).filter(|extension| !extension.is_empty());
    Element::new("templateId")
        .with("root", root)
        .with_some("extension", extension)
}

/// A coded value. Where it came without label, the list gives it one.
pub(super) fn code(name: &'static str, code: &Code, list: Option<(&Tables, List)>) -> Element {
    let listed = list.and_then(|(tables, list)| tables.terminology.list(list).display(code));
    Element::new(name)
        .with("code", code.code.as_str())
        .with("codeSystem", code.system.as_str())
        .with_some("displayName", code.display.as_deref().or(listed))
}

/// A point in time.
pub(super) fn time(name: &'static str, time: &Timestamp) -> Element {
    Element::new(name).with("value", time.to_hl7())
}

fn unique_id(name: &'static str, id: &UniqueId) -> Element {
    Element::new(name)
        .with("root", id.root.to_string())
        .with_some("extension", id.extension.as_deref())
}

/// `id`, where its root is one that HL7 knows.
pub(super) fn identifier(id: &Identifier) -> Option<Element> {
    let is_uuid = uuid::Uuid::try_parse(&id.root).is_ok();
    let extension = Some(id.extension.as_str()).filter(|extension| !extension.is_empty());
    (is_oid(&id.root) || is_uuid).then(|| {
        Element::new("id")
            .with("root", id.root.as_str())
            .with_some("extension", extension)
    })
}

/// Identifier and name of an organisation, under the name that its place gives it.
pub(super) fn organization(name: &'static str, organization: &Organization) -> Element {
    let label = organization.name.as_deref();
    Element::new(name)
        .children(organization.id.as_ref().and_then(identifier))
        .children(label.map(|label| Element::new("name").text(label)))
}

/// An element that the header must have and nobody was asked about.
pub(super) fn not_asked(name: &'static str) -> Element {
    Element::new(name).with("nullFlavor", "NASK")
}
