//! From the file's tables to operators. Weights stand in the file in half or single precision; half ones pass a
//! `DEQUANTIZE` operator there and are unpacked here, once.

use super::flat::Table;
use super::network::{Activation, ModelError, Network, Operator, Shape, Window};
use super::network::{MOST_OPERATORS, MOST_PRODUCTS, MOST_SIDE, MOST_SIDES, MOST_TENSORS, MOST_VALUES, TALLEST};

/// Operator codes of the schema.
mod code {
    pub const ADD: i32 = 0;
    pub const CONCATENATION: i32 = 2;
    pub const CONV_2D: i32 = 3;
    pub const DEPTHWISE_CONV_2D: i32 = 4;
    pub const DEQUANTIZE: i32 = 6;
    pub const MAX_POOL_2D: i32 = 17;
    pub const RELU: i32 = 19;
    pub const RELU6: i32 = 21;
    pub const RESHAPE: i32 = 22;
    pub const PAD: i32 = 34;
    pub const PRELU: i32 = 54;
}

/// Types of values of the schema.
mod kind {
    pub const FLOAT32: i8 = 0;
    pub const FLOAT16: i8 = 1;
    pub const INT32: i8 = 2;
}

struct Tensor<'a> {
    sides: Vec<i32>,
    kind: i8,
    data: &'a [u8],
}

/// The file's tables, taken apart.
pub(super) struct Reader<'a> {
    tensors: Vec<Tensor<'a>>,
    codes: Vec<i32>,
    /// For a tensor that is only another one in single precision: which one.
    unpacked: Vec<Option<usize>>,
}

impl<'a> Reader<'a> {
    pub fn of(model: &Table<'a>, graph: &Table<'a>) -> Result<Self, ModelError> {
        let buffers = model.tables(4)?;
        let tables = graph.tables(0)?;
        if tables.len() > MOST_TENSORS || buffers.len() > MOST_TENSORS {
            return Err(ModelError::Shape("too many tensors"));
        }
        let mut tensors = Vec::with_capacity(tables.len());
        for tensor in &tables {
            let buffer = usize::try_from(tensor.int(2, 0)?).ok().and_then(|index| buffers.get(index));
            let buffer = buffer.ok_or(ModelError::Damaged("a tensor without its buffer"))?;
            // Tensors may share one list in the file: a long one must not be copied for each.
            let sides = tensor.ints(0)?;
            if sides.len() > MOST_SIDES {
                return Err(ModelError::Shape("too many sides"));
            }
            tensors.push(Tensor { sides, kind: tensor.byte(1, 0)?, data: buffer.bytes(0)? });
        }
        // Codes above 127 stand in a field of their own; the larger of the two is meant.
        let codes = model.tables(1)?.into_iter().map(|c| Ok(i32::from(c.byte(0, 0)?).max(c.int(3, 0)?)));
        let codes = codes.collect::<Result<_, ModelError>>()?;
        let unpacked = vec![None; tensors.len()];
        Ok(Self { tensors, codes, unpacked })
    }

    pub fn network(&mut self, graph: &Table<'_>) -> Result<Network, ModelError> {
        let tables = graph.tables(3)?;
        if tables.len() > MOST_OPERATORS {
            return Err(ModelError::Shape("too many operators"));
        }
        let shapes = self.shapes(graph, &tables)?;
        let mut operators = Vec::with_capacity(tables.len());
        // Operators may share weights in the file, not here: a small file must not become a large network.
        let mut weights = 0;
        for table in &tables {
            if let Some(operator) = self.operator(table, &shapes)? {
                weights += copied(&operator);
                if weights > MOST_VALUES {
                    return Err(ModelError::Shape("too many weights"));
                }
                operators.push(operator);
            }
        }
        let ends = |field| -> Result<Vec<usize>, ModelError> {
            graph.ints(field)?.iter().map(|&tensor| self.number(tensor)).collect()
        };
        let [input] = ends(1)?[..] else { return Err(ModelError::Unknown("more than one input".into())) };
        let network = Network { shapes, operators, input, outputs: ends(2)? };
        network.check()?;
        if network.products() > MOST_PRODUCTS as u64 {
            return Err(ModelError::Shape("too much work"));
        }
        Ok(network)
    }

