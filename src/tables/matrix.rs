//! The habilitation matrix (rules HAB-01 to HAB-04): which profession may consult which document type.
//!
//! Layers are heard from the last to the first; the first that has a cell decides, and what no layer permits is denied.

mod layer;
mod sources;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::sheet::Problems;
use super::terminology::ValueSet;
use layer::{Layer, Profession, Row, read_professions};

pub(super) use sources::Sources;

/// The row of the default layer that stands for every type that no other layer has a row for.
const ANY_TYPE: &str = "*";

/// The document types that one profession may consult.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSet {
    /// Type codes (unique without their system in JDV_J66), sorted.
    pub codes: Arc<[String]>,
    /// True when it is every type that a deposit may carry ([`Matrix::knows_type`]): a filter by type would change nothing.
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
    types: HashSet<String>,
    types_name: String,
    /// Heard when no layer has a row for a type; part of the product, so without a place in the version.
    default: Layer,
    layers: Vec<Layer>,
    professions: HashMap<String, Profession>,
    readable: HashMap<String, TypeSet>,
}

impl Matrix {
    pub(super) fn read(sources: &Sources, types: &ValueSet, problems: &mut Problems) -> Self {
        let professions = read_professions(sources.professions(), problems);
        let mut read =
            |text, is_default| Layer::read(text, is_default, types, &professions, problems);
        let default = read(sources.default_layer(), true);
        let layers: Vec<Layer> = sources
            .layers()
            .iter()
            .map(|text| read(text, false))
            .collect();
        let versions: Vec<String> = layers.iter().map(Layer::label).collect();
        let mut matrix = Self {
            version: versions.join("+"),
            types: types.members().map(|code| code.code).collect(),
            types_name: types.name.clone(),
            default,
            layers,
            professions,
            readable: HashMap::new(),
        };
        matrix.readable = matrix.type_sets();
        matrix
    }

    fn type_sets(&self) -> HashMap<String, TypeSet> {
        let columns: HashSet<&str> = self.layers.iter().flat_map(Layer::professions).collect();
        let set = |profession: &str| {
            let mut codes: Vec<String> = self
                .types
                .iter()
                .filter(|code| self.cell(code, profession).is_some_and(|cell| cell.permits))
                .cloned()
                .collect();
            codes.sort_unstable();
            TypeSet {
                all: codes.len() == self.types.len(),
                codes: codes.into(),
            }
        };
        columns
            .into_iter()
            .map(|profession| (profession.to_owned(), set(profession)))
            .collect()
    }

    /// The cell that decides, when there is one.
    fn cell<'a>(&'a self, type_code: &str, profession: &str) -> Option<Cell<'a>> {
        let of = |layer: &'a Layer, row: &str| {
            layer.cell(row, profession).map(|(permits, row)| Cell {
                permits,
                layer,
                row,
            })
        };
        if self.layers.iter().any(|layer| layer.has_row(type_code)) {
            return self
                .layers
                .iter()
                .rev()
                .find_map(|layer| of(layer, type_code));
        }
        if !self.knows_type(type_code) {
            return None;
        }
        let own_row = self.default.has_row(type_code);
        of(&self.default, if own_row { type_code } else { ANY_TYPE })
    }

    /// The types that a profession may consult; None when the profession is outside the matrix.
    pub fn readable(&self, profession: &str) -> Option<&TypeSet> {
        self.readable.get(profession)
    }

    /// True for a type that a deposit may carry: those of JDV_J66 (rule FEED-06).
    pub fn knows_type(&self, type_code: &str) -> bool {
        self.types.contains(type_code)
    }

    /// The label of a profession, in French, when it is known at all.
    pub fn profession(&self, code: &str) -> Option<&str> {
        self.professions
            .get(code)
            .map(|profession| profession.label.as_str())
    }

    /// Which layer and row permit or deny. What no layer speaks of is denied by the layer `default`.
    pub fn explain(&self, type_code: &str, profession: &str) -> Explanation {
        // A default cell means nothing in a column that no layer has.
        let cell = if self.readable.contains_key(profession) {
            self.cell(type_code, profession)
        } else {
            None
        };
        let (permits, layer, row) = match cell {
            Some(cell) => (cell.permits, cell.layer, cell.layer.place(cell.row)),
            None => (false, &self.default, self.silence(type_code, profession)),
        };
        Explanation {
            type_code: type_code.to_owned(),
            profession: profession.to_owned(),
            decision: if permits { "permit" } else { "deny" },
            layer: layer.about.name.clone(),
            version: layer.about.version.clone(),
            source: layer.about.source.clone(),
            row,
        }
    }

    /// Why no layer says anything.
    fn silence(&self, type_code: &str, profession: &str) -> String {
        let has_row = self.layers.iter().any(|layer| layer.has_row(type_code));
        if !has_row && !self.knows_type(type_code) {
            return format!("type {type_code} is not in {}", self.types_name);
        }
        match self.professions.get(profession) {
            None => format!("profession {profession} is unknown"),
            Some(known) if !self.readable.contains_key(profession) => match known.note.as_str() {
                "" => format!("no layer has a column for profession {profession}"),
                note => format!("no layer has a column for profession {profession}: {note}"),
            },
            Some(_) => match self.default.row(type_code) {
                Some(row) => self.default.place(row),
                None => format!("no layer has a cell for {type_code} and profession {profession}"),
            },
        }
    }
}

/// A cell with its place.
struct Cell<'a> {
    permits: bool,
    layer: &'a Layer,
    row: &'a Row,
}

#[cfg(test)]
mod tests;
