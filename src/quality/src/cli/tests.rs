use super::*;
use proptest::prelude::*;
use std::fs;

fn answer(arguments: &[&str], paths: &[PathBuf]) -> Vec<String> {
    let paths = paths.iter().map(|p| p.to_str().unwrap());
    let arguments = ["gatepost-quality"].iter().chain(arguments).copied().chain(paths);
    let mut out = Vec::new();
    run(&Arguments::try_parse_from(arguments).unwrap(), &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

fn json(arguments: &[&str], paths: &[PathBuf]) -> Vec<serde_json::Value> {
    answer(arguments, paths).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A plain grey map.
fn pgm(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let mut bytes = format!("P5 {width} {height} 255\n").into_bytes();
    bytes.extend((0..width * height).map(|i| pixel(i % width, i / width)));
    bytes
}

fn waves(x: usize, y: usize) -> u8 {
    (128.0 + 110.0 * ((x as f64 + 0.35 * y as f64) * std::f64::consts::TAU / 9.0).sin()) as u8
}

/// Ridges that bend, as those of a finger do, and of which one ends or begins at each of these places.
fn rings(x: usize, y: usize) -> u8 {
    const ENDS: [(f64, f64); 12] = [
        (60.0, 60.0),
        (110.0, 40.0),
        (190.0, 50.0),
        (240.0, 80.0),
        (50.0, 140.0),
        (220.0, 150.0),
        (90.0, 180.0),
        (170.0, 170.0),
        (60.0, 230.0),
        (130.0, 240.0),
        (200.0, 230.0),
        (250.0, 210.0),
    ];
    let (x, y) = (x as f64, y as f64);
    let radius = (x - 140.0).hypot(y - 110.0);
    let ways = [1.0, -1.0].into_iter().cycle();
    let twist: f64 = ENDS.iter().zip(ways).map(|((ex, ey), way)| way * (y - ey).atan2(x - ex)).sum();
    (128.0 + 110.0 * (radius * std::f64::consts::TAU / 9.0 + twist).sin()) as u8
}

#[test]
fn one_line_for_each_file_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let files = [
        file("print.pgm", &pgm(300, 300, rings)),
        file("blank.pgm", &pgm(300, 300, |_, _| 255)),
        file("black.pgm", &pgm(300, 300, |_, _| 0)),
        file("one.pgm", &pgm(1, 1, |_, _| 0)),
        file("wide.pgm", &pgm(801, 40, waves)),
        file("none.pgm", b"P5 0 0 255\n"),
        file("huge.pgm", b"P5 20000 20000 255\n"),
        file("short.pgm", &pgm(300, 300, waves)[..50_000]),
        file("text.txt", b"not a picture"),
        folder.path().join("missing.pgm"),
    ];
    let lines = json(&["finger", "--json"], &files);
    assert_eq!(lines.len(), files.len());
    for ((line, path), (code, failure)) in lines.iter().zip(&files).zip([
        (None, None),
        (None, Some("blank")),
        (None, Some("too-few-ridges")),
        (None, Some("too-few-ridges")),
        (Some("Q-07"), None),
        (Some("Q-05"), None),
        (Some("Q-03"), None),
        (Some("Q-04"), None),
        (Some("Q-02"), None),
        (Some("Q-01"), None),
    ]) {
        assert_eq!(line["file"], path.to_str().unwrap());
        assert_eq!(line["error"]["code"].as_str(), code, "{line}");
        assert_eq!(line["score"]["failure"].as_str(), failure, "{line}");
    }
    let words = answer(&["finger"], &files);
    assert_eq!(words.len(), files.len());
}

/// What nobody should send, at every size that has a limit: the answer is a score, or a reason by name.
#[test]
fn extremes_are_answered_by_name() {
    let folder = tempfile::tempdir().unwrap();
    // As random as it must be: every bit of the product of two odd numbers and the place.
    let noise = |x: usize, y: usize| ((x * 7919 + y * 104_729 + 12_345).wrapping_pow(3) >> 13) as u8;
    // A round face with two eyes and pointed ears, in fur.
    let cat = |x: usize, y: usize| {
        let (across, down) = ((x as f64 - 250.0).abs() / 170.0, (y as f64 - 275.0) / 170.0);
        let ear = (-1.5..-0.5).contains(&down) && (across - 0.62).abs() < (down + 1.5) * 0.32;
        match () {
            () if (across - 0.36).hypot(down + 0.15) < 0.1 => 15,
            () if across.hypot(down) < 1.0 || ear => 95 + noise(x, y / 3) % 60,
            () => 200,
        }
    };
    let white = |_, _| 255;
    for (name, bytes, ppi, expected) in [
        ("blank", pgm(196, 196, white), 500, Err("blank")),
        ("black", pgm(196, 196, |_, _| 0), 500, Err("too-few-ridges")),
        ("one pixel", pgm(1, 1, |_, _| 0), 500, Err("too-few-ridges")),
        ("noise, smallest", pgm(196, 196, noise), 500, Err("no-minutiae")),
        ("noise, largest", pgm(800, 1000, noise), 500, Err("no-minutiae")),
        ("print, smallest", pgm(196, 196, rings), 500, Ok(0..=100)),
        ("print, largest", pgm(800, 1000, rings), 500, Ok(0..=100)),
        ("too wide", pgm(801, 1000, rings), 500, Err("Q-07")),
        ("too high", pgm(800, 1001, rings), 500, Err("Q-07")),
        ("largest of 1000 ppi", pgm(1600, 2000, rings), 1000, Ok(0..=100)),
        ("coarse", pgm(300, 300, rings), 249, Err("Q-07")),
        ("cat", pgm(500, 500, cat), 500, Err("no-minutiae")),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let line = &json(&["finger", "--json", "--ppi", &ppi.to_string()], &[path])[0];
        let score = &line["score"];
        match (expected, score["value"].as_u64()) {
            (Ok(range), Some(value)) => assert!(range.contains(&value), "{name}: {score}"),
            (Err(reason), None) => {
                let told = line["error"]["code"].as_str().or(score["failure"].as_str());
                assert_eq!(told, Some(reason), "{name}: {line}");
            }
            other => panic!("{name}: {other:?}: {score}"),
        }
    }
}

#[test]
fn the_finger_answer_has_the_stated_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("print.pgm");
    fs::write(&path, pgm(300, 300, waves)).unwrap();
    let line = &json(&["finger", "--json"], std::slice::from_ref(&path))[0];
    assert_eq!(line["ppi"], 500);
    assert_eq!(line["measures"].as_object().unwrap().len(), 69 - 12 - 2, "{}", line["unmeasured"]);
    assert_eq!(line["mapped"]["Mu"], (line["measures"]["Mu"].as_f64().unwrap() * 101.0 / 255.0).floor());
    assert_eq!(line["mapped"]["OF_Bin10_Mean"], serde_json::Value::Null);
    assert_eq!(line["unmeasured"]["OrientationFlow"], "no block gave a value");
    // Parallel lines bend nowhere: without that group of values there is no score.
    assert_eq!(line["score"]["name"], "GFQ-no-minutiae");
    assert_eq!(line["score"]["failure"], "too-few-ridges");
    assert!(line["score"]["model"].as_str().unwrap().len() > 12, "{}", line["score"]);
    assert!(line["feedback"]["UniformImage"].as_f64().unwrap() > 70.0);
    let minutiae = line["minutiae"].as_array().unwrap();
    assert!(line["measures"]["FingerJetFX_MinutiaeCount"].as_f64().unwrap() >= minutiae.len() as f64);
    assert!(minutiae.iter().all(|m| m["x"].as_f64().unwrap() < 300.0 && m["quality"].as_u64().unwrap() <= 100));
    let line = &json(&["finger", "--json", "--ppi", "1000"], &[path])[0];
    assert_eq!(line["ppi"], 1000);
}

#[test]
fn a_measurement_names_what_it_measured() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("print.pgm", pgm(300, 300, rings)), ("blank.pgm", pgm(300, 300, |_, _| 255))].map(|(name, bytes)| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    });
    let lines = json(&["measure", "finger", "--rounds", "2"], &files);
    let names: Vec<_> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["finger", "finger", "no print", "no print"]);
    assert!(lines.iter().all(|line| line["value"].as_f64().unwrap() > 0.0 && line["unit"] == "ms"));
    for (check, name) in [("finger-values", "finger values"), ("hand", "hand"), ("memory", "memory")] {
        let lines = json(&["measure", check, "--rounds", "1"], &files[..1]);
        assert_eq!((lines.len(), &lines[0]["name"]), (1, &name.into()), "{lines:?}");
        assert!(lines[0]["value"].as_f64().unwrap() > 0.0);
    }
    let missing = ["gatepost-quality", "measure", "finger", "missing.pgm"];
    let error = run(&Arguments::try_parse_from(missing).unwrap(), &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("missing.pgm") && error.contains("Q-01"), "{error}");
}

