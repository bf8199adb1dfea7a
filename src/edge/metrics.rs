//! What Prometheus reads. Labels are routes, statuses, codes and outcomes: never a patient, never a caller.

use std::time::Duration;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::error::Error;

/// Upper bounds of the duration buckets, seconds.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Counters of one server.
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    handshakes: IntCounterVec,
    refusals: IntCounterVec,
    writer_queue: IntGauge,
    /// Open TLS connections.
    pub(super) connections: IntGauge,
}

impl Metrics {
    /// Registers every counter.
    ///
    /// # Errors
    /// The registry's; only a programming error makes one.
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "passerelle_request_duration_seconds",
                "Time from head to answer",
            )
            .buckets(BUCKETS.to_vec()),
            &["method", "route"],
        )?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Self {
            requests: counter(
                "passerelle_requests_total",
                "Requests answered",
                &["method", "route", "status"],
            )?,
            handshakes: counter(
                "passerelle_tls_handshakes_total",
                "TLS handshakes",
                &["outcome"],
            )?,
            refusals: counter(
                "passerelle_refusals_total",
                "Refusals by their code",
                &["code"],
            )?,
            writer_queue: gauge("passerelle_writer_queue", "Writes waiting for a commit")?,
            connections: gauge("passerelle_connections", "Open TLS connections")?,
            durations,
            registry,
        })
    }

    /// One answered request. `method` and `route` come from closed lists.
    pub(super) fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let status = status.to_string();
        self.requests
            .with_label_values(&[method, route, &status])
            .inc();
        self.durations
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }

    /// One handshake: `ok`, or why it failed.
    pub(super) fn handshake(&self, outcome: &str) {
        self.handshakes.with_label_values(&[outcome]).inc();
    }

    /// One refusal.
    pub(super) fn refusal(&self, error: &Error) {
        self.refusals
            .with_label_values(&[error.code().as_str()])
            .inc();
    }

    /// The text form, with gauges that are read when asked.
    pub(super) fn text(&self, writer_queue: usize) -> String {
        self.writer_queue
            .set(i64::try_from(writer_queue).unwrap_or(i64::MAX));
        let mut text = Vec::new();
        // Writing into memory does not fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}
