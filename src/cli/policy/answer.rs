//! An explanation in words. It names the record by its resource id and never says what a document holds.

use std::fmt::Write;

use uuid::Uuid;

use super::{Decided, Stop};
use crate::dmp::actor::Actor;
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::document::{Availability, DocumentEntry};
use crate::dmp::query::DocumentKey;
use crate::dmp::record::Standing;
use crate::policy::Visibility;
use crate::store::Store;
use crate::tables::Tables;

/// Who, where, how; then each rule with its answer; then the decision and the matrix.
pub(super) fn decision(
    tables: &Tables,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
    decided: &Decided,
) -> String {
    let mut text = String::new();
    let profession = actor.matrix_column().unwrap_or("-");
    let state = standing.record.data.state.code();
    // Writing to a String can't fail.
    let _ = writeln!(
        text,
        "actor     {} profession {profession}",
        actor.id.as_str()
    );
    let _ = writeln!(text, "record    {} {state}", standing.record.id);
    let _ = writeln!(text, "mode      {}", context.mode.code());
    for step in &decided.path {
        let answer = if step.holds { "holds" } else { "fails" };
        text += &line(tables, answer, step.rule);
    }
    match &decided.decision {
        Ok(permit) => {
            text += &line(tables, "decides", permit.rule());
            let _ = writeln!(text, "decision  permit, {}", shown(permit.visibility()));
        }
        Err(error) => {
            let issue = error.issues.first();
            let _ = writeln!(text, "decision  refused, {}", error.code().as_str());
            if let Some(issue) = issue {
                let _ = writeln!(
                    text,
                    "          {}\n          {}",
                    issue.english(),
                    issue.french()
                );
            }
        }
    }
    let _ = writeln!(text, "matrix    {}", tables.matrix.version);
    text
}

/// Whether the document would be shown, by the store's own answer, and the rule that says so.
pub(super) async fn document(
    store: &Store,
    tables: &Tables,
    actor: &Actor,
    context: &Context,
    decided: &Decided,
    id: Uuid,
) -> Result<String, Stop> {
    let Ok(permit) = &decided.decision else {
        return Ok(format!("document  {id} not shown: the act is refused\n"));
    };
    let Some((entry, own)) = store.explained(permit, id).await? else {
        return Ok(format!(
            "document  {id} not shown: this record has none of that id\n"
        ));
    };
    let shown = store.entry(permit, &DocumentKey::Id(id)).await.is_ok();
    let rule = if shown {
        why_shown(permit.visibility(), &entry, own)
    } else {
        why_hidden(permit.visibility(), &entry, context)
    };
    let answer = if shown { "shown" } else { "not shown" };
    let mut text = format!("document  {id} {answer}\n");
    text += &line(tables, if shown { "because" } else { "hidden" }, rule);
    if rule == "HAB-01" {
        let column = actor.matrix_column().unwrap_or_default();
        let cell = tables
            .matrix
            .explain(&entry.metadata.type_code.code, column);
        let _ = writeln!(
            text,
            "          {} type {} profession {}, layer {} {}, {}",
            cell.decision, cell.type_code, cell.profession, cell.layer, cell.version, cell.row
        );
    }
    Ok(text)
}

fn why_shown(visibility: &Visibility, entry: &DocumentEntry, own: bool) -> &'static str {
    match visibility {
        _ if own => "HAB-06",
        Visibility::Professional { .. } if entry.metadata.labels.masked => "MSK-03",
        Visibility::Patient { .. } => "LC-08",
        _ => "HAB-01",
    }
}

fn why_hidden(visibility: &Visibility, entry: &DocumentEntry, context: &Context) -> &'static str {
    let labels = entry.metadata.labels;
    match visibility {
        _ if entry.availability == Availability::Deleted => "DEL-02",
        Visibility::Professional { types, .. } => {
            let readable = types.all || types.codes.contains(&entry.metadata.type_code.code);
            match (readable, context.mode) {
                (false, _) => "HAB-01",
                (true, AccessMode::Normal) => "MSK-03",
                (true, _) => "MSK-07",
            }
        }
        Visibility::Patient { .. } if labels.invisible_patient => "ANN-03",
        Visibility::Patient { .. } => "MIN-02",
        Visibility::Own(_) | Visibility::Nothing | Visibility::All => "HAB-06",
    }
}

fn shown(visibility: &Visibility) -> &'static str {
    match visibility {
        Visibility::Nothing => "no document",
        Visibility::Own(_) => "his own documents",
        Visibility::Professional { masked: false, .. } => {
            "his own documents and those that the matrix opens, but for masked ones"
        }
        Visibility::Professional { masked: true, .. } => {
            "his own documents and those that the matrix opens, masked ones too"
        }
        Visibility::Patient { .. } => "all documents but those kept invisible",
        Visibility::All => "all documents",
    }
}

fn line(tables: &Tables, answer: &str, rule: &str) -> String {
    match tables.rules.sentence(rule) {
        Some(sentence) => format!(
            "{answer:<9} {rule:<8} {}\n{:18} {}\n",
            sentence.en, "", sentence.fr
        ),
        None => format!("{answer:<9} {rule}\n"),
    }
}
