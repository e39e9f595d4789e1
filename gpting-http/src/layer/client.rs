//! From which address a request comes: the peer's, or what a proxy that is ours says.
//!
//! A server puts a [`PeerAddr`] into the request's extensions. `X-Forwarded-For` counts only as far as configured
//! proxies wrote it: it is read from its end, and the first address that is no proxy of ours is the client.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap};

/// The address at the other end of the connection, put into the request's extensions by whoever accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// A range of addresses, such as `10.0.0.0/8` or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrRange {
    start: IpAddr,
    bits: u8,
}

/// The text is no address and no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a range such as 10.0.0.0/8")]
pub struct NotARange;

impl std::str::FromStr for AddrRange {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let (start, bits) = match text.trim().split_once('/') {
            None => (text.trim(), None),
            Some((start, bits)) => (start, Some(bits.parse::<u8>().map_err(|_| NotARange)?)),
        };
        let start: IpAddr = start.parse().map_err(|_| NotARange)?;
        let most = if start.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(NotARange) } else { Ok(Self { start, bits }) }
    }
}

impl AddrRange {
    /// Whether the range holds an address. An IPv4 address in IPv6 clothing is the IPv4 address.
    pub fn contains(&self, addr: IpAddr) -> bool {
        let wide = |addr: IpAddr| match addr.to_canonical() {
            IpAddr::V4(addr) => (u128::from(u32::from(addr)) << 96, true),
            IpAddr::V6(addr) => (u128::from(addr), false),
        };
        let ((start, four), (addr, also_four)) = (wide(self.start), wide(addr));
        four == also_four && (self.bits == 0 || (start ^ addr) >> (128 - u32::from(self.bits)) == 0)
    }
}

/// The client's address, if it is known.
pub(crate) fn addr(headers: &HeaderMap, extensions: &Extensions, proxies: &[AddrRange]) -> Option<IpAddr> {
    let is_ours = |addr: IpAddr| proxies.iter().any(|range| range.contains(addr));
    let mut client = extensions.get::<PeerAddr>()?.0.ip().to_canonical();
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        if !is_ours(client) {
            break;
        }
        let Ok(before) = hop.parse::<IpAddr>() else { break };
        client = before.to_canonical();
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &str, proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        if !forwarded.is_empty() {
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddr(peer.parse().unwrap()));
        let proxies: Vec<AddrRange> = proxies.iter().map(|range| range.parse().unwrap()).collect();
        addr(&headers, &extensions, &proxies).unwrap().to_string()
    }

    #[test]
    fn only_what_our_proxies_wrote_counts() {
        assert_eq!(client("9.9.9.9:1", "1.1.1.1", &[]), "9.9.9.9");
        assert_eq!(client("9.9.9.9:1", "1.1.1.1", &["10.0.0.0/8"]), "9.9.9.9");
        assert_eq!(client("10.2.3.4:1", "1.1.1.1", &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.2.3.4:1", "6.6.6.6, 1.1.1.1, 10.9.9.9", &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(client("10.2.3.4:1", "nonsense", &["10.0.0.0/8"]), "10.2.3.4");
        assert_eq!(client("[::ffff:10.2.3.4]:1", "2001:db8::1", &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(addr(&HeaderMap::new(), &Extensions::new(), &[]), None);
    }

    #[test]
    fn ranges_hold_what_they_say() {
        let holds = |range: &str, addr: &str| range.parse::<AddrRange>().unwrap().contains(addr.parse().unwrap());
        assert!(holds("192.168.0.0/16", "192.168.255.1") && !holds("192.168.0.0/16", "192.169.0.1"));
        assert!(holds("::1", "::1") && !holds("::1", "::2") && holds("0.0.0.0/0", "8.8.8.8"));
        assert!(!holds("::/0", "8.8.8.8"));
        for bad in ["", "10.0.0.0/33", "::/129", "x", "10.0.0.0/x"] {
            assert_eq!(bad.parse::<AddrRange>(), Err(NotARange), "{bad}");
        }
    }
}
