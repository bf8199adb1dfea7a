//! The outbox: what is told of an act is written with it, or not at all (rules NOT-*, EMG-07, MT-05).

use openssl::sha::Sha256;
use uuid::Uuid;

use super::conn::{Conn, DbError};
use super::row::Row;
use super::schema::micros;
use super::statement::Value;
use crate::dmp::context::AccessMode;
use crate::dmp::document::{Availability, DocumentEntry, Labels};
use crate::dmp::ins::Ins;
use crate::dmp::notice::{Channel, NoticeActor, NoticeKind, Notification};
use crate::dmp::record::Record;
use crate::dmp::time::Instant;
use crate::policy::Permit;

/// Waits to be sent.
pub(super) const WAITING: &str = "waiting";
/// For the yearly statement.
pub(super) const KEPT: &str = "kept";

/// The columns that [`notification`] reads.
pub(super) const COLUMNS: &str = "name, kind, ins, at, mode, channel, body";

/// What is to be told.
pub(super) struct News {
    /// Of what.
    pub(super) kind: NoticeKind,
    /// When it happened.
    pub(super) at: Instant,
    /// What tells it from others of its kind in the record.
    pub(super) once: String,
    /// The document concerned.
    pub(super) document: Option<Uuid>,
    /// Of an access.
    pub(super) mode: Option<AccessMode>,
    /// Who, with the key of his rows.
    pub(super) actor: Option<(String, NoticeActor)>,
}

impl News {
    /// About a document.
    pub(super) fn of_document(kind: NoticeKind, at: Instant, document: Uuid) -> Self {
        Self {
            kind,
            at,
            once: document.to_string(),
            document: Some(document),
            mode: None,
            actor: None,
        }
    }
}

/// The parts of a notification that no query asks for.
#[derive(serde::Serialize, serde::Deserialize)]
struct Body {
    /// The patient's number at that time, when it is not the key of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    ins: Option<Ins>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<NoticeActor>,
}

/// True for a document that nobody of the patient's side sees: not announced yet, or kept by a minor from his representatives
/// (ANN-05, MIN-02).
pub(super) fn is_hidden(labels: Labels, minor: bool) -> bool {
    labels.invisible_patient || (minor && labels.invisible_representatives)
}

/// True for what the patient's side finds among its documents.
pub(super) fn is_current(entry: &DocumentEntry) -> bool {
    matches!(
        entry.availability,
        Availability::Approved | Availability::Archived
    )
}

/// Tells the holder, where he can be told; nothing of a closed or opposed record (NOT-05).
pub(super) async fn tell_holder(
    conn: &mut Conn<'_>,
    record: &Record,
    news: &News,
) -> Result<(), DbError> {
    let (channel, to) = match record.data.notices.email.as_deref() {
        Some(email) => (Channel::Email, Some(email)),
        None => (Channel::Statement, None),
    };
    tell(conn, record, news, channel, to).await
}

/// Tells one médecin traitant (MT-05).
pub(super) async fn tell_physician(
    conn: &mut Conn<'_>,
    record: &Record,
    news: &News,
    physician: &str,
) -> Result<(), DbError> {
    let channel = Channel::TreatingPhysician;
    tell(conn, record, news, channel, Some(physician)).await
}

async fn tell(
    conn: &mut Conn<'_>,
    record: &Record,
    news: &News,
    channel: Channel,
    to: Option<&str>,
) -> Result<(), DbError> {
    if !record.data.state.is_open() {
        return Ok(());
    }
    let ins = record.opened_as.key();
    let to_whom = to.filter(|_| channel == Channel::TreatingPhysician);
    let name = name(&[
        news.kind.code(),
        &ins,
        &news.once,
        to_whom.unwrap_or_default(),
    ]);
    let patient = &record.data.ins;
    let body = Body {
        ins: (*patient != record.opened_as).then(|| patient.clone()),
        to: to.map(str::to_owned),
        document: news.document,
        actor: news.actor.as_ref().map(|(_, actor)| actor.clone()),
    };
    let (state, due) = match channel {
        Channel::Statement => (KEPT, None),
        _ => (WAITING, Some(micros(news.at))),
    };
    let values = [
        (&ins).into(),
        Uuid::now_v7().into(),
        name.into(),
        news.kind.code().into(),
        micros(news.at).into(),
        news.actor.as_ref().map(|(key, _)| key.as_str()).into(),
        news.mode.map(AccessMode::code).into(),
        channel.code().into(),
        serde_json::to_string(&body)
            .map_err(|_| DbError::Shape)?
            .into(),
        state.into(),
        due.into(),
    ];
    let into =
        "INSERT INTO outbox (ins, id, name, kind, at, actor, mode, channel, body, state, due)";
    conn.insert(into, values.len(), &values, "ON CONFLICT DO NOTHING")
        .await?;
    Ok(())
}

/// The name of a notification: it tells whoever sees it nothing, and is the same whenever the same is told.
fn name(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(b"\n");
    }
    let hash = hasher.finish();
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Who acts, as he is named to whom is told.
pub(super) fn actor(
    permit: &Permit,
    trace: &crate::dmp::trace::Trace,
) -> Option<(String, NoticeActor)> {
    let traced = trace.actor.as_ref()?;
    let actor = NoticeActor {
        id: traced.id.clone(),
        name: traced.name.clone(),
    };
    Some((permit.actor().key(), actor))
}

/// Forgets what was not told yet: the record is closed (LC-12).
pub(super) async fn drop_untold(conn: &mut Conn<'_>, ins: &str) -> Result<(), DbError> {
    let sql = "DELETE FROM outbox WHERE ins = $1 AND state IN ($2, $3)";
    let values = [ins.into(), WAITING.into(), KEPT.into()];
    conn.execute(sql, &values).await.map(drop)
}

/// When an emergency of this professional in this mode was last told.
pub(super) async fn last_emergency(
    conn: &mut Conn<'_>,
    ins: &str,
    actor: &str,
    mode: AccessMode,
) -> Result<Option<Instant>, DbError> {
    let sql =
        "SELECT MAX(at) FROM outbox WHERE ins = $1 AND kind = $2 AND actor = $3 AND mode = $4";
    let values = [
        ins.into(),
        NoticeKind::EmergencyAccess.code().into(),
        actor.into(),
        mode.code().into(),
    ];
    match conn.query(sql, &values).await?.first() {
        Some(row) if row.optional_int(0)?.is_some() => row.instant(0).map(Some),
        _ => Ok(None),
    }
}

/// Everything that is there, oldest first, up to a bound.
pub(super) async fn all(conn: &mut Conn<'_>, most: i64) -> Result<Vec<Notification>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox ORDER BY at, id LIMIT $1");
    let rows = conn.query(&sql, &[Value::from(most)]).await?;
    rows.iter().map(notification).collect()
}

/// A row of [`COLUMNS`].
pub(super) fn notification(row: &Row) -> Result<Notification, DbError> {
    let body: Body = row.json(6)?;
    let mode = row.optional_text(4)?;
    Ok(Notification {
        name: row.text(0)?.to_owned(),
        kind: NoticeKind::from_code(row.text(1)?).ok_or(DbError::Shape)?,
        patient: match body.ins {
            Some(ins) => ins,
            None => Ins::from_key(row.text(2)?).map_err(|_| DbError::Shape)?,
        },
        at: row.instant(3)?,
        mode: mode.and_then(AccessMode::from_code),
        channel: Channel::from_code(row.text(5)?).ok_or(DbError::Shape)?,
        to: body.to,
        document: body.document,
        actor: body.actor,
    })
}
