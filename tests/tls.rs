//! Real handshakes: which cards come in, which are refused and where, and what happens when a revocation list changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/lab.rs"]
mod lab;

use std::time::{Duration, Instant};

use lab::{Client, DAY, Lab, PKI, meet, spec};
use openssl::ssl::SslVersion;
use passerelle::cli::demo::cards::{CARDS, HOPITAL, LABORATOIRE, Standing};
use passerelle::cli::demo::pki::{CardSpec, Issuer, Pki, Usage};
use passerelle::dmp::actor::{Actor, ActorKind};
use passerelle::dmp::context::Environment;
use passerelle::edge::tls::HandshakeError;
use passerelle::identity::refusal::Refusal;
use passerelle::settings::Revocation;
use tokio::net::{TcpListener, TcpStream};

const BOTH: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

/// The actor that a card becomes, over both versions.
async fn actor(lab: &Lab, spec: &CardSpec) -> Actor {
    let mut actors = Vec::new();
    for version in BOTH {
        let met = lab.meet(&Client::with(spec, version)).await;
        let (_, peer) = met.server.unwrap();
        assert!(peer.still_good());
        actors.push(peer.actor.unwrap().unwrap());
    }
    let last = actors.pop().unwrap();
    assert_eq!(actors.first(), Some(&last));
    last
}

/// Refused in the handshake, over both versions; the client learns it from an alert.
async fn refused(lab: &Lab, spec: &CardSpec, why: Refusal) {
    for version in BOTH {
        refused_client(lab, &Client::with(spec, version), why).await;
    }
}

async fn refused_client(lab: &Lab, client: &Client, why: Refusal) {
    let met = lab.meet(client).await;
    assert_eq!(met.server.err(), Some(HandshakeError::Refused(why)));
    let error = met.client.expect_err("a refused client");
    assert!(error.contains("alert"), "{error}");
}

/// Let through the handshake and refused with 401 `card-not-accepted`.
async fn not_accepted(lab: &Lab, spec: &CardSpec, why: Refusal) {
    for version in BOTH {
        let met = lab.meet(&Client::with(spec, version)).await;
        let (_, peer) = met.server.unwrap();
        assert_eq!(peer.refusal(), Some(why), "{spec:?}");
        let error = peer.actor.unwrap().unwrap_err();
        assert_eq!(error.code().as_str(), "card-not-accepted");
        assert!(met.client.is_ok());
    }
}

#[tokio::test]
async fn every_good_card_of_the_demonstration_comes_in() {
    let lab = Lab::new();
    for card in CARDS
        .iter()
        .filter(|card| card.standing != Standing::Expired)
    {
        let actor = actor(&lab, &CardSpec::of(card)).await;
        assert_eq!(actor.kind, card.kind, "{}", card.file);
        assert_eq!(actor.id.as_str(), card.id);
        assert_eq!(actor.operator, card.file == "exploitant");
        assert_eq!(actor.regulator, card.file == "regulateur");
        let column = card.profession.map(|code| code.to_string());
        assert_eq!(actor.matrix_column(), column.as_deref());
        let carries = matches!(card.kind, ActorKind::Cpe | ActorKind::Establishment);
        assert_eq!(actor.structure.is_some(), carries);
    }
}

#[tokio::test]
async fn a_service_card_acts_under_its_structure() {
    let spec = CardSpec::service_card(HOPITAL.id, HOPITAL.name, "000000018");
    let actor = actor(&Lab::new(), &spec).await;
    assert_eq!(actor.kind, ActorKind::Cpe);
    assert_eq!(actor.name.family.as_deref(), Some(HOPITAL.name));
    assert_eq!(actor.name.given.as_deref(), Some("30B0000014-000000018"));
}

#[tokio::test]
async fn a_client_without_certificate_is_anonymous() {
    let lab = Lab::new();
    for version in BOTH {
        let met = lab.meet(&Client::anonymous(version)).await;
        let (_, peer) = met.server.unwrap();
        assert!(peer.actor.is_none() && peer.still_good());
        assert!(met.client.is_ok());
    }
}

