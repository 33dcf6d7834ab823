use super::*;
use proptest::prelude::*;

/// Two trees in the form of OpenCV 4: the first asks value 68 and then value 0, the second is a leaf.
const SMALL: &str = "%YAML:1.0
---
my_random_trees:
   format: 3
   is_classifier: 1
   var_all: 70
   var_count: 69
   class_labels: [ 0, 1 ]
   ntrees: 2
   trees:
      -
         nodes:
            -
               depth: 0
               value: 0.
               norm_class_idx: 0
               splits:
                  - { var:68, quality:160.194580078125,
                      le:1.5 }
            -
               depth: 1
               value: 1.
               norm_class_idx: 1
            -
               depth: 1
               value: 0.
               norm_class_idx: 0
               splits:
                  - { var:0, quality:3., le:-2.5e+00 }
                  - { var:7, quality:1., le:9. }
            -
               depth: 2
               value: 0.
               norm_class_idx: 0
            -
               depth: 2
               value: 1.
      -
         nodes:
            -
               depth: 0
               value: 1.
";

fn parse(text: &str) -> Result<Forest, ForestError> {
    Forest::parse(NAME_OF_OTHER_FOREST, "test", text.as_bytes())
}

#[test]
fn trees_vote() {
    let forest = parse(SMALL).unwrap();
    for (first, last, positive) in [(0.0, 1.5, 2), (0.0, 1.6, 2), (-2.5, 1.6, 1), (-2.4, 1.6, 2), (-9.0, 0.0, 2)] {
        let mut features = [0.0; COUNT];
        (features[0], features[68]) = (first, last);
        assert_eq!(forest.votes(&features), Some((positive, 2)), "{first} {last}");
    }
    assert_eq!(forest.vote(&[0.0; COUNT]), Some(100.0));
    assert_eq!(forest.votes(&[f32::NAN; COUNT]), None);
    assert!(forest.id().as_str().starts_with("test-"), "{}", forest.id());
}

#[test]
fn faults_name_their_line() {
    for (from, to, line, what) in [
        ("is_classifier: 1", "is_classifier: 0", 5, "this forest is no classifier"),
        ("var_count: 69", "var_count: 65", 7, "this forest is not for 69 values"),
        ("[ 0, 1 ]", "[ 0, 1, 2 ]", 8, "two classes are wanted"),
        ("ntrees: 2", "ntrees: 0", 9, "this is no number of trees"),
        ("ntrees: 2", "ntrees: 3", 1, "the number of trees is not the stated one"),
        ("var:68", "var:69", 18, "a split is on one of the 69 values"),
        ("var:68", "var:6.5", 18, "a split is on one of the 69 values"),
        ("le:1.5", "le:nan", 19, "a number is wanted"),
        ("le:1.5", "gt:1.5", 19, "a split of this kind is not known"),
        ("                      le:1.5 }", "    quality:1 }", 14, "a split needs a value and a limit"),
        (
            "  - { var:0, quality:3., le:-2.5e+00 }\n                  - { var:7, quality:1., le:9. }",
            "  -",
            31,
            "this node has no parent",
        ),
        (
            "      -\n         nodes:\n            -\n               depth: 0\n               value: 1.\n",
            "  nodes:\n",
            1,
            "the last tree is cut off",
        ),
    ] {
        let text = SMALL.replace(from, to);
        assert_ne!(text, SMALL);
        match parse(&text) {
            Err(ForestError::Line { line: at, what: found }) => assert_eq!((at, found), (line, what), "{to}"),
            other => panic!("{to}: {other:?}"),
        }
    }
    assert!(matches!(parse(""), Err(ForestError::Line { line: 1, what: "there is no tree" })));
    assert!(matches!(Forest::parse(NAME_OF_OTHER_FOREST, "", &[0xFF]), Err(ForestError::NotText)));
}

#[test]
fn only_nists_file_is_nists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forest.yaml");
    std::fs::write(&path, SMALL).unwrap();
    let error = Forest::open_nist(&path).unwrap_err().to_string();
    assert!(error.contains(NIST_MD5) && error.contains("not NIST's forest"), "{error}");
    assert!(Forest::open_any(&path).is_ok());
    let missing = Forest::open_any(&folder.path().join("missing")).unwrap_err();
    assert!(matches!(missing, ForestError::Unreadable { .. }), "{missing}");
}

proptest! {
    #[test]
    fn any_change_is_read_or_refused(at in 0..SMALL.len(), to in "[-a-z0-9:{}\\[\\], \n]{0,12}", drop in 0usize..300) {
        let text = format!("{}{to}{}", &SMALL[..at], &SMALL[(at + drop).min(SMALL.len())..]);
        if let Ok(forest) = parse(&text) {
            let (positive, all) = forest.votes(&[1.0; COUNT]).unwrap();
            prop_assert!(positive <= all);
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Forest::parse(NAME_OF_OTHER_FOREST, "", &bytes).is_err());
    }
}
