//! Writing DER, as much of it as certificates shaped like IGC-Santé's need and OpenSSL's builders don't offer.

/// Tags.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
pub(super) const UTF8: u8 = 0x0c;
pub(super) const PRINTABLE: u8 = 0x13;
pub(super) const T61: u8 = 0x14;
const IA5: u8 = 0x16;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// uniformResourceIdentifier of GeneralName.
const URI: u8 = 0x86;

/// Tag, length, value.
pub(super) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = value.len();
    match u8::try_from(len) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes: Vec<u8> = len
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            out.push(0x80 | bytes.len() as u8);
            out.extend(bytes);
        }
    }
    out.extend_from_slice(value);
    out
}

/// SEQUENCE of encoded parts.
pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

/// SET OF encoded parts, in the order that DER wants.
fn set(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    tlv(SET, &parts.concat())
}

/// A small non-negative INTEGER.
pub(super) fn integer(value: u8) -> Vec<u8> {
    if value < 0x80 {
        tlv(INTEGER, &[value])
    } else {
        tlv(INTEGER, &[0, value])
    }
}

/// An OBJECT IDENTIFIER given in dotted form; our own constants only.
pub(super) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted
        .split('.')
        .filter_map(|arc| arc.parse().ok())
        .collect();
    let (first, rest) = match arcs.as_slice() {
        [a, b, rest @ ..] => (a * 40 + b, rest),
        _ => (0, [].as_slice()),
    };
    let mut bytes = Vec::new();
    for arc in std::iter::once(&first).chain(rest) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut left = arc >> 7;
        while left > 0 {
            groups.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        groups.reverse();
        bytes.extend(groups);
    }
    tlv(OID, &bytes)
}

/// A Name: one RDN per group, each of one or several attributes `(OID, string tag, value)`.
pub(super) fn name(rdns: &[Vec<(&str, u8, Vec<u8>)>]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = rdns
        .iter()
        .map(|parts| {
            let parts = parts
                .iter()
                .map(|(kind, tag, value)| sequence(&[oid(kind), tlv(*tag, value)]));
            set(parts.collect())
        })
        .collect();
    sequence(&rdns)
}

/// certificatePolicies with one policy and where its text is.
pub(super) fn policies(policy: &str, text: &str) -> Vec<u8> {
    let qualifier = sequence(&[oid("1.3.6.1.5.5.7.2.1"), tlv(IA5, text.as_bytes())]);
    sequence(&[sequence(&[oid(policy), sequence(&[qualifier])])])
}

/// cRLDistributionPoints (and freshestCRL): one point per address.
pub(super) fn distribution_points(addresses: &[&str]) -> Vec<u8> {
    let points: Vec<Vec<u8>> = addresses
        .iter()
        .map(|address| {
            let full_name = tlv(0xa0, &tlv(URI, address.as_bytes()));
            sequence(&[tlv(0xa0, &full_name)])
        })
        .collect();
    sequence(&points)
}

/// authorityInfoAccess: `(method, address)`.
pub(super) fn authority_access(methods: &[(&str, &str)]) -> Vec<u8> {
    let methods: Vec<Vec<u8>> = methods
        .iter()
        .map(|(method, address)| sequence(&[oid(method), tlv(URI, address.as_bytes())]))
        .collect();
    sequence(&methods)
}

/// A subjectAltName with a Microsoft user principal name.
pub(super) fn principal_name(principal: &str) -> Vec<u8> {
    let value = tlv(0xa0, &tlv(UTF8, principal.as_bytes()));
    let other = [oid("1.3.6.1.4.1.311.20.2.3"), value].concat();
    sequence(&[tlv(0xa0, &other)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_arcs_are_encoded_as_the_standard_says() {
        assert_eq!(
            oid("1.2.250.1.71.1.2.2"),
            [0x06, 0x08, 0x2a, 0x81, 0x7a, 0x01, 0x47, 0x01, 0x02, 0x02]
        );
        assert_eq!(oid("2.5.4.3"), [0x06, 0x03, 0x55, 0x04, 0x03]);
        assert_eq!(integer(0x3c), [0x02, 0x01, 0x3c]);
        assert_eq!(integer(0x80), [0x02, 0x02, 0x00, 0x80]);
        assert_eq!(
            tlv(OCTETS, &[0; 127]).get(..2),
            Some([0x04, 0x7f].as_slice())
        );
        assert_eq!(
            tlv(OCTETS, &[0; 300]).get(..4),
            Some([0x04, 0x82, 0x01, 0x2c].as_slice())
        );
    }
}
