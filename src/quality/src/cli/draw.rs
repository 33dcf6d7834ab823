//! A face picture with what was found in it: boxes and landmarks on the picture, values beside it.

use domain::image::Frame;
use image::{Rgb, RgbImage};
use quality::assessment::Assessment;
use quality::face::FaceAssessment;

const WHITE: Rgb<u8> = Rgb([255, 255, 255]);
const MAIN: Rgb<u8> = Rgb([60, 220, 90]);
const OTHER: Rgb<u8> = Rgb([250, 190, 40]);
const POINT: Rgb<u8> = Rgb([60, 200, 255]);
const POOR: Rgb<u8> = Rgb([250, 110, 90]);
const GREY: Rgb<u8> = Rgb([150, 150, 150]);

/// Letters across the panel.
const COLUMNS: u32 = 44;
/// A letter's cell in its own dots, and the rows of a line with the space below.
const CELL: u32 = 6;
const LINE: u32 = 10;
/// Least score that is not drawn as poor.
const FAIR: u8 = 50;

/// The picture with a panel of values on its right.
pub(super) fn drawn(frame: &Frame, found: &FaceAssessment) -> RgbImage {
    let lines = lines(found);
    // Dots of a letter: readable beside a large picture too.
    let dot = (frame.height / (LINE * 40)).clamp(1, 6);
    let panel = COLUMNS * CELL * dot;
    let height = frame.height.max((lines.len() as u32 + 1) * LINE * dot);
    let mut canvas = RgbImage::new(frame.width + panel, height);
    for (pixel, at) in frame.rgb().as_chunks::<3>().0.iter().zip(0..) {
        canvas.put_pixel(at % frame.width, at / frame.width, Rgb(*pixel));
    }
    let thick = (frame.width.max(frame.height) / 400).clamp(1, 8) as i32;
    for (index, face) in found.faces().iter().enumerate().rev() {
        let colour = if index == 0 { MAIN } else { OTHER };
        let (left, top) = (face.x as i32, face.y as i32);
        let (right, bottom) = ((face.x + face.width) as i32, (face.y + face.height) as i32);
        for (x0, y0, x1, y1) in [
            (left, top, right, top + thick),
            (left, bottom - thick, right, bottom),
            (left, top, left + thick, bottom),
            (right - thick, top, right, bottom),
        ] {
            fill(&mut canvas, frame, (x0, y0), (x1, y1), colour);
        }
    }
    for [x, y, _] in found.landmarks.iter().flat_map(|landmarks| landmarks.points()) {
        let (x, y) = (*x as i32, *y as i32);
        fill(&mut canvas, frame, (x, y), (x + thick, y + thick), POINT);
    }
    for ((line, colour), row) in lines.iter().zip(0..) {
        write(&mut canvas, (frame.width + CELL * dot / 2, (row * LINE + LINE / 2) * dot), dot, line, *colour);
    }
    canvas
}

/// What the panel says.
fn lines(found: &FaceAssessment) -> Vec<(String, Rgb<u8>)> {
    let faces = found.faces();
    let mut lines = vec![(format!("FACES {}", faces.len()), WHITE)];
    if let Some(face) = faces.first() {
        let [x, y, width, height] = [face.x, face.y, face.width, face.height].map(f32::round);
        lines.push((format!("BOX {x} {y} {width} {height}  SURE {:.2}", face.score), MAIN));
    }
    if let Some(landmarks) = &found.landmarks {
        lines.push((format!("LANDMARKS {}  PRESENCE {:.2}", landmarks.points().len(), landmarks.presence()), POINT));
    }
    for (component, answer) in &found.components {
        lines.push(match answer {
            Assessment::Scored { native, score, .. } => {
                let colour = if score.get() < FAIR { POOR } else { WHITE };
                (format!("{:<28}{:>4} {native:>10.3}", component.id(), score.get()), colour)
            }
            Assessment::FailureToAssess(_) => (format!("{:<28}  --", component.id()), GREY),
        });
    }
    lines
}

/// A rectangle as far as it lies on the picture.
fn fill(canvas: &mut RgbImage, frame: &Frame, from: (i32, i32), to: (i32, i32), colour: Rgb<u8>) {
    let within = |from: i32, to: i32, side: u32| from.max(0) as u32..to.clamp(0, side as i32) as u32;
    for y in within(from.1, to.1, frame.height) {
        for x in within(from.0, to.0, frame.width) {
            canvas.put_pixel(x, y, colour);
        }
    }
}

fn write(canvas: &mut RgbImage, (left, top): (u32, u32), dot: u32, text: &str, colour: Rgb<u8>) {
    for (letter, at) in text.chars().zip(0..COLUMNS) {
        for (column, bits) in glyph(letter).into_iter().zip(0..) {
            for row in (0..7).filter(|row| column >> row & 1 == 1) {
                let (x, y) = (left + (at * CELL + bits) * dot, top + row * dot);
                for (dx, dy) in (0..dot * dot).map(|i| (i % dot, i / dot)) {
                    if x + dx < canvas.width() && y + dy < canvas.height() {
                        canvas.put_pixel(x + dx, y + dy, colour);
                    }
                }
            }
        }
    }
}

