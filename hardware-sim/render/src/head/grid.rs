//! The grid of half the picture's resolution. Where the surface is smooth only every second node of every second row
//! is marched and the rest is interpolated; everywhere else each node has its own ray.

use super::figure::Material;
use super::lanes::{F4, LANES, V4};
use super::march::{BACK, Hit, Lamps, Solid, Starts, march, normals, reached};
use super::vec::V3;
use super::view::View;

/// Neighbours on a smooth surface: their normals differ by less than some nine degrees (this is the cosine)...
const ALIKE: f32 = 0.988;

/// ...the surface between four of them bends by less than this, cm...
const FLAT: f32 = 0.05;

/// ...and what reaches them of either light differs by less than this.
const EVEN: f32 = 0.12;

/// What stands out from a surface may be this much nearer to the camera than the nodes around it, cm.
pub(super) const RELIEF: f32 = 2.5;

/// What a ray found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    pub travel: f32,
    pub normal: V3,
    pub material: Material,
    pub open: f32,
    pub lit: f32,
}

/// Nodes two pixels apart.
pub(super) struct Grid {
    left: usize,
    top: usize,
    columns: usize,
    rows: usize,
    nodes: Vec<Option<Node>>,
}

/// A ray to march: its column and row in the grid, and where it starts.
type Order = (usize, usize, f32);

impl Grid {
    /// Marches what is needed for the picture within `bounds` (left, top, right and bottom, pixels).
    pub fn new(solid: &impl Solid, view: &View, lamps: &Lamps, bounds: [usize; 4], starts: &Starts) -> Self {
        // Odd numbers, so that the last node of every row and column is one of the first pass.
        let odd = |pixels: usize| (pixels.div_ceil(2) + 1) | 1;
        let (columns, rows) = (odd(bounds[2] - bounds[0]), odd(bounds[3] - bounds[1]));
        let nodes = vec![None; columns * rows];
        let mut grid = Self { left: bounds[0], top: bounds[1], columns, rows, nodes };
        let mut orders: Vec<Order> = Vec::with_capacity(columns * rows);
        for row in (0..rows).step_by(2) {
            for column in (0..columns).step_by(2) {
                orders.push((column, row, starts.at(2 * column, 2 * row)));
            }
        }
        grid.fill(solid, view, lamps, &orders);
        grid.refine(starts, &mut orders);
        grid.fill(solid, view, lamps, &orders);
        grid
    }

    /// Marches the rays, four at a time.
    fn fill(&mut self, solid: &impl Solid, view: &View, lamps: &Lamps, orders: &[Order]) {
        let mut packet: Vec<Order> = Vec::with_capacity(LANES);
        for order in orders.iter().filter(|order| order.2 <= view.depth() + BACK) {
            packet.push(*order);
            if packet.len() == LANES {
                self.shoot(solid, view, lamps, &packet);
                packet.clear();
            }
        }
        if !packet.is_empty() {
            self.shoot(solid, view, lamps, &packet);
        }
    }

    /// Up to four rays; the last one stands in for those that are missing.
    fn shoot(&mut self, solid: &impl Solid, view: &View, lamps: &Lamps, packet: &[Order]) {
        let orders: [Order; LANES] = std::array::from_fn(|lane| packet[lane.min(packet.len() - 1)]);
        let place = |(column, row, _): Order| view.ray((self.left + 2 * column) as f32, (self.top + 2 * row) as f32);
        let rays = V4::of(orders.map(place));
        let (travel, hit) = march(solid, view, rays, F4(orders.map(|order| order.2)));
        if hit == [false; LANES] {
            return;
        }
        let at = rays.scaled(travel) + view.eye;
        let normals = normals(solid, at);
        let (open, lit) = reached(solid, at, normals, lamps);
        let materials = solid.materials(at);
        for (lane, (column, row, _)) in orders.into_iter().enumerate().filter(|(lane, _)| hit[*lane]) {
            self.nodes[row * self.columns + column] = Some(Node {
                travel: travel.0[lane],
                normal: normals.lane(lane),
                material: materials[lane],
                open: open.0[lane],
                lit: lit.0[lane],
            });
        }
    }

    /// Interpolates the nodes between those of the first pass where the surface is smooth, and orders the others.
    fn refine(&mut self, starts: &Starts, orders: &mut Vec<Order>) {
        orders.clear();
        let (across, down) = (self.columns / 2, self.rows / 2);
        let mut smooth = vec![false; across * down];
        for (i, smooth) in smooth.iter_mut().enumerate() {
            *smooth = self.is_smooth(2 * (i % across), 2 * (i / across));
        }
        for row in 0..self.rows {
            for column in 0..self.columns {
                if row % 2 == 0 && column % 2 == 0 {
                    continue;
                }
                // The cells that the node lies in or between.
                let (right, below) = ((column / 2).min(across - 1), (row / 2).min(down - 1));
                let left = if column % 2 == 0 { right.saturating_sub(1) } else { right };
                let above = if row % 2 == 0 { below.saturating_sub(1) } else { below };
                if smooth[above * across + left] && smooth[below * across + right] {
                    self.nodes[row * self.columns + column] = self.blend(column, row);
                } else {
                    orders.push((column, row, self.start(column, row, starts)));
                }
            }
        }
    }

