//! To a webhook: JSON by POST, signed.
//!
//! `Passerelle-Signature: t=<seconds since 1970>,v1=<hex>` is the HMAC-SHA256 of `t`, a dot and the body, by the shared secret.
//! `Idempotency-Key` is the same whenever the same is told again.

use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::{Failed, text};
use crate::dmp::context::AccessMode;
use crate::dmp::notice::{NoticeKind, Notification};
use crate::dmp::time::Instant;
use crate::settings::{self, Problem};

/// Shortest secret, in bytes.
const SHORTEST_SECRET: usize = 16;

/// A receiver.
pub(super) struct Webhook {
    host: String,
    port: u16,
    /// What the request names: host, and port where it is not the usual one.
    authority: String,
    path: String,
    tls: Option<SslConnector>,
    secret: PKey<Private>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// Reads the URL, the secret and the authorities; connects to nobody.
    ///
    /// # Errors
    /// The problem, with its key.
    pub(super) fn new(settings: &settings::Webhook) -> Result<Self, Problem> {
        const URL: &str = "notifications.webhook_url";
        const SECRET: &str = "notifications.webhook_secret_file";
        const CA: &str = "notifications.webhook_ca";
        let bad_url = || Problem::new(URL, "not an https URL", "give https://host/path");
        let uri: Uri = settings.url.parse().map_err(|_| bad_url())?;
        let authority = uri.authority().ok_or_else(bad_url)?;
        let encrypted = uri.scheme_str() == Some("https");
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let secret = std::fs::read(&settings.secret).map_err(|error| {
            let why = format!("cannot be read ({error})");
            Problem::new(SECRET, why, "give a file that holds the shared secret")
        })?;
        let secret = secret.trim_ascii();
        if secret.len() < SHORTEST_SECRET {
            let cure = "write at least 16 random characters into it";
            return Err(Problem::new(SECRET, "too short", cure));
        }
        let unusable = |key: &'static str| {
            move |_: ErrorStack| Problem::new(key, "cannot be used", "give another file")
        };
        let tls = if encrypted {
            Some(connector(settings).map_err(unusable(CA))?)
        } else {
            None
        };
        Ok(Self {
            port: authority
                .port_u16()
                .unwrap_or(if encrypted { 443 } else { 80 }),
            authority: authority.to_string(),
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            host,
            tls,
            secret: PKey::hmac(secret).map_err(unusable(SECRET))?,
        })
    }

    /// Sends one notification; any 2xx takes it.
    pub(super) async fn send(&self, notification: &Notification) -> Result<(), Failed> {
        let body = body(notification).ok_or(Failed::ForGood("no words for it"))?;
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await;
        let tcp = tcp.map_err(|_| Failed::ForNow("the receiver does not answer".to_owned()))?;
        let status = match &self.tls {
            None => self.post(tcp, &notification.name, body).await,
            Some(tls) => {
                let ssl = tls
                    .configure()
                    .and_then(|configuration| configuration.into_ssl(&self.host))
                    .and_then(|ssl| SslStream::new(ssl, tcp));
                let tls = |_| Failed::ForNow("TLS".to_owned());
                let mut stream = ssl.map_err(tls)?;
                let connected = Pin::new(&mut stream).connect().await;
                connected.map_err(|_| Failed::ForNow("TLS".to_owned()))?;
                self.post(stream, &notification.name, body).await
            }
        };
        match status? {
            status if status.is_success() => Ok(()),
            status => Err(Failed::ForNow(format!("HTTP {}", status.as_u16()))),
        }
    }

    async fn post<S>(&self, stream: S, name: &str, body: Vec<u8>) -> Result<StatusCode, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let at = Instant::now().as_second();
        let signature = self
            .signature(at, &body)
            .map_err(|_| Failed::ForGood("not signable"))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", name)
            .header("Passerelle-Signature", signature)
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Failed::ForGood("not writable as a request"))?;
        let broken = |_| Failed::ForNow("the connection broke".to_owned());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(broken);
        driver.abort();
        Ok(answer?.status())
    }

    fn signature(&self, at: i64, body: &[u8]) -> Result<String, ErrorStack> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.secret)?;
        signer.update(format!("{at}.").as_bytes())?;
        signer.update(body)?;
        let hex: String = signer
            .sign_to_vec()?
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(format!("t={at},v1={hex}"))
    }
}

/// TLS 1.2 at least, with the authorities that are configured, else the system's.
fn connector(settings: &settings::Webhook) -> Result<SslConnector, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    match &settings.ca {
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

/// What is told. Of an announcement that waits, not even which document.
fn body(notification: &Notification) -> Option<Vec<u8>> {
    let (subject, text) = text::of(notification)?;
    let named = notification.kind != NoticeKind::AnnouncementOverdue;
    let patient = &notification.patient;
    let body = json!({
        "id": notification.name,
        "kind": notification.kind.code(),
        "ins": format!("{}|{}", patient.system(), patient.value()),
        "at": notification.at.to_string(),
        "to": notification.to,
        "channel": notification.channel.code(),
        "document": notification.document.filter(|_| named),
        "mode": notification.mode.map(AccessMode::code),
        "actor": notification.actor,
        "subject": subject,
        "text": text,
    });
    serde_json::to_vec(&body).ok()
}