/// The columns of a letter from the left, the lowest bit uppermost; small letters look like large ones.
fn glyph(letter: char) -> [u8; 5] {
    match letter.to_ascii_uppercase() {
        '0' => [0x3e, 0x51, 0x49, 0x45, 0x3e],
        '1' => [0x00, 0x42, 0x7f, 0x40, 0x00],
        '2' => [0x42, 0x61, 0x51, 0x49, 0x46],
        '3' => [0x21, 0x41, 0x45, 0x4b, 0x31],
        '4' => [0x18, 0x14, 0x12, 0x7f, 0x10],
        '5' => [0x27, 0x45, 0x45, 0x45, 0x39],
        '6' => [0x3c, 0x4a, 0x49, 0x49, 0x30],
        '7' => [0x01, 0x71, 0x09, 0x05, 0x03],
        '8' => [0x36, 0x49, 0x49, 0x49, 0x36],
        '9' => [0x06, 0x49, 0x49, 0x29, 0x1e],
        'A' => [0x7e, 0x11, 0x11, 0x11, 0x7e],
        'B' => [0x7f, 0x49, 0x49, 0x49, 0x36],
        'C' => [0x3e, 0x41, 0x41, 0x41, 0x22],
        'D' => [0x7f, 0x41, 0x41, 0x22, 0x1c],
        'E' => [0x7f, 0x49, 0x49, 0x49, 0x41],
        'F' => [0x7f, 0x09, 0x09, 0x09, 0x01],
        'G' => [0x3e, 0x41, 0x49, 0x49, 0x7a],
        'H' => [0x7f, 0x08, 0x08, 0x08, 0x7f],
        'I' => [0x00, 0x41, 0x7f, 0x41, 0x00],
        'J' => [0x20, 0x40, 0x41, 0x3f, 0x01],
        'K' => [0x7f, 0x08, 0x14, 0x22, 0x41],
        'L' => [0x7f, 0x40, 0x40, 0x40, 0x40],
        'M' => [0x7f, 0x02, 0x0c, 0x02, 0x7f],
        'N' => [0x7f, 0x04, 0x08, 0x10, 0x7f],
        'O' => [0x3e, 0x41, 0x41, 0x41, 0x3e],
        'P' => [0x7f, 0x09, 0x09, 0x09, 0x06],
        'Q' => [0x3e, 0x41, 0x51, 0x21, 0x5e],
        'R' => [0x7f, 0x09, 0x19, 0x29, 0x46],
        'S' => [0x46, 0x49, 0x49, 0x49, 0x31],
        'T' => [0x01, 0x01, 0x7f, 0x01, 0x01],
        'U' => [0x3f, 0x40, 0x40, 0x40, 0x3f],
        'V' => [0x1f, 0x20, 0x40, 0x20, 0x1f],
        'W' => [0x3f, 0x40, 0x38, 0x40, 0x3f],
        'X' => [0x63, 0x14, 0x08, 0x14, 0x63],
        'Y' => [0x07, 0x08, 0x70, 0x08, 0x07],
        'Z' => [0x61, 0x51, 0x49, 0x45, 0x43],
        '.' => [0x00, 0x60, 0x60, 0x00, 0x00],
        '-' => [0x08, 0x08, 0x08, 0x08, 0x08],
        _ => [0; 5],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::Millis;
    use quality::face::{Detection, FaceBox, Landmarks, POINTS, Sighting, assess};

    #[test]
    fn boxes_points_and_values_are_drawn() {
        let face = FaceBox { x: 60.0, y: 50.0, width: 80.0, height: 80.0, score: 0.9 };
        let other = FaceBox { x: -20.0, y: 150.0, width: 60.0, height: 70.0, score: 0.8 };
        let landmarks = Some(Landmarks::new(Box::new([[100.0, 90.0, 0.0]; POINTS]), 1.0));
        let sighting = Sighting::by_landmarks(Detection::of(vec![face, other]), landmarks);
        let frame = Frame::new(200, 200, Millis(0), 0, vec![90; 200 * 200 * 3]).unwrap();
        let drawn = drawn(&frame, &assess(&frame, &sighting));
        for (name, x, y, colour) in [
            ("upper edge", 100, 50, MAIN),
            ("left edge", 60, 100, MAIN),
            ("lower edge", 100, 129, MAIN),
            ("the other's upper edge", 10, 150, OTHER),
            ("a point", 100, 90, POINT),
            ("the picture", 20, 20, Rgb([90, 90, 90])),
        ] {
            assert_eq!(*drawn.get_pixel(x, y), colour, "{name}");
        }
        let written =
            |colour| (200..drawn.width()).any(|x| (0..drawn.height()).any(|y| *drawn.get_pixel(x, y) == colour));
        assert!(written(WHITE) && written(MAIN) && written(POINT));
    }

    #[test]
    fn every_letter_of_a_value_has_its_shape() {
        let mut seen = std::collections::BTreeSet::new();
        for letter in ('A'..='Z').chain('0'..='9').chain(['.', '-']) {
            assert!(seen.insert(glyph(letter)), "{letter}");
        }
        assert_eq!(glyph('a'), glyph('A'));
    }
}
