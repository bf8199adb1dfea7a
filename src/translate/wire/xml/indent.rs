//! `_pretty`: the texts that this crate writes, one element a line.

/// Indents a text of [`super::write`]; narratives stay as they are.
pub(in crate::translate::wire) fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut rest, mut depth) = (text, 0_usize);
    while let Some(end) = rest.find('>') {
        // An attribute never holds `>`: it is written as a reference.
        let (mut tag, mut tail) = rest.split_at(end + 1);
        if tag.starts_with("<div ") || tag.starts_with("<div>") {
            let length = narrative(rest);
            (tag, tail) = rest.split_at(length);
            line(tag, depth, &mut out);
        } else if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
            line(tag, depth, &mut out);
        } else {
            line(tag, depth, &mut out);
            if !tag.ends_with("/>") && !tag.starts_with("<?") {
                depth += 1;
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn line(tag: &str, depth: usize, out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.extend(std::iter::repeat_n("  ", depth));
    out.push_str(tag);
}

/// The length of the `div` that a text begins with.
fn narrative(text: &str) -> usize {
    let ends = text.match_indices("</div>").map(|(at, end)| at + end.len());
    // A `div` in a narrative holds no `text` element of FHIR: the last end before `</text>` is its own.
    let limit = text.find("</text>").unwrap_or(text.len());
    ends.take_while(|end| *end <= limit).last().unwrap_or(limit)
}