    /// Shapes of what the picture becomes on its way. Weights have none here: their sides are read with their filter.
    fn shapes(&self, graph: &Table<'_>, operators: &[Table<'_>]) -> Result<Vec<Shape>, ModelError> {
        let mut shapes = vec![Shape::NONE; self.tensors.len()];
        let mut made = graph.ints(1)?;
        for operator in operators {
            if self.code(operator)? != code::DEQUANTIZE {
                made.extend(operator.ints(2)?);
            }
            if made.len() > MOST_TENSORS {
                return Err(ModelError::Shape("too many tensors"));
            }
        }
        let mut values = 0;
        for tensor in made {
            let tensor = self.number(tensor)?;
            shapes[tensor] = Shape::checked(&self.tensors[tensor].sides)?;
            values += shapes[tensor].len();
            if values > MOST_VALUES {
                return Err(ModelError::Shape("too large"));
            }
        }
        Ok(shapes)
    }

    fn code(&self, operator: &Table<'_>) -> Result<i32, ModelError> {
        let index = usize::try_from(operator.int(0, 0)?).ok();
        index.and_then(|i| self.codes.get(i)).copied().ok_or(ModelError::Damaged("an operator without a code"))
    }

    fn number(&self, tensor: i32) -> Result<usize, ModelError> {
        let number = usize::try_from(tensor).ok().filter(|&n| n < self.tensors.len());
        number.ok_or(ModelError::Damaged("a tensor that is not there"))
    }

    fn operator(&mut self, table: &Table<'_>, shapes: &[Shape]) -> Result<Option<Operator>, ModelError> {
        let code = self.code(table)?;
        let inputs: Vec<usize> = table.ints(1)?.iter().map(|&t| self.number(t)).collect::<Result<_, _>>()?;
        let outputs: Vec<usize> = table.ints(2)?.iter().map(|&t| self.number(t)).collect::<Result<_, _>>()?;
        let ([output], [input, ..]) = (&outputs[..], &inputs[..]) else {
            return Err(ModelError::Unknown("an operator without exactly one output".into()));
        };
        let (input, output) = (*input, *output);
        let options = table.table(4)?;
        let second = || inputs.get(1).copied().ok_or(ModelError::Damaged("an operator lacks an input"));
        Ok(Some(match code {
            code::DEQUANTIZE => {
                self.unpacked[output] = Some(input);
                return Ok(None);
            }
            code::CONV_2D | code::DEPTHWISE_CONV_2D => self.filter(code, &inputs, output, options, shapes)?,
            code::ADD => {
                let then = fused(options.map_or(Ok(0), |o| o.byte(0, 0))?)?;
                Operator::Add { inputs: [input, second()?], output, then }
            }
            code::CONCATENATION => {
                if options.map_or(Ok(0), |o| o.byte(1, 0))? != 0 {
                    return Err(ModelError::Unknown("an activation after a concatenation".into()));
                }
                Operator::Concatenate { inputs, output }
            }
            code::MAX_POOL_2D => {
                let o = options.ok_or(ModelError::Damaged("a pool without options"))?;
                let filter = (side(o.int(4, 0)?)?, side(o.int(3, 0)?)?);
                let step = (side(o.int(2, 0)?)?, side(o.int(1, 0)?)?);
                if fused(o.byte(5, 0)?)? != Activation::None {
                    return Err(ModelError::Unknown("an activation after a pool".into()));
                }
                let window = Window::of(filter, step, o.byte(0, 0)? == 0, (shapes[input], shapes[output]))?;
                Operator::MaxPool { input, output, window }
            }
            code::RELU => Operator::Activate { input, output, then: Activation::Relu },
            code::RELU6 => Operator::Activate { input, output, then: Activation::Relu6 },
            code::PRELU => {
                let slopes = self.values(second()?)?;
                if slopes.len() != shapes[input].channels {
                    return Err(ModelError::Unknown("slopes that differ by place".into()));
                }
                Operator::Activate { input, output, then: Activation::Slopes(slopes) }
            }
            code::RESHAPE => Operator::Reshape { input, output },
            code::PAD => self.pad((input, second()?), output, shapes)?,
            other => return Err(ModelError::Unknown(format!("operator {other}"))),
        }))
    }

    fn filter(
        &self,
        code: i32,
        inputs: &[usize],
        output: usize,
        options: Option<Table<'_>>,
        shapes: &[Shape],
    ) -> Result<Operator, ModelError> {
        let &[input, weights, bias] = inputs else { return Err(ModelError::Unknown("a filter without a bias".into())) };
        let o = options.ok_or(ModelError::Damaged("a filter without options"))?;
        let depthwise = code == code::DEPTHWISE_CONV_2D;
        let (activation, dilation) = if depthwise { (4, 5) } else { (3, 4) };
        if o.int(dilation, 1)? != 1 || o.int(dilation + 1, 1)? != 1 {
            return Err(ModelError::Unknown("a filter with holes".into()));
        }
        let sides = self.tensors[weights].sides.iter().map(|&s| side(s)).collect::<Result<Vec<_>, _>>()?;
        let [outer, height, width, channels] = sides[..] else {
            return Err(ModelError::Shape("a filter of other sides"));
        };
        let (from, to) = (shapes[input], shapes[output]);
        let channels_fit = if depthwise {
            outer == 1 && channels == from.channels && to.channels == from.channels
        } else {
            channels == from.channels && outer == to.channels
        };
        if !channels_fit {
            return Err(ModelError::Shape("a filter of other channels"));
        }
        let step = (side(o.int(2, 1)?)?, side(o.int(1, 1)?)?);
        let window = Window::of((height, width), step, o.byte(0, 0)? == 0, (from, to))?;
        let inner = if depthwise { 1 } else { channels };
        let gathered = height.saturating_mul(width).saturating_mul(inner).saturating_mul(to.width);
        let columns = (window.left + from.width).max((to.width - 1) * window.step_x + window.width);
        let padded = height.saturating_mul(columns).saturating_mul(from.channels);
        if padded > MOST_VALUES
            || gathered > MOST_VALUES
            || gathered.saturating_mul(to.height).saturating_mul(to.channels) > MOST_PRODUCTS
        {
            return Err(ModelError::Shape("a filter that is too much work"));
        }
        if depthwise && height > TALLEST {
            return Err(ModelError::Unknown("a filter of single channels that is so tall".into()));
        }
        let (weights, bias) = (self.values(weights)?, self.values(bias)?);
        if weights.len() != outer * height * width * channels || bias.len() != to.channels {
            return Err(ModelError::Shape("weights of another number"));
        }
        let then = fused(o.byte(activation, 0)?)?;
        Ok(if depthwise {
            Operator::Depthwise { input, output, window, weights, bias, then }
        } else {
            Operator::Convolution { input, output, window, weights, bias, then }
        })
    }

    /// Zeros behind the channels: the only padding that there is.
    fn pad(&self, (input, sides): (usize, usize), output: usize, shapes: &[Shape]) -> Result<Operator, ModelError> {
        let tensor = &self.tensors[sides];
        if tensor.kind != kind::INT32 {
            return Err(ModelError::Unknown("sides of padding that are no whole numbers".into()));
        }
        let sides: Vec<i32> = tensor.data.as_chunks::<4>().0.iter().map(|&int| i32::from_le_bytes(int)).collect();
        let (from, to) = (shapes[input], shapes[output]);
        let [.., behind] = sides[..] else { return Err(ModelError::Shape("padding without sides")) };
        let only_behind = sides.iter().rev().skip(1).all(|&side| side == 0);
        let fits = usize::try_from(behind).is_ok_and(|more| from.channels.checked_add(more) == Some(to.channels));
        if only_behind && fits && (from.height, from.width) == (to.height, to.width) {
            Ok(Operator::PadChannels { input, output })
        } else {
            Err(ModelError::Unknown("padding elsewhere than behind the channels".into()))
        }
    }

    /// The constant values of a tensor.
    fn values(&self, tensor: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.unpacked[tensor].unwrap_or(tensor);
        let Tensor { kind, data, .. } = &self.tensors[tensor];
        let values: Vec<f32> = match *kind {
            kind::FLOAT32 => data.as_chunks::<4>().0.iter().map(|&v| f32::from_le_bytes(v)).collect(),
            kind::FLOAT16 => data.as_chunks::<2>().0.iter().map(|&v| single(u16::from_le_bytes(v))).collect(),
            other => return Err(ModelError::Unknown(format!("weights of type {other}"))),
        };
        if values.len() > MOST_VALUES {
            return Err(ModelError::Shape("too many weights"));
        }
        if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(ModelError::NotFinite) }
    }
}

