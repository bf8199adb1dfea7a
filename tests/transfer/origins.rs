use hyper::Method;

use crate::support::{Options, Reply};
use crate::world::*;

const PORTAL: &str = "https://portail.example";
const ALLOW: &str = "access-control-allow-origin";

async fn asks(world: &World, origin: &str, path: &str) -> Reply {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "PATCH"),
        ("Access-Control-Request-Headers", "content-type,if-match"),
    ];
    // A browser sends no certificate with its question.
    let mut browser = world.server.anonymous();
    browser
        .send(Method::OPTIONS, path, &headers, Vec::new())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_origin_reads_anything_by_default() {
    let mut world = World::new(Options::default()).await;
    asks(&world, PORTAL, "/DocumentReference")
        .await
        .assert_refused(401, "login-required");
    let path = world.path.clone();
    let read = world
        .get(&path, &[("Origin", PORTAL)])
        .await
        .assert_status(200);
    assert!(
        !read
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control"))
    );
    let statement = world.get("/metadata", &[]).await.json();
    assert_eq!(statement["rest"][0]["security"]["cors"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_listed_origins_read_answers() {
    let list = "https://portail.example,http://localhost:3000";
    let options = Options::default().set("PASSERELLE_SERVER__CORS_ORIGINS", list);
    let mut world = World::new(options).await;
    let path = world.path.clone();
    for origin in [PORTAL, "http://localhost:3000"] {
        let may = asks(&world, origin, &path).await.assert_status(204);
        assert_eq!(may.header(ALLOW), origin);
        assert_eq!(may.header("access-control-allow-credentials"), "true");
        for (header, needed) in [
            (
                "access-control-allow-methods",
                vec!["GET", "POST", "PUT", "PATCH", "DELETE"],
            ),
            (
                "access-control-allow-headers",
                vec![
                    "Authorization",
                    "Content-Type",
                    "If-Match",
                    "DMP-Access-Mode",
                    "Prefer",
                ],
            ),
        ] {
            let told: Vec<_> = may.header(header).split(", ").collect();
            assert!(
                needed.iter().all(|name| told.contains(name)),
                "{header}: {told:?}"
            );
        }
        assert!(may.header("vary").contains("Origin"));
        let read = world
            .get(&path, &[("Origin", origin)])
            .await
            .assert_status(200);
        assert_eq!(read.header(ALLOW), origin);
        assert_eq!(read.header("access-control-allow-credentials"), "true");
        let told = read.header("access-control-expose-headers");
        for name in [
            "ETag",
            "Location",
            "X-Request-Id",
            "DMP-Warnings",
            "DMP-Alert",
        ] {
            assert!(told.split(", ").any(|known| known == name), "{name}");
        }
    }
    // A page reads why it was refused, too. The request itself needs its certificate.
    let mut browser = world.server.anonymous();
    let refused = browser
        .send(Method::GET, &path, &[("Origin", PORTAL)], Vec::new())
        .await;
    refused.assert_refused(401, "login-required");
    assert_eq!(refused.header(ALLOW), PORTAL);
    // Exactly those, and only the question of a browser goes without certificate.
    for other in [
        "https://portail.example.evil",
        "http://portail.example",
        "https://PORTAIL.example",
        "null",
        "https://portail.example:8443",
    ] {
        asks(&world, other, &path)
            .await
            .assert_refused(401, "login-required");
        let read = world
            .get(&path, &[("Origin", other)])
            .await
            .assert_status(200);
        assert_eq!(read.header(ALLOW), "", "{other}");
        assert!(read.header("vary").contains("Origin"));
    }
    let plain = browser
        .send(Method::OPTIONS, &path, &[("Origin", PORTAL)], Vec::new())
        .await;
    plain.assert_refused(401, "login-required");
    let statement = world.get("/metadata", &[]).await.json();
    assert_eq!(statement["rest"][0]["security"]["cors"], true);
}

/// A page may make a browser, and its certificate, send a body without type to any server: it is not taken for JSON then.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_writes_nothing_unasked() {
    let mut world = World::new(Options::default()).await;
    let consent = crate::support::consent_for(crate::support::document::PATIENT, "899900000011");
    let body = consent.to_string().into_bytes();
    for (headers, status) in [
        (vec![("Origin", "https://elsewhere.example")], 415),
        (
            vec![
                ("Origin", "https://elsewhere.example"),
                ("Content-Type", "text/plain"),
            ],
            415,
        ),
        (vec![], 200),
    ] {
        let reply = world
            .doctor
            .send(Method::POST, "/Consent", &headers, body.clone())
            .await;
        assert_eq!(reply.status, status, "{headers:?}");
    }
}
