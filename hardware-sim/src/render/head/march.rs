//! From a solid to a picture: rays are marched on a grid of half the resolution, started where a coarser cone ended,
//! and the full picture interpolates between them except at edges, where every pixel gets its own rays.

use super::figure::Material;
use super::vec::{V3, v};
use super::view::View;

/// Something rays can hit and light can fall on. Coordinates are the head's.
pub(super) trait Solid {
    /// Distance to the surface, or a bound below it.
    fn distance(&self, p: V3) -> f32;
    /// What the surface here is made of.
    fn material(&self, p: V3) -> Material;
    /// Colour of a point of the surface.
    fn shade(&self, hit: &Hit, lamps: &Lamps) -> V3;
    /// How far the solid reaches from the origin: to the sides, up.
    fn reach(&self) -> (f32, f32);
}

/// A point of a surface that a pixel shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub at: V3,
    pub normal: V3,
    /// From the camera to the point, unit length.
    pub ray: V3,
    pub material: Material,
    /// Share of the room's light that reaches the point.
    pub open: f32,
    /// Share of the main lamp's light that reaches the point.
    pub lit: f32,
}

/// The lamps in the head's coordinates, with their colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lamps {
    pub key: V3,
    pub key_colour: V3,
    pub fill: V3,
    pub fill_colour: V3,
    pub up: V3,
    pub ambient: V3,
}

/// A linear picture.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<V3>,
}

/// Rays end after this many steps; those that do graze a surface.
const STEPS: usize = 48;

/// A surface is reached at this distance, cm: a third of a pixel at arm's length.
const NEAR: f32 = 0.03;

/// Nothing of a figure is nearer to the camera than its centre by more than this, cm, or further.
const FRONT: f32 = 15.0;
const BACK: f32 = 16.0;

/// Side of the blocks that share a cone, pixels.
const BLOCK: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Node {
    travel: f32,
    normal: V3,
    material: Material,
    open: f32,
    lit: f32,
}

struct Grid {
    left: usize,
    top: usize,
    columns: usize,
    rows: usize,
    nodes: Vec<Option<Node>>,
}

/// Draws a solid over what the canvas shows.
pub(super) fn draw(solid: &impl Solid, view: &View, lamps: &Lamps, canvas: &mut Canvas) {
    let Some(bounds) = bounds(solid, view, canvas) else { return };
    let starts = cones(solid, view, bounds);
    let grid = coarse(solid, view, lamps, bounds, &starts);
    for y in bounds[1]..bounds[3] {
        for x in bounds[0]..bounds[2] {
            let pixel = &mut canvas.pixels[y * canvas.width + x];
            match grid.between(x, y) {
                Between::Nothing => {}
                Between::Inside(node) => {
                    let ray = view.ray(x as f32 + 0.5, y as f32 + 0.5);
                    *pixel = solid.shade(&node.hit(view.eye + ray * node.travel, ray), lamps);
                }
                Between::Edge(like) => *pixel = edge(solid, view, lamps, (x, y), like, *pixel),
            }
        }
    }
}

/// First and one past the last column and row that can show the solid.
fn bounds(solid: &impl Solid, view: &View, canvas: &Canvas) -> Option<[usize; 4]> {
    let (side, up) = solid.reach();
    let (x, y) = view.project(V3::default());
    let scale = 1.0 / view.pixel() * view.depth() / (view.depth() - 8.0);
    let clip = |a: f32, limit: usize| (a.max(0.0) as usize).min(limit);
    let found = [
        clip(x - side * scale, canvas.width),
        clip(y - up * scale, canvas.height),
        clip(x + side * scale + 1.0, canvas.width),
        if side > 15.0 { canvas.height } else { clip(y + up * scale + 1.0, canvas.height) },
    ];
    (found[0] < found[2] && found[1] < found[3]).then_some(found)
}

/// For every block of pixels, how far its rays can safely go at once.
fn cones(solid: &impl Solid, view: &View, bounds: [usize; 4]) -> (usize, Vec<f32>) {
    let columns = (bounds[2] - bounds[0]).div_ceil(BLOCK);
    let rows = (bounds[3] - bounds[1]).div_ceil(BLOCK);
    let end = view.depth() + BACK;
    // Half a block's diagonal and a pixel more, at the far end.
    let widest = 0.75 * (BLOCK as f32 + 2.0) * view.pixel() * 1.2;
    let mut starts = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let x = (bounds[0] + column * BLOCK + BLOCK / 2) as f32;
            let y = (bounds[1] + row * BLOCK + BLOCK / 2) as f32;
            let ray = view.ray(x, y);
            let mut travel = view.depth() - FRONT;
            for _ in 0..STEPS {
                let free = solid.distance(view.eye + ray * travel);
                if free < widest || travel > end {
                    break;
                }
                travel += (free - widest) * 0.95 + 0.02;
            }
            starts.push(travel);
        }
    }
    (columns, starts)
}

