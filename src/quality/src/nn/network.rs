//! A network as its TensorFlow Lite file describes it: tensors, weights, and the operators that this engine knows.
//!
//! Field numbers, operator codes and padding rules are those of TensorFlow Lite's schema, version 3.

use super::flat::{FlatError, Table};

/// The most tensors, operators, values of all tensors together, and products of one filter that are accepted. Both
/// networks of the station stay below a tenth of each.
pub(super) const MOST_TENSORS: usize = 8_192;
pub(super) const MOST_SIDES: usize = 8;
pub(super) const MOST_OPERATORS: usize = 4_096;
pub(super) const MOST_VALUES: usize = 1 << 24;
pub(super) const MOST_PRODUCTS: usize = 1 << 30;
/// The most rows of a filter of single channels.
pub(super) const TALLEST: usize = 16;
/// The largest side, stride or filter.
pub(super) const MOST_SIDE: usize = 4_096;

/// Why a file is no network for this engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It is not a TensorFlow Lite file of version 3, or a damaged one.
    #[error("it is no TensorFlow Lite file, or a damaged one: {0}")]
    Damaged(&'static str),
    /// It uses something that this engine does not know.
    #[error("it uses what this engine does not know: {0}")]
    Unknown(String),
    /// Shapes do not fit together, or are beyond the limits.
    #[error("its shapes do not fit: {0}")]
    Shape(&'static str),
    /// A weight is not a finite number.
    #[error("a weight is not a finite number")]
    NotFinite,
}

impl From<FlatError> for ModelError {
    fn from(_: FlatError) -> Self {
        Self::Damaged("an offset leads out of the file")
    }
}

/// Height, width and channels of a tensor of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values a pixel; the innermost.
    pub channels: usize,
}

impl Shape {
    /// That of a tensor which is no picture on its way.
    pub(super) const NONE: Self = Self { height: 0, width: 0, channels: 0 };

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// From a list of sides with a batch of one in front; missing sides count as 1.
    fn of(sides: &[usize]) -> Option<Self> {
        let (channels, rest) = sides.split_last()?;
        let (width, rest) = rest.split_last().map_or((1, rest), |(width, rest)| (*width, rest));
        let (height, rest) = rest.split_last().map_or((1, rest), |(height, rest)| (*height, rest));
        rest.iter().all(|&side| side == 1).then_some(Self { height, width, channels: *channels })
    }
}

/// A filter: its side lengths, its step, and how many rows and columns of nothing lie above and left of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows of the filter.
    pub height: usize,
    /// Columns of the filter.
    pub width: usize,
    /// Rows from one output to the next.
    pub step_y: usize,
    /// Columns from one output to the next.
    pub step_x: usize,
    /// Rows of nothing above.
    pub above: usize,
    /// Columns of nothing on the left.
    pub left: usize,
}

/// What follows a sum.
#[derive(Clone, Debug, PartialEq)]
pub enum Activation {
    /// Nothing.
    None,
    /// Negative values become 0.
    Relu,
    /// As [`Activation::Relu`], and at most 6.
    Relu6,
    /// Negative values are multiplied by a slope of their channel.
    Slopes(Vec<f32>),
}

/// One operator; tensors by their numbers.
#[derive(Clone, Debug)]
pub enum Operator {
    /// Convolution over all channels; weights as output channel, row, column, input channel.
    Convolution { input: usize, output: usize, window: Window, weights: Vec<f32>, bias: Vec<f32>, then: Activation },
    /// Convolution of each channel by itself; weights as row, column, channel.
    Depthwise { input: usize, output: usize, window: Window, weights: Vec<f32>, bias: Vec<f32>, then: Activation },
    /// The sum of two tensors of one shape.
    Add { inputs: [usize; 2], output: usize, then: Activation },
    /// Channels of zeros behind the others.
    PadChannels { input: usize, output: usize },
    /// The largest value under a window.
    MaxPool { input: usize, output: usize, window: Window },
    /// An activation by itself.
    Activate { input: usize, output: usize, then: Activation },
    /// The same values under another shape.
    Reshape { input: usize, output: usize },
    /// One list of values after the other.
    Concatenate { inputs: Vec<usize>, output: usize },
}

/// A network that has been read and checked.
#[derive(Clone, Debug)]
pub struct Network {
    /// Shapes by tensor number.
    pub shapes: Vec<Shape>,
    /// In the order in which they run.
    pub operators: Vec<Operator>,
    /// The tensor that the picture goes into.
    pub input: usize,
    /// The tensors that hold the answers.
    pub outputs: Vec<usize>,
}

impl Network {
    /// Reads and checks a file. Nothing in it is believed.
    pub fn read(file: &[u8]) -> Result<Self, ModelError> {
        if file.get(4..8) != Some(b"TFL3") {
            return Err(ModelError::Damaged("it does not begin as one"));
        }
        let model = Table::root(file)?;
        let graphs = model.tables(2)?;
        let [graph] = graphs.as_slice() else { return Err(ModelError::Damaged("it has not exactly one graph")) };
        let mut reader = super::reader::Reader::of(&model, graph)?;
        reader.network(graph)
    }