#[tokio::test]
async fn a_leaf_alone_is_enough() {
    let lab = Lab::new();
    for version in BOTH {
        let mut client = Client::with(&spec("medecin"), version);
        client.chain.clear();
        let (_, peer) = lab.meet(&client).await.server.unwrap();
        assert_eq!(peer.actor.unwrap().unwrap().id.as_str(), "899900000011");
    }
}

#[tokio::test]
async fn what_tls_can_tell_ends_the_handshake() {
    let lab = Lab::new();
    refused(&lab, &spec("expire"), Refusal::Expired).await;
    let future = CardSpec {
        days: (2, 10),
        ..spec("medecin")
    };
    refused(&lab, &future, Refusal::Expired).await;
    let usages = [
        (Usage::CardSignature, Refusal::Usage),
        (Usage::Seal, Refusal::Usage),
        (Usage::Server, Refusal::Usage),
        (Usage::ServerAndClient, Refusal::Server),
    ];
    for (usage, why) in usages {
        let bent = CardSpec {
            usage,
            ..spec("hopital")
        };
        refused(&lab, &bent, why).await;
    }
}

#[tokio::test]
async fn an_authority_that_is_not_accepted_ends_the_handshake() {
    let mut lab = Lab::new();
    // Same names, other keys: nothing but signatures tells them apart.
    let other = Pki::with(Environment::Test, &[Issuer::FortPersonnes]).unwrap();
    for version in BOTH {
        let mut client = Client::with(&spec("medecin"), version);
        client.issued = Some(other.issue(&spec("medecin")).unwrap());
        client.chain = vec![
            other
                .issuer(Issuer::FortPersonnes)
                .unwrap()
                .certificate
                .clone(),
        ];
        let met = lab.meet(&client).await;
        assert!(matches!(
            met.server.err(),
            Some(HandshakeError::Refused(
                Refusal::UnknownIssuer | Refusal::Chain
            ))
        ));
        assert!(met.client.is_err());
    }
    // An authority that the client sends along, below a trusted root, is not accepted either.
    std::fs::write(
        lab.path("trust.pem"),
        [
            PKI.roots()
                .flat_map(|root| root.to_pem().unwrap())
                .collect::<Vec<u8>>(),
            PKI.issuer(Issuer::StandardPersonnes)
                .unwrap()
                .certificate
                .to_pem()
                .unwrap(),
        ]
        .concat(),
    )
    .unwrap();
    lab.identity.revocation = Revocation::IfAvailable;
    refused(&lab, &spec("medecin"), Refusal::UnknownIssuer).await;
    assert_eq!(
        lab.acceptor().warnings().len(),
        3,
        "the roots were left out"
    );
}

#[tokio::test]
async fn what_tls_cannot_tell_is_answered() {
    let lab = Lab::new();
    let bend = |file: &str, bend: fn(&mut CardSpec)| {
        let mut bent = spec(file);
        bend(&mut bent);
        bent
    };
    let cases = [
        (
            bend("medecin", |s| s.category = Some(0x00)),
            Refusal::Environment,
        ),
        (
            bend("hopital", |s| s.category = Some(0x03)),
            Refusal::Environment,
        ),
        (
            bend("medecin", |s| s.issuer = Issuer::StandardPersonnes),
            Refusal::Range,
        ),
        (
            bend("medecin", |s| s.issuer = Issuer::ElementairePersonnes),
            Refusal::Range,
        ),
        (
            bend("secretaire", |s| s.issuer = Issuer::FortPersonnes),
            Refusal::Range,
        ),
        (
            bend("hopital", |s| s.issuer = Issuer::FortPersonnes),
            Refusal::Range,
        ),
        (
            bend("interne", |s| s.issuer = Issuer::ElementaireOrganisations),
            Refusal::Range,
        ),
        (bend("medecin", |s| s.card_type = Some(3)), Refusal::Kind),
        (bend("medecin", |s| s.card_type = None), Refusal::Kind),
        (
            bend("medecin", |s| s.issuer = Issuer::Legacy),
            Refusal::Sha1,
        ),
        (
            bend("medecin", |s| s.usage = Usage::Agreement),
            Refusal::Usage,
        ),
        (
            bend("medecin", |s| {
                s.category = Some(0x83);
                s.card_type = None;
                s.issuer = Issuer::ElementairePersonnes;
            }),
            Refusal::PersonSoftware,
        ),
        (
            bend("secretaire", |s| {
                let employer = s.subject.iter_mut().flatten();
                for (_, text) in employer.filter(|(_, text)| text == HOPITAL.id) {
                    LABORATOIRE.id.clone_into(text);
                }
            }),
            Refusal::Contradiction,
        ),
    ];
    for (spec, why) in cases {
        not_accepted(&lab, &spec, why).await;
    }
}

