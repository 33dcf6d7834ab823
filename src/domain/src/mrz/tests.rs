//! Specimens of Doc 9303, bad input, and properties of reader and writer together.

use super::check_digit::value;
use super::*;
use crate::guarded::Personal;
use alloc::string::{String, ToString};
use alloc::{format, vec};
use proptest::prelude::*;

const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const MRV_A: &str = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<";
const MRV_B: &str = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<";
/// The long number of Doc 9303-6: D23145890734 with check digit 9.
const TD2_LONG: &str = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<\nD23145890<UTO3407127M95071227349<<<8";

fn personal(text: &str) -> Personal<String> {
    Personal::new(text.to_string())
}

#[test]
fn the_specimens_of_doc_9303_are_read() {
    for (text, format, number, nationality, birth, expiry, optional, checks) in [
        (TD1, Format::Td1, "D23145890", "UTO", (74, 8, 12), (12, 4, 15), "", 4),
        (TD2, Format::Td2, "D23145890", "UTO", (74, 8, 12), (12, 4, 15), "", 4),
        (TD3, Format::Td3, "L898902C3", "UTO", (74, 8, 12), (12, 4, 15), "ZE184226B", 5),
        (MRV_A, Format::MrvA, "L8988901C", "XXX", (40, 9, 7), (96, 12, 10), "6ZE184226B", 3),
        (MRV_B, Format::MrvB, "L8988901C", "XXX", (40, 9, 7), (96, 12, 10), "", 3),
        (TD2_LONG, Format::Td2, "D23145890734", "UTO", (34, 7, 12), (95, 7, 12), "", 4),
    ] {
        let mrz = parse(text).unwrap();
        let date = |(y, m, d)| PartialDate::new(Some(y), Some(m), Some(d)).unwrap();
        assert_eq!(mrz.format, format);
        assert_eq!(mrz.issuing_state, "UTO");
        assert_eq!(mrz.nationality, nationality);
        assert_eq!(mrz.document_number, personal(number), "{format:?}");
        assert!(mrz.birth_date == date(birth) && mrz.expiry_date == date(expiry), "{format:?}");
        assert_eq!(mrz.optional, personal(optional), "{format:?}");
        assert_eq!(mrz.checks.len(), checks, "{format:?}");
        assert_eq!(mrz.failed_checks().count(), 0, "{format:?}: {mrz:?}");
        assert!(!mrz.name.truncated);
    }
}

#[test]
fn what_people_type_is_forgiven_and_nothing_else() {
    let typed = format!("\r\n  {}  \r\n\r\n", TD3.to_lowercase().replace('\n', "  \r\n"));
    assert_eq!(parse(&typed), parse(TD3));
    let wide = TD3.replace('<', " ");
    assert!(matches!(parse(&wide), Err(MrzError::LineLength { .. } | MrzError::IllegalCharacter { .. })));
}

#[test]
fn fillers_are_trimmed_and_unknown_parts_kept() {
    let text = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<64<<<<2F2702283<<<<<<<<<<<<<<<0";
    let text = text.replace("64<<<<2", &format!("64<<<<{}", char::from(check_digit(*b"64<<<<"))));
    let mrz = parse(&text).unwrap();
    assert_eq!((mrz.issuing_state.as_str(), mrz.nationality.as_str()), ("D", "D"));
    assert!(mrz.birth_date == PartialDate::new(Some(64), None, None).unwrap());
    assert!(!mrz.failed_checks().any(|field| field != Field::Composite));
    assert_eq!(mrz.name.secondary, personal("ERIKA"));
}

