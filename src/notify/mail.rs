//! By SMTP: `smtps://`, or STARTTLS as the URL asks for.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Failed, TIMEOUT, text};
use crate::dmp::notice::Notification;
use crate::settings::{Mail, Problem};

/// A mail server, and who sends.
#[derive(Debug)]
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Reads the URL and the sender; connects to nobody.
    ///
    /// # Errors
    /// The problem, with its key.
    pub(super) fn new(settings: &Mail) -> Result<Self, Problem> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url);
        // The reason would repeat the URL, and its password.
        let transport = transport.map_err(|_| {
            Problem::new(
                "notifications.smtp_url",
                "not an SMTP URL",
                "give smtps://user:password@host, or smtp://host:587?tls=required",
            )
        })?;
        let from = settings.from.parse().map_err(|_| {
            Problem::new(
                "notifications.from",
                "not a mail address",
                "give an address, such as Mon espace santé <ne-pas-repondre@example.org>",
            )
        })?;
        Ok(Self {
            transport: transport.timeout(Some(TIMEOUT)).build(),
            from,
        })
    }

    /// Sends one mail; the same notification always carries the same `Message-ID`.
    pub(super) async fn send(&self, notification: &Notification) -> Result<(), Failed> {
        let message = self.message(notification)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failed::ForNow(reason(&error))),
        }
    }

    fn message(&self, notification: &Notification) -> Result<Message, Failed> {
        let to = notification.to.as_deref().and_then(|to| to.parse().ok());
        let to: Mailbox = to.ok_or(Failed::ForGood("not a mail address"))?;
        let words = text::of(notification).ok_or(Failed::ForGood("no words for it"))?;
        let (subject, body) = words;
        let id = format!("<{}@{}>", notification.name, self.from.email.domain());
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .message_id(Some(id))
            .date_now()
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|_| Failed::ForGood("not writable as a mail"))
    }
}

/// What happened, without the server's own words: they may repeat the address.
fn reason(error: &smtp::Error) -> String {
    match error.status() {
        Some(status) => format!("SMTP {status}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None if error.is_tls() => "TLS".to_owned(),
        None => "the mail server does not answer".to_owned(),
    }
}
