//! The entries of the fuzz targets, on the corpora that are kept and on what damage makes of them for a bounded time
//! (`FUZZ_SECONDS`, 2 each by default), so that every test run exercises them without a nightly compiler.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use passerelle::tables::Tables;

#[path = "../fuzz/entries/cda.rs"]
mod cda;
#[path = "../fuzz/entries/document.rs"]
mod document;
#[path = "../fuzz/entries/render.rs"]
#[allow(dead_code)]
mod render;
#[path = "cda/sample.rs"]
#[allow(dead_code)]
mod sample;
#[path = "../fuzz/entries/vaccination.rs"]
mod vaccination;
#[path = "../fuzz/entries/wrap.rs"]
mod wrap;

/// Generous for a build without optimisation on a machine under load.
const LONGEST: Duration = Duration::from_secs(30);

/// What damage puts in.
const PIECES: &[&[u8]] = &[
    b"<a>",
    b"</",
    b"<!--",
    b"<![CDATA[",
    b"nullFlavor=\"UNK\" ",
    b"&#0;",
    b"&#xFFFE;",
    b"&#10;",
    b" value=\"\"",
    b"]]>",
    b"</text>",
    b"</title><title>",
    b"\" x=\"",
    b"<script>",
    b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
    b"&x;",
    b"  ",
    b"\n",
    b"\t",
    b"\0",
    b"\x1b",
    b"\xc2\xa0",
    b"\xc2\x85",
    b"\xef\xbf\xbe",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"\\ud800",
    b"-1",
    b"99999999999999999999",
    b"1e999",
    b"0000",
];

fn kept(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/kept")
        .join(name);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|_| panic!("{}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// The national documents that are small, where they are.
fn national() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cda");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_small = |path: &PathBuf| path.metadata().is_ok_and(|one| one.len() < 60_000);
    files.map(|file| file.path()).filter(is_small).collect()
}

/// Runs an entry on its corpora, then on damage.
fn run(name: &str, seeds: Vec<Vec<u8>>, entry: impl Fn(&[u8])) {
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    for path in kept(name) {
        let bytes = std::fs::read(&path).unwrap();
        timed(&format!("{}", path.display()), &bytes, &entry);
        corpus.push(bytes);
    }
    assert!(corpus.len() >= 8, "{} files are kept", corpus.len());
    corpus.extend(seeds);
    let seconds = std::env::var("FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(2);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = clock.as_nanos() as u64 | 1;
    println!("{name}: seed {first}");
    let mut dice = Dice(first);
    let start = Instant::now();
    let mut rounds = 0;
    while rounds < 20 || start.elapsed() < Duration::from_secs(seconds) {
        let mut bytes = corpus[rounds % corpus.len()].clone();
        for _ in 0..1 + dice.below(4) {
            damage(&mut bytes, &mut dice);
        }
        timed(
            &format!("{name}, seed {first}, round {rounds}"),
            &bytes,
            &entry,
        );
        rounds += 1;
    }
    println!("{name}: {rounds} rounds");
}

/// An input that is not answered is kept beside the others' temporary files, to be looked at and to be kept.
fn timed(name: &str, bytes: &[u8], entry: &impl Fn(&[u8])) {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| entry(bytes)));
    let time = start.elapsed();
    if result.is_err() || time > LONGEST {
        let path = std::env::temp_dir().join(format!("passerelle-{}", openssl_name(bytes)));
        std::fs::write(&path, bytes).unwrap();
        panic!("{name}: {time:?}, input in {}", path.display());
    }
}

