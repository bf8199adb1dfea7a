//! Enemies: nothing of their markup reaches the page, and none of them costs more than its size.

use std::time::{Duration, Instant};

use passerelle::tables::Tables;
use passerelle::translate::cda::{MAX_HTML, render};
use proptest::prelude::*;

use super::support::sample::with;
use super::{entry, main_of, narrative, page, section, shown, unstructured};

/// Generous for a machine under load and a build without optimisation.
const TIME: Duration = Duration::from_secs(60);

/// What would act in a browser if it came through.
const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "<script xmlns=\"http://www.w3.org/1999/xhtml\">alert(1)</script>",
    "<h:script xmlns:h=\"http://www.w3.org/1999/xhtml\" src=\"https://evil.example/a.js\"/>",
    "<style>body{display:none}</style>",
    "<iframe src=\"https://evil.example/\"/>",
    "<object data=\"https://evil.example/\"/><embed src=\"https://evil.example/\"/>",
    "<img src=\"x\" onerror=\"alert(1)\"/>",
    "<svg onload=\"alert(1)\"/>",
    "<form action=\"https://evil.example/\"><input name=\"a\"/></form>",
    "<base href=\"https://evil.example/\"/><meta http-equiv=\"refresh\" content=\"0\"/>",
    "<paragraph onclick=\"alert(1)\" style=\"background:url(https://evil.example/)\">x</paragraph>",
    "<td onmouseover=\"alert(1)\" background=\"https://evil.example/\">x</td>",
    "<linkHtml href=\"javascript:alert(1)\">x</linkHtml>",
    "<linkHtml href=\" java&#10;script:alert(1)\">x</linkHtml>",
    "<linkHtml href=\"JaVaScRiPt:alert(1)\" onclick=\"alert(1)\">x</linkHtml>",
    "<linkHtml href=\"data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;\">x</linkHtml>",
    "<linkHtml href=\"vbscript:x\">x</linkHtml><linkHtml href=\"file:///etc/passwd\">x</linkHtml>",
    "<linkHtml href=\"https://example.org/&quot; onclick=&quot;alert(1)\">x</linkHtml>",
    "<linkHtml href=\"#&quot;&gt;&lt;script&gt;\">x</linkHtml>",
    "<content ID=\"&quot;&gt;&lt;script&gt;\" styleCode=\"&quot;&gt;&lt;script&gt;\">x</content>",
    "<table><tbody><tr><td colspan=\"&quot;&gt;&lt;script&gt;\" rowspan=\"999999999\">x</td></tr></tbody></table>",
    "<renderMultiMedia referencedObject=\"&quot;&gt;&lt;script&gt;\"/>",
    "<footnoteRef IDREF=\"&quot;&gt;&lt;script&gt;\"/>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&lt;/div&gt;&lt;/main&gt;",
    "<![CDATA[</div></main><script>alert(1)</script>]]>",
    "<?php echo 1 ?><!-- <script> -->x",
    "<text><section><title>x</title></section></text>",
    "<ClinicalDocumentx xmlns=\"urn:x\"/>",
];

#[test]
fn no_attack_reaches_the_page() {
    for attack in ATTACKS {
        let table = format!("<table>{attack}<tr>{attack}</tr></table><list>{attack}</list>");
        for content in [(*attack).to_owned(), table] {
            let html = page(&narrative(&content));
            // The closed list of elements and attributes.
            entry::text_of(&html);
            for bad in [
                "<script",
                "javascript:",
                "<iframe",
                "<svg",
                "<form",
                "<?",
                "<!--",
            ] {
                let found = html.to_ascii_lowercase().contains(bad);
                assert!(!found, "{attack}: {html}");
            }
        }
    }
}

