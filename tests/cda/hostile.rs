//! Documents that must be refused, with their place, quickly, and without a word of their content in the answer.

use std::time::{Duration, Instant};

use passerelle::error::{Code, Issue};
use passerelle::translate::cda::{read_header, read_whole};

use super::corpus::documents;
use super::sample::{Sample, with};

/// Generous for a machine under load and a build without optimisation; a quadratic reader needs hours.
const TIME: Duration = Duration::from_secs(20);

fn refused(name: &str, bytes: &[u8]) -> Vec<Issue> {
    let start = Instant::now();
    let issues = match read_whole(bytes) {
        Ok(_) => panic!("{name}: accepted"),
        Err(issues) => issues,
    };
    assert!(start.elapsed() < TIME, "{name}: {:?}", start.elapsed());
    for issue in &issues {
        assert_eq!(issue.code, Code::CdaInvalid, "{name}");
        assert!(issue.position.is_some(), "{name}: no place");
        let said = format!("{issue:?} {} {}", issue.french(), issue.english());
        assert!(!said.contains("ZZSECRET"), "{name}: {said}");
    }
    issues
}

/// Refused by both readings, at a line and column.
fn refused_at(name: &str, xml: &str, words: &str) {
    let issues = refused(name, xml.as_bytes());
    assert!(
        issues[0].english().contains(words),
        "{name}: {}",
        issues[0].english()
    );
    let fast = read_header(xml.as_bytes()).expect_err(name);
    assert_eq!(fast, issues[0], "{name}");
}

