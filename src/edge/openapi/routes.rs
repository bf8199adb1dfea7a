//! The routes as the description tells them; a test holds them equal to the router's.

mod vaccinations;

use crate::edge::conformance::KINDS;
use crate::edge::validate;

/// What a route takes beside its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing.
    Nothing,
    /// Search parameters in the query.
    Query,
    /// `_since` and `_count` in the query.
    History,
    /// Search parameters in the query or in a form.
    Form,
    /// A resource of this type.
    Resource(&'static str),
    /// A resource of this type, or a form that is a search.
    ResourceOrForm(&'static str),
    /// A patch of a DocumentReference.
    Patch,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub method: &'static str,
    pub path: String,
    /// The resource type that it is about.
    pub kind: &'static str,
    pub takes: Takes,
    pub summary: &'static str,
    /// The statuses of success.
    pub statuses: &'static [u16],
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    Takes,
    &'static str,
    &'static [u16],
);

const READ: &[u16] = &[200, 304];

const ROWS: &[Row] = &[
    (
        "get",
        "/metadata",
        "CapabilityStatement",
        Takes::Nothing,
        "Capabilities, without certificate",
        READ,
    ),
    (
        "get",
        "/openapi.json",
        "",
        Takes::Nothing,
        "This description",
        READ,
    ),
    (
        "post",
        "/",
        "Bundle",
        Takes::Resource("Bundle"),
        "ITI-65, TD2: transaction; or a batch of other requests",
        &[200],
    ),
    (
        "post",
        "",
        "Bundle",
        Takes::Resource("Bundle"),
        "ITI-65, TD2: transaction; or a batch of other requests",
        &[200],
    ),
    (
        "get",
        "/Patient",
        "Patient",
        Takes::Query,
        "TD0.2: state of the record",
        &[200],
    ),
    (
        "put",
        "/Patient",
        "Patient",
        Takes::Resource("Patient"),
        "Opens or updates a record; operators, and the patient for his settings",
        &[200, 201],
    ),
    (
        "post",
        "/Patient/_search",
        "Patient",
        Takes::Form,
        "TD0.2: state of the record",
        &[200],
    ),
    (
        "get",
        "/Patient/{id}",
        "Patient",
        Takes::Nothing,
        "Reads a record's state",
        READ,
    ),
    (
        "get",
        "/DocumentReference",
        "DocumentReference",
        Takes::Query,
        "ITI-67, TD3.1: finds documents",
        &[200],
    ),
    (
        "post",
        "/DocumentReference",
        "DocumentReference",
        Takes::ResourceOrForm("DocumentReference"),
        "ITI-105, TD2: simplified publication",
        &[200, 201],
    ),
    (
        "patch",
        "/DocumentReference",
        "DocumentReference",
        Takes::Patch,
        "TD3.3: masks, hides, deletes, archives; by identifier",
        &[200],
    ),
    (
        "post",
        "/DocumentReference/$generate-metadata",
        "DocumentReference",
        Takes::Resource("Parameters"),
        "ITI-106: a CDA document alone, its metadata made of its header",
        &[200],
    ),
    (
        "post",
        "/DocumentReference/_search",
        "DocumentReference",
        Takes::Form,
        "ITI-67, TD3.1: finds documents",
        &[200],
    ),
    (
        "post",
        "/DocumentReference/$generate-metadata",
        "DocumentReference",
        Takes::Resource("Parameters"),
        "ITI-106: publishes a document with what its own header says",
        &[200],
    ),
    (
        "get",
        "/DocumentReference/{id}",
        "DocumentReference",
        Takes::Nothing,
        "Reads an entry",
        READ,
    ),
    (
        "patch",
        "/DocumentReference/{id}",
        "DocumentReference",
        Takes::Patch,
        "TD3.3: masks, hides, deletes, archives",
        &[200],
    ),
    (
        "delete",
        "/DocumentReference/{id}",
        "DocumentReference",
        Takes::Nothing,
        "TD3.3c: deletes",
        &[200, 204],
    ),
    (
        "get",
        "/DocumentReference/{id}/_history",
        "DocumentReference",
        Takes::History,
        "Lists the versions of an entry",
        &[200],
    ),
    (
        "get",
        "/DocumentReference/{id}/_history/{version}",
        "DocumentReference",
        Takes::Nothing,
        "Reads a version of an entry",
        READ,
    ),
    (
        "get",
        "/List",
        "List",
        Takes::Query,
        "ITI-66: finds submissions",
        &[200],
    ),
    (
        "post",
        "/List",
        "List",
        Takes::Form,
        "ITI-66: finds submissions",
        &[200],
    ),
    (
        "post",
        "/List/_search",
        "List",
        Takes::Form,
        "ITI-66: finds submissions",
        &[200],
    ),
    (
        "get",
        "/List/{id}",
        "List",
        Takes::Nothing,
        "Reads a submission",
        READ,
    ),
    (
        "get",
        "/List/{id}/_history",
        "List",
        Takes::History,
        "Lists the versions of a submission: one",
        &[200],
    ),
    (
        "get",
        "/List/{id}/_history/{version}",
        "List",
        Takes::Nothing,
        "Reads a version of a submission",
        READ,
    ),
    (
        "get",
        "/Binary/{id}",
        "Binary",
        Takes::Nothing,
        "ITI-68, TD3.2: the bytes of a document",
        &[200, 206, 304],
    ),
    (
        "get",
        "/Bundle/{id}",
        "Bundle",
        Takes::Nothing,
        "ITI-68: a FHIR document, as it came",
        READ,
    ),
    (
        "get",
        "/Consent",
        "Consent",
        Takes::Query,
        "Finds rights",
        &[200],
    ),
    (
        "post",
        "/Consent",
        "Consent",
        Takes::Resource("Consent"),
        "TD0.3: declares or renews a right",
        &[200, 201],
    ),
    (
        "put",
        "/Consent",
        "Consent",
        Takes::Resource("Consent"),
        "Renews or withdraws a right, by identifier",
        &[200, 201],
    ),
    (
        "post",
        "/Consent/_search",
        "Consent",
        Takes::Form,
        "Finds rights",
        &[200],
    ),
    (
        "get",
        "/Consent/{id}",
        "Consent",
        Takes::Nothing,
        "Reads a right",
        READ,
    ),
    (
        "put",
        "/Consent/{id}",
        "Consent",
        Takes::Resource("Consent"),
        "Renews or withdraws a right",
        &[200],
    ),
    (
        "get",
        "/Consent/{id}/_history",
        "Consent",
        Takes::History,
        "Lists the versions of a right",
        &[200],
    ),
    (
        "get",
        "/Consent/{id}/_history/{version}",
        "Consent",
        Takes::Nothing,
        "Reads a version of a right",
        READ,
    ),
    (
        "get",
        "/AuditEvent",
        "AuditEvent",
        Takes::Query,
        "ITI-81: finds traces",
        &[200],
    ),
    (
        "post",
        "/AuditEvent/_search",
        "AuditEvent",
        Takes::Form,
        "ITI-81: finds traces",
        &[200],
    ),
    (
        "get",
        "/AuditEvent/{id}",
        "AuditEvent",
        Takes::Nothing,
        "Reads a trace",
        &[200],
    ),
];

/// Every route, paths after the base.
pub(super) fn all() -> Vec<Route> {
    let rows = ROWS.iter().chain(vaccinations::ROWS).map(|row| {
        let (method, path, kind, takes, summary, statuses) = *row;
        Route {
            method,
            path: path.to_owned(),
            kind,
            takes,
            summary,
            statuses,
        }
    });
    let conformance = KINDS.into_iter().flat_map(|kind| {
        let route = |method, path, takes, summary, statuses| Route {
            method,
            path,
            kind,
            takes,
            summary,
            statuses,
        };
        let found = "Finds conformance resources";
        [
            route("get", format!("/{kind}"), Takes::Query, found, &[200]),
            route(
                "post",
                format!("/{kind}/_search"),
                Takes::Form,
                found,
                &[200],
            ),
            route(
                "get",
                format!("/{kind}/{{id}}"),
                Takes::Nothing,
                "Reads a conformance resource",
                READ,
            ),
        ]
    });
    let validate = validate::KINDS.into_iter().map(|kind| Route {
        method: "post",
        path: format!("/{kind}/$validate"),
        kind,
        takes: Takes::Resource(kind),
        summary: "What a write would say, without writing",
        statuses: &[200],
    });
    rows.chain(conformance).chain(validate).collect()
}