#[test]
fn the_header_is_no_way_in_either() {
    let bad = "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;";
    let html = page(&with(|sample| {
        sample.title = format!("<title>{bad}</title>");
        sample.language = format!("<languageCode code=\"{bad}\"/>");
        sample.code = format!(
            "<code code=\"11488-4\" codeSystem=\"2.16.840.1.113883.6.1\" displayName=\"{bad}\"/>"
        );
        sample.patient_ids = format!("<id root=\"1.2.3\" extension=\"{bad}\"/>");
        sample.patient_name = format!("<name><family>{bad}</family><given>{bad}</given></name>");
        sample.custodian = sample.custodian.replace("Hôpital", bad);
    }));
    entry::text_of(&html);
    assert!(!html.contains("<script"));
    assert!(html.contains("<html lang=\"fr\">"));
}

#[test]
fn broken_documents_are_refused_with_their_place() {
    let deep = format!(
        "{}{}",
        "<content>".repeat(100_000),
        "</content>".repeat(100_000)
    );
    let twice = with(|sample| sample.body = sample.body.repeat(2));
    let long = format!("<content x=\"{}\"/>", " ".repeat(2 << 20));
    let tables = Tables::built_in();
    let wrong = [narrative("ZZ").into_bytes(), vec![0xFF, 0xFE, 0xC3]].concat();
    let mut inside = narrative("ZZ").into_bytes();
    let at = inside.windows(2).rposition(|pair| pair == b"ZZ").unwrap();
    inside[at] = 0xC3;
    for (name, bytes) in [
        ("nesting", narrative(&deep).into_bytes()),
        ("entity", narrative("&x;").into_bytes()),
        (
            "crossed",
            narrative("<content><sub></content></sub>").into_bytes(),
        ),
        ("two bodies", twice.into_bytes()),
        ("attribute", narrative(&long).into_bytes()),
        ("bytes after", wrong),
        ("bytes inside", inside),
        ("control character", narrative("\u{1}").into_bytes()),
        ("another root", b"<a/>".to_vec()),
        ("nothing", Vec::new()),
    ] {
        let start = Instant::now();
        let issue = render(&bytes, &tables).expect_err(name);
        assert!(issue.position.is_some(), "{name}");
        assert!(start.elapsed() < TIME, "{name}");
    }
}

#[test]
fn malformed_base64_is_told_and_left_out() {
    for data in ["JVB", "JVBE\"><script>", "====", "", "JV=E"] {
        let data = data.replace('<', "&lt;").replace('>', "&gt;");
        for kind in ["application/pdf", "image/png", "image/svg+xml", "\"><b"] {
            let kind = kind.replace('"', "&quot;").replace('<', "&lt;");
            let text = format!("<text mediaType=\"{kind}\" representation=\"B64\">{data}</text>");
            let main = main_of(&unstructured(&text));
            assert!(main.contains("illisible"), "{main}");
            let media = format!(
                "<entry><observationMedia>{}</observationMedia></entry>",
                text.replace("text ", "value ").replace("/text", "/value")
            );
            assert!(main_of(&section(&media)).contains("illisible"));
        }
    }
}

/// A picture shown ten thousand times is there once; a page that would be too long says so and ends well.
#[test]
fn pages_are_bounded() {
    let start = Instant::now();
    let image = format!(
        "<text>{}</text><entry><observationMedia ID=\"i\"><value mediaType=\"image/png\" representation=\"B64\">{}</value></observationMedia></entry>",
        "<renderMultiMedia referencedObject=\"i\"/>".repeat(10_000),
        "QUJD".repeat(20_000),
    );
    let main = main_of(&section(&image));
    assert_eq!(main.matches("<img ").count(), 1);
    assert!(main.len() < 2_000_000, "{}", main.len());

    // Four bytes for one: text that grows most.
    let row = format!(
        "<tr><td>a</td><td align=\"right\"><![CDATA[{}]]></td></tr>",
        "<".repeat(100)
    );
    let rows = row.repeat(MAX_HTML / 400);
    let rows = format!("<table>{rows}</table><paragraph>the end</paragraph>");
    let html = page(&narrative(&rows));
    entry::text_of(&html);
    assert!(html.len() < MAX_HTML + (64 << 10), "{}", html.len());
    assert!(html.contains("Document trop long"));
    assert!(!html.contains("the end"));

    let pdf = "QUJD".repeat(MAX_HTML / 4 + 1);
    let pdf = format!("<text mediaType=\"application/pdf\" representation=\"B64\">{pdf}</text>");
    let main = main_of(&unstructured(&pdf));
    assert!(
        main.contains("Document trop long") && main.len() < 1000,
        "{main:.1000}"
    );
    assert!(start.elapsed() < TIME, "{:?}", start.elapsed());
}

