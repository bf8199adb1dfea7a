//! What the document carries in base64: images shown in place, files to save. Nothing outside of the document is ever fetched.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::escape::escaped;
use crate::translate::cda::body::Base64;

/// How a content is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An image that browsers draw.
    Image,
    /// Text.
    Text,
    /// A file to save.
    File,
}

/// A media type that is named to the browser, the end of a file's name, and the French words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub form: Form,
    media_type: &'static str,
    ending: &'static str,
    words: &'static str,
}

const KINDS: &[(&str, Kind)] = &[
    ("image/png", kind(Form::Image, "image/png", "png", "Image")),
    (
        "image/jpeg",
        kind(Form::Image, "image/jpeg", "jpg", "Image"),
    ),
    ("image/jpg", kind(Form::Image, "image/jpeg", "jpg", "Image")),
    ("image/gif", kind(Form::Image, "image/gif", "gif", "Image")),
    ("text/plain", kind(Form::Text, "text/plain", "txt", "Texte")),
    (
        "application/pdf",
        kind(Form::File, "application/pdf", "pdf", "Document PDF"),
    ),
    (
        "text/rtf",
        kind(Form::File, "application/rtf", "rtf", "Document RTF"),
    ),
    (
        "application/rtf",
        kind(Form::File, "application/rtf", "rtf", "Document RTF"),
    ),
    (
        "image/tiff",
        kind(Form::File, "image/tiff", "tif", "Image TIFF"),
    ),
];

/// Any other type: a browser only saves it.
const OTHER: Kind = kind(Form::File, "application/octet-stream", "bin", "Fichier");

const fn kind(
    form: Form,
    media_type: &'static str,
    ending: &'static str,
    words: &'static str,
) -> Kind {
    Kind {
        form,
        media_type,
        ending,
        words,
    }
}

impl Kind {
    /// The kind of a `mediaType`; what is compressed is no longer of its type.
    pub(super) fn of(media_type: Option<&str>, is_compressed: bool) -> Self {
        let essence = media_type.unwrap_or_default().split(';').next();
        let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
        let known = KINDS.iter().find(|(name, _)| *name == essence);
        known
            .filter(|_| !is_compressed)
            .map_or(OTHER, |(_, kind)| *kind)
    }
}

/// A content as the document holds it.
#[derive(Debug)]
pub(super) struct Media {
    pub kind: Kind,
    /// Characters of the element, blanks left out when it is base64.
    pub data: String,
    /// True for readable base64.
    is_base64: bool,
    is_shown: bool,
}

impl Media {
    /// Takes the characters of an element.
    pub(super) fn new(kind: Kind, mut data: String) -> Self {
        let mut base64 = Base64::default();
        base64.feed(&data);
        let is_base64 = base64.is_readable();
        if is_base64 {
            data.retain(|c| !c.is_ascii_whitespace());
        }
        Self {
            kind,
            data,
            is_base64,
            is_shown: false,
        }
    }

    /// Takes text that is written as it is.
    pub(super) fn plain(kind: Kind, data: String) -> Self {
        Self {
            kind,
            data,
            is_base64: false,
            is_shown: false,
        }
    }

    /// The bytes as text: UTF-8, or what old files hold.
    pub(super) fn decoded(&self) -> Option<String> {
        let bytes = STANDARD.decode(self.data.as_bytes()).ok()?;
        Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let (text, _) =
                    encoding_rs::WINDOWS_1252.decode_without_bom_handling(error.as_bytes());
                text.into_owned()
            }
        })
    }

    fn html_within(&self, number: usize, room: usize) -> Option<String> {
        // Known before it is copied.
        if self.data.len() > room {
            return None;
        }
        within(self.html(number), room)
    }

    /// The markup that shows it; `number` names it.
    fn html(&self, number: usize) -> String {
        let Kind {
            form,
            media_type,
            ending,
            words,
        } = self.kind;
        if form == Form::Text && !self.is_base64 {
            return format!(r#"<span id="v-{number}">{}</span>"#, escaped(&self.data));
        }
        if !self.is_base64 {
            return notice(
                "Contenu joint illisible ou extérieur au document : il n'est pas repris.",
            );
        }
        let data = &self.data;
        if form == Form::Image {
            return format!(
                r#"<img id="v-{number}" alt="Image {number}" src="data:{media_type};base64,{data}"/>"#
            );
        }
        let size = size(data.len() / 4 * 3);
        format!(
            r#"<a id="v-{number}" class="file" download="piece-jointe-{number}.{ending}" href="data:{media_type};base64,{data}">{words} joint ({size})</a>"#
        )
        .replacen("Image TIFF joint ", "Image TIFF jointe ", 1)
    }
}

/// All contents of a document.
#[derive(Debug, Default)]
pub(super) struct Library {
    all: Vec<Media>,
    names: HashMap<String, usize>,
}

impl Library {
    /// Adds a content; the first with a name keeps it.
    pub(super) fn add(&mut self, names: impl Iterator<Item = String>, media: Media) {
        for name in names {
            self.names.entry(name).or_insert(self.all.len());
        }
        self.all.push(media);
    }

    /// The markup for a reference, None when it takes more than `room`. A content is there once; then it is only pointed to.
    /// In a link there can be no other link.
    pub(super) fn show(&mut self, name: &str, is_in_link: bool, room: usize) -> Option<String> {
        let found = self.names.get(name).copied();
        let Some((index, media)) = found.and_then(|i| Some((i, self.all.get_mut(i)?))) else {
            return within(notice("Contenu référencé absent du document."), room);
        };
        let number = index + 1;
        if is_in_link && (media.is_shown || media.kind.form != Form::Image) {
            return within(notice("Contenu joint : voir en fin de document."), room);
        }
        if media.is_shown {
            let link = format!(r##"<a href="#v-{number}">Contenu {number}, déjà présenté</a>"##);
            return within(link, room);
        }
        let shown = media.html_within(number, room)?;
        media.is_shown = true;
        Some(shown)
    }

    /// What nothing has shown.
    pub(super) fn others(&self) -> impl Iterator<Item = (usize, &Media)> {
        let numbered = self.all.iter().enumerate();
        numbered.filter(|(_, media)| !media.is_shown)
    }
}

/// The item of a content that nothing refers to, None when it takes more than `room`.
pub(super) fn alone(index: usize, media: &Media, room: usize) -> Option<String> {
    let shown = media.html_within(index + 1, room)?;
    within(format!("<li>{shown}</li>"), room)
}

/// The content of an unstructured body, None when it takes more than `room`.
pub(super) fn body(media: &Media, room: usize) -> Option<String> {
    if media.kind.form != Form::Text {
        return media.html_within(1, room);
    }
    let text = match media.decoded() {
        Some(text) if media.is_base64 => escaped(&text),
        _ => escaped(&media.data),
    };
    // Browsers leave out the first line end of a `pre`.
    within(format!("<pre>\n{text}</pre>"), room)
}

fn within(html: String, room: usize) -> Option<String> {
    (html.len() <= room).then_some(html)
}

fn notice(text: &str) -> String {
    format!(
        r#"<span class="notice" lang="fr">[{}]</span>"#,
        escaped(text)
    )
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} octets"),
        1_000..1_000_000 => format!("{} ko", bytes / 1_000),
        _ => format!("{},{} Mo", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
