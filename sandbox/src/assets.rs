//! What the console's pages are made of: files of `web/dist`, inside the program.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use faststar::error::{Error, ErrorKind, code};
use sha2::{Digest, Sha256};

use crate::reply::Refusal;

/// Nothing but the sandbox's own files runs or is shown, and no text becomes HTML.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
/// FastStar.js makes an iframe and is a script of this origin; its page makes no text into HTML
/// either, but does not answer for how that script does it.
const SHOP_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

struct Asset {
    /// As the page calls it; the served name has the hash of the content in it.
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
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
static CONSOLE: LazyLock<String> =
    LazyLock::new(|| filled(include_str!("../web/dist/console.html")));
static SHOP: LazyLock<String> = LazyLock::new(|| filled(include_str!("../web/dist/shop.html")));

/// Puts the served names in place of the plain ones.
fn filled(page: &str) -> String {
    ASSETS.iter().zip(NAMES.iter()).fold(page.to_owned(), |page, (asset, served)| {
        page.replace(&format!("\"/assets/{}\"", asset.name), &format!("\"/assets/{served}\""))
    })
}

fn page(text: &'static str, policy: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    (headers, text).into_response()
}

/// Serves the console.
pub async fn console() -> Response {
    page(&CONSOLE, POLICY)
}

/// Serves the demo shop.
pub async fn shop() -> Response {
    page(&SHOP, SHOP_POLICY)
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
