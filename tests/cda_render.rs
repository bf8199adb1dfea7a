//! Documents as pages: all that the document tells is there, and nothing of its markup.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "../fuzz/entries/render.rs"]
mod entry;

#[path = "cda_render/corpus.rs"]
mod corpus;
#[path = "cda_render/hostile.rs"]
mod hostile;
#[path = "cda_render/http.rs"]
mod http;
#[path = "cda_render/meaning.rs"]
mod meaning;

use passerelle::tables::Tables;
use passerelle::translate::cda::render;
use support::sample::with;

/// The page of a document.
fn page(xml: &str) -> String {
    match render(xml.as_bytes(), &Tables::built_in()) {
        Ok(html) => html,
        Err(issue) => panic!("{}", issue.english()),
    }
}

/// A document whose only section holds this.
fn section(content: &str) -> String {
    with(|sample| {
        sample.body = format!(
            "<component><structuredBody><component><section>{content}</section></component></structuredBody></component>"
        );
    })
}

/// A document with this narrative.
fn narrative(content: &str) -> String {
    section(&format!("<text>{content}</text>"))
}

/// A document with an unstructured body.
fn unstructured(text: &str) -> String {
    with(|sample| {
        sample.body = format!("<component><nonXMLBody>{text}</nonXMLBody></component>");
    })
}

/// The `main` element of a page that was found to be good.
fn main_of(xml: &str) -> String {
    let html = page(xml);
    entry::text_of(&html);
    let (_, main) = html.split_once("<main>").expect("main");
    let (main, _) = main.split_once("</main>").expect("end of main");
    main.to_owned()
}

/// What stands for a narrative.
fn shown(content: &str) -> String {
    let main = main_of(&narrative(content));
    let inner = main.strip_prefix("<section><div class=\"text\">");
    let inner = inner.and_then(|main| main.strip_suffix("</div></section>"));
    inner.unwrap_or_else(|| panic!("{main}")).to_owned()
}
