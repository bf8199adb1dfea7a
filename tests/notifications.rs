//! What patients and médecins traitants are told reaches a real mail server and a real HTTP receiver: once where all goes well,
//! again where it doesn't, never where nobody is to be told, and without a word of what is in the record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "store/raw.rs"]
#[allow(dead_code, unreachable_pub)]
mod raw;
mod support;

use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};
use support::client::encode;
use support::consent::with_category;
use support::document::{PATIENT, SECRETS};
use support::receiver::{MailServer, Receiver};
use support::{Admin, Client, Document, Options, Server, consent_for, with_admin};

const MEDECIN: &str = "899900000011";
const MEDECIN2: &str = "899900000029";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "499900000029010");
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const EMAIL: &str = "ruth@example.org";
const SECRET: &str = "a secret of the tests, long enough";

struct World {
    server: Server,
    admin: Admin,
    starts: usize,
    now: Timestamp,
    path: String,
    record: Value,
    url: String,
}

impl World {
    async fn new(options: Options) -> Self {
        Self::born(options, None).await
    }

    /// A record whose holder has an address; the clock is held, so that nothing is sent but when the test says so.
    async fn born(options: Options, birth: Option<Date>) -> Self {
        let server = Server::with(with_admin(options));
        let admin = Admin::of(&server);
        let now = Timestamp::now();
        admin.set_clock(now);
        let (identifier, mut record) = Document::new().record();
        if let Some(birth) = birth {
            record["birthDate"] = json!(birth.to_string());
        }
        record["telecom"] = json!([{"system": "email", "value": EMAIL}]);
        let path = format!("/Patient?identifier={}", encode(&identifier));
        let url = format!("sqlite:{}", server.folder().join("passerelle.db").display());
        let world = Self {
            server,
            admin,
            starts: 1,
            now,
            path,
            record,
            url,
        };
        world.put(&world.record).await;
        world
    }

    async fn put(&self, record: &Value) {
        let mut operator = self.server.client("exploitant");
        let reply = operator.put(&self.path, record).await;
        assert!(reply.status < 300, "{}", reply.json());
    }

    fn author(&self) -> Client {
        self.server
            .client("medecin2")
            .with(STRUCTURE.0, STRUCTURE.1)
    }

    async fn deposit(&self, label: Option<&str>) -> u16 {
        let mut resource = Document::new().simplified();
        if let Some(label) = label {
            let labels = resource["securityLabel"].as_array_mut().unwrap();
            labels.push(json!({"coding": [{"system": VISIBILITY, "code": label}]}));
        }
        let mut author = self.author();
        author.post("/DocumentReference", &resource).await.status
    }

    async fn search(&self, mut client: Client) -> u16 {
        let parameters = [("patient.identifier", PATIENT)];
        client.search("DocumentReference", &parameters).await.status
    }

    async fn declare(&self) {
        let consent = consent_for(PATIENT, MEDECIN);
        let mut doctor = self.server.client("medecin");
        doctor.post("/Consent", &consent).await.assert_status(201);
    }

    fn in_emergency(&self) -> Client {
        let client = self.server.client("medecin");
        client
            .with("DMP-Access-Mode", "bris_de_glace")
            .with("DMP-Access-Reason", "inconscient")
    }

    /// Runs what is due some minutes from the beginning.
    fn run_after(&self, minutes: i64) -> Value {
        let minutes = SignedDuration::from_mins(minutes);
        self.admin.run_at(self.now + minutes)
    }

    async fn states(&self) -> Vec<String> {
        raw::column(&self.url, "SELECT state FROM outbox ORDER BY at, id").await
    }

    fn restart(&mut self) {
        self.server.restart();
        self.starts += 1;
        self.admin = Admin::of_start(&self.server, self.starts);
    }
}

fn by_mail(mail: &MailServer) -> Options {
    let url = format!("smtp://127.0.0.1:{}", mail.port);
    Options::default()
        .set("PASSERELLE_NOTIFICATIONS__SMTP_URL", &url)
        .set(
            "PASSERELLE_NOTIFICATIONS__FROM",
            "Mon espace santé <ne-pas-repondre@dmp.example>",
        )
}

