//! Which layers make the matrix.

use std::path::PathBuf;

use crate::tables::files::{Files, Text, from_disk};
use crate::tables::sheet::Problems;

/// The files of the matrix.
#[derive(Debug)]
pub(in crate::tables) struct Sources {
    professions: Text,
    default_layer: Text,
    layers: Vec<Text>,
}

impl Sources {
    fn with(files: &Files, layers: Vec<Text>) -> Self {
        Self {
            professions: files.get("professions.csv"),
            default_layer: Text {
                file: "matrix-default.csv".to_owned(),
                text: include_str!("../../../mappings/matrix-default.csv").to_owned(),
            },
            layers,
        }
    }

    /// The base, and the built-in layers over it.
    pub(in crate::tables) fn built_in(files: &Files, seed: bool, contested: bool) -> Self {
        let mut layers = vec![files.get("matrix-base.csv")];
        if seed {
            layers.push(files.get("matrix-seed.csv"));
        }
        if contested {
            layers.push(files.get("matrix-contested.csv"));
        }
        Self::with(files, layers)
    }

    /// Files of the configuration, base first.
    pub(in crate::tables) fn of(files: &Files, paths: &[PathBuf], problems: &mut Problems) -> Self {
        let read = |path: &PathBuf| from_disk(path, problems);
        let layers = paths.iter().filter_map(read).collect();
        Self::with(files, layers)
    }

    /// `professions.csv`.
    pub(super) fn professions(&self) -> &Text {
        &self.professions
    }

    /// What no published table says; always the product's own.
    pub(super) fn default_layer(&self) -> &Text {
        &self.default_layer
    }

    /// The layers, base first.
    pub(super) fn layers(&self) -> &[Text] {
        &self.layers
    }
}