    /// The shape of the picture that goes in.
    pub fn input_shape(&self) -> Shape {
        self.shapes[self.input]
    }
}

impl Network {
    /// Multiplications of weights with values in one run.
    pub fn products(&self) -> u64 {
        let of = |operator: &Operator| match operator {
            Operator::Convolution { output, weights, .. } => {
                let to = self.shapes[*output];
                to.height * to.width * weights.len()
            }
            Operator::Depthwise { output, window, .. } => self.shapes[*output].len() * window.height * window.width,
            _ => 0,
        };
        self.operators.iter().map(|operator| of(operator) as u64).sum()
    }
}

impl Shape {
    /// From the file's list; every side at least 1 and the whole within the limits.
    pub(super) fn checked(sides: &[i32]) -> Result<Self, ModelError> {
        let sides: Option<Vec<usize>> =
            sides.iter().map(|&side| usize::try_from(side).ok().filter(|&side| side >= 1)).collect();
        let sides = sides.ok_or(ModelError::Shape("a side below 1"))?;
        let mut values = 1usize;
        for &side in &sides {
            values = values.checked_mul(side).filter(|&v| v <= MOST_VALUES).ok_or(ModelError::Shape("too large"))?;
        }
        Self::of(&sides).ok_or(ModelError::Shape("a batch of more than one"))
    }
}

impl Window {
    /// The window of an operator whose padding is `SAME` (0) or `VALID` (1), by TensorFlow's rule.
    pub(super) fn of(
        (height, width): (usize, usize),
        (step_y, step_x): (usize, usize),
        same: bool,
        (from, to): (Shape, Shape),
    ) -> Result<Self, ModelError> {
        if [height, width, step_y, step_x].iter().any(|&side| side == 0 || side > MOST_SIDE) {
            return Err(ModelError::Shape("a filter or step without size"));
        }
        let outputs = |side: usize, filter: usize, step: usize| {
            if same { Some(side.div_ceil(step)) } else { Some(side.checked_sub(filter)? / step + 1) }
        };
        let fits = outputs(from.height, height, step_y) == Some(to.height)
            && outputs(from.width, width, step_x) == Some(to.width);
        if !fits {
            return Err(ModelError::Shape("a filter does not give the stated picture"));
        }
        let before = |side: usize, filter: usize, step: usize, out: usize| {
            if same { ((out - 1) * step + filter).saturating_sub(side) / 2 } else { 0 }
        };
        let above = before(from.height, height, step_y, to.height);
        let left = before(from.width, width, step_x, to.width);
        Ok(Self { height, width, step_y, step_x, above, left })
    }
}

impl Network {
    /// Shapes fit, and every tensor is made before it is used.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        let mut there = vec![false; self.shapes.len()];
        there[self.input] = true;
        for operator in &self.operators {
            let shape = |tensor: usize| self.shapes[tensor];
            let output = operator.output();
            if !operator.inputs().iter().all(|&input| there[input]) || there[output] {
                return Err(ModelError::Damaged("an operator before what it needs"));
            }
            let fits = match operator {
                Operator::Add { inputs: [a, b], .. } => shape(*a) == shape(*b) && shape(*a) == shape(output),
                Operator::Activate { input, .. } => shape(*input) == shape(output),
                Operator::Reshape { input, .. } => shape(*input).len() == shape(output).len(),
                Operator::MaxPool { input, .. } => shape(*input).channels == shape(output).channels,
                // One list after the other: nothing lies outside the axis along which they are joined.
                Operator::Concatenate { inputs, .. } => {
                    let whole = |s: Shape| s.height == 1 && s.channels == shape(output).channels;
                    inputs.iter().all(|&i| whole(shape(i)))
                        && inputs.iter().map(|&i| shape(i).len()).sum::<usize>() == shape(output).len()
                }
                Operator::Convolution { .. } | Operator::Depthwise { .. } | Operator::PadChannels { .. } => true,
            };
            if !fits {
                return Err(ModelError::Shape("an operator's tensors do not fit together"));
            }
            there[output] = true;
        }
        let made = self.outputs.iter().all(|&output| there[output]) && !self.outputs.is_empty();
        if made { Ok(()) } else { Err(ModelError::Damaged("an answer that nothing makes")) }
    }
}

impl Operator {
    /// The tensor that it makes.
    pub fn output(&self) -> usize {
        match self {
            Self::Convolution { output, .. }
            | Self::Depthwise { output, .. }
            | Self::Add { output, .. }
            | Self::PadChannels { output, .. }
            | Self::MaxPool { output, .. }
            | Self::Activate { output, .. }
            | Self::Reshape { output, .. }
            | Self::Concatenate { output, .. } => *output,
        }
    }

    /// The tensors that it reads.
    pub fn inputs(&self) -> &[usize] {
        match self {
            Self::Convolution { input, .. }
            | Self::Depthwise { input, .. }
            | Self::PadChannels { input, .. }
            | Self::MaxPool { input, .. }
            | Self::Activate { input, .. }
            | Self::Reshape { input, .. } => std::slice::from_ref(input),
            Self::Add { inputs, .. } => inputs,
            Self::Concatenate { inputs, .. } => inputs,
        }
    }
}
