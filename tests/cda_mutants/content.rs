//! Bodies: what an unstructured one holds, sections, files inside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use passerelle::dmp::context::Validation;

use super::clinical::{assert_caught, judge, line};
use super::sample::with;

const TEXT: &str = "/ClinicalDocument/component/nonXMLBody/text";

fn pdf(inside: &str, end: &str) -> String {
    STANDARD.encode(format!("%PDF-1.4\n{inside}\n{end}"))
}

fn unstructured(attributes: &str, content: &str) -> String {
    with(|s| {
        s.body = format!(
            "<component><nonXMLBody>\n<text {attributes}>{content}</text></nonXMLBody></component>"
        )
    })
    .replace("1.2.250.1.213.1.1.1.40", "1.3.6.1.4.1.19376.1.2.20")
}

fn checks(xml: &str) -> Vec<String> {
    judge(xml.as_bytes(), Validation::Guide)
        .into_iter()
        .map(|one| one.check)
        .collect()
}

#[test]
fn an_unstructured_body_is_what_it_says() {
    const B64: &str = r#"mediaType="application/pdf" representation="B64""#;
    let good = pdf("<pdfaid:part>1</pdfaid:part>", "%%EOF");
    let fine = unstructured(B64, &good);
    let about_content = |check: &String| {
        check.starts_with("content") || check.starts_with("body") || check == "base64"
    };
    assert!(
        !checks(&fine).iter().any(about_content),
        "{:?}",
        checks(&fine)
    );
    for (attributes, content, check) in [
        (B64, STANDARD.encode("hello"), "content-magic"),
        (
            B64,
            STANDARD.encode([0xFF, 0xD8, 0xFF, 0xE0]),
            "content-magic",
        ),
        (
            B64,
            pdf("<pdfaid:part>1</pdfaid:part>", "%%E"),
            "content-truncated",
        ),
        (B64, pdf("", "%%EOF"), "content-pdfa"),
        (B64, pdf("pdfaid:part=\"2\"", "%%EOF"), "content-pdfa"),
        (B64, format!("{good}!"), "base64"),
        (B64, good[..good.len() - 1].to_owned(), "base64"),
        (B64, String::new(), "base64"),
        (
            r#"mediaType="application/zip" representation="B64""#,
            good.clone(),
            "content-media-type",
        ),
        (
            r#"representation="B64""#,
            good.clone(),
            "content-media-type",
        ),
        (
            r#"mediaType="application/pdf""#,
            good.clone(),
            "content-representation",
        ),
        (
            r#"mediaType="image/jpeg" representation="B64""#,
            good.clone(),
            "content-magic",
        ),
        (
            r#"mediaType="image/tiff" representation="B64""#,
            good.clone(),
            "content-magic",
        ),
        (
            r#"mediaType="text/rtf" representation="B64""#,
            good.clone(),
            "content-magic",
        ),
        (
            r#"mediaType="text/plain" representation="B64""#,
            STANDARD.encode([0, 1, 2]),
            "content-magic",
        ),
    ] {
        let xml = unstructured(attributes, &content);
        let at = xml.find(&format!("<text {attributes}")).unwrap();
        // The reader tells unreadable base64 where the body starts.
        let at = if check == "base64" {
            xml.find("<nonXMLBody").unwrap()
        } else {
            at
        };
        let issues = judge(xml.as_bytes(), Validation::Guide);
        assert_caught(check, &issues, check, TEXT, line(&xml, at));
    }
}

#[test]
fn body_and_template_agree() {
    let structured = with(|_| {}).replace("1.2.250.1.213.1.1.1.40", "1.3.6.1.4.1.19376.1.2.20");
    assert!(
        checks(&structured)
            .iter()
            .any(|check| check == "body-template")
    );
    let content = pdf("pdfaid:part=\"1\"", "%%EOF");
    let xml = unstructured(
        r#"mediaType="application/pdf" representation="B64""#,
        &content,
    );
    let xml = xml.replace("1.3.6.1.4.1.19376.1.2.20", "1.2.250.1.213.1.1.1.40");
    assert!(checks(&xml).iter().any(|check| check == "body-template"));
}

#[test]
fn sections_and_their_files_are_looked_at() {
    const START: &str = "<component><structuredBody>\n<component>";
    const END: &str = "</component></structuredBody></component>";
    const WHOLE: &str = "<code code=\"1\" codeSystem=\"1.2.3\"/><title>T</title><text>x</text>";
    let section = "/ClinicalDocument/component/structuredBody/component/section";
    let file = |media_type: &str, content: &str| {
        format!(
            "<section>{WHOLE}<entry><observationMedia><value mediaType=\"{media_type}\" representation=\"B64\">{content}</value></observationMedia></entry></section>"
        )
    };
    let value = format!("{section}/entry/observationMedia/value");
    for (inside, check, path) in [
        (
            "<section><title>T</title><text>x</text></section>".to_owned(),
            "section-code",
            section,
        ),
        (
            "<section><code code=\"1\" codeSystem=\"1.2.3\"/><text>x</text></section>".to_owned(),
            "section-title",
            section,
        ),
        (
            "<section><code code=\"1\" codeSystem=\"1.2.3\"/><title>T</title></section>".to_owned(),
            "section-text",
            section,
        ),
        (
            file("image/png", &STANDARD.encode("GIF89a")),
            "embedded-magic",
            &value,
        ),
        (file("application/pdf", "JVBER"), "embedded-base64", &value),
        (file("application/pdf", "%%%"), "embedded-base64", &value),
    ] {
        let xml = with(|s| s.body = format!("{START}{inside}{END}"));
        let at = xml.find("<section>").unwrap();
        let issues = judge(xml.as_bytes(), Validation::Guide);
        assert_caught(check, &issues, check, path, line(&xml, at));
    }
    let good = with(|s| s.body = format!("{START}<section>{WHOLE}</section>{END}"));
    assert!(
        !checks(&good)
            .iter()
            .any(|check| check.starts_with("section") || check.starts_with("embedded"))
    );
    let empty = with(|s| s.body = "<component><structuredBody/></component>".into());
    assert!(checks(&empty).iter().any(|check| check == "body-empty"));
}
