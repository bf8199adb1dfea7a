//! How the store keeps entries ready to send: everything but where this server is, which may change between two starts.

use std::sync::Arc;

use crate::dmp::context::{Environment, Validation};
use crate::dmp::document::DocumentEntry;
use crate::dmp::vaccination::Vaccination;
use crate::settings::Settings;
use crate::store::Render;
use crate::tables::Tables;
use crate::translate::{Reading, cda, document_reference};

/// Stands for the base URL. No text of a resource holds this character: XML and FHIR forbid it.
const BASE: &str = "\u{1}";
/// How JSON writes it at the start of a link.
const WRITTEN: &str = "\"\\u0001/";

struct Rendered {
    tables: Arc<Tables>,
    environment: Environment,
    validation: Validation,
}

impl Render for Rendered {
    fn document(&self, entry: &DocumentEntry) -> String {
        let reading = Reading {
            tables: &self.tables,
            environment: self.environment,
            validation: self.validation,
            base_url: BASE,
        };
        document_reference::write(entry, &reading).to_string()
    }

    fn vaccinations(&self, content: &[u8]) -> Vec<Vaccination> {
        cda::vaccinations(content)
    }
}

/// Renders entries as DocumentReferences.
pub fn render(settings: &Settings, tables: &Arc<Tables>) -> Arc<dyn Render> {
    Arc::new(Rendered {
        tables: Arc::clone(tables),
        environment: settings.identity.environment,
        validation: settings.fhir.validation,
    })
}

/// A kept resource as this server sends it.
pub(super) fn placed(resource: &str, base_url: &str) -> String {
    let mut text = String::with_capacity(resource.len() + 64);
    let (mut rest, mut seen) = (resource, 0);
    // Looking for the backslash is quick: resources hold few.
    while let Some(after) = rest.get(seen..).and_then(|tail| tail.find('\\')) {
        let quote = (seen + after).wrapping_sub(1);
        match rest.get(quote..) {
            Some(link) if link.starts_with(WRITTEN) => {
                text.push_str(&rest[..quote]);
                text.push('"');
                text.push_str(base_url);
                text.push('/');
                (rest, seen) = (&link[WRITTEN.len()..], 0);
            }
            // Another escape, of two characters at least.
            _ => seen += after + 2,
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_start_with_the_base_of_today() {
        let kept =
            serde_json::json!({"url": format!("{BASE}/Binary/1"), "title": "u0001/"}).to_string();
        let sent = placed(&kept, "https://dmp.example/fhir");
        assert_eq!(
            sent,
            r#"{"url":"https://dmp.example/fhir/Binary/1","title":"u0001/"}"#
        );
    }
}
