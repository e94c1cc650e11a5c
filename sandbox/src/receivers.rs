//! Where webhooks may go.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use faststar::error::{Error, Result, code};
use faststar::schema;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

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
        IpAddr::V4(ip) => {
            ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.octets()[0] == 0
                || matches!(ip.octets(), [100, 100, 100, 200] | [168, 63, 129, 16])
        }
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local()
                || ip.is_multicast()
                || ip.is_unspecified()
                || ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

/// Looks names up and drops the addresses that are not allowed, so that a name cannot lead astray
/// after it was checked.
pub struct AllowedAddresses(pub Receivers);

impl Resolve for AllowedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let receivers = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|a| receivers.allows(a.ip())).collect();
            if allowed.is_empty() {
                return Err("the name has no address that webhooks may go to".into());
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
            "ftp://example.com/",
        ] {
            assert_eq!(remote.check(url).unwrap_err().code(), "invalid_url", "{url}");
        }
    }
}
