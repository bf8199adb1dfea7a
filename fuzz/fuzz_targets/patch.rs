//! Any bytes as a JSON Patch, and as the Parameters of a FHIRPath Patch: a change or a refusal, never a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use passerelle::dmp::context::{Environment, Validation};
use passerelle::tables::Tables;
use passerelle::translate::{Reading, patch, wire};

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

fuzz_target!(|bytes: &[u8]| {
    let reading = Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "https://localhost/fhir",
    };
    if let Ok(read) = patch::read_json_patch(bytes, &reading) {
        let _ = read.asked();
    }
    if let Ok(parameters) = wire::read_json(bytes, "Parameters") {
        let _ = patch::read_parameters(&parameters, &reading);
    }
});
