//! To a webhook: JSON by POST, signed.
//!
//! `Passerelle-Signature: t=<seconds since 1970>,v1=<hex>` is the HMAC-SHA256 of `t`, a dot and the body, by the shared secret.
//! `Idempotency-Key` is the same whenever the same is told again.

use hyper::Method;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use serde_json::json;

use super::{Failed, text};
use crate::dmp::context::AccessMode;
use crate::dmp::notice::{NoticeKind, Notification};
use crate::dmp::time::Instant;
use crate::outbound::{Address, Unanswered, Unusable};
use crate::settings::{self, Problem};

/// Shortest secret, in bytes.
const SHORTEST_SECRET: usize = 16;
/// Bytes of an answer that are read.
const MOST: usize = 64 * 1024;

/// A receiver.
pub(super) struct Webhook {
    address: Address,
    secret: PKey<Private>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("address", &self.address)
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
        let address = Address::new(&settings.url, settings.ca.as_deref());
        let address = address.map_err(|unusable| match unusable {
            Unusable::Url => Problem::new(URL, "not an https URL", "give https://host/path"),
            Unusable::Authorities => Problem::new(CA, "cannot be used", "give another file"),
        })?;
        let secret = std::fs::read(&settings.secret).map_err(|error| {
            let why = format!("cannot be read ({error})");
            Problem::new(SECRET, why, "give a file that holds the shared secret")
        })?;
        let secret = secret.trim_ascii();
        if secret.len() < SHORTEST_SECRET {
            let cure = "write at least 16 random characters into it";
            return Err(Problem::new(SECRET, "too short", cure));
        }
        let secret = PKey::hmac(secret)
            .map_err(|_| Problem::new(SECRET, "cannot be used", "give another file"))?;
        Ok(Self { address, secret })
    }

    /// Sends one notification; any 2xx takes it.
    pub(super) async fn send(&self, notification: &Notification) -> Result<(), Failed> {
        let body = body(notification).ok_or(Failed::ForGood("no words for it"))?;
        let at = Instant::now().as_second();
        let signature = self
            .signature(at, &body)
            .map_err(|_| Failed::ForGood("not signable"))?;
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", notification.name.as_str()),
            ("Passerelle-Signature", signature.as_str()),
        ];
        match self.address.send(Method::POST, &headers, body, MOST).await {
            Ok((status, _)) if status.is_success() => Ok(()),
            Ok((status, _)) => Err(Failed::ForNow(format!("HTTP {}", status.as_u16()))),
            Err(Unanswered::Request) => Err(Failed::ForGood("not writable as a request")),
            Err(unanswered) => Err(Failed::ForNow(unanswered.to_string())),
        }
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