#[test]
fn deep_nesting_within_the_bounds_is_shown() {
    let deep = |name: &str| {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        shown(&format!("{}x{}", open.repeat(90), close.repeat(90)))
    };
    for name in [
        "content",
        "paragraph",
        "table",
        "list",
        "tr",
        "item",
        "unknown",
    ] {
        assert!(deep(name).contains('x'), "{name}");
    }
}

const PIECES: &[&str] = &[
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<td>",
    "</td>",
    "<th>",
    "</th>",
    "<thead>",
    "</thead>",
    "<tbody>",
    "</tbody>",
    "<paragraph>",
    "</paragraph>",
    "<list>",
    "</list>",
    "<item>",
    "</item>",
    "<caption>",
    "</caption>",
    "<content styleCode=\"Bold\" ID=\"a\">",
    "</content>",
    "<linkHtml href=\"#a\">",
    "</linkHtml>",
    "<renderMultiMedia referencedObject=\"i\"/>",
    "<br/>",
    "<footnote>",
    "</footnote>",
    "<footnoteRef IDREF=\"a\"/>",
    "<x>",
    "</x>",
    "word ",
    "&lt;",
];

/// Pieces in any order, closed where they must be.
fn balanced(pieces: &[usize]) -> (String, String) {
    let (mut xml, mut words, mut open) = (String::new(), String::new(), Vec::new());
    for piece in pieces.iter().filter_map(|i| PIECES.get(*i)) {
        if let Some(name) = piece.strip_prefix("</") {
            if open.last() != Some(&name) {
                continue;
            }
            open.pop();
        } else if piece.starts_with('<') && !piece.ends_with("/>") {
            let name = piece.trim_start_matches('<');
            let end = name.find([' ', '>']).unwrap();
            let closing = PIECES.iter().find(|one| {
                one.strip_prefix("</")
                    .is_some_and(|close| close.trim_end_matches('>') == &name[..end])
            });
            open.push(&closing.unwrap()[2..]);
        } else if !piece.starts_with('<') {
            words.push_str(&piece.trim().replace("&lt;", "<"));
        }
        xml.push_str(piece);
    }
    for name in open.iter().rev() {
        xml.push_str("</");
        xml.push_str(name);
    }
    (xml, words)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]
    /// However elements are nested, the page is nested as HTML wants it and no word is lost or moved.
    #[test]
    fn any_nesting_keeps_its_words(pieces in prop::collection::vec(0..PIECES.len(), 0..60)) {
        let (xml, words) = balanced(&pieces);
        let media = "<entry><observationMedia ID=\"i\"><value mediaType=\"image/png\" representation=\"B64\">QUJD</value></observationMedia></entry>";
        let html = page(&section(&format!("<text>{xml}</text>{media}")));
        let text = entry::text_of(&html).concat();
        let (_, text) = text.rsplit_once("version 3").unwrap();
        let text = text.split("Pièces jointes").next().unwrap().split("Vue lisible").next().unwrap();
        let text: String = text.replace("[note]", "").replace("Contenu 1, déjà présenté", "").replace("[Contenu joint : voir en fin de document.]", "").split_whitespace().collect();
        prop_assert_eq!(text, words, "{}", xml);
    }

    #[test]
    fn mutations_hold(at in any::<usize>(), length in 0..12_usize, piece in 0..ATTACKS.len()) {
        let mut bytes = narrative("<table><tr><td>a</td></tr></table><list><item>é</item></list>").into_bytes();
        let start = at % (bytes.len() + 1);
        let end = bytes.len().min(start + length);
        bytes.splice(start..end, ATTACKS[piece].bytes());
        entry::any_bytes(&bytes);
    }
}
