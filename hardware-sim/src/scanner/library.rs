//! Prints in the module: two buffers, and a library in flash memory.

use super::module::{Answer, Module, Sensor};
use super::prints::{FILE_LENGTH, Print, Probe, Unusable, decode, encode, extract, merge};
use drivers::scanner::ef01::command::confirmation;

/// Templates that the R503 class holds.
pub const CAPACITY: u16 = 200;

/// Places that ReadIndexTable tells at once: 32 bytes of bits.
const INDEX: usize = 256;

/// The least score that counts as one finger, by security level 1 to 5. Level 3 lies above what different fingers of
/// our own drawing reach; about one touch in ten of the right finger stays below it, and is put down again. A test in
/// `prints/compare.rs` holds both.
const THRESHOLDS: [u16; 5] = [50, 55, 60, 65, 72];

/// Buffers and flash memory. Files are kept as they came, also those that are none: they are found out when used.
#[derive(Debug)]
pub struct Library {
    buffers: [Option<Vec<u8>>; 2],
    pages: Vec<Option<Vec<u8>>>,
    notes: [[u8; NOTE]; NOTES],
    /// The last comparison was of one finger: bit 1 of the status register.
    pub passed: bool,
}

/// Bytes of a page of the notepad, and its pages (ZFM-20 manual, WriteNotepad).
pub const NOTE: usize = 32;
const NOTES: usize = 16;

impl Default for Library {
    fn default() -> Self {
        let pages = vec![None; usize::from(CAPACITY)];
        Self { buffers: [None, None], pages, notes: [[0; NOTE]; NOTES], passed: false }
    }
}

impl Library {
    /// Power was lost: what is not in flash memory is gone.
    pub fn forget_buffers(&mut self) {
        (self.buffers, self.passed) = ([None, None], false);
    }

    /// Puts a file into a buffer: 1 is the first, any other number the second (ZFM-20 manual, Img2Tz).
    pub fn set(&mut self, buffer: u8, file: Vec<u8>) {
        self.buffers[usize::from(buffer != 1)] = Some(file);
    }

    fn file(&self, buffer: u8) -> Option<&Vec<u8>> {
        self.buffers[usize::from(buffer != 1)].as_ref()
    }

    fn print(&self, buffer: u8) -> Option<Print> {
        decode(self.file(buffer)?).ok()
    }

    fn page(&mut self, page: u16) -> Option<&mut Option<Vec<u8>>> {
        self.pages.get_mut(usize::from(page))
    }

    /// The place with the most alike print among so many places, and its score.
    fn best(&self, probe: &Print, start: u16, count: u16) -> Option<(u16, u16)> {
        let probe = Probe::new(probe);
        let places = (start..start.saturating_add(count)).zip(self.pages.iter().skip(usize::from(start)));
        let scored = places.filter_map(|(page, file)| {
            let stored = decode(file.as_ref()?).ok()?;
            Some((page, probe.compare(&stored).score))
        });
        // The first of equals, as a module that looks through its places in order finds it.
        scored.fold(None, |best, found| match best {
            Some((_, score)) if score >= found.1 => best,
            _ => Some(found),
        })
    }
}

/// Data packets on their way to the module.
#[derive(Debug)]
pub enum Incoming {
    /// An image, two pixels a byte.
    Image {
        /// So far.
        packed: Vec<u8>,
        /// Bytes that the sensor's image has.
        whole: usize,
    },
    /// A characteristic file.
    Print {
        /// For this buffer.
        buffer: u8,
        /// So far.
        file: Vec<u8>,
    },
}

impl Incoming {
    /// Takes one packet's content; what is too much is dropped, and makes an image one of a wrong size.
    pub fn push(&mut self, content: &[u8]) {
        let (bytes, most) = match self {
            Self::Image { packed, whole } => (packed, *whole + 1),
            Self::Print { file, .. } => (file, FILE_LENGTH),
        };
        let room = most.saturating_sub(bytes.len()).min(content.len());
        bytes.extend_from_slice(&content[..room]);
    }
}

/// Img2Tz: buffer.
pub fn convert(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    let Some(image) = &module.image else { return Answer::code(confirmation::NO_IMAGE) };
    let (width, height) = module.size;
    match extract(image, width as usize, height as usize) {
        Ok(print) => {
            module.library.set(parameters[0], encode(&print));
            Answer::code(confirmation::OK)
        }
        Err(Unusable::Messy) => Answer::code(confirmation::MESSY),
        Err(Unusable::TooFew) => Answer::code(confirmation::TOO_FEW),
    }
}

/// Match: the two buffers; gives the score either way.
pub fn compare(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    let library = &module.library;
    let score = match (library.print(1), library.print(2)) {
        (Some(one), Some(other)) => Probe::new(&one).compare(&other).score,
        _ => 0,
    };
    let code = if passes(module, score) { confirmation::OK } else { confirmation::NO_MATCH };
    Answer { confirmation: code, ..Answer::with(score.to_be_bytes().to_vec()) }
}

