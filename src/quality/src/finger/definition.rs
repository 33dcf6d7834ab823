//! What the region of interest is, pixel by pixel and tap by tap: slow, and sharing with what is measured
//! against it only how an edge is mirrored and how a histogram is counted.

use super::blur::mirrored;
use super::otsu::Histogram;
use super::prepare::Raster;

/// The region of interest of a print.
pub(super) fn region(raster: &Raster) -> Vec<bool> {
    let width = raster.width;
    let soft = gaussian(&eroded(raster), width, 41);
    let parted: Vec<u8> = above(&soft).iter().map(|&light| if light { 255 } else { 0 }).collect();
    let dark: Vec<bool> = above(&gaussian(&parted, width, 91)).iter().map(|&light| !light).collect();
    largest_without_holes(width, &dark)
}

/// The weights of a blur over `size` pixels (odd) up to the middle one, in 256ths; all of them add up to 256.
///
/// The deviation follows from the size (0.15 size + 0.35: 6.5 for 41, 14 for 91). Each weight is rounded with the error
/// of the one before carried on, and the middle one takes what is left.
pub(super) fn weights(size: usize) -> Vec<u32> {
    let sigma = size as f64 * 0.15 + 0.35;
    let half = size / 2;
    let bell: Vec<f64> = (0..=half).map(|i| (-0.5 * ((i as f64 - half as f64) / sigma).powi(2)).exp()).collect();
    let total = 2.0 * bell[..half].iter().sum::<f64>() + 1.0;
    let mut carried = 0.0;
    let mut weights = Vec::with_capacity(half + 1);
    for value in &bell[..half] {
        let wanted = value / total * 256.0 + carried;
        let weight = wanted.round_ties_even();
        carried = wanted - weight;
        weights.push(weight as u32);
    }
    weights.push(256 - 2 * weights.iter().sum::<u32>());
    weights
}

fn eroded(raster: &Raster) -> Vec<u8> {
    let near = |at: usize, side: usize| at.saturating_sub(2)..=(at + 2).min(side - 1);
    let darkest = |x: usize, y: usize| {
        near(y, raster.height).flat_map(|y| near(x, raster.width).map(move |x| raster.row(y)[x])).min().unwrap()
    };
    (0..raster.width * raster.height).map(|i| darkest(i % raster.width, i / raster.width)).collect()
}

/// Blurs in both directions; the edge is mirrored about its last pixel.
fn gaussian(grey: &[u8], width: usize, size: usize) -> Vec<u8> {
    let (weights, half, height) = (weights(size), (size / 2) as isize, grey.len() / width);
    let weight = |off: isize| weights[(half - off.abs()) as usize];
    let across: Vec<u32> = (0..grey.len())
        .map(|i| {
            let (x, row) = ((i % width) as isize, &grey[i / width * width..][..width]);
            (-half..=half).map(|off| weight(off) * u32::from(row[mirrored(x + off, width)])).sum()
        })
        .collect();
    (0..grey.len())
        .map(|i| {
            let (x, y) = (i % width, (i / width) as isize);
            let at = |off: isize| across[mirrored(y + off, height) * width + x];
            (((-half..=half).map(|off| weight(off) * at(off)).sum::<u32>() + (1 << 15)) >> 16) as u8
        })
        .collect()
}

fn above(grey: &[u8]) -> Vec<bool> {
    let mut histogram = Histogram::empty();
    histogram.add(grey);
    let threshold = histogram.threshold();
    grey.iter().map(|&pixel| pixel > threshold).collect()
}

/// Fills holes and keeps the dark region with the largest bounding box, collected pixel by pixel.
pub(super) fn largest_without_holes(width: usize, picture: &[bool]) -> Vec<bool> {
    let mut dark = picture.to_vec();
    let height = dark.len() / width;
    let mut seen = vec![false; dark.len()];
    for start in 0..dark.len() {
        if !dark[start] && !seen[start] {
            let members = collect(&dark, width, start, &mut seen);
            let ((left, right), (top, bottom)) = sides(&members, width);
            if left > 0 && top > 0 && right + 1 < width && bottom + 1 < height {
                members.iter().for_each(|&member| dark[member] = true);
            }
        }
    }
    seen.fill(false);
    let mut largest: (usize, Vec<usize>) = (0, Vec::new());
    for start in 0..dark.len() {
        if dark[start] && !seen[start] {
            let members = collect(&dark, width, start, &mut seen);
            let ((left, right), (top, bottom)) = sides(&members, width);
            let area = (right + 1 - left) * (bottom + 1 - top);
            if area > largest.0 {
                largest = (area, members);
            }
        }
    }
    let mut kept = vec![false; dark.len()];
    largest.1.iter().for_each(|&member| kept[member] = true);
    kept
}

fn collect(picture: &[bool], width: usize, start: usize, seen: &mut [bool]) -> Vec<usize> {
    let mut members = vec![start];
    seen[start] = true;
    let mut next = 0;
    while let Some(&at) = members.get(next) {
        next += 1;
        let neighbours = [
            (at % width > 0).then(|| at - 1),
            (at % width + 1 < width).then_some(at + 1),
            at.checked_sub(width),
            Some(at + width).filter(|&below| below < picture.len()),
        ];
        for neighbour in neighbours.into_iter().flatten() {
            if picture[neighbour] == picture[start] && !seen[neighbour] {
                seen[neighbour] = true;
                members.push(neighbour);
            }
        }
    }
    members
}

/// First and last column, first and last row.
fn sides(members: &[usize], width: usize) -> ((usize, usize), (usize, usize)) {
    let range = |of: fn(usize, usize) -> usize| {
        let values = members.iter().map(|&member| of(member, width));
        values.fold((usize::MAX, 0), |(least, most), value| (least.min(value), most.max(value)))
    };
    (range(|member, width| member % width), range(|member, width| member / width))
}
