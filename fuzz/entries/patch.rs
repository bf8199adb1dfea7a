//! Any bytes as a JSON Patch, and as the Parameters of a FHIRPath Patch: shared by the fuzz target and by `tests/patch.rs`.

use std::sync::LazyLock;

use passerelle::dmp::context::{Environment, Validation};
use passerelle::tables::Tables;
use passerelle::translate::{Reading, patch, wire};

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

/// A patch, or a refusal with a status of the client's.
///
/// # Panics
/// When it is neither.
pub(crate) fn any_bytes(bytes: &[u8]) {
    let reading = Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "https://localhost/fhir",
    };
    let parameters = wire::read_json(bytes, "Parameters")
        .and_then(|parameters| patch::read_parameters(&parameters, &reading));
    for read in [patch::read_json_patch(bytes, &reading), parameters] {
        match read {
            Ok(patch) => drop(patch.asked()),
            Err(error) => assert!((400..500).contains(&error.status())),
        }
    }
}