/// Constant values that an operator holds.
fn copied(operator: &Operator) -> usize {
    match operator {
        Operator::Convolution { weights, bias, .. } | Operator::Depthwise { weights, bias, .. } => {
            weights.len() + bias.len()
        }
        Operator::Activate { then: Activation::Slopes(slopes), .. } => slopes.len(),
        _ => 0,
    }
}

fn side(side: i32) -> Result<usize, ModelError> {
    usize::try_from(side).ok().filter(|side| (1..=MOST_SIDE).contains(side)).ok_or(ModelError::Shape("a side below 1"))
}

fn fused(code: i8) -> Result<Activation, ModelError> {
    match code {
        0 => Ok(Activation::None),
        1 => Ok(Activation::Relu),
        3 => Ok(Activation::Relu6),
        other => Err(ModelError::Unknown(format!("activation {other}"))),
    }
}

/// A half-precision number (IEEE 754 binary16) in single precision; exact.
fn single(half: u16) -> f32 {
    let sign = u32::from(half >> 15) << 31;
    let exponent = u32::from(half >> 10) & 0x1f;
    let fraction = u32::from(half) & 0x3ff;
    match exponent {
        0 => f32::from_bits(sign | (fraction as f32 * 2f32.powi(-24)).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_unpacked_exactly() {
        for (half, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(single(half), value, "{half:#06x}");
        }
        assert!(single(0x7e00).is_nan());
        assert!(single(0x8000).is_sign_negative());
    }
}
