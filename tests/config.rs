//! The configuration of the contract, §2: defaults, environment, unknown keys, all problems at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use std::time::Duration;

use passerelle::dmp::context::{Environment, Validation};
use passerelle::settings::{Problem, Revocation, Settings};

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(toml: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("passerelle.toml"), toml).expect("file");
        Self(folder)
    }

    fn load(&self, env: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(&self.path("passerelle.toml"), env)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn keys(problems: &[Problem]) -> Vec<&str> {
    problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect()
}

#[test]
fn an_empty_file_gives_the_defaults_of_the_contract() {
    let folder = Folder::with("");
    let settings = folder.load(&[]).expect("defaults");

    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8443");
    assert_eq!(settings.server.base_url, "https://127.0.0.1:8443/fhir");
    assert_eq!(
        settings.server.admin_listen.map(|a| a.to_string()),
        Some("127.0.0.1:9443".to_owned())
    );
    assert_eq!(settings.server.max_body_bytes, 20_971_520);
    assert_eq!(settings.server.request_timeout, Duration::from_secs(30));
    assert!(settings.server.cors_origins.is_empty());
    assert_eq!(settings.tls.certificate, folder.path("pki/server.pem"));
    assert_eq!(settings.tls.private_key, folder.path("pki/server.key"));
    assert_eq!(settings.identity.trust, [folder.path("pki/trust.pem")]);
    assert_eq!(settings.identity.crls, [folder.path("pki/crl.pem")]);
    assert_eq!(settings.identity.revocation, Revocation::Required);
    assert_eq!(settings.identity.environment, Environment::Test);
    assert!(settings.identity.patient_portals.is_empty());
    assert_eq!(
        settings.database.url,
        format!("sqlite:{}", folder.path("passerelle.db").display())
    );
    assert_eq!(settings.fhir.validation, Validation::Guide);
    assert!(settings.dmp.operators.is_empty() && settings.dmp.regulators.is_empty());
    assert!(settings.dmp.matrix.is_empty() && settings.dmp.mappings.is_none());
    assert!(settings.dmp.seed_overlay && !settings.dmp.contested_groups);
    assert_eq!(settings.dmp.authorisation_months, 12);
    assert_eq!(settings.dmp.age_of_majority, 18);
    assert!(!settings.dmp.allow_late_invisibility);
}

#[test]
fn every_key_of_the_contract_is_read() {
    let folder = Folder::with(
        r#"
        [server]
        listen = "0.0.0.0:443"
        base_url = "https://dmp.example/fhir/"
        admin_listen = ""
        max_body_bytes = 4096
        request_timeout_seconds = 5
        cors_origins = ["https://portail.example"]
        [tls]
        certificate = "/etc/server.pem"
        private_key = "keys/server.key"
        [identity]
        trust = ["a.pem", "/b.pem"]
        crls = []
        revocation = "if-available"
        environment = "production"
        [[identity.patient_portal]]
        issuer = "https://portail.example"
        audience = "passerelle"
        jwks = "pki/portal-jwks.json"
        clients = ["10B0000003"]
        [database]
        url = "postgres://user:secret@host/db"
        [fhir]
        validation = "strict"
        [dmp]
        operators = ["10B0000001"]
        regulators = ["899900000099"]
        mappings = "tables"
        matrix = ["base.csv", "local.csv"]
        seed_overlay = false
        contested_groups = true
        authorisation_months = 6
        age_of_majority = 16
        allow_late_invisibility = true
        "#,
    );
    let settings = folder.load(&[]).expect("settings");

    assert_eq!(settings.server.base_url, "https://dmp.example/fhir");
    assert_eq!(settings.server.admin_listen, None);
    assert_eq!(settings.server.max_body_bytes, 4096);
    let origins = settings.server.cors_origins.iter();
    let origins: Vec<_> = origins.map(|origin| origin.as_str()).collect();
    assert_eq!(origins, ["https://portail.example"]);
    assert_eq!(settings.tls.certificate, PathBuf::from("/etc/server.pem"));
    assert_eq!(settings.tls.private_key, folder.path("keys/server.key"));
    assert_eq!(
        settings.identity.trust,
        [folder.path("a.pem"), PathBuf::from("/b.pem")]
    );
    assert_eq!(settings.identity.revocation, Revocation::IfAvailable);
    assert_eq!(settings.identity.environment, Environment::Production);
    let portal = &settings.identity.patient_portals[0];
    assert_eq!(
        PathBuf::from(&portal.jwks),
        folder.path("pki/portal-jwks.json")
    );
    assert_eq!(portal.clients[0].as_str(), "10B0000003");
    assert_eq!(settings.database.url, "postgres://user:secret@host/db");
    assert_eq!(settings.fhir.validation, Validation::Strict);
    assert_eq!(settings.dmp.operators[0].as_str(), "10B0000001");
    assert_eq!(settings.dmp.regulators[0].as_str(), "899900000099");
    assert_eq!(settings.dmp.mappings, Some(folder.path("tables")));
    assert_eq!(
        settings.dmp.matrix,
        [folder.path("base.csv"), folder.path("local.csv")]
    );
    assert!(!settings.dmp.seed_overlay && settings.dmp.contested_groups);
    assert_eq!(settings.dmp.authorisation_months, 6);
    assert_eq!(settings.dmp.age_of_majority, 16);
    assert!(settings.dmp.allow_late_invisibility);
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = Folder::with("[server]\nlisten = \"127.0.0.1:1\"\n[dmp]\nseed_overlay = true\n");
    let settings = folder
        .load(&[
            ("PASSERELLE_SERVER__LISTEN", "127.0.0.1:2"),
            ("PASSERELLE_SERVER__ADMIN_LISTEN", ""),
            ("PASSERELLE_SERVER__MAX_BODY_BYTES", "2048"),
            ("PASSERELLE_DMP__SEED_OVERLAY", "false"),
            ("PASSERELLE_DMP__OPERATORS", "10B0000001, 10B0000002"),
            ("PASSERELLE_IDENTITY__TRUST", r#"["x.pem"]"#),
            (
                "PASSERELLE_IDENTITY__PATIENT_PORTAL",
                r#"[{issuer="i", audience="a", jwks="https://k.example", clients=[]}]"#,
            ),
            ("PASSERELLE_LOG", "debug"),
            ("PASSERELLE_PORT", "tcp://10.0.0.1:8443"),
            ("PATH", "/usr/bin"),
        ])
        .expect("settings");

    assert_eq!(settings.server.listen.port(), 2);
    assert_eq!(settings.server.base_url, "https://127.0.0.1:2/fhir");
    assert_eq!(settings.server.admin_listen, None);
    assert_eq!(settings.server.max_body_bytes, 2048);
    assert!(!settings.dmp.seed_overlay);
    assert_eq!(settings.dmp.operators.len(), 2);
    assert_eq!(settings.identity.trust, [folder.path("x.pem")]);
    assert_eq!(
        settings.identity.patient_portals[0].jwks,
        "https://k.example"
    );
}

#[test]
fn an_unknown_key_is_named_with_the_one_that_was_meant() {
    let problems =
        Folder::with("[server]\nlistn = \"127.0.0.1:1\"\n[sever]\nx = 1\n[zebra]\ny = 1\n")
            .load(&[
                ("PASSERELLE_SERVER__LISTE", "127.0.0.1:2"),
                ("PASSERELLE_NOTHING__LIKE_IT", "1"),
            ])
            .expect_err("unknown");

    let cure = |key: &str| {
        let problem = problems.iter().find(|problem| problem.key == key);
        problem.expect(key).cure.clone()
    };
    assert_eq!(cure("server.listn"), "did you mean server.listen?");
    assert_eq!(cure("sever"), "did you mean server?");
    assert_eq!(cure("zebra"), "remove it");
    assert_eq!(
        cure("PASSERELLE_SERVER__LISTE"),
        "did you mean PASSERELLE_SERVER__LISTEN?"
    );
    assert_eq!(cure("PASSERELLE_NOTHING__LIKE_IT"), "remove it");
    assert_eq!(problems.len(), 5);
}

#[test]
fn every_problem_is_told_at_once() {
    let problems = Folder::with(
        r#"
        [server]
        listen = "localhost"
        base_url = "ftp://x"
        max_body_bytes = 0
        request_timeout_seconds = "soon"
        cors_origins = ["https://portail.example", "*"]
        [tls]
        certificate = 3
        [identity]
        trust = []
        crls = "crl.pem"
        environment = "staging"
        [[identity.patient_portal]]
        issuer = "i"
        audiense = "a"
        jwks = "k"
        clients = ["x"]
        [database]
        url = "mysql://root:hunter2@host"
        [dmp]
        operators = ["10B0000001", "nonsense"]
        seed_overlay = "yes"
        age_of_majority = 200
        "#,
    )
    .load(&[("PASSERELLE_DMP__AUTHORISATION_MONTHS", "many")])
    .expect_err("problems");

    for key in [
        "server.listen",
        "server.base_url",
        "server.max_body_bytes",
        "server.request_timeout_seconds",
        "server.cors_origins[1]",
        "tls.certificate",
        "identity.trust",
        "identity.crls",
        "identity.environment",
        "identity.patient_portal[0].audiense",
        "identity.patient_portal[0].audience",
        "identity.patient_portal[0].clients[0]",
        "database.url",
        "dmp.operators[1]",
        "dmp.seed_overlay",
        "dmp.age_of_majority",
        "dmp.authorisation_months",
    ] {
        assert!(keys(&problems).contains(&key), "{key} in {problems:?}");
    }
    assert!(problems.iter().all(|p| !p.cure.is_empty()));
    let told = format!("{problems:?}");
    assert!(!told.contains("hunter2"), "a password is never told");
}

#[test]
fn a_file_that_is_not_toml_is_told_by_line_without_its_text() {
    let folder = Folder::with("[database]\nurl = \"postgres://u:hunter2@h/d\n");
    let problems = folder.load(&[]).expect_err("syntax");

    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].key.ends_with("passerelle.toml:2"),
        "{problems:?}"
    );
    assert!(!format!("{problems:?}").contains("hunter2"));

    let missing = Settings::load(&folder.path("absent.toml"), std::iter::empty());
    assert!(
        missing.expect_err("missing")[0]
            .key
            .ends_with("absent.toml")
    );
}

