//! Media types, as `Accept` and `Content-Type` name them (RFC 9110 §12.5.1, §8.3.1).

use axum::http::{HeaderMap, header};

/// One media type or range, in lower case.
#[derive(Debug)]
pub(super) struct MediaType {
    pub(super) essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().filter(|essence| essence.contains('/'))?;
        let parameters = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(Self {
            essence: essence.to_owned(),
            parameters,
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn fits_r4(&self) -> bool {
        self.parameter("fhirversion")
            .is_none_or(|version| ["4.0", "4.0.1"].contains(&version))
    }

    /// `q`; what is no weight is none.
    pub(super) fn weight(&self) -> f32 {
        let weight = self.parameter("q").map_or(Ok(1.0), str::parse);
        weight.unwrap_or(0.0)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.weight() > 0.0
    }
}

/// The ranges of `Accept` that are not excluded with `q=0`; anything when there is no `Accept`.
pub(super) fn accepted(headers: &HeaderMap) -> Vec<MediaType> {
    if !headers.contains_key(header::ACCEPT) {
        return MediaType::read("*/*").into_iter().collect();
    }
    ranges(headers).filter(MediaType::is_wanted).collect()
}

pub(super) fn ranges(headers: &HeaderMap) -> impl Iterator<Item = MediaType> {
    texts(headers, header::ACCEPT)
        .flat_map(|text| text.split(','))
        .filter_map(MediaType::read)
}

pub(super) fn content_type(headers: &HeaderMap) -> Option<MediaType> {
    texts(headers, header::CONTENT_TYPE)
        .next()
        .and_then(MediaType::read)
}

pub(super) fn texts(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}
