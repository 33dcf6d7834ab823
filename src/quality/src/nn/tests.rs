//! Networks made for the purpose, by the engine and by definition.

use super::network::{Activation, ModelError, Operator, Shape, Window};
use super::*;
use crate::simd::Isa;
use proptest::prelude::*;

/// A stream of small numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    }

    fn take(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }

    fn below(&mut self, limit: usize) -> usize {
        ((self.next() + 0.5) * limit as f32) as usize % limit
    }
}

/// A network that grows operator by operator.
struct Growing {
    network: Network,
    numbers: Numbers,
}

impl Growing {
    fn from(input: Shape, seed: u64) -> Self {
        let network = Network { shapes: vec![input], operators: Vec::new(), input: 0, outputs: Vec::new() };
        Self { network, numbers: Numbers(seed) }
    }

    fn shape(&self, tensor: usize) -> Shape {
        self.network.shapes[tensor]
    }

    fn tensor(&mut self, shape: Shape) -> usize {
        self.network.shapes.push(shape);
        self.network.shapes.len() - 1
    }

    fn window(&self, input: usize, side: usize, step: usize, same: bool) -> Option<(Window, usize, usize)> {
        let from = self.shape(input);
        let count = |length: usize| {
            if same { Some(length.div_ceil(step)) } else { Some(length.checked_sub(side)? / step + 1) }
        };
        let to = Shape { height: count(from.height)?, width: count(from.width)?, channels: from.channels };
        Window::of((side, side), (step, step), same, (from, to)).ok().map(|w| (w, to.height, to.width))
    }

    fn convolution(&mut self, input: usize, channels: usize, (side, step, same): (usize, usize, bool)) -> usize {
        let Some((window, height, width)) = self.window(input, side, step, same) else { return input };
        let inner = side * side * self.shape(input).channels;
        let output = self.tensor(Shape { height, width, channels });
        let (weights, bias) = (self.numbers.take(inner * channels), self.numbers.take(channels));
        self.network.operators.push(Operator::Convolution {
            input,
            output,
            window,
            weights,
            bias,
            then: Activation::None,
        });
        output
    }

    fn depthwise(&mut self, input: usize, (side, step, same): (usize, usize, bool)) -> usize {
        let Some((window, height, width)) = self.window(input, side, step, same) else { return input };
        let channels = self.shape(input).channels;
        let output = self.tensor(Shape { height, width, channels });
        let (weights, bias) = (self.numbers.take(side * side * channels), self.numbers.take(channels));
        let then = if self.numbers.below(2) == 0 { Activation::None } else { Activation::Relu6 };
        self.network.operators.push(Operator::Depthwise { input, output, window, weights, bias, then });
        output
    }

    fn pool(&mut self, input: usize, step: usize, same: bool) -> usize {
        let Some((window, height, width)) = self.window(input, 2, step, same) else { return input };
        let output = self.tensor(Shape { height, width, channels: self.shape(input).channels });
        self.network.operators.push(Operator::MaxPool { input, output, window });
        output
    }

    fn activated(&mut self, input: usize) -> usize {
        let output = self.tensor(self.shape(input));
        let then = match self.numbers.below(3) {
            0 => Activation::Relu,
            1 => Activation::Relu6,
            _ => Activation::Slopes(self.numbers.take(self.shape(input).channels)),
        };
        self.network.operators.push(Operator::Activate { input, output, then });
        output
    }

    /// The block that both of the station's networks are made of: filtered, mixed, added to what was before.
    fn block(&mut self, input: usize, more: usize, step: usize, same: bool) -> usize {
        let filtered = self.depthwise(input, (3, step, true));
        let channels = self.shape(input).channels + more;
        let pooled = if step > 1 { self.pool(input, step, same) } else { input };
        let mixed = self.convolution(filtered, channels, (1, 1, false));
        let padded = if more > 0 {
            let output = self.tensor(Shape { channels, ..self.shape(pooled) });
            self.network.operators.push(Operator::PadChannels { input: pooled, output });
            output
        } else {
            pooled
        };
        let output = self.tensor(self.shape(mixed));
        let inputs = if self.numbers.below(2) == 0 { [padded, mixed] } else { [mixed, padded] };
        if self.shape(padded) != self.shape(mixed) {
            return self.activated(mixed);
        }
        self.network.operators.push(Operator::Add { inputs, output, then: Activation::None });
        self.activated(output)
    }

    fn done(mut self, outputs: Vec<usize>) -> (Network, Numbers) {
        self.network.outputs = outputs;
        self.network.check().unwrap();
        (self.network, self.numbers)
    }
}

