//! How long one connection lives: it ends with an answer that says so, or in silence, never under a request that is on its way.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// Longest head of a request. It may have 100 headers, as hyper has it.
const MAX_HEAD: usize = 65_536;

/// The times of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For the head of a request, and the longest silence between two.
    pub head: Duration,
    /// The first answer after that is the connection's last: its certificate is then checked from the start again.
    pub age: Duration,
    /// For that answer, once the longest silence after the age is over: a client that reads no answer is not waited for.
    pub overtime: Duration,
}

impl Limits {
    /// Those of the server.
    pub(super) const SERVED: Self = Self {
        head: Duration::from_secs(30),
        age: Duration::from_secs(300),
        overtime: Duration::from_secs(60),
    };

    /// How long a client may count on a silent connection: less than [`Limits::head`], so that its request does not meet the end.
    fn promised(self) -> HeaderValue {
        let seconds = self.head.as_secs().saturating_sub(5);
        HeaderValue::try_from(format!("timeout={seconds}")).unwrap_or(HeaderValue::from_static(""))
    }
}

/// Serves one connection to its end, or until `stopping` changes: what is in flight is then finished.
pub(super) async fn serve<Io, Answer>(
    io: Io,
    limits: Limits,
    mut stopping: watch::Receiver<()>,
    answer: impl Fn(Request<Incoming>) -> Answer,
) where
    Io: AsyncRead + AsyncWrite + Unpin,
    Answer: Future<Output = Response<Body>>,
{
    let opened = Instant::now();
    let promised = limits.promised();
    let service = service_fn(|request| {
        let (answer, promised) = (answer(request), promised.clone());
        async move {
            let mut response = answer.await;
            let (name, value) = if opened.elapsed() < limits.age {
                (KEEP_ALIVE, promised)
            } else {
                (CONNECTION, HeaderValue::from_static("close"))
            };
            response.headers_mut().insert(name, value);
            Ok::<_, Infallible>(response)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(io), service);
    let mut served = pin!(served);
    let end = opened + limits.age + limits.head + limits.overtime;
    tokio::select! {
        // How a client ended its connection is its own affair.
        _ = served.as_mut() => return,
        () = sleep_until(end) => return,
        _ = stopping.changed() => {},
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(limits.overtime, served).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;

    use super::*;

    const LIMITS: Limits = Limits::SERVED;

    /// A client's end of a connection, its server, and what stops that.
    fn opened() -> (DuplexStream, JoinHandle<()>, watch::Sender<()>) {
        let (client, io) = duplex(65_536);
        let (stop, stopping) = watch::channel(());
        let served = tokio::spawn(serve(io, LIMITS, stopping, async |_| {
            Response::new(Body::from("here"))
        }));
        (client, served, stop)
    }

    /// Sends a request; the head of its answer, or nothing when the connection had ended.
    async fn get(client: &mut DuplexStream) -> String {
        let request = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";
        if client.write_all(request).await.is_err() {
            return String::new();
        }
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") && client.read_buf(&mut answer).await.unwrap_or(0) > 0 {}
        String::from_utf8(answer).expect("text").to_lowercase()
    }

    async fn wait(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_connection_ends_with_an_answer() {
        let (mut client, served, _stop) = opened();
        for _ in 0..15 {
            let answer = get(&mut client).await;
            assert!(answer.contains("keep-alive: timeout=25"), "{answer}");
            wait(20).await;
        }
        // The age is reached in silence: the request that comes then is answered, and nothing after it.
        wait(5).await;
        let answer = get(&mut client).await;
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        served.await.expect("its end");
        assert_eq!(get(&mut client).await, "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_ends() {
        let (mut client, served, _stop) = opened();
        get(&mut client).await;
        let silent = Instant::now();
        served.await.expect("its end");
        assert_eq!(silent.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_no_answer_is_not_waited_for() {
        let (mut client, io) = duplex(64);
        let (_stop, stopping) = watch::channel(());
        let opened = Instant::now();
        let served = tokio::spawn(serve(io, LIMITS, stopping, async |_| {
            Response::new(Body::from(vec![b'.'; 1_000_000]))
        }));
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            .await
            .expect("sent");
        served.await.expect("its end");
        assert_eq!(opened.elapsed().as_secs(), 390);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_it() {
        let (mut client, served, stop) = opened();
        get(&mut client).await;
        let before = Instant::now();
        stop.send(()).expect("served");
        served.await.expect("its end");
        assert!(before.elapsed() < Duration::from_secs(1));
    }
}
