//! The admin listener of a test server: its clock, its jobs, its outbox.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Options, Server};

/// Options of a server that has one.
pub fn with_admin(options: Options) -> Options {
    options.set("PASSERELLE_SERVER__ADMIN_LISTEN", "127.0.0.1:0")
}

/// Where it listens.
pub struct Admin(String);

impl Admin {
    /// The admin listener of a server.
    pub fn of(server: &Server) -> Self {
        Self::of_start(server, 1)
    }

    /// The admin listener of a server that was started so many times.
    pub fn of_start(server: &Server, starts: usize) -> Self {
        let told = || {
            let logs = server.logs();
            let lines = logs
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines
                .filter_map(|line| line["admin"].as_str().map(str::to_owned))
                .nth(starts - 1)
        };
        for _ in 0..100 {
            if let Some(address) = told() {
                return Self(address);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the admin address is logged");
    }

    /// One request: status and body.
    pub fn send(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut tcp = TcpStream::connect(&self.0).expect("admin");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: admin\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        tcp.write_all(request.as_bytes()).expect("request");
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).expect("answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("head");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("status");
        (status, body.to_owned())
    }

    fn json(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, text) = self.send(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Sets the clock.
    pub fn set_clock(&self, now: jiff::Timestamp) {
        let body = json!({"now": now.to_string()}).to_string();
        self.json("PUT", "/test/clock", &body);
    }

    /// Gives the real time back.
    pub fn real_time(&self) {
        self.json("PUT", "/test/clock", "{}");
    }

    /// Runs what is due.
    pub fn run_jobs(&self) -> Value {
        self.json("POST", "/test/jobs", "")
    }

    /// Sets the clock and runs what is due then.
    pub fn run_at(&self, now: jiff::Timestamp) -> Value {
        self.set_clock(now);
        self.run_jobs()
    }

    /// Every notification.
    pub fn outbox(&self) -> Vec<Value> {
        let all = self.json("GET", "/test/outbox", "");
        all.as_array().expect("list").clone()
    }

    /// The notifications of a kind.
    pub fn told(&self, kind: &str) -> Vec<Value> {
        let mut all = self.outbox();
        all.retain(|one| one["kind"] == kind);
        all
    }
}
