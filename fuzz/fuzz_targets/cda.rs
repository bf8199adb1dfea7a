//! Any bytes are answered by both readings and by the checker.
#![no_main]

#[path = "../entries/cda.rs"]
mod entry;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use passerelle::tables::Tables;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

fuzz_target!(|bytes: &[u8]| entry::any_bytes(bytes, &TABLES));