fn by_webhook(receiver: &Receiver, folder: &Path) -> Options {
    let secret = folder.join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    Options::default()
        .set("PASSERELLE_NOTIFICATIONS__WEBHOOK_URL", &receiver.url)
        .set(
            "PASSERELLE_NOTIFICATIONS__WEBHOOK_SECRET_FILE",
            secret.to_str().unwrap(),
        )
}

fn says_nothing_medical(text: &str) {
    let (_, ins) = PATIENT.split_once('|').unwrap();
    for word in SECRETS.into_iter().chain([ins, "inconscient"]) {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

/// NOT-01, NOT-02, NOT-03: each is mailed once, names the professional, and says nothing of the record.
#[tokio::test]
async fn holders_are_told_by_mail() {
    let Some(mail) = MailServer::start(None) else {
        return;
    };
    let world = World::new(by_mail(&mail)).await;
    world.declare().await;
    assert_eq!(world.search(world.server.client("medecin")).await, 200);
    assert_eq!(world.search(world.in_emergency()).await, 200);
    assert_eq!(world.deposit(None).await, 201);
    assert!(mail.mails().is_empty(), "nothing is sent within a request");
    assert_eq!(world.run_after(1)["sent"], 3);
    assert_eq!(world.run_after(2)["sent"], 0);
    let mails = mail.mails();
    assert_eq!(mails.len(), 3);
    let name = world.admin.told("first-access")[0]["actor"]["name"].clone();
    let texts: Vec<String> = mails.iter().map(|mail| mail.text()).collect();
    for (mail, text) in mails.iter().zip(&texts) {
        assert_eq!(mail.to(), EMAIL);
        assert!(
            mail.header("From")
                .contains("<ne-pas-repondre@dmp.example>")
        );
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        says_nothing_medical(text);
        says_nothing_medical(mail.0["mail"].as_str().unwrap());
    }
    assert!(texts[0].contains(name.as_str().unwrap()), "{}", texts[0]);
    assert!(texts[0].contains("pour la première fois"));
    assert!(texts[1].contains("en urgence (bris de glace)"));
    assert!(texts[2].contains("a ajouté un document"));
    assert_eq!(world.states().await, ["sent"; 3]);
    for word in [EMAIL, "première fois"] {
        assert!(!world.server.logs().contains(word), "{word} in the log");
    }
}

/// MIN-06, NOT-05, ANN-04, NOT-07: whoever is not to be told isn't.
#[tokio::test]
async fn secret_closed_and_hidden_send_nothing() {
    let Some(mail) = MailServer::start(None) else {
        return;
    };
    let today = passerelle::dmp::time::paris_date(Timestamp::now());
    let born = today.checked_sub(15.years()).unwrap();
    let world = World::born(by_mail(&mail), Some(born)).await;
    world.declare().await;
    let secretly = || {
        let client = world.server.client("medecin");
        client.with("DMP-Secret-Connection", "true")
    };
    assert_eq!(world.search(secretly()).await, 200);
    for label in ["INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"] {
        assert_eq!(world.deposit(Some(label)).await, 201);
    }
    let mut resource = Document::new().simplified();
    let labels = resource["securityLabel"].as_array_mut().unwrap();
    labels.push(
        json!({"coding": [{"system": VISIBILITY, "code": "INVISIBLE_REPRESENTANTS_LEGAUX"}]}),
    );
    let mut author = world.author().with("DMP-Secret-Connection", "true");
    author
        .post("/DocumentReference", &resource)
        .await
        .assert_status(201);
    let mut silent = world.record.clone();
    silent["extension"].as_array_mut().unwrap().push(json!({
        "url": "https://passerelle.dev/fhir/StructureDefinition/notify-documents",
        "valueBoolean": false
    }));
    world.put(&silent).await;
    assert_eq!(world.deposit(None).await, 201);
    assert!(world.admin.outbox().is_empty());
    // Opposed: nothing is done, nothing is told.
    let mut opposed = world.record.clone();
    opposed["active"] = json!(false);
    opposed["extension"][0]["valueCode"] = json!("opposed");
    opposed["extension"].as_array_mut().unwrap().push(json!({
        "url": "https://passerelle.dev/fhir/StructureDefinition/opposition-date",
        "valueDate": "2026-01-01"
    }));
    world.put(&opposed).await;
    assert_eq!(world.search(world.in_emergency()).await, 403);
    assert_eq!(world.deposit(None).await, 403);
    assert_eq!(world.run_after(1)["sent"], 0);
    assert!(mail.mails().is_empty());
    assert!(world.admin.outbox().is_empty());
}

/// What does not get through is tried again, later and later, and sent once.
#[tokio::test]
async fn a_mail_that_is_refused_for_now_is_sent_later() {
    let Some(mail) = MailServer::start(None) else {
        return;
    };
    let world = World::new(by_mail(&mail)).await;
    assert_eq!(world.deposit(None).await, 201);
    mail.misbehave("refuse", true);
    assert_eq!(world.run_after(1)["sent"], 0);
    mail.misbehave("refuse", false);
    assert_eq!(world.run_after(1)["sent"], 0, "not before its time");
    assert_eq!(world.run_after(3)["sent"], 1);
    assert_eq!(world.run_after(600)["sent"], 0);
    assert_eq!(mail.mails().len(), 1);
    assert!(world.server.logs().contains("SMTP 451"));
    assert!(!world.server.logs().contains(EMAIL));
}

/// A server that dies between sending and knowing sends again, under the same name.
#[tokio::test]
async fn a_kill_loses_no_mail() {
    let Some(mail) = MailServer::start(None) else {
        return;
    };
    let mut world = World::new(by_mail(&mail)).await;
    assert_eq!(world.deposit(None).await, 201);
    mail.misbehave("stall", true);
    // The background worker takes it, in real time.
    world.admin.real_time();
    for _ in 0..200 {
        if !mail.mails().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(mail.mails().len(), 1);
    world.restart();
    mail.misbehave("stall", false);
    assert_eq!(world.states().await, ["waiting"]);
    assert_eq!(world.run_after(1)["sent"], 0, "still claimed by the dead");
    assert_eq!(world.run_after(20)["sent"], 1);
    assert_eq!(world.run_after(60)["sent"], 0);
    let mails = mail.mails();
    assert_eq!(mails.len(), 2);
    let ids: Vec<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].ends_with("@dmp.example>"), "{}", ids[0]);
}

/// STARTTLS where the URL demands it: the server is known by its authority, and a stranger gets nothing.
#[tokio::test]
async fn mail_is_encrypted_where_it_is_demanded() {
    let pki = support::server::cards();
    let (certificate, key) = (pki.join("server.pem"), pki.join("server.key"));
    let Some(mail) = MailServer::start(Some((&certificate, &key))) else {
        return;
    };
    let url = format!("smtp://localhost:{}?tls=required", mail.port);
    let options = by_mail(&mail).set("PASSERELLE_NOTIFICATIONS__SMTP_URL", &url);
    let world = World::new(options.clone()).await;
    assert_eq!(world.deposit(None).await, 201);
    assert_eq!(world.run_after(1)["sent"], 0, "an unknown authority");
    drop(world);
    let ca = pki.join("ca.pem");
    let world = World::new(options.set("SSL_CERT_FILE", ca.to_str().unwrap())).await;
    assert_eq!(world.deposit(None).await, 201);
    assert_eq!(world.run_after(1)["sent"], 1);
    let mails = mail.mails();
    assert_eq!((mails.len(), &mails[0].0["tls"]), (1, &json!(true)));
}

/// MT-05, and the webhook's signature, key and retries.
#[tokio::test]
async fn a_webhook_is_told_everything_but_the_statement() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    let options = by_webhook(&receiver, folder.path());
    let world = World::new(options.set("PASSERELLE_NOTIFICATIONS__MAX_ATTEMPTS", "3")).await;
    let mut treating = world.author();
    let treats = with_category(consent_for(PATIENT, MEDECIN2), "medecin-traitant");
    treating.post("/Consent", &treats).await.assert_status(201);
    assert_eq!(world.search(world.in_emergency()).await, 200);
    receiver.answer(503);
    assert_eq!(world.run_after(1)["sent"], 0);
    receiver.answer(204);
    assert_eq!(world.run_after(3)["sent"], 2);
    let posted = receiver.posted();
    assert_eq!(posted.len(), 4);
    for request in &posted {
        assert_eq!(request.header("content-type"), "application/json");
        let signature = request.header("passerelle-signature");
        let (at, signature) = signature.split_once(",v1=").unwrap();
        let at = at.strip_prefix("t=").unwrap();
        let age = Timestamp::now().as_second() - at.parse::<i64>().unwrap();
        assert!((0..60).contains(&age), "real time, whatever the clock says");
        assert_eq!(signature, hmac(&format!("{at}.{}", request.body)));
        assert_eq!(request.header("idempotency-key"), request.json()["id"]);
        says_nothing_medical(&request.json()["text"].to_string());
        assert_eq!(request.json()["kind"], "emergency-access");
        assert_eq!(request.json()["mode"], "bris_de_glace");
        assert_eq!(request.json()["actor"]["id"], MEDECIN);
    }
    let keys = |some: &[support::receiver::Posted]| {
        let mut keys: Vec<String> = some
            .iter()
            .map(|request| request.header("idempotency-key").to_owned())
            .collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&posted[..2]), keys(&posted[2..]), "the same again");
    let mut told: Vec<(Value, Value)> = posted[2..]
        .iter()
        .map(|request| {
            (
                request.json()["channel"].clone(),
                request.json()["to"].clone(),
            )
        })
        .collect();
    told.sort_by_key(|(channel, _)| channel.to_string());
    assert_eq!(
        told,
        [
            (json!("email"), json!(EMAIL)),
            (json!("mt"), json!(MEDECIN2))
        ]
    );
    // Of an announcement that waits, not even which document.
    assert_eq!(world.deposit(Some("INVISIBLE_PATIENT")).await, 201);
    world.run_after(14 * 24 * 60 + 5);
    let last = receiver.posted().pop().unwrap().json();
    assert_eq!(last["kind"], "announcement-overdue");
    assert_eq!(last["document"], Value::Null);
    // A receiver that never takes it is given up at last.
    receiver.answer(500);
    assert_eq!(world.deposit(None).await, 201);
    let before = receiver.posted().len();
    for minutes in [0, 60, 120, 180, 600] {
        world.run_after(15 * 24 * 60 + minutes);
    }
    assert_eq!(receiver.posted().len() - before, 3);
    assert_eq!(world.states().await.last().unwrap(), "given-up");
}

