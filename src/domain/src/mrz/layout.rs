//! Where each field stands in each format: Doc 9303-4 (TD3), -5 (TD1), -6 (TD2) and -7 (MRV-A, MRV-B).

/// The five layouts of Doc 9303.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Visa, 2 lines of 44 characters.
    MrvA,
    /// Visa, 2 lines of 36 characters.
    MrvB,
    /// Card, 3 lines of 30 characters.
    Td1,
    /// Larger card, 2 lines of 36 characters.
    Td2,
    /// Passport, 2 lines of 44 characters.
    Td3,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::MrvA, Self::MrvB, Self::Td1, Self::Td2, Self::Td3];

    /// The name that people use: `TD3`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::MrvA => "MRV-A",
            Self::MrvB => "MRV-B",
            Self::Td1 => "TD1",
            Self::Td2 => "TD2",
            Self::Td3 => "TD3",
        }
    }

    /// The format with this name.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.id() == id)
    }

    /// Whether it is a visa, which is no travel document by itself.
    pub const fn is_visa(self) -> bool {
        matches!(self, Self::MrvA | Self::MrvB)
    }

    pub(super) const fn layout(self) -> &'static Layout {
        match self {
            Self::MrvA => &MRV_A,
            Self::MrvB => &MRV_B,
            Self::Td1 => &TD1,
            Self::Td2 => &TD2,
            Self::Td3 => &TD3,
        }
    }
}

/// Neighbouring characters of one line; `line` and `from` count from 0.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub line: usize,
    pub from: usize,
    pub len: usize,
}

/// A format as data.
pub(super) struct Layout {
    pub lines: usize,
    pub width: usize,
    pub code: Span,
    pub state: Span,
    pub name: Span,
    pub number: Span,
    pub number_check: Span,
    pub nationality: Span,
    pub birth: Span,
    pub birth_check: Span,
    pub sex: Span,
    pub expiry: Span,
    pub expiry_check: Span,
    pub optional: Span,
    /// TD3: the check digit over the optional data, called personal number there.
    pub optional_check: Option<Span>,
    /// TD1 only.
    pub optional_2: Option<Span>,
    pub composite: Option<Span>,
    /// What the composite check digit is computed over, in this order.
    pub composite_over: &'static [Span],
    /// A number of more than nine characters continues in the optional data.
    pub long_numbers: bool,
}

/// Positions `first` to `last` of a line, all counted from 1 as Doc 9303 does.
const fn at(line: usize, first: usize, last: usize) -> Span {
    Span { line: line - 1, from: first - 1, len: last + 1 - first }
}

const TD1: Layout = Layout {
    lines: 3,
    width: 30,
    code: at(1, 1, 2),
    state: at(1, 3, 5),
    name: at(3, 1, 30),
    number: at(1, 6, 14),
    number_check: at(1, 15, 15),
    nationality: at(2, 16, 18),
    birth: at(2, 1, 6),
    birth_check: at(2, 7, 7),
    sex: at(2, 8, 8),
    expiry: at(2, 9, 14),
    expiry_check: at(2, 15, 15),
    optional: at(1, 16, 30),
    optional_check: None,
    optional_2: Some(at(2, 19, 29)),
    composite: Some(at(2, 30, 30)),
    composite_over: &[at(1, 6, 30), at(2, 1, 7), at(2, 9, 15), at(2, 19, 29)],
    long_numbers: true,
};

/// The two-line formats share everything but the width and what follows the date of expiry.
const TD3: Layout = Layout {
    lines: 2,
    width: 44,
    code: at(1, 1, 2),
    state: at(1, 3, 5),
    name: at(1, 6, 44),
    number: at(2, 1, 9),
    number_check: at(2, 10, 10),
    nationality: at(2, 11, 13),
    birth: at(2, 14, 19),
    birth_check: at(2, 20, 20),
    sex: at(2, 21, 21),
    expiry: at(2, 22, 27),
    expiry_check: at(2, 28, 28),
    optional: at(2, 29, 42),
    optional_check: Some(at(2, 43, 43)),
    optional_2: None,
    composite: Some(at(2, 44, 44)),
    composite_over: &[at(2, 1, 10), at(2, 14, 20), at(2, 22, 43)],
    long_numbers: false,
};

const TD2: Layout = Layout {
    width: 36,
    name: at(1, 6, 36),
    optional: at(2, 29, 35),
    optional_check: None,
    composite: Some(at(2, 36, 36)),
    composite_over: &[at(2, 1, 10), at(2, 14, 20), at(2, 22, 35)],
    long_numbers: true,
    ..TD3
};

const MRV_A: Layout =
    Layout { optional: at(2, 29, 44), optional_check: None, composite: None, composite_over: &[], ..TD3 };

const MRV_B: Layout = Layout { width: 36, name: at(1, 6, 36), optional: at(2, 29, 36), ..MRV_A };
