//! The habilitation matrix (rules HAB-01 to HAB-04): which profession may consult which document type.

use std::sync::Arc;

/// The document types that one profession may consult.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSet {
    /// Type codes (unique without their system in JDV_J66), sorted.
    pub codes: Arc<[String]>,
    /// True when it is every type of the matrix.
    pub all: bool,
}

/// Why a cell says yes or no.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// Type code.
    #[serde(rename = "type")]
    pub type_code: String,
    /// Profession code.
    pub profession: String,
    /// `permit` or `deny`.
    pub decision: &'static str,
    /// Name of the layer that decided.
    pub layer: String,
    /// Version of that layer.
    pub version: String,
    /// Where the layer comes from.
    pub source: String,
    /// The row that decided.
    pub row: String,
}

/// The matrix with its layers applied.
#[derive(Debug)]
pub struct Matrix {
    /// Version of the whole, as traces keep it: names of the layers with their versions.
    pub version: String,
}

impl Matrix {
    /// The types that a profession may consult; None when the profession is outside the matrix.
    pub fn readable(&self, _profession: &str) -> Option<&TypeSet> {
        None
    }

    /// True for a type of the matrix.
    pub fn knows_type(&self, _type_code: &str) -> bool {
        false
    }
}
