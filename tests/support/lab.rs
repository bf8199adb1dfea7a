//! A TLS server with the real acceptor, and clients with cards of a test PKI.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl, SslConnector, SslMethod, SslVersion};
use openssl::x509::X509;
use passerelle::cli::demo::cards::{EXPLOITANT, card};
use passerelle::cli::demo::pki::{CardSpec, Issued, Issuer, Pki, key, serial};
use passerelle::dmp::context::Environment;
use passerelle::edge::tls::{Acceptor, HandshakeError, Peer};
use passerelle::identity::roles::Roles;
use passerelle::settings::{Identity, Revocation, Tls};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

pub(crate) const DAY: i64 = 86_400;

/// Keys take long to make: one PKI for all tests, and one key for all its cards.
pub(crate) static PKI: LazyLock<Pki> = LazyLock::new(|| Pki::new(Environment::Test).unwrap());
static KEY: LazyLock<PKey<Private>> = LazyLock::new(|| key().unwrap());
static SERVER: LazyLock<Issued> = LazyLock::new(|| {
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let spec = CardSpec::server(EXPLOITANT.id, EXPLOITANT.name, &hosts);
    PKI.issue(&spec).unwrap()
});

pub(crate) fn spec(file: &str) -> CardSpec {
    CardSpec::of(card(file).unwrap())
}

pub(crate) fn issue(spec: &CardSpec) -> Issued {
    PKI.issue_for(spec, KEY.clone()).unwrap()
}

/// The directory of one server, with its configuration.
pub(crate) struct Lab {
    dir: TempDir,
    pub(crate) tls: Tls,
    pub(crate) identity: Identity,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let org = PKI.issuer(Issuer::ElementaireOrganisations).unwrap();
        let chain = [&SERVER.certificate, &org.certificate];
        write_certificates(&at("server.pem"), &chain);
        std::fs::write(
            at("server.key"),
            SERVER.key.private_key_to_pem_pkcs8().unwrap(),
        )
        .unwrap();
        let trust = Issuer::ALL.map(|issuer| PKI.issuer(issuer).unwrap().certificate.clone());
        write_certificates(&at("trust.pem"), &trust.iter().collect::<Vec<_>>());
        let lab = Self {
            tls: Tls {
                certificate: at("server.pem"),
                private_key: at("server.key"),
            },
            identity: Identity {
                trust: vec![at("trust.pem")],
                crls: vec![at("crl.pem")],
                revocation: Revocation::Required,
                environment: Environment::Test,
                patient_portals: Vec::new(),
            },
            dir,
        };
        lab.write_crl(1, &[], (-3_600, DAY));
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Replaces `crl.pem`, one CRL per authority, all revoking the same certificates.
    pub(crate) fn write_crl(&self, number: u32, revoked: &[&X509], updates: (i64, i64)) {
        let serials: Vec<_> = revoked.iter().map(|x| serial(x).unwrap()).collect();
        let mut pem = Vec::new();
        for issuer in Issuer::ALL {
            let crl = PKI.crl(issuer, number, &serials, updates).unwrap();
            pem.extend(crl.to_pem().unwrap());
        }
        let new = self.path("crl.new");
        std::fs::write(&new, pem).unwrap();
        std::fs::rename(new, self.path("crl.pem")).unwrap();
    }

    pub(crate) fn acceptor(&self) -> Acceptor {
        let operators = [EXPLOITANT.id.parse().unwrap()];
        let regulators = ["899900000099".parse().unwrap()];
        let roles = Roles::new(&operators, &regulators);
        Acceptor::with(&self.tls, &self.identity, roles).unwrap()
    }

    /// One connection from both ends. The client's end is what it read back from the server: `hello`, or nothing when refused.
    pub(crate) async fn meet(&self, client: &Client) -> Meeting {
        meet(&self.acceptor(), client).await
    }
}

pub(crate) struct Meeting {
    pub(crate) server: Result<(SslStream<TcpStream>, Peer), HandshakeError>,
    pub(crate) client: Result<SslStream<TcpStream>, String>,
}

