//! Travellers by the million: every edge day, leap births, unknown birth parts, two documents, every special code.

use super::calendar::{Calendar, Ymd, length};

/// What is known of a date of birth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Birth {
    /// Nothing was read.
    Absent,
    /// Two digits of the year, month, day; each may be unknown.
    Zone(Option<u32>, Option<u32>, Option<u32>),
    /// Four digits of the year, month, day; each may be unknown.
    Page(Option<i32>, Option<u32>, Option<u32>),
}

/// What a document says, and how it was read.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// `reader`, `typed`, `manual`.
    pub evidence: &'static str,
    /// Empty: not read.
    pub nationality: &'static str,
    pub issuer: &'static str,
    pub code: &'static str,
    pub birth: Birth,
    /// A check digit does not hold.
    pub misread: bool,
}

/// What officer and supervisor say.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    pub birth: Option<Ymd>,
    pub child: Option<bool>,
    pub claims: Option<bool>,
    pub nationality: Option<bool>,
    pub read_again: Option<bool>,
    /// Ground, and whether a second person has confirmed it.
    pub attested: Option<(&'static str, bool)>,
    pub ruled_due: bool,
}

/// One traveller at one place and time.
#[derive(Clone, Copy, Debug)]
pub struct Traveller {
    /// Count of the local day.
    pub day: i64,
    /// Second of that day.
    pub second: u32,
    pub checkpoint: &'static str,
    pub possible: bool,
    /// `entry`, `exit`, `transit`.
    pub direction: &'static str,
    /// The operator has confirmed the announced entry.
    pub confirmed: bool,
    pub document: Document,
    /// A document shown before, in the same case.
    pub earlier: Option<Document>,
    pub said: Said,
    pub before: Before,
}

/// What is told about the time before the arrival.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    pub visa: Option<bool>,
    pub resident: Option<bool>,
    pub emergency: bool,
    /// Seconds before the arrival at which an application was handed in; fewer than none is after it.
    pub applied: Option<i64>,
}

pub const SPECIAL: [&str; 27] = [
    "D", "EUE", "GBD", "GBN", "GBO", "GBP", "GBS", "RKS", "UNA", "UNK", "UNO", "UTO", "XBA", "XCC", "XCE", "XCO",
    "XDC", "XEC", "XES", "XIM", "XMP", "XOM", "XPO", "XXA", "XXB", "XXC", "XXX",
];
const STATES: [&str; 16] =
    ["ARM", "AZE", "CHN", "DEU", "FRA", "GEO", "IND", "KAZ", "KGZ", "MDA", "SRB", "TJK", "TUR", "UKR", "UZB", "VAT"];
/// No code of any list.
pub const NO_CODES: [&str; 6] = ["ZZZ", "SUN", "QQQ", "B", "RU", "AAA"];
const CODES: [&str; 9] = ["P", "PP", "PD", "PO", "PL", "PS", "PR", "ID", ""];
const PLACES: [&str; 8] =
    ["domodedovo", "sheremetyevo", "vnukovo", "zhukovsky", "mashtakovo", "pulkovo", "vnukovo-2", "brest"];
const GROUNDS: [&str; 12] = [
    "belarus",
    "under-six",
    "diplomat",
    "consular",
    "diplomat-family",
    "consular-family",
    "organisation",
    "organisation-family",
    "courier",
    "official-passport",
    "official-visa",
    "astronaut",
];
/// Days on which a rule begins or ends, leap days and the days beside them.
const EDGES: [Ymd; 12] = [
    (2024, 11, 30),
    (2024, 12, 1),
    (2025, 6, 29),
    (2025, 6, 30),
    (2025, 11, 30),
    (2025, 12, 1),
    (2026, 2, 28),
    (2026, 3, 1),
    (2026, 6, 30),
    (2026, 7, 1),
    (2028, 2, 28),
    (2028, 2, 29),
];

/// Numbers that look like chance and are the same in every run (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    fn yes_or_no(&mut self, percent: u64) -> Option<bool> {
        self.percent(percent).then(|| self.percent(50))
    }
}

