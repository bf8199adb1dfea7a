//! What HTTP itself offers around the acts: conditions, parts, compression, other origins, preferences and traces.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "transfer/compression.rs"]
mod compression;
#[path = "transfer/conditions.rs"]
mod conditions;
#[path = "transfer/origins.rs"]
mod origins;
#[path = "transfer/parts.rs"]
mod parts;
#[path = "transfer/preferences.rs"]
mod preferences;
mod support;
#[path = "transfer/tolerances.rs"]
mod tolerances;
#[path = "transfer/traces.rs"]
mod traces;
#[path = "transfer/world.rs"]
mod world;
