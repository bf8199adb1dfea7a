//! The texts that the primitive types of R4 accept (R4, Data Types §2.24.0.1), without regular expressions.

/// What XML can hold too: no control character but tab and line ends, and neither of the two that are no characters.
pub(super) fn string(text: &str) -> bool {
    let printable = |byte| byte >= b' ' || matches!(byte, b'\t' | b'\r' | b'\n');
    text.bytes().all(printable) && (text.is_ascii() || !text.contains(['\u{FFFE}', '\u{FFFF}']))
}

/// No blank but single ones inside.
pub(super) fn code(text: &str) -> bool {
    string(text) && text.split(char::is_whitespace).all(|word| !word.is_empty())
}

/// Letters, digits, `-` and `.`, 64 at most.
pub(super) fn id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.len() <= 64 && text.bytes().all(allowed)
}

/// `urn:oid:` and its arcs.
pub(super) fn oid(text: &str) -> bool {
    let Some(arcs) = text.strip_prefix("urn:oid:") else {
        return false;
    };
    let arc = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    };
    arcs.contains('.')
        && arcs.split('.').all(arc)
        && matches!(arcs.as_bytes(), [b'0'..=b'2', b'.', ..])
}

/// `urn:uuid:` and a UUID in small letters.
pub(super) fn uuid(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else {
        return false;
    };
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// A year, a month or a day that exists.
pub(super) fn date(text: &[u8]) -> bool {
    let (year, month, day) = match text {
        [y @ .., b'-', m1, m2, b'-', d1, d2] => (y, Some([*m1, *m2]), Some([*d1, *d2])),
        [y @ .., b'-', m1, m2] => (y, Some([*m1, *m2]), None),
        y => (y, None, None),
    };
    if year.len() != 4 {
        return false;
    }
    let Some(year) = digits(year).filter(|year| *year > 0) else {
        return false;
    };
    let Some(month) = month else { return true };
    let Some(month) = digits(&month) else {
        return false;
    };
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => return false,
    };
    day.is_none_or(|day| digits(&day).is_some_and(|day| (1..=last).contains(&day)))
}

/// A date, or a time with seconds and offset.
pub(super) fn date_time(text: &str) -> bool {
    if text.contains('T') {
        instant(text)
    } else {
        date(text.as_bytes())
    }
}

/// A day, a time with seconds, an offset.
pub(super) fn instant(text: &str) -> bool {
    let Some((day, rest)) = text.split_once('T') else {
        return false;
    };
    let Some(split) = rest.find(['Z', '+', '-']) else {
        return false;
    };
    let (clock, offset) = rest.split_at(split);
    let offset = match offset.as_bytes() {
        [b'Z'] => true,
        [_, h1, h2, b':', m1, m2] => match (digits(&[*h1, *h2]), digits(&[*m1, *m2])) {
            (Some(hours), Some(minutes)) => {
                (hours < 14 && minutes < 60) || (hours, minutes) == (14, 0)
            }
            _ => false,
        },
        _ => false,
    };
    offset && day.len() == 10 && date(day.as_bytes()) && time(clock.as_bytes())
}

/// Hours, minutes, seconds and perhaps a fraction of them; a leap second is good.
pub(super) fn time(text: &[u8]) -> bool {
    let [h1, h2, b':', m1, m2, b':', s1, s2, fraction @ ..] = text else {
        return false;
    };
    let below =
        |tens: &u8, ones: &u8, end| digits(&[*tens, *ones]).is_some_and(|value| value < end);
    let fraction = match fraction {
        [] => true,
        [b'.', rest @ ..] => !rest.is_empty() && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    fraction && below(h1, h2, 24) && below(m1, m2, 60) && below(s1, s2, 61)
}

fn digits(text: &[u8]) -> Option<u32> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    text.iter()
        .try_fold(0, |value, byte| Some(value * 10 + digit(byte)?))
}

