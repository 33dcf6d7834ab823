//! Dirt on the glass, for every command that draws prints.

use clap::Args;
use image::GrayImage;
use render::print::Glass;

/// Dirt on the scanner's glass, whoever puts a finger there. Levels from 0 to 1.
#[derive(Args, Clone, Copy, Debug)]
pub struct GlassArgs {
    /// A film that greys it, unevenly.
    #[arg(long, default_value_t = 0.0)]
    pub film: f32,
    /// Prints of former fingers on it.
    #[arg(long, default_value_t = 0.0)]
    pub residue: f32,
    /// Which glass: another number is other dirt.
    #[arg(long, default_value_t = 1)]
    pub glass: u64,
}

impl GlassArgs {
    /// What a sensor of this glass sees.
    pub(super) fn cover(self, image: &mut GrayImage, ppi: f32) {
        if self.film > 0.0 || self.residue > 0.0 {
            Glass::dirty(self.glass, self.film, self.residue, image.width(), image.height(), ppi).cover(image);
        }
    }
}
