//! How the store keeps entries ready to send.

use std::sync::Arc;

use crate::dmp::context::{Environment, Validation};
use crate::dmp::document::DocumentEntry;
use crate::settings::Settings;
use crate::store::Render;
use crate::tables::Tables;
use crate::translate::{Reading, document_reference};

struct Rendered {
    tables: Arc<Tables>,
    environment: Environment,
    validation: Validation,
    base_url: String,
}

impl Render for Rendered {
    fn document(&self, entry: &DocumentEntry) -> String {
        let reading = Reading {
            tables: &self.tables,
            environment: self.environment,
            validation: self.validation,
            base_url: &self.base_url,
        };
        document_reference::write(entry, &reading).to_string()
    }
}

/// Renders entries as DocumentReferences.
pub fn render(settings: &Settings, tables: &Arc<Tables>) -> Arc<dyn Render> {
    Arc::new(Rendered {
        tables: Arc::clone(tables),
        environment: settings.identity.environment,
        validation: settings.fhir.validation,
        base_url: settings.server.base_url.clone(),
    })
}
