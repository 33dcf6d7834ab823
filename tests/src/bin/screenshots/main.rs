//! Pictures of every page for the docs: `cargo xtask screenshots`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a command that cannot go on says why")]

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use std::fs;
use std::path::{Path, PathBuf};
use tests::chrome::Chrome;
use tests::tour::Tour;
use tests::{Station, place::repository};

/// Languages in which some pages are shown besides English.
const OTHERS: [&str; 8] = ["ru", "kk", "uz", "ky", "tg", "hy", "zh", "ar"];

/// A kiosk in CSS pixels; every page is shown on it.
const KIOSK: (u32, u32, bool) = (1280, 800, false);
/// A desk. Of staff's pages these are shown on it.
const DESK: (u32, u32, bool) = (1920, 1080, false);
const ON_A_DESK: [&str; 11] = [
    "officer-document",
    "officer-decided",
    "officer-declare",
    "officer-face",
    "officer-fingers",
    "officer-summary",
    "supervisor-list",
    "supervisor-review",
    "administrator-health",
    "administrator-rules",
    "figures",
];
/// A tablet of 10 inches, held upright. These pages are shown on it.
const TABLET: (u32, u32, bool) = (800, 1280, true);
const ON_A_TABLET: [&str; 19] = [
    "administrator-ask",
    "administrator-health",
    "administrator-people",
    "administrator-rules",
    "auditor",
    "display-next",
    "display-next-ar",
    "display-face",
    "display-fingers",
    "display-supervisor",
    "figures",
    "login",
    "officer-document",
    "officer-declare",
    "officer-face",
    "officer-fingers",
    "officer-summary",
    "supervisor-list",
    "supervisor-review",
];

#[tokio::main]
async fn main() {
    let folder = repository().join("docs/screenshots");
    fs::create_dir_all(&folder).unwrap();
    let station = Station::start().await;
    let chrome = Chrome::start().await;
    chrome.size(KIOSK.0, KIOSK.1, KIOSK.2).await;
    let show = async |chrome: &Chrome, name: &str| {
        keep(chrome, &folder, name, KIOSK).await;
        for (screen, names) in [(DESK, &ON_A_DESK[..]), (TABLET, &ON_A_TABLET[..])] {
            if names.contains(&name) {
                keep(chrome, &folder, name, screen).await;
            }
        }
        chrome.size(KIOSK.0, KIOSK.1, KIOSK.2).await;
    };
    Tour::new(&station, &chrome, "en").await.and_in(&OTHERS).walk(show).await;
    chrome.quit().await;
}

async fn keep(chrome: &Chrome, folder: &Path, name: &str, (width, height, touch): (u32, u32, bool)) {
    chrome.size(width, height, touch).await;
    let picture = image::load_from_memory(&chrome.picture().await).unwrap().to_rgb8();
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::Adaptive);
    encoder.write_image(&picture, picture.width(), picture.height(), ExtendedColorType::Rgb8).unwrap();
    let path: PathBuf = folder.join(format!("{name}-{width}x{height}.png"));
    fs::write(&path, &file).unwrap();
    println!("{} ({} kB)", path.file_name().unwrap().display(), file.len() / 1000);
}
