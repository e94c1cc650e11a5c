//! What the pages are made of: files of `web/dist`, inside the program.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use faststar::error::{Error, ErrorKind, code};
use sha2::{Digest, Sha256};

use crate::reply::Refusal;

struct Asset {
    /// As the page calls it; the served name has the hash of the content in it.
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
    Asset {
        name: "cashier.js",
        media_type: JAVASCRIPT,
        content: include_bytes!("../web/dist/cashier.js"),
    },
    Asset {
        name: "cashier.css",
        media_type: "text/css; charset=utf-8",
        content: include_bytes!("../web/dist/cashier.css"),
    },
    Asset {
        name: "console.js",
        media_type: JAVASCRIPT,
        content: include_bytes!("../web/dist/console.js"),
    },
    Asset {
        name: "shop.js",
        media_type: JAVASCRIPT,
        content: include_bytes!("../web/dist/shop.js"),
    },
    Asset {
        name: "console.css",
        media_type: "text/css; charset=utf-8",
        content: include_bytes!("../web/dist/console.css"),
    },
    Asset {
        name: "icon.svg",
        media_type: "image/svg+xml",
        content: include_bytes!("../web/dist/icon.svg"),
    },
];

impl Asset {
    /// Puts the hash into the name: what a browser has kept under it never changes.
    fn served_name(&self) -> String {
        let hash = Sha256::digest(self.content);
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let (stem, extension) = self.name.rsplit_once('.').unwrap_or((self.name, ""));
        format!("{stem}-{hash}.{extension}")
    }
}

static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| ASSETS.iter().map(Asset::served_name).collect());
static CASHIER: LazyLock<String> =
    LazyLock::new(|| filled(include_str!("../web/dist/cashier.html")));

static CONSOLE: LazyLock<String> =
    LazyLock::new(|| filled(include_str!("../web/dist/console.html")));
static SHOP: LazyLock<String> = LazyLock::new(|| filled(include_str!("../web/dist/shop.html")));

/// Nothing but the sandbox's own files works in the console, no text becomes HTML, and nobody
/// frames it.
const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
/// The demo shop shows the cashier within itself.
const SHOP_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Puts the served names in place of the plain ones.
fn filled(page: &str) -> String {
    ASSETS.iter().zip(NAMES.iter()).fold(page.to_owned(), |page, (asset, served)| {
        page.replace(&format!("\"/assets/{}\"", asset.name), &format!("\"/assets/{served}\""))
    })
}

/// Gives the buyer's page, whose script and style bear a nonce, and which tells nothing to a page
/// around it but to those of `ancestors`.
pub fn cashier(nonce: &str, ancestors: &[String]) -> String {
    CASHIER.replace("{nonce}", nonce).replace("{ancestors}", &ancestors.join(" "))
}

/// Serves the console.
pub async fn console() -> Response {
    page(&CONSOLE, CONSOLE_POLICY)
}

/// Serves the demo shop.
pub async fn shop() -> Response {
    page(&SHOP, SHOP_POLICY)
}

fn page(text: &'static str, policy: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    (headers, text).into_response()
}

/// Serves what the pages load.
pub async fn asset(Path(name): Path<String>) -> Result<Response, Refusal> {
    let found = ASSETS.iter().zip(NAMES.iter()).find(|(_, served)| **served == name);
    let (asset, _) = found.ok_or_else(|| {
        let message = "no such file; load the page again, which knows the files of this version";
        Error::new(ErrorKind::NotFound, code::NOT_FOUND, message)
    })?;
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    Ok((headers, asset.content).into_response())
}

/// Serves FastStar.js to the pages of any origin, also to those that check its hash.
pub async fn sdk() -> Response {
    sdk_file(JAVASCRIPT, include_bytes!("../web/dist/faststar.min.js"))
}

/// Serves the types of FastStar.js.
pub async fn sdk_types() -> Response {
    sdk_file("text/plain; charset=utf-8", include_bytes!("../web/dist/faststar.d.ts"))
}

fn sdk_file(media_type: &'static str, content: &'static [u8]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        // Its path has the version of its face and not of its content.
        (header::CACHE_CONTROL, "no-cache"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, content).into_response()
}
