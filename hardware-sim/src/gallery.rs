//! `gatepost-sim gallery`: the pictures of this crate's README, and the part of the page that shows them.

mod sheets;

use clap::Args;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, RgbImage};
use sheets::SHEETS;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Between these lines of the page stands what the command writes.
const MARKS: (&str, &str) = ("<!-- gallery -->\n", "<!-- end of gallery -->\n");

/// What JPEG keeps, of 100: ridges stay ridges, and the whole gallery small.
const QUALITY: u8 = 82;

/// What `gallery` is told on the command line.
#[derive(Args, Clone, Debug)]
pub struct GalleryArgs {
    /// Folder with the README.md whose gallery is renewed; pictures go into its folder `pictures`.
    #[arg(long)]
    pub dir: PathBuf,
}

/// Why there is no gallery.
#[derive(Debug, Error)]
pub enum GalleryError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A picture cannot be compressed.
    #[error("{name}: {error}")]
    Picture {
        /// Which.
        name: &'static str,
        /// Why not.
        error: ImageError,
    },
    /// The page does not say where the gallery stands.
    #[error("{0} has no line {first} with {last} below it", first = MARKS.0.trim(), last = MARKS.1.trim())]
    NoMarks(PathBuf),
}

/// One picture of the gallery.
struct Sheet {
    /// The file's name without its ending.
    name: &'static str,
    /// A heading.
    title: &'static str,
    /// What is seen, from left to right and from top to bottom.
    caption: &'static str,
    /// Draws it.
    draw: fn() -> RgbImage,
}

/// Draws all pictures and renews the page.
pub fn run(args: &GalleryArgs) -> Result<(), GalleryError> {
    let page = args.dir.join("README.md");
    let text = std::fs::read_to_string(&page).map_err(failed(&page))?;
    let renewed = renew(&text).ok_or_else(|| GalleryError::NoMarks(page.clone()))?;
    let folder = args.dir.join("pictures");
    std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
    for sheet in SHEETS {
        let bytes = jpeg(&(sheet.draw)()).map_err(|error| GalleryError::Picture { name: sheet.name, error })?;
        let path = folder.join(format!("{}.jpg", sheet.name));
        std::fs::write(&path, &bytes).map_err(failed(&path))?;
        tracing::info!(picture = sheet.name, kilobytes = bytes.len() / 1024, "drawn");
    }
    std::fs::write(&page, renewed).map_err(failed(&page))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> GalleryError {
    let path = path.to_owned();
    |error| GalleryError::File { path, error }
}

/// The page with a new gallery; nothing when it has no place for one.
fn renew(text: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    let mut gallery = String::new();
    for Sheet { name, title, caption, .. } in SHEETS {
        // Writing to a string cannot fail.
        let _ = write!(gallery, "\n### {title}\n![{title}](pictures/{name}.jpg)\n\n{caption}\n");
    }
    Some(format!("{before}{}{gallery}\n{}{after}", MARKS.0, MARKS.1))
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_gallery_that_the_command_would_write() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
        assert_eq!(renew(&page).unwrap(), page, "run `gatepost-sim gallery --dir hardware-sim`");
        let mut bytes = 0;
        for sheet in SHEETS {
            let path = folder.join("pictures").join(format!("{}.jpg", sheet.name));
            bytes += std::fs::metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).len();
        }
        assert!(bytes < 1_500_000, "{bytes} bytes");
    }

    #[test]
    fn a_page_without_marks_is_left_alone() {
        assert_eq!(renew("# Title\n"), None);
        assert_eq!(renew(&format!("{}{}", MARKS.1, MARKS.0)), None);
        let page = format!("above\n{}old\n{}below\n", MARKS.0, MARKS.1);
        let renewed = renew(&page).unwrap();
        assert!(renewed.starts_with("above\n") && renewed.ends_with("below\n") && !renewed.contains("old\n"));
        assert_eq!(renew(&renewed).unwrap(), renewed);
    }
}
