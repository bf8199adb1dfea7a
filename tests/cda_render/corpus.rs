//! The national documents: each has a page, and each word of its narrative is there, in order.

use std::fs;

use passerelle::tables::Tables;
use passerelle::translate::cda::render;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::entry;
use super::support::shared_cda;

/// Texts of titles and narrative blocks of sections, as another reading finds them.
fn narrative_of(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let (mut path, mut found) = (Vec::<String>::new(), Vec::new());
    loop {
        let event = reader.read_event().expect("well-formed");
        let parts = |path: &[String]| {
            path.windows(2)
                .any(|pair| pair[0] == "section" && (pair[1] == "text" || pair[1] == "title"))
        };
        match event {
            Event::Start(tag) => {
                path.push(tag.local_name().as_ref().to_owned());
                found.push(String::new());
            }
            Event::Empty(_) => found.push(String::new()),
            Event::End(_) => {
                path.pop();
                found.push(String::new());
            }
            Event::Text(text) if parts(&path) => found.last_mut().unwrap().push_str(&text),
            Event::CData(text) if parts(&path) => found.last_mut().unwrap().push_str(&text),
            Event::GeneralRef(name) if parts(&path) => {
                let c = match name.resolve_char_ref().expect("a character") {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::unescape(&format!("&{};", &*name))
                        .expect("predefined")
                        .into_owned(),
                };
                found.last_mut().unwrap().push_str(&c);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    found
}

fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn every_national_document_is_shown_with_every_word() {
    let tables = Tables::built_in();
    for file in shared_cda() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&file).unwrap();
        let html =
            render(&bytes, &tables).unwrap_or_else(|issue| panic!("{name}: {}", issue.english()));
        let text = bare(&entry::text_of(&html).concat());
        let mut rest = text.as_str();
        let mut count = 0;
        for words in narrative_of(&String::from_utf8(bytes).unwrap()) {
            let words = bare(&words);
            let Some(at) = rest.find(&words) else {
                panic!("{name}: {words} is not there, or not in its place")
            };
            rest = &rest[at + words.len()..];
            count += usize::from(!words.is_empty());
        }
        let is_unstructured = html.contains("download=\"piece-jointe-1.pdf\"");
        assert!(count > 0 || is_unstructured, "{name}: nothing");
    }
}

#[test]
fn pages_are_the_same_each_time() {
    let tables = Tables::built_in();
    for file in shared_cda().into_iter().take(5) {
        let bytes = fs::read(&file).unwrap();
        assert_eq!(render(&bytes, &tables), render(&bytes, &tables));
    }
}