pub(crate) async fn meet(acceptor: &Acceptor, client: &Client) -> Meeting {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut accepted = acceptor.accept(tcp).await;
        if let Ok((stream, _)) = &mut accepted {
            stream.write_all(b"hello").await.unwrap();
        }
        accepted
    };
    let (server, client) = tokio::join!(server, client.connect(address));
    Meeting { server, client }
}

/// A client: with which certificate, which versions.
pub(crate) struct Client {
    pub(crate) issued: Option<Issued>,
    pub(crate) chain: Vec<X509>,
    pub(crate) version: SslVersion,
    pub(crate) signatures: Option<&'static str>,
}

impl Client {
    pub(crate) fn anonymous(version: SslVersion) -> Self {
        Self {
            issued: None,
            chain: Vec::new(),
            version,
            signatures: None,
        }
    }

    /// A certificate with its authority behind it.
    pub(crate) fn with(spec: &CardSpec, version: SslVersion) -> Self {
        let authority = PKI.issuer(spec.issuer).unwrap().certificate.clone();
        Self {
            issued: Some(issue(spec)),
            chain: vec![authority],
            ..Self::anonymous(version)
        }
    }

    fn ssl(&self) -> Ssl {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
        builder.set_min_proto_version(Some(self.version)).unwrap();
        builder.set_max_proto_version(Some(self.version)).unwrap();
        for root in PKI.roots() {
            builder.cert_store_mut().add_cert(root.clone()).unwrap();
        }
        if let Some(issued) = &self.issued {
            // Old signatures are for the server to refuse.
            builder.set_security_level(0);
            builder.set_certificate(&issued.certificate).unwrap();
            builder.set_private_key(&issued.key).unwrap();
            for issuer in &self.chain {
                builder.add_extra_chain_cert(issuer.clone()).unwrap();
            }
        }
        if let Some(signatures) = self.signatures {
            builder.set_sigalgs_list(signatures).unwrap();
        }
        let connect = builder.build().configure().unwrap();
        connect.into_ssl("127.0.0.1").unwrap()
    }

    async fn connect(&self, address: SocketAddr) -> Result<SslStream<TcpStream>, String> {
        let tcp = TcpStream::connect(address).await.unwrap();
        let mut stream = SslStream::new(self.ssl(), tcp).unwrap();
        let talk = async {
            Pin::new(&mut stream)
                .connect()
                .await
                .map_err(|error| error.to_string())?;
            // Over TLS 1.3 the client learns of a refusal when it reads.
            let mut hello = [0; 5];
            let read = stream.read_exact(&mut hello).await;
            read.map(|_| ()).map_err(|error| error.to_string())
        };
        match tokio::time::timeout(Duration::from_secs(20), talk).await {
            Ok(Ok(())) => Ok(stream),
            Ok(Err(error)) => Err(error),
            Err(_) => Err("the client waited in vain".to_owned()),
        }
    }
}

fn write_certificates(file: &Path, certificates: &[&X509]) {
    let pem: Vec<u8> = certificates
        .iter()
        .flat_map(|x| x.to_pem().unwrap())
        .collect();
    std::fs::write(file, pem).unwrap();
}

/// Every byte that a client sends in its handshake.
pub(crate) async fn client_bytes(lab: &Lab, client: &Client) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ssl = client.ssl();
    let recorded = tokio::task::spawn_blocking(move || {
        let sent = Vec::new();
        ssl.connect(Recorder { tcp, sent })
            .unwrap()
            .get_ref()
            .sent
            .clone()
    });
    let (tcp, _) = listener.accept().await.unwrap();
    let _server = lab.acceptor().accept(tcp).await.unwrap();
    recorded.await.unwrap()
}

#[derive(Debug)]
struct Recorder {
    tcp: std::net::TcpStream,
    sent: Vec<u8>,
}

impl Read for Recorder {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.tcp.read(bytes)
    }
}

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.tcp.write(bytes)?;
        self.sent.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.tcp.flush()
    }
}