fn agree(network: &Network, picture: &[f32]) {
    let wanted = naive::run(network, picture);
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        let mut engine = Engine::with(network, isa);
        // Twice: what the first run leaves behind must not matter.
        for _ in 0..2 {
            engine.input().copy_from_slice(picture);
            engine.run();
        }
        for (index, wanted) in wanted.iter().enumerate() {
            let found = engine.output(index);
            assert_eq!(found.len(), wanted.len());
            let scale = wanted.iter().fold(1.0f32, |most, v| most.max(v.abs()));
            for (a, b) in found.iter().zip(wanted) {
                assert!((a - b).abs() <= 1e-4 * scale, "{isa:?}, answer {index}: {a} and {b}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn made_networks_give_what_their_definition_gives(
        seed in any::<u64>(), height in 3usize..24, width in 3usize..24, channels in 1usize..40,
        steps in prop::collection::vec((0u8..6, 1usize..3, 1usize..45, any::<bool>()), 1..6),
    ) {
        let mut growing = Growing::from(Shape { height, width, channels }, seed);
        let mut tensor = 0;
        let mut outputs = Vec::new();
        for (kind, step, more, same) in steps {
            tensor = match kind {
                0 => growing.convolution(tensor, more, (3, step, same)),
                1 => growing.convolution(tensor, more, (5, step, true)),
                2 => growing.depthwise(tensor, (5, step, same)),
                3 => growing.pool(tensor, step, same),
                4 => growing.block(tensor, more % 9, step, same),
                _ => growing.block(tensor, 0, 1, same),
            };
            if more % 4 == 0 && tensor != 0 && !outputs.contains(&tensor) {
                outputs.push(tensor);
            }
        }
        let tensor = growing.activated(tensor);
        outputs.push(tensor);
        let (network, mut numbers) = growing.done(outputs);
        let picture = numbers.take(network.input_shape().len());
        agree(&network, &picture);
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Network::read(&bytes).is_err());
        let mut named = bytes;
        if named.len() >= 8 {
            named[4..8].copy_from_slice(b"TFL3");
            prop_assert!(Network::read(&named).is_err());
        }
    }
}

#[test]
fn the_block_of_both_networks_is_one_step() {
    let mut growing = Growing::from(Shape { height: 12, width: 12, channels: 24 }, 7);
    let first = growing.block(0, 0, 1, true);
    let second = growing.block(first, 4, 2, true);
    let (network, _) = growing.done(vec![second]);
    let plan = plan::Plan::of(&network, Isa::Plain);
    let kinds: Vec<_> = plan.steps.iter().map(|step| matches!(step, plan::Step::Dense { .. })).collect();
    assert_eq!(kinds, [true, false, true], "a block, a pool, a block");
}

/// The station's own networks, on noise.
#[test]
fn the_stations_networks_give_what_their_definition_gives() {
    for name in ["face_detection_short_range", "face_landmark"] {
        let network = Network::read(&real(name)).unwrap();
        let picture = Numbers(3).take(network.input_shape().len());
        agree(&network, &picture);
    }
}

#[test]
fn a_run_allocates_nothing() {
    for name in ["face_detection_short_range", "face_landmark"] {
        let mut engine = Engine::new(&Network::read(&real(name)).unwrap());
        let used = allocation_counter::measure(|| engine.run());
        assert_eq!(used.count_total, 0, "{name}: {used:?}");
    }
}

#[test]
fn what_a_run_leaves_is_wiped_and_the_next_gives_the_same() {
    for name in ["face_detection_short_range", "face_landmark"] {
        let mut engine = Engine::new(&Network::read(&real(name)).unwrap());
        let picture = Numbers(5).take(engine.input().len());
        let mut run = || {
            engine.input().copy_from_slice(&picture);
            engine.run();
            let answers = [engine.output(0).to_vec(), engine.output(1).to_vec()];
            engine.wipe();
            assert!(engine.input().iter().all(|v| *v == 0.0), "{name}");
            assert!(engine.output(0).iter().chain(engine.output(1)).all(|v| *v == 0.0), "{name}");
            answers
        };
        let first = run();
        assert!(first[0].iter().any(|v| *v != 0.0), "{name}");
        assert_eq!(first, run(), "{name}");
    }
}

/// A field of a table of [`flat`].
enum Field {
    Int(i32),
    Ints(Vec<i32>),
    Tables(Vec<Vec<Option<Field>>>),
}

/// A FlatBuffer with this root table.
fn flat(root: &[Option<Field>]) -> Vec<u8> {
    let mut file = b"....TFL3".to_vec();
    let start = table(&mut file, root);
    file[..4].copy_from_slice(&(start as u32).to_le_bytes());
    file
}

/// Appends a table, and behind it what it points to; where it begins.
fn table(file: &mut Vec<u8>, fields: &[Option<Field>]) -> usize {
    let vtable = file.len();
    file.extend((4 + 2 * fields.len() as u16).to_le_bytes());
    file.extend((4 + 4 * fields.len() as u16).to_le_bytes());
    fields.iter().enumerate().for_each(|(at, field)| {
        file.extend(field.as_ref().map_or(0, |_| 4 + 4 * at as u16).to_le_bytes());
    });
    let start = file.len();
    file.extend(((start - vtable) as i32).to_le_bytes());
    file.extend(vec![0; 4 * fields.len()]);
    let link = |file: &mut Vec<u8>, place: usize, target: usize| {
        file[place..place + 4].copy_from_slice(&((target - place) as u32).to_le_bytes());
    };
    for (at, field) in fields.iter().enumerate() {
        let (place, end) = (start + 4 + 4 * at, file.len());
        match field {
            None => {}
            Some(Field::Int(int)) => file[place..place + 4].copy_from_slice(&int.to_le_bytes()),
            Some(Field::Ints(ints)) => {
                link(file, place, end);
                file.extend((ints.len() as u32).to_le_bytes());
                ints.iter().for_each(|int| file.extend(int.to_le_bytes()));
            }
            Some(Field::Tables(tables)) => {
                link(file, place, end);
                file.extend((tables.len() as u32).to_le_bytes());
                file.extend(vec![0; 4 * tables.len()]);
                for (at, fields) in tables.iter().enumerate() {
                    let target = table(file, fields);
                    link(file, end + 4 + 4 * at, target);
                }
            }
        }
    }
    start
}

/// A network without operators whose tensors have these sides, the first of them its input, the others its answers.
fn claims(tensors: &[&[i32]]) -> Vec<u8> {
    let list = tensors.iter().map(|sides| vec![Some(Field::Ints(sides.to_vec())), None, Some(Field::Int(0))]);
    let answers = (1..tensors.len() as i32).collect();
    let graph = vec![
        Some(Field::Tables(list.collect())),
        Some(Field::Ints(vec![0])),
        Some(Field::Ints(answers)),
        Some(Field::Tables(vec![])),
    ];
    let buffers = Some(Field::Tables(vec![vec![]]));
    let mut file =
        flat(&[Some(Field::Int(3)), Some(Field::Tables(vec![])), Some(Field::Tables(vec![graph])), None, buffers]);
    file.resize(file.len().max(64), 0);
    file
}

#[test]
fn a_tiny_file_that_claims_huge_tensors_costs_nothing() {
    // The files themselves are well made: of a small claim only the network is found fault with.
    let small = Network::read(&claims(&[&[1, 8, 8, 3]]));
    assert_eq!(small.err(), Some(ModelError::Damaged("an answer that nothing makes")));
    let long = vec![2; 100_000];
    for (name, tensors) in [
        ("a large picture", vec![&[1, 1 << 20, 1 << 20, 3][..]]),
        ("sides whose product overflows", vec![&[1, i32::MAX, i32::MAX, i32::MAX]]),
        ("no side", vec![&[1, 0, 8, 3]]),
        ("a side below nothing", vec![&[1, -8, 8, 3]]),
        ("many sides", vec![&long[..]]),
    ] {
        let file = claims(&tensors);
        let mut read = None;
        let used = allocation_counter::measure(|| read = Some(Network::read(&file)));
        let fault = read.unwrap().err().unwrap_or_else(|| panic!("{name} was taken"));
        assert!(matches!(fault, ModelError::Shape(_)), "{name}: {fault}");
        assert!(used.bytes_max < 64_000 + 2 * file.len() as u64, "{name}: {used:?}");
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    // Half-precision infinity and NaN, written over the largest run of weights of a real file.
    for bits in [0x7c00u16, 0xfc00, 0x7e00] {
        let mut file = real("face_landmark");
        let middle = (file.len() / 2) & !1;
        file[middle..middle + 2].copy_from_slice(&bits.to_le_bytes());
        assert_eq!(Network::read(&file).err(), Some(ModelError::NotFinite), "{bits:#06x}");
    }
}

pub(super) fn real(name: &str) -> Vec<u8> {
    let path = crate::face::models_of_tests().join(format!("{name}.tflite"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask setup`", path.display()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damaged_files_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        near_the_tables in any::<bool>(),
    ) {
        // What stands in a file beside weights lies at its ends.
        let mut file = WHOLE.with(Clone::clone);
        for (at, byte) in damage {
            let at = if near_the_tables { file.len() - 1 - at.index(40_000) } else { at.index(file.len()) };
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Ok(network) = Network::read(&file) {
            let mut engine = Engine::new(&network);
            engine.input().fill(0.5);
            engine.run();
        }
    }
}

thread_local! {
    static WHOLE: Vec<u8> = real("face_detection_short_range");
}
