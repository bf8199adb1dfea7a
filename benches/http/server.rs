//! The processes under load.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that runs; killed when it goes out of scope.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// The product, in its demonstration.
    pub fn demo(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.args(["demo", "--dir", "demo", "--listen", "127.0.0.1:0"]);
        Self::spawn(command, folder)
    }

    /// The product, on the demonstration's database.
    pub fn serve(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.args(["serve", "--config", "demo/passerelle.toml"]);
        Self::spawn(command, folder)
    }

    /// This program, as the floor.
    pub fn floor(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(crate::floor::FLAG).arg(folder);
        Self::spawn(command, folder)
    }

    fn spawn(mut command: Command, folder: &Path) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"));
        let mut child = command
            .current_dir(folder)
            .env("PASSERELLE_SERVER__ADMIN_LISTEN", "")
            .stdout(Stdio::piped())
            .stderr(log.expect("log"))
            .spawn()
            .expect("a server");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let ready = lines.next().and_then(Result::ok).unwrap_or_default();
        // The demonstration goes on to tell its story.
        std::thread::spawn(move || lines.for_each(drop));
        let address = ready
            .strip_prefix("ready https://")
            .and_then(|rest| rest.split('/').next()?.parse().ok());
        let address = address.unwrap_or_else(|| {
            panic!("not ready: {ready:?}, see {}", folder.join("log").display())
        });
        Self { child, address }
    }

    /// Resident memory now and at its highest.
    pub fn memory(&self) -> String {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let megabytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            number.unwrap_or(0.0) * 1024.0 / 1e6
        };
        format!(
            "{:.1} MB resident, {:.1} MB at most",
            megabytes("VmRSS:"),
            megabytes("VmHWM:")
        )
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.is_ok_and(|status| status.success()));
        self.child.wait().expect("ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A breath between slices, for what the last one left to the system.
pub fn settle() {
    std::thread::sleep(Duration::from_millis(100));
}
