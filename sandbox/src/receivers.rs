//! Where webhooks may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use faststar::error::{Error, Result, code};
use faststar::schema;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::no_answer::{NotAllowed, Unresolved};

/// Which receivers are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receivers {
    /// Whether receivers beyond this machine are allowed. Link-local and cloud metadata addresses
    /// never are.
    pub remote: bool,
}

impl Receivers {
    /// Checks the URL of a new endpoint.
    ///
    /// # Errors
    ///
    /// `invalid_url` at `url`.
    pub fn check(self, url: &str) -> Result<()> {
        schema::check_http_url(url, "url")?;
        let host = Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned()));
        let allowed = match host {
            Some(Host::Ipv4(ip)) => self.allows(ip.into()),
            Some(Host::Ipv6(ip)) => self.allows(ip.into()),
            // A name is looked up, and its addresses checked, at each attempt.
            Some(Host::Domain(name)) => self.remote || name == "localhost",
            None => false,
        };
        if allowed {
            return Ok(());
        }
        let message = if self.remote {
            "webhooks never go to link-local, metadata or unspecified addresses"
        } else {
            "webhooks go only to this machine (127.0.0.1, [::1], localhost); start the sandbox with \
             --allow-remote-webhooks for others"
        };
        Err(Error::validation(code::INVALID_URL, "url", message))
    }

    fn allows(self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_loopback() || (self.remote && !is_never_allowed(ip))
    }
}

/// Link-local, multicast, unspecified, and the addresses at which clouds hand out credentials.
fn is_never_allowed(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_never_allowed_v4(ip),
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local()
                || ip.is_multicast()
                || ip.is_unspecified()
                || is_metadata_v6(ip)
                || hides_ipv4(ip)
                // Through a translator, loopback would be the translator's own.
                || ipv4_within(ip).is_some_and(|ip| ip.is_loopback() || is_never_allowed_v4(ip))
        }
    }
}

fn is_never_allowed_v4(ip: Ipv4Addr) -> bool {
    ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || match ip.octets() {
            // This network, and the IETF's own 192.0.0.0/24 with Oracle's 192.0.0.192.
            [0, ..] | [192, 0, 0, _] => true,
            // Alibaba's and Azure's.
            [100, 100, 100, 200] | [168, 63, 129, 16] => true,
            _ => false,
        }
}

/// Amazon's fd00:ec2::/32, Oracle's fd00:c1::/32, Scaleway's fd00:42::/32, Google's fd20:ce::/32.
fn is_metadata_v6(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [0xfd00, 0xec2 | 0xc1 | 0x42, ..] | [0xfd20, 0xce, ..])
}

/// Tells an address that carries an IPv4 address in a form of its network's own (NAT64 within
/// 64:ff9b:1::/48) or scrambled (Teredo, 2001::/32).
fn hides_ipv4(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..])
}

/// Gives the IPv4 address that an IPv6 address is a way of writing.
fn ipv4_within(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match ip.segments() {
        // Compatible, translated (SIIT), NAT64. A mapped one is made IPv4 before it is judged.
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // ISATAP.
        | [_, _, _, _, 0 | 0x200, 0x5efe, high, low]
        // 6to4.
        | [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// Looks names up and drops the addresses that are not allowed, so that a name cannot lead astray
/// after it was checked.
pub struct AllowedAddresses(pub Receivers);

impl Resolve for AllowedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let receivers = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(Unresolved)?;
            let allowed: Vec<SocketAddr> = found.filter(|a| receivers.allows(a.ip())).collect();
            if allowed.is_empty() {
                return Err(NotAllowed.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_allowed_unless_told_otherwise() {
        let local = Receivers::default();
        for url in ["http://127.0.0.1:1/x", "http://[::1]/", "http://localhost:8000/hook"] {
            local.check(url).unwrap();
        }
        for url in ["https://example.com/", "http://10.0.0.1/", "http://localhost.evil.example/"] {
            assert_eq!(local.check(url).unwrap_err().code(), "invalid_url", "{url}");
        }
    }

    #[test]
    fn metadata_and_link_local_addresses_are_never_allowed() {
        let remote = Receivers { remote: true };
        remote.check("https://example.com/hook").unwrap();
        for url in [
            "http://169.254.169.254/latest",
            "http://0.0.0.0/",
            "http://[fe80::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://0xA9FEA9FE/",
            "http://192.0.0.192/",
            "http://168.63.129.16/",
            "http://[fd00:ec2::23]/",
            "http://[fd00:c1::a9fe:a9fe]/",
            "http://[fd20:ce::254]/",
            "ftp://example.com/",
        ] {
            assert_eq!(remote.check(url).unwrap_err().code(), "invalid_url", "{url}");
        }
        for url in ["http://10.0.0.1/", "http://[fd12:3456::1]/", "http://[2606:4700::1111]/"] {
            remote.check(url).unwrap();
        }
    }

    #[test]
    fn an_ipv4_address_within_an_ipv6_address_is_judged_as_itself() {
        let remote = Receivers { remote: true };
        let written = |ip: &str| {
            let [a, b, c, d] = ip.parse::<Ipv4Addr>().unwrap().octets().map(u32::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            [
                format!("http://[::{high:x}:{low:x}]/"),
                format!("http://[::ffff:{high:x}:{low:x}]/"),
                format!("http://[::ffff:0:{high:x}:{low:x}]/"),
                format!("http://[64:ff9b::{high:x}:{low:x}]/"),
                format!("http://[2002:{high:x}:{low:x}::1]/"),
                format!("http://[2001:db8::5efe:{high:x}:{low:x}]/"),
            ]
        };
        for ip in ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16"] {
            for url in written(ip) {
                assert!(remote.check(&url).is_err(), "{url}");
            }
        }
        for url in written("93.184.215.14") {
            remote.check(&url).unwrap();
        }
        // Where the form is not known, or a translator's own loopback is meant.
        for url in [
            "http://[64:ff9b:1:a9fe:a9:fe00::]/",
            "http://[64:ff9b:1::a9fe:a9fe]/",
            "http://[2001:0:4136:e378:8000:63bf:5601:5601]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
        ] {
            assert!(remote.check(url).is_err(), "{url}");
            assert!(Receivers::default().check(url).is_err(), "{url}");
        }
    }
}
