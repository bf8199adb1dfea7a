//! Telling: what waits in the outbox goes out by SMTP or to a webhook, at least once, later again when it doesn't get through.
//! No log of this room holds an address or a text.

mod mail;
mod text;
mod webhook;

use std::time::Duration;

use jiff::SignedDuration;

use crate::dmp::notice::{Channel, Notification};
use crate::dmp::time::Instant;
use crate::error::Error;
use crate::settings::{Notifications, Problem};
use crate::store::{Claimed, Delivery, Store};

use mail::Mailer;
use webhook::Webhook;

/// Notifications that one worker holds at a time.
const BATCH: usize = 20;
/// For how long they are his: longer than all of them may take.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// For one sending.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Before the second try; each wait doubles.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// The longest wait.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(6);

/// Why one sending failed, without a word of whom it was for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Failed {
    /// It may get through later.
    #[error("{0}")]
    ForNow(String),
    /// It never will.
    #[error("{0}")]
    ForGood(&'static str),
}

/// Who sends. Without `[notifications]` it sends nothing, and everything is kept.
#[derive(Debug, Default)]
pub struct Notifier {
    mail: Option<Mailer>,
    webhook: Option<Webhook>,
    max_attempts: u32,
}

impl Notifier {
    /// Reads what the section names.
    ///
    /// # Errors
    /// Every problem, with its key and its cure.
    pub fn new(settings: &Notifications) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut kept = |problem| problems.push(problem);
        let mail = settings.mail.as_ref();
        let mail = mail.and_then(|mail| Mailer::new(mail).map_err(&mut kept).ok());
        let webhook = settings.webhook.as_ref();
        let webhook = webhook.and_then(|webhook| Webhook::new(webhook).map_err(&mut kept).ok());
        if problems.is_empty() {
            Ok(Self {
                mail,
                webhook,
                max_attempts: settings.max_attempts,
            })
        } else {
            Err(problems)
        }
    }

    /// Sends what is due; gives how many got through.
    ///
    /// # Errors
    /// The store's. What does not get through is tried again later.
    pub async fn deliver(&self, store: &Store, now: Instant) -> Result<usize, Error> {
        let channels = self.channels();
        if channels.is_empty() {
            return Ok(0);
        }
        let mut sent = 0;
        loop {
            let until = later(now, LEASE);
            let claimed = store.claim(&channels, now, until, BATCH).await?;
            if claimed.is_empty() {
                return Ok(sent);
            }
            for Claimed {
                notification,
                attempt,
            } in claimed
            {
                let delivery = self.one(&notification, attempt, now).await;
                sent += usize::from(delivery == Delivery::Sent);
                store.settle(&notification.name, delivery).await?;
            }
        }
    }

    /// What can be sent: the webhook takes everything but the statement, and leaves the mail to who mails.
    fn channels(&self) -> Vec<Channel> {
        let mails = self.mail.is_some() || self.webhook.is_some();
        let mut channels = Vec::with_capacity(2);
        channels.extend(mails.then_some(Channel::Email));
        channels.extend(self.webhook.is_some().then_some(Channel::TreatingPhysician));
        channels
    }

    async fn one(&self, notification: &Notification, attempt: u32, now: Instant) -> Delivery {
        // Claimed often and never settled: whoever sends it dies of it.
        if attempt > self.max_attempts {
            return Delivery::GivenUp;
        }
        let sending = async {
            match (&self.mail, &self.webhook, notification.channel) {
                (Some(mail), _, Channel::Email) => mail.send(notification).await,
                (_, Some(webhook), _) => webhook.send(notification).await,
                _ => Err(Failed::ForGood("no way to send it")),
            }
        };
        let sent = tokio::time::timeout(TIMEOUT, sending)
            .await
            .unwrap_or_else(|_| Err(Failed::ForNow("no answer in time".to_owned())));
        let Err(failed) = sent else {
            return Delivery::Sent;
        };
        let kind = notification.kind.code();
        tracing::warn!(kind, attempt, reason = %failed, "a notification was not sent");
        match failed {
            Failed::ForNow(_) if attempt < self.max_attempts => {
                Delivery::Again(later(now, wait(attempt)))
            }
            _ => Delivery::GivenUp,
        }
    }
}

/// How long to wait after a try, from 1.
fn wait(attempt: u32) -> SignedDuration {
    let doublings = attempt.saturating_sub(1).min(20);
    FIRST_WAIT
        .checked_mul(1 << doublings)
        .unwrap_or(LONGEST_WAIT)
        .min(LONGEST_WAIT)
}

fn later(now: Instant, wait: SignedDuration) -> Instant {
    now.checked_add(wait).unwrap_or(Instant::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let minutes: Vec<i64> = [1, 2, 3, 9, 10, 12, u32::MAX]
            .map(|attempt| wait(attempt).as_mins())
            .to_vec();
        assert_eq!(minutes, [1, 2, 4, 256, 360, 360, 360]);
    }
}
