//! Where there are ridges: the platen as a coarse grid of cells, each with its ridge energy.

/// Groups of pixels along a cell's side. What they average away is the sensor's noise, not the ridges.
const GROUPS: usize = 4;
/// Pixels along a group's side at 500 ppi. Four groups are almost one ridge period, so that a cell on a print holds ridge
/// and valley. Own value.
const GROUP: usize = 2;
/// Deviation of grey values inside a cell (after averaging) that no clean platen reaches: its noise leaves 1.5. Own value.
const FLOOR: f32 = 6.0;
/// Share of the strong cells' energy below which a cell is residue: a fifth of their contrast. Own value.
const RESIDUE: f32 = 0.04;
/// Share of a finger's own strong cells' energy below which a cell lies outside it. Own value.
const EDGE: f32 = 0.12;
/// Cells on each side that a cell is compared with, and the share of their mean energy below which it is a gap. Own values.
const AROUND: usize = 8;
const WEAK: f64 = 0.3;
/// Which cell of those above the floor stands for the strong ones. Own value.
const STRONG: f32 = 0.8;

/// The grid of one picture. Buffers stay for the next one.
#[derive(Default)]
pub(super) struct Ground {
    /// Cells in a row.
    pub columns: usize,
    /// Rows of cells.
    pub rows: usize,
    /// Pixels along a cell's side.
    pub side: usize,
    /// Variance of grey values inside a cell, averaged over the cell and its neighbours.
    pub energy: Vec<f32>,
    /// Cells with ridges, holes filled.
    pub mask: Vec<bool>,
    raw: Vec<f32>,
    sums: Vec<u32>,
    means: Vec<f32>,
    sorted: Vec<f32>,
    spare: Vec<bool>,
    queue: Vec<usize>,
    table: Vec<(f64, f64)>,
}

impl Ground {
    /// Measures a picture of `width` pixels a row. Pixels beyond the last whole cell are left out.
    pub fn measure(&mut self, grey: &[u8], width: usize, height: usize, ppi: u16) {
        let group = ((usize::from(ppi) * GROUP + 250) / 500).clamp(1, 16);
        self.side = group * GROUPS;
        (self.columns, self.rows) = (width / self.side, height / self.side);
        self.raw.clear();
        self.raw.resize(self.columns * self.rows, 0.0);
        if self.raw.is_empty() {
            self.energy.clear();
            self.mask.clear();
            return;
        }
        for row in 0..self.rows {
            let band = &grey[row * self.side * width..][..self.side * width];
            self.measure_band(row, band, width, group);
        }
        box_mean(&self.raw, &mut self.energy, self.columns, self.rows);
        self.threshold();
    }

    /// One row of cells: within each, the variance of its groups' means.
    fn measure_band(&mut self, row: usize, band: &[u8], width: usize, group: usize) {
        let groups = self.columns * GROUPS;
        let cells = &mut self.raw[row * self.columns..][..self.columns];
        self.means.clear();
        self.means.resize(self.columns, 0.0);
        for rows in band.chunks_exact(width * group) {
            self.sums.clear();
            self.sums.resize(groups, 0);
            for line in rows.chunks_exact(width) {
                add_groups(&line[..groups * group], group, &mut self.sums);
            }
            for ((cell, mean), four) in cells.iter_mut().zip(&mut self.means).zip(self.sums.as_chunks::<GROUPS>().0) {
                let values = four.map(|sum| sum as f32);
                *mean += values.iter().sum::<f32>();
                *cell += values.iter().map(|value| value * value).sum::<f32>();
            }
        }
        let (count, pixels) = ((GROUPS * GROUPS) as f32, (group * group) as f32);
        for (cell, mean) in cells.iter_mut().zip(&self.means) {
            let mean = mean / count;
            *cell = (*cell / count - mean * mean).max(0.0) / (pixels * pixels);
        }
    }

    /// Cells above the floor and above what residue reaches; then holes are filled.
    fn threshold(&mut self) {
        let floor = FLOOR * FLOOR;
        self.sorted.clear();
        self.sorted.extend(self.energy.iter().copied().filter(|energy| *energy > floor));
        let strong = quantile(&mut self.sorted, STRONG);
        let least = floor.max(RESIDUE * strong);
        self.mask.clear();
        self.mask.extend(self.energy.iter().map(|energy| *energy > least));
        self.sharpen();
        let size = (self.columns, self.rows);
        fill_holes(&mut self.mask, size, &mut self.spare, &mut self.queue);
    }

