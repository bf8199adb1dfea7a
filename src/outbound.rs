//! Requests that the server makes itself, to a webhook or for a portal's keys: one connection each, HTTP/1.1, TLS 1.2 at least.

use std::path::Path;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// Whom a URL names.
pub struct Address {
    host: String,
    port: u16,
    /// What the request names: host, and port where it is not the usual one.
    authority: String,
    path: String,
    tls: Option<SslConnector>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Why a URL can't be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Not an HTTP URL.
    Url,
    /// The file of authorities.
    Authorities,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Nobody listens there.
    #[error("the receiver does not answer")]
    Connection,
    /// Its certificate is not trusted, or the handshake failed.
    #[error("TLS")]
    Tls,
    /// It went away, or said too much.
    #[error("the connection broke")]
    Broken,
    /// Ours can't be written.
    #[error("not writable as a request")]
    Request,
}

impl Address {
    /// Reads a URL; `ca` holds the authorities to trust, else the system's. Connects to nobody.
    ///
    /// # Errors
    /// Which of the two can't be used.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, Unusable> {
        let uri: Uri = url.parse().map_err(|_| Unusable::Url)?;
        let authority = uri.authority().ok_or(Unusable::Url)?;
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(Unusable::Url),
        };
        let tls = if encrypted {
            Some(connector(ca).map_err(|_| Unusable::Authorities)?)
        } else {
            None
        };
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority
                .port_u16()
                .unwrap_or(if encrypted { 443 } else { 80 }),
            authority: authority.to_string(),
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            tls,
        })
    }

    /// Sends one request; of the answer's body, `most` bytes at most. No time limit: the caller has one.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(
        &self,
        method: Method,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        most: usize,
    ) -> Result<(StatusCode, Bytes), Unanswered> {
        let mut request = Request::builder()
            .method(method)
            .uri(&self.path)
            .header(header::HOST, &self.authority);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Unanswered::Request)?;
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await;
        let tcp = tcp.map_err(|_| Unanswered::Connection)?;
        let Some(tls) = &self.tls else {
            return exchange(tcp, request, most).await;
        };
        let ssl = tls
            .configure()
            .and_then(|configuration| configuration.into_ssl(&self.host))
            .and_then(|ssl| SslStream::new(ssl, tcp));
        let mut stream = ssl.map_err(|_| Unanswered::Tls)?;
        let connected = Pin::new(&mut stream).connect().await;
        connected.map_err(|_| Unanswered::Tls)?;
        exchange(stream, request, most).await
    }
}

async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<(StatusCode, Bytes), Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |_| Unanswered::Broken;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = tokio::spawn(connection);
    let answer = async {
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(broken)?
            .into_parts();
        let body = Limited::new(body, most).collect().await;
        let bytes = body.map_err(|_| Unanswered::Broken)?.to_bytes();
        Ok((head.status, bytes))
    };
    let answer = answer.await;
    driver.abort();
    answer
}

/// TLS 1.2 at least, with the authorities that are given, else the system's.
fn connector(ca: Option<&Path>) -> Result<SslConnector, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    match ca {
        Some(ca) => builder.set_ca_file(ca)?,
        None => {
            // An OpenSSL that was built in doesn't know where the system keeps them.
            let system = openssl_probe::probe();
            let folder = system.cert_dir.first().map(std::path::PathBuf::as_path);
            if system.cert_file.is_some() || folder.is_some() {
                builder.load_verify_locations(system.cert_file.as_deref(), folder)?;
            }
        }
    }
    Ok(builder.build())
}