/// Groups of four characters, padded, blanks anywhere. One pass, nothing copied: a document can be many megabytes.
pub(super) fn base64(text: &[u8]) -> bool {
    let end = text.iter().rposition(|byte| *byte != b'=' && !blank(*byte));
    let (symbols, padding) = text.split_at(end.map_or(0, |end| end + 1));
    let padding = padding.iter().filter(|byte| **byte == b'=').count();
    let mut count = 0_usize;
    // Short runs without branches, counted in bytes, become vector instructions.
    for run in symbols.chunks(128) {
        let (mut found, mut good) = (0_u8, true);
        for byte in run {
            found += u8::from(symbol(*byte));
            good &= symbol(*byte) | blank(*byte);
        }
        if !good {
            return false;
        }
        count += usize::from(found);
    }
    count > 0 && padding <= 2 && (count + padding).is_multiple_of(4)
}

fn symbol(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    letter | (byte.wrapping_sub(b'0') < 10) | (byte == b'+') | (byte == b'/')
}

fn blank(byte: u8) -> bool {
    (byte == b' ') | (byte == b'\t') | (byte == b'\r') | (byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_exist() {
        for good in ["2024", "2024-02", "2024-02-29", "2000-02-29", "0001-01-01"] {
            assert!(date(good.as_bytes()), "{good}");
        }
        for bad in [
            "0000",
            "24",
            "2024-13",
            "2023-02-29",
            "1900-02-29",
            "2024-04-31",
            "2024-1-01",
            "2024-00",
            "2024-01-00",
            "2024-01-01-01",
            "+2024",
        ] {
            assert!(!date(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn times_have_seconds_and_offset() {
        for good in [
            "2024-02-29T23:59:60.000+14:00",
            "2024-02-29T00:00:00Z",
            "2024-02-29T00:00:00.1-03:30",
        ] {
            assert!(instant(good) && date_time(good), "{good}");
        }
        for bad in [
            "2024-02-29T00:00Z",
            "2024-02-29T00:00:00",
            "2024-02T00:00:00Z",
            "2024-02-30T00:00:00Z",
            "2024-02-29T24:00:00Z",
            "2024-02-29T00:00:00.Z",
            "2024-02-29T00:00:00+14:30",
            "2024-02-29T00:00:00+1:00",
            "2024-02-29 00:00:00Z",
            "2024-02-29T00:00:00ZZ",
            "2024-02-29T00:00:00é",
        ] {
            assert!(!instant(bad) && !date_time(bad), "{bad}");
        }
        assert!(date_time("2024") && !instant("2024"));
    }

    #[test]
    fn identifiers_have_their_form() {
        assert!(oid("urn:oid:1.2.250.1.213") && oid("urn:oid:2.0"));
        for bad in [
            "1.2.3",
            "urn:oid:3.1",
            "urn:oid:1",
            "urn:oid:1.02",
            "urn:oid:1..2",
            "urn:oid:1.2.",
            "urn:oid:12.3",
            "urn:oid:",
        ] {
            assert!(!oid(bad), "{bad}");
        }
        assert!(uuid("urn:uuid:a9c10f8a-882d-4000-a280-7150e0aeb478"));
        assert!(!uuid("urn:uuid:A9C10F8A-882D-4000-A280-7150E0AEB478"));
        assert!(!uuid("a9c10f8a-882d-4000-a280-7150e0aeb478"));
        assert!(id("a.B-9") && !id("a_b") && !id(&"a".repeat(65)));
        assert!(code("a b") && !code("a  b") && !code(" a") && !code("a\n"));
        assert!(string("é\t\r\n") && !string("\u{0}"));
    }

    #[test]
    fn base64_is_whole() {
        for good in ["QQ==", "QUI=", "QUJD", " QU\r\nJD ", "QQ= =", "QUJDQQ=="] {
            assert!(base64(good.as_bytes()), "{good}");
        }
        for bad in [
            "", " ", "=", "====", "Q", "QQ", "QQ=", "QQ=A", "QUJD=", "QU-D", "Q===", "QUé=",
        ] {
            assert!(!base64(bad.as_bytes()), "{bad}");
        }
    }
}