/// Runs the binary in the folder; its exit code, standard output and standard error.
fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_passerelle"))
        .args(arguments)
        .current_dir(folder.0.path())
        .output()
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn check_config_tells_every_file_and_starts_nothing() {
    let folder = Folder::with(
        r#"
        [database]
        url = "sqlite:nowhere/passerelle.db"
        [dmp]
        mappings = "tables"
        matrix = ["base.csv"]
        "#,
    );
    for command in ["check-config", "serve"] {
        let (code, out, err) = run(&folder, &[command, "--config", "passerelle.toml"]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        for key in [
            "identity.trust: ",
            "identity.crls: ",
            "tls.certificate: ",
            "tls.private_key: ",
            "dmp.mappings: ",
            "dmp.matrix: ",
        ] {
            let told = err.lines().filter(|line| line.starts_with(key)).count();
            assert_eq!(told, 1, "{key} in {err}");
        }
    }
    let (_, _, err) = run(&folder, &["check-config", "--config", "passerelle.toml"]);
    assert!(err.contains("database.url: "), "{err}");
    let left: Vec<_> = std::fs::read_dir(folder.0.path())
        .expect("folder")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    assert_eq!(left, ["passerelle.toml"], "nothing is made");
}

#[test]
fn a_file_that_is_no_database_is_told() {
    let folder = Folder::with("[database]\nurl = \"sqlite:text.db\"\n");
    std::fs::write(folder.path("text.db"), "a letter").expect("file");
    let (code, _, err) = run(&folder, &["check-config", "--config", "passerelle.toml"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("database.url: cannot be opened"), "{err}");
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let folder = Folder::with("");
    for wrong in [
        &["serve"] as &[&str],
        &["serve", "--config"],
        &["nonsense"],
        &["cda", "check"],
        &["matrix", "explain", "--type", "11502-2"],
        &["demo", "--listen", "here"],
    ] {
        let (code, out, err) = run(&folder, wrong);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(!err.is_empty());
    }
    for command in [
        &["demo", "--help"] as &[&str],
        &["serve", "--help"],
        &["check-config", "--help"],
        &["cda", "check", "--help"],
        &["cda", "metadata", "--help"],
        &["matrix", "explain", "--help"],
        &["card", "inspect", "--help"],
        &["audit", "verify", "--help"],
    ] {
        let (code, out, _) = run(&folder, command);
        assert_eq!(code, Some(0), "{command:?}");
        assert!(out.contains("Example:"), "{command:?} {out}");
    }
    let (code, _, err) = run(&folder, &["serve", "--config", "absent.toml"]);
    assert_eq!(code, Some(2));
    assert!(err.starts_with("absent.toml: cannot be read"), "{err}");
}
