//! What runs beside the requests: the jobs, and the delivery of notifications.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::app::{App, Shared};
use super::portal_keys;
use crate::error::Error;
use crate::jobs::{self, Done};

/// Between two looks at the outbox.
const DELIVERY: Duration = Duration::from_secs(5);
/// Looks at the outbox for one run of the jobs.
const JOBS: u64 = 12;

/// Works until the server stops. While a test holds the clock, only the test says when.
pub(super) async fn run(app: Shared, mut stopping: watch::Receiver<()>) {
    let work = async {
        let mut ticks = interval(DELIVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for tick in 0_u64.. {
            ticks.tick().await;
            // Keys follow the real time, whoever holds the clock.
            if tick.is_multiple_of(JOBS) {
                let portals = &app.settings.identity.patient_portals;
                portal_keys::refresh(&app.portals, portals).await;
            }
            if !app.clock.is_set() {
                tell(once(&app, tick.is_multiple_of(JOBS)).await.map(drop));
            }
        }
    };
    tokio::select! {
        () = work => {},
        // What was claimed and not sent is claimed again later.
        _ = stopping.changed() => {},
    }
}

/// Starts it beside the server.
pub(super) fn spawn(app: &Shared, stopping: watch::Receiver<()>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(run(Arc::clone(app), stopping))
}

/// The jobs, when it is their turn, then what is to be sent; gives how much was looked at, and sent.
pub(super) async fn once(app: &App, jobs: bool) -> Result<(Done, usize), Error> {
    let done = if jobs {
        jobs::run(&app.store, &app.rules, app.clock.now()).await?
    } else {
        Done::default()
    };
    let sent = app.notifier.deliver(&app.store, app.clock.now()).await?;
    Ok((done, sent))
}

fn tell(result: Result<(), Error>) {
    if let Err(error) = result {
        let code = error.code().as_str();
        tracing::error!(code, "what is due was not done");
    }
}
