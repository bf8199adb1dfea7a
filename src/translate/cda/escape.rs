//! Text of a document, made harmless in HTML and in XML alike.

/// Adds text as it reads, in an element or between double quotes, until `limit` bytes are written. False when it did not fit.
pub(super) fn escape(out: &mut String, text: &str, limit: usize) -> bool {
    let mut rest = text;
    while let Some(i) = rest.find(is_special) {
        let (plain, tail) = rest.split_at(i);
        let Some(c) = tail.chars().next() else { break };
        if out.len() + plain.len() > limit {
            return false;
        }
        out.push_str(plain);
        out.push_str(match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            '\r' if tail.starts_with("\r\n") => "",
            '\r' => "\n",
            _ => "\u{FFFD}",
        });
        rest = tail.get(c.len_utf8()..).unwrap_or_default();
    }
    if out.len() + rest.len() > limit {
        return false;
    }
    out.push_str(rest);
    true
}

/// The text escaped, however long.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    escape(&mut out, text, usize::MAX);
    out
}

/// Markup, and the characters that XML knows in no form: base64 may hold them.
fn is_special(c: char) -> bool {
    match c {
        '&' | '<' | '>' | '"' | '\'' => true,
        '\t' | '\n' => false,
        c => c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_markup_is_left() {
        assert_eq!(
            escaped("<a b='\"&'>é\r\nx\ry\u{0}\u{FFFF}\tz"),
            "&lt;a b=&#39;&quot;&amp;&#39;&gt;é\nx\ny\u{FFFD}\u{FFFD}\tz"
        );
        let mut out = String::new();
        assert!(!escape(&mut out, "aaaa<bbbb", 6));
        assert_eq!(out, "aaaa&lt;");
    }
}
