//! Any bytes as a document to show: shared by the fuzz target and by `tests/cda_render.rs`.

use std::collections::HashSet;
use std::sync::LazyLock;

use passerelle::tables::Tables;
use passerelle::translate::cda::{MAX_HTML, read_header, render};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

/// Every element that a page may have, with its attributes.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("html", &["lang"]),
    ("head", &[]),
    ("meta", &["charset", "http-equiv", "content", "name"]),
    ("title", &[]),
    ("style", &[]),
    ("body", &[]),
    ("header", &[]),
    ("main", &[]),
    ("footer", &["lang"]),
    ("section", &["lang", "id"]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("dl", &["lang"]),
    ("dt", &[]),
    ("dd", &[]),
    ("div", &["class", "id"]),
    ("p", &["class", "id", "lang"]),
    ("span", &["class", "id", "lang"]),
    ("strong", &["id"]),
    ("em", &["id"]),
    ("u", &["id"]),
    ("del", &["id"]),
    ("ins", &["id"]),
    ("sub", &["id"]),
    ("sup", &["id"]),
    ("small", &["class", "id"]),
    ("br", &[]),
    ("a", &["href", "rel", "class", "id", "download"]),
    ("img", &["id", "alt", "src"]),
    ("pre", &[]),
    ("ul", &["class", "id"]),
    ("ol", &["class", "id"]),
    ("li", &["class", "id"]),
    ("table", &["class", "id"]),
    ("caption", &["class", "id"]),
    ("thead", &["class", "id"]),
    ("tbody", &["class", "id"]),
    ("tfoot", &["class", "id"]),
    ("tr", &["class", "id"]),
    ("td", &["class", "id", "colspan", "rowspan"]),
    ("th", &["class", "id", "colspan", "rowspan", "scope"]),
];

const CLASSES: &[&str] = &[
    "text", "kind", "caption", "footnote", "notice", "media", "file", "b", "i", "u", "c", "r",
];

const FILES: &[&str] = &[
    "data:application/pdf;base64,",
    "data:application/rtf;base64,",
    "data:image/tiff;base64,",
    "data:text/plain;base64,",
    "data:application/octet-stream;base64,",
];

const IMAGES: &[&str] = &[
    "data:image/png;base64,",
    "data:image/jpeg;base64,",
    "data:image/gif;base64,",
];

/// Elements that end a `p` in HTML.
const BLOCKS: &[&str] = &[
    "p", "div", "section", "table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "dl",
    "header", "footer",
];

/// What must hold whatever comes in.
///
/// # Panics
/// When it does not.
pub(crate) fn any_bytes(bytes: &[u8]) {
    match render(bytes, &TABLES) {
        Ok(html) => {
            assert!(read_header(bytes).is_ok());
            assert!(html.len() <= MAX_HTML + 6 * bytes.len() + (64 << 10));
            let _ = text_of(&html);
        }
        Err(issue) => assert!(issue.position.is_some()),
    }
}

/// The words of a page, element by element, once all of its markup was found to be of the closed list and nested as HTML allows.
///
/// # Panics
/// When it is not.
pub(crate) fn text_of(html: &str) -> Vec<String> {
    let body = html
        .strip_prefix("<!DOCTYPE html>\n")
        .expect("a document type");
    let mut reader = Reader::from_str(body);
    let (mut open, mut ids, mut words) = (Vec::<String>::new(), HashSet::new(), Vec::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                element(&tag, &open, &mut ids);
                open.push(tag.name().as_ref().to_owned());
                words.push(String::new());
            }
            Event::Empty(tag) => {
                element(&tag, &open, &mut ids);
                let name = tag.name();
                assert!(["br", "img", "meta"].contains(&name.as_ref()), "{name:?}");
            }
            Event::End(_) => {
                open.pop();
                words.push(String::new());
            }
            Event::Text(text) => put(&mut words, &text, &open),
            Event::GeneralRef(name) => {
                let c = match &*name {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "#39" => "'",
                    other => panic!("reference {other}"),
                };
                put(&mut words, c, &open);
            }
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    words
}

