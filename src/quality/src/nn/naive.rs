//! The network by definition: every operator by itself, in the plainest loops. Slow; what the engine is compared with.

use super::network::{Activation, Network, Operator, Shape, Window};

/// Runs the network on one picture; the answers in the order of the network's outputs.
pub fn run(network: &Network, picture: &[f32]) -> Vec<Vec<f32>> {
    let mut values: Vec<Vec<f32>> = vec![Vec::new(); network.shapes.len()];
    values[network.input] = picture.to_vec();
    for operator in &network.operators {
        let shape = |tensor: usize| network.shapes[tensor];
        let to = shape(operator.output());
        let mut out = match operator {
            Operator::Convolution { input, window, weights, bias, .. } => {
                let from = shape(*input);
                each(to, |y, x, c| {
                    let mut sum = f64::from(bias[c]);
                    under(window, from, (y, x), |dy, dx, place| {
                        let row = ((c * window.height + dy) * window.width + dx) * from.channels;
                        for k in 0..from.channels {
                            sum += f64::from(weights[row + k]) * f64::from(values[*input][place + k]);
                        }
                    });
                    sum as f32
                })
            }
            Operator::Depthwise { input, window, weights, bias, .. } => {
                let from = shape(*input);
                each(to, |y, x, c| {
                    let mut sum = f64::from(bias[c]);
                    under(window, from, (y, x), |dy, dx, place| {
                        let weight = weights[(dy * window.width + dx) * from.channels + c];
                        sum += f64::from(weight) * f64::from(values[*input][place + c]);
                    });
                    sum as f32
                })
            }
            Operator::MaxPool { input, window, .. } => {
                let from = shape(*input);
                each(to, |y, x, c| {
                    let mut most = f32::NEG_INFINITY;
                    under(window, from, (y, x), |_, _, place| most = most.max(values[*input][place + c]));
                    most
                })
            }
            Operator::Add { inputs: [a, b], .. } => values[*a].iter().zip(&values[*b]).map(|(a, b)| a + b).collect(),
            Operator::PadChannels { input, .. } => {
                let from = shape(*input);
                each(
                    to,
                    |y, x, c| {
                        if c < from.channels { values[*input][(y * from.width + x) * from.channels + c] } else { 0.0 }
                    },
                )
            }
            Operator::Activate { input, .. } | Operator::Reshape { input, .. } => values[*input].clone(),
            Operator::Concatenate { inputs, .. } => inputs.iter().flat_map(|&i| values[i].clone()).collect(),
        };
        match operator {
            Operator::Convolution { then, .. }
            | Operator::Depthwise { then, .. }
            | Operator::Add { then, .. }
            | Operator::Activate { then, .. } => activate(then, to.channels, &mut out),
            _ => {}
        }
        values[operator.output()] = out;
    }
    network.outputs.iter().map(|&output| values[output].clone()).collect()
}

fn each(shape: Shape, mut value: impl FnMut(usize, usize, usize) -> f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(shape.len());
    for y in 0..shape.height {
        for x in 0..shape.width {
            out.extend((0..shape.channels).map(|c| value(y, x, c)));
        }
    }
    out
}

/// Calls `at(row of the filter, column of the filter, place of the pixel)` for every pixel under the window.
fn under(window: &Window, from: Shape, (y, x): (usize, usize), mut at: impl FnMut(usize, usize, usize)) {
    for dy in 0..window.height {
        for dx in 0..window.width {
            let row = (y * window.step_y + dy).checked_sub(window.above).filter(|&row| row < from.height);
            let column = (x * window.step_x + dx).checked_sub(window.left).filter(|&column| column < from.width);
            if let (Some(row), Some(column)) = (row, column) {
                at(dy, dx, (row * from.width + column) * from.channels);
            }
        }
    }
}

fn activate(then: &Activation, channels: usize, values: &mut [f32]) {
    for (index, value) in values.iter_mut().enumerate() {
        *value = match then {
            Activation::None => *value,
            Activation::Relu => value.max(0.0),
            Activation::Relu6 => value.clamp(0.0, 6.0),
            Activation::Slopes(slopes) if *value < 0.0 => *value * slopes[index % channels],
            Activation::Slopes(_) => *value,
        };
    }
}
