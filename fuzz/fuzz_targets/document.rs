#![no_main]

#[path = "../entries/document.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::any_bytes(bytes));
