//! What the two wire forms cost, on one core: a deposit of one document (ITI-65: List, DocumentReference, Binary of 20 kB of CDA) read,
//! written, and read up to its metadata.
//!
//! `cargo bench --bench wire`
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/support/bundle.rs"]
mod bundle_of;
#[path = "../tests/cda/sample.rs"]
mod sample;

use std::hint::black_box;
use std::time::{Duration, Instant};

use passerelle::dmp::context::{Environment, Validation};
use passerelle::tables::Tables;
use passerelle::translate::cda::{metadata_json, read_header};
use passerelle::translate::wire::{self, Format};
use passerelle::translate::{Reading, bundle};
use sample::Sample;
use serde_json::Value;

/// Long enough that a run of the scheduler does not show.
const TIME: Duration = Duration::from_secs(2);

/// Size of the document.
const CDA: usize = 20_000;

/// Microseconds of one piece of work, the best of five rounds.
fn measure(mut work: impl FnMut()) -> f64 {
    let mut round = || {
        let (start, mut times) = (Instant::now(), 0_u32);
        while start.elapsed() < TIME / 5 {
            work();
            times += 1;
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(times)
    };
    round();
    (0..5).map(|_| round()).fold(f64::MAX, f64::min)
}

/// The bundle of a document of that size.
fn deposit(tables: &Tables) -> Value {
    let mut sample = Sample::default();
    let missing = CDA.saturating_sub(sample.xml().len());
    let row = "<item>Tension 120/80 mmHg, pouls 64/min, poids 70 kg</item>";
    let text = format!(
        "<text><list>{}</list></text>",
        row.repeat(missing / row.len())
    );
    sample.body = format!(
        "<component><structuredBody><component><section>{text}</section></component></structuredBody></component>"
    );
    let bytes = sample.xml().into_bytes();
    let header = read_header(&bytes).expect("a header");
    let header = metadata_json(&header, &bytes, tables);
    bundle_of::bundle_for(&bytes, &header)
}

fn main() {
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment: Environment::Test,
        validation: Validation::Guide,
        base_url: "",
    };
    let resource = deposit(&tables);
    let json = resource.to_string();
    let xml = wire::write_xml(&resource).expect("XML");
    let read = |format, text: &str| {
        wire::read(format, text.as_bytes(), "Bundle").unwrap_or_else(|e| panic!("{:?}", e.issues))
    };
    assert_eq!(read(Format::Xml, &xml), read(Format::Json, &json));
    let mapped = |format, text: &str| {
        let mut resource = read(format, text);
        bundle::name_patients(&mut resource);
        bundle::read(&resource, &reading).unwrap_or_else(|e| panic!("{:?}", e.issues))
    };
    println!(
        "a deposit of one document, {} bytes of JSON, {} of XML; microseconds",
        json.len(),
        xml.len()
    );
    println!("{:<24}{:>8}{:>8}{:>8}", "", "JSON", "XML", "ratio");
    let row = |name, json: f64, xml: f64| {
        println!("{name:<24}{json:>8.0}{xml:>8.0}{:>8.2}", xml / json);
    };
    row(
        "read",
        measure(|| drop(black_box(read(Format::Json, &json)))),
        measure(|| drop(black_box(read(Format::Xml, &xml)))),
    );
    row(
        "write",
        measure(|| drop(black_box(resource.to_string()))),
        measure(|| drop(black_box(wire::write_xml(&resource)))),
    );
    row(
        "read, checked, mapped",
        measure(|| drop(black_box(mapped(Format::Json, &json)))),
        measure(|| drop(black_box(mapped(Format::Xml, &xml)))),
    );
}
