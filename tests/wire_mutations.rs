//! The entry of the fuzz target, on a small corpus and its random mutations, so that every test run exercises it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

#[path = "../fuzz/entries/wire.rs"]
mod entry;

const CORPUS: &[&str] = &[
    r#"{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:a","resource":{"resourceType":"DocumentReference","contained":[{"resourceType":"Patient","id":"p","birthDate":"2024-02-29"}],"status":"current","content":[{"attachment":{"url":"a","size":12,"hash":"QUI="}}]},"request":{"method":"POST","url":"DocumentReference"}}]}"#,
    r#"{"resourceType":"DocumentReference","status":"current","date":"2024-02-29T10:00:00.0+01:00","_description":{"extension":[{"url":"u","valueCode":"unknown"}]},"content":[{"attachment":{"data":"QUJD"}}],"extension":[{"url":"u","valueDecimal":0.50}]}"#,
    r#"{"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,{"id":"x","extension":[{"url":"u","valueBoolean":true}]}]}],"deceasedBoolean":false,"text":{"status":"generated","div":"<div>\u00e9</div>"}}"#,
    r#"<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><fullUrl value="urn:uuid:a"/><resource><DocumentReference><contained><Patient><id value="p"/><birthDate value="2024-02-29"/></Patient></contained><status value="current"/><content><attachment><url value="a"/><size value="12"/></attachment></content></DocumentReference></resource><request><method value="POST"/><url value="DocumentReference"/></request></entry></Bundle>"#,
    r#"<?xml version="1.0" encoding="UTF-8"?><f:Patient xmlns:f="http://hl7.org/fhir"><f:text><f:status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">é <b>a</b><br/>&amp;<!-- c --><![CDATA[<]]></div></f:text><f:name><f:given value="a"/><f:given id="x"><f:extension url="u"><f:valueDecimal value="0.50"/></f:extension></f:given></f:name><f:deceasedBoolean value="false"/></f:Patient>"#,
    "{}",
    "[[[]]]",
    "\u{FEFF}null",
    r#"{"resourceType":"Patient","resourceType":"Patient"}"#,
    r#"{"$serde_json::private::Number":"1"}"#,
];

/// Pieces that a mutation puts in.
const PIECES: &[&str] = &[
    "null",
    "[]",
    "{}",
    "\"\"",
    "1e999",
    "-0",
    ",",
    ":",
    "\"",
    "\\u0000",
    "\\ud800",
    "\"_id\":{},",
    "\"valueString\":\"a\",",
    "[[[[",
    "\"resourceType\":\"Bundle\",",
    "é",
    "\u{2028}",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?a b?>",
    "&amp;",
    "&#x10;",
    "&lol;",
    " xmlns=\"\"",
    " value=\"a\"",
    " id=\"a\"",
    "<extension url=\"u\"/>",
    "</",
    "/>",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\">",
];

/// Cuts `length` bytes out at `at` and puts something in.
fn mutate(bytes: &mut Vec<u8>, at: usize, length: usize, piece: &[u8]) {
    let start = at % (bytes.len() + 1);
    let end = bytes.len().min(start + length);
    bytes.splice(start..end, piece.iter().copied());
}

#[test]
fn the_corpus_holds() {
    for text in CORPUS {
        entry::any_bytes(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn mutations_hold(
        seed in 0..CORPUS.len(),
        cuts in prop::collection::vec((any::<usize>(), 0..12_usize, 0..=PIECES.len(), any::<u8>()), 1..4),
    ) {
        let mut bytes = CORPUS[seed].as_bytes().to_vec();
        for (at, length, piece, byte) in cuts {
            let byte = [byte];
            mutate(&mut bytes, at, length, PIECES.get(piece).map_or(&byte[..], |piece| piece.as_bytes()));
        }
        entry::any_bytes(&bytes);
    }

    #[test]
    fn noise_holds(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        entry::any_bytes(&bytes);
    }
}