#[test]
fn the_slap_answer_names_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slap.pgm");
    let tip = |x: usize, y: usize, left: usize| {
        let (dx, dy) = (x as f32 - left as f32 - 150.0, y as f32 - 300.0);
        (dx / 150.0).powi(2) + (dy / 190.0).powi(2) <= 1.0
    };
    let shade = |x, y| if tip(x, y, 50) || tip(x, y, 500) { waves(x, y) } else { 250 };
    fs::write(&path, pgm(900, 600, shade)).unwrap();
    let cut = folder.path().to_str().unwrap();
    let asked = ["slap", "--json", "--wanted", "right-thumb,left-thumb", "--cut", cut];
    let line = &json(&asked, std::slice::from_ref(&path))[0];
    assert_eq!((&line["problem"], &line["hand"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    let names: Vec<_> = line["fingers"].as_array().unwrap().iter().map(|finger| &finger["finger"]).collect();
    assert_eq!(names, ["left-thumb", "right-thumb"]);
    assert!(folder.path().join("slap-1.png").exists());
    let line = &json(&["slap", "--json"], std::slice::from_ref(&path))[0];
    assert_eq!(line["problem"], "place-all-fingers", "{line}");
    assert!(answer(&["slap"], &[path])[0].contains("problem place-all-fingers"));
}

#[test]
fn files_are_compared_in_twos() {
    let folder = tempfile::tempdir().unwrap();
    let blank = folder.path().join("blank.pgm");
    fs::write(&blank, pgm(300, 300, |_, _| 255)).unwrap();
    let missing = folder.path().join("missing.pgm");
    let files = [blank.clone(), blank.clone(), blank.clone(), missing, blank];
    let lines = json(&["compare", "--json"], &files);
    assert_eq!(lines.len(), 2, "the fifth has nobody to be compared with");
    assert_eq!((&lines[0]["same"], lines[0]["similarity"].as_f64()), (&serde_json::json!(false), Some(0.0)));
    assert_eq!(lines[1]["error"]["code"], "Q-01");
    assert!(answer(&["compare"], &files[..2])[0].ends_with("not known as the same"));
}

#[test]
fn wrong_usage_exits_with_two() {
    for arguments in [
        &["gatepost-quality"][..],
        &["gatepost-quality", "finger"],
        &["gatepost-quality", "toe", "a.pgm"],
        &["gatepost-quality", "finger", "a.pgm", "--ppi", "99"],
        &["gatepost-quality", "compare", "a.pgm"],
        &["gatepost-quality", "slap", "a.pgm", "--wanted", "right-toe"],
        &["gatepost-quality", "finger", "a.pgm", "--ppi", "fine"],
    ] {
        let error = Arguments::try_parse_from(arguments).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{arguments:?}");
    }
}

#[test]
fn a_detector_that_is_not_there_is_said_at_every_file() {
    let files = [PathBuf::from("a.png"), PathBuf::from("b.png")];
    let lines = json(&["face", "--json", "--engine", "oracle"], &files);
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line["error"]["code"] == "Q-13"), "{lines:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_files_get_one_line_each(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..4),
        plain in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..contents.len()).map(|i| folder.path().join(format!("{i}"))).collect();
        for (path, bytes) in paths.iter().zip(&contents) {
            fs::write(path, bytes).unwrap();
        }
        let arguments: &[&str] = if plain { &["finger"] } else { &["finger", "--json"] };
        prop_assert_eq!(answer(arguments, &paths).len(), paths.len());
    }
}