#[tokio::test]
async fn a_production_server_refuses_test_cards_whatever_it_trusts() {
    let mut lab = Lab::new();
    lab.identity.environment = Environment::Production;
    not_accepted(&lab, &spec("medecin"), Refusal::Environment).await;
    // Nor does a real category help under a test authority.
    let real = CardSpec {
        category: Some(0x00),
        ..spec("medecin")
    };
    not_accepted(&lab, &real, Refusal::Environment).await;
}

#[tokio::test]
async fn a_revoked_card_is_refused_by_its_serial_and_its_authority() {
    let lab = Lab::new();
    let client = Client::with(&spec("medecin"), SslVersion::TLS1_3);
    let certificate = &client.issued.as_ref().unwrap().certificate;
    lab.write_crl(2, &[certificate], (-60, DAY));
    refused_client(&lab, &client, Refusal::Revoked).await;
    actor(&lab, &spec("medecin2")).await;
}

/// Waits for the acceptor to notice a new file.
async fn eventually(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(10), "nothing changed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_new_list_closes_open_connections_without_restart() {
    let lab = Lab::new();
    let acceptor = lab.acceptor();
    let client = Client::with(&spec("medecin"), SslVersion::TLS1_2);
    let (_stream, peer) = meet(&acceptor, &client).await.server.unwrap();
    let (_other, colleague) = meet(&acceptor, &Client::with(&spec("kine"), SslVersion::TLS1_3))
        .await
        .server
        .unwrap();
    assert!(peer.still_good());

    let revoked = &client.issued.as_ref().unwrap().certificate;
    lab.write_crl(2, &[revoked], (-60, DAY));
    eventually(|| !peer.still_good()).await;
    assert_eq!(peer.standing(), Err(Refusal::Revoked));
    assert!(colleague.still_good());
    let again = meet(&acceptor, &client).await;
    assert_eq!(
        again.server.err(),
        Some(HandshakeError::Refused(Refusal::Revoked))
    );

    // A newer list may.
    lab.write_crl(3, &[], (-10, DAY));
    eventually(|| peer.still_good()).await;
}

#[tokio::test]
async fn required_refuses_without_a_current_list() {
    let lab = Lab::new();
    lab.write_crl(1, &[], (-10 * DAY, -1));
    assert_eq!(lab.acceptor().warnings().len(), Issuer::ALL.len());
    refused(&lab, &spec("medecin"), Refusal::StaleCrl).await;
    let only_one = PKI
        .crl(Issuer::StandardPersonnes, 1, &[], (-60, DAY))
        .unwrap();
    std::fs::write(lab.path("crl.pem"), only_one.to_der().unwrap()).unwrap();
    refused(&lab, &spec("medecin"), Refusal::NoCrl).await;
    actor(&lab, &spec("secretaire")).await;
}

#[tokio::test]
async fn if_available_takes_what_there_is() {
    let mut lab = Lab::new();
    lab.identity.revocation = Revocation::IfAvailable;
    let client = Client::with(&spec("medecin"), SslVersion::TLS1_3);
    let certificate = &client.issued.as_ref().unwrap().certificate;
    lab.write_crl(1, &[certificate], (-10 * DAY, -1));
    // Out of date, it still revokes, and accepts the others.
    refused_client(&lab, &client, Refusal::Revoked).await;
    actor(&lab, &spec("medecin2")).await;
    lab.identity.crls.clear();
    assert!(lab.meet(&client).await.server.is_ok());
}

