//! Who is told: a real mail server (aiosmtpd, in an environment of its own) and an HTTP receiver.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

/// A mail server that runs.
pub struct MailServer {
    child: Child,
    folder: TempDir,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl MailServer {
    /// None, said on standard error, where Python or its package index is missing.
    pub fn start(certificate: Option<(&Path, &Path)>) -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().expect("folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder.path());
        if let Some((certificate, key)) = certificate {
            command.arg(certificate).arg(key);
        }
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("mail server");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output");
        BufReader::new(stdout).read_line(&mut line).expect("port");
        Some(Self {
            child,
            folder,
            port: line.trim().parse().expect("port"),
        })
    }

    /// What it took so far.
    pub fn mails(&self) -> Vec<Mail> {
        let kept = std::fs::read_to_string(self.folder.path().join("mails")).unwrap_or_default();
        kept.lines()
            .map(|line| Mail(serde_json::from_str(line).expect("JSON")))
            .collect()
    }

    /// `refuse`: for now; `stall`: takes the mail and doesn't say so.
    pub fn misbehave(&self, how: &str, does: bool) {
        let file = self.folder.path().join(how);
        if does {
            std::fs::write(file, "").expect("file");
        } else {
            std::fs::remove_file(file).expect("file");
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Mail(pub Value);

impl Mail {
    /// Who it is for, by the envelope.
    pub fn to(&self) -> &str {
        self.0["to"][0].as_str().expect("recipient")
    }

    /// A header, as it came.
    pub fn header(&self, name: &str) -> String {
        let (head, _) = self.parts();
        let head = head.replace("\r\n ", " ");
        let found = head
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_default().to_owned()
    }

    /// The text, decoded.
    pub fn text(&self) -> String {
        let (_, body) = self.parts();
        match self.header("Content-Transfer-Encoding").as_str() {
            "quoted-printable" => unquoted(body),
            "base64" => {
                use base64::prelude::{BASE64_STANDARD, Engine as _};
                let bytes = BASE64_STANDARD.decode(body.replace("\r\n", ""));
                String::from_utf8(bytes.expect("base64")).expect("UTF-8")
            }
            _ => body.to_owned(),
        }
    }

    fn parts(&self) -> (&str, &str) {
        let mail = self.0["mail"].as_str().expect("mail");
        mail.split_once("\r\n\r\n").expect("head and body")
    }
}

fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        if *first == b'=' {
            let (hex, more) = rest.split_at(2);
            let hex = std::str::from_utf8(hex).expect("hex");
            bytes.push(u8::from_str_radix(hex, 16).expect("hex"));
            rest = more;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// A Python that has aiosmtpd, made once for all test programs.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(root).expect("folder");
    let lock = std::fs::File::create(root.join("smtp.lock")).expect("lock file");
    lock.lock().expect("lock");
    let folder = root.join("smtp-venv");
    let python = folder.join("bin/python");
    let has = |python: &Path| {
        let import = Command::new(python)
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null())
            .status();
        import.is_ok_and(|status| status.success())
    };
    if has(&python) {
        return Some(python);
    }
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(&folder)
        .status()
        .is_ok_and(|status| status.success());
    let installed = made
        && Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "aiosmtpd==1.4.6"])
            .status()
            .is_ok_and(|status| status.success());
    if installed && has(&python) {
        Some(python)
    } else {
        eprintln!("skipped: no Python with aiosmtpd, and no package index to get it from");
        None
    }
}

/// A request that the HTTP receiver took.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Posted {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// An HTTP receiver: answers each request with the status that it is told to.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    status: Arc<Mutex<u16>>,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Receiver {
    /// Listens until the test ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let url = format!(
            "http://{}/notices?of=dmp",
            listener.local_addr().expect("address")
        );
        let status = Arc::new(Mutex::new(200));
        let posted = Arc::new(Mutex::new(Vec::new()));
        let (answers, keeps) = (Arc::clone(&status), Arc::clone(&posted));
        std::thread::spawn(move || {
            for tcp in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(tcp);
                let mut first = String::new();
                if reader.read_line(&mut first).unwrap_or(0) == 0 {
                    continue;
                }
                assert!(
                    first.starts_with("POST /notices?of=dmp HTTP/1.1"),
                    "{first}"
                );
                let mut headers = Vec::new();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).expect("header");
                    let Some((name, value)) = line.trim_end().split_once(": ") else {
                        break;
                    };
                    headers.push((name.to_lowercase(), value.to_owned()));
                }
                let length = headers.iter().find(|(name, _)| name == "content-length");
                let length = length.map_or(0, |(_, value)| value.parse().expect("length"));
                let mut body = vec![0; length];
                reader.read_exact(&mut body).expect("body");
                let body = String::from_utf8(body).expect("UTF-8");
                keeps.lock().expect("lock").push(Posted { headers, body });
                let status = *answers.lock().expect("lock");
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                let _ = reader.get_mut().write_all(answer.as_bytes());
            }
        });
        Self {
            url,
            status,
            posted,
        }
    }

    /// Answers with this status from now on.
    pub fn answer(&self, status: u16) {
        *self.status.lock().expect("lock") = status;
    }

    /// What came so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().expect("lock").clone()
    }
}
