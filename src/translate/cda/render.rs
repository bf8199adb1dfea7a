//! A document as a page that a person reads: HTML5 written as XML, complete in itself, without script and without anything fetched.
//!
//! The walker reads, [`page`] writes: only elements of a closed list, with attributes of our own making, and all text escaped.

mod body;

mod head;
mod media;
mod narrative;
mod page;

use super::CdaHeader;
use super::attributes::forbidden;
use super::decode::decode;
use super::escape::escaped;
use super::fault::{Fault, words};
use super::read::read_header;
use super::walk::Walker;
use crate::error::Issue;
use crate::tables::Tables;
use media::{Library, Media};
use narrative::Hole;
use page::Page;

/// What a browser may do with the page: show its own style and its own images. Also for the `Content-Security-Policy` header.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Most HTML for the body of one document, images and attachments included.
pub const MAX_HTML: usize = 20 << 20;

const STYLE: &str = include_str!("render/style.css");

const TOO_LONG: &str =
    "<p class=\"notice\" lang=\"fr\">Document trop long : cette vue n'en montre pas tout.</p>";
const NOTHING: &str = "<p class=\"notice\" lang=\"fr\">Ce document n'a pas de texte lisible.</p>";

/// One rendering.
struct Renderer<'a> {
    walker: Walker<'a>,
    page: Page,
    holes: Vec<Hole>,
    library: Library,
    unstructured: Option<Media>,
}

/// Renders a CDA R2 document: its header in French, then its narrative, or the content of its unstructured body.
///
/// # Errors
/// `cda-invalid` with its place, as [`read_header`] and for XML that is not well-formed anywhere.
pub fn render(bytes: &[u8], tables: &Tables) -> Result<String, Issue> {
    render_within(bytes, tables, MAX_HTML)
}

fn render_within(bytes: &[u8], tables: &Tables, limit: usize) -> Result<String, Issue> {
    let header = read_header(bytes)?;
    let text = decode(bytes)?;
    if let Some(at) = forbidden(&text) {
        return Err(Fault::new(at, words::CHARACTER).issue(&text));
    }
    let mut renderer = Renderer {
        walker: Walker::new(&text),
        page: Page::new(limit),
        holes: Vec::new(),
        library: Library::default(),
        unstructured: None,
    };
    renderer.document().map_err(|fault| fault.issue(&text))?;
    Ok(renderer.finish(&header, tables, limit))
}

impl Renderer<'_> {
    fn finish(mut self, header: &CdaHeader, tables: &Tables, limit: usize) -> String {
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"/>\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{CONTENT_SECURITY_POLICY}\"/>\
             <meta name=\"referrer\" content=\"no-referrer\"/>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
             <title>{}</title><style>\n{STYLE}</style></head><body>",
            language(header),
            escaped(&head::title(header, tables)),
        );
        out.push_str(&head::html(header, tables));
        let before = out.len();
        if self.page.is_full() {
            out.push_str(TOO_LONG);
        }
        out.push_str("<main>");
        let start = out.len();
        let fits = self.main(&mut out, before.saturating_add(limit));
        if out.len() == start {
            out.push_str(NOTHING);
        }
        if !fits {
            out.push_str(TOO_LONG);
        }
        out.push_str("</main><footer lang=\"fr\">Vue lisible d'un document CDA R2 ; l'original fait foi.</footer></body></html>\n");
        out
    }

    /// The body, its objects in their places, and those that have none. False when something did not fit below `limit`.
    fn main(&mut self, out: &mut String, limit: usize) -> bool {
        let page = std::mem::replace(&mut self.page, Page::new(0));
        let mut fits = !page.is_full();
        let html = page.html();
        let mut done = 0;
        for hole in &self.holes {
            let rest = html.len().saturating_sub(done);
            let room = limit.saturating_sub(out.len() + rest);
            match self.library.show(&hole.object, hole.is_in_link, room) {
                Some(shown) => {
                    out.push_str(html.get(done..hole.at).unwrap_or_default());
                    out.push_str(&shown);
                    done = hole.at;
                }
                None => fits = false,
            }
        }
        out.push_str(html.get(done..).unwrap_or_default());
        if let Some(media) = &self.unstructured {
            let room = limit.saturating_sub(out.len());
            match media::body(media, room) {
                Some(shown) => out.push_str(&shown),
                None => fits = false,
            }
        }
        let mut others = self.library.others().peekable();
        if others.peek().is_none() {
            return fits;
        }
        out.push_str("<section lang=\"fr\"><h2>Pièces jointes</h2><ul>");
        for (index, media) in others {
            let room = limit.saturating_sub(out.len());
            match media::alone(index, media, room) {
                Some(shown) => out.push_str(&shown),
                None => fits = false,
            }
        }
        out.push_str("</ul></section>");
        fits
    }
}

/// The language that the document names, if it is a language tag.
fn language(header: &CdaHeader) -> &str {
    let is_tag = |tag: &&str| {
        let is_part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        tag.len() <= 35 && tag.split('-').all(is_part)
    };
    header.language.as_deref().filter(is_tag).unwrap_or("fr")
}
