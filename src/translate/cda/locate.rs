//! Finds the place of an XPath again, for issues that were found in the header and not while reading it.

use std::collections::HashMap;

use super::decode::decode;
use super::fault::line_column;
use super::walk::{Node, Walker};
use crate::error::{Issue, Position};

/// Gives each issue that names an element and has no place the place of that element, or of its nearest ancestor.
pub(super) fn locate(bytes: &[u8], issues: &mut [Issue]) {
    let is_lost = |issue: &Issue| issue.position.is_none() && issue.expression.is_some();
    if !issues.iter().any(is_lost) {
        return;
    }
    let Ok(text) = decode(bytes) else { return };
    let wanted: Vec<(usize, String)> = issues
        .iter()
        .enumerate()
        .filter(|(_, issue)| is_lost(issue))
        .filter_map(|(i, issue)| Some((i, issue.expression.clone()?)))
        .collect();
    let mut best: HashMap<usize, (usize, usize)> = HashMap::new();
    walk(&text, false, |path, at| {
        for (i, expression) in &wanted {
            let known = best.get(i).map_or(0, |(len, _)| *len);
            if is_within(expression, path) && path.len() > known {
                best.insert(*i, (path.len(), at));
            }
        }
    });
    for (i, (_, at)) in best {
        let (line, column) = line_column(text.as_bytes(), at);
        if let Some(issue) = issues.get_mut(i) {
            issue.position = Some(Position { line, column });
        }
    }
}

/// True when a path is an element or something in it.
pub(super) fn is_within(path: &str, element: &str) -> bool {
    path.strip_prefix(element)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The XPath of each element that starts at one of these places.
pub(super) fn paths_at(text: &str, places: &[usize]) -> HashMap<usize, String> {
    let mut found = HashMap::new();
    walk(text, true, |path, at| {
        if places.contains(&at) {
            found.insert(at, path.to_owned());
        }
    });
    found
}

/// Tells the path of each element from `ClinicalDocument` to the body, or to the end when `whole`; a second sibling of one
/// name is `name[2]`.
fn walk<'a>(text: &'a str, whole: bool, mut tell: impl FnMut(&str, usize)) {
    let mut walker = Walker::new(text);
    let mut open: Vec<(usize, HashMap<&'a str, usize>)> = Vec::new();
    let mut path = String::new();
    while let Ok(node) = walker.next() {
        match node {
            Node::Start(tag) => {
                if open.is_empty() && tag.hl7() != "ClinicalDocument" {
                    continue;
                }
                let count = match open.last_mut() {
                    Some((_, siblings)) => siblings.entry(tag.local).or_insert(0),
                    None => &mut 0,
                };
                *count += 1;
                let step = match *count {
                    0 | 1 => format!("/{}", tag.local),
                    n => format!("/{}[{n}]", tag.local),
                };
                open.push((path.len(), HashMap::new()));
                path.push_str(&step);
                tell(&path, tag.at);
                if !whole && matches!(tag.hl7(), "structuredBody" | "nonXMLBody") {
                    return;
                }
            }
            Node::End => {
                if let Some((len, _)) = open.pop() {
                    path.truncate(len);
                }
            }
            Node::Done => return,
            Node::Text(_) | Node::Char(_) => {}
        }
    }
}
