//! The DMP's own words: no HTTP, no XML, no SQL in here.

pub mod actor;
pub mod calendar;
pub mod change;
pub mod code;
pub mod context;
pub mod document;
pub mod folder;
pub mod id;
pub mod ins;
pub mod national_id;
pub mod notice;
pub mod person;
pub mod query;
pub mod record;
pub mod right;
pub mod submission;
pub mod time;
pub mod trace;
pub mod vaccination;
