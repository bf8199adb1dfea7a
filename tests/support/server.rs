//! The built binary, serving in a folder of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::Client;
use super::portal::Portal;
use passerelle::cli::demo::pki;

/// How a server differs from the default one.
#[derive(Debug, Clone)]
pub struct Options {
    /// `fhir.validation`.
    pub validation: &'static str,
    /// `database.url`.
    pub database: String,
    /// More environment (`PASSERELLE_DMP__AUTHORISATION_MONTHS`…).
    pub env: Vec<(String, String)>,
    /// The folder of the certificates; None for those of the demonstration.
    pub pki: Option<PathBuf>,
    /// The section of a patient portal, when there is one.
    pub portal: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            validation: "guide",
            database: "sqlite:passerelle.db".to_owned(),
            env: Vec::new(),
            pki: None,
            portal: None,
        }
    }
}

impl Options {
    /// The default with `fhir.validation = "strict"`.
    pub fn strict() -> Self {
        Self {
            validation: "strict",
            ..Self::default()
        }
    }

    /// With this patient portal.
    pub fn portal(mut self, portal: &Portal) -> Self {
        self.portal = Some(super::portal::section(&portal.jwks()));
        self
    }

    /// With a portal of one's own words.
    pub fn portal_section(mut self, section: String) -> Self {
        self.portal = Some(section);
        self
    }

    /// One more setting, by its environment name.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A server that runs; it is killed when it goes out of scope.
pub struct Server {
    child: Child,
    folder: TempDir,
    pki: PathBuf,
    command: Vec<String>,
    env: Vec<(String, String)>,
    /// `https://127.0.0.1:PORT/fhir`
    pub base: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What `demo` printed after the ready line.
    pub story: Vec<String>,
}

impl Server {
    /// An empty database, served.
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    /// An empty database, served with these settings.
    pub fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let pki = options.pki.clone().unwrap_or_else(cards);
        write_config(folder.path(), &pki, &options);
        let command = vec![
            "serve".to_owned(),
            "--config".to_owned(),
            "passerelle.toml".to_owned(),
        ];
        Self::launch(folder, pki, command, options.env)
    }

    /// `passerelle demo` in a new folder.
    pub fn demo() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let pki = folder.path().join("demo/pki");
        let command = ["demo", "--dir", "demo", "--listen", "127.0.0.1:0"];
        Self::launch(
            folder,
            pki,
            command.map(str::to_owned).to_vec(),
            vec![("PASSERELLE_SERVER__ADMIN_LISTEN".to_owned(), String::new())],
        )
    }

    fn launch(
        folder: TempDir,
        pki: PathBuf,
        command: Vec<String>,
        env: Vec<(String, String)>,
    ) -> Self {
        let (child, base, story) = spawn(folder.path(), &command, &env);
        let address = address_of(&base);
        Self {
            child,
            folder,
            pki,
            command,
            env,
            base,
            address,
            story,
        }
    }

    /// A client that holds this card.
    pub fn client(&self, card: &str) -> Client {
        Client::new(self.address, &self.base, &self.pki, Some(card))
    }

    /// A client without certificate.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address, &self.base, &self.pki, None)
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        let own = self.folder.path().join("passerelle.toml");
        if own.exists() {
            own
        } else {
            self.folder.path().join("demo/passerelle.toml")
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged so far.
    pub fn logs(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Asks it to stop and waits.
    pub fn stop(&mut self) -> ExitStatus {
        signal(self.pid(), "TERM");
        self.stopped()
    }

    /// Waits for it to stop by itself.
    pub fn stopped(&mut self) -> ExitStatus {
        wait(&mut self.child, Duration::from_secs(30))
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again in the same folder, on a port of its own.
    pub fn restart(&mut self) {
        self.restart_with(&[]);
    }

    /// [`Server::restart`] with more arguments, this time only.
    pub fn restart_with(&mut self, arguments: &[&str]) {
        self.kill();
        let mut command = self.command.clone();
        command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let (child, base, story) = spawn(self.folder.path(), &command, &self.env);
        self.address = address_of(&base);
        (self.child, self.base, self.story) = (child, base, story);
    }

    /// Runs another command of the binary in its folder.
    pub fn run(&self, arguments: &[&str]) -> std::process::Output {
        run_in(self.folder.path(), arguments)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of the server\n{}", self.logs());
        }
    }
}

/// Runs the binary in a folder.
pub fn run_in(folder: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary runs")
}

/// The cards of the tests: made once for all test programs, and again when their CRL gets old.
pub fn cards() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(root).expect("folder");
    let lock = std::fs::File::create(root.join("pki.lock")).expect("lock file");
    lock.lock().expect("lock");
    let folder = root.join("pki");
    if folder.exists() {
        pki::refresh_crl(root).expect("current CRL");
    } else {
        pki::make(root, &[]).expect("test cards");
    }
    folder
}

fn write_config(folder: &Path, pki: &Path, options: &Options) {
    let pki = pki.display();
    let portal = options.portal.as_deref();
    let text = format!(
        r#"[server]
listen = "127.0.0.1:0"
admin_listen = ""

[tls]
certificate = "{pki}/server.pem"
private_key = "{pki}/server.key"

[identity]
trust = ["{pki}/trust.pem"]
crls = ["{pki}/crl.pem"]
environment = "test"

[database]
url = "{database}"

[fhir]
validation = "{validation}"

[dmp]
operators = ["10B0000001"]
regulators = ["899900000099"]
{portal}"#,
        database = options.database,
        validation = options.validation,
        portal = portal.unwrap_or_default(),
    );
    std::fs::write(folder.join("passerelle.toml"), text).expect("configuration");
}

/// Starts the binary and waits for its ready line; what `demo` prints after it is read for a moment.
fn spawn(
    folder: &Path,
    command: &[String],
    env: &[(String, String)],
) -> (Child, String, Vec<String>) {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("log file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(command)
        .envs(env.iter().cloned())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("piped");
    let (lines_in, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if lines_in.send(line).is_err() {
                return;
            }
        }
    });
    let base = loop {
        match lines.recv_timeout(Duration::from_secs(60)) {
            Ok(line) => {
                if let Some(base) = line.strip_prefix("ready ") {
                    break base.to_owned();
                }
            }
            Err(_) => {
                let _ = child.kill();
                let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
                panic!("the server did not get ready\n{log}");
            }
        }
    };
    let mut story = Vec::new();
    if command.first().is_some_and(|command| command == "demo") {
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(2)) {
            story.push(line);
        }
    }
    (child, base, story)
}

fn address_of(base: &str) -> SocketAddr {
    base.strip_prefix("https://")
        .and_then(|rest| rest.split('/').next())
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| panic!("{base} names no address"))
}

/// Sends a signal by name.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status()
        .expect("kill runs");
    assert!(status.success());
}

fn wait(child: &mut Child, at_most: Duration) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("child") {
            return status;
        }
        assert!(start.elapsed() < at_most, "the server did not stop");
        std::thread::sleep(Duration::from_millis(20));
    }
}
