//! `context` ↔ event codes, service times, facility, practice setting, reference ids.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::identifier::{self, URI, type_code};
use super::super::datatype::object::Object;
use super::super::datatype::{coding, contained::Contained};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::declared::DeclaredDocument;
use super::source_patient;
use crate::dmp::document::{DocumentMetadata, ReferenceId, ReferenceKind};
use crate::dmp::time::Timestamp;
use crate::error::{Code, Issue};
use crate::tables::terminology::List;

pub(super) fn write(metadata: &DocumentMetadata, source_patient: &str, reading: &Reading) -> Value {
    let events = metadata.events.iter();
    let period = Object::new()
        .put("start", metadata.service_start.to_fhir())
        .maybe(
            "end",
            metadata.service_stop.as_ref().map(Timestamp::to_fhir),
        );
    let patient = Object::new().put("reference", format!("#{source_patient}"));
    Object::new()
        .put(
            "event",
            events
                .map(|code| coding::write_concept(code, None, reading))
                .collect::<Vec<_>>(),
        )
        .put("period", period)
        .put(
            "facilityType",
            coding::write_concept(&metadata.facility_type, Some(List::FacilityType), reading),
        )
        .put(
            "practiceSetting",
            coding::write_concept(
                &metadata.practice_setting,
                Some(List::PracticeSetting),
                reading,
            ),
        )
        .put("sourcePatientInfo", patient)
        .put(
            "related",
            metadata
                .references
                .iter()
                .map(write_reference)
                .collect::<Vec<_>>(),
        )
        .build()
}

fn write_reference(reference: &ReferenceId) -> Value {
    let coding = Object::new()
        .put("system", URI)
        .put("code", reference.kind.urn());
    let (system, value) = identifier::to_fhir(&reference.id);
    let identifier = Object::new()
        .put("type", Object::new().put("coding", vec![coding.build()]))
        .put("system", system)
        .put("value", value);
    Object::new().put("identifier", identifier).build()
}

/// Reads `context` into the document.
pub(super) fn read<'a>(
    resource: Node<'a>,
    document: &mut DeclaredDocument,
    contained: &mut Contained<'a>,
    found: &mut Findings,
    reading: &Reading,
) {
    let Some(context) = resource.get("context") else {
        return;
    };
    let known = [
        "event",
        "period",
        "facilityType",
        "practiceSetting",
        "sourcePatientInfo",
        "related",
    ];
    found.weigh_all(Weight::Key, context.only(&known));
    for event in context.items("event") {
        document
            .events
            .extend(coding::read_concept(event, Weight::Detail, found, reading));
    }
    if let Some(period) = context.get("period") {
        read_period(period, document, found);
    }
    let mut bound = |name: &str, list: List| {
        let node = context.get(name)?;
        let code = coding::read_concept(node, Weight::Detail, found, reading)?;
        coding::bind(&code, list, node.path(), Weight::Detail, found, reading);
        coding::listed_label(node, &code, list, found, reading);
        Some(code)
    };
    document.facility_type = bound("facilityType", List::FacilityType);
    document.practice_setting = bound("practiceSetting", List::PracticeSetting);
    if let Some(reference) = context.get("sourcePatientInfo") {
        document.source_patient = source_patient::read(
            reference,
            document.patient.as_ref(),
            contained,
            found,
            reading,
        );
    }
    for related in context.items("related") {
        document.references.extend(read_reference(related, found));
    }
}

fn read_period(period: Node, document: &mut DeclaredDocument, found: &mut Findings) {
    found.weigh_all(Weight::Key, period.only(&["start", "end"]));
    let time = |name: &str| {
        period
            .str(name)
            .and_then(|text| Timestamp::from_fhir(text).ok())
    };
    (document.service_start, document.service_stop) = (time("start"), time("end"));
    if let (Some(start), Some(stop)) = (&document.service_start, &document.service_stop)
        && start.start() >= stop.span().1
    {
        found.refuse(invalid(
            period.path(),
            "le début est après la fin",
            "it starts after its end",
        ));
    }
}

fn read_reference(related: Node, found: &mut Findings) -> Option<ReferenceId> {
    found.weigh_all(Weight::Key, related.only(&["type", "identifier"]));
    found.labels(related, &["type"]);
    let node = match related.required("identifier") {
        Ok(node) => node,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    let code = type_code(node, URI);
    let kind = ReferenceKind::ALL
        .into_iter()
        .find(|kind| code == Some(kind.urn()));
    let Some(kind) = kind else {
        let missing = Issue::new(Code::CodeInvalid)
            .at(node.path_of("type"))
            .with("value", code.unwrap_or("-"))
            .with("list", "JDV_J231");
        found.refuse(missing);
        return None;
    };
    if let Some(told) = node.get("type") {
        coding::one_code(told, (URI, kind.urn()), found);
    }
    found.labels(node, &["use"]);
    let id = identifier::read_typed(node, Weight::Key, found)?;
    Some(ReferenceId { kind, id })
}