fn put(words: &mut Vec<String>, text: &str, open: &[String]) {
    let parent = open.last().map(String::as_str).unwrap_or_default();
    if parent == "style" {
        return;
    }
    let is_structure = ["table", "thead", "tbody", "tfoot", "tr", "ul", "ol"].contains(&parent);
    assert!(!is_structure || text.trim().is_empty(), "text in {parent}");
    match words.last_mut() {
        Some(last) => last.push_str(text),
        None => words.push(text.to_owned()),
    }
}

fn element(tag: &BytesStart<'_>, open: &[String], ids: &mut HashSet<String>) {
    let name = tag.name();
    let name = name.as_ref();
    let (_, attributes) = ELEMENTS
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("element {name}"));
    nested(name, open);
    for attribute in tag.attributes() {
        let attribute = attribute.expect("an attribute");
        let (key, raw) = (attribute.key.as_ref(), &*attribute.value);
        assert!(attributes.contains(&key), "{name} {key}");
        let is_plain = !raw.contains(['<', '>', '"', '\'']);
        assert!(is_plain || name == "meta", "{name} {key}");
        let starts = |list: &[&str]| list.iter().any(|start| raw.starts_with(start));
        let is_good = match key {
            "class" => raw.split(' ').all(|class| CLASSES.contains(&class)),
            "id" => {
                let is_prefixed = raw.starts_with("d-") || raw.starts_with("v-");
                is_prefixed && ids.insert(raw.to_owned())
            }
            "src" => starts(IMAGES) && is_base64(raw),
            "href" if raw.starts_with("data:") => starts(FILES) && is_base64(raw),
            "href" => {
                let lower = raw.to_ascii_lowercase();
                let web = lower.starts_with("http://") || lower.starts_with("https://");
                web || raw.starts_with("#d-") || raw.starts_with("#v-")
            }
            "rel" => raw == "noopener noreferrer nofollow",
            "scope" => ["col", "row"].contains(&raw),
            "colspan" | "rowspan" => raw.parse::<u16>().is_ok_and(|n| (2..=1000).contains(&n)),
            _ => true,
        };
        assert!(is_good, "{name} {key}={raw:.100}");
    }
    let has = |key: &str| {
        tag.attributes()
            .flatten()
            .any(|one| one.key.as_ref() == key)
    };
    if let Some(href) = tag
        .attributes()
        .flatten()
        .find(|one| one.key.as_ref() == "href")
    {
        let is_file = href.value.starts_with("data:");
        assert_eq!(has("download"), is_file, "a file is saved, not opened");
        let is_outside = !is_file && !href.value.starts_with('#');
        assert_eq!(has("rel"), is_outside);
    }
}

fn nested(name: &str, open: &[String]) {
    let parent = open.last().map(String::as_str).unwrap_or_default();
    let wanted: &[&str] = match name {
        "li" => &["ul", "ol"],
        "caption" | "thead" | "tbody" | "tfoot" => &["table"],
        "tr" => &["thead", "tbody", "tfoot"],
        "td" | "th" => &["tr"],
        _ => &[],
    };
    assert!(
        wanted.is_empty() || wanted.contains(&parent),
        "{name} in {parent}"
    );
    let structures = ["table", "thead", "tbody", "tfoot", "tr", "ul", "ol"];
    assert!(
        !wanted.is_empty() || !structures.contains(&parent),
        "{name} in {parent}"
    );
    let is_in = |outer: &str| open.iter().any(|one| one == outer);
    assert!(!(name == "a" && is_in("a")), "a link in a link");
    let in_phrase = ["p", "h1", "h2", "h3", "h4", "h5", "h6"]
        .iter()
        .any(|outer| {
            let cell = open
                .iter()
                .rposition(|one| ["td", "th", "li"].contains(&one.as_str()));
            open.iter().skip(cell.unwrap_or(0)).any(|one| one == outer)
        });
    assert!(
        !(BLOCKS.contains(&name) && in_phrase),
        "{name} in a paragraph"
    );
}

fn is_base64(url: &str) -> bool {
    let data = url.split_once(',').map_or("", |(_, data)| data);
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    !data.is_empty() && data.len().is_multiple_of(4) && data.bytes().all(is_digit)
}
