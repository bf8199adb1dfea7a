//! The register of vaccinations.

use super::{READ, Row, Takes};

pub(super) const ROWS: &[Row] = &[
    (
        "post",
        "/Immunization",
        "Immunization",
        Takes::ResourceOrForm("Immunization"),
        "Enters a vaccination, as a note of the professional or a declaration of the patient",
        &[201],
    ),
    (
        "put",
        "/Immunization/{id}",
        "Immunization",
        Takes::Resource("Immunization"),
        "Changes a declared vaccination, or validates it",
        &[200],
    ),
    (
        "delete",
        "/Immunization/{id}",
        "Immunization",
        Takes::Nothing,
        "Withdraws a declared vaccination",
        &[204],
    ),
    (
        "get",
        "/Immunization",
        "Immunization",
        Takes::Query,
        "Finds vaccinations",
        &[200],
    ),
    (
        "post",
        "/Immunization/_search",
        "Immunization",
        Takes::Form,
        "Finds vaccinations",
        &[200],
    ),
    (
        "get",
        "/Immunization/{id}",
        "Immunization",
        Takes::Nothing,
        "Reads a vaccination",
        READ,
    ),
];
