//! The checks that a row of the table says completely.

use super::table::{Row, Test};
use super::tree::Tree;
use super::{Finding, Findings};
use crate::dmp::code::Code as Coded;
use crate::dmp::id::UniqueId;
use crate::tables::Tables;

/// Holds the header against one row.
pub(super) fn check(row: &'static Row, tree: &Tree<'_>, tables: &Tables, found: &mut Findings) {
    let (elements, attribute) = row.steps();
    let (above, last) = elements.rsplit_once('/').unwrap_or(("", elements));
    if row.test == Test::Somewhere {
        if tree.find(elements).is_empty() {
            found.push(Finding::new(
                row,
                nearest(tree, elements),
                format!("/ClinicalDocument/{elements}"),
            ));
        }
        return;
    }
    // An attribute of an element that was found by all the steps; its absence is told where the element should be.
    for context in tree.find(above) {
        if found.is_full() {
            return;
        }
        let nodes: Vec<usize> = tree.named(context, last).collect();
        if nodes.is_empty() {
            if row.min > 0 && !tree.is_null(context) {
                let name = last.split('|').next().unwrap_or_default();
                let path = format!("{}/{name}", tree.path(context));
                found.generic(Finding::new(row, tree.at(context), path));
            }
            continue;
        }
        if let Some(node) = wrong(row, tree, &nodes, attribute, tables) {
            let mut path = tree.path(node);
            if let Some(attribute) = attribute {
                path = format!("{path}/@{attribute}");
            }
            let mut finding = Finding::new(row, tree.at(node), path);
            if row.test == Test::List {
                finding.code = tree.attribute(node, "code").map(|code| code.into_owned());
            }
            found.push(finding);
        }
    }
}

/// The first of these siblings that does not pass.
fn wrong(
    row: &Row,
    tree: &Tree<'_>,
    nodes: &[usize],
    attribute: Option<&str>,
    tables: &Tables,
) -> Option<usize> {
    let value = |node: usize| tree.attribute(node, attribute.unwrap_or_default());
    let mut live = nodes.iter().copied().filter(|node| !tree.is_null(*node));
    let is_in = |text: &str| {
        row.values()
            .any(|known| text.split(' ').any(|token| token == known))
    };
    match row.test {
        Test::Element | Test::Somewhere | Test::Coded => None,
        Test::Filled => {
            let has_one = nodes.iter().any(|node| tree.is_filled(*node));
            nodes.first().copied().filter(|_| !has_one)
        }
        Test::Once => nodes.get(1).copied(),
        Test::Attribute => live.find(|node| value(*node).is_none()),
        Test::Value => live.find(|node| !value(*node).is_some_and(|text| is_in(text.trim()))),
        Test::AnyValue => {
            let mut all = nodes.iter();
            let has_it = all.any(|node| value(*node).is_some_and(|text| is_in(text.trim())));
            nodes.first().copied().filter(|_| !has_it)
        }
        Test::Oid => live.find(|node| {
            let text = value(*node).unwrap_or_default();
            text.trim().parse::<UniqueId>().is_err()
        }),
        Test::Number => live.find(|node| {
            let text = value(*node).unwrap_or_default();
            text.trim().parse::<u32>().is_err()
        }),
        Test::Time => live.find(|node| tree.time(*node).is_none()),
        Test::List => {
            let list = row.list()?;
            live.find(|node| {
                let text = |name: &str| {
                    let text = tree.attribute(*node, name).unwrap_or_default();
                    text.trim().to_owned()
                };
                let code = Coded {
                    code: text("code"),
                    system: text("codeSystem"),
                    display: None,
                };
                !code.code.is_empty() && !tables.terminology.list(list).contains(&code)
            })
        }
    }
}

/// Place of the deepest element on the way to a path.
fn nearest(tree: &Tree<'_>, path: &str) -> usize {
    let mut here = path;
    while let Some((above, _)) = here.rsplit_once('/') {
        if let Some(index) = tree.find(above).first() {
            return tree.at(*index);
        }
        here = above;
    }
    tree.at(0)
}
