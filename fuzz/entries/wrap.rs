//! Any bytes as a file to wrap, with texts of theirs in its metadata: shared by the fuzz target and by `tests/fuzzed.rs`.

use std::sync::LazyLock;

use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::time::Instant;
use passerelle::error::{Error, Severity};
use passerelle::tables::Tables;
use passerelle::translate::cda::{check, embedded_file, metadata_json, read_whole};
use passerelle::translate::deposit::wrap_alone;
use passerelle::translate::{Reading, wire};
use serde_json::{Value, json};

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

/// Type, and the bytes that a file of it begins with.
const KINDS: [(&str, &[u8]); 5] = [
    (
        "application/pdf",
        b"%PDF-1.4\n<pdfaid:part>1</pdfaid:part>\n",
    ),
    ("text/plain", b""),
    ("text/rtf", b"{\\rtf1 "),
    ("image/jpeg", &[0xff, 0xd8, 0xff, 0xe0]),
    ("image/tiff", b"II*\0"),
];

/// What the first line of the bytes says of the file that follows.
const TEXTS: [&str; 6] = [
    "/content/0/attachment/title",
    "/contained/0/name/0/family",
    "/contained/1/name",
    "/contained/3/name/0/given/0",
    "/custodian/display",
    "/contained/3/identifier/1/value",
];

/// What must hold whatever comes in: a file becomes a document that our own check takes, in which it stands to the byte, or it is
/// refused as the client's fault.
///
/// # Panics
/// When it does not.
pub(crate) fn any_bytes(bytes: &[u8]) {
    let cut = bytes.iter().position(|byte| *byte == b'\n');
    let (told, rest) = bytes.split_at(cut.unwrap_or(0));
    let told = String::from_utf8_lossy(told);
    in_json(&bytes[..cut.unwrap_or(bytes.len()).min(4_096)]);
    for (media_type, head) in KINDS {
        let mut file = head.to_vec();
        file.extend_from_slice(rest);
        // As it came, and as a file of its type may begin.
        one(media_type, &told, bytes, Validation::Guide);
        one(media_type, &told, &file, Validation::Strict);
    }
}

/// The first line as it stands inside a JSON string: escapes, half surrogates, the end of the string and what follows.
fn in_json(told: &[u8]) {
    const TITLE: &str = "Résultats de biologie";
    let text = include_str!("../../examples/result.json");
    let (before, after) = text.split_once(TITLE).expect("a title");
    let body = [before.as_bytes(), told, after.as_bytes()].concat();
    let reading = Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "",
    };
    let (_, pdf) = KINDS[0];
    let made = wire::read_json(&body, "DocumentReference")
        .and_then(|resource| wrap_alone(&resource, pdf.to_vec(), Instant::UNIX_EPOCH, &reading));
    match made {
        Ok((document, _)) => accepted(&document, &reading),
        Err(error) => refused(&error),
    }
}

/// Our own check finds nothing to refuse.
fn accepted(document: &[u8], reading: &Reading) {
    let issues = check(document, reading);
    let errors = issues
        .iter()
        .filter(|issue| issue.severity == Severity::Error);
    assert_eq!(errors.count(), 0, "{issues:?}");
}

fn one(media_type: &str, told: &str, file: &[u8], validation: Validation) {
    let reading = Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation,
        base_url: "",
    };
    let mut resource: Value =
        serde_json::from_str(include_str!("../../examples/result.json")).expect("the example");
    resource["content"][0]["attachment"]["contentType"] = json!(media_type);
    if !told.is_empty() {
        let ids = &mut resource["contained"][3]["identifier"];
        let local = json!({"system": "urn:oid:1.2.250.1.999.1", "value": "1"});
        ids.as_array_mut().expect("identifiers").push(local);
        // One text more for each character: each place is alone at times, and all are told at others.
        let first = told.chars().count() % TEXTS.len();
        for place in TEXTS.iter().skip(first) {
            *resource.pointer_mut(place).expect("a place") = json!(told);
        }
    }
    // As it would come over the wire.
    let text = resource.to_string();
    let resource = match wire::read_json(text.as_bytes(), "DocumentReference") {
        Ok(resource) => resource,
        Err(error) => return refused(&error),
    };
    let at = Instant::UNIX_EPOCH;
    let document = match wrap_alone(&resource, file.to_vec(), at, &reading) {
        Ok((document, _)) => document,
        Err(error) => return refused(&error),
    };
    let again = wrap_alone(&resource, file.to_vec(), at, &reading).map(|(document, _)| document);
    assert_eq!(
        again.as_ref(),
        Ok(&document),
        "the same input, the same bytes"
    );
    accepted(&document, &reading);
    let (kind, inside) = embedded_file(&document).expect("a file");
    assert_eq!((kind.as_str(), inside.as_slice()), (media_type, file));
    // A text is data, whatever it looks like: the title comes back, and the document has the elements that it has anyway.
    let (header, _) = read_whole(&document).expect("a document of ours");
    let metadata = metadata_json(&header, &document, &TABLES);
    let sent = resource.pointer(TEXTS[0]).and_then(Value::as_str);
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let back = metadata["title"].as_str().unwrap_or_default();
    assert_eq!(words(back), words(&xml_text(sent.unwrap_or_default())));
    assert_eq!(metadata["authors"].as_array().map(Vec::len), Some(1));
    assert_eq!(metadata["replaces"], json!([]));
}

/// XML has no way to write some characters.
fn xml_text(text: &str) -> String {
    text.replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}")
}

fn refused(error: &Error) {
    assert!(!error.issues.is_empty());
    assert!((400..500).contains(&error.status()), "{error:?}");
}
