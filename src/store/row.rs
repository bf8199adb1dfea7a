//! A row of a result, read by column and type.

use uuid::Uuid;

use super::conn::DbError;
use super::interface::Hidden;
use crate::dmp::time::Instant;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of a result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row(pub(super) Vec<Cell>);

impl Row {
    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A number.
    pub(super) fn int(&self, column: usize) -> Result<i64, DbError> {
        match self.0.get(column) {
            Some(Cell::Int(value)) => Ok(*value),
            _ => Err(DbError::Shape),
        }
    }

    /// A version number.
    pub(super) fn version(&self, column: usize) -> Result<u32, DbError> {
        u32::try_from(self.int(column)?).map_err(|_| DbError::Shape)
    }

    /// A time kept as microseconds.
    pub(super) fn instant(&self, column: usize) -> Result<Instant, DbError> {
        Instant::from_microsecond(self.int(column)?).map_err(|_| DbError::Shape)
    }

    /// A text.
    pub(super) fn text(&self, column: usize) -> Result<&str, DbError> {
        match self.0.get(column) {
            Some(Cell::Text(value)) => Ok(value),
            _ => Err(DbError::Shape),
        }
    }

    /// A text that may be missing.
    pub(super) fn optional_text(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// A number that may be missing.
    pub(super) fn optional_int(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.int(column).map(Some),
        }
    }

    /// From whom a document is hidden: `hidden_until` and `invisible_representatives`, side by side.
    pub(super) fn hidden(&self, column: usize) -> Result<Hidden, DbError> {
        let until = self.optional_int(column)?;
        Ok(Hidden {
            from_patient_until: until
                .map(Instant::from_microsecond)
                .transpose()
                .map_err(|_| DbError::Shape)?,
            from_representatives: self.int(column + 1)? != 0,
        })
    }

    /// A text, moved out.
    pub(super) fn take_text(&mut self, column: usize) -> Result<String, DbError> {
        match self.0.get_mut(column) {
            Some(Cell::Text(value)) => Ok(std::mem::take(value)),
            _ => Err(DbError::Shape),
        }
    }

    /// Bytes, moved out.
    pub(super) fn take_bytes(&mut self, column: usize) -> Result<Vec<u8>, DbError> {
        match self.0.get_mut(column) {
            Some(Cell::Bytes(value)) => Ok(std::mem::take(value)),
            _ => Err(DbError::Shape),
        }
    }

    /// An id.
    pub(super) fn uuid(&self, column: usize) -> Result<Uuid, DbError> {
        match self.0.get(column) {
            Some(Cell::Bytes(value)) => Uuid::from_slice(value).map_err(|_| DbError::Shape),
            _ => Err(DbError::Shape),
        }
    }

    /// A JSON text, read.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, DbError> {
        serde_json::from_str(self.text(column)?).map_err(|_| DbError::Shape)
    }
}
