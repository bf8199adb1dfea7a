//! Times with the precision and the offset that they came with. HL7 writes `20210409153500+0100`, FHIR `2021-04-09T15:35:00+01:00`.

mod span;

use std::fmt;

use jiff::civil::Date;

pub use super::calendar::{after, day, paris, paris_date};

/// A point on the time line, UTC.
pub type Instant = jiff::Timestamp;

/// A text that is not a time in the form asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid time")]
pub struct BadTime;

/// An offset from UTC, in minutes; `Z` is told from `+00:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Offset {
    /// `Z`
    Zulu,
    /// Minutes east of Greenwich, -14:00 to +14:00.
    Minutes(i16),
}

impl Offset {
    fn minutes(self) -> i16 {
        match self {
            Self::Zulu => 0,
            Self::Minutes(minutes) => minutes,
        }
    }
}

/// The time of day of a [`Timestamp`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
struct Clock {
    hour: u8,
    minute: Option<u8>,
    second: Option<u8>,
    fraction: Option<String>,
    offset: Option<Offset>,
}

/// A time with its own precision, from a year to fractions of a second.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
    clock: Option<Clock>,
}

impl Timestamp {
    /// Reads an HL7 v3 TS: `YYYY[MM[DD[HH[MM[SS[.f…]]]]]][±HHMM]`. An offset needs at least an hour.
    pub fn from_hl7(text: &str) -> Result<Self, BadTime> {
        if !text.is_ascii() {
            return Err(BadTime);
        }
        let (digits, offset) = match text.find(['+', '-', 'Z']) {
            Some(at) => (&text[..at], Some(parse_offset(&text[at..], false)?)),
            None => (text, None),
        };
        let (digits, fraction) = match digits.split_once('.') {
            Some((digits, fraction)) if digits.len() == 14 => {
                (digits, Some(parse_fraction(fraction)?))
            }
            Some(_) => return Err(BadTime),
            None => (digits, None),
        };
        if !digits.bytes().all(|b| b.is_ascii_digit())
            || !matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14)
        {
            return Err(BadTime);
        }
        let pair = |at: usize| digits.get(at..at + 2).and_then(|p| p.parse::<u8>().ok());
        let year = digits[..4].parse().map_err(|_| BadTime)?;
        let clock = pair(8).map(|hour| Clock {
            hour,
            minute: pair(10),
            second: pair(12),
            fraction,
            offset,
        });
        if clock.is_none() && offset.is_some() {
            return Err(BadTime);
        }
        Self {
            year,
            month: pair(4),
            day: pair(6),
            clock,
        }
        .checked()
    }

    /// Reads a FHIR `date`, `dateTime` or `instant`: `YYYY[-MM[-DD[Thh:mm:ss[.f…](Z|±hh:mm)]]]`.
    pub fn from_fhir(text: &str) -> Result<Self, BadTime> {
        if !text.is_ascii() {
            return Err(BadTime);
        }
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = number(parts.next().ok_or(BadTime)?, 4)?;
        let month = parts.next().map(|p| number(p, 2)).transpose()?;
        let day = parts.next().map(|p| number(p, 2)).transpose()?;
        if parts.next().is_some() || (time.is_some() && day.is_none()) {
            return Err(BadTime);
        }
        let clock = time.map(Self::fhir_clock).transpose()?;
        let small = |n: u16| n as u8;
        Self {
            year,
            month: month.map(small),
            day: day.map(small),
            clock,
        }
        .checked()
    }

    fn fhir_clock(time: &str) -> Result<Clock, BadTime> {
        let at = time.find(['+', '-', 'Z']).ok_or(BadTime)?;
        let offset = parse_offset(&time[at..], true)?;
        let (hms, fraction) = match time[..at].split_once('.') {
            Some((hms, fraction)) => (hms, Some(parse_fraction(fraction)?)),
            None => (&time[..at], None),
        };
        let mut parts = hms.split(':');
        let mut next = || number(parts.next().ok_or(BadTime)?, 2).map(|n| n as u8);
        let clock = Clock {
            hour: next()?,
            minute: Some(next()?),
            second: Some(next()?),
            fraction,
            offset: Some(offset),
        };
        if parts.next().is_some() {
            Err(BadTime)
        } else {
            Ok(clock)
        }
    }

    /// An instant, to the millisecond, with the offset of metropolitan France.
    pub fn from_instant(at: Instant) -> Self {
        let zoned = at.to_zoned_datetime(paris());
        let millis = zoned.millisecond();
        Self {
            year: zoned.year() as u16,
            month: Some(zoned.month() as u8),
            day: Some(zoned.day() as u8),
            clock: Some(Clock {
                hour: zoned.hour() as u8,
                minute: Some(zoned.minute() as u8),
                second: Some(zoned.second() as u8),
                fraction: (millis != 0).then(|| format!("{millis:03}")),
                offset: Some(Offset::Minutes((zoned.offset().seconds() / 60) as i16)),
            }),
        }
    }

    /// An instant as documents tell it, to the second: XDS and the CI-SIS know no fraction.
    pub fn to_the_second(at: Instant) -> Self {
        let whole = Instant::from_second(at.as_second());
        Self::from_instant(whole.unwrap_or(at))
    }

    /// A civil date.
    pub fn from_date(date: Date) -> Self {
        Self {
            year: date.year() as u16,
            month: Some(date.month() as u8),
            day: Some(date.day() as u8),
            clock: None,
        }
    }

    /// The HL7 form, at the precision held.
    pub fn to_hl7(&self) -> String {
        let mut text = format!("{:04}", self.year);
        for part in [self.month, self.day].into_iter().flatten() {
            text.push_str(&format!("{part:02}"));
        }
        if let Some(clock) = &self.clock {
            for part in [Some(clock.hour), clock.minute, clock.second]
                .into_iter()
                .flatten()
            {
                text.push_str(&format!("{part:02}"));
            }
            if let Some(fraction) = &clock.fraction {
                text.push('.');
                text.push_str(fraction);
            }
            if let Some(offset) = clock.offset {
                let minutes = offset.minutes();
                let sign = if minutes < 0 { '-' } else { '+' };
                text.push_str(&format!(
                    "{sign}{:02}{:02}",
                    minutes.abs() / 60,
                    minutes.abs() % 60
                ));
            }
        }
        text
    }

    /// The FHIR `dateTime` form. FHIR has no hour without seconds nor time without offset: missing minutes and seconds
    /// become zero, a missing offset that of metropolitan France.
    pub fn to_fhir(&self) -> String {
        let mut text = format!("{:04}", self.year);
        for part in [self.month, self.day].into_iter().flatten() {
            text.push_str(&format!("-{part:02}"));
        }
        if let Some(clock) = &self.clock {
            let (minute, second) = (clock.minute.unwrap_or(0), clock.second.unwrap_or(0));
            text.push_str(&format!("T{:02}:{minute:02}:{second:02}", clock.hour));
            if let Some(fraction) = &clock.fraction {
                text.push('.');
                text.push_str(fraction);
            }
            match clock.offset.unwrap_or_else(|| self.paris_offset()) {
                Offset::Zulu => text.push('Z'),
                Offset::Minutes(minutes) => {
                    let sign = if minutes < 0 { '-' } else { '+' };
                    text.push_str(&format!(
                        "{sign}{:02}:{:02}",
                        minutes.abs() / 60,
                        minutes.abs() % 60
                    ));
                }
            }
        }
        text
    }

    /// The calendar date alone, when it is known to the day.
    pub fn date(&self) -> Option<Date> {
        Date::new(self.year as i16, self.month? as i8, self.day? as i8).ok()
    }

    /// True when only a date (or less) is known.
    pub fn is_date(&self) -> bool {
        self.clock.is_none()
    }

    fn checked(self) -> Result<Self, BadTime> {
        let date = Date::new(
            self.year as i16,
            self.month.unwrap_or(1) as i8,
            self.day.unwrap_or(1) as i8,
        );
        let clock_ok = self.clock.as_ref().is_none_or(|clock| {
            clock.hour < 24 && clock.minute.unwrap_or(0) < 60 && clock.second.unwrap_or(0) <= 60
        });
        if date.is_ok() && self.year > 0 && clock_ok {
            Ok(self)
        } else {
            Err(BadTime)
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_fhir())
    }
}