pub fn traveller(chance: &mut Chance, calendar: &Calendar) -> Traveller {
    let day = match chance.below(10) {
        0..=4 => calendar.count(chance.of(&EDGES)),
        5 => calendar.count(chance.of(&EDGES)) + chance.between(-2, 2),
        _ => chance.between(calendar.count((2024, 10, 1)), calendar.count((2031, 3, 2))),
    };
    let second = match chance.below(3) {
        0 => 0,
        1 => 86_399,
        _ => chance.below(86_400) as u32,
    };
    let direction = if chance.percent(92) { "entry" } else { chance.of(&["exit", "transit"]) };
    let (document, said) = (document(chance, calendar, day), said(chance, calendar, day));
    let earlier = chance.percent(15).then(|| self::document(chance, calendar, day));
    let checkpoint = chance.of(&PLACES);
    let (possible, confirmed) = (chance.percent(75), chance.percent(75));
    let before = before(chance);
    Traveller { day, second, checkpoint, possible, direction, confirmed, document, earlier, said, before }
}

fn before(chance: &mut Chance) -> Before {
    let near = chance.of(&[0, 14_400, 259_200, 7_776_000]) + chance.between(-1, 1);
    let applied = if chance.percent(60) { near } else { chance.between(-90_000, 9_000_000) };
    Before {
        visa: chance.yes_or_no(75),
        resident: chance.yes_or_no(75),
        emergency: chance.percent(20),
        applied: chance.percent(80).then_some(applied),
    }
}

fn nationality(chance: &mut Chance) -> &'static str {
    match chance.below(20) {
        0..=6 => chance.of(&STATES),
        7..=9 => "BLR",
        10..=11 => "RUS",
        12..=17 => chance.of(&SPECIAL),
        18 => chance.of(&NO_CODES),
        _ => "",
    }
}

fn document(chance: &mut Chance, calendar: &Calendar, day: i64) -> Document {
    let nationality = nationality(chance);
    let issuer = if chance.percent(70) { nationality } else { self::nationality(chance) };
    let evidence = chance.of(&["reader", "reader", "reader", "typed", "manual"]);
    let birth = birth(chance, calendar, day, evidence == "manual");
    let misread = evidence != "manual" && chance.percent(8);
    Document { evidence, nationality, issuer, code: chance.of(&CODES), birth, misread }
}

/// A day of birth near something that matters, or anywhere.
fn born(chance: &mut Chance, calendar: &Calendar, day: i64) -> Ymd {
    let (year, month, day_of_month) = calendar.date(day);
    match chance.below(10) {
        // Around the sixth birthday, and around the day when a hundred and six are full.
        0..=3 => {
            let years = chance.of(&[5, 6, 6, 6, 7, 105, 106, 106]);
            let then = (year - years, month, day_of_month.min(length(year - years, month)));
            calendar.date(calendar.count(then) + chance.between(-2, 2))
        }
        // Leap births.
        4 => {
            let leap = chance.of(&[2000, 2004, 2012, 2016, 2020, 2024, 1908, 1912, 1916, 1920, 1924]);
            (leap, 2, chance.of(&[28, 29, 29, 29]))
        }
        // The day itself, the days around it, and somebody who is not born yet.
        5 => calendar.date(day + chance.between(-3, 3)),
        // As old as people get.
        6 => calendar.date(day - chance.between(365 * 117, 365 * 123)),
        _ => calendar.date(day - chance.between(0, 365 * 99)),
    }
}

fn birth(chance: &mut Chance, calendar: &Calendar, day: i64, page: bool) -> Birth {
    if chance.percent(3) {
        return Birth::Absent;
    }
    let (year, month, day_of_month) = born(chance, calendar, day);
    let unknown = if chance.percent(25) { chance.below(8) } else { 0 };
    let month = (unknown & 1 == 0).then_some(month);
    let day_of_month = (unknown & 2 == 0).then_some(day_of_month);
    let known_year = unknown & 4 == 0;
    if page {
        Birth::Page(known_year.then_some(year), month, day_of_month)
    } else {
        Birth::Zone(known_year.then_some(year.rem_euclid(100) as u32), month, day_of_month)
    }
}

fn said(chance: &mut Chance, calendar: &Calendar, day: i64) -> Said {
    Said {
        birth: chance.percent(12).then(|| born(chance, calendar, day)),
        child: chance.yes_or_no(25),
        claims: chance.yes_or_no(30),
        nationality: chance.yes_or_no(20),
        read_again: chance.yes_or_no(30),
        attested: chance.percent(12).then(|| (chance.of(&GROUNDS), chance.percent(50))),
        ruled_due: chance.percent(4),
    }
}
