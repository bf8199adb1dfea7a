//! Enemies: whatever comes, the checker answers within the bounds that `docs/cda.md` states.

use std::path::Path;
use std::time::{Duration, Instant};

use passerelle::dmp::context::Validation;
use passerelle::error::Severity;
use passerelle::tables::Tables;

use super::clinical::{documents, judge};
use super::entry::any_bytes;
use super::sample::with;

/// Generous for a build without optimisation on a machine under load; a quadratic checker needs hours.
const TIME: Duration = Duration::from_secs(30);

fn judged(name: &str, xml: &[u8]) -> bool {
    let start = Instant::now();
    let issues = judge(xml, Validation::Guide);
    assert!(start.elapsed() < TIME, "{name}: {:?}", start.elapsed());
    // Fifty complaints and fifty warnings of the reader, those of the metadata, two hundred findings.
    assert!(issues.len() <= 350, "{name}: {}", issues.len());
    issues
        .iter()
        .all(|issue| issue.severity == Severity::Warning)
}

#[test]
fn attacks_are_refused_in_time() {
    let deep = |tag: &str| {
        let inside = format!(
            "{}{}",
            format!("<{tag}>").repeat(100_000),
            format!("</{tag}>").repeat(100_000)
        );
        with(|s| {
            s.body = format!("<component><structuredBody>{inside}</structuredBody></component>")
        })
    };
    let blank = with(|s| s.title = format!("<title a=\"{}\">T</title>", " ".repeat(64 << 20)));
    let entity = with(|s| {
        s.declaration
            .push_str("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>")
    });
    let mut invalid = with(|_| {}).into_bytes();
    let middle = invalid.len() / 2;
    invalid.insert(middle, 0xFF);
    let mixed = [
        with(|_| {}).into_bytes(),
        "é".encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ]
    .concat();
    for (name, xml) in [
        ("nested sections", deep("section").into_bytes()),
        ("nested components", deep("component").into_bytes()),
        ("blanks", blank.into_bytes()),
        ("entity", entity.into_bytes()),
        ("invalid UTF-8", invalid),
        ("mixed encodings", mixed),
    ] {
        assert!(!judged(name, &xml), "{name} accepted");
    }
}

#[test]
fn masses_of_faults_cost_no_more_than_their_bytes() {
    let many = |one: &str| with(|s| s.related = one.repeat(19_000));
    let wide = with(|s| {
        let section = "<component><section><x representation=\"B64\">!</x></section></component>"
            .repeat(20_000);
        s.body = format!("<component><structuredBody>{section}</structuredBody></component>");
    });
    let over = with(|s| s.related = "<participant/>".repeat(100_000));
    for (name, xml) in [
        ("empty participants", many("<participant/>")),
        ("unknown elements", many("<salade/>")),
        (
            "bad telecoms",
            with(|s| s.sex.push_str(&"<telecom value='x'/>".repeat(19_000))),
        ),
        ("sections", wide),
        ("more than is looked at", over),
    ] {
        judged(name, xml.as_bytes());
    }
}

/// The corpus that is kept: documents that once were hard, each answered as any bytes are.
#[test]
fn the_kept_corpus_is_answered() {
    let tables = Tables::built_in();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/kept/cda");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(files.len() >= 10, "{} files", files.len());
    for file in files {
        any_bytes(&std::fs::read(file.unwrap().path()).unwrap(), &tables);
    }
}

/// Cuts, changed bytes, markup moved about, for a bounded time; `FUZZ_SECONDS` makes it longer.
#[test]
fn damaged_documents_are_answered_with_a_place() {
    const MARKUP: [&str; 8] = [
        "<a>",
        "</",
        "<!--",
        "<![CDATA[",
        "nullFlavor=\"UNK\" ",
        "&#0;",
        " value=\"\"",
        "]]>",
    ];
    let seconds = std::env::var("FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(5);
    let tables = Tables::built_in();
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let first = clock.unwrap().as_nanos() as u64 | 1;
    println!("seed {first}");
    let mut seed = first;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    let documents = documents();
    let small: Vec<_> = documents
        .iter()
        .filter(|(_, xml)| xml.len() < 60_000)
        .collect();
    let start = Instant::now();
    let mut rounds = 0;
    while start.elapsed() < Duration::from_secs(seconds) {
        let (_, xml) = small[rounds % small.len()];
        rounds += 1;
        let mut bytes = xml.clone().into_bytes();
        for _ in 0..1 + next() % 3 {
            let at = next() % bytes.len().max(1);
            let to = (at + next() % 60).min(bytes.len());
            match next() % 5 {
                0 => bytes.truncate(at),
                1 => bytes[at] = next() as u8,
                2 => drop(bytes.drain(at..to)),
                3 => drop(bytes.splice(at..at, MARKUP[next() % MARKUP.len()].bytes())),
                _ => {
                    let piece = bytes[at..to].to_vec();
                    let here = next() % bytes.len();
                    drop(bytes.splice(here..here, piece));
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        any_bytes(&bytes, &tables);
    }
    assert!(rounds > 20, "{rounds} rounds");
}
