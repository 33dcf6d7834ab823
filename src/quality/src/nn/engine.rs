//! Running a network: one block of memory, made once, and the steps of the plan.

use super::kernel::{Activate, Dense, DepthwiseRow, Pool};
use super::network::{Activation, Network, Shape, TALLEST, Window};
use super::plan::{Depthwise, Gather, Plan, Step};
use crate::simd::{self, Isa};
use std::ops::Range;
use zeroize::Zeroize;

/// About how many pixels are gathered before they are multiplied: few enough that they stay close to the processor, and
/// enough that the weights are read seldom.
const GATHERED: usize = 48;

/// A network with the memory to run it. Nothing is allocated while it runs.
#[derive(Clone, Debug)]
pub struct Engine {
    plan: Plan,
    memory: Vec<f32>,
    gathered: Vec<f32>,
    zeros: Vec<f32>,
    isa: Isa,
    products: u64,
}

impl Engine {
    /// Plans the network for this processor.
    pub fn new(network: &Network) -> Self {
        Self::with(network, Isa::widest())
    }

    /// As [`Engine::new`], for a stated set of instructions; one that the processor lacks is not used.
    pub fn with(network: &Network, isa: Isa) -> Self {
        let plan = Plan::of(network, isa);
        let gathered = plan.steps.iter().map(|step| gathered(step, &plan)).max().unwrap_or(0);
        let row = plan.shapes.iter().map(|shape| shape.width * shape.channels).max().unwrap_or(0);
        Self {
            memory: vec![0.0; plan.memory],
            gathered: vec![0.0; gathered],
            zeros: vec![0.0; row],
            products: network.products(),
            plan,
            isa,
        }
    }

    /// Where the picture goes: rows, columns, channels.
    pub fn input(&mut self) -> &mut [f32] {
        &mut self.memory[self.plan.places[self.plan.input].clone()]
    }

    /// Runs on what [`Engine::input`] holds. The input does not outlive it.
    pub fn run(&mut self) {
        let Self { plan, memory, gathered, zeros, isa, .. } = self;
        for step in &plan.steps {
            let mut run = Run { plan, memory, gathered, zeros, isa: *isa };
            run.step(step);
        }
    }

    /// Wipes what the last picture left behind: it may show a face, or be one's points.
    pub fn wipe(&mut self) {
        self.memory.as_mut_slice().zeroize();
        self.gathered.as_mut_slice().zeroize();
    }

    /// Multiplications of one run, those with the zeros that fill up vectors not counted.
    pub fn products(&self) -> u64 {
        self.products
    }

