//! Connected regions of a two-level picture.

/// A region's bounding box and whether it touches the picture's edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub left: usize,
    pub right: usize,
    pub top: usize,
    pub bottom: usize,
}

impl Bounds {
    pub fn area(&self) -> usize {
        (self.right - self.left + 1) * (self.bottom - self.top + 1)
    }

    fn touches_edge(&self, width: usize, height: usize) -> bool {
        self.left == 0 || self.top == 0 || self.right + 1 == width || self.bottom + 1 == height
    }
}

/// Fills the holes of `dark` (light regions, joined by edges, that do not touch the picture's edge), then keeps only
/// the dark region (joined by edges) with the largest bounding box, the first from the top where two are equal.
pub(super) fn keep_largest_without_holes(dark: &mut [bool], width: usize) {
    let height = dark.len() / width;
    let mut seen = vec![false; dark.len()];
    let mut members = Vec::new();
    for start in 0..dark.len() {
        if !dark[start] && !seen[start] {
            let bounds = collect(dark, width, start, &mut seen, &mut members);
            if !bounds.touches_edge(width, height) {
                members.iter().for_each(|&index| dark[index] = true);
            }
        }
    }
    seen.fill(false);
    let mut largest: Option<(usize, usize)> = None;
    for start in 0..dark.len() {
        if dark[start] && !seen[start] {
            let area = collect(dark, width, start, &mut seen, &mut members).area();
            if largest.is_none_or(|(most, _)| area > most) {
                largest = Some((area, start));
            }
        }
    }
    if let Some((_, start)) = largest {
        seen.fill(false);
        collect(dark, width, start, &mut seen, &mut members);
        dark.fill(false);
        members.iter().for_each(|&index| dark[index] = true);
    }
}

/// Collects the region of `start` into `members` and marks it in `seen`.
fn collect(picture: &[bool], width: usize, start: usize, seen: &mut [bool], members: &mut Vec<usize>) -> Bounds {
    let kind = picture[start];
    let (x, y) = (start % width, start / width);
    let mut bounds = Bounds { left: x, right: x, top: y, bottom: y };
    members.clear();
    members.push(start);
    seen[start] = true;
    let mut next = 0;
    while next < members.len() {
        let index = members[next];
        next += 1;
        let (x, y) = (index % width, index / width);
        bounds.left = bounds.left.min(x);
        bounds.right = bounds.right.max(x);
        bounds.top = bounds.top.min(y);
        bounds.bottom = bounds.bottom.max(y);
        let neighbours = [
            (x > 0).then(|| index - 1),
            (x + 1 < width).then(|| index + 1),
            index.checked_sub(width),
            (index + width < picture.len()).then(|| index + width),
        ];
        for neighbour in neighbours.into_iter().flatten() {
            if picture[neighbour] == kind && !seen[neighbour] {
                seen[neighbour] = true;
                members.push(neighbour);
            }
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(drawn: &[&str]) -> Vec<String> {
        let width = drawn[0].len();
        let mut dark: Vec<bool> = drawn.concat().bytes().map(|b| b == b'#').collect();
        keep_largest_without_holes(&mut dark, width);
        let row = |row: &[bool]| row.iter().map(|&d| if d { '#' } else { '.' }).collect();
        dark.chunks_exact(width).map(row).collect()
    }

    #[test]
    fn drawn_cases() {
        for (before, after) in [
            (["......", ".####.", ".#..#.", ".####."], ["......", ".####.", ".####.", ".####."]),
            // A hole that touches the edge is none.
            (["......", ".####.", ".#..#.", ".#..#."], ["......", ".####.", ".#..#.", ".#..#."]),
            // The long thin region has the smaller box.
            (["######", "......", "####..", "#####."], ["......", "......", "####..", "#####."]),
            // Corners do not join dark regions, and the first of two equal ones stays.
            (["##....", "##....", "..##..", "..##.."], ["##....", "##....", "......", "......"]),
            (["......", "......", "......", "......"], ["......", "......", "......", "......"]),
        ] {
            assert_eq!(run(&before), after, "{before:?}");
        }
    }
}
