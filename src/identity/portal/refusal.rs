//! Why a token is not accepted, in the words of the log. The answer is the same for all.

use crate::error::{Code, Error, Issue};

/// One reason. The first that applies is the one that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Not carried by the certificate of an establishment that this portal names.
    #[error("carrier")]
    Carrier,
    /// Not a token in the form of RFC 7515, or too large a one.
    #[error("malformed")]
    Malformed,
    /// Neither RS256 nor ES256.
    #[error("algorithm")]
    Algorithm,
    /// A header that must be understood (`crit`): none is.
    #[error("critical header")]
    Critical,
    /// Of no configured portal.
    #[error("issuer")]
    Issuer,
    /// For somebody else.
    #[error("audience")]
    Audience,
    /// Signed with no key of its portal, or with one that is not for that algorithm.
    #[error("key")]
    Key,
    /// The signature is wrong.
    #[error("signature")]
    Signature,
    /// Expired, of the future, or made for more than ten minutes.
    #[error("time")]
    Time,
    /// A claim is missing or wrong.
    #[error("claim")]
    Claim,
    /// The INS is missing or not one of this environment.
    #[error("patient")]
    Patient,
    /// Another client sent the same token before.
    #[error("replayed")]
    Replayed,
    /// More tokens live than can be remembered.
    #[error("too many tokens")]
    TooMany,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooMany => Code::Busy.into(),
            _ => Issue::new(Code::LoginRequired)
                .detail(
                    " Le jeton présenté par le portail n'est pas accepté.",
                    " The token that the portal presents is not accepted.",
                )
                .into(),
        }
    }
}
