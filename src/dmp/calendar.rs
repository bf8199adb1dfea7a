//! The legal calendar: delays and birthdays are counted in metropolitan France.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::time::Instant;

/// Metropolitan France, where a time without offset is read (CI-SIS times are local).
static PARIS: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC));

/// The legal time zone of the record.
pub fn paris() -> TimeZone {
    PARIS.clone()
}

/// The same moment of the day a span later, by the calendar of Paris: the last day of a shorter month. Time's end beyond it.
pub fn after(at: Instant, span: jiff::Span) -> Instant {
    at.to_zoned_datetime(paris())
        .checked_add(span)
        .map_or(Instant::MAX, |later| later.timestamp())
}

/// The civil date in metropolitan France at an instant.
pub fn paris_date(at: Instant) -> Date {
    at.to_zoned_datetime(paris()).date()
}

/// The first instant of a day in metropolitan France.
pub fn day(date: Date) -> Instant {
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    paris().to_timestamp(midnight).unwrap_or(Instant::MAX)
}
