//! From operators to the steps that really run, and where each tensor lies.
//!
//! A convolution takes in what stands before and behind it: the depthwise filter that makes its input, the sum with an
//! earlier tensor (also one that only lacks channels of zeros), and the activation. What is left reads each tensor once
//! and writes each once. Tensors share one block of memory; two lie at the same place only if they never live at the
//! same time.

use super::kernel::most_vectors;
use super::network::{Activation, Network, Operator, Shape, Window};
use super::panels::Panels;
use crate::simd::Isa;
use std::ops::Range;

/// Tensors begin at multiples of this many values: a cache line.
const ALIGN: usize = 16;

/// How a convolution comes by the values that it multiplies, pixel by pixel.
#[derive(Clone, Debug)]
pub(super) enum Gather {
    /// They are the pixel's own.
    Direct,
    /// Those under a window.
    Patches(Window),
    /// Those that a depthwise filter makes.
    Depthwise(Depthwise),
}

/// A filter of each channel by itself.
#[derive(Clone, Debug)]
pub(super) struct Depthwise {
    pub window: Window,
    /// Row, column, channel.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    pub then: Activation,
}

/// One step; tensors by number until they are placed.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A convolution with what stands around it.
    Dense {
        input: usize,
        output: usize,
        /// The shape whose pixels are gathered.
        from: Shape,
        gather: Gather,
        panels: Panels,
        /// A tensor that is added, and how many channels it has.
        added: Option<(usize, usize)>,
        then: Activation,
    },
    /// A depthwise filter by itself.
    Depthwise { input: usize, output: usize, filter: Depthwise },
    /// A sum by itself.
    Add { inputs: [usize; 2], output: usize, then: Activation },
    /// Zeros behind the channels.
    PadChannels { input: usize, output: usize },
    /// The largest value under a window.
    MaxPool { input: usize, output: usize, window: Window },
    /// An activation by itself.
    Activate { input: usize, output: usize, then: Activation },
    /// Values one after the other, of one tensor or several.
    Copy { inputs: Vec<usize>, output: usize },
}

/// The steps, and the place of each tensor.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub steps: Vec<Step>,
    pub shapes: Vec<Shape>,
    /// By tensor number; empty for tensors that no longer exist.
    pub places: Vec<Range<usize>>,
    /// How many values lie in the shared memory.
    pub memory: usize,
    pub input: usize,
    pub outputs: Vec<usize>,
}

impl Plan {
    /// For a set of instructions.
    pub fn of(network: &Network, isa: Isa) -> Self {
        let steps = fused(network, isa);
        let (places, memory) = placed(network, &steps);
        Self {
            steps,
            shapes: network.shapes.clone(),
            places,
            memory,
            input: network.input,
            outputs: network.outputs.clone(),
        }
    }
}

impl Step {
    pub fn output(&self) -> usize {
        match self {
            Self::Dense { output, .. }
            | Self::Depthwise { output, .. }
            | Self::Add { output, .. }
            | Self::PadChannels { output, .. }
            | Self::MaxPool { output, .. }
            | Self::Activate { output, .. }
            | Self::Copy { output, .. } => *output,
        }
    }

    fn inputs(&self) -> Vec<usize> {
        match self {
            Self::Dense { input, added, .. } => {
                std::iter::once(*input).chain(added.map(|(tensor, _)| tensor)).collect()
            }
            Self::Depthwise { input, .. }
            | Self::PadChannels { input, .. }
            | Self::MaxPool { input, .. }
            | Self::Activate { input, .. } => vec![*input],
            Self::Add { inputs, .. } => inputs.to_vec(),
            Self::Copy { inputs, .. } => inputs.clone(),
        }
    }

    /// Where the activation that follows it goes, if none does yet.
    fn free_activation(&mut self) -> Option<(&mut Activation, &mut usize)> {
        match self {
            Self::Dense { then, output, .. } | Self::Add { then, output, .. } => Some((then, output)),
            Self::Depthwise { filter, output, .. } => Some((&mut filter.then, output)),
            _ => None,
        }
        .filter(|(then, _)| **then == Activation::None)
    }
}

/// The steps that are left after each operator has been joined to those before it where that is possible.
fn fused(network: &Network, isa: Isa) -> Vec<Step> {
    let mut uses = vec![0usize; network.shapes.len()];
    for &tensor in network.operators.iter().flat_map(Operator::inputs).chain(&network.outputs) {
        uses[tensor] += 1;
    }
    let mut builder = Builder { network, lanes: panel(isa), uses, steps: Vec::with_capacity(network.operators.len()) };
    for operator in &network.operators {
        builder.add(operator);
    }
    builder.steps
}

fn panel(isa: Isa) -> (usize, usize) {
    let (lanes, registers) = isa.vectors();
    (lanes, most_vectors(registers))
}

struct Builder<'a> {
    network: &'a Network,
    /// Values of a vector, and vectors of a panel at most.
    lanes: (usize, usize),
    uses: Vec<usize>,
    steps: Vec<Step>,
}

