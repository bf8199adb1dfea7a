//! The load: clients that hold a card, each with one request under way. All on one thread, so that one core is left to the server.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use openssl::ssl::{Ssl, SslConnector, SslFiletype, SslMethod};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::server::Server;

type Sender = SendRequest<Full<Bytes>>;

/// A client certificate, ready to connect with.
#[derive(Clone)]
pub struct Card(SslConnector);

impl Card {
    /// A card of the demonstration.
    pub fn load(folder: &Path, name: &str) -> Self {
        let pki = folder.join("demo/pki");
        let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("OpenSSL");
        builder.set_ca_file(pki.join("ca.pem")).expect("authority");
        let certificate = pki.join(format!("{name}.pem"));
        builder
            .set_certificate_chain_file(certificate)
            .expect("card");
        let key = pki.join(format!("{name}.key"));
        builder
            .set_private_key_file(key, SslFiletype::PEM)
            .expect("key");
        Self(builder.build())
    }
}

/// What is asked: one GET, or POSTs of these bodies.
pub struct Work {
    method: Method,
    path: String,
    content_type: &'static str,
    bodies: Arc<Vec<Bytes>>,
    /// Whether the bodies may be sent again.
    again: bool,
    next: AtomicUsize,
}

impl Work {
    pub fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            content_type: "",
            bodies: Arc::default(),
            again: true,
            next: AtomicUsize::new(0),
        }
    }

    /// Deposits, each sent once.
    pub fn deposit(bodies: Arc<Vec<Bytes>>) -> Self {
        Self {
            method: Method::POST,
            path: "/fhir".to_owned(),
            content_type: "application/fhir+json",
            bodies,
            again: false,
            next: AtomicUsize::new(0),
        }
    }

    /// Rows for the floor.
    pub fn insert(bodies: Arc<Vec<Bytes>>) -> Self {
        Self {
            path: "/item".to_owned(),
            again: true,
            ..Self::deposit(bodies)
        }
    }

    /// The next request; None when all bodies are sent.
    fn request(&self, host: &str) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(&self.path)
            .header("host", host);
        let mut body = Bytes::new();
        if self.method == Method::POST {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let next = if self.again {
                next % self.bodies.len()
            } else {
                next
            };
            body = self.bodies.get(next)?.clone();
            request = request
                .header("content-type", self.content_type)
                .header("dmp-structure", crate::letters::STRUCTURE);
        }
        Some(request.body(Full::new(body)).expect("request"))
    }
}

/// Who asks whom, and for how long.
pub struct Load<'a> {
    pub server: &'a Server,
    pub card: &'a Card,
    pub clients: usize,
    /// A connection per request instead of kept ones.
    pub handshake: bool,
    pub length: Duration,
}

/// What one slice measured.
#[derive(Default)]
pub struct Measured {
    pub per_second: f64,
    pub latencies: Vec<Duration>,
}

/// Asks for a while.
pub async fn slice(load: &Load<'_>, work: &Arc<Work>) -> Measured {
    let address = load.server.address;
    let mut kept = Vec::new();
    for _ in 0..load.clients {
        kept.push(match load.handshake {
            true => None,
            false => Some(connect(address, load.card).await),
        });
    }
    let begun = Instant::now();
    let clients: Vec<_> = kept
        .into_iter()
        .map(|kept| {
            let (card, work) = (load.card.clone(), Arc::clone(work));
            tokio::spawn(ask(address, card, kept, work, begun + load.length))
        })
        .collect();
    let mut latencies = Vec::new();
    for client in clients {
        latencies.extend(client.await.expect("client"));
    }
    Measured {
        per_second: latencies.len() as f64 / begun.elapsed().as_secs_f64(),
        latencies,
    }
}

async fn ask(
    address: SocketAddr,
    card: Card,
    mut kept: Option<Sender>,
    work: Arc<Work>,
    end: Instant,
) -> Vec<Duration> {
    let host = address.to_string();
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let Some(request) = work.request(&host) else {
            break;
        };
        let asked = Instant::now();
        match &mut kept {
            Some(sender) => send(sender, request).await,
            None => send(&mut connect(address, &card).await, request).await,
        };
        latencies.push(asked.elapsed());
    }
    latencies
}

/// One request on a connection of its own; its body.
pub async fn once(server: &Server, card: &Card, work: &Work) -> Bytes {
    let request = work
        .request(&server.address.to_string())
        .expect("a request");
    send(&mut connect(server.address, card).await, request).await
}

async fn send(sender: &mut Sender, request: Request<Full<Bytes>>) -> Bytes {
    let response = sender.send_request(request).await.expect("answer");
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("body")
        .to_bytes();
    let good = [StatusCode::OK, StatusCode::CREATED].contains(&status);
    assert!(good, "{status}: {}", String::from_utf8_lossy(&body));
    body
}

async fn connect(address: SocketAddr, card: &Card) -> Sender {
    let tcp = TcpStream::connect(address).await.expect("connection");
    tcp.set_nodelay(true).expect("no delay");
    let config = card.0.configure().expect("TLS");
    let ssl: Ssl = config.into_ssl("127.0.0.1").expect("TLS");
    let mut stream = SslStream::new(ssl, tcp).expect("TLS");
    std::pin::Pin::new(&mut stream)
        .connect()
        .await
        .expect("handshake");
    let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(async move { drop(connection.await) });
    sender
}
