//! Any bytes as a certificate, then as a PEM or DER file: read or refused, and what was read can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passerelle::cli::card::{to_json, to_text};
use passerelle::identity::card::Card;

fuzz_target!(|bytes: &[u8]| {
    for card in [Card::from_der(bytes), Card::from_file_bytes(bytes)]
        .into_iter()
        .flatten()
    {
        let _ = to_json(&card);
        let _ = to_text(&card, jiff::Timestamp::UNIX_EPOCH);
    }
});
