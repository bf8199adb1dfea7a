//! Why a certificate is not accepted, in the words of the answer, the log and the metrics.

use crate::error::{Code, Error, Issue};

/// One reason. The first that applies is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It cannot be read.
    Unreadable,
    /// A test card in production, or the reverse (rule AUT-06).
    Environment,
    /// Signed with SHA-1: a legacy authority.
    Sha1,
    /// A software certificate of a natural person.
    PersonSoftware,
    /// A server's certificate.
    Server,
    /// A kind that has no right here: CPA, unknown.
    Kind,
    /// The authority's range doesn't deliver this kind.
    Range,
    /// Not for authentication: digitalSignature or clientAuth is missing.
    Usage,
    /// Its own statements contradict each other.
    Contradiction,
    /// Outside of its dates.
    Expired,
    /// Its authority is not accepted.
    UnknownIssuer,
    /// A signature is wrong, or its chain fails in another way.
    Chain,
    /// Revoked.
    Revoked,
    /// No CRL of its authority was ever loaded.
    NoCrl,
    /// The CRL of its authority is past its nextUpdate.
    StaleCrl,
}

impl Refusal {
    /// Stable name, for logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Environment => "environment",
            Self::Sha1 => "sha1",
            Self::PersonSoftware => "person-software",
            Self::Server => "server",
            Self::Kind => "kind",
            Self::Range => "range",
            Self::Usage => "usage",
            Self::Contradiction => "contradiction",
            Self::Expired => "expired",
            Self::UnknownIssuer => "unknown-issuer",
            Self::Chain => "chain",
            Self::Revoked => "revoked",
            Self::NoCrl => "no-crl",
            Self::StaleCrl => "stale-crl",
        }
    }

    fn sentences(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable => ("il ne peut pas être lu", "it cannot be read"),
            Self::Environment => (
                "une carte de test n'est pas admise en production, ni une carte réelle en test",
                "test cards are refused in production and real cards in test",
            ),
            Self::Sha1 => (
                "il est signé en SHA-1 par une autorité qui n'est plus admise",
                "it is signed with SHA-1 by a legacy authority",
            ),
            Self::PersonSoftware => (
                "un certificat logiciel de personne n'est pas une carte",
                "a person's software certificate is not a card",
            ),
            Self::Server => (
                "un certificat de serveur ne peut pas être client",
                "a server certificate cannot be a client",
            ),
            Self::Kind => (
                "ce genre de carte ou de certificat n'est pas admis",
                "this kind of card or certificate has no access",
            ),
            Self::Range => (
                "son autorité ne délivre pas ce genre de carte ou de certificat",
                "its authority does not deliver this kind of card or certificate",
            ),
            Self::Usage => (
                "il n'est pas fait pour l'authentification",
                "it is not meant for client authentication",
            ),
            Self::Contradiction => (
                "ses indications se contredisent",
                "its own statements contradict each other",
            ),
            Self::Expired => (
                "il est hors de ses dates de validité",
                "it is outside of its dates",
            ),
            Self::UnknownIssuer => (
                "son autorité n'est pas admise",
                "its authority is not accepted",
            ),
            Self::Chain => (
                "sa chaîne de signatures ne tient pas",
                "its chain of signatures does not hold",
            ),
            Self::Revoked => ("il est révoqué", "it is revoked"),
            Self::NoCrl => (
                "aucune liste de révocation de son autorité n'est disponible",
                "no revocation list of its authority is available",
            ),
            Self::StaleCrl => (
                "la liste de révocation de son autorité est périmée",
                "the revocation list of its authority is out of date",
            ),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (fr, en) = refusal.sentences();
        let issue = Issue::new(Code::CardNotAccepted).detail(fr, en);
        match refusal {
            Refusal::Environment | Refusal::Expired => issue.rule("AUT-06").into(),
            _ => issue.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_says_why_in_both_languages() {
        let error = Error::from(Refusal::Environment);
        assert_eq!(error.status(), 401);
        assert_eq!(error.rule(), Some("AUT-06"));
        let issue = error.issues.first().expect("an issue");
        assert!(issue.french().ends_with("ni une carte réelle en test."));
        assert!(issue.english().ends_with("and real cards in test."));
    }
}