fn hmac(text: &str) -> String {
    let key = openssl::pkey::PKey::hmac(SECRET.as_bytes()).unwrap();
    let digest = openssl::hash::MessageDigest::sha256();
    let mut signer = openssl::sign::Signer::new(digest, &key).unwrap();
    signer.update(text.as_bytes()).unwrap();
    let signed = signer.sign_to_vec().unwrap();
    signed.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Without the section nothing is sent, and everything is kept.
#[tokio::test]
async fn without_ways_everything_is_kept() {
    let world = World::new(Options::default()).await;
    assert_eq!(world.deposit(None).await, 201);
    assert_eq!(world.run_after(1)["sent"], 0);
    assert_eq!(world.admin.told("document-added").len(), 1);
    assert_eq!(world.states().await, ["waiting"]);
}

/// `check-config` tells what is wrong with the section, and never repeats a password.
#[test]
fn the_section_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let check = |section: &str| {
        let file = folder.path().join("passerelle.toml");
        let identity = "[identity]\nenvironment = \"production\"\n";
        std::fs::write(&file, format!("{identity}[notifications]\n{section}\n")).unwrap();
        let arguments = ["check-config", "--config", "passerelle.toml"];
        let output = support::server::run_in(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("hunter2"), "{told}");
        told
    };
    for (section, key, what) in [
        (
            "smtp_url = \"smtp://u:hunter2@mail.example\"\nfrom = \"a@b.fr\"",
            "smtp_url",
            "in clear",
        ),
        (
            "smtp_url = \"http://u:hunter2@mail.example\"\nfrom = \"a@b.fr\"",
            "smtp_url",
            "not an SMTP URL",
        ),
        (
            "smtp_url = \"smtps://u:hunter2@mail.example\"",
            "from",
            "missing",
        ),
        (
            "webhook_url = \"http://u:hunter2@hook.example\"\nwebhook_secret_file = \"s\"",
            "webhook_url",
            "not an https URL",
        ),
        (
            "webhook_url = \"https://hook.example\"",
            "webhook_secret_file",
            "missing",
        ),
        ("max_attempts = 0", "max_attempts", "not a valid number"),
        ("smtp = \"x\"", "smtp", "unknown key"),
    ] {
        let told = check(section);
        let key = format!("notifications.{key}: ");
        let line = told.lines().find(|line| line.starts_with(&key));
        assert!(
            line.is_some_and(|line| line.contains(what)),
            "{section}: {told}"
        );
    }
}