#[test]
fn a_face_picture_is_drawn_with_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, drawing) = (folder.path().join("wall.pgm"), folder.path().join("drawn.png"));
    fs::write(&picture, pgm(320, 240, |_, _| 120)).unwrap();
    let asked = ["face", "--json", "--engine", "blazeface", "--draw", drawing.to_str().unwrap()];
    let answers = json(&asked, std::slice::from_ref(&picture));
    assert_eq!(answers[0]["faces"], serde_json::json!([]), "{}", answers[0]);
    assert_eq!(answers[0]["engine"], "blazeface");
    // A panel of values beside the picture, with the reasons why there are none.
    let drawn = image::open(&drawing).unwrap().into_rgb8();
    assert!(drawn.width() > 320 && drawn.height() >= 240, "{:?}", drawn.dimensions());
    assert_eq!(drawn.get_pixel(10, 10).0, [120; 3]);
    let nowhere = json(
        &["face", "--json", "--engine", "blazeface", "--draw", "/no/such/drawn.png"],
        std::slice::from_ref(&picture),
    );
    assert_eq!(nowhere[0]["error"]["code"], "Q-07", "{}", nowhere[0]);
    // A drawing shows one picture.
    let two = ["gatepost-quality", "face", "--draw", "drawn.png", "a.png", "b.png"];
    assert!(run(&Arguments::try_parse_from(two).unwrap(), &mut Vec::new()).is_err());
}
