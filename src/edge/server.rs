//! The listener: one task per connection, and a stop that lets what is in flight finish.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::app::{App, Shared};
use super::connection::{Limits, serve};
use super::observe;
use crate::settings::{Server, Settings};

/// Open connections; more wait in the listener's queue.
const MAX_CONNECTIONS: usize = 1_024;
/// For what is in flight when the server stops.
const LAST_CALL: Duration = Duration::from_secs(10);

/// Bound sockets, not yet served.
pub struct Listening {
    tls: TcpListener,
    admin: Option<TcpListener>,
}

impl Listening {
    /// Binds the listeners of the settings. Where a port is 0, the settings then hold the real one, and the base URL follows
    /// when it is the default.
    ///
    /// # Errors
    /// The key of the address that could not be bound, and why.
    pub async fn bind(settings: &mut Settings) -> Result<Self, (&'static str, io::Error)> {
        let server = &mut settings.server;
        let default = Server::default_base_url(server.listen);
        let tls = bind(&mut server.listen)
            .await
            .map_err(|error| ("server.listen", error))?;
        if server.base_url == default {
            server.base_url = Server::default_base_url(server.listen);
        }
        let admin = match &mut server.admin_listen {
            Some(address) => {
                let bound = bind(address).await;
                Some(bound.map_err(|error| ("server.admin_listen", error))?)
            }
            None => None,
        };
        Ok(Self { tls, admin })
    }

    /// The TLS listener and the admin listener.
    pub(super) fn split(self) -> (TcpListener, Option<TcpListener>) {
        (self.tls, self.admin)
    }
}

async fn bind(address: &mut SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(*address).await?;
    *address = listener.local_addr()?;
    Ok(listener)
}

/// Accepts connections until `shutdown`, then waits for those that are open, within bounds.
pub(super) async fn run(
    listener: TcpListener,
    app: &Shared,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stop, stopping) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, tcp) = tokio::select! {
            () = &mut shutdown => break,
            (slot, accepted) = next => match (slot, accepted) {
                (Ok(slot), Ok((tcp, _))) => (slot, tcp),
                // Out of descriptors, or a client that is gone: neither ends the server.
                _ => {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        tokio::spawn(connection(
            tcp,
            slot,
            Arc::clone(app),
            router.clone(),
            stopping.clone(),
        ));
    }
    drop((listener, stopping, stop.send(())));
    // Every connection holds a receiver: when the last one is gone, all have ended.
    let _ = timeout(LAST_CALL, stop.closed()).await;
}

async fn connection(
    tcp: TcpStream,
    _slot: OwnedSemaphorePermit,
    app: Shared,
    router: Router,
    mut stopping: watch::Receiver<()>,
) {
    let _ = tcp.set_nodelay(true);
    let handshake = tokio::select! {
        handshake = app.acceptor.accept(tcp) => handshake,
        _ = stopping.changed() => return,
    };
    let (stream, peer) = match handshake {
        Ok(accepted) => accepted,
        Err(error) => {
            app.metrics.handshake(error.reason());
            tracing::debug!(reason = error.reason(), "handshake failed");
            return;
        }
    };
    app.metrics.handshake("ok");
    let _open = Open::count(&app);
    let peer = Arc::new(peer);
    serve(stream, Limits::SERVED, stopping, |request| {
        let (app, router, peer) = (Arc::clone(&app), router.clone(), Arc::clone(&peer));
        async move { observe::answer(&app, router, peer, request.map(Body::new)).await }
    })
    .await;
}

/// One open connection, counted while it lives.
struct Open<'a>(&'a App);

impl<'a> Open<'a> {
    fn count(app: &'a App) -> Self {
        app.metrics.connections.inc();
        Self(app)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.metrics.connections.dec();
    }
}
