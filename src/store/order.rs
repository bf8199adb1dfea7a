//! The order of a search: several keys, each its own way, the id last, so that each row has one place; and what stands beyond a row.

use super::conn::DbError;
use super::row::Row;
use super::statement::Statement;
use crate::dmp::query::{Place, Sort, SortField, SortKey};

/// The order of rows.
pub(super) struct Order {
    id: &'static str,
    keys: Vec<Key>,
    /// Ids are in the order that is asked for, else in that of the last key.
    id_descending: bool,
}

struct Key {
    /// Where it is kept; never null.
    column: &'static str,
    descending: bool,
    text: bool,
}

impl Order {
    /// Of documents `d`.
    pub(super) fn of_documents(sort: &[Sort]) -> Self {
        Self::new("d.id", sort, |field| match field {
            SortField::Creation => ("d.created_start", false),
            SortField::Deposited => ("d.deposited", false),
            SortField::Updated => ("d.updated", false),
            SortField::Type => ("d.type_code", true),
            SortField::Id => ("d.id", false),
        })
    }

    /// Of submissions `s`.
    pub(super) fn of_submissions(sort: &[Sort]) -> Self {
        Self::new("s.id", sort, |field| match field {
            SortField::Creation | SortField::Deposited => ("s.sent_start", false),
            SortField::Updated => ("s.updated", false),
            SortField::Type => ("s.content_type_code", true),
            SortField::Id => ("s.id", false),
        })
    }

    fn new(
        id: &'static str,
        sort: &[Sort],
        column: impl Fn(SortField) -> (&'static str, bool),
    ) -> Self {
        let is_id = |sort: &&Sort| sort.field == SortField::Id;
        let keys: Vec<Key> = sort
            .iter()
            .take_while(|sort| !is_id(sort))
            .map(|sort| {
                let (column, text) = column(sort.field);
                Key {
                    column,
                    descending: sort.descending,
                    text,
                }
            })
            .collect();
        let last = sort.iter().find(is_id).or(sort.last());
        Self {
            id,
            keys,
            id_descending: last.is_some_and(|sort| sort.descending),
        }
    }

    /// The same, backwards.
    pub(super) fn reversed(mut self) -> Self {
        for key in &mut self.keys {
            key.descending = !key.descending;
        }
        self.id_descending = !self.id_descending;
        self
    }

    /// How many columns [`Order::columns`] adds.
    pub(super) fn width(&self) -> usize {
        1 + self.keys.len()
    }

    /// Adds the id and the keys, to be read by [`Order::place`].
    pub(super) fn columns(&self, statement: &mut Statement<'_>) {
        statement.push(self.id);
        for key in &self.keys {
            statement.push(", ").push(key.column);
        }
    }

    /// Adds `ORDER BY`.
    pub(super) fn by(&self, statement: &mut Statement<'_>) {
        statement.push(" ORDER BY ");
        for key in &self.keys {
            statement.push(key.column);
            statement.push(if key.descending { " DESC, " } else { ", " });
        }
        statement.push(self.id);
        if self.id_descending {
            statement.push(" DESC");
        }
    }

    /// Adds the condition that a row comes after that one: by a key, or by a later key when those before are equal.
    pub(super) fn beyond<'a>(&self, statement: &mut Statement<'a>, place: &'a Place) {
        for (key, value) in self.keys.iter().zip(&place.keys) {
            statement.push("(").push(key.column);
            statement.push(if key.descending { " < " } else { " > " });
            bind(statement, value);
            statement.push(" OR (").push(key.column).push(" = ");
            bind(statement, value);
            statement.push(" AND ");
        }
        statement.push(self.id);
        statement.push(if self.id_descending { " < " } else { " > " });
        statement.bind(place.id);
        for _ in self.keys.iter().zip(&place.keys) {
            statement.push("))");
        }
    }

    /// Where a row stands.
    pub(super) fn place(&self, row: &Row) -> Result<Place, DbError> {
        let value = |(at, key): (usize, &Key)| match key.text {
            true => row.text(at).map(|text| SortKey::Text(text.to_owned())),
            false => row.int(at).map(SortKey::Number),
        };
        Ok(Place {
            keys: (1..).zip(&self.keys).map(value).collect::<Result<_, _>>()?,
            id: row.uuid(0)?,
        })
    }
}

fn bind<'a>(statement: &mut Statement<'a>, value: &'a SortKey) {
    match value {
        SortKey::Number(number) => statement.bind(*number),
        SortKey::Text(text) => statement.bind(text),
    };
}