    /// The first pass's nodes around a node of the second: those beside it, above and below it, or at four corners.
    fn around(&self, column: usize, row: usize) -> [Option<&Node>; LANES] {
        let (left, right) = (column - column % 2, column + column % 2);
        let (above, below) = (row - row % 2, row + row % 2);
        let node = |column: usize, row: usize| self.nodes[row * self.columns + column].as_ref();
        [node(left, above), node(right, above), node(left, below), node(right, below)]
    }

    /// A ray between rays that hit starts shortly before them.
    fn start(&self, column: usize, row: usize, starts: &Starts) -> f32 {
        let safe = starts.at(2 * column, 2 * row);
        let around = self.around(column, row);
        if around.iter().any(Option::is_none) {
            return safe;
        }
        let nearest = around.iter().flatten().map(|node| node.travel).fold(f32::MAX, f32::min);
        safe.max(nearest - RELIEF)
    }

    fn blend(&self, column: usize, row: usize) -> Option<Node> {
        let [Some(a), Some(b), Some(c), Some(d)] = self.around(column, row) else { return None };
        let mean = |f: fn(&Node) -> f32| 0.25 * (f(a) + f(b) + f(c) + f(d));
        Some(Node {
            travel: mean(|node| node.travel),
            normal: (a.normal + b.normal + c.normal + d.normal).unit(),
            material: a.material,
            open: mean(|node| node.open),
            lit: mean(|node| node.lit),
        })
    }

    /// Whether the four nodes of the first pass around a cell show one smooth surface in one light.
    fn is_smooth(&self, column: usize, row: usize) -> bool {
        let node = |dx: usize, dy: usize| self.nodes[(row + dy) * self.columns + column + dx];
        let (Some(a), Some(b), Some(c), Some(d)) = (node(0, 0), node(2, 0), node(0, 2), node(2, 2)) else {
            return false;
        };
        let like = |one: &Node, other: &Node| {
            one.material == other.material
                && one.normal.dot(other.normal) > ALIKE
                && (one.open - other.open).abs() < EVEN
                && (one.lit - other.lit).abs() < EVEN
        };
        let bend = (a.travel + d.travel - b.travel - c.travel).abs();
        bend < FLAT && like(&a, &d) && like(&b, &c) && like(&a, &b) && like(&c, &d)
    }

    /// What the four nodes around two by two pixels say about them.
    pub fn cell(&self, column: usize, row: usize) -> Cell<'_> {
        let (right, below) = ((column + 1).min(self.columns - 1), (row + 1).min(self.rows - 1));
        let node = |c: usize, r: usize| self.nodes[r * self.columns + c].as_ref();
        let corners = [node(column, row), node(right, row), node(column, below), node(right, below)];
        let Some(first) = corners.iter().flatten().min_by(|a, b| a.travel.total_cmp(&b.travel)) else {
            return Cell::Nothing;
        };
        let same = |n: &Node| n.material == first.material && n.travel - first.travel < 0.8;
        match corners {
            [Some(a), Some(b), Some(c), Some(d)] if [a, b, c, d].into_iter().all(same) => Cell::Smooth([a, b, c, d]),
            _ => Cell::Edge(corners),
        }
    }

    /// The pixel `dx` to the right and `dy` below the first of a cell.
    pub fn between(nodes: [&Node; LANES], dx: usize, dy: usize) -> Node {
        let near = |d: usize| if d == 0 { 0.25 } else { 0.75 };
        let (tx, ty) = (near(dx), near(dy));
        let weights = [(1.0 - tx) * (1.0 - ty), tx * (1.0 - ty), (1.0 - tx) * ty, tx * ty];
        let mut blend = Node { travel: 0.0, normal: V3::default(), open: 0.0, lit: 0.0, ..*nodes[0] };
        for (node, weight) in nodes.into_iter().zip(weights) {
            blend.travel += node.travel * weight;
            blend.normal = blend.normal + node.normal * weight;
            blend.open += node.open * weight;
            blend.lit += node.lit * weight;
        }
        blend.normal = blend.normal.unit();
        blend
    }
}

/// The nodes around some pixels.
pub(super) type Corners<'a> = [Option<&'a Node>; LANES];

/// What the nodes around two by two pixels say about them.
pub(super) enum Cell<'a> {
    Edge(Corners<'a>),
    Nothing,
    Smooth([&'a Node; LANES]),
}

impl Node {
    pub fn hit(&self, at: V3, ray: V3) -> Hit {
        Hit { at, normal: self.normal, ray, material: self.material, open: self.open, lit: self.lit }
    }
}
