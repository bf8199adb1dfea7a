//! The OpenSSL context: versions, suites, the server's certificate, and the issuing authorities as anchors.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    AlpnError, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode,
    SslVerifyMode, SslVersion, select_next_proto,
};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId};

use crate::identity::authority::Authorities;
use crate::settings::Tls;

/// TLS 1.2: those of the DMP (PDT-INF-579) and their ECDSA twins; TLS 1.3: all that OpenSSL has by default.
const SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-SHA384";

/// PKCS#1 before PSS: over TLS 1.2 clients take the first that they know, and CPS3 cards can't do PSS.
/// Over TLS 1.3 PKCS#1 doesn't exist, so both sides skip to PSS.
const SIGNATURES: &str = "RSA+SHA256:RSA+SHA384:RSA+SHA512:\
    rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:\
    ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:\
    rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512";

/// Chains are short; so is the list of certificates that a client may send.
const MAX_DEPTH: u32 = 4;

/// Makes the context from `[tls]`.
pub(super) fn build(tls: &Tls, authorities: &Authorities) -> Result<SslContext, Vec<String>> {
    let mut problems = Vec::new();
    let chain = read_chain(&tls.certificate).map_err(|problem| {
        problems.push(format!(
            "tls.certificate: {}: {problem}",
            tls.certificate.display()
        ));
    });
    let key = read_key(&tls.private_key).map_err(|problem| {
        problems.push(format!(
            "tls.private_key: {}: {problem}",
            tls.private_key.display()
        ));
    });
    let (Ok((leaf, issuers)), Ok(key)) = (chain, key) else {
        return Err(problems);
    };
    let fits = leaf.public_key().is_ok_and(|public| key.public_eq(&public));
    if !fits {
        return Err(vec![format!(
            "tls.private_key: {} is not the key of {}: name the two files of one certificate",
            tls.private_key.display(),
            tls.certificate.display()
        )]);
    }
    context(&leaf, issuers, &key, authorities)
        .map_err(|error| vec![format!("tls: OpenSSL refuses the configuration ({error})")])
}

fn read_chain(file: &Path) -> Result<(X509, Vec<X509>), String> {
    let pem = std::fs::read(file).map_err(|error| format!("cannot be read ({error})"))?;
    let certificates = X509::stack_from_pem(&pem)
        .map_err(|_| "is no PEM file of certificates: put the server's first, then its issuers")?;
    let mut certificates = certificates.into_iter();
    let leaf = certificates
        .next()
        .ok_or("holds no certificate: put the server's first, then its issuers")?;
    Ok((leaf, certificates.collect()))
}

fn read_key(file: &Path) -> Result<PKey<Private>, String> {
    let pem = std::fs::read(file).map_err(|error| format!("cannot be read ({error})"))?;
    // The callback keeps OpenSSL from asking for a passphrase on the terminal.
    PKey::private_key_from_pem_callback(&pem, |_| Ok(0)).map_err(|_| {
        "is no PEM private key, or needs a passphrase: give it in clear, mode 0600".into()
    })
}

fn context(
    leaf: &X509,
    issuers: Vec<X509>,
    key: &PKey<Private>,
    authorities: &Authorities,
) -> Result<SslContext, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_3))?;
    context.set_cipher_list(SUITES)?;
    context.set_sigalgs_list(SIGNATURES)?;
    // No resumption: a resumed session would skip the checks of the certificate.
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    context.set_num_tickets(0)?;
    context.set_options(
        SslOptions::NO_TICKET | SslOptions::NO_RENEGOTIATION | SslOptions::NO_COMPRESSION,
    );
    context.set_alpn_select_callback(|_, offered| {
        select_next_proto(b"\x08http/1.1", offered).ok_or(AlpnError::NOACK)
    });
    context.set_certificate(leaf)?;
    for issuer in issuers {
        context.add_extra_chain_cert(issuer)?;
    }
    context.set_private_key(key)?;
    context.set_verify(SslVerifyMode::PEER);
    context.set_verify_depth(MAX_DEPTH);
    context.set_verify_cert_store(anchors(authorities)?)?;
    let mut names = Stack::new()?;
    for authority in authorities.iter() {
        names.push(authority.certificate.subject_name().to_owned()?)?;
    }
    context.set_client_ca_list(names);
    Ok(context.build())
}

/// The issuing authorities are anchors themselves: cards often send their leaf alone.
fn anchors(authorities: &Authorities) -> Result<X509Store, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for authority in authorities.iter() {
        store.add_cert(authority.certificate.clone())?;
    }
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    store.set_purpose(X509PurposeId::SSL_CLIENT)?;
    Ok(store.build())
}
