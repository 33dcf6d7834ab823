//! From a solid to a picture: rays are marched on a grid, started where a coarser cone ended, and the full picture
//! interpolates between them except at edges, where every pixel gets its own rays.

use super::figure::Material;
use super::grid::{Cell, Corners, Grid, Node, RELIEF};
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
pub(super) const BACK: f32 = 16.0;

/// Side of the blocks that share a cone, pixels.
const BLOCK: usize = 16;

/// Draws a solid over what the canvas shows.
pub(super) fn draw(solid: &impl Solid, view: &View, lamps: &Lamps, canvas: &mut Canvas) {
    let Some(bounds) = bounds(solid, view, canvas) else { return };
    let starts = cones(solid, view, bounds);
    let grid = Grid::new(solid, view, lamps, bounds, &starts);
    for (row, y) in (bounds[1]..bounds[3]).step_by(2).enumerate() {
        for (column, x) in (bounds[0]..bounds[2]).step_by(2).enumerate() {
            // Four pixels between four nodes, or fewer at the border.
            let (wide, high) = (2.min(bounds[2] - x), 2.min(bounds[3] - y));
            match grid.cell(column, row) {
                Cell::Nothing => {}
                Cell::Smooth(nodes) => {
                    for (dx, dy) in (0..high).flat_map(|dy| (0..wide).map(move |dx| (dx, dy))) {
                        let ray = view.ray((x + dx) as f32 + 0.5, (y + dy) as f32 + 0.5);
                        let node = Grid::between(nodes, dx, dy);
                        let light = solid.shade(&node.hit(view.eye + ray * node.travel, ray), lamps);
                        canvas.pixels[(y + dy) * canvas.width + x + dx] = light;
                    }
                }
                Cell::Edge(near) => {
                    for dy in 0..high {
                        let from = (y + dy) * canvas.width + x;
                        edge(solid, view, lamps, (x, y + dy), near, &mut canvas.pixels[from..from + wide]);
                    }
                }
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

/// How far the rays go, and which of them hit.
pub(super) fn march(solid: &impl Solid, view: &View, rays: V4, start: F4) -> (F4, [bool; LANES]) {
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
pub(super) fn normals(solid: &impl Solid, p: V4) -> V4 {
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
pub(super) fn reached(solid: &impl Solid, p: V4, normal: V4, lamps: &Lamps) -> (F4, F4) {
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

/// Two neighbouring pixels on an edge, two rays each. The lens's softness does the rest.
fn edge(solid: &impl Solid, view: &View, lamps: &Lamps, (x, y): (usize, usize), near: Corners<'_>, pixels: &mut [V3]) {
    let places = [(0.25, 0.25), (0.75, 0.75), (1.25, 0.75), (1.75, 0.25)];
    let rays = V4::of(places.map(|(dx, dy)| view.ray(x as f32 + dx, y as f32 + dy)));
    let nearest = near.iter().flatten().map(|node| node.travel).fold(f32::MAX, f32::min);
    let start = (nearest - RELIEF).max(view.depth() - FRONT);
    let (travel, hit) = march(solid, view, rays, F4::all(start));
    if hit == [false; LANES] {
        return;
    }
    let at = rays.scaled(travel) + view.eye;
    let normals = normals(solid, at);
    let materials = solid.materials(at);
    let shade = |lane: usize| {
        // The light is that of the neighbour on the same surface, which is the one at the same distance.
        let off = |node: &Node| (node.travel - travel.0[lane]).abs();
        let like = near.iter().flatten().min_by(|a, b| off(a).total_cmp(&off(b)));
        let (open, lit) = like.map_or((1.0, 1.0), |node| (node.open, node.lit));
        let node = Node { travel: 0.0, normal: normals.lane(lane), material: materials[lane], open, lit };
        solid.shade(&node.hit(at.lane(lane), rays.lane(lane)), lamps)
    };
    for (pixel, lanes) in pixels.iter_mut().zip([[0, 1], [2, 3]]) {
        let behind = *pixel;
        let seen = lanes.map(|lane| if hit[lane] { shade(lane) } else { behind });
        *pixel = (seen[0] + seen[1]) * 0.5;
    }
}

/// How far the rays of each block of pixels can safely go at once.
pub(super) struct Starts {
    columns: usize,
    rows: usize,
    travel: Vec<f32>,
}

impl Starts {
    /// For a pixel counted from the bounds' corner.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.travel[(y / BLOCK).min(self.rows - 1) * self.columns + (x / BLOCK).min(self.columns - 1)]
    }
}
