//! The tables of `mappings/`, read once: matrix, value sets, code systems, type → class, template → format.
//! Built into the binary, replaceable by configuration.

pub mod attributes;
mod coded;
mod files;
pub mod matrix;
pub mod rules;
mod sheet;
pub mod systems;
pub mod terminology;
pub mod vaccines;

use std::path::Path;

use crate::settings;
use files::Files;
use matrix::{Matrix, Sources};
use rules::Rulebook;
use sheet::Problems;
use systems::Systems;
use terminology::{List, Terminology};
use vaccines::Vaccines;

/// All tables.
#[derive(Debug)]
pub struct Tables {
    /// Habilitation matrix and its layers.
    pub matrix: Matrix,
    /// Code systems: OID ↔ FHIR URL.
    pub systems: Systems,
    /// Value sets and maps.
    pub terminology: Terminology,
    /// What each rule asks, in words.
    pub rules: Rulebook,
    /// Which diseases a vaccine is against.
    pub vaccines: Vaccines,
}

impl Tables {
    /// The tables built into the binary, with the default layers: base and seed.
    pub fn built_in() -> Self {
        // A test proves that the built-in files have no problem to tell.
        let mut unheard = Problems::default();
        let files = Files::built_in();
        let layers = Sources::built_in(&files, true, false);
        Self::read(&files, &layers, &mut unheard)
    }

    /// The tables as configured. Files of `mappings` replace the built-in ones of the same name. A list in `dmp.matrix` is the
    /// whole matrix: the two switches choose among the built-in layers only.
    ///
    /// # Errors
    /// One sentence per problem, with file and line.
    pub fn load(settings: &settings::Dmp, mappings: Option<&Path>) -> Result<Self, Vec<String>> {
        let mut problems = Problems::default();
        let files = match mappings {
            Some(directory) => Files::replaced_by(directory, &mut problems),
            None => Files::built_in(),
        };
        let layers = if settings.matrix.is_empty() {
            Sources::built_in(&files, settings.seed_overlay, settings.contested_groups)
        } else {
            if settings.contested_groups {
                problems.add(
                    "dmp.contested_groups switches a built-in layer: with dmp.matrix, list a copy of matrix-contested.csv there instead.",
                );
            }
            Sources::of(&files, &settings.matrix, &mut problems)
        };
        let tables = Self::read(&files, &layers, &mut problems);
        problems.none_or(tables)
    }

    fn read(files: &Files, layers: &Sources, problems: &mut Problems) -> Self {
        let terminology = Terminology::read(files, problems);
        Self {
            matrix: Matrix::read(layers, terminology.list(List::Type), problems),
            systems: Systems::read(files, problems),
            rules: Rulebook::read(files, problems),
            vaccines: Vaccines::read(files, problems),
            terminology,
        }
    }
}

#[cfg(test)]
mod tests;
