//! The files that pages need. Each address holds a digest of the content, so that it may be kept for ever.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::language::Reader;
use super::{App, problem};

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset { name: "style.css", kind: "text/css; charset=utf-8", content: include_str!("../../assets/style.css") },
    Asset {
        name: "statement.css",
        kind: "text/css; charset=utf-8",
        content: include_str!("../../templates/statement.css"),
    },
    Asset { name: "live.js", kind: "text/javascript; charset=utf-8", content: include_str!("../../assets/live.js") },
    Asset { name: "zoom.js", kind: "text/javascript; charset=utf-8", content: include_str!("../../assets/zoom.js") },
    Asset { name: "icon.svg", kind: "image/svg+xml", content: include_str!("../../assets/icon.svg") },
];

static DIGESTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let digest = |asset: &Asset| Sha256::digest(asset.content).iter().take(8).map(|b| format!("{b:02x}")).collect();
    ASSETS.iter().map(digest).collect()
});

/// The address of an asset.
pub(super) fn address(name: &str) -> String {
    let place = ASSETS.iter().position(|asset| asset.name == name);
    let digest = place.and_then(|place| DIGESTS.get(place)).map_or("", String::as_str);
    format!("/assets/{digest}/{name}")
}

/// `GET /assets/{digest}/{name}`
pub(super) async fn show(
    app: State<App>,
    reader: Reader,
    uri: Uri,
    Path((digest, name)): Path<(String, String)>,
) -> Response {
    let mut assets = ASSETS.iter().zip(DIGESTS.iter());
    match assets.find(|(asset, known)| asset.name == name && **known == digest) {
        Some((asset, _)) => {
            let forever = "public, max-age=31536000, immutable";
            ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, forever)], asset.content).into_response()
        }
        None => problem::not_found(app, reader, uri).await,
    }
}
