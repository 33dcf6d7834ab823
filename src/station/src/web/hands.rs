//! The drawn pair of hands, backs up: where each finger is, and how it stands.

use crate::desk::Panel;
use domain::finger::{Digit, Finger, Hand};

/// One finger of the right hand on a field of 306 x 372, as paths of SVG; the left hand is its mirror image.
pub struct Drawing {
    /// Outline of the finger.
    pub skin: &'static str,
    /// Outline of the nail.
    pub nail: &'static str,
    /// Lines over the joints.
    pub folds: &'static str,
    /// Where a mark stands on it.
    pub mark: (u16, u16),
}

/// Thumb to little finger.
const DRAWINGS: [Drawing; 5] = [
    Drawing {
        skin: "M82 318Q68 292 48 266Q41 246 30 232L5 193A18 22 -37 0 1 35 170L66 205Q77 219 94 232Q113 257 134 278A33 23 -37 0 1 82 318Z",
        nail: "M17 196Q29 193 35 182L27 171Q7 164 9 185Z",
        folds: "M55 251Q68 245 77 234M51 246Q64 239 73 229",
        mark: (60, 234),
    },
    Drawing {
        skin: "M89 215Q88 187 83 156Q85 136 82 120L78 75A16 20 -7 0 1 110 71L117 115Q118 132 125 151Q127 182 133 209A22 15 -7 0 1 89 215Z",
        nail: "M85 84Q96 88 105 82L104 68Q92 54 83 70Z",
        folds: "M93 155Q104 157 115 153M92 149Q103 151 114 146M89 113Q99 115 109 111M88 107Q98 109 108 105",
        mark: (101, 129),
    },
    Drawing {
        skin: "M128 200Q131 168 129 134Q134 112 133 93L134 42A17 20 0 0 1 168 42L169 93Q168 112 173 134Q171 168 174 200A22 16 0 0 1 128 200Z",
        nail: "M140 52Q151 57 162 52L162 38Q151 22 140 38Z",
        folds: "M140 134Q151 137 162 134M140 127Q151 130 162 127M141 87Q151 90 161 87M141 80Q151 83 161 80",
        mark: (151, 105),
    },
    Drawing {
        skin: "M170 205Q175 177 176 145Q183 126 184 108L190 63A16 20 6 0 1 222 67L219 112Q216 129 218 149Q213 181 212 209A22 15 6 0 1 170 205Z",
        nail: "M195 74Q204 80 215 76L217 62Q208 46 196 60Z",
        folds: "M187 146Q197 150 208 149M187 140Q198 144 208 142M192 104Q201 108 211 106M193 98Q202 101 212 100",
        mark: (200, 122),
    },
    Drawing {
        skin: "M210 222Q218 201 222 177Q229 163 232 150L241 116A14 17 14 0 1 268 123L261 157Q256 170 257 186Q249 209 246 230A18 13 14 0 1 210 222Z",
        nail: "M244 127Q251 134 261 131L264 117Q259 104 247 113Z",
        folds: "M230 179Q239 184 248 184M231 174Q240 179 249 179M239 147Q247 152 255 151M240 143Q248 147 256 147",
        mark: (244, 162),
    },
];

/// The back of the right hand.
const PALM: &str = "M96 372Q98 346 92 326Q80 306 80 276Q88 240 90 208Q112 188 131 198Q151 184 172 196Q192 190 211 206Q232 204 247 226Q250 262 238 296Q226 330 222 372Z";

/// The knuckles of the right hand.
const KNUCKLES: &str =
    "M104 252Q108 246 116 247M143 240Q151 234 159 240M184 245Q192 240 199 247M218 258Q224 254 230 260";

/// A finger as it is drawn now.
#[derive(Clone)]
pub struct DrawnFinger {
    /// `right-index`.
    pub id: &'static str,
    /// `accepted`, `active`, `exhausted`, `idle`, `missing` or `open`.
    pub state: &'static str,
    /// Its paths.
    pub drawing: &'static Drawing,
}

/// A hand as it is drawn now.
#[derive(Clone)]
pub struct DrawnHand {
    /// Where it stands on the field of both hands.
    pub transform: &'static str,
    /// Where it stands on a field of its own.
    pub place: &'static str,
    /// Turns a mark on it upright again.
    pub upright: &'static str,
    /// Its back.
    pub palm: &'static str,
    /// Its knuckles.
    pub knuckles: &'static str,
    /// Its fingers, thumb first.
    pub fingers: Vec<DrawnFinger>,
}

impl Panel {
    /// Both hands, the left one first.
    pub(super) fn hands(&self) -> [DrawnHand; 2] {
        [Hand::Left, Hand::Right].map(|hand| DrawnHand {
            transform: if hand == Hand::Left { "translate(306 0) scale(-1 1)" } else { "translate(354 0)" },
            place: if hand == Hand::Left { "translate(306 0) scale(-1 1)" } else { "" },
            upright: if hand == Hand::Left { "scale(-1 1)" } else { "" },
            palm: PALM,
            knuckles: KNUCKLES,
            fingers: self.drawn(hand),
        })
    }

    fn drawn(&self, hand: Hand) -> Vec<DrawnFinger> {
        let digits = [Digit::Thumb, Digit::Index, Digit::Middle, Digit::Ring, Digit::Little];
        let draw = |(digit, drawing)| {
            let finger = Finger::of(hand, digit);
            DrawnFinger { id: finger.id(), state: self.finger_state(finger), drawing }
        };
        digits.into_iter().zip(&DRAWINGS).map(draw).collect()
    }

    fn finger_state(&self, finger: Finger) -> &'static str {
        let view = &self.view;
        let slot = view.slots.iter().find(|slot| slot.slot == finger.id());
        match slot {
            // An accepted finger stays accepted while the others of its hand are put down again.
            Some(slot) if slot.state == "open" && view.is_aimed_at(finger.id()) => "active",
            Some(slot) => slot.state,
            None if view.missing.iter().any(|missing| missing.finger == finger) => "missing",
            None => "idle",
        }
    }

    /// All ten fingers as they lie side by side, hands laid down with the thumbs inwards.
    pub(super) fn fingers(&self) -> impl Iterator<Item = &'static str> + use<> {
        let left = [Finger::LeftLittle, Finger::LeftRing, Finger::LeftMiddle, Finger::LeftIndex, Finger::LeftThumb];
        left.into_iter().chain(Finger::ALL.into_iter().take(5)).map(Finger::id)
    }
}
