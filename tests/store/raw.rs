//! The database behind the store's back.

use rusqlite::types::Value;
use sqlx::{AssertSqlSafe, Connection, Row};

/// Takes the schema back to version 7.
pub const UNDO_FROM_8: &str = "ALTER TABLE submission DROP COLUMN since; ALTER TABLE record DROP COLUMN changed; \
     DROP TABLE pass; CREATE INDEX vaccination_act ON vaccination (ins, act) WHERE act IS NOT NULL; \
     DELETE FROM schema_version WHERE version >= 8";

/// Runs statements as somebody with the database's password would.
pub async fn run(url: &str, sql: &str) {
    if let Some(file) = url.strip_prefix("sqlite:") {
        let db = rusqlite::Connection::open(file).expect("open");
        db.busy_timeout(std::time::Duration::from_secs(5))
            .expect("timeout");
        db.execute_batch(sql).expect(sql);
    } else {
        let mut db = sqlx::PgConnection::connect(url).await.expect("connect");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut db)
            .await
            .expect(sql);
    }
}

/// The first column of every row, as text.
pub async fn column(url: &str, sql: &str) -> Vec<String> {
    if let Some(file) = url.strip_prefix("sqlite:") {
        let db = rusqlite::Connection::open(file).expect("open");
        let mut statement = db.prepare(sql).expect(sql);
        let rows = statement
            .query_map([], |row| row.get::<_, Value>(0))
            .expect(sql);
        rows.map(|value| match value.expect("value") {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        })
        .collect()
    } else {
        let mut db = sqlx::PgConnection::connect(url).await.expect("connect");
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut db)
            .await
            .expect(sql);
        rows.iter()
            .map(|row| match row.try_get_unchecked::<i64, _>(0) {
                Ok(number) if !is_text(row) => number.to_string(),
                _ => row.try_get_unchecked::<String, _>(0).expect("text"),
            })
            .collect()
    }
}

fn is_text(row: &sqlx::postgres::PgRow) -> bool {
    use sqlx::{Column, TypeInfo};
    row.columns()[0].type_info().name() == "TEXT"
}

/// Number of rows of a table.
pub async fn count(url: &str, table: &str) -> i64 {
    let counted = column(url, &format!("SELECT COUNT(*) FROM {table}")).await;
    counted[0].parse().expect("number")
}

/// The bodies of a record's chain, in order.
pub async fn journal(url: &str, chain: &str) -> Vec<serde_json::Value> {
    let sql = format!("SELECT body FROM journal WHERE ins = '{chain}' ORDER BY seq");
    let bodies = column(url, &sql).await;
    bodies
        .iter()
        .map(|body| serde_json::from_str(body).expect("JSON"))
        .collect()
}
