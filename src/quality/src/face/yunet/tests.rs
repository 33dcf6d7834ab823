//! The networks here are made by the tests: they have YuNet's names and sizes, and see a face wherever a place of a grid is
//! wholly red (grid of 8 pixels), green (16) or blue (32). Where that face is, is known.

use super::super::scenes;
use super::*;
use std::io::Write;

/// A field of a protocol buffer: its number and bytes.
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [&varint(number << 3 | 2)[..], &varint(bytes.len() as u64), bytes].concat()
}

fn whole(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn tensor(name: &str, dims: &[i64], kind: u64, raw: &[u8]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|&dim| whole(1, dim as u64)).collect();
    field(5, &[dims, whole(2, kind), field(8, name.as_bytes()), field(9, raw)].concat())
}

fn floats(name: &str, dims: &[i64], values: &[f32]) -> Vec<u8> {
    tensor(name, dims, 1, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

fn node(kind: &str, inputs: &[&str], output: &str, attributes: &[(&str, &[i64])]) -> Vec<u8> {
    let inputs = inputs.iter().flat_map(|input| field(1, input.as_bytes()));
    let attributes = attributes.iter().flat_map(|(name, values)| {
        let values = values.iter().flat_map(|&value| whole(8, value as u64)).collect::<Vec<u8>>();
        field(5, &[field(1, name.as_bytes()), values, whole(20, 7)].concat())
    });
    let attributes: Vec<u8> = attributes.collect();
    let parts = [inputs.collect(), field(2, output.as_bytes()), field(4, kind.as_bytes()), attributes];
    field(1, &parts.concat())
}

/// An input or output of the graph.
fn value(number: u64, name: &str, dims: &[i64]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|&dim| field(1, &whole(1, dim as u64))).collect();
    let kind = field(1, &[whole(1, 1), field(2, &dims)].concat());
    field(number, &[field(1, name.as_bytes()), field(2, &kind)].concat())
}

/// Weights (blue, green, red) with which a grid sees its colour alone.
const COLOURS: [[f32; 3]; 3] = [[-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, -1.0]];
/// The answer at such a place, in grid steps from its corner.
const BOX: [f32; 4] = [0.5, 0.5, 2.0, 2.3];
const POINTS: [f32; 10] = [-1.5, -1.0, 2.5, -1.0, 0.5, 0.5, -1.0, 2.0, 2.0, 2.0];

/// A network's file; `fixed` ones take pictures of 640 pixels only, `answers` says how many values `cls_8` has.
fn onnx(fixed: bool, cls_values: usize) -> Vec<u8> {
    let mut graph = field(2, b"test");
    graph.extend(value(11, "input", &[1, 3, 640, 640]));
    for (stride, colour) in STRIDES.into_iter().zip(COLOURS) {
        let (step, pooled) = (stride as i64, format!("pooled_{stride}"));
        graph.extend(node(
            "AveragePool",
            &["input"],
            &pooled,
            &[("kernel_shape", &[step; 2]), ("strides", &[step; 2])],
        ));
        for (name, each) in ANSWERS {
            let each = if name == "cls" && stride == 8 { cls_values } else { each };
            let part = |part: &str| format!("{name}_{stride}_{part}");
            let (weights, bias) = match name {
                "bbox" => (vec![0.0; 12], BOX.to_vec()),
                "kps" => (vec![0.0; 30], POINTS.to_vec()),
                _ => (colour.map(|weight| weight * 40.0 / 255.0).repeat(each), vec![-20.0; each]),
            };
            let places = if fixed { (640 / step).pow(2) } else { -1 };
            let shape = [1, places, each as i64].iter().flat_map(|dim: &i64| dim.to_le_bytes()).collect::<Vec<u8>>();
            graph.extend(floats(&part("weights"), &[each as i64, 3, 1, 1], &weights));
            graph.extend(floats(&part("bias"), &[each as i64], &bias));
            graph.extend(tensor(&part("shape"), &[3], 7, &shape));
            let inputs = [&pooled[..], &part("weights"), &part("bias")];
            graph.extend(node("Conv", &inputs, &part("conv"), &[("kernel_shape", &[1, 1])]));
            graph.extend(node("Transpose", &[&part("conv")], &part("last"), &[("perm", &[0, 2, 3, 1])]));
            let (answer, flat) = (format!("{name}_{stride}"), part("flat"));
            let is_score = name == "cls" || name == "obj";
            let reshaped = if is_score { &flat } else { &answer };
            graph.extend(node("Reshape", &[&part("last"), &part("shape")], reshaped, &[]));
            if is_score {
                graph.extend(node("Sigmoid", &[&flat], &answer, &[]));
            }
            graph.extend(value(12, &answer, &[1, (640 / step).pow(2), each as i64]));
        }
    }
    [whole(1, 7), field(7, &graph), field(8, &whole(2, 11))].concat()
}

fn loaded(bytes: &[u8]) -> Result<Yunet, EngineFault> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    Yunet::load(file.path(), Some(&ModelDigest(Sha256::digest(bytes).into())))
}