#[test]
fn bad_input_gets_a_clear_answer() {
    let long = "A".repeat(200);
    let letters_in_date = TD3.replace("740812", "74O812");
    let third = format!("{TD3}\n{MRV_B}");
    for (text, id, place) in [
        ("", "mrz-empty", ""),
        (" \n\r\n ", "mrz-empty", ""),
        (&long, "mrz-line-length", "200 characters"),
        (&third, "mrz-line-count", "but 4 came"),
        ("HELLO", "mrz-line-count", "but 1 came"),
        (&TD3[..80], "mrz-line-length", "Line 2 has 35"),
        (&TD1[..80], "mrz-line-length", "Line 3 has 18"),
        (&letters_in_date, "mrz-misplaced", "date of birth cannot have the character at line 2, position 16"),
        (&TD3.replace("740812", "741312"), "mrz-impossible-date", "date of birth on line 2"),
        (&TD3.replace("120415", "120431"), "mrz-impossible-date", "date of expiry on line 2"),
        (&TD3.replace("740812", "7<0812"), "mrz-misplaced", "position 15"),
        (&TD3.replace("2F1", "2Q1"), "mrz-misplaced", "position 21"),
        (&TD3.replace("ANNA", "ANN4"), "mrz-misplaced", "line 1, position 19"),
        (&TD3.replace("ERIKSSON", "<RIKSSON"), "mrz-misplaced", "line 1, position 6"),
        (&TD3.replace("P<UTO", "P<U7O"), "mrz-misplaced", "line 1, position 4"),
        (&TD3.replace("P<UTO", "<<UTO"), "mrz-misplaced", "line 1, position 1"),
        (&TD3.replace("C36", "C3B"), "mrz-misplaced", "line 2, position 10"),
        (&TD3.replace("ERIKSSON", "ÉRIKSSON"), "mrz-illegal-character", "Line 1 has a character at position 6"),
    ] as [(&str, &str, &str); 18]
    {
        let error = parse(text).unwrap_err();
        assert_eq!(error.id(), id, "{error}");
        let sentence = error.sentence();
        assert!(sentence.contains(place), "{sentence}");
        assert!(!sentence.contains("ERIKSSON") && !sentence.contains("AAAA"), "{sentence}");
    }
}

#[test]
fn a_wrong_check_digit_is_a_fact_and_no_error() {
    for (from, to, failed) in [
        ("2C36", "2C37", vec![Field::DocumentNumber, Field::Composite]),
        ("8122F", "8123F", vec![Field::BirthDate, Field::Composite]),
        ("4159Z", "4150Z", vec![Field::ExpiryDate, Field::Composite]),
        ("<<10", "<<20", vec![Field::PersonalNumber, Field::Composite]),
        ("<<10", "<<11", vec![Field::Composite]),
        ("8122F", "812<F", vec![Field::BirthDate, Field::Composite]),
    ] {
        let mrz = parse(&TD3.replace(from, to)).unwrap();
        assert_eq!(mrz.failed_checks().collect::<Vec<_>>(), failed, "{from} -> {to}");
        assert!(!mrz.is_protected(Field::BirthDate), "{from} -> {to}");
    }
    assert!(parse(TD3).unwrap().is_protected(Field::BirthDate));
    assert!(!parse(TD3).unwrap().is_protected(Field::Nationality));
}

#[test]
fn an_unused_personal_number_has_either_check_digit() {
    for digit in ["<", "0"] {
        let text = TD3.replace("ZE184226B<<<<<10", &format!("<<<<<<<<<<<<<<{digit}4"));
        let failed: Vec<_> = parse(&text).unwrap().failed_checks().collect();
        assert!(!failed.contains(&Field::PersonalNumber), "{digit}");
    }
}

#[test]
fn debug_shows_nothing_of_the_person() {
    let text = format!("{:?}", parse(TD3).unwrap());
    for secret in ["ERIKSSON", "ANNA", "L898902C3", "74", "ZE184226B", "Female"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("Td3"), "{text}");
}

fn fields<'a>(primary: &'a str, secondary: &'a str) -> Fields<'a> {
    Fields {
        document_code: "P",
        issuing_state: "UTO",
        nationality: "UTO",
        primary,
        secondary,
        document_number: "L898902C3",
        birth_date: PartialDate::new(Some(74), Some(8), Some(12)).unwrap(),
        sex: Sex::Female,
        expiry_date: PartialDate::new(Some(12), Some(4), Some(15)).unwrap(),
        optional: "ZE184226B",
        optional_2: "",
    }
}

#[test]
fn the_specimen_is_written() {
    assert_eq!(write(&fields("Eriksson", "Anna Maria"), Format::Td3).unwrap().join("\n"), TD3);
    let long = Fields {
        document_code: "I",
        document_number: "D23145890734",
        birth_date: PartialDate::new(Some(34), Some(7), Some(12)).unwrap(),
        sex: Sex::Male,
        expiry_date: PartialDate::new(Some(95), Some(7), Some(12)).unwrap(),
        optional: "",
        ..fields("Stevenson", "Peter John")
    };
    assert_eq!(write(&long, Format::Td2).unwrap().join("\n"), TD2_LONG);
}

