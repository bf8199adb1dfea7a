//! An HTTP client that holds a card (mutual TLS), or none.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use openssl::ssl::{Ssl, SslConnector, SslFiletype, SslMethod, SslVersion};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub bytes: Bytes,
}

impl Reply {
    /// The body as JSON; panics with the body when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// A header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("ASCII header"))
    }

    /// The stable code of the first issue of an OperationOutcome.
    pub fn refusal(&self) -> String {
        self.json()["issue"][0]["details"]["coding"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Asserts a status and a refusal code.
    pub fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.refusal().as_str()),
            (status, code),
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
    }

    /// Asserts a status, showing the body otherwise.
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }
}

/// A client with one kept-alive connection, opened again when it was closed.
pub struct Client {
    address: SocketAddr,
    /// `https://…/fhir`
    base: String,
    pki: PathBuf,
    card: Option<String>,
    version: Option<SslVersion>,
    headers: Vec<(String, String)>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client for a server, with `pki/NAME.pem` and `.key`, or without certificate.
    pub fn new(address: SocketAddr, base: &str, pki: &Path, card: Option<&str>) -> Self {
        Self {
            address,
            base: base.to_owned(),
            pki: pki.to_owned(),
            card: card.map(str::to_owned),
            version: None,
            headers: Vec::new(),
            connection: None,
        }
    }

    /// Sends a header with every request.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Speaks this version of TLS only.
    pub fn tls(mut self, version: SslVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Opens the connection: the handshake, and the server's verdict on the certificate, which TLS 1.3 sends after it.
    ///
    /// # Errors
    /// What TLS or TCP said.
    pub async fn connect(&mut self) -> Result<(), String> {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(text)?;
        builder.set_ca_file(self.pki.join("ca.pem")).map_err(text)?;
        builder
            .set_min_proto_version(self.version)
            .and_then(|()| builder.set_max_proto_version(self.version))
            .map_err(text)?;
        if let Some(card) = &self.card {
            builder
                .set_certificate_chain_file(self.pki.join(format!("{card}.pem")))
                .and_then(|()| {
                    builder.set_private_key_file(
                        self.pki.join(format!("{card}.key")),
                        SslFiletype::PEM,
                    )
                })
                .map_err(text)?;
        }
        let ssl: Ssl = builder
            .build()
            .configure()
            .and_then(|configuration| configuration.into_ssl("127.0.0.1"))
            .map_err(text)?;
        let tcp = TcpStream::connect(self.address).await.map_err(text)?;
        let mut stream = SslStream::new(ssl, tcp).map_err(text)?;
        Pin::new(&mut stream).connect().await.map_err(text)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(text)?;
        tokio::spawn(connection);
        self.connection = Some(sender);
        Ok(())
    }

    /// Sends one request; `path` is absolute, or below the base (`/DocumentReference?…`, `` for the base itself).
    ///
    /// # Errors
    /// What TLS, TCP or HTTP said: a refused certificate ends here.
    pub async fn try_send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply, String> {
        if self
            .connection
            .as_ref()
            .is_none_or(|connection| connection.is_closed())
        {
            self.connect().await?;
        }
        let absolute = if path.starts_with("https://") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let after_scheme = absolute.splitn(4, '/').nth(3).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/{after_scheme}"))
            .header("Host", self.address.to_string());
        let own = self.headers.iter().map(|(name, value)| (&**name, &**value));
        for (name, value) in own.chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(text)?;
        let connection = self.connection.as_mut().ok_or("not connected")?;
        let exchange = async {
            connection.ready().await.map_err(text)?;
            let (head, body) = connection
                .send_request(request)
                .await
                .map_err(text)?
                .into_parts();
            let bytes = body.collect().await.map_err(text)?.to_bytes();
            Ok(Reply {
                status: head.status.as_u16(),
                headers: head.headers,
                bytes,
            })
        };
        tokio::time::timeout(Duration::from_secs(60), exchange)
            .await
            .map_err(text)?
    }

    /// [`Client::try_send`] that must reach the server.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Reply {
        self.try_send(method, path, headers, body)
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// `GET`
    pub async fn get(&mut self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    /// `GET` with parameters, percent-encoded here.
    pub async fn search(&mut self, kind: &str, parameters: &[(&str, &str)]) -> Reply {
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        self.get(&format!("/{kind}?{}", query.join("&"))).await
    }

    /// `POST` of JSON.
    pub async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.json(Method::POST, path, body).await
    }

    /// `PUT` of JSON.
    pub async fn put(&mut self, path: &str, body: &Value) -> Reply {
        self.json(Method::PUT, path, body).await
    }

    async fn json(&mut self, method: Method, path: &str, body: &Value) -> Reply {
        let headers = [("Content-Type", "application/fhir+json")];
        self.send(method, path, &headers, body.to_string().into_bytes())
            .await
    }
}

/// Percent-encodes a parameter's value.
pub fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
