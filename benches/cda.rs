//! How fast headers are read and documents proven well-formed, on one core, against quick-xml passing over the same events.
//!
//! `cargo bench --bench cda`; reads `../shared/data/cda` where it is, else a document of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use passerelle::dmp::context::{Environment, Validation};
use passerelle::tables::Tables;
use passerelle::translate::Reading;
use passerelle::translate::cda::{check, read_header, read_whole, warnings};
use passerelle::translate::deposit::wrap_alone;
use passerelle::translate::wire;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Long enough that a run of the scheduler does not show.
const TIME: Duration = Duration::from_secs(3);

struct Rate {
    megabytes: f64,
    documents: f64,
}

fn measure(documents: &[Vec<u8>], mut work: impl FnMut(&[u8])) -> Rate {
    documents.iter().for_each(|document| work(document));
    let bytes: usize = documents.iter().map(Vec::len).sum();
    let (start, mut rounds) = (Instant::now(), 0u32);
    while start.elapsed() < TIME {
        documents.iter().for_each(|document| work(document));
        rounds += 1;
    }
    let per_second = f64::from(rounds) / start.elapsed().as_secs_f64();
    Rate {
        megabytes: per_second * bytes as f64 / 1e6,
        documents: per_second * documents.len() as f64,
    }
}

fn events(bytes: &[u8]) {
    let mut reader = Reader::from_reader(bytes);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => break,
            event => drop(black_box(event)),
        }
    }
}

fn documents() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cda");
    if let Ok(entries) = std::fs::read_dir(&folder) {
        let paths = entries.map(|entry| entry.expect("entry").path());
        return paths
            .map(|path| std::fs::read(path).expect("document"))
            .collect();
    }
    eprintln!("no documents at {}: one of our own", folder.display());
    let body = "<entry><observation classCode=\"OBS\"><code code=\"1\" codeSystem=\"1.2\"/><value>1</value></observation></entry>".repeat(1000);
    let own = format!(
        r#"<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3"/><code code="11488-4" codeSystem="2.16.840.1.113883.6.1"/><effectiveTime value="20240301"/><component><structuredBody>{body}</structuredBody></component></ClinicalDocument>"#
    );
    vec![own.into_bytes()]
}

fn main() {
    let documents = documents();
    let floor = measure(&documents, events);
    let header = measure(&documents, |bytes| {
        black_box(read_header(bytes).expect("header"));
    });
    let whole = measure(&documents, |bytes| {
        black_box(read_whole(bytes).expect("document"));
    });
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "",
    };
    let checked = measure(&documents, |bytes| {
        black_box(check(bytes, &reading));
    });
    let warned = measure(&documents, |bytes| {
        black_box(warnings(bytes, &reading));
    });
    println!("{} documents, one core", documents.len());
    for (name, rate) in [
        ("quick-xml, events only", &floor),
        ("header", &header),
        ("whole document", &whole),
        ("check", &checked),
        ("warnings of a deposit", &warned),
    ] {
        let ratio = rate.megabytes / floor.megabytes;
        println!(
            "{name:<24}{:>8.0} MB/s{:>10.0} documents/s{ratio:>8.2} of the floor",
            rate.megabytes, rate.documents
        );
    }
    wrapping(&reading);
}

/// A PDF of 1 MB becomes a document of level 1.
fn wrapping(reading: &Reading) {
    let metadata = include_bytes!("../examples/result.json");
    let metadata = wire::read_json(metadata, "DocumentReference").expect("metadata");
    let mut pdf = b"%PDF-1.4\n<pdfaid:part>1</pdfaid:part>\n".to_vec();
    pdf.extend((0..1_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
    let floor = measure(std::slice::from_ref(&pdf), |pdf| {
        black_box(base64::Engine::encode(
            &base64::prelude::BASE64_STANDARD,
            pdf,
        ));
    });
    let wrapped = measure(std::slice::from_ref(&pdf), |pdf| {
        let now = "2024-06-12T08:30:00Z".parse().expect("time");
        black_box(wrap_alone(&metadata, pdf.to_vec(), now, reading).expect("wrapped"));
    });
    println!(
        "wrap of a 1 MB PDF: {:.2} ms, {:.1} times its base64 alone",
        1e3 / wrapped.documents,
        floor.documents / wrapped.documents
    );
}
