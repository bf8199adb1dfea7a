//! Holds the rooms to their order: `edge → identity → translate → policy → store → audit`, with `dmp`, `error`, `tables` and `settings`
//! known by all and knowing no room. Also the habits that go with it: no panic outside tests, small files, no wire or SQL in `dmp`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/source.rs"]
mod source;

use source::{SourceFile, Token};

/// What each room may import besides itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("dmp", &[]),
    ("error", &["dmp"]),
    ("tables", &["dmp", "error", "settings"]),
    ("settings", &["dmp", "error"]),
    ("audit", &["dmp", "error"]),
    (
        "store",
        &["dmp", "error", "tables", "settings", "policy", "audit"],
    ),
    (
        "jobs",
        &["dmp", "error", "settings", "policy", "store", "audit"],
    ),
    ("outbound", &[]),
    ("notify", &["dmp", "error", "settings", "store", "outbound"]),
    ("policy", &["dmp", "error", "tables"]),
    ("translate", &["dmp", "error", "tables", "settings"]),
    ("identity", &["dmp", "error", "tables", "settings"]),
    (
        "edge",
        &[
            "dmp",
            "error",
            "tables",
            "settings",
            "identity",
            "translate",
            "policy",
            "store",
            "audit",
            "jobs",
            "notify",
            "outbound",
        ],
    ),
    (
        "cli",
        &[
            "dmp",
            "error",
            "tables",
            "settings",
            "identity",
            "translate",
            "policy",
            "store",
            "audit",
            "jobs",
            "notify",
            "outbound",
            "edge",
        ],
    ),
];

/// Crates that must not be named in `dmp`.
const FOREIGN_TO_DMP: &[&str] = &[
    "axum",
    "hyper",
    "rusqlite",
    "sqlx",
    "quick_xml",
    "openssl",
    "serde_json",
    "tokio",
];

/// Longest file, its test module aside.
const MAX_LINES: usize = 400;

#[test]
fn no_import_climbs() {
    let faults: Vec<String> = source::all().iter().flat_map(climbing_imports).collect();
    assert!(
        faults.is_empty(),
        "imports that climb:\n{}",
        faults.join("\n")
    );
}

#[test]
fn nothing_outside_tests_panics() {
    let faults: Vec<String> = source::all().iter().flat_map(panics).collect();
    assert!(
        faults.is_empty(),
        "panics outside tests:\n{}",
        faults.join("\n")
    );
}

#[test]
fn files_stay_small() {
    let faults: Vec<String> = source::all()
        .iter()
        .filter(|file| file.lines_without_tests > MAX_LINES)
        .map(|file| format!("{}: {} lines", file.path, file.lines_without_tests))
        .collect();
    assert!(
        faults.is_empty(),
        "longer than {MAX_LINES} lines:\n{}",
        faults.join("\n")
    );
}

#[test]
fn the_model_knows_neither_wire_nor_database() {
    let faults: Vec<String> = source::all()
        .iter()
        .filter(|file| file.room() == Some("dmp"))
        .flat_map(|file| {
            file.tokens
                .iter()
                .filter(|(_, token)| matches!(token, Token::Word(word) if FOREIGN_TO_DMP.contains(&word.as_str())))
                .map(|(line, token)| format!("{}:{line}: {token:?}", file.path))
        })
        .collect();
    assert!(
        faults.is_empty(),
        "foreign to the model:\n{}",
        faults.join("\n")
    );
}

#[test]
fn every_room_has_its_place_in_the_order() {
    let unknown: Vec<String> = source::all()
        .iter()
        .filter_map(|file| file.room())
        .filter(|room| ALLOWED.iter().all(|(known, _)| known != room))
        .map(str::to_owned)
        .collect();
    assert!(
        unknown.is_empty(),
        "rooms without a row in the table: {unknown:?}"
    );
}

/// The imports of one file that its room may not make, as `file:line: from → to`.
fn climbing_imports(file: &SourceFile) -> Vec<String> {
    let Some(room) = file.room() else {
        return Vec::new();
    };
    let allowed = ALLOWED
        .iter()
        .find(|(known, _)| *known == room)
        .map_or(&[][..], |(_, allowed)| allowed);
    let is_room = |name: &str| ALLOWED.iter().any(|(known, _)| *known == name);
    imports(file)
        .into_iter()
        .filter(|(_, to)| to != room && is_room(to) && !allowed.contains(&to.as_str()))
        .map(|(line, to)| format!("{}:{line}: {room} → {to}", file.path))
        .collect()
}

