//! Slices in pairs, and what they say together.

use std::fmt;
use std::time::Duration;

use crate::client::Measured;

/// A part with so many clients, pair by pair.
pub struct Comparison {
    part: &'static str,
    clients: usize,
    floor: Vec<Measured>,
    ours: Vec<Measured>,
}

/// The least ratio that a part should reach.
fn target(part: &str) -> f64 {
    match part {
        "handshake" => 0.9,
        "binary" => 0.6,
        _ => 0.5,
    }
}

impl Comparison {
    pub fn new(part: &'static str, clients: usize) -> Self {
        Self {
            part,
            clients,
            floor: Vec::new(),
            ours: Vec::new(),
        }
    }

    pub fn add(&mut self, floor: Measured, ours: Measured) {
        self.floor.push(floor);
        self.ours.push(ours);
    }

    /// More requests than the next slice of ours will make.
    pub fn expected(&self) -> usize {
        let most = self.ours.iter().map(|slice| slice.latencies.len()).max();
        most.map_or(12_000, |most| most * 3 / 2 + 1_000)
    }

    /// The median of the ratios.
    fn ratio(&self) -> f64 {
        let pairs = self.ours.iter().zip(&self.floor);
        median(
            pairs
                .map(|(ours, floor)| ours.per_second / floor.per_second)
                .collect(),
        )
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| {} | {} | {} | {} | **{:.2}** | {} |",
            self.part,
            self.clients,
            cells(&self.floor),
            cells(&self.ours),
            self.ratio(),
            target(self.part)
        )
    }
}

/// Rate, median and 99th percentile.
fn cells(slices: &[Measured]) -> String {
    let rate = median(slices.iter().map(|slice| slice.per_second).collect());
    let mut all: Vec<Duration> = slices
        .iter()
        .flat_map(|slice| slice.latencies.iter().copied())
        .collect();
    all.sort_unstable();
    let at = |part: usize| {
        let found = all.get(all.len() * part / 100);
        found.map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    };
    format!("{rate:.0} ({:.2} / {:.2})", at(50), at(99))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// All of it, as Markdown.
pub fn table(rows: &[Comparison]) -> String {
    let mut text = String::from(
        "| part | clients | floor: req/s (p50 / p99 ms) | ours: req/s (p50 / p99 ms) | ratio | target |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        text.push_str(&format!("{row}\n"));
    }
    text
}