    /// One of the network's answers, in their order there; empty where there is no such one.
    pub fn output(&self, index: usize) -> &[f32] {
        self.plan.outputs.get(index).map_or(&[], |&tensor| &self.memory[self.plan.places[tensor].clone()])
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Values that a step gathers at once.
fn gathered(step: &Step, plan: &Plan) -> usize {
    match step {
        Step::Dense { gather: Gather::Patches(window), from, output, .. } => {
            window.height * padded(window, *from, plan.shapes[*output])
        }
        Step::Dense { gather: Gather::Depthwise(_), output, panels, .. } => {
            let shape = plan.shapes[*output];
            rows_at_once(shape) * shape.width * panels.inner
        }
        _ => 0,
    }
}

/// Values of one row of the picture with the nothing beside it that the window reaches.
fn padded(window: &Window, from: Shape, to: Shape) -> usize {
    let columns = (window.left + from.width).max((to.width - 1) * window.step_x + window.width);
    columns * from.channels
}

fn rows_at_once(shape: Shape) -> usize {
    (GATHERED / shape.width).clamp(1, shape.height)
}

struct Run<'a> {
    plan: &'a Plan,
    memory: &'a mut [f32],
    gathered: &'a mut [f32],
    zeros: &'a [f32],
    isa: Isa,
}

impl Run<'_> {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Dense { .. } => self.dense(step),
            Step::Depthwise { input, output, filter } => self.depthwise(*input, *output, filter),
            Step::Add { inputs: [a, b], output, then } => {
                self.each(*a, *output, |out, values| out.copy_from_slice(values));
                self.each(*b, *output, |out, values| out.iter_mut().zip(values).for_each(|(sum, v)| *sum += v));
                self.activate(*output, then);
            }
            Step::PadChannels { input, output } => {
                let (from, to) = (self.plan.shapes[*input].channels, self.plan.shapes[*output].channels);
                self.each(*input, *output, |out, values| {
                    for (out, values) in out.chunks_exact_mut(to).zip(values.chunks_exact(from)) {
                        out[..from].copy_from_slice(values);
                        out[from..].fill(0.0);
                    }
                });
            }
            Step::MaxPool { input, output, window } => {
                let (from, columns, isa) = (self.plan.shapes[*input], self.plan.shapes[*output].width, self.isa);
                let (sides, window) = ((from.height, from.width, from.channels), *window);
                self.each(*input, *output, |out, values| {
                    simd::vectors(isa, Pool { values, sides, window, out, columns });
                });
            }
            Step::Activate { input, output, then } => {
                self.each(*input, *output, |out, values| out.copy_from_slice(values));
                self.activate(*output, then);
            }
            Step::Copy { inputs, output } => {
                let mut start = 0;
                for input in inputs {
                    self.each(*input, *output, |out, values| {
                        out[start..start + values.len()].copy_from_slice(values);
                        start += values.len();
                    });
                }
            }
        }
    }

    /// Calls `make(output, input)` with the values of both.
    fn each(&mut self, input: usize, output: usize, mut make: impl FnMut(&mut [f32], &[f32])) {
        let places = [self.plan.places[output].clone(), self.plan.places[input].clone()];
        // The plan lays no two tensors of one step over each other.
        if let Ok([out, values]) = self.memory.get_disjoint_mut(places) {
            make(out, values);
        }
    }

    fn activate(&mut self, tensor: usize, then: &Activation) {
        let (place, channels) = (self.plan.places[tensor].clone(), self.plan.shapes[tensor].channels);
        simd::vectors(self.isa, Activate { then, channels, values: &mut self.memory[place] });
    }

    fn depthwise(&mut self, input: usize, output: usize, filter: &Depthwise) {
        let (from, to, zeros, isa) = (self.plan.shapes[input], self.plan.shapes[output], self.zeros, self.isa);
        self.each(input, output, |out, values| {
            for (y, out) in out.chunks_exact_mut(to.width * to.channels).enumerate() {
                depthwise_row(isa, filter, (values, from), zeros, y, out);
            }
        });
    }

    fn dense(&mut self, step: &Step) {
        let Step::Dense { input, output, from, gather, panels, added, then } = step else { return };
        let (input, output, from, added) = (*input, *output, *from, *added);
        let to = self.plan.shapes[output];
        let place = |tensor: usize| self.plan.places[tensor].clone();
        let (values, added, out) = parts(self.memory, place(input), added.map(|(t, c)| (place(t), c)), place(output));
        let rows = if matches!(gather, Gather::Patches(_)) { 1 } else { rows_at_once(to) };
        let pixels = rows * to.width;
        for (index, out) in out.chunks_mut(pixels * panels.channels).enumerate() {
            let count = out.len() / panels.channels;
            let added =
                added.map(|(added, channels)| (&added[index * pixels * channels..][..count * channels], channels));
            let inner = panels.inner;
            let job = match gather {
                Gather::Direct => {
                    let values = &values[index * pixels * inner..][..count * inner];
                    Dense { values, pixel_step: inner, runs: 1, run_step: 0, count, panels, added, then, out }
                }
                Gather::Patches(window) => {
                    let row = padded(window, from, to);
                    let lines = &mut self.gathered[..window.height * row];
                    gather_lines(window, (values, from), index, lines);
                    let (pixel_step, runs) = (window.step_x * from.channels, window.height);
                    Dense { values: lines, pixel_step, runs, run_step: row, count, panels, added, then, out }
                }
                Gather::Depthwise(filter) => {
                    let gathered = &mut self.gathered[..count * inner];
                    for (y, row) in (index * rows..).zip(gathered.chunks_exact_mut(to.width * inner)) {
                        depthwise_row(self.isa, filter, (values, from), self.zeros, y, row);
                    }
                    Dense { values: gathered, pixel_step: inner, runs: 1, run_step: 0, count, panels, added, then, out }
                }
            };
            simd::vectors(self.isa, job);
        }
    }
}

type Parts<'a> = (&'a [f32], Option<(&'a [f32], usize)>, &'a mut [f32]);

/// The values of a step: what goes in, what is added (often the same), and what comes out.
fn parts(
    memory: &mut [f32],
    input: Range<usize>,
    added: Option<(Range<usize>, usize)>,
    output: Range<usize>,
) -> Parts<'_> {
    match added {
        Some((place, channels)) if place != input => match memory.get_disjoint_mut([input, place, output]) {
            Ok([values, added, out]) => (values, Some((added, channels)), out),
            Err(_) => (&[], None, &mut []),
        },
        same => match memory.get_disjoint_mut([input, output]) {
            Ok([values, out]) => {
                let values: &[f32] = values;
                (values, same.map(|(_, channels)| (values, channels)), out)
            }
            Err(_) => (&[], None, &mut []),
        },
    }
}

fn depthwise_row(
    isa: Isa,
    filter: &Depthwise,
    (values, from): (&[f32], Shape),
    zeros: &[f32],
    y: usize,
    out: &mut [f32],
) {
    let Depthwise { window, weights, bias, then } = filter;
    let length = from.width * from.channels;
    let mut rows: [&[f32]; TALLEST] = [&zeros[..length]; TALLEST];
    let rows = &mut rows[..window.height.min(TALLEST)];
    for (dy, row) in rows.iter_mut().enumerate() {
        if let Some(at) = (y * window.step_y + dy).checked_sub(window.above).filter(|&at| at < from.height) {
            *row = &values[at * length..][..length];
        }
    }
    let channels = from.channels;
    simd::vectors(isa, DepthwiseRow { rows, channels, window: *window, weights, bias, then, out });
}

/// The rows of the picture under the window of an output row, with zeros beside and instead of what is beyond the picture.
fn gather_lines(window: &Window, (values, from): (&[f32], Shape), y: usize, out: &mut [f32]) {
    let (length, left) = (from.width * from.channels, window.left * from.channels);
    let row = out.len() / window.height;
    for (dy, out) in out.chunks_exact_mut(row).enumerate() {
        match (y * window.step_y + dy).checked_sub(window.above).filter(|&at| at < from.height) {
            Some(at) => {
                out[..left].fill(0.0);
                out[left..left + length].copy_from_slice(&values[at * length..][..length]);
                out[left + length..].fill(0.0);
            }
            None => out.fill(0.0),
        }
    }
}
