//! Reads the source and fails where a layer of the core reaches below itself, or versions differ.

#![allow(clippy::expect_used, clippy::unwrap_used)] // clippy does not see that the helpers are tests

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the core. Each imports only from those above it.
const LAYERS: &[&str] = &[
    "error",
    "secret",
    "open_enum",
    "wire",
    "money",
    "tax",
    "schema",
    "catalog",
    "line_item",
    "totals",
    "session",
    "quote",
    "subscription",
    "event",
    "payment_check",
    "webhook",
    "cashier",
    "client",
];

/// What belongs in a language package or in the sandbox.
const NOT_IN_CORE: &[&str] =
    &["pyo3", "napi", "uniffi", "axum", "hyper", "tower", "rusqlite", "sqlx"];

/// What only the client touches.
const NOT_IN_THE_DOMAIN: &[&str] = &["tokio", "reqwest", "http", "hyper", "rustls"];

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core")
}

/// Gives each source file of the core but `lib.rs`: the layer, the path, the code without comments.
fn sources() -> Vec<(usize, PathBuf, String)> {
    let root = core().join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).unwrap();
            let module = below.components().next().unwrap().as_os_str().to_str().unwrap();
            let module = module.trim_end_matches(".rs");
            if module == "lib" {
                continue;
            }
            let layer = LAYERS.iter().position(|layer| *layer == module);
            let layer = layer.unwrap_or_else(|| panic!("give {module} its place among the layers"));
            let code = fs::read_to_string(&path).unwrap();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            sources.push((layer, below.to_owned(), code.collect::<Vec<_>>().join("\n")));
        }
    }
    assert!(!sources.is_empty());
    sources
}

/// Gives the word that follows each `crate::` of some code.
fn imports(code: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.split("crate::").skip(1).map(move |rest| {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn a_module_imports_only_from_those_above_it() {
    for (layer, path, code) in sources() {
        for module in imports(&code) {
            let from = LAYERS.iter().position(|layer| *layer == module);
            let Some(from) = from else {
                panic!(
                    "{path:?}: write crate::<module>::…, one module a line, not crate::{module}"
                );
            };
            assert!(
                from <= layer,
                "{path:?}: {} must not import from {module}, which is below it",
                LAYERS[layer]
            );
        }
    }
}

#[test]
fn the_core_knows_no_ffi_no_web_server_and_no_database() {
    let manifest = fs::read_to_string(core().join("Cargo.toml")).unwrap();
    for line in manifest.lines() {
        let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
        assert!(!NOT_IN_CORE.contains(&key), "core/Cargo.toml: {line}");
    }
}

#[test]
fn only_the_client_touches_the_network() {
    for (layer, path, code) in sources() {
        if LAYERS[layer] == "client" {
            continue;
        }
        for name in NOT_IN_THE_DOMAIN {
            let uses = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            });
            assert!(!uses, "{path:?}: {name} belongs in the client");
        }
    }
}

/// What is published together has one version, wherever it is written down.
#[test]
fn versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    let places = [
        ("bindings-node/package.json", format!("\"version\": \"{version}\"")),
        ("bindings-node/package.json", format!("\"faststar-sandbox\": \"{version}\"")),
        ("sandbox/npm/package.json", format!("\"version\": \"{version}\"")),
        ("bindings-python/pyproject.toml", format!("faststar-sandbox=={version}\"")),
        (
            "bindings-swift/kotlin/pom.xml",
            format!("<artifactId>faststar</artifactId>\n  <version>{version}<"),
        ),
        (
            "examples/kotlin/pom.xml",
            format!("<artifactId>faststar</artifactId>\n      <version>{version}<"),
        ),
        (
            "examples/android/pom.xml",
            format!("<artifactId>faststar</artifactId>\n      <version>{version}<"),
        ),
        ("docs/kotlin.md", format!("<artifactId>faststar</artifactId>\n  <version>{version}<")),
        ("docs/kotlin.md", format!("dist/maven/faststar-{version}.jar")),
        ("docs/kotlin.md", format!("libs/faststar-{version}.aar")),
    ];
    for (path, expected) in places {
        let text = fs::read_to_string(core().join("..").join(path)).unwrap();
        assert!(text.contains(&expected), "{path} must have {expected}");
    }
}