/// Every `crate::NAME` of a file, in paths and inside groups, and `super::…` chains that reach the crate's root.
fn imports(file: &SourceFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < file.tokens.len() {
        let rest = &file.tokens[at..];
        let to_root = match rest.first() {
            Some((_, Token::Word(word))) if word == "crate" => 1,
            Some((_, Token::Word(word))) if word == "super" => {
                let chain = rest
                    .chunks(2)
                    .take_while(|pair| {
                        matches!(pair, [(_, Token::Word(word)), (_, Token::Path)] if word == "super")
                    })
                    .count();
                at += 2 * chain.saturating_sub(1);
                if chain == file.depth() && chain > 0 {
                    2 * chain - 1
                } else {
                    0
                }
            }
            _ => 0,
        };
        if to_root > 0 && matches!(rest.get(to_root), Some((_, Token::Path))) {
            found.extend(first_names(&rest[to_root + 1..]));
        }
        at += 1;
    }
    found
}

/// The first names after `crate::`: one, or each of a group.
fn first_names(tokens: &[(usize, Token)]) -> Vec<(usize, String)> {
    match tokens.first() {
        Some((line, Token::Word(word))) => vec![(*line, word.clone())],
        Some((_, Token::Mark('{'))) => {
            let mut names = Vec::new();
            let (mut depth, mut at_start) = (0, true);
            for (line, token) in tokens {
                match token {
                    Token::Mark('{') => depth += 1,
                    Token::Mark('}') => depth -= 1,
                    Token::Mark(',') if depth == 1 => at_start = true,
                    Token::Word(word) if depth == 1 && at_start => {
                        names.push((*line, word.clone()));
                        at_start = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            names
        }
        _ => Vec::new(),
    }
}

/// `unwrap()`, `expect("…")` and the panicking macros, unless a comment on the line or on the one before says `Can't fail:`.
fn panics(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    for window in file.tokens.windows(4) {
        let line = window[0].0;
        let what = match window {
            [
                (_, Token::Mark('.')),
                (_, Token::Word(word)),
                (_, Token::Mark('(')),
                (_, Token::Mark(')')),
            ] if word == "unwrap" => Some("unwrap"),
            [
                (_, Token::Mark('.')),
                (_, Token::Word(word)),
                (_, Token::Mark('(')),
                (_, Token::Text),
            ] if word == "expect" => Some("expect"),
            [(_, Token::Word(word)), (_, Token::Mark('!')), ..] => {
                ["panic", "todo", "unimplemented", "unreachable"]
                    .into_iter()
                    .find(|name| name == word)
            }
            _ => None,
        };
        if let Some(what) = what
            && !file.excused.contains(&line)
            && !file.excused.contains(&(line - 1))
        {
            found.push(format!("{}:{line}: {what}", file.path));
        }
    }
    found
}

mod the_check_itself {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        climbing_imports(&SourceFile::read(path, text))
    }

    #[test]
    fn sees_paths_groups_and_supers() {
        assert_eq!(
            faults("src/store/sqlite.rs", "use crate::edge::Router;").len(),
            1
        );
        assert_eq!(
            faults(
                "src/policy.rs",
                "use crate::{\n    dmp::ins::Ins,\n    store::{Store, edge},\n};"
            ),
            ["src/policy.rs:3: policy → store"]
        );
        assert_eq!(
            faults("src/audit.rs", "fn f() -> crate::policy::Permit { g() }").len(),
            1
        );
        assert_eq!(faults("src/policy.rs", "use super::store::Store;").len(), 1);
        assert_eq!(
            faults("src/policy/permit.rs", "use super::super::store::Store;").len(),
            1
        );
        assert_eq!(
            faults("src/dmp/ins.rs", "use crate::tables::Tables;").len(),
            1
        );
    }

    #[test]
    fn lets_the_order_pass() {
        assert!(
            faults(
                "src/store.rs",
                "use crate::{policy::Permit, dmp::ins::Ins};"
            )
            .is_empty()
        );
        assert!(faults("src/policy/permit.rs", "use super::store;").is_empty());
        assert!(
            faults(
                "src/policy.rs",
                "// use crate::store::Store;\nconst A: &str = \"crate::store::X\";"
            )
            .is_empty()
        );
        assert!(
            faults(
                "src/policy.rs",
                "#[cfg(test)]\nmod tests { use crate::store::Store; }"
            )
            .is_empty()
        );
        assert!(faults("src/edge.rs", "use crate::{store::Store, audit};").is_empty());
    }

    #[test]
    fn sees_panics_outside_tests_only() {
        let count = |text: &str| panics(&SourceFile::read("src/x.rs", text)).len();
        assert_eq!(
            count("fn f() { a.unwrap(); b.expect(\"x\"); panic!(\"y\"); }"),
            3
        );
        assert_eq!(
            count("// Can't fail: built in.\nfn f() { a.expect(\"x\"); }"),
            0
        );
        assert_eq!(
            count("fn f() { a.unwrap_or(1); p.expect(b'<'); '\"' ; }"),
            0
        );
        assert_eq!(
            count("#[cfg(test)]\nmod tests { fn f() { a.unwrap(); } }\nfn g() { c.unwrap(); }"),
            1
        );
        assert_eq!(
            count("fn f<'a>(x: &'a str) { /* b.unwrap() */ r#\"c.unwrap()\"#; }"),
            0
        );
    }
}
