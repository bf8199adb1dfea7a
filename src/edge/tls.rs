//! The TLS door: a client certificate is asked for, not required; one that is presented and bad ends the handshake.

mod context;
mod gate;
mod peer;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openssl::ssl::{Ssl, SslContext, SslVerifyMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use crate::identity::authority::Authorities;
use crate::identity::refusal::Refusal;
use crate::identity::revocation::Revocation;
use crate::identity::roles::Roles;
use crate::identity::trust::Trust;
use crate::settings::{Identity, Settings, Tls};
use gate::{Gate, Verdict};

pub use peer::Peer;

/// For a whole handshake, the wait for a slot included.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at one time; more wait for their turn.
const MAX_HANDSHAKES: usize = 512;
/// How long a refused client may take to read why.
const LINGER: Duration = Duration::from_secs(1);

/// Why a handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// It took too long.
    #[error("timeout")]
    Timeout,
    /// The certificate presented is not accepted.
    #[error("card refused: {}", .0.label())]
    Refused(Refusal),
    /// Not TLS, no common version or suite, or a client that went away.
    #[error("tls")]
    Tls,
    /// OpenSSL could not start one.
    #[error("internal")]
    Internal,
}

impl HandshakeError {
    /// Stable name, for metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Refused(refusal) => refusal.label(),
            Self::Tls => "tls",
            Self::Internal => "internal",
        }
    }
}

/// Makes TLS connections, each with its [`Peer`].
pub struct Acceptor {
    context: SslContext,
    gate: Arc<Gate>,
    slots: Semaphore,
    limit: Duration,
    notes: Vec<String>,
}

impl Acceptor {
    /// Reads the server certificate, the accepted authorities and their CRLs, and follows the CRL files from then on.
    ///
    /// # Errors
    /// Every problem, with its key and its cure.
    pub fn new(settings: &Settings) -> Result<Self, Vec<String>> {
        let roles = Roles::new(&settings.dmp.operators, &settings.dmp.regulators);
        Self::with(&settings.tls, &settings.identity, roles)
    }

    /// The same from the sections that it needs.
    ///
    /// # Errors
    /// Every problem, with its key and its cure.
    pub fn with(tls: &Tls, identity: &Identity, roles: Roles) -> Result<Self, Vec<String>> {
        let authorities = Authorities::load(&identity.trust);
        let (authorities, mut problems) = match authorities {
            Ok(authorities) => (authorities, Vec::new()),
            Err(problems) => (Authorities::default(), problems),
        };
        let notes = authorities.set_aside().to_vec();
        let authorities = Arc::new(authorities);
        let context =
            context::build(tls, &authorities).map_err(|mut found| problems.append(&mut found));
        let revocation = Revocation::load(identity, Arc::clone(&authorities))
            .map_err(|mut found| problems.append(&mut found));
        let (Ok(context), Ok(revocation), true) = (context, revocation, problems.is_empty()) else {
            return Err(problems);
        };
        let revocation = Arc::new(revocation);
        revocation
            .watch()
            .map_err(|error| vec![format!("identity.crls: cannot be followed ({error})")])?;
        let trust = Trust {
            environment: identity.environment,
            roles,
        };
        Ok(Self {
            context,
            gate: Arc::new(Gate {
                authorities,
                trust,
                revocation,
            }),
            slots: Semaphore::new(MAX_HANDSHAKES),
            limit: HANDSHAKE,
            notes,
        })
    }

    /// The same, with another time limit for a handshake.
    pub fn with_handshake_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The revocation lists, for metrics and readiness.
    pub fn revocation(&self) -> &Revocation {
        &self.gate.revocation
    }

    /// What doesn't keep the server from starting, but will refuse cards or was left out; with key and cure.
    pub fn warnings(&self) -> Vec<String> {
        let now = jiff::Timestamp::now();
        let expired = self
            .gate
            .authorities
            .iter()
            .filter(|authority| authority.not_after < now.as_second())
            .map(|authority| {
                format!(
                    "identity.trust: {} has expired: its cards are refused; replace it",
                    authority.name
                )
            });
        let mut warnings = self.notes.clone();
        warnings.extend(expired);
        warnings.extend(self.gate.revocation.warnings(now));
        warnings
    }

    /// One handshake, within its time limit. A refused client gets its alert before the connection ends.
    ///
    /// # Errors
    /// [`HandshakeError`]; nothing is left to do but to count it.
    pub async fn accept(
        &self,
        tcp: TcpStream,
    ) -> Result<(SslStream<TcpStream>, Peer), HandshakeError> {
        let verdict = Arc::new(Verdict::default());
        let mut stream = self.start(tcp, &verdict)?;
        let handshake = async {
            let _slot = self.slots.acquire().await;
            Pin::new(&mut stream).accept().await
        };
        match timeout(self.limit, handshake).await {
            Err(_) => Err(HandshakeError::Timeout),
            Ok(Ok(())) => {
                let presented = stream.ssl().peer_certificate().is_some();
                match verdict.peer(presented) {
                    Ok(peer) => Ok((stream, peer)),
                    Err(refusal) => Err(HandshakeError::Refused(refusal)),
                }
            }
            Ok(Err(_)) => {
                let refusal = verdict.refusal();
                if refusal.is_some() {
                    linger(stream.get_mut()).await;
                }
                Err(refusal.map_or(HandshakeError::Tls, HandshakeError::Refused))
            }
        }
    }

    fn start(
        &self,
        tcp: TcpStream,
        verdict: &Arc<Verdict>,
    ) -> Result<SslStream<TcpStream>, HandshakeError> {
        let mut ssl = Ssl::new(&self.context).map_err(|_| HandshakeError::Internal)?;
        let (gate, verdict) = (Arc::clone(&self.gate), Arc::clone(verdict));
        ssl.set_verify_callback(SslVerifyMode::PEER, move |ok, chain| {
            gate.judge(ok, chain, &verdict)
        });
        SslStream::new(ssl, tcp).map_err(|_| HandshakeError::Internal)
    }
}

/// Ends our side and swallows a little of the other: closing on unread bytes would reset the connection and lose the alert.
async fn linger(tcp: &mut TcpStream) {
    if tcp.shutdown().await.is_err() {
        return;
    }
    let drain = async {
        let mut bytes = [0; 1024];
        for _ in 0..16 {
            if !matches!(tcp.read(&mut bytes).await, Ok(1..)) {
                break;
            }
        }
    };
    let _ = timeout(LINGER, drain).await;
}