fn number(text: &str, len: usize) -> Result<u16, BadTime> {
    if text.len() == len && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map_err(|_| BadTime)
    } else {
        Err(BadTime)
    }
}

fn parse_fraction(text: &str) -> Result<String, BadTime> {
    if (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(BadTime)
    }
}

fn parse_offset(text: &str, colon: bool) -> Result<Offset, BadTime> {
    if text == "Z" {
        return Ok(Offset::Zulu);
    }
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(BadTime),
    };
    let (hours, minutes) = match (colon, text.len()) {
        (true, 6) if text.as_bytes()[3] == b':' => (&text[1..3], &text[4..]),
        (false, 5) => (&text[1..3], &text[3..]),
        _ => return Err(BadTime),
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    if hours > 14 || minutes > 59 || (hours == 14 && minutes > 0) {
        return Err(BadTime);
    }
    Ok(Offset::Minutes(sign * (hours * 60 + minutes) as i16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_offset_survive_both_forms() {
        for (hl7, fhir) in [
            ("1975", "1975"),
            ("197503", "1975-03"),
            ("19790328", "1979-03-28"),
            ("20210409153500+0100", "2021-04-09T15:35:00+01:00"),
            ("20210409153500.125-0330", "2021-04-09T15:35:00.125-03:30"),
        ] {
            assert_eq!(Timestamp::from_hl7(hl7).expect(hl7).to_fhir(), fhir);
            assert_eq!(Timestamp::from_fhir(fhir).expect(fhir).to_hl7(), hl7);
        }
        assert_eq!(
            Timestamp::from_fhir("2021-04-09T15:35:00.000Z")
                .expect("z")
                .to_fhir(),
            "2021-04-09T15:35:00.000Z"
        );
    }

    #[test]
    fn what_fhir_cannot_say_is_completed_with_local_time() {
        assert_eq!(
            Timestamp::from_hl7("202101151030")
                .expect("minutes")
                .to_fhir(),
            "2021-01-15T10:30:00+01:00"
        );
        assert_eq!(
            Timestamp::from_hl7("2021071510").expect("hours").to_fhir(),
            "2021-07-15T10:00:00+02:00"
        );
        assert_eq!(
            Timestamp::from_hl7("2021071510").expect("hours").to_hl7(),
            "2021071510"
        );
        for text in ["202101151030", "2021011510", "20210115", "20210115103059"] {
            let time = Timestamp::from_hl7(text).expect(text);
            let shown = Timestamp::from_fhir(&time.to_fhir()).expect(text);
            assert_eq!(time.shown_span(), shown.span(), "{text}");
        }
        for (text, millis) in [
            ("10:30:00.5", 100),
            ("10:30:00.50", 10),
            ("10:30:00.500", 1),
        ] {
            let text = format!("2021-01-15T{text}Z");
            let (start, end) = Timestamp::from_fhir(&text).expect("time").span();
            assert_eq!(end.as_millisecond() - start.as_millisecond(), millis);
        }
        let left_out =
            Timestamp::from_hl7("20210328023000").expect("the hour that spring leaves out");
        assert_eq!(left_out.to_fhir(), "2021-03-28T02:30:00+01:00");
        let read = Timestamp::from_fhir(&left_out.to_fhir()).expect("FHIR");
        assert_eq!(read.start(), left_out.start());
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "",
            "21",
            "202113",
            "20210230",
            "2021040925",
            "20210409+0100",
            "2021-04-09",
            "20210409153500+25",
            "20210409153500+1é2",
        ] {
            assert!(Timestamp::from_hl7(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "2021-4",
            "2021-02-30",
            "2021-04-09T15:35",
            "2021-04-09T15:35:00",
            "2021-04T10:00:00Z",
            "2021-04-09T15:35:00+1:00",
            "0000",
        ] {
            assert!(Timestamp::from_fhir(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_partial_time_spans_its_precision() {
        let (start, end) = Timestamp::from_fhir("2021-07").expect("month").span();
        assert_eq!(start.to_string(), "2021-06-30T22:00:00Z");
        assert_eq!(end.to_string(), "2021-07-31T22:00:00Z");
        let (start, end) = Timestamp::from_fhir("2021-07-01T10:00:00Z")
            .expect("second")
            .span();
        assert_eq!((end - start).as_secs(), 1);
    }
}
