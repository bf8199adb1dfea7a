//! The tables of `mappings/`, read once: matrix, value sets, code systems, type → class, template → format.
//! Built into the binary, replaceable by configuration.

pub mod matrix;
pub mod systems;
pub mod terminology;

use matrix::Matrix;
use systems::Systems;
use terminology::Terminology;

/// All tables.
#[derive(Debug)]
pub struct Tables {
    /// Habilitation matrix and its layers.
    pub matrix: Matrix,
    /// Code systems: OID ↔ FHIR URL.
    pub systems: Systems,
    /// Value sets and maps.
    pub terminology: Terminology,
}

impl Tables {
    /// The tables built into the binary, with the default layers.
    pub fn built_in() -> Self {
        Self {
            matrix: Matrix {
                version: String::new(),
            },
            systems: Systems {},
            terminology: Terminology {},
        }
    }
}