    /// Takes cells away that are weak beside the others around them: the gap between two fingers is narrower than what
    /// averaging blurs.
    fn sharpen(&mut self) {
        let (columns, rows) = (self.columns, self.rows);
        // Running sums over the mask: energy and number of cells above and left of each place.
        self.table.clear();
        self.table.resize((columns + 1) * (rows + 1), (0.0, 0.0));
        for row in 0..rows {
            let mut line = (0.0, 0.0);
            for column in 0..columns {
                let at = row * columns + column;
                if self.mask[at] {
                    line = (line.0 + f64::from(self.energy[at]), line.1 + 1.0);
                }
                let above = self.table[row * (columns + 1) + column + 1];
                self.table[(row + 1) * (columns + 1) + column + 1] = (above.0 + line.0, above.1 + line.1);
            }
        }
        for row in 0..rows {
            let (top, bottom) = (row.saturating_sub(AROUND), (row + AROUND + 1).min(rows));
            for column in 0..columns {
                let at = row * columns + column;
                if !self.mask[at] {
                    continue;
                }
                let (left, right) = (column.saturating_sub(AROUND), (column + AROUND + 1).min(columns));
                let corner = |row: usize, column: usize| self.table[row * (columns + 1) + column];
                let (a, b, c, d) = (corner(bottom, right), corner(top, right), corner(bottom, left), corner(top, left));
                let (energy, cells) = (a.0 - b.0 - c.0 + d.0, a.1 - b.1 - c.1 + d.1);
                self.mask[at] = f64::from(self.energy[at]) * cells > WEAK * energy;
            }
        }
    }

    /// What energy a cell must have to belong to a finger whose cells these are.
    pub fn edge(&mut self, cells: &[usize]) -> f32 {
        self.sorted.clear();
        self.sorted.extend(cells.iter().map(|cell| self.energy[*cell]));
        let strong = quantile(&mut self.sorted, STRONG);
        (FLOOR * FLOOR).max(EDGE * strong)
    }
}

/// Adds each group's pixels of one line to its sum.
fn add_groups(line: &[u8], group: usize, sums: &mut [u32]) {
    if group == 2 {
        for (sum, pair) in sums.iter_mut().zip(line.as_chunks::<2>().0) {
            *sum += u32::from(pair[0]) + u32::from(pair[1]);
        }
    } else {
        for (sum, pixels) in sums.iter_mut().zip(line.chunks_exact(group)) {
            *sum += pixels.iter().copied().map(u32::from).sum::<u32>();
        }
    }
}

/// The value that this share of them do not exceed; 0 of none.
fn quantile(values: &mut [f32], share: f32) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f32 * share) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// The mean of each cell and its eight neighbours; at the border, of those there are.
fn box_mean(from: &[f32], to: &mut Vec<f32>, columns: usize, rows: usize) {
    to.clear();
    for row in 0..rows {
        let above = row.saturating_sub(1);
        let below = (row + 1).min(rows - 1);
        for column in 0..columns {
            let (left, right) = (column.saturating_sub(1), (column + 1).min(columns - 1));
            let lines = (above..=below).map(|r| from[r * columns + left..=r * columns + right].iter().sum::<f32>());
            to.push(lines.sum::<f32>() / ((below - above + 1) * (right - left + 1)) as f32);
        }
    }
}

/// Sets every cell that cannot be reached from the border over cells that are not set.
fn fill_holes(mask: &mut [bool], (columns, rows): (usize, usize), outside: &mut Vec<bool>, queue: &mut Vec<usize>) {
    outside.clear();
    outside.resize(mask.len(), false);
    queue.clear();
    let border = (0..columns).flat_map(|column| [column, (rows - 1) * columns + column]);
    let border = border.chain((0..rows).flat_map(|row| [row * columns, row * columns + columns - 1]));
    for at in border {
        if !mask[at] && !outside[at] {
            outside[at] = true;
            queue.push(at);
        }
    }
    while let Some(at) = queue.pop() {
        let (column, row) = (at % columns, at / columns);
        let near = [
            (column > 0).then(|| at - 1),
            (column + 1 < columns).then_some(at + 1),
            (row > 0).then(|| at - columns),
            (row + 1 < rows).then_some(at + columns),
        ];
        for next in near.into_iter().flatten() {
            if !mask[next] && !outside[next] {
                outside[next] = true;
                queue.push(next);
            }
        }
    }
    for (cell, outside) in mask.iter_mut().zip(outside) {
        *cell |= !*outside;
    }
}