/// The grid of half resolution.
fn coarse(solid: &impl Solid, view: &View, lamps: &Lamps, bounds: [usize; 4], starts: &(usize, Vec<f32>)) -> Grid {
    let columns = (bounds[2] - bounds[0]).div_ceil(2) + 1;
    let rows = (bounds[3] - bounds[1]).div_ceil(2) + 1;
    let mut nodes = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let ray = view.ray((bounds[0] + 2 * column) as f32, (bounds[1] + 2 * row) as f32);
            let block_row = (2 * row / BLOCK).min(starts.1.len() / starts.0 - 1);
            let start = starts.1[block_row * starts.0 + (2 * column / BLOCK).min(starts.0 - 1)];
            let node = march(solid, view, ray, start).map(|travel| {
                let at = view.eye + ray * travel;
                let normal = normal(solid, at);
                let (open, lit) = reached(solid, at, normal, lamps);
                Node { travel, normal, material: solid.material(at), open, lit }
            });
            nodes.push(node);
        }
    }
    Grid { left: bounds[0], top: bounds[1], columns, rows, nodes }
}

/// How far the ray goes until it hits.
fn march(solid: &impl Solid, view: &View, ray: V3, start: f32) -> Option<f32> {
    let end = view.depth() + BACK;
    let mut travel = start;
    for _ in 0..STEPS {
        let free = solid.distance(view.eye + ray * travel);
        if free < NEAR {
            return Some(travel + free);
        }
        travel += free * 0.92;
        if travel > end {
            return None;
        }
    }
    None
}

/// The surface's normal from four distances (Quilez's tetrahedron).
fn normal(solid: &impl Solid, p: V3) -> V3 {
    const H: f32 = 0.06;
    let corners = [v(1.0, -1.0, -1.0), v(-1.0, -1.0, 1.0), v(-1.0, 1.0, -1.0), v(1.0, 1.0, 1.0)];
    corners.iter().fold(V3::default(), |sum, &c| sum + c * solid.distance(p + c * H)).unit()
}

/// How much of the room's light and of the main lamp reaches a point.
fn reached(solid: &impl Solid, p: V3, normal: V3, lamps: &Lamps) -> (f32, f32) {
    let near = (0.5 - solid.distance(p + normal * 0.5)).max(0.0) / 0.5;
    let far = (1.8 - solid.distance(p + normal * 1.8)).max(0.0) / 1.8;
    let open = (1.0 - 0.45 * near - 0.5 * far).clamp(0.12, 1.0);
    if normal.dot(lamps.key) < -0.15 {
        return (open, 0.0);
    }
    let mut lit = 1.0_f32;
    let mut travel = 0.35;
    for _ in 0..7 {
        let free = solid.distance(p + normal * 0.12 + lamps.key * travel);
        lit = lit.min(5.0 * free / travel + 0.15);
        travel += free.clamp(0.35, 2.5);
        if lit < 0.05 || travel > 12.0 {
            break;
        }
    }
    (open, lit.clamp(0.0, 1.0))
}

/// Four rays for a pixel on an edge.
fn edge(solid: &impl Solid, view: &View, lamps: &Lamps, (x, y): (usize, usize), like: Node, behind: V3) -> V3 {
    let mut sum = V3::default();
    for (dx, dy) in [(0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875)] {
        let ray = view.ray(x as f32 + dx, y as f32 + dy);
        let start = (like.travel - 3.0).max(view.depth() - FRONT);
        sum = sum
            + march(solid, view, ray, start).map_or(behind, |travel| {
                let at = view.eye + ray * travel;
                let node = Node { travel, normal: normal(solid, at), material: solid.material(at), ..like };
                solid.shade(&node.hit(at, ray), lamps)
            });
    }
    sum * 0.25
}

enum Between {
    Edge(Node),
    Inside(Node),
    Nothing,
}

impl Node {
    fn hit(&self, at: V3, ray: V3) -> Hit {
        Hit { at, normal: self.normal, ray, material: self.material, open: self.open, lit: self.lit }
    }
}

impl Grid {
    /// What the four nodes around a pixel's centre say about it.
    fn between(&self, x: usize, y: usize) -> Between {
        let (column, row) = ((x - self.left) / 2, (y - self.top) / 2);
        let (right, below) = ((column + 1).min(self.columns - 1), (row + 1).min(self.rows - 1));
        let node = |c: usize, r: usize| self.nodes[r * self.columns + c].as_ref();
        let corners = [node(column, row), node(right, row), node(column, below), node(right, below)];
        let Some(first) = corners.iter().flatten().min_by(|a, b| a.travel.total_cmp(&b.travel)) else {
            return Between::Nothing;
        };
        let same = |n: &&Node| n.material == first.material && n.travel - first.travel < 0.8;
        if corners.iter().flatten().filter(|n| same(n)).count() < 4 {
            return Between::Edge(**first);
        }
        let tx = if (x - self.left) % 2 == 0 { 0.25 } else { 0.75 };
        let ty = if (y - self.top) % 2 == 0 { 0.25 } else { 0.75 };
        let weights = [(1.0 - tx) * (1.0 - ty), tx * (1.0 - ty), (1.0 - tx) * ty, tx * ty];
        let mut blend = Node { travel: 0.0, normal: V3::default(), open: 0.0, lit: 0.0, ..**first };
        for (node, weight) in corners.iter().flatten().zip(weights) {
            blend.travel += node.travel * weight;
            blend.normal = blend.normal + node.normal * weight;
            blend.open += node.open * weight;
            blend.lit += node.lit * weight;
        }
        blend.normal = blend.normal.unit();
        Between::Inside(blend)
    }
}
