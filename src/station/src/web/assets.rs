//! Style, script and pictures, built into the program.

use super::errors::PageError;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// One asset.
pub async fn serve(Path(path): Path<String>) -> Response {
    let media = match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return PageError::NotFound.into_response(),
    };
    match Assets::get(&path) {
        Some(file) => ([(header::CONTENT_TYPE, media)], file.data).into_response(),
        None => PageError::NotFound.into_response(),
    }
}