/// Search and its fast variant: buffer, first place, number of places; gives place and score, zeros for none.
pub fn search(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    let (start, count) = (half(&parameters[1..]), half(&parameters[3..]));
    let print = module.library.print(parameters[0]);
    let found = print.and_then(|print| module.library.best(&print, start, count));
    match found {
        Some((page, score)) if passes(module, score) => {
            Answer::with([page.to_be_bytes(), score.to_be_bytes()].concat())
        }
        _ => {
            module.library.passed = false;
            Answer { confirmation: confirmation::NOT_FOUND, ..Answer::with(vec![0; 4]) }
        }
    }
}

/// RegModel: one template out of both buffers, into both.
pub fn combine(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    let library = &module.library;
    let (Some(one), Some(other)) = (library.print(1), library.print(2)) else {
        return Answer::code(confirmation::MERGE_FAIL);
    };
    let probe = Probe::new(&one);
    let comparison = probe.compare(&other);
    if !passes(module, comparison.score) {
        return Answer::code(confirmation::MERGE_FAIL);
    }
    let file = encode(&merge(&probe, &other, &comparison));
    module.library.set(1, file.clone());
    module.library.set(2, file);
    Answer::code(confirmation::OK)
}

/// Store: buffer, place.
pub fn store(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    let file = module.library.file(parameters[0]).cloned();
    match (module.library.page(half(&parameters[1..])), file) {
        (None, _) => Answer::code(confirmation::BAD_PAGE),
        (Some(_), None) => Answer::code(confirmation::FLASH),
        (Some(page), file) => {
            *page = file;
            Answer::code(confirmation::OK)
        }
    }
}

/// LoadChar: buffer, place.
pub fn load(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    match module.library.page(half(&parameters[1..])).map(|page| page.clone()) {
        None => Answer::code(confirmation::BAD_PAGE),
        Some(None) => Answer::code(confirmation::TEMPLATE_READ),
        Some(Some(file)) => {
            module.library.set(parameters[0], file);
            Answer::code(confirmation::OK)
        }
    }
}

/// UpChar: buffer; the file follows.
pub fn upload(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    match module.library.file(parameters[0]) {
        Some(file) => Answer { data: Some(file.clone()), ..Answer::code(confirmation::OK) },
        None => Answer::code(confirmation::TEMPLATE_UPLOAD),
    }
}

/// DownChar: buffer; the host sends the file afterwards.
pub fn download(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    module.incoming = Some(Incoming::Print { buffer: parameters[0], file: Vec::new() });
    Answer::code(confirmation::OK)
}

/// DownImage: the host sends the image afterwards.
pub fn download_image(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    let whole = (module.size.0 * module.size.1 / 2) as usize;
    module.incoming = Some(Incoming::Image { packed: Vec::new(), whole });
    Answer::code(confirmation::OK)
}

/// DeletChar: first place, number of places.
pub fn delete(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    let (start, count) = (usize::from(half(parameters)), usize::from(half(&parameters[2..])));
    match module.library.pages.get_mut(start..start + count) {
        Some(pages) if count > 0 => {
            pages.fill(None);
            Answer::code(confirmation::OK)
        }
        _ => Answer::code(confirmation::DELETE_FAIL),
    }
}

/// Empty.
pub fn empty(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    module.library.pages.fill(None);
    Answer::code(confirmation::OK)
}

/// TemplateNum.
pub fn count(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    let stored = module.library.pages.iter().flatten().count() as u16;
    Answer::with(stored.to_be_bytes().to_vec())
}

/// ReadIndexTable: which 256 places.
pub fn index(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    if parameters[0] > 3 {
        return Answer::code(confirmation::BAD_PAGE);
    }
    let mut bits = vec![0; INDEX / 8];
    let places = module.library.pages.iter().skip(usize::from(parameters[0]) * INDEX).take(INDEX);
    for (at, _) in places.enumerate().filter(|(_, page)| page.is_some()) {
        bits[at / 8] |= 1 << (at % 8);
    }
    Answer::with(bits)
}

/// WriteNotepad: page, 32 bytes.
pub fn write_note(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    match module.library.notes.get_mut(usize::from(parameters[0])) {
        Some(note) => {
            note.copy_from_slice(&parameters[1..]);
            Answer::code(confirmation::OK)
        }
        None => Answer::code(confirmation::BAD_REGISTER),
    }
}

/// ReadNotepad: page.
pub fn read_note(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    match module.library.notes.get(usize::from(parameters[0])) {
        Some(note) => Answer::with(note.to_vec()),
        None => Answer::code(confirmation::BAD_REGISTER),
    }
}

/// Whether a score is good enough for the security level; the status register keeps it.
fn passes(module: &mut Module, score: u16) -> bool {
    let level = usize::from(module.now.security.clamp(1, 5)) - 1;
    module.library.passed = score >= THRESHOLDS[level];
    module.library.passed
}

/// Two bytes, big endian; the table of commands has checked that they are there.
fn half(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}