fn before_root(text: &str) -> String {
    with(|s| s.declaration.push_str(text))
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    for dtd in [
        "<!DOCTYPE ClinicalDocument>".to_owned(),
        "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\">".to_owned(),
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>".to_owned(),
        format!("<!DOCTYPE a [<!ENTITY l0 \"ha\">{bomb}]>"),
        "<!DOCTYPE a [<!ENTITY % p SYSTEM \"a\"> %p;]>".to_owned(),
    ] {
        refused_at(&dtd, &before_root(&dtd), "2:1 ");
    }
    for text in [
        "&x;",
        "&nbsp;",
        "& ",
        "&#0;",
        "&#xD800;",
        "&#x110000;",
        "&",
        "&a",
        "&;",
    ] {
        let xml = with(|s| s.title = format!("<title>ZZSECRET {text}</title>"));
        refused_at(text, &xml, "entity");
        let xml = with(|s| s.id = format!(r#"<id root="1.2.3" extension="{text}"/>"#));
        refused_at(text, &xml, "entity");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    refused_at("deep header", &with(|s| s.title = deep.clone()), "nested");
    let body = format!("<component><structuredBody>{deep}</structuredBody></component>");
    refused("deep body", with(|s| s.body = body).as_bytes());
    let many: String = (0..1_000_000).map(|n| format!(" a{n}=''")).collect();
    refused_at(
        "attributes",
        &with(|s| s.title = format!("<title{many}/>")),
        "attributes",
    );
    let same = " xmlns:a='b'".repeat(100_000);
    refused_at(
        "namespaces",
        &with(|s| s.title = format!("<title{same}/>")),
        "twice",
    );
    let huge = "x".repeat(10 << 20);
    refused_at(
        "attribute",
        &with(|s| s.title = format!("<title a='{huge}'/>")),
        "too long",
    );
    refused_at(
        "name",
        &with(|s| s.title = format!("<{huge}/>")),
        "too long",
    );
    refused_at(
        "text",
        &with(|s| s.title = format!("<title>{huge}</title>")),
        "too long",
    );
    let authors = "<author><assignedAuthor/></author>".repeat(100_000);
    refused_at("authors", &with(|s| s.authors = authors), "repetitions");
    let given = format!("<name>{}</name>", "<given>ZZSECRET</given>".repeat(100_000));
    refused_at("given names", &with(|s| s.patient_name = given), "too long");
}

#[test]
fn broken_markup_is_refused_where_it_breaks() {
    let title = |title: &str| with(|s| s.title = title.to_owned());
    for (name, xml, place) in [
        ("end tag", title("<title>a</titl>"), "6:9 "),
        ("doubled attribute", title("<title a='1' a='2'/>"), "6:14 "),
        ("no blank", title("<title a='1'b='2'/>"), "6:13 "),
        ("no quotes", title("<title a=1/>"), "6:10 "),
        ("angle in attribute", title("<title a='<'/>"), "6:11 "),
        ("comment", title("<!-- a -- b -->"), "6:8 "),
        ("control character", title("<title>é\u{1}</title>"), "6:9 "),
        ("not a character", title("<title>\u{FFFF}</title>"), "6:8 "),
        ("end of CDATA", title("<title>a]]>b</title>"), "6:9 "),
        ("undeclared prefix", title("<x:title/>"), "6:1 "),
        (
            "undeclared prefix of attribute",
            title("<title x:a='1'/>"),
            "6:8 ",
        ),
        ("late declaration", title("<?xml version='1.0'?>"), "6:1 "),
        (
            "two declarations",
            before_root("<?xml version='1.0'?>"),
            "2:1 ",
        ),
        ("text before the root", before_root("ZZSECRET"), "2:1 "),
        ("name", title("<1title/>"), "6:2 "),
        ("reserved target", title("<?XML a?>"), "6:3 "),
        (
            "version",
            with(|s| s.declaration = "<?xml version='2.0'?>".into()),
            "1:1 ",
        ),
        ("markup", title("<!ELEMENT a>"), "6:1 "),
    ] {
        let words = words_of(&xml, name);
        assert!(words.starts_with(place), "{name}: {words}");
    }
    for (name, tail) in [
        ("root", "<a/>"),
        ("text", "ZZSECRET"),
        ("reference", "&amp;"),
    ] {
        refused(
            name,
            format!("{}{tail}", Sample::default().xml()).as_bytes(),
        );
    }
}

fn words_of(xml: &str, name: &str) -> String {
    refused(name, xml.as_bytes())[0].english()
}

#[test]
fn what_is_no_header_is_refused() {
    let xml = Sample::default().xml();
    refused_at(
        "namespace",
        &xml.replace("urn:hl7-org:v3", "urn:hl7-org:v2"),
        "2:1 ",
    );
    refused_at("no namespace", "<ClinicalDocument/>", "1:1 ");
    refused_at("another root", "<html xmlns='urn:hl7-org:v3'/>", "1:1 ");
    refused_at("nothing", "<!-- ZZSECRET -->", "1:18 ");
    refused_at("blank", " \n ", "2:2 ");
    let content = Sample::default().content();
    let document = format!(
        "<ClinicalDocument xmlns='urn:hl7-org:v3' xmlns:lab='urn:lab' xmlns:ps='urn:p'>{content}</ClinicalDocument>"
    );
    let sheet = |inside: &str| {
        format!(
            "<s:stylesheet xmlns:s='http://www.w3.org/1999/XSL/Transform'>{inside}</s:stylesheet>"
        )
    };
    refused_at("empty sheet", &sheet(""), "ClinicalDocument");
    refused_at(
        "in a template",
        &sheet(&format!("<s:template>{document}</s:template>")),
        "1:1 ",
    );
    refused("two documents", sheet(&document.repeat(2)).as_bytes());
    for (name, xml) in [
        ("two ids", with(|s| s.id = s.id.repeat(2))),
        ("two codes", with(|s| s.code = s.code.repeat(2))),
        ("two titles", with(|s| s.title = s.title.repeat(2))),
        (
            "two times",
            with(|s| s.effective_time = s.effective_time.repeat(2)),
        ),
        (
            "two custodians",
            with(|s| s.custodian = s.custodian.repeat(2)),
        ),
    ] {
        refused_at(name, &xml, "twice");
    }
    for (name, xml) in [
        ("no id", with(|s| s.id.clear())),
        ("null id", with(|s| s.id = "<id nullFlavor='UNK'/>".into())),
        ("no code", with(|s| s.code.clear())),
        (
            "no time",
            with(|s| s.effective_time = "<effectiveTime/>".into()),
        ),
    ] {
        refused_at(name, &xml, "required element missing");
    }
    for time in [
        "",
        "20230230",
        "2023-02-03",
        "202302031",
        "20230203250000",
        "202302+0100",
        "ZZSECRET",
        "20230203101010+1é1",
    ] {
        let xml = with(|s| s.effective_time = format!("<effectiveTime value='{time}'/>"));
        let issues = refused(time, xml.as_bytes());
        assert_eq!(issues.len(), 1, "{time}: {issues:?}");
    }
    let bad = with(|s| s.birth_time = "<birthTime value='20230230'/>".into());
    refused_at("birth time", &bad, "invalid time");
    let bad = with(|s| s.id = "<id root='ZZSECRET'/>".into());
    refused_at("root", &bad, "neither an OID nor a UUID");
}

#[test]
fn bodies_are_read_to_their_end() {
    let body = |inside: &str| with(|s| s.body = format!("<component>{inside}</component>"));
    for (name, xml) in [
        ("none", with(|s| s.body.clear())),
        ("neither", body("<section/>")),
        (
            "both",
            body(
                "<structuredBody/><nonXMLBody><text representation='B64'>AAAA</text></nonXMLBody>",
            ),
        ),
        ("no text", body("<nonXMLBody/>")),
        (
            "empty text",
            body("<nonXMLBody><text mediaType='application/pdf'/></nonXMLBody>"),
        ),
        (
            "not base64",
            body("<nonXMLBody><text representation='B64'>ZZSECRET!</text></nonXMLBody>"),
        ),
        (
            "cut base64",
            body("<nonXMLBody><text representation='B64'>JVBER</text></nonXMLBody>"),
        ),
        (
            "broken body",
            body("<structuredBody><a></b></structuredBody>"),
        ),
        (
            "entity in body",
            body("<structuredBody>&x;</structuredBody>"),
        ),
        (
            "header after the body",
            with(|s| s.body.push_str("<author/>")),
        ),
    ] {
        refused(name, xml.as_bytes());
    }
}

#[test]
fn a_cut_document_is_refused_wherever_it_is_cut() {
    let mut all = documents();
    all.retain(|(_, bytes)| bytes.len() < 40_000);
    all.push(("ours".to_owned(), Sample::default().xml().into_bytes()));
    for (name, bytes) in all {
        let bytes = bytes.trim_ascii_end();
        for n in 0..50 {
            let cut = &bytes[..bytes.len() * n / 50];
            refused(&format!("{name} {n}/50"), cut);
        }
        refused(&name, &bytes[..bytes.len() - 1]);
    }
}

#[test]
fn mixed_encodings_are_refused_at_the_first_wrong_byte() {
    let xml = with(|s| s.title = "<title>é\0</title>".to_owned());
    let at = xml.find('\0').expect("mark");
    let mut bytes = xml.into_bytes();
    bytes[at] = 0xE9;
    let issues = refused("latin-1 byte in UTF-8", &bytes);
    let place = issues[0].position.expect("place");
    assert_eq!((place.line, place.column), (6, 9));
    let wrong = with(|s| s.declaration = "<?xml version='1.0' encoding='ISO-8859-1'?>".into());
    refused(
        "mark against declaration",
        format!("\u{FEFF}{wrong}").as_bytes(),
    );
    refused(
        "two marks",
        format!("\u{FEFF}\u{FEFF}{}", Sample::default().xml()).as_bytes(),
    );
    let unknown = with(|s| s.declaration = "<?xml version='1.0' encoding='UTF-7'?>".into());
    refused("unknown encoding", unknown.as_bytes());
}
