//! The national test set: what an independent reader found in each document (expected.py), and the same header in every encoding.

use std::path::Path;

use encoding_rs::{Encoding, ISO_8859_15, WINDOWS_1252};
use openssl::sha::sha1;
use passerelle::tables::Tables;
use passerelle::translate::cda::{metadata_json, read_header, read_whole};
use serde_json::{Value, json};

const EXPECTED: &str = include_str!("expected.json");

/// Every document with its name; empty, and said so, where the set is not there.
pub(crate) fn documents() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cda");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no documents at {}", folder.display());
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("entry").path())
        .map(|path| {
            let name = path.file_name().expect("name").to_string_lossy();
            (name.into_owned(), std::fs::read(&path).expect("document"))
        })
        .collect();
    found.sort();
    found
}

fn digest(value: &Value) -> String {
    let text = value.to_string();
    sha1(text.as_bytes()).map(|b| format!("{b:02x}")).concat()
}

fn codes(list: &Value) -> Value {
    let list = list.as_array().expect("list");
    list.iter().map(|code| code["code"].clone()).collect()
}

fn references(all: &Value, kind: &str) -> Value {
    let all = all.as_array().expect("list").iter();
    let kept = all.filter(|reference| reference["type"] == kind);
    kept.map(|reference| reference["id"].clone()).collect()
}

/// Our JSON in the shape of the expectations.
fn facts(found: &Value) -> Value {
    let some = |value: &Value| match value {
        Value::Null => json!([]),
        value => json!([value]),
    };
    let patient = &found["source_patient"];
    let ids = found["patient_ids"].as_array().expect("ids").iter();
    let ids: Value = ids.map(|id| json!([id["root"], id["extension"]])).collect();
    let patient = json!([
        ids,
        some(&patient["family_birth"]),
        some(&patient["family_used"]),
        patient["given"],
        patient["birth_date"],
        patient["sex"],
    ]);
    let author = |author: &Value| {
        json!([
            [author["id"]["root"], author["id"]["extension"]],
            author["family"],
            author["given"],
            author["specialty"]["code"],
            author["role"]["code"],
            author["institution"]["id"],
            author["institution"]["name"],
        ])
    };
    let authors = found["authors"].as_array().expect("authors").iter();
    let authors: Value = authors.map(author).collect();
    let legal = &found["legal_authenticator"];
    let legal = json!([legal["id"]["extension"], legal["family"], legal["given"]]);
    let replaces = found["replaces"].as_array().expect("list").iter();
    let replaces: Value = replaces.map(|one| one["id"].clone()).collect();
    json!({
        "unique_id": found["unique_id"],
        "set_id": found["set_id"],
        "version": found["version"],
        "type": found["type"]["code"],
        "class": found["class"]["code"],
        "format": found["format"]["code"],
        "language": found["language"],
        "confidentiality": codes(&found["confidentiality"]),
        "creation_time": found["creation_time"],
        "service_start": found["service_start"],
        "service_stop": found["service_stop"],
        "facility_type": found["facility_type"]["code"],
        "practice_setting": found["practice_setting"]["code"],
        "events": codes(&found["events"]),
        "replaces": replaces,
        "order": references(&found["references"], "order"),
        "accession": references(&found["references"], "accession"),
        "templates": found["template_ids"],
        "media_type": found["media_type"],
        "size": found["size"],
        "sha1": found["sha1"],
        "title": digest(&found["title"]),
        "patient": digest(&patient),
        "authors": digest(&authors),
        "legal_authenticator": digest(&legal),
    })
}

#[test]
fn each_header_says_what_an_independent_reader_found() {
    let expected: Value = serde_json::from_str(EXPECTED).expect("expectations");
    let tables = Tables::built_in();
    for (name, bytes) in documents() {
        let Some(expected) = expected.get(&name) else {
            eprintln!("no expectation for {name}");
            continue;
        };
        let header =
            read_header(&bytes).unwrap_or_else(|issue| panic!("{name}: {}", issue.english()));
        let found = facts(&metadata_json(&header, &bytes, &tables));
        for (key, value) in expected.as_object().expect("object") {
            assert_eq!(&found[key], value, "{name}: {key}");
        }
    }
}

#[test]
fn the_fast_and_the_whole_reading_agree() {
    for (name, bytes) in documents() {
        let (whole, _) = read_whole(&bytes).unwrap_or_else(|issues| panic!("{name}: {issues:?}"));
        assert_eq!(Ok(whole), read_header(&bytes), "{name}");
    }
}

/// A document cut right after the start tag at which the fast reading stops.
fn head(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("utf-8");
    let text = text.trim_start_matches('\u{FEFF}');
    let body = text.find("structuredBody").or_else(|| {
        let body = text.find("nonXMLBody")?;
        Some(body + text[body..].find("text")?)
    });
    let body = body.expect("body");
    let end = body + text[body..].find('>').expect("end of tag");
    text[..=end].replace("\r\n", "\n")
}

fn redeclared(text: &str, encoding: &str) -> String {
    let end = text.find("?>").expect("declaration");
    format!(
        "<?xml version=\"1.0\" encoding=\"{encoding}\"{}",
        &text[end..]
    )
}

/// Unmappable characters become references, as a writer of that encoding would have it.
fn single_byte(text: &str, label: &str, encoding: &'static Encoding) -> Vec<u8> {
    encoding.encode(&redeclared(text, label)).0.into_owned()
}

fn utf16(text: &str, label: &str, big_endian: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xFEFF);
    let text = redeclared(text, label);
    mark.into_iter()
        .chain(text.encode_utf16())
        .flat_map(|unit| match big_endian {
            true => unit.to_be_bytes(),
            false => unit.to_le_bytes(),
        })
        .collect()
}

/// The same text in every encoding that is accepted.
pub(crate) fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("BOM", format!("\u{FEFF}{text}").into_bytes()),
        ("CRLF", text.replace('\n', "\r\n").into_bytes()),
        ("CR", text.replace('\n', "\r").into_bytes()),
        ("latin-1", single_byte(text, "ISO-8859-1", WINDOWS_1252)),
        ("latin-9", single_byte(text, "ISO-8859-15", ISO_8859_15)),
        ("cp1252", single_byte(text, "windows-1252", WINDOWS_1252)),
        ("UTF-16LE", utf16(text, "UTF-16", false, true)),
        ("UTF-16BE", utf16(text, "UTF-16", true, true)),
        ("UTF-16, no mark", utf16(text, "UTF-16LE", false, false)),
    ]
}

#[test]
fn each_header_is_the_same_in_every_encoding() {
    for (name, bytes) in documents() {
        let text = head(&bytes);
        let plain = read_header(text.as_bytes()).expect(&name);
        for (encoding, bytes) in encodings(&text) {
            assert_eq!(
                read_header(&bytes).as_ref(),
                Ok(&plain),
                "{name} in {encoding}"
            );
        }
    }
}
