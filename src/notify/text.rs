//! The words of a notification: a row of `mappings/notices.csv`, with who, when and how filled in.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::dmp::context::AccessMode;
use crate::dmp::notice::{Channel, NoticeKind, Notification};
use crate::dmp::time::{Instant, paris};

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

#[derive(Deserialize)]
struct Row {
    kind: String,
    channel: String,
    subject: String,
    body: String,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    csv::Reader::from_reader(include_str!("../../mappings/notices.csv").as_bytes())
        .deserialize::<Row>()
        .filter_map(Result::ok)
        .collect()
});

/// Subject and body, in French.
pub(super) fn of(notification: &Notification) -> Option<(String, String)> {
    let row = row(notification.kind, notification.channel)?;
    let actor = notification.actor.as_ref();
    let actor = actor.map_or("un professionnel de santé", |actor| &actor.name);
    let body = row
        .body
        .replace("{date}", &date(notification.at))
        .replace("{mode}", notification.mode.map_or("", mode))
        .replace("{actor}", actor);
    Some((row.subject.clone(), body))
}

fn row(kind: NoticeKind, channel: Channel) -> Option<&'static Row> {
    ROWS.iter()
        .find(|row| row.kind == kind.code() && row.channel == channel.code())
}

/// `24 novembre 2026 à 11 h 05`, in Paris.
fn date(at: Instant) -> String {
    let at = at.to_zoned_datetime(paris());
    let month = usize::try_from(at.month()).ok();
    let month = month.and_then(|month| MONTHS.get(month.checked_sub(1)?));
    format!(
        "{} {} {} à {} h {:02}",
        at.day(),
        month.unwrap_or(&""),
        at.year(),
        at.hour(),
        at.minute()
    )
}

fn mode(mode: AccessMode) -> &'static str {
    match mode {
        AccessMode::Normal => "accès normal",
        AccessMode::BrisDeGlace => "bris de glace",
        AccessMode::Centre15 => "centre 15",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dmp::ins::{Ins, InsRoot};
    use crate::dmp::notice::NoticeActor;

    #[test]
    fn every_notice_that_is_sent_has_its_words() {
        for kind in NoticeKind::ALL {
            assert!(row(kind, Channel::Email).is_some(), "{}", kind.code());
        }
        assert!(row(NoticeKind::EmergencyAccess, Channel::TreatingPhysician).is_some());
        assert_eq!(ROWS.len(), NoticeKind::ALL.len() + 1);
    }

    #[test]
    fn who_when_and_how_are_filled_in() {
        let notification = Notification {
            name: "n".to_owned(),
            kind: NoticeKind::EmergencyAccess,
            patient: Ins::parse(InsRoot::NirTest, "279035121518989").unwrap(),
            at: "2026-07-01T22:05:00Z".parse().unwrap(),
            channel: Channel::Email,
            to: Some("ruth@example.org".to_owned()),
            document: None,
            mode: Some(AccessMode::BrisDeGlace),
            actor: Some(NoticeActor {
                id: "899900000011".to_owned(),
                name: "DUPONT {mode}".to_owned(),
            }),
        };
        let (subject, body) = of(&notification).unwrap();
        assert_eq!(subject, "Votre dossier médical a été consulté en urgence");
        assert!(
            body.contains("Le 2 juillet 2026 à 0 h 05, DUPONT {mode} a consulté"),
            "{body}"
        );
        assert!(body.contains("en urgence (bris de glace)."), "{body}");
        assert!(!body.contains("279035121518989") && !subject.contains("279035121518989"));
    }
}
