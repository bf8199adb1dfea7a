//! What a time spans: as precise as it is known, and as precise as it is shown.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::{Clock, Instant, Offset, Timestamp, paris};

impl Timestamp {
    /// The first instant and the first instant after: `2021` spans a year, a time in seconds spans a second.
    pub fn span(&self) -> (Instant, Instant) {
        let start = self.civil();
        let width: Span = match (&self.clock, self.day, self.month) {
            (
                Some(Clock {
                    fraction: Some(digits),
                    ..
                }),
                ..,
            ) => match digits.len() {
                1 => 100.milliseconds(),
                2 => 10.milliseconds(),
                _ => 1.millisecond(),
            },
            (
                Some(Clock {
                    second: Some(_), ..
                }),
                ..,
            ) => 1.second(),
            (
                Some(Clock {
                    minute: Some(_), ..
                }),
                ..,
            ) => 1.minute(),
            (Some(_), ..) => 1.hour(),
            (None, Some(_), _) => 1.day(),
            (None, None, Some(_)) => 1.month(),
            (None, None, None) => 1.year(),
        };
        let end = start.checked_add(width).unwrap_or(DateTime::MAX);
        (self.instant_of(start), self.instant_of(end))
    }

    /// The span of the FHIR form, by which a search compares: a time without seconds is shown with them, and spans one of them.
    pub fn shown_span(&self) -> (Instant, Instant) {
        let (start, end) = self.span();
        match &self.clock {
            Some(Clock { second: None, .. }) => {
                (start, start.checked_add(1.second()).unwrap_or(end))
            }
            _ => (start, end),
        }
    }

    /// The first instant.
    pub fn start(&self) -> Instant {
        self.span().0
    }

    fn civil(&self) -> DateTime {
        let date = Date::new(
            self.year as i16,
            self.month.unwrap_or(1) as i8,
            self.day.unwrap_or(1) as i8,
        )
        .unwrap_or(Date::MIN);
        let Some(clock) = &self.clock else {
            return date.to_datetime(jiff::civil::Time::midnight());
        };
        let nanos = clock.fraction.as_deref().map_or(0, |fraction| {
            format!("{fraction:0<9}")[..9].parse::<i32>().unwrap_or(0)
        });
        date.at(
            clock.hour as i8,
            clock.minute.unwrap_or(0) as i8,
            // A leap second is counted as the second before it.
            clock.second.unwrap_or(0).min(59) as i8,
            nanos,
        )
    }

    fn instant_of(&self, civil: DateTime) -> Instant {
        let fixed = self
            .clock
            .as_ref()
            .and_then(|clock| clock.offset)
            .map(Offset::minutes);
        let zone = match fixed {
            Some(minutes) => jiff::tz::Offset::from_seconds(i32::from(minutes) * 60)
                .map_or(TimeZone::UTC, TimeZone::fixed),
            None => paris(),
        };
        zone.to_timestamp(civil).unwrap_or(Instant::MAX)
    }

    /// In the hour that spring leaves out it is the one before: what is written still means the same instant.
    pub(super) fn paris_offset(&self) -> Offset {
        let civil = self.civil();
        let instant = self.instant_of(civil);
        let as_utc = TimeZone::UTC.to_timestamp(civil).unwrap_or(instant);
        Offset::Minutes(((as_utc.as_second() - instant.as_second()) / 60) as i16)
    }
}