impl Builder<'_> {
    fn add(&mut self, operator: &Operator) {
        let step = match operator.clone() {
            convolution @ Operator::Convolution { .. } => return self.convolution(convolution),
            Operator::Depthwise { input, output, window, weights, bias, then } => {
                Step::Depthwise { input, output, filter: Depthwise { window, weights, bias, then } }
            }
            Operator::Add { inputs, output, then } => self.sum(inputs, output, then),
            Operator::PadChannels { input, output } => Step::PadChannels { input, output },
            Operator::MaxPool { input, output, window } => Step::MaxPool { input, output, window },
            Operator::Activate { input, output, then } => self.activation(input, output, then),
            Operator::Reshape { input, output } => Step::Copy { inputs: vec![input], output },
            Operator::Concatenate { inputs, output } => self.joined(&inputs, output),
        };
        self.steps.push(step);
    }

    /// Takes out the step that makes a tensor, if nobody else needs the tensor and the step is of the kind.
    fn take(&mut self, tensor: usize, kind: impl Fn(&mut Step) -> bool) -> Option<Step> {
        if self.uses[tensor] != 1 {
            return None;
        }
        let index = self.steps.iter_mut().position(|step| step.output() == tensor && kind(step))?;
        Some(self.steps.remove(index))
    }

    fn convolution(&mut self, operator: Operator) {
        let Operator::Convolution { input, output, window, weights, bias, then } = operator else { return };
        let shapes = &self.network.shapes;
        let (from, inner) = (shapes[input], window.height * window.width * shapes[input].channels);
        let panels = Panels::pack(&weights, &bias, inner, self.lanes);
        let pointwise = (window.height, window.width, window.step_y, window.step_x) == (1, 1, 1, 1);
        let (input, from, gather) = if pointwise {
            match self.take(input, |step| matches!(step, Step::Depthwise { .. })) {
                Some(Step::Depthwise { input, filter, .. }) => (input, shapes[input], Gather::Depthwise(filter)),
                _ => (input, from, Gather::Direct),
            }
        } else {
            (input, from, Gather::Patches(window))
        };
        self.steps.push(Step::Dense { input, output, from, gather, panels, added: None, then });
    }

    /// The sum goes into the convolution that makes one of its sides, which then runs here.
    fn sum(&mut self, inputs: [usize; 2], output: usize, then: Activation) -> Step {
        let open = |step: &mut Step| matches!(step, Step::Dense { added: None, then: Activation::None, .. });
        for [side, other] in [inputs, [inputs[1], inputs[0]]] {
            if side == other {
                continue;
            }
            if let Some(Step::Dense { input, from, gather, panels, .. }) = self.take(side, open) {
                let padded = self.take(other, |step| matches!(step, Step::PadChannels { .. }));
                let other = if let Some(Step::PadChannels { input, .. }) = padded { input } else { other };
                let added = Some((other, self.network.shapes[other].channels));
                return Step::Dense { input, output, from, gather, panels, added, then };
            }
        }
        Step::Add { inputs, output, then }
    }

    fn activation(&mut self, input: usize, output: usize, then: Activation) -> Step {
        match self.take(input, |step| step.free_activation().is_some()) {
            Some(mut step) => {
                if let Some((free, made)) = step.free_activation() {
                    (*free, *made) = (then, output);
                }
                step
            }
            None => Step::Activate { input, output, then },
        }
    }

    /// Values that are only copied on the way are copied once.
    fn joined(&mut self, inputs: &[usize], output: usize) -> Step {
        let mut from = Vec::with_capacity(inputs.len());
        for &input in inputs {
            match self.take(input, |step| matches!(step, Step::Copy { .. })) {
                Some(Step::Copy { inputs, .. }) => from.extend(inputs),
                _ => from.push(input),
            }
        }
        Step::Copy { inputs: from, output }
    }
}

/// A place for every tensor that a step reads or writes: the largest first, each as far in front as it fits.
fn placed(network: &Network, steps: &[Step]) -> (Vec<Range<usize>>, usize) {
    let mut lives: Vec<Option<(usize, usize)>> = vec![None; network.shapes.len()];
    let mut live = |tensor: usize, at: usize| {
        let (first, last) = lives[tensor].unwrap_or((at, at));
        lives[tensor] = Some((first.min(at), last.max(at)));
    };
    live(network.input, 0);
    for (at, step) in (1..).zip(steps) {
        step.inputs().into_iter().for_each(|tensor| live(tensor, at));
        live(step.output(), at);
    }
    network.outputs.iter().for_each(|&tensor| live(tensor, steps.len() + 1));
    let mut order: Vec<usize> = (0..lives.len()).filter(|&tensor| lives[tensor].is_some()).collect();
    order.sort_by_key(|&tensor| std::cmp::Reverse(network.shapes[tensor].len()));
    let mut places = vec![0..0; lives.len()];
    let mut done: Vec<usize> = Vec::with_capacity(order.len());
    let mut memory = 0;
    for tensor in order {
        let meets = |other: usize| match (lives[tensor], lives[other]) {
            (Some((a, b)), Some((c, d))) => a <= d && c <= b,
            _ => false,
        };
        let mut taken: Vec<Range<usize>> = done.iter().filter(|&&o| meets(o)).map(|&o| places[o].clone()).collect();
        taken.sort_by_key(|place| place.start);
        let length = network.shapes[tensor].len();
        let start = taken.iter().fold(0usize, |start, place| {
            if start + length <= place.start { start } else { start.max(place.end.next_multiple_of(ALIGN)) }
        });
        places[tensor] = start..start + length;
        memory = memory.max(start + length);
        done.push(tensor);
    }
    (places, memory)
}
