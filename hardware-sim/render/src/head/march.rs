//! From a solid to a picture: rays are marched on a grid of half the resolution, started where a coarser cone ended,
//! and the full picture interpolates between them except at edges, where every pixel gets its own rays.

use super::figure::Material;
use super::lanes::{F4, LANES, V4};
use super::vec::{V3, v};
use super::view::View;

/// Something rays can hit and light can fall on. Coordinates are the head's.
pub(super) trait Solid {
    /// Distance to the surface, or a bound below it.
    fn distance(&self, p: V4) -> F4;
    /// Distance to a plainer solid that throws the shadows: smooth everywhere, without bounds in place of distances.
    fn shadow(&self, p: V4) -> F4;
    /// What the nearest surface is made of.
    fn materials(&self, p: V4) -> [Material; LANES];
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
const STEPS: usize = 72;

/// Steps of a ray towards the main lamp.
const SHADOW_STEPS: usize = 10;

/// A surface is reached at this distance, cm: a third of a pixel at arm's length.
const NEAR: f32 = 0.03;

/// Nothing of a figure is nearer to the camera than its centre by more than this, cm, or further.
const FRONT: f32 = 15.0;
const BACK: f32 = 16.0;

/// Side of the blocks that share a cone, pixels.
const BLOCK: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
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
                Between::Edge(near) => *pixel = edge(solid, view, lamps, (x, y), near, *pixel),
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
fn cones(solid: &impl Solid, view: &View, bounds: [usize; 4]) -> Starts {
    let columns = (bounds[2] - bounds[0]).div_ceil(BLOCK);
    let rows = (bounds[3] - bounds[1]).div_ceil(BLOCK);
    let end = view.depth() + BACK;
    // Half a block's diagonal and a pixel more, at the far end.
    let widest = 0.75 * (BLOCK as f32 + 2.0) * view.pixel() * 1.2;
    let mut travel = Vec::with_capacity(columns * rows + LANES);
    for first in (0..columns * rows).step_by(LANES) {
        let rays = V4::of(std::array::from_fn(|lane| {
            let (column, row) = ((first + lane) % columns, (first + lane) / columns);
            let x = bounds[0] + column * BLOCK + BLOCK / 2;
            view.ray(x as f32, (bounds[1] + row * BLOCK + BLOCK / 2) as f32)
        }));
        let mut gone = F4::all(view.depth() - FRONT);
        for _ in 0..STEPS {
            let free = solid.distance(rays.scaled(gone) + view.eye) - widest;
            let step = free.zip(gone, |free, gone| if free < 0.0 || gone > end { 0.0 } else { free * 0.95 + 0.02 });
            gone = gone + step;
            if step.most() <= 0.0 {
                break;
            }
        }
        travel.extend(gone.0);
    }
    Starts { columns, rows, travel }
}

/// The grid of half resolution, two by two nodes at a time.
fn coarse(solid: &impl Solid, view: &View, lamps: &Lamps, bounds: [usize; 4], starts: &Starts) -> Grid {
    let columns = ((bounds[2] - bounds[0]).div_ceil(2) + 1).next_multiple_of(2);
    let rows = ((bounds[3] - bounds[1]).div_ceil(2) + 1).next_multiple_of(2);
    let mut nodes = vec![None; columns * rows];
    for row in (0..rows).step_by(2) {
        for column in (0..columns).step_by(2) {
            let places: [(usize, usize); LANES] =
                [(column, row), (column + 1, row), (column, row + 1), (column + 1, row + 1)];
            let start = F4(places.map(|(c, r)| starts.at(2 * c, 2 * r)));
            if start.least() > view.depth() + BACK {
                continue;
            }
            let rays = V4::of(places.map(|(c, r)| view.ray((bounds[0] + 2 * c) as f32, (bounds[1] + 2 * r) as f32)));
            let (travel, hit) = march(solid, view, rays, start);
            if hit == [false; LANES] {
                continue;
            }
            let at = rays.scaled(travel) + view.eye;
            let normals = normals(solid, at);
            let (open, lit) = reached(solid, at, normals, lamps);
            let materials = solid.materials(at);
            for (lane, (c, r)) in places.into_iter().enumerate().filter(|(lane, _)| hit[*lane]) {
                nodes[r * columns + c] = Some(Node {
                    travel: travel.0[lane],
                    normal: normals.lane(lane),
                    material: materials[lane],
                    open: open.0[lane],
                    lit: lit.0[lane],
                });
            }
        }
    }
    Grid { left: bounds[0], top: bounds[1], columns, rows, nodes }
}

/// How far the rays go, and which of them hit.
fn march(solid: &impl Solid, view: &View, rays: V4, start: F4) -> (F4, [bool; LANES]) {
    let end = view.depth() + BACK;
    let mut travel = start;
    let mut free = F4::all(f32::MAX);
    for _ in 0..STEPS {
        free = solid.distance(rays.scaled(travel) + view.eye);
        let step = free.zip(travel, |free, gone| if free < NEAR || gone > end { 0.0 } else { free * 0.97 });
        travel = travel + step;
        if step.most() <= 0.0 {
            break;
        }
    }
    // A ray still creeping along the surface after all steps has in effect arrived.
    let hit = std::array::from_fn(|lane| free.0[lane] < 10.0 * NEAR && travel.0[lane] <= end);
    (travel, hit)
}

/// The surface's normals from four distances each (Quilez's tetrahedron).
fn normals(solid: &impl Solid, p: V4) -> V4 {
    const H: f32 = 0.06;
    let corners = [v(1.0, -1.0, -1.0), v(-1.0, -1.0, 1.0), v(-1.0, 1.0, -1.0), v(1.0, 1.0, 1.0)];
    let mut sum = V4::all(V3::default());
    for corner in corners {
        let d = solid.distance(p + corner * H);
        sum = sum + V4::all(corner).scaled(d);
    }
    let length = sum.length() + 1e-9;
    sum.scaled(F4::all(1.0).over(length))
}

/// How much of the room's light and of the main lamp reaches the points.
fn reached(solid: &impl Solid, p: V4, normal: V4, lamps: &Lamps) -> (F4, F4) {
    let blocked = |free: F4, reach: f32| (-free + reach).max(F4::all(0.0)) * (1.0 / reach);
    let out = |reach: f32| p + normal.scaled(F4::all(reach));
    let near = blocked(solid.distance(out(0.5)), 0.5);
    // Where the plain solid lies outside the real one, as in the eye sockets, it must not hide the surface itself.
    let from = out(0.15);
    let buried = solid.shadow(from).min(F4::all(0.0));
    let far = blocked(solid.shadow(out(1.8)) - buried * 0.6, 1.8).min(F4::all(1.0));
    let open = (near * -0.45 - far * 0.5 + 1.0).max(F4::all(0.12)).min(F4::all(1.0));
    let facing = normal.dot(V4::all(lamps.key));
    if facing.most() < -0.15 {
        return (open, F4::all(0.0));
    }
    let mut lit = F4::all(1.0);
    let mut travel = F4::all(0.4);
    for _ in 0..SHADOW_STEPS {
        let free = solid.shadow(from + V4::all(lamps.key).scaled(travel)) - buried;
        // The nearer a ray passes, for its length, the more of the lamp is hidden: a lamp some 25 degrees wide.
        lit = lit.min(free.over(travel) * 4.5 + 0.1);
        travel = travel + free.max(F4::all(0.3)).min(F4::all(2.6));
        if lit.most() < 0.02 || travel.least() > 16.0 {
            break;
        }
    }
    (open, lit.max(F4::all(0.0)).map(|t| t * t * (3.0 - 2.0 * t)))
}

/// Four rays for a pixel on an edge.
fn edge(solid: &impl Solid, view: &View, lamps: &Lamps, (x, y): (usize, usize), near: Corners<'_>, behind: V3) -> V3 {
    let places = [(0.375, 0.125), (0.875, 0.375), (0.125, 0.625), (0.625, 0.875)];
    let rays = V4::of(places.map(|(dx, dy)| view.ray(x as f32 + dx, y as f32 + dy)));
    let nearest = near.iter().flatten().map(|node| node.travel).fold(f32::MAX, f32::min);
    let start = (nearest - 2.5).max(view.depth() - FRONT);
    let (travel, hit) = march(solid, view, rays, F4::all(start));
    if hit == [false; LANES] {
        return behind;
    }
    let at = rays.scaled(travel) + view.eye;
    let normals = normals(solid, at);
    let materials = solid.materials(at);
    let sum = (0..LANES).fold(V3::default(), |sum, lane| {
        if !hit[lane] {
            return sum + behind;
        }
        // The light is that of the neighbour on the same surface, which is the one at the same distance.
        let off = |node: &Node| (node.travel - travel.0[lane]).abs();
        let like = near.iter().flatten().min_by(|a, b| off(a).total_cmp(&off(b)));
        let (open, lit) = like.map_or((1.0, 1.0), |node| (node.open, node.lit));
        let node = Node { travel: 0.0, normal: normals.lane(lane), material: materials[lane], open, lit };
        sum + solid.shade(&node.hit(at.lane(lane), rays.lane(lane)), lamps)
    });
    sum * (1.0 / LANES as f32)
}

struct Starts {
    columns: usize,
    rows: usize,
    travel: Vec<f32>,
}

impl Starts {
    /// For a pixel counted from the bounds' corner.
    fn at(&self, x: usize, y: usize) -> f32 {
        self.travel[(y / BLOCK).min(self.rows - 1) * self.columns + (x / BLOCK).min(self.columns - 1)]
    }
}

/// The nodes around a pixel.
type Corners<'a> = [Option<&'a Node>; LANES];

enum Between<'a> {
    Edge(Corners<'a>),
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
    fn between(&self, x: usize, y: usize) -> Between<'_> {
        let (column, row) = ((x - self.left) / 2, (y - self.top) / 2);
        let (right, below) = ((column + 1).min(self.columns - 1), (row + 1).min(self.rows - 1));
        let node = |c: usize, r: usize| self.nodes[r * self.columns + c].as_ref();
        let corners = [node(column, row), node(right, row), node(column, below), node(right, below)];
        let Some(first) = corners.iter().flatten().min_by(|a, b| a.travel.total_cmp(&b.travel)) else {
            return Between::Nothing;
        };
        let same = |n: &&Node| n.material == first.material && n.travel - first.travel < 0.8;
        if corners.iter().flatten().filter(|n| same(n)).count() < 4 {
            return Between::Edge(corners);
        }
        let tx = if (x - self.left).is_multiple_of(2) { 0.25 } else { 0.75 };
        let ty = if (y - self.top).is_multiple_of(2) { 0.25 } else { 0.75 };
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
