//! Enemies: whatever comes, the checker answers within the bounds that `docs/cda.md` states.

use std::time::{Duration, Instant};

use passerelle::dmp::context::Validation;
use passerelle::error::Severity;

use super::clinical::judge;
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
