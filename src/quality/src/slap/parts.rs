//! The cells of each finger: ridge cells parted where fingers touch.

use super::ground::Ground;

/// Cost of a step to a side neighbour in the distance to the border; a diagonal step costs four (chamfer 3-4).
const STEP: u16 = 3;
/// Two hills of distance are one finger if the pass between them is at least this share of the lower one's height.
/// Own value: two touching fingertips stay below .8; a finger that is parted at its joint loses nothing.
const PASS: f32 = 0.78;
/// Cells that a finger's part has at least, in square millimetres. Own value: a fingertip has 100 and more.
const LEAST_MM2: f32 = 12.0;

/// The parts of one picture. Buffers stay for the next one.
#[derive(Default)]
pub(super) struct Parts {
    /// Cells of all parts, one part after the other.
    cells: Vec<usize>,
    /// Where each part ends in `cells`.
    ends: Vec<usize>,
    distance: Vec<u16>,
    order: Vec<usize>,
    label: Vec<u16>,
    /// For each hill the hill it is part of, its height, and its number of cells.
    parent: Vec<u16>,
    height: Vec<u16>,
    count: Vec<usize>,
    /// For each hill that is a part, where its next cell is listed.
    next: Vec<Option<usize>>,
}

impl Parts {
    /// Parts the ridge cells of `ground`; `mm` are the millimetres of a cell's side.
    pub fn find(&mut self, ground: &Ground, mm: f32) {
        self.cells.clear();
        self.ends.clear();
        self.measure_distance(ground);
        self.climb(ground.columns);
        self.collect((LEAST_MM2 / (mm * mm)) as usize);
    }

    /// Number of parts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cells of a part.
    pub fn cells(&self, part: usize) -> &[usize] {
        let from = if part == 0 { 0 } else { self.ends[part - 1] };
        &self.cells[from..self.ends[part]]
    }

    /// Distance of each cell to the nearest one without ridges. What lies beyond the platen counts as ridges, or a finger
    /// at its edge would be parted.
    fn measure_distance(&mut self, ground: &Ground) {
        let (columns, rows) = (ground.columns, ground.rows);
        self.distance.clear();
        self.distance.extend(ground.mask.iter().map(|set| if *set { u16::MAX / 2 } else { 0 }));
        let near = |distance: &[u16], row: usize, column: usize, down: isize, across: isize| {
            let (row, column) = (row.checked_add_signed(down)?, column.checked_add_signed(across)?);
            (row < rows && column < columns).then(|| distance[row * columns + column])
        };
        let mut relax = |row: usize, column: usize, way: isize| {
            let at = row * columns + column;
            let steps = [(-way, -way, STEP + 1), (-way, 0, STEP), (-way, way, STEP + 1), (0, -way, STEP)];
            for (down, across, cost) in steps {
                if let Some(other) = near(&self.distance, row, column, down, across) {
                    self.distance[at] = self.distance[at].min(other.saturating_add(cost));
                }
            }
        };
        for row in 0..rows {
            (0..columns).for_each(|column| relax(row, column, 1));
        }
        for row in (0..rows).rev() {
            (0..columns).rev().for_each(|column| relax(row, column, -1));
        }
    }

    /// Takes cells from the innermost to the outermost: each joins the hill beside it or begins one, and hills that meet
    /// high enough become one.
    fn climb(&mut self, columns: usize) {
        self.order.clear();
        self.order.extend((0..self.distance.len()).filter(|cell| self.distance[*cell] > 0));
        self.order.sort_by_key(|cell| u16::MAX - self.distance[*cell]);
        self.label.clear();
        self.label.resize(self.distance.len(), 0);
        for list in [&mut self.parent, &mut self.height] {
            list.clear();
            list.push(0);
        }
        self.count.clear();
        self.count.push(0);
        let rows = self.distance.len() / columns.max(1);
        let order = std::mem::take(&mut self.order);
        for &at in &order {
            let level = self.distance[at];
            let (column, row) = (at % columns, at / columns);
            let mut own = 0;
            for r in row.saturating_sub(1)..(row + 2).min(rows) {
                for c in column.saturating_sub(1)..(column + 2).min(columns) {
                    let other = self.root(self.label[r * columns + c]);
                    if other != 0 && other != own {
                        own = self.meet(own, other, level);
                    }
                }
            }
            if own == 0 && self.parent.len() < usize::from(u16::MAX) {
                own = self.parent.len() as u16;
                self.parent.push(own);
                self.height.push(level);
                self.count.push(0);
            }
            self.label[at] = own;
            self.count[usize::from(own)] += 1;
        }
        self.order = order;
    }

    fn root(&self, mut label: u16) -> u16 {
        while self.parent[usize::from(label)] != label {
            label = self.parent[usize::from(label)];
        }
        label
    }

    /// Two hills beside a cell of this level: one of them afterwards, or the higher of two that stay apart.
    fn meet(&mut self, own: u16, other: u16, level: u16) -> u16 {
        if own == 0 {
            return other;
        }
        let height = |hill: u16| self.height[usize::from(hill)];
        let (high, low) = if height(own) >= height(other) { (own, other) } else { (other, own) };
        if f32::from(level) >= PASS * f32::from(height(low)) {
            self.parent[usize::from(low)] = high;
            self.count[usize::from(high)] += self.count[usize::from(low)];
        }
        high
    }

    /// Lists the cells of every hill that is large enough.
    fn collect(&mut self, least: usize) {
        // Where the next cell of each hill goes: its list begins where those of the hills before it end.
        self.next.clear();
        self.next.resize(self.parent.len(), None);
        let mut end = 0;
        for hill in 1..self.parent.len() as u16 {
            let count = self.count[usize::from(hill)];
            if self.root(hill) == hill && count >= least.max(1) {
                self.next[usize::from(hill)] = Some(end);
                end += count;
                self.ends.push(end);
            }
        }
        self.cells.resize(end, 0);
        for at in 0..self.label.len() {
            let hill = usize::from(self.root(self.label[at]));
            if let Some(next) = &mut self.next[hill] {
                self.cells[*next] = at;
                *next += 1;
            }
        }
    }
}
