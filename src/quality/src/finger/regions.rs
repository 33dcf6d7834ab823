//! Connected regions of a two-level picture, as runs of its rows.

/// Pixels of one level side by side in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub y: u32,
    /// The first column.
    pub from: u32,
    /// The column after the last.
    pub to: u32,
    pub dark: bool,
    /// An earlier run of the same region, or this one.
    parent: u32,
}

/// A region's bounding box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    left: u32,
    right: u32,
    top: u32,
    bottom: u32,
}

impl Bounds {
    const NONE: Self = Self { left: u32::MAX, right: 0, top: u32::MAX, bottom: 0 };

    fn take_in(&mut self, run: &Run) {
        self.left = self.left.min(run.from);
        self.right = self.right.max(run.to);
        self.top = self.top.min(run.y);
        self.bottom = self.bottom.max(run.y + 1);
    }

    fn area(&self) -> u64 {
        u64::from(self.right - self.left) * u64::from(self.bottom - self.top)
    }

    fn touches_edge(&self, width: u32, height: u32) -> bool {
        self.left == 0 || self.top == 0 || self.right == width || self.bottom == height
    }
}

/// The runs of a two-level picture, row by row.
#[derive(Default)]
pub(super) struct Regions {
    /// All runs; every row is covered from its first to its last column.
    runs: Vec<Run>,
    bounds: Vec<Bounds>,
    width: u32,
    height: u32,
}

impl Regions {
    /// A picture that has no row yet. Room is made for pictures of that size: runs of four pixels are more than there
    /// ever are after a blur.
    pub fn clear(&mut self, width: usize, height: usize) {
        self.runs.clear();
        self.bounds.clear();
        self.runs.reserve((width / 4 + 2) * height);
        self.bounds.reserve((width / 4 + 2) * height);
        (self.width, self.height) = (width as u32, 0);
    }

    /// The next row: its greys, of which those up to the threshold are dark.
    #[inline(always)]
    pub fn add_row(&mut self, greys: &[u8], threshold: u8) {
        let y = self.height;
        self.height += 1;
        let mut from = 0;
        let mut dark = greys[0] <= threshold;
        let runs = &mut self.runs;
        let mut change = |at: usize| {
            runs.push(Run { y, from, to: at as u32, dark, parent: runs.len() as u32 });
            from = at as u32;
            dark = !dark;
        };
        // Most groups of neighbours hold no change.
        const GROUP: usize = 32;
        let (before, after) = (&greys[..greys.len() - 1], &greys[1..]);
        let mut group = 0;
        while group + GROUP <= after.len() {
            let (a, b) = (&before[group..group + GROUP], &after[group..group + GROUP]);
            let mut differ = 0u8;
            for i in 0..GROUP {
                differ |= u8::from(a[i] <= threshold) ^ u8::from(b[i] <= threshold);
            }
            if differ != 0 {
                (0..GROUP).filter(|&i| (a[i] <= threshold) != (b[i] <= threshold)).for_each(|i| change(group + i + 1));
            }
            group += GROUP;
        }
        (group..after.len())
            .filter(|&i| (before[i] <= threshold) != (after[i] <= threshold))
            .for_each(|i| change(i + 1));
        change(greys.len());
    }

    /// Fills the holes of what is dark (light regions, joined by edges, that do not touch the picture's edge), then
    /// keeps only the dark region (joined by edges) with the largest bounding box, the first from the top where two
    /// are equal. The runs of what was kept are dark, all others are light.
    pub fn keep_largest_without_holes(&mut self) {
        self.join();
        let (width, height) = (self.width, self.height);
        for run in 0..self.runs.len() {
            let root = self.root(run);
            if !self.runs[run].dark && !self.bounds[root].touches_edge(width, height) {
                self.runs[run].dark = true;
            }
        }
        self.join();
        let mut largest: Option<(u64, usize)> = None;
        for (run, bounds) in self.bounds.iter().enumerate() {
            // Only roots have bounds, and the root of a region is its first run.
            if self.runs[run].dark && self.runs[run].parent as usize == run {
                let area = bounds.area();
                if largest.is_none_or(|(most, _)| area > most) {
                    largest = Some((area, run));
                }
            }
        }
        let kept = largest.map(|(_, root)| root);
        for run in 0..self.runs.len() {
            let root = self.root(run);
            self.runs[run].dark = Some(root) == kept;
        }
    }

    /// The dark runs.
    pub fn dark(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.dark)
    }

    /// Joins runs of one level that touch by an edge, and finds the bounds of every region.
    fn join(&mut self) {
        for (index, run) in self.runs.iter_mut().enumerate() {
            run.parent = index as u32;
        }
        // `above` goes through the row before while `run` goes through its own.
        let mut above = 0;
        for run in 1..self.runs.len() {
            let Run { y, from, to, dark, .. } = self.runs[run];
            if self.runs[run - 1].y == y && self.runs[run - 1].dark == dark {
                self.unite(run - 1, run);
            }
            if y == 0 {
                continue;
            }
            while self.runs[above].y + 1 < y || (self.runs[above].y + 1 == y && self.runs[above].to <= from) {
                above += 1;
            }
            let mut other = above;
            while self.runs[other].y + 1 == y && self.runs[other].from < to {
                if self.runs[other].dark == dark {
                    self.unite(other, run);
                }
                other += 1;
            }
        }
        self.bounds.clear();
        self.bounds.resize(self.runs.len(), Bounds::NONE);
        for run in 0..self.runs.len() {
            let root = self.root(run);
            self.bounds[root].take_in(&self.runs[run]);
        }
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The first run stays the root.
        self.runs[one.max(other)].parent = one.min(other) as u32;
    }

    fn root(&mut self, mut run: usize) -> usize {
        while self.runs[run].parent as usize != run {
            // Every second step is made shorter for the next who comes along.
            let grandparent = self.runs[self.runs[run].parent as usize].parent;
            self.runs[run].parent = grandparent;
            run = grandparent as usize;
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::definition::largest_without_holes;
    use proptest::prelude::*;

    fn run(width: usize, dark: &[bool]) -> Vec<bool> {
        let mut regions = Regions::default();
        regions.clear(width, dark.len() / width);
        for row in dark.chunks_exact(width) {
            regions.add_row(&row.iter().map(|&dark| if dark { 7 } else { 8 }).collect::<Vec<_>>(), 7);
        }
        regions.keep_largest_without_holes();
        let mut out = vec![false; dark.len()];
        for run in regions.dark() {
            out[run.y as usize * width..][run.from as usize..run.to as usize].fill(true);
        }
        out
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
            let dark: Vec<bool> = before.concat().bytes().map(|b| b == b'#').collect();
            let row = |row: &[bool]| row.iter().map(|&d| if d { '#' } else { '.' }).collect::<String>();
            assert_eq!(run(6, &dark).chunks_exact(6).map(row).collect::<Vec<_>>(), after, "{before:?}");
        }
    }

    proptest! {
        #[test]
        fn runs_give_the_regions_of_the_definition(
            width in 1usize..70, cells in prop::collection::vec(0u8..10, 1..700), share in 1u8..10,
        ) {
            let rows = cells.len().div_ceil(width);
            let dark: Vec<bool> = (0..rows * width).map(|i| cells[i % cells.len()] < share).collect();
            prop_assert_eq!(run(width, &dark), largest_without_holes(width, &dark));
        }
    }
}
