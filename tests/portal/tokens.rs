//! Which tokens are accepted.

use std::time::Duration;

use serde_json::json;

use crate::support::portal::{AUDIENCE, ISSUER, Portal, Token, encode};
use crate::support::{Client, Options, Server};
use crate::{existence, open, served};

async fn with(server: &Server, card: &str, authorization: &str, patient: &str) -> (u16, String) {
    let mut client = server.client(card).with("Authorization", authorization);
    let reply = existence(&mut client, patient).await;
    (reply.status, reply.refusal())
}

#[tokio::test]
async fn both_algorithms_open_the_record_and_nothing_of_the_token_is_logged() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    for token in [
        portal.holder(&patient).rsa(),
        portal.holder(&patient).ec(),
        portal
            .holder(&patient)
            .claim("aud", json!(["autre", "passerelle"]))
            .ec(),
        portal
            .holder(&patient)
            .claim("inconnu", json!({"a": [1]}))
            .ec(),
        portal
            .holder(&patient)
            .claim("ins", patient.replace("urn:oid:", ""))
            .ec(),
        portal.holder(&patient).lives(-1, 599).ec(),
        portal.holder(&patient).lives(20, 320).ec(),
    ] {
        let (status, refusal) =
            with(&server, "hopital", &format!("bearer {token}"), &patient).await;
        assert_eq!((status, refusal.as_str()), (200, ""), "{token}");
    }
    let number = patient.split_once('|').unwrap().1;
    assert!(!server.logs().contains(number), "an INS in the log");
}

#[tokio::test]
async fn every_wrong_token_is_the_same_401() {
    let (portal, server) = served();
    let stranger = Portal::new();
    let patient = open(&server, 1).await;
    let good = || portal.holder(&patient);
    let forged = |token: Token| {
        let text = token.header("alg", "ES256").header("kid", "ec").unsigned();
        format!("{text}.{}", encode(&stranger.sign_ec(text.as_bytes())))
    };
    let text = good()
        .header("alg", "HS256")
        .header("kid", "rsa")
        .unsigned();
    let hmac = format!("{text}.{}", encode(&[7; 32]));
    let none = format!("{}.", good().header("alg", "none").unsigned());
    let twice = {
        let text = good().header("alg", "ES256").header("kid", "ec").unsigned();
        let (header, _) = text.split_once('.').unwrap();
        let claims = format!(
            r#"{{"iss":"{ISSUER}","aud":"passerelle","sub":"a","iat":{now},"exp":{end},"jti":"j","role":"holder","ins":"{patient}","ins":"{patient}"}}"#,
            now = jiff::Timestamp::now().as_second(),
            end = jiff::Timestamp::now().as_second() + 60,
        );
        let text = format!("{header}.{}", encode(claims.as_bytes()));
        format!("{text}.{}", encode(&portal.sign_ec(text.as_bytes())))
    };
    let der = {
        let text = good().header("alg", "ES256").header("kid", "ec").unsigned();
        let raw = portal.sign_ec(text.as_bytes());
        format!("{text}.{}", encode(&raw[..63]))
    };
    let mut table = vec![
        ("another key", forged(good())),
        ("HS256", hmac),
        ("none", none),
        ("repeated claim", twice),
        ("short signature", der),
        ("RS256 with the EC key", good().header("kid", "ec").rsa()),
        (
            "ES256 announced, RSA signed",
            good().header("alg", "ES256").rsa(),
        ),
        ("PS256", good().header("alg", "PS256").rsa()),
        ("unknown kid", good().header("kid", "other").ec()),
        ("kid that is no text", good().header("kid", 7).ec()),
        ("crit", good().header("crit", json!(["exp"])).ec()),
        (
            "another issuer",
            good().claim("iss", "https://ailleurs.example").ec(),
        ),
        ("another audience", good().claim("aud", "autre").ec()),
        (
            "audience in a wrong list",
            good().claim("aud", json!(["passerelle", 1])).ec(),
        ),
        ("expired", good().lives(-120, -1).ec()),
        ("of the future", good().lives(90, 300).ec()),
        (
            "not yet",
            good()
                .claim("nbf", jiff::Timestamp::now().as_second() + 120)
                .ec(),
        ),
        ("too long a life", good().lives(0, 601).ec()),
        ("ends before it begins", good().lives(10, 5).ec()),
        ("exp as text", good().claim("exp", "9999999999").ec()),
        ("empty jti", good().claim("jti", "").ec()),
        ("long jti", good().claim("jti", "x".repeat(256)).ec()),
        ("bar in sub", good().claim("sub", "a|b").ec()),
        ("unknown role", good().claim("role", "friend").ec()),
        (
            "no name",
            portal.representative(&patient).without("name").ec(),
        ),
        (
            "blank name",
            portal.representative(&patient).claim("name", "  ").ec(),
        ),
        (
            "name with a line break",
            portal.caregiver(&patient, "a").claim("name", "a\nb").ec(),
        ),
        (
            "protection that is no text",
            good().claim("protection", true).ec(),
        ),
        (
            "INS without system",
            good().claim("ins", patient.split_once('|').unwrap().1).ec(),
        ),
        (
            "short INS",
            good().claim("ins", "urn:oid:1.2.250.1.213.1.4.10|123").ec(),
        ),
        (
            "INS of another kind",
            good()
                .claim("ins", "urn:oid:1.2.250.1.213.1.4.2|279035121518989")
                .ec(),
        ),
        ("too large", good().claim("more", "x".repeat(9_000)).ec()),
        ("no token", String::new()),
        ("two parts", good().unsigned()),
        ("four parts", format!("{}.x", good().ec())),
        ("padding", format!("{}=", good().ec())),
        ("not base64", "a.b.c".to_owned()),
    ];
    for claim in ["iss", "aud", "sub", "exp", "iat", "jti", "ins", "role"] {
        table.push(("a claim is missing", good().without(claim).ec()));
    }
    for (what, token) in table {
        let mut client = server
            .client("hopital")
            .with("Authorization", &format!("Bearer {token}"));
        let reply = existence(&mut client, &patient).await;
        assert_eq!(
            (reply.status, reply.refusal()),
            (401, "login-required".to_owned()),
            "{what}"
        );
        let told = String::from_utf8_lossy(&reply.bytes).into_owned();
        assert!(
            told.contains("The token that the portal presents is not accepted."),
            "{told}"
        );
        assert!(reply.header("www-authenticate").contains("Bearer"));
        assert!(!told.contains(patient.split_once('|').unwrap().1), "{what}");
    }
    let basic = with(&server, "hopital", "Basic YTpi", &patient).await;
    assert_eq!(basic, (401, "login-required".to_owned()));
}

