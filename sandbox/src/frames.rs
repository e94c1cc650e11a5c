//! Which pages may show the cashier within themselves.

use faststar::{CreateSession, Presentation};
use url::{Origin, Url};

/// What may frame a session that names no page of this machine: its shop may be on any port here.
const ANY_LOCAL: [&str; 4] =
    ["http://localhost:*", "http://127.0.0.1:*", "https://localhost:*", "https://127.0.0.1:*"];

/// Gives the origins that may frame a session's cashier page, beside the sandbox's own; none for a
/// session that is not for an overlay.
///
/// They are those of its success and cancel URLs. Where neither is on this machine, every page of
/// this machine may too: who tries the documented example has a shop on some port, and URLs of a
/// shop that is not there yet.
pub fn ancestors(request: &CreateSession) -> Vec<String> {
    if request.presentation != Presentation::Iframe {
        return Vec::new();
    }
    let urls = [&request.success_url, &request.cancel_url];
    let mut out: Vec<String> = Vec::new();
    let mut is_local = false;
    for url in urls.into_iter().flatten().filter_map(|url| Url::parse(url).ok()) {
        let host = url.host_str().unwrap_or_default();
        if matches!(host, "localhost" | "127.0.0.1") {
            is_local = true;
            out.extend(["localhost", "127.0.0.1"].map(|host| at(&url, host)));
        } else if is_plain(host) {
            out.push(at(&url, host));
        }
    }
    if !is_local {
        out.extend(ANY_LOCAL.map(str::to_owned));
    }
    out.sort();
    out.dedup();
    out
}

fn at(url: &Url, host: &str) -> String {
    let port = match url.origin() {
        Origin::Tuple(..) => url.port().map(|port| format!(":{port}")).unwrap_or_default(),
        Origin::Opaque(_) => String::new(),
    };
    format!("{}://{host}{port}", url.scheme())
}

/// Takes names alone: a URL's host may have a semicolon, which would begin another rule of the
/// policy, and the policy has no way to say an IPv6 address.
fn is_plain(host: &str) -> bool {
    !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use faststar::LineItem;

    use super::*;

    fn of(success: &str, cancel: &str) -> Vec<String> {
        let mut request = CreateSession::payment([LineItem::price("price_1")]);
        request.success_url = Some(success.into());
        request.cancel_url = Some(cancel.into());
        request.presentation = Presentation::Iframe;
        ancestors(&request)
    }

    #[test]
    fn a_shop_on_this_machine_is_the_only_one_under_both_names() {
        let own = ["http://127.0.0.1:3000", "http://localhost:3000"];
        assert_eq!(of("http://localhost:3000/ok", "http://localhost:3000/no?x=1"), own);
    }

    #[test]
    fn a_shop_elsewhere_may_be_played_by_any_page_of_this_machine() {
        let found = of("https://shop.example/ok", "https://shop.example:8443/no");
        assert_eq!(found.len(), 6);
        assert!(found.contains(&"https://shop.example".into()));
        assert!(found.contains(&"https://shop.example:8443".into()));
        assert!(found.contains(&"http://localhost:*".into()));
    }

    #[test]
    fn a_host_cannot_write_into_the_policy() {
        let found = of("https://a;script-src'*'.example/", "https://[2001:db8::1]/");
        assert_eq!(found.len(), ANY_LOCAL.len(), "{found:?}");
    }

    #[test]
    fn a_session_for_a_redirect_is_framed_by_nobody() {
        let mut request = CreateSession::payment([LineItem::price("price_1")]);
        request.presentation = Presentation::Link;
        request.success_url = Some("https://shop.example/ok".into());
        assert!(ancestors(&request).is_empty());
    }
}
