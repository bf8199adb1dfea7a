//! A home while it runs: is it well, how much waits, and its end.

use super::{Home, Store};
use crate::error::Error;

impl Store {
    /// Acts that wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// True when a read is answered and the writer lives.
    pub async fn ready(&self) -> bool {
        let writes = match &self.home {
            Home::Sqlite(home) => home.writes(),
            Home::Postgres(home) => home.writes(),
        };
        writes && !self.queue.is_closed() && self.answers().await.is_ok()
    }

    /// Finishes what waits to be written, then closes.
    pub async fn close(self) {
        drop(self.queue);
        match self.home {
            // The writer ends by itself even if nobody waits for it.
            Home::Sqlite(home) => drop(tokio::task::spawn_blocking(|| home.join()).await),
            Home::Postgres(home) => home.join().await,
        }
    }

    async fn answers(&self) -> Result<(), Error> {
        let mut reader = self.reader().await?;
        reader.conn()?.query("SELECT 1", &[]).await?;
        Ok(())
    }
}