#[tokio::test]
async fn only_the_portals_own_establishments_carry_its_tokens() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let refused = (401, "login-required".to_owned());
    // A card never speaks for a patient; neither does another establishment, the operator's included.
    for card in ["medecin", "secretaire", "exploitant"] {
        let bearer = portal.holder(&patient).bearer();
        assert_eq!(
            with(&server, card, &bearer, &patient).await,
            refused,
            "{card}"
        );
    }
    let bearer = portal.holder(&patient).bearer();
    let mut nobody = server.anonymous().with("Authorization", &bearer);
    existence(&mut nobody, &patient)
        .await
        .assert_refused(401, "login-required");
    let mut twice = server
        .client("hopital")
        .with("Authorization", &bearer)
        .with("Authorization", &bearer);
    existence(&mut twice, &patient)
        .await
        .assert_refused(401, "login-required");

    // Without portal, no token is accepted.
    let closed = Server::start();
    assert_eq!(with(&closed, "hopital", &bearer, &patient).await, refused);
}

#[tokio::test]
async fn a_token_belongs_to_the_client_that_sent_it_first() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let bearer = portal.holder(&patient).bearer();
    for _ in 0..2 {
        assert_eq!(with(&server, "hopital", &bearer, &patient).await.0, 200);
    }
    let stolen = with(&server, "laboratoire", &bearer, &patient).await;
    assert_eq!(stolen, (401, "login-required".to_owned()));
    // Not the other way round either, and another token of that client is as good as ever.
    let bearer = portal.holder(&patient).bearer();
    assert_eq!(with(&server, "laboratoire", &bearer, &patient).await.0, 200);
    assert_eq!(with(&server, "hopital", &bearer, &patient).await.0, 401);
    // A forged token with the jti of a good one takes nothing from it.
    let token = portal.holder(&patient).claim("jti", "one");
    let forged = format!("{}x", token.clone().bearer());
    assert_eq!(with(&server, "laboratoire", &forged, &patient).await.0, 401);
    assert_eq!(
        with(&server, "hopital", &token.bearer(), &patient).await.0,
        200
    );
}

#[tokio::test]
async fn the_key_set_is_read_again_when_it_changes() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let ask = async |token: String| {
        with(&server, "hopital", &format!("Bearer {token}"), &patient)
            .await
            .0
    };
    // Without kid, the only key of the algorithm is meant; of two, none is.
    let nameless = || {
        let text = portal.holder(&patient).header("alg", "ES256").unsigned();
        format!("{text}.{}", encode(&portal.sign_ec(text.as_bytes())))
    };
    assert_eq!(ask(nameless()).await, 200);
    let mut second = Portal::new().ec_jwk();
    second["kid"] = json!("ec-2");
    portal.publish(&json!({"keys": [portal.ec_jwk(), second]}));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(ask(nameless()).await, 401);
    assert_eq!(ask(portal.holder(&patient).ec()).await, 200);

    portal.publish(&json!({"keys": [portal.rsa_jwk(), {"kty": "oct", "k": "AA"}]}));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(ask(portal.holder(&patient).ec()).await, 401);
    assert_eq!(ask(portal.holder(&patient).rsa()).await, 200);
    // What can't be read leaves the keys in force.
    portal.publish(&json!({"keys": []}));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(ask(portal.holder(&patient).rsa()).await, 200);
    assert!(server.logs().contains("the one in force stays"));
}

