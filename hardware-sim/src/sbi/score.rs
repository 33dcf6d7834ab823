//! The devices' own opinion of a picture, 0 to 100: what stands in `qualityScore` and ends the wait for a better one.
//!
//! Vendors' scores are their own, and so is this one: a station makes up its own mind.

use image::{GrayImage, RgbImage};

/// Side of a block in pixels: two ridge periods at 500 pixels per inch.
const BLOCK: usize = 18;

/// Mean square slope of a block that shows clear ridges.
const CLEAR: f32 = 600.0;

/// How much of the slopes of a block has one direction: of noise, and of clear ridges. With [`CLEAR`] it gives clean
/// prints of ours 79 to 88 and every level of damage less.
const ALIGNED: (f32, f32) = (0.1, 0.5);

/// Mean square slope above which a block is skin and not glass.
const SKIN: f32 = 60.0;

/// Score of ridges: where there is skin, how clearly they run in one direction and how strong they are.
pub fn ridges(image: &GrayImage) -> f32 {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (mut sum, mut blocks) = (0.0, 0);
    for top in (1..height.saturating_sub(BLOCK)).step_by(BLOCK) {
        for left in (1..width.saturating_sub(BLOCK)).step_by(BLOCK) {
            let (across, down, both) = slopes(image, left, top);
            let energy = across + down;
            if energy < SKIN {
                continue;
            }
            let coherence = ((across - down).powi(2) + 4.0 * both * both).sqrt() / energy;
            let aligned = ((coherence - ALIGNED.0) / (ALIGNED.1 - ALIGNED.0)).clamp(0.0, 1.0);
            sum += aligned * (energy / CLEAR).min(1.0);
            blocks += 1;
        }
    }
    if blocks == 0 { 0.0 } else { 100.0 * sum / blocks as f32 }
}

/// Mean squares and product of the slopes of one block.
fn slopes(image: &GrayImage, left: usize, top: usize) -> (f32, f32, f32) {
    let (row, bytes) = (image.width() as usize, image.as_raw());
    let (mut across, mut down, mut both) = (0.0, 0.0, 0.0);
    for y in top..top + BLOCK {
        for x in left..left + BLOCK {
            let at = y * row + x;
            let dx = (f32::from(bytes[at + 1]) - f32::from(bytes[at - 1])) / 2.0;
            let dy = (f32::from(bytes[at + row]) - f32::from(bytes[at - row])) / 2.0;
            across += dx * dx;
            down += dy * dy;
            both += dx * dy;
        }
    }
    let count = (BLOCK * BLOCK) as f32;
    (across / count, down / count, both / count)
}

/// Score of a portrait: how bright the middle of the picture is, between too dark and too bright, and how much of the
/// grey scale it uses.
pub fn portrait(image: &RgbImage) -> f32 {
    let (width, height) = image.dimensions();
    let middle =
        |(x, y): (u32, u32)| (width / 3..2 * width / 3).contains(&x) && (height / 4..3 * height / 4).contains(&y);
    let mut histogram = [0_u32; 256];
    for (x, y, pixel) in image.enumerate_pixels().filter(|(x, y, _)| middle((*x, *y))) {
        let _ = (x, y);
        histogram[usize::from(pixel.0[1])] += 1;
    }
    let total: u32 = histogram.iter().sum();
    let quantile = |share: f32| {
        let mut seen = 0;
        histogram.iter().position(|count| {
            seen += count;
            seen as f32 >= share * total as f32
        })
    };
    let (Some(dark), Some(median), Some(bright)) = (quantile(0.02), quantile(0.5), quantile(0.98)) else { return 0.0 };
    let exposure = 1.0 - (median as f32 - 128.0).abs() / 128.0;
    let range = ((bright - dark) as f32 / 128.0).min(1.0);
    100.0 * exposure * range
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Luma, Rgb};
    use render::print::{Impression, Master};

    #[test]
    fn clear_ridges_score_above_pale_ones_and_those_above_glass() {
        let stripes = |depth: f32| {
            GrayImage::from_fn(200, 200, |x, y| {
                Luma([(128.0 + depth * ((x as f32 + 0.3 * y as f32) * 0.7).sin()) as u8])
            })
        };
        let (clear, pale) = (ridges(&stripes(100.0)), ridges(&stripes(20.0)));
        assert!(clear > 80.0 && pale < 60.0 && pale > 0.0, "{clear} {pale}");
        assert_eq!(ridges(&GrayImage::from_pixel(200, 200, Luma([255]))), 0.0);
        assert_eq!(ridges(&GrayImage::new(3, 3)), 0.0);
    }

    #[test]
    fn a_clean_print_ends_the_wait_of_a_host_and_a_damaged_one_does_not() {
        let master = Master::from_seed(3, 2);
        let scored = |touch: &Impression| ridges(&master.impression(touch, 400, 500, 500.0));
        let clean = scored(&Impression::clean(1));
        let dry = scored(&Impression { dryness: 0.9, ..Impression::clean(1) });
        assert!(clean > 70.0 && dry < 55.0, "{clean} {dry}");
    }

    #[test]
    fn a_dark_picture_scores_little() {
        let face = |light: u32| RgbImage::from_fn(60, 60, |x, _| Rgb([((x * 4) * light / 100) as u8; 3]));
        assert!(portrait(&face(100)) > portrait(&face(30)));
        assert_eq!(portrait(&RgbImage::new(60, 60)), 0.0);
        assert_eq!(portrait(&RgbImage::new(0, 0)), 0.0);
    }
}