/// A grey frame of 640 x 480 with one place of a grid, as the network sees it, in a colour.
fn coloured(side: usize, places: &[(usize, usize, usize, [u8; 3])]) -> Frame {
    let grey = scenes::flat(640, 480, [128; 3]);
    let mut rgb = grey.rgb().to_vec();
    for &(stride, column, row, colour) in places {
        let step = stride * 640 / side;
        for y in row * step..(row + 1) * step {
            for x in column * step..(column + 1) * step {
                // The square around the frame begins 80 pixels above it.
                rgb[((y - 80) * 640 + x) * 3..][..3].copy_from_slice(&colour);
            }
        }
    }
    Frame::new(640, 480, grey.captured_at, 0, rgb).unwrap()
}

#[test]
fn a_network_of_known_answers_is_read_as_it_is_meant() {
    for (fixed, side) in [(false, 320), (true, 640)] {
        let mut yunet = loaded(&onnx(fixed, 1)).unwrap();
        assert_eq!(yunet.side, side);
        for (stride, column, row, colour) in
            [(8, 20, 18, [255, 0, 0]), (8, 9, 25, [255, 0, 0]), (16, 9, 8, [0, 255, 0]), (32, 4, 5, [0, 0, 255])]
        {
            let found = yunet.detect(&coloured(side, &[(stride, column, row, colour)]));
            let [face] = found.faces() else { panic!("{stride} of {side}: {found:?}") };
            let step = (stride * 640 / side) as f32;
            // Eyes four steps apart, a step above the corner: a box of ten steps by the proportions of `geometry`.
            let (x, y) = ((column as f32 + 0.5 - 5.0) * step, (row as f32 - 1.0 - 4.1) * step - 80.0);
            for (got, wanted) in
                [(face.x, x), (face.y, y), (face.width, 10.0 * step), (face.height, 10.0 * step), (face.score, 1.0)]
            {
                assert!((got - wanted).abs() < 0.02 * step, "{stride} of {side}: {face:?}, {wanted}");
            }
            assert_eq!((found.basis, found.landmarks.is_none()), (super::super::Basis::Box, true));
        }
        // Two people, the larger one first, and a neighbouring place that means the same face.
        let places = [(8, 4, 20, [255, 0, 0]), (32, 7, 5, [0, 0, 255]), (8, 5, 20, [255, 0, 0])];
        let faces = yunet.detect(&coloured(side, &places));
        assert_eq!(faces.faces().len(), 2, "{faces:?}");
        assert!(faces.faces()[0].width > 3.0 * faces.faces()[1].width);
        assert!(yunet.detect(&scenes::flat(640, 480, [128; 3])).faces().is_empty());
        assert!(yunet.detect(&scenes::checks(640, 480, 40)).faces().is_empty());
    }
}