#[tokio::test]
async fn a_list_that_ends_while_the_connection_lives_is_noticed() {
    let lab = Lab::new();
    lab.write_crl(1, &[], (-60, 2));
    let client = Client::with(&spec("medecin"), SslVersion::TLS1_3);
    let (_stream, peer) = lab.meet(&client).await.server.unwrap();
    eventually(|| peer.standing() == Err(Refusal::StaleCrl)).await;
}

#[tokio::test]
async fn a_card_without_pss_signs_with_pkcs1_over_tls_1_2() {
    let lab = Lab::new();
    let only = Client {
        signatures: Some("RSA+SHA256"),
        ..Client::with(&spec("medecin"), SslVersion::TLS1_2)
    };
    assert!(
        lab.meet(&only)
            .await
            .server
            .unwrap()
            .1
            .actor
            .unwrap()
            .is_ok()
    );
    // A client that doesn't know what its card can do takes what the server names first: that has to be PKCS#1 with SHA-256.
    let sent = lab::client_bytes(&lab, &Client::with(&spec("medecin"), SslVersion::TLS1_2)).await;
    assert_eq!(signature_scheme(&sent), Some(0x0401));
}

/// The scheme of the CertificateVerify that a client sent in clear, as TLS 1.2 does.
fn signature_scheme(mut records: &[u8]) -> Option<u16> {
    let mut messages = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = records {
        let (body, next) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        if *kind != 22 {
            break;
        }
        messages.extend_from_slice(body);
        records = next;
    }
    let mut messages = messages.as_slice();
    while let [kind, a, b, c, rest @ ..] = messages {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (body, next) = rest.split_at_checked(length)?;
        if *kind == 15 {
            return Some(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
        }
        messages = next;
    }
    None
}

#[tokio::test]
async fn a_silent_client_is_dropped() {
    let acceptor = Lab::new()
        .acceptor()
        .with_handshake_limit(Duration::from_millis(200));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    let error = acceptor.accept(tcp).await.err();
    assert_eq!(error, Some(HandshakeError::Timeout));
    drop(silent);
}

#[tokio::test]
async fn what_is_not_tls_is_told_apart_from_a_refusal() {
    let acceptor = Lab::new().acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    plain.writable().await.unwrap();
    plain
        .try_write(b"GET /fhir/metadata HTTP/1.1\r\n\r\n")
        .unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    assert_eq!(acceptor.accept(tcp).await.err(), Some(HandshakeError::Tls));
    let old = Lab::new()
        .meet(&Client::anonymous(SslVersion::TLS1_1))
        .await;
    assert_eq!(old.server.err(), Some(HandshakeError::Tls));
}

#[tokio::test]
async fn no_session_can_be_resumed() {
    let lab = Lab::new();
    for version in BOTH {
        let met = lab.meet(&Client::with(&spec("medecin"), version)).await;
        let stream = met.client.unwrap();
        // Neither a ticket nor an id that a client could offer again.
        let session = stream.ssl().session().unwrap();
        assert!(session.id().is_empty());
    }
}

#[tokio::test]
async fn every_problem_of_the_configuration_is_told_at_once() {
    let lab = Lab::new();
    let mut tls = lab.tls.clone();
    let mut identity = lab.identity.clone();
    tls.certificate = lab.path("nothing.pem");
    tls.private_key = lab.path("trust.pem");
    identity.trust = vec![lab.path("crl.pem")];
    identity.crls = vec![lab.path("server.pem"), lab.path("nothing.crl")];
    let problems = passerelle::edge::tls::Acceptor::with(&tls, &identity, Default::default())
        .err()
        .unwrap();
    let starts = [
        "identity.trust: ",
        "tls.certificate: ",
        "tls.private_key: ",
        "identity.crls: ",
        "identity.crls: ",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}");
    }
}
