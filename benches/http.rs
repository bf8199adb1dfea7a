//! What the product costs over the least that any such server does: the release binary against a floor of axum, the same TLS
//! door and one SQLite statement, in turns, on one machine.
//!
//! `cargo bench --bench http` measures all; `cargo bench --bench http -- search 16` one part with 16 clients.
//! Parts: deposit, search, binary, handshake, start, disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

#[path = "http/client.rs"]
mod client;
#[path = "http/floor.rs"]
mod floor;
#[path = "http/letters.rs"]
mod letters;
#[path = "http/report.rs"]
mod report;
#[path = "http/server.rs"]
mod server;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Card, Load, Work, slice};
use letters::Letters;
use report::Comparison;
use server::{Server, settle};

/// Pairs of slices, the floor's and ours.
const PAIRS: usize = 5;
const SLICE: Duration = Duration::from_secs(2);
/// Whose record holds exactly [`HELD`] documents, and who may read it.
const SEARCHED: usize = 9;
const HELD: usize = 20;
const READER: &str = "medecin";
const AUTHOR: &str = "medecin2";

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder] = arguments.as_slice()
        && flag == floor::FLAG
    {
        return floor::run(Path::new(folder));
    }
    arguments.retain(|argument| !argument.starts_with("--"));
    let (counts, parts): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| argument.parse::<usize>().is_ok());
    let mut counts: Vec<usize> = counts.iter().filter_map(|n| n.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![16, 64];
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|named| *named == part);

    let folder = tempfile::tempdir().expect("temporary folder");
    if wanted("disk") {
        println!(
            "disk: {:.0} appends of 4 kB + fsync per second",
            fsyncs(folder.path())
        );
    }
    let bench = Bench::start(folder.path());
    println!(
        "at rest, after the demonstration's world was made: {}",
        bench.ours.memory()
    );
    let mut table = Vec::new();
    for &clients in &counts {
        for part in ["deposit", "search", "binary", "handshake"] {
            if wanted(part) {
                let compared = bench.compare(part, clients);
                println!("{compared}   ours: {}", bench.ours.memory());
                table.push(compared);
            }
        }
    }
    println!("\n{}", report::table(&table));
    println!("after the load: {}", bench.ours.memory());
    let Bench { ours, floor, .. } = bench;
    println!("floor after the load: {}", floor.memory());
    drop(floor);
    ours.stop();
    if wanted("start") {
        start(folder.path());
    }
}

/// Both servers, and what is asked of them.
struct Bench {
    runtime: tokio::runtime::Runtime,
    ours: Server,
    floor: Server,
    author: Card,
    reader: Card,
    letters: Letters,
    search: String,
    binary: String,
    metadata: usize,
}

impl Bench {
    fn start(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("runtime");
        let ours = Server::demo(folder);
        let floor = Server::floor(folder);
        let [author, reader] = [AUTHOR, READER].map(|name| Card::load(folder, name));
        let letters = Letters::new();
        let ins = letters.ins(SEARCHED);
        let search = format!(
            "/fhir/DocumentReference?patient.identifier={}%7C{}&status=current",
            ins.system(),
            ins.value()
        );
        let get = |path: &str| runtime.block_on(client::once(&ours, &reader, &Work::get(path)));
        let held = total(&get(&search));
        let missing = HELD.checked_sub(held).expect("fewer documents than that");
        for letter in letters.batch(missing, &[SEARCHED]) {
            let work = Work::deposit(Arc::new(vec![letter]));
            runtime.block_on(client::once(&ours, &author, &work));
        }
        let found = get(&search);
        assert_eq!(total(&found), HELD);
        let bundle: serde_json::Value = serde_json::from_slice(&found).expect("JSON");
        let newest = &bundle["entry"][0]["resource"]["content"][0]["attachment"];
        assert_eq!(newest["size"], letters::SIZE);
        let url = newest["url"].as_str().expect("url");
        let binary = url[url.find("/fhir/").expect("path")..].to_owned();
        let metadata = get("/fhir/metadata").len();
        Self {
            runtime,
            ours,
            floor,
            author,
            reader,
            letters,
            search,
            binary,
            metadata,
        }
    }

    fn compare(&self, part: &'static str, clients: usize) -> Comparison {
        let mut compared = Comparison::new(part, clients);
        let handshake = part == "handshake";
        let (card, mut works) = match part {
            "deposit" => (&self.author, self.deposits(compared.expected())),
            "search" => (&self.reader, self.same(&self.search)),
            "binary" => (&self.reader, self.same(&self.binary)),
            _ => {
                let floor = Work::get(&format!("/static/{}", self.metadata));
                let ours = Work::get("/fhir/metadata");
                (&self.reader, (Arc::new(floor), Arc::new(ours)))
            }
        };
        let run = |server: &Server, work: &Arc<Work>, length: Duration| {
            let load = Load {
                server,
                card,
                clients,
                handshake,
                length,
            };
            self.runtime.block_on(slice(&load, work))
        };
        for (server, work) in [(&self.floor, &works.0), (&self.ours, &works.1)] {
            run(server, work, SLICE / 4);
        }
        for _ in 0..PAIRS {
            if part == "deposit" {
                works = self.deposits(compared.expected());
            }
            settle();
            let floor = run(&self.floor, &works.0, SLICE);
            settle();
            compared.add(floor, run(&self.ours, &works.1, SLICE));
        }
        compared
    }

    /// A batch never sent before; the floor is sent the same bytes, as often as it takes them.
    fn deposits(&self, count: usize) -> (Arc<Work>, Arc<Work>) {
        let batch = Arc::new(self.letters.batch(count, letters::PATIENTS));
        let floor = Work::insert(Arc::clone(&batch));
        (Arc::new(floor), Arc::new(Work::deposit(batch)))
    }

    /// Our answer to a request, kept by the floor under a key.
    fn same(&self, path: &str) -> (Arc<Work>, Arc<Work>) {
        let ours = Work::get(path);
        let bytes = self
            .runtime
            .block_on(client::once(&self.ours, &self.reader, &ours));
        let insert = Work::insert(Arc::new(vec![bytes]));
        let id = self
            .runtime
            .block_on(client::once(&self.floor, &self.reader, &insert));
        let id = std::str::from_utf8(&id).expect("id").to_owned();
        (Arc::new(Work::get(&format!("/item/{id}"))), Arc::new(ours))
    }
}

fn total(bundle: &[u8]) -> usize {
    let bundle: serde_json::Value = serde_json::from_slice(bundle).expect("JSON");
    bundle["total"].as_u64().expect("total") as usize
}

/// From the start of the process to its ready line, on the database that the load left, and what it then holds.
fn start(folder: &Path) {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..PAIRS {
        let begun = Instant::now();
        let served = Server::serve(folder);
        times.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(300));
        println!(
            "ready after {:.0?}, at rest: {}",
            times[times.len() - 1],
            served.memory()
        );
        served.stop();
    }
    times.sort();
    println!("start to ready, median: {:.0?}", times[PAIRS / 2]);
    let binary = std::fs::metadata(env!("CARGO_BIN_EXE_passerelle")).expect("binary");
    println!("binary: {:.1} MB", binary.len() as f64 / 1e6);
}

/// What the disk can do: the most commits per second that one writer could make.
fn fsyncs(folder: &Path) -> f64 {
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("fsync")).expect("file");
    let (begun, mut count) = (Instant::now(), 0u32);
    while begun.elapsed() < Duration::from_secs(1) {
        file.write_all(&[0; 4096]).expect("write");
        file.sync_data().expect("fsync");
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}