#[test]
fn decoding_follows_the_definition() {
    // One place of a grid of 2 x 2, written out as in the maker's program.
    let (cls, obj) = ([0.0, 0.9, 0.7, 1.5], [1.0, 0.45, 0.6, f32::NAN]);
    let bbox: Vec<f32> = (0..16).map(|i| [0.25, 0.75, 0.1, -0.2][i % 4]).collect();
    let kps: Vec<f32> = (0..40).map(|i| 0.1 * (i % 10) as f32).collect();
    let mut got = Vec::new();
    decode([&cls, &obj, &bbox, &kps], 16, 32, &mut got);
    // Scores: 0, .636, .648, and one that is no number.
    assert_eq!(got.len(), 2);
    for (answer, (column, row, score)) in
        got.iter().zip([(1.0f32, 0.0f32, 0.405f32.sqrt()), (0.0, 1.0, 0.42f32.sqrt())])
    {
        let (x, y) = ((column + 0.25) * 16.0, (row + 0.75) * 16.0);
        let (width, height) = (0.1f32.exp() * 16.0, (-0.2f32).exp() * 16.0);
        let edges = [x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0];
        for (edge, wanted) in answer.edges.iter().zip(edges) {
            assert!((edge * 32.0 - wanted).abs() < 1e-4, "{answer:?}");
        }
        for (n, &(x, y)) in answer.points.iter().enumerate() {
            let (u, v) = (0.1 * (2 * n) as f32, 0.1 * (2 * n + 1) as f32);
            assert!((x * 32.0 - (column + u) * 16.0).abs() < 1e-4 && (y * 32.0 - (row + v) * 16.0).abs() < 1e-4);
        }
        assert!((answer.score - score).abs() < 1e-6);
    }
    // Impossible sides and points.
    for (at, value) in [(2, f32::NAN), (2, 200.0), (3, f32::NEG_INFINITY), (0, 1e9)] {
        let mut wild = bbox.clone();
        wild.iter_mut().skip(at).step_by(4).for_each(|place| *place = value);
        got.clear();
        decode([&cls, &obj, &wild, &kps], 16, 32, &mut got);
        assert!(got.is_empty(), "{at} {value}: {got:?}");
    }
}

#[test]
fn only_the_operators_file_is_read_and_a_bad_one_is_a_fault() {
    let whole = onnx(false, 1);
    let path = |bytes: &[u8]| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    };
    let file = path(&whole);
    let other = ModelDigest([3; 32]);
    assert_eq!(Yunet::load(file.path(), None).err(), Some(EngineFault::NoDigest { engine: NAME }));
    assert_eq!(Yunet::load(file.path(), Some(&other)).err().map(|fault| fault.code()), Some("Q-11"));
    assert_eq!(Yunet::load(Path::new("/nonexistent"), Some(&other)).err().map(|fault| fault.code()), Some("Q-12"));
    let mut renamed = whole.clone();
    let at = renamed.windows(7).rposition(|part| part == b"kps_32\x12").unwrap();
    renamed[at] = b'x';
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("nonsense", b"nothing of a network".repeat(40)),
        ("other sizes", onnx(false, 2)),
        ("an answer is missing", renamed),
        ("a tenth", whole[..whole.len() / 10].to_vec()),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("nearly all", whole[..whole.len() - 40].to_vec()),
    ] {
        let fault = loaded(&bytes).err().unwrap_or_else(|| panic!("{name} was taken"));
        assert_eq!(fault.code(), "Q-11", "{name}: {fault}");
    }
}

#[test]
fn odd_frames_are_answered_and_nothing_is_kept() {
    let mut yunet = loaded(&onnx(false, 1)).unwrap();
    for (width, height) in [(0, 0), (1, 1), (15, 400), (16, 16), (640, 17), (2000, 30), (641, 479)] {
        assert!(yunet.detect(&scenes::flat(width, height, [77; 3])).faces().is_empty(), "{width} x {height}");
    }
    assert_eq!(yunet.detect(&coloured(320, &[(8, 20, 18, [255, 0, 0])])).faces().len(), 1);
    assert!(yunet.planes.iter().any(|value| *value > 0.0));
    yunet.forget();
    assert!(yunet.planes.iter().chain(&yunet.pixels).all(|value| *value == 0.0));
    assert_eq!(yunet.detect(&coloured(320, &[(8, 20, 18, [255, 0, 0])])).faces().len(), 1);
}
