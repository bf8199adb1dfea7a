//! The floor: axum behind the product's own TLS door; a write is one INSERT in a group-committed durable transaction, a read one
//! SELECT by key. No translation, no policy, no trace.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Segment, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use passerelle::edge::tls::Acceptor;
use passerelle::settings::Settings;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Makes this program the floor; a folder follows.
pub const FLAG: &str = "--as-floor";
const GROUP: usize = 256;

type Insert = (Bytes, oneshot::Sender<i64>);

struct Floor {
    database: PathBuf,
    readers: Mutex<Vec<Connection>>,
    writer: mpsc::Sender<Insert>,
}

/// Serves the folder of a demonstration until killed.
pub fn run(folder: &Path) {
    let config = folder.join("demo/passerelle.toml");
    let settings = Settings::load(&config, std::iter::empty()).expect("settings");
    let database = folder.join("floor.db");
    let db = open(&database);
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;
         PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE item (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
    )
    .expect("schema");
    let (writer, queue) = mpsc::channel(1024);
    std::thread::spawn(move || write(db, queue));
    let state = Arc::new(Floor {
        database,
        readers: Mutex::default(),
        writer,
    });
    let router = Router::new()
        .route("/item", post(insert))
        .route("/item/{id}", get(read))
        .route("/static/{size}", get(fixed))
        .with_state(state);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(serve(settings, router));
}

async fn serve(settings: Settings, router: Router) {
    let acceptor = Arc::new(Acceptor::new(&settings).expect("TLS"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    println!("ready https://{}/", listener.local_addr().expect("address"));
    std::io::stdout().flush().expect("stdout");
    loop {
        let (tcp, _) = listener.accept().await.expect("connection");
        let (acceptor, router) = (Arc::clone(&acceptor), router.clone());
        tokio::spawn(async move {
            let _ = tcp.set_nodelay(true);
            if let Ok((stream, _)) = acceptor.accept(tcp).await {
                let service = TowerToHyperService::new(router);
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                let _ = served.await;
            }
        });
    }
}

async fn insert(State(floor): State<Arc<Floor>>, bytes: Bytes) -> Response {
    let (reply, answer) = oneshot::channel();
    floor.writer.try_send((bytes, reply)).expect("room");
    let id = answer.await.expect("committed");
    (StatusCode::CREATED, id.to_string()).into_response()
}

async fn read(State(floor): State<Arc<Floor>>, Segment(id): Segment<i64>) -> Response {
    let idle = floor.readers.lock().expect("readers").pop();
    let db = idle.unwrap_or_else(|| open(&floor.database));
    let bytes: Vec<u8> = db
        .prepare_cached("SELECT bytes FROM item WHERE id = ?1")
        .and_then(|mut statement| statement.query_row([id], |row| row.get(0)))
        .expect("item");
    floor.readers.lock().expect("readers").push(db);
    json(bytes)
}

async fn fixed(Segment(size): Segment<usize>) -> Response {
    static BYTES: [u8; 1 << 20] = [b' '; 1 << 20];
    json(&BYTES[..size])
}

fn json(body: impl Into<axum::body::Body>) -> Response {
    let kind = (header::CONTENT_TYPE, "application/fhir+json");
    ([kind], body.into()).into_response()
}

fn write(db: Connection, mut queue: mpsc::Receiver<Insert>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.blocking_recv_many(&mut group, GROUP) > 0 {
        let run = |sql: &str| {
            let mut statement = db.prepare_cached(sql).expect("statement");
            statement.execute([]).expect("done");
        };
        run("BEGIN IMMEDIATE");
        let mut written = Vec::with_capacity(group.len());
        for (bytes, reply) in group.drain(..) {
            let mut statement = db
                .prepare_cached("INSERT INTO item (bytes) VALUES (?1)")
                .expect("statement");
            let id = statement.insert([bytes.as_ref()]).expect("inserted");
            written.push((id, reply));
        }
        run("COMMIT");
        for (id, reply) in written {
            let _ = reply.send(id);
        }
    }
}

fn open(database: &Path) -> Connection {
    let db = Connection::open(database).expect("database");
    db.busy_timeout(std::time::Duration::from_secs(5))
        .expect("timeout");
    db.execute_batch("PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY")
        .expect("pragmas");
    db
}