#[test]
fn names_are_written_by_the_rules_of_doc_9303_4() {
    for (primary, secondary, field) in [
        ("Smith-Jones", "Susie Margaret", "SMITH<JONES<<SUSIE<MARGARET<<<<<<<<<<<<"),
        ("O'Connor", "Enya Siobhan", "OCONNOR<<ENYA<SIOBHAN<<<<<<<<<<<<<<<<<<"),
        ("Van Der Muellen", "Martin", "VAN<DER<MUELLEN<<MARTIN<<<<<<<<<<<<<<<<"),
        ("Arkfreith", "", "ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"),
        ("Nilavadhanananda", "Chayapa Dejthamrong Krasuang", "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"),
        ("Nilavadhanananda", "Arnpol Petch Charonguang", "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU"),
        ("Papandropoulous", "Jonathon Warren Trevor", "PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR"),
        // Ours: the primary identifier gives way until the secondary one has a letter.
        ("Bennelong Wooloomooloo Warrandyte Warnambool", "Dingo Potoroo", "BENNELONG<WOOLOOMOOLOO<WARRANDYTE<WA<<D"),
        ("Bennelong Wooloomooloo Warrandyte W Warnambool", "Dingo", "BENNELONG<WOOLOOMOOLO<WARRANDYTE<W<W<<D"),
        // Ours: the cut falls behind a filler, and the longest part gives up a letter.
        ("Nilavadhanananda", "Chayapa Dejthamrongs Krasuang", "NILAVADHANANAND<<CHAYAPA<DEJTHAMRONGS<K"),
    ] {
        let lines = write(&fields(primary, secondary), Format::Td3).unwrap();
        assert_eq!(&lines[0][5..], field);
        assert_eq!(parse(&lines.join("\n")).unwrap().name.truncated, !field.ends_with('<'), "{primary}");
    }
    for (primary, error) in [
        ("", WriteError::NoName),
        ("'-'", WriteError::NoName),
        ("Müller", WriteError::Untranslatable { field: Field::Name }),
        ("Henry 8", WriteError::Untranslatable { field: Field::Name }),
    ] {
        assert_eq!(write(&fields(primary, ""), Format::Td3), Err(error), "{primary}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let number = |document_number, optional| Fields { document_number, optional, ..fields("A", "") };
    for (fields, format, field) in [
        (number("1234567890", ""), Format::Td3, Field::DocumentNumber),
        (number("123456789012345", ""), Format::Td2, Field::DocumentNumber),
        (number("12345678901234567890123", ""), Format::Td1, Field::DocumentNumber),
        (number("1", "123456789012345"), Format::Td3, Field::PersonalNumber),
    ] {
        assert_eq!(write(&fields, format), Err(WriteError::TooLong { field }));
    }
    let visa = write(&fields("A", ""), Format::MrvA);
    assert_eq!(visa, Err(WriteError::CodeOfAnotherFormat { format: Format::MrvA }));
}

fn any_date() -> impl Strategy<Value = PartialDate> {
    let part = |range| proptest::option::weighted(0.8, range);
    (part(0..=99u8), part(1..=12u8), part(1..=31u8))
        .prop_filter_map("a date of the calendar", |(year, month, day)| PartialDate::new(year, month, day).ok())
}

fn any_name() -> impl Strategy<Value = String> {
    "[A-Z]{1,9}( [A-Z]{1,3})?"
}

fn any_document() -> impl Strategy<Value = (Format, [String; 6], PartialDate, PartialDate, Sex)> {
    let sex = prop_oneof![Just(Sex::Female), Just(Sex::Male), Just(Sex::Unspecified)];
    let format = proptest::sample::select(Format::ALL.to_vec());
    (format, any_name(), any_name(), "[A-Z0-9]{1,9}", "[A-Z0-9]{0,5}", "[A-Z0-9]{0,7}", any_date(), any_date(), sex)
        .prop_flat_map(|(format, primary, secondary, number, tail, optional, birth, expiry, sex)| {
            let long = matches!(format, Format::Td1 | Format::Td2) && number.len() == 9;
            let number = if long { format!("{number}{tail}") } else { number };
            let optional = if long { String::new() } else { optional };
            let optional_2 = if format == Format::Td1 { "A1<B2" } else { "" }.to_string();
            let code = if format.is_visa() { "V" } else { "P" }.to_string();
            Just((format, [primary, secondary, number, optional, optional_2, code], birth, expiry, sex))
        })
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_lines_of_the_right_shape_make_it_panic(
        (lines, width) in proptest::sample::select(vec![(3usize, 30usize), (2, 36), (2, 44)]),
        characters in proptest::collection::vec("[A-Z0-9<]", 90),
    ) {
        let text = characters.concat();
        let rows: Vec<&str> = (0..lines).map(|row| &text[row * width % 46..][..width]).collect();
        let _ = parse(&rows.join("\n"));
    }

    #[test]
    fn what_is_written_is_read_back((format, text, birth, expiry, sex) in any_document()) {
        let [primary, secondary, number, optional, optional_2, code] = &text;
        let fields = Fields {
            document_code: code, issuing_state: "UTO", nationality: "D", primary, secondary, document_number: number,
            birth_date: birth, sex, expiry_date: expiry, optional, optional_2,
        };
        let lines = write(&fields, format).unwrap();
        let mrz = parse(&lines.join("\n")).unwrap();
        prop_assert_eq!(mrz.format, format);
        prop_assert_eq!(mrz.failed_checks().count(), 0);
        prop_assert!(mrz.birth_date == birth && mrz.expiry_date == expiry && mrz.sex == sex);
        prop_assert_eq!(mrz.name.primary, personal(primary));
        prop_assert_eq!(mrz.name.secondary, personal(secondary));
        prop_assert_eq!(mrz.document_number, personal(number));
        prop_assert_eq!(mrz.optional, personal(optional));
        prop_assert_eq!(mrz.optional_2, personal(optional_2));
    }

    #[test]
    fn a_long_name_is_cut_and_ends_with_a_letter(primary in "[A-Z]{1,20}( [A-Z]{1,9}){0,4}", secondary in "([A-Z]{1,9} ){0,8}") {
        let lines = write(&fields(&primary, &secondary), Format::Td3).unwrap();
        let (primary, secondary) = (primary.trim(), secondary.trim());
        let whole = primary.len() + if secondary.is_empty() { 0 } else { secondary.len() + 2 };
        prop_assert_eq!(lines[0].len(), 44);
        prop_assert_eq!(!lines[0].ends_with('<'), whole >= 39);
        let name = parse(&lines.join("\n")).unwrap().name;
        prop_assert_eq!(name.truncated, whole >= 39);
        prop_assert_eq!(name.secondary.expose().is_empty(), secondary.is_empty());
    }

    #[test]
    fn a_changed_character_is_noticed(
        specimen in proptest::sample::select(vec![TD1, TD2, TD3, MRV_A, MRV_B, TD2_LONG]),
        place in any::<proptest::sample::Index>(),
        new in proptest::sample::select(b"0123456789<ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_vec()),
    ) {
        let format = parse(specimen).unwrap().format;
        let protected = protected_places(format);
        let place = protected[place.index(protected.len())];
        let mut text = specimen.as_bytes().to_vec();
        // Values that are equal modulo 10 are what this check digit cannot tell apart.
        prop_assume!(value(text[place]) % 10 != value(new) % 10);
        text[place] = new;
        let read = parse(core::str::from_utf8(&text).unwrap());
        prop_assert!(read.is_err() || read.unwrap().failed_checks().next().is_some());
    }
}

/// Places in the text of all characters that a check digit covers.
fn protected_places(format: Format) -> Vec<usize> {
    let layout = format.layout();
    let own =
        [layout.number, layout.number_check, layout.birth, layout.birth_check, layout.expiry, layout.expiry_check];
    let spans = own.into_iter().chain(layout.composite_over.iter().copied()).chain(layout.composite);
    spans.flat_map(|span| (0..span.len).map(move |i| span.line * (layout.width + 1) + span.from + i)).collect()
}
