//! Rust source as the house tests read it: words and marks with their lines, comments, strings and test modules left out.

#![allow(dead_code, unreachable_pub)]

use std::path::Path;

/// A piece of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// An identifier or keyword.
    Word(String),
    /// `::`
    Path,
    /// A string literal.
    Text,
    /// Any other character.
    Mark(char),
}

/// One file of `src/`.
pub struct SourceFile {
    /// `src/…`, with slashes.
    pub path: String,
    /// Its tokens with their lines, test modules left out.
    pub tokens: Vec<(usize, Token)>,
    /// Lines whose comment excuses a panic: `Can't fail: …`.
    pub excused: Vec<usize>,
    /// Lines outside test modules.
    pub lines_without_tests: usize,
}

impl SourceFile {
    /// Reads one text.
    pub fn read(path: &str, text: &str) -> Self {
        let mut lexer = Lexer {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            tokens: Vec::new(),
            excused: Vec::new(),
        };
        lexer.run();
        let (tokens, test_lines) = without_tests(lexer.tokens);
        Self {
            path: path.to_owned(),
            tokens,
            excused: lexer.excused,
            lines_without_tests: text.lines().count() - test_lines,
        }
    }

    /// The room it belongs to; None for `lib.rs` and `main.rs`.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (room != "lib" && room != "main").then_some(room)
    }

    /// How many `super::` lead to the crate's root.
    pub fn depth(&self) -> usize {
        self.path.matches('/').count()
    }
}

/// Every file under `src/`, test files (`tests.rs`) left out.
pub fn all() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")
            {
                let text = std::fs::read_to_string(&path).expect("source is UTF-8");
                let name = path.strip_prefix(root).expect("below the root");
                files.push(SourceFile::read(
                    &name.to_string_lossy().replace('\\', "/"),
                    &text,
                ));
            }
        }
    }
    assert!(files.len() > 20, "the sources were not found");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Takes out what follows `#[cfg(test)]`: one item, to its `;` or the end of its block. Returns how many lines went.
fn without_tests(tokens: Vec<(usize, Token)>) -> (Vec<(usize, Token)>, usize) {
    let is = |at: usize, expected: &[&str]| {
        expected.iter().enumerate().all(|(i, text)| {
            tokens.get(at + i).is_some_and(|(_, token)| match token {
                Token::Word(word) => word == text,
                Token::Mark(mark) => text.len() == mark.len_utf8() && text.starts_with(*mark),
                _ => false,
            })
        })
    };
    let (mut kept, mut at, mut lines) = (Vec::new(), 0, 0);
    while at < tokens.len() {
        if !is(at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let first = tokens[at].0;
        at += 7;
        let mut depth = 0_i32;
        while let Some((_, token)) = tokens.get(at) {
            at += 1;
            match token {
                Token::Mark('{' | '(' | '[') => depth += 1,
                Token::Mark('}') if depth == 1 => break,
                Token::Mark('}' | ')' | ']') => depth -= 1,
                Token::Mark(';') if depth == 0 => break,
                _ => {}
            }
        }
        lines += tokens[at - 1].0 - first + 1;
    }
    (kept, lines)
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<(usize, Token)>,
    excused: Vec<usize>,
}

impl Lexer {
    fn run(&mut self) {
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('/')) => self.line_comment(),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('r' | 'b', Some('"' | '#' | 'r')) if self.raw_string() => {}
                ('b', Some('"')) => {
                    self.bump();
                    self.string();
                }
                ('\'', _) => self.quote(),
                (':', Some(':')) => {
                    self.push(Token::Path);
                    self.bump();
                    self.bump();
                }
                (c, _) if c.is_alphanumeric() || c == '_' => self.word(),
                (c, _) => {
                    if !c.is_whitespace() {
                        self.push(Token::Mark(c));
                    }
                    self.bump();
                }
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn bump(&mut self) {
        if self.peek(0) == Some('\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn push(&mut self, token: Token) {
        self.tokens.push((self.line, token));
    }

    fn word(&mut self) {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
        {
            self.at += 1;
        }
        self.push(Token::Word(self.chars[start..self.at].iter().collect()));
    }

    fn line_comment(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
        let text: String = self.chars[start..self.at].iter().collect();
        if text.contains("Can't fail: ") {
            self.excused.push(self.line);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.bump();
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.bump();
                }
                (None, _) => return,
                _ => {}
            }
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.push(Token::Text);
        self.bump();
        while let Some(c) = self.peek(0) {
            if c == '\\' {
                self.bump();
            }
            self.bump();
            if c == '"' {
                return;
            }
        }
    }

    /// `r"…"`, `r#"…"#`, `br"…"`; false, and nothing read, when it is something else.
    fn raw_string(&mut self) -> bool {
        let mut ahead = usize::from(self.peek(0) == Some('b'));
        if self.peek(ahead) != Some('r') {
            return false;
        }
        ahead += 1;
        let mut hashes = 0;
        while self.peek(ahead) == Some('#') {
            hashes += 1;
            ahead += 1;
        }
        if self.peek(ahead) != Some('"') {
            return false;
        }
        self.push(Token::Text);
        self.at += ahead + 1;
        while self.peek(0).is_some() {
            let closes =
                self.peek(0) == Some('"') && (1..=hashes).all(|i| self.peek(i) == Some('#'));
            self.bump();
            if closes {
                self.at += hashes;
                break;
            }
        }
        true
    }

    /// A character literal, or the tick of a lifetime.
    fn quote(&mut self) {
        match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => {
                self.bump();
                self.bump();
                self.bump();
                while self.peek(0).is_some_and(|c| c != '\'') {
                    self.bump();
                }
                self.bump();
            }
            (Some(_), Some('\'')) => {
                self.bump();
                self.bump();
                self.bump();
            }
            _ => self.bump(),
        }
    }
}