#[tokio::test]
async fn check_config_judges_the_key_set() {
    let portal = Portal::new();
    let server = Server::with(Options::default().portal(&portal));
    let check = || {
        let output = server.run(&["check-config", "--config", "passerelle.toml"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told)
    };
    assert_eq!(check().0, Some(0), "{}", check().1);
    let small = {
        let rsa = openssl::rsa::Rsa::generate(1_024).unwrap();
        json!({"kty": "RSA", "n": encode(&rsa.n().to_vec()), "e": encode(&rsa.e().to_vec())})
    };
    let mut private = portal.ec_jwk();
    private["d"] = json!("AAAA");
    let mut off_curve = portal.ec_jwk();
    off_curve["x"] = off_curve["y"].clone();
    for (set, problem) in [
        (json!({"keys": [small]}), "2048"),
        (json!({"keys": [private]}), "private key"),
        (json!({"keys": [off_curve]}), "P-256"),
        (
            json!({"keys": [portal.ec_jwk(), portal.ec_jwk()]}),
            "same kid",
        ),
        (json!({"keys": []}), "no RSA or P-256 key"),
        (json!([]), "not a JWK Set"),
    ] {
        portal.publish(&set);
        let (code, told) = check();
        assert_eq!(code, Some(2), "{set}");
        let named = told.contains("identity.patient_portal[0].jwks") && told.contains(problem);
        assert!(named, "{told}");
    }
}

/// The keys may be at an address: they are fetched when the server starts, over a TLS that is verified.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_from_an_address() {
    let portal = Portal::new();
    let set = std::fs::read_to_string(portal.jwks()).unwrap();
    let pki = crate::support::server::cards();
    let url = serve_keys(&pki, set);
    let trusted = format!("\njwks_ca = \"{}\"", pki.join("ca.pem").display());
    for (ca, good) in [(trusted.as_str(), true), ("", false)] {
        let server = Server::with(Options::default().portal_section(format!(
            "\n[[identity.patient_portal]]\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\n\
             jwks = \"{url}\"{ca}\nclients = [\"10B0000014\"]\n"
        )));
        let check = server.run(&["check-config", "--config", "passerelle.toml"]);
        assert_eq!(check.status.success(), good, "{check:?}");
        if good {
            let patient = open(&server, 71).await;
            let mut holder = portal.holder(&patient).on(&server);
            existence(&mut holder, &patient).await.assert_status(200);
        }
    }
}

/// Serves a key set over TLS, to whoever asks; gives its address.
fn serve_keys(pki: &std::path::Path, set: String) -> String {
    use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
    use std::io::{Read, Write};
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor
        .set_certificate_chain_file(pki.join("server.pem"))
        .unwrap();
    acceptor
        .set_private_key_file(pki.join("server.key"), SslFiletype::PEM)
        .unwrap();
    let acceptor = acceptor.build();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://127.0.0.1:{}/jwks",
        listener.local_addr().unwrap().port()
    );
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            if let Ok(mut tls) = acceptor.accept(tcp) {
                let mut asked = [0; 4096];
                let _ = tls.read(&mut asked);
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{set}",
                    set.len()
                );
                let _ = tls.write_all(answer.as_bytes());
            }
        }
    });
    url
}

/// The structure of the portal's certificate is the only one that may be declared.
#[tokio::test]
async fn headers_beside_a_token_are_judged_too() {
    let (portal, server) = served();
    let patient = open(&server, 1).await;
    let ask = async |name: &str, value: &str| {
        let mut client: Client = portal.holder(&patient).on(&server).with(name, value);
        existence(&mut client, &patient).await
    };
    ask("DMP-Structure", "10B0000014").await.assert_status(200);
    ask("DMP-Structure", "10B0000030")
        .await
        .assert_refused(403, "structure-mismatch");
    ask("DMP-Access-Mode", "centre_15")
        .await
        .assert_refused(403, "emergency-refused");
    ask("DMP-Access-Mode", "bris_de_glace")
        .await
        .assert_refused(403, "emergency-refused");
    ask("DMP-Secret-Connection", "true")
        .await
        .assert_refused(400, "secret-not-applicable");
    ask("DMP-Secret-Connection", "false")
        .await
        .assert_status(200);
}
