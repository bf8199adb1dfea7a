//! Throw-away databases: an SQLite file, or a database of a PostgreSQL cluster that lives as long as this process.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection, Executor};

/// An empty database.
pub struct Home {
    pub url: String,
    // Kept for its Drop.
    _dir: Option<tempfile::TempDir>,
}

impl Home {
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("records.db");
        Self {
            url: format!("sqlite:{}", file.display()),
            _dir: Some(dir),
        }
    }

    /// None, said on standard error, when the server is not installed.
    pub async fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let cluster = Cluster::shared()?;
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.create(&name).await;
        Some(Self {
            url: cluster.url(&name),
            _dir: None,
        })
    }
}

/// A running cluster, reached by a socket in its own directory.
struct Cluster {
    dir: PathBuf,
    _keeper: Child,
    // The keeper stops the server when this closes, however this process ends.
    _alive: ChildStdin,
}

/// Runs the server until standard input closes, then stops it and removes its directory. Deaf to an interrupt of the tests.
const KEEPER: &str = r#"
trap '' INT TERM HUP
bin=$1 dir=$2
"$bin/initdb" -D "$dir/data" -U passerelle -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || exit 1
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w start \
    -o "-k '$dir' -c listen_addresses= -c max_connections=200" >>"$dir/log" 2>&1 </dev/null || exit 1
echo ready
read -r _
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir"/data "$dir"/log "$dir"/.s.*
rmdir "$dir" 2>/dev/null
"#;

impl Cluster {
    fn shared() -> Option<&'static Self> {
        static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
        CLUSTER
            .get_or_init(|| {
                let started = binaries().map(|bin| Self::start(&bin));
                if started.is_none() {
                    eprintln!("skipped: PostgreSQL is not installed");
                }
                started
            })
            .as_ref()
    }

    fn start(bin: &Path) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("passerelle-pg-")
            .tempdir()
            .expect("temporary directory")
            .keep();
        let mut command = as_nobody_special(&dir);
        command
            .args(["sh", "-c", KEEPER, "keeper"])
            .arg(bin)
            .arg(&dir)
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut keeper = command.spawn().expect("start the keeper");
        let alive = keeper.stdin.take().expect("standard input");
        let mut said = [0; 6];
        let ready = keeper
            .stdout
            .take()
            .expect("standard output")
            .read_exact(&mut said);
        let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
        assert!(ready.is_ok(), "PostgreSQL did not start:\n{log}");
        Self {
            dir,
            _keeper: keeper,
            _alive: alive,
        }
    }

    async fn create(&self, name: &str) {
        let mut db = sqlx::PgConnection::connect(&self.url("postgres"))
            .await
            .expect("connect");
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        db.execute(create).await.expect("CREATE DATABASE");
    }

    fn url(&self, name: &str) -> String {
        format!(
            "postgres://passerelle@localhost/{name}?host={}",
            self.dir.display()
        )
    }
}

/// PostgreSQL refuses to run as root: another user then owns the directory and runs the server.
fn as_nobody_special(dir: &Path) -> Command {
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(dir).expect("metadata")) == 0;
    if !root {
        return Command::new("env");
    }
    let known = |user: &&str| {
        let id = Command::new("id").arg(user).output();
        id.is_ok_and(|id| id.status.success())
    };
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(known)
        .expect("a user to run PostgreSQL");
    let owned = Command::new("chown").arg(user).arg(dir).status();
    assert!(owned.expect("chown").success());
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--"]);
    command
}

/// The directory of `initdb`: on PATH, else the newest of Debian's.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    found.sort();
    found.extend(
        std::env::split_paths(&path)
            .collect::<Vec<_>>()
            .into_iter()
            .rev(),
    );
    found
        .into_iter()
        .rev()
        .filter_map(|bin| bin.join("initdb").canonicalize().ok())
        .filter_map(|initdb| initdb.parent().map(Path::to_owned))
        .find(|bin| {
            ["initdb", "postgres", "pg_ctl"]
                .iter()
                .all(|tool| bin.join(tool).exists())
        })
}
