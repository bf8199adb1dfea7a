//! What every request shares.

use std::sync::Arc;

use super::capability::Statements;
use super::clock::Clock;
use super::conformance::Library;
use super::metrics::Metrics;
use super::openapi;
use super::paging::Pages;
use super::tls::Acceptor;
use crate::identity::portal::Portals;
use crate::notify::Notifier;
use crate::policy::Rules;
use crate::settings::Settings;
use crate::store::Store;
use crate::tables::Tables;
use crate::translate::Reading;

/// One server, ready to serve.
pub struct App {
    pub(super) settings: Settings,
    pub(super) rules: Rules,
    pub(super) store: Store,
    pub(super) pages: Pages,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) acceptor: Acceptor,
    pub(super) portals: Portals,
    pub(super) notifier: Notifier,
    /// The CapabilityStatement: the same for every client.
    pub(super) capability: Statements,
    /// The profiles and code lists that are ours.
    pub(super) conformance: Library,
    /// The description of the interface.
    pub(super) openapi: String,
}

/// How handlers hold it.
pub(super) type Shared = Arc<App>;

impl App {
    /// Puts together what was read and opened for these settings; `settings` hold the real addresses by now.
    ///
    /// # Errors
    /// Those of the metrics' registry.
    pub fn new(
        settings: Settings,
        tables: Arc<Tables>,
        store: Store,
        acceptor: Acceptor,
        portals: Portals,
        pages: Pages,
    ) -> Result<Self, prometheus::Error> {
        let clock = Clock::default();
        let conformance = Library::new();
        Ok(Self {
            capability: Statements::new(&settings, &conformance, clock.now()),
            conformance,
            openapi: openapi::describe(&settings.server.base_url).to_string(),
            rules: Rules {
                tables,
                age_of_majority: settings.dmp.age_of_majority,
                late_invisibility: settings.dmp.allow_late_invisibility,
            },
            settings,
            store,
            pages,
            clock,
            metrics: Metrics::new()?,
            acceptor,
            portals,
            notifier: Notifier::default(),
        })
    }

    /// Tells what the outbox holds by these ways; by none without it.
    pub fn telling(self, notifier: Notifier) -> Self {
        Self { notifier, ..self }
    }

    /// What readers and writers of resources need to know.
    pub(super) fn reading(&self) -> Reading<'_> {
        Reading {
            tables: &self.rules.tables,
            environment: self.settings.identity.environment,
            validation: self.settings.fhir.validation,
            base_url: &self.settings.server.base_url,
        }
    }
}
