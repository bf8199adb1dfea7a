//! `[server] cors_origins`: where pages that may read answers come from.

use std::str::FromStr;

/// An origin as browsers write it: `https://host`, or `https://host:port` for another port than 443; `http` for pages of this machine.
/// No wildcard, no `null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// What is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadOrigin;

impl Origin {
    /// As browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(BadOrigin)?;
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        let address = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let is_host = match address {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(named),
        };
        let is_port = port.is_none_or(|port| {
            // Browsers leave the usual port out: with it nothing would ever be the same.
            let usual = if scheme == "https" { 443 } else { 80 };
            port.parse::<u16>()
                .is_ok_and(|n| n != usual && n.to_string() == port)
        });
        // In clear only from this machine: whoever is on the road could write the page.
        let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let is_safe = scheme == "https" || (scheme == "http" && is_here);
        match is_safe && is_host && is_port {
            true => Ok(Self(text.to_owned())),
            false => Err(BadOrigin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_write_them() {
        for good in [
            "https://portail.example",
            "https://a-1.b:8443",
            "https://127.0.0.1:1",
            "https://[::1]:8080",
            "https://[::1]",
            "http://localhost:3000",
        ] {
            assert!(
                good.parse::<Origin>()
                    .is_ok_and(|origin| origin.as_str() == good),
                "{good}"
            );
        }
        for bad in [
            "*",
            "null",
            "",
            "https://",
            "http://portail.example",
            "https://portail.example/",
            "https://*.example",
            "https://Portail.example",
            "https://portail.example:443",
            "https://portail.example:0080",
            "https://a b",
            "https://user@host",
            "https://portail.example?x",
            "https://host:",
            "https://[x]",
            "portail.example",
            "http://localhost:80",
            "ftp://localhost",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }
}