fn openssl_name(bytes: &[u8]) -> String {
    let digest = openssl::sha::sha1(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize % most.max(1)
    }
}

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len());
    let to = (at + dice.below(60)).min(bytes.len());
    match dice.below(7) {
        0 => bytes.truncate(at),
        1 if !bytes.is_empty() => bytes[at] = dice.below(256) as u8,
        2 => drop(bytes.drain(at..to)),
        3 | 4 => {
            let piece = PIECES[dice.below(PIECES.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
        // A value of another: what stands between two quotes goes elsewhere between two quotes.
        5 => {
            let quotes: Vec<usize> = (0..bytes.len()).filter(|i| bytes[*i] == b'"').collect();
            let from = dice.below(quotes.len());
            let here = dice.below(quotes.len());
            if let (Some([a, b]), Some([c, d])) = (
                quotes.get(from..from + 2).map(|two| [two[0], two[1]]),
                quotes.get(here..here + 2).map(|two| [two[0], two[1]]),
            ) {
                let piece = bytes[a..b].to_vec();
                bytes.splice(c..d, piece);
            }
        }
        _ => {
            let piece = bytes[at..to].to_vec();
            let here = dice.below(bytes.len());
            bytes.splice(here..here, piece);
        }
    }
}

fn read(paths: Vec<PathBuf>) -> Vec<Vec<u8>> {
    let read = |path| std::fs::read(path).unwrap();
    paths.into_iter().map(read).collect()
}

/// A document of ours and the national ones.
fn documents() -> Vec<Vec<u8>> {
    let mut all = read(national());
    all.push(sample::with(|_| {}).into_bytes());
    all
}

#[test]
fn readers_and_checker_answer_any_bytes() {
    let tables = Tables::built_in();
    run("cda", documents(), |bytes| cda::any_bytes(bytes, &tables));
}

#[test]
fn pages_are_made_of_any_bytes() {
    run("render", documents(), render::any_bytes);
}

#[test]
fn fhir_documents_are_given_in_both_forms_or_not_at_all() {
    run("document", Vec::new(), document::any_bytes);
}

#[test]
fn any_bytes_are_wrapped_or_refused() {
    run("wrap", Vec::new(), wrap::any_bytes);
}

#[test]
fn any_bytes_feed_the_register_within_its_bounds() {
    let is_of_vaccinations = |path: &PathBuf| path.to_string_lossy().contains("VAC");
    let seeds = national().into_iter().filter(is_of_vaccinations).collect();
    run("vaccination", read(seeds), vaccination::any_bytes);
}

/// A document with one section of vaccinations: its narrative and its entries.
fn vaccinations(narrative: &str, entries: &str) -> Vec<u8> {
    let body = format!(
        "<component><structuredBody><component><section><templateId root=\"1.2.250.1.213.1.1.2.147\"/>\
         <text>{narrative}</text>{entries}</section></component></structuredBody></component>"
    );
    sample::with(|sample| sample.body = body).into_bytes()
}

fn act(inner: &str) -> String {
    format!(
        "<entry><substanceAdministration><templateId root=\"1.2.250.1.213.1.1.3.45\"/>{inner}</substanceAdministration></entry>"
    )
}

#[test]
fn no_document_costs_the_register_more_than_its_bytes() {
    const REFERENCE: &str = "<text><reference value=\"#v\"/></text>";
    let reaction = format!(
        "<entryRelationship typeCode=\"CAUS\"><observation>{REFERENCE}</observation></entryRelationship>"
    );
    let long = format!("<content ID=\"v\">{}</content>", "mot ".repeat(5_000));
    let hollow = format!("<content ID=\"v\">{}</content>", "<br/>".repeat(40_000));
    let deep = format!(
        "{}x{}",
        "<content ID=\"v\">".repeat(100_000),
        "</content>".repeat(100_000)
    );
    let blanks = act(&format!("<id root=\"{}\"/>", " ".repeat(64 << 20)));
    let attributes = act(&format!(
        "<id {}/>",
        (0..127).map(|n| format!("a{n}=\"\" ")).collect::<String>()
    ));
    let mut invalid = vaccinations("", &act(REFERENCE));
    let middle = invalid.len() / 2;
    invalid.insert(middle, 0xFF);
    let mixed = [
        vaccinations("", &act(REFERENCE)),
        "é".encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ]
    .concat();
    let entity = |name: &str| {
        let declared = format!("<!DOCTYPE a [<!ENTITY x {name}>]>");
        let with = |sample: &mut sample::Sample| {
            sample.declaration.push_str(&declared);
            sample.body = "<component><structuredBody>&x;</structuredBody></component>".to_owned();
        };
        sample::with(with).into_bytes()
    };
    for (name, bytes) in [
        (
            "many long texts",
            vaccinations(
                &long,
                &act(&format!("{REFERENCE}{}", reaction.repeat(15))).repeat(600),
            ),
        ),
        (
            "one act with many",
            vaccinations(&long, &act(&reaction.repeat(15_000))),
        ),
        (
            "empty texts looked at again",
            vaccinations(&hollow, &act(&reaction.repeat(10_000))),
        ),
        ("nested", vaccinations(&deep, &act(REFERENCE))),
        ("blanks", vaccinations("", &blanks)),
        ("attributes", vaccinations("", &attributes.repeat(2_000))),
        (
            "acts without end",
            vaccinations("", &act("").repeat(30_000)),
        ),
        ("invalid UTF-8", invalid),
        ("mixed encodings", mixed),
        ("external entity", entity("SYSTEM \"file:///etc/passwd\"")),
        (
            "entities of entities",
            entity("\"&x;&x;&x;&x;&x;&x;&x;&x;\""),
        ),
    ] {
        timed(name, &bytes, &vaccination::any_bytes);
    }
}

#[test]
fn no_text_of_the_metadata_leaves_its_place() {
    for told in [
        "</title></ClinicalDocument>",
        "</text><component><nonXMLBody><text>",
        "]]><![CDATA[",
        "<!--",
        "-->",
        "<?xml version=\"1.0\"?>",
        "&lt;script&gt;",
        "&x;",
        "\" onload=\"x",
        "' or ''='",
        "\u{FFFE}\u{FFFF}",
        "\u{1F4A9}\u{10FFFF}",
        "\u{85}\u{2028}\u{2029}",
        "\u{1}\u{1B}\u{7F}",
        "\0",
        r"\ud800",
        r"\ud800\ud800",
        r"\udc00\ud800",
        r"\u0000",
        r"\u0001\ufffe\uffff",
        r"\ud83d\ude00",
        r#"", "title": ""#,
        r#""}, "attachment": {"title": ""#,
    ] {
        let bytes = [told.as_bytes(), b"\nfile"].concat();
        timed(told, &bytes, &wrap::any_bytes);
    }
    // A title as long as a request may be, and a file that is all markup.
    let long = [
        "<".repeat(1 << 18).as_bytes(),
        b"\n",
        "<a>&x;".repeat(10_000).as_bytes(),
    ]
    .concat();
    timed("long", &long, &wrap::any_bytes);
}
