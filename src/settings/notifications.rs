//! `[notifications]`: by which ways patients are told. None by default: what is to be told is then kept, and not sent.

use std::net::IpAddr;
use std::path::PathBuf;

use super::read::Reader;
use crate::dmp::context::Environment;

/// `[notifications]`
#[derive(Debug, Clone)]
pub struct Notifications {
    /// E-mail to holders.
    pub mail: Option<Mail>,
    /// Everything that `mail` doesn't take.
    pub webhook: Option<Webhook>,
    /// Tries of one notification.
    pub max_attempts: u32,
}

/// By SMTP.
#[derive(Clone)]
pub struct Mail {
    /// `smtps://user:password@host`, `smtp://host:587?tls=required`; never printed.
    pub url: String,
    /// Who sends: `Mon espace santé <ne-pas-repondre@…>`.
    pub from: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// By HTTP.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// The file of the secret that signs.
    pub secret: PathBuf,
    /// The authorities that its server is known by, PEM; None for those of the system.
    pub ca: Option<PathBuf>,
}

/// Reads the section. What is sent in clear goes to this very machine, or is a test.
pub(super) fn read(from: &mut Reader<'_>, environment: Environment) -> Notifications {
    let test = environment == Environment::Test;
    Notifications {
        mail: mail(from, test),
        webhook: webhook(from, test),
        max_attempts: from.number("notifications.max_attempts", 12, 1, 100),
    }
}

fn mail(from: &mut Reader<'_>, test: bool) -> Option<Mail> {
    const KEY: &str = "notifications.smtp_url";
    if !from.given(KEY) {
        return None;
    }
    let url = from.text(KEY, "");
    let options = url.split_once('?').map_or("", |(_, options)| options);
    let demanded = options.split('&').any(|option| option == "tls=required");
    let encrypted = url.starts_with("smtps://") || demanded;
    if !(url.starts_with("smtps://") || url.starts_with("smtp://")) {
        from.wrong(
            KEY,
            "not an SMTP URL",
            "give smtps://user:password@host, or smtp://host:587?tls=required",
        );
    } else if !(encrypted || test || is_local(&url)) {
        from.wrong(
            KEY,
            "would send in clear",
            "add ?tls=required, or give smtps://",
        );
    }
    let sender = from.text("notifications.from", "");
    if sender.is_empty() {
        from.wrong(
            "notifications.from",
            "missing while notifications.smtp_url is given",
            "give the address that patients see",
        );
    }
    Some(Mail { url, from: sender })
}

fn webhook(from: &mut Reader<'_>, test: bool) -> Option<Webhook> {
    const KEY: &str = "notifications.webhook_url";
    const SECRET: &str = "notifications.webhook_secret_file";
    const CA: &str = "notifications.webhook_ca";
    if !from.given(KEY) {
        return None;
    }
    let url = from.text(KEY, "");
    if !(url.starts_with("https://") || (test && url.starts_with("http://"))) {
        from.wrong(KEY, "not an https URL", "give https://host/path");
    }
    if !from.given(SECRET) {
        from.wrong(
            SECRET,
            "missing while notifications.webhook_url is given",
            "give a file that holds the secret shared with the receiver",
        );
    }
    Some(Webhook {
        url,
        secret: from.path(SECRET, "webhook.secret"),
        ca: from.given(CA).then(|| from.path(CA, "ca.pem")),
    })
}

/// True for a relay on this machine.
fn is_local(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_on_this_machine_is_told_from_others() {
        for local in [
            "smtp://localhost",
            "smtp://127.0.0.1:25",
            "smtp://user:p@[::1]:25?x=1",
        ] {
            assert!(is_local(local), "{local}");
        }
        for other in [
            "smtp://mail.example",
            "smtp://localhost@mail.example",
            "smtp://10.0.0.1",
            "smtp://127.0.0.1.example",
        ] {
            assert!(!is_local(other), "{other}");
        }
    }
}
