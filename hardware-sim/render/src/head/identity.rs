//! One simulated person's head: every measure and colour that stays the same from picture to picture.

use super::super::rng::Rng;

/// What grows, or is worn, on the face below the nose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beard {
    /// Moustache, cheeks and chin.
    Full,
    /// Moustache and chin.
    Goatee,
    /// On the upper lip alone.
    Moustache,
    /// Clean-shaven.
    None,
    /// A few days' growth.
    Stubble,
}

/// What is worn before the eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glasses {
    /// None.
    None,
    /// Round rims of thin wire.
    Round,
    /// Rounded rectangles.
    Square,
    /// Dark ones, which hide the eyes; nobody of the default population wears them before a camera.
    Sun,
    /// Rectangles with broad dark rims.
    Thick,
}

/// Hair, or what covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HairStyle {
    /// None at all.
    Bald,
    /// A knitted cap.
    Beanie,
    /// Shoulder-length, parted.
    Bob,
    /// Tied into a knot.
    Bun,
    /// A few millimetres.
    Buzz,
    /// Thick and curly.
    Curly,
    /// Below the shoulders.
    Long,
    /// A scarf that leaves the face free from brow to chin.
    Scarf,
    /// Short all round.
    Short,
    /// Short at the sides, long on top.
    Swept,
    /// A cloth wound around the head, above the ears.
    Turban,
}

/// What is settled about a person before the seed decides the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Looks {
    /// Skin tone: 0 the darkest, 1 the lightest.
    pub tone: Option<f32>,
    /// Age on the scale of [`Identity::age`].
    pub age: Option<f32>,
}

/// The measures of a head. Lengths are factors of an average head's (1 is average) unless another unit stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The seed that made this person; also seeds the texture of skin and hair.
    pub seed: u64,
    /// Skin tone: 0 the darkest, 1 the lightest.
    pub tone: f32,
    /// Undertone of the skin: -1 olive, 1 rosy.
    pub undertone: f32,
    /// Strength of the features that tend to differ between women (0) and men (1).
    pub ruggedness: f32,
    /// 0 just grown up (20 years), 1 old (75 years); down to -0.25, a child of 6.
    pub age: f32,
    /// Width of the skull.
    pub skull_width: f32,
    /// Height of the skull.
    pub skull_height: f32,
    /// Length of the face from eyes to chin.
    pub face_length: f32,
    /// Width of the jaw.
    pub jaw_width: f32,
    /// Width of the chin.
    pub chin: f32,
    /// Prominence of the cheekbones.
    pub cheeks: f32,
    /// Prominence of the brow ridge.
    pub brow_ridge: f32,
    /// Length of the nose.
    pub nose_length: f32,
    /// Width of the nose at the wings.
    pub nose_width: f32,
    /// How far the nose stands out.
    pub nose_height: f32,
    /// Distance between the eyes.
    pub eye_spacing: f32,
    /// Size of the eyes' opening.
    pub eye_size: f32,
    /// Tilt of the eyes; positive raises the outer corners.
    pub eye_tilt: f32,
    /// Thickness of the brows.
    pub brow_thickness: f32,
    /// Height of the brows' arch.
    pub brow_arch: f32,
    /// Thickness of the lips.
    pub lip_fullness: f32,
    /// Width of the mouth.
    pub mouth_width: f32,
    /// Size of the ears.
    pub ear_size: f32,
    /// Width of the neck.
    pub neck_width: f32,
    /// Width of the shoulders.
    pub shoulder_width: f32,
    /// Colour of the irises, sRGB.
    pub iris: [u8; 3],
    /// Hair or cover.
    pub hair: HairStyle,
    /// Colour of hair, brows and beard, sRGB.
    pub hair_colour: [u8; 3],
    /// Beard.
    pub beard: Beard,
    /// Glasses.
    pub glasses: Glasses,
    /// A medical mask over nose and mouth; nobody of the default population wears one before a camera.
    pub mask: bool,
    /// Colour of the garment, sRGB.
    pub garment: [u8; 3],
    /// A jacket over a shirt, instead of a pullover.
    pub jacket: bool,
    /// Colour of a scarf, turban or cap, sRGB.
    pub scarf: [u8; 3],
}

/// Natural hair from black to white; grey ones last.
const HAIR: [[u8; 3]; 9] = [
    [20, 17, 16],
    [33, 25, 21],
    [52, 36, 26],
    [78, 52, 34],
    [106, 74, 46],
    [150, 112, 68],
    [122, 66, 38],
    [118, 116, 114],
    [154, 152, 148],
];

const IRISES: [[u8; 3]; 6] = [[48, 30, 20], [66, 42, 26], [92, 64, 38], [98, 94, 58], [84, 110, 128], [104, 124, 132]];

const GARMENTS: [[u8; 3]; 10] = [
    [38, 48, 70],
    [52, 54, 58],
    [96, 40, 44],
    [44, 74, 62],
    [120, 112, 98],
    [170, 172, 170],
    [72, 84, 112],
    [30, 32, 36],
    [116, 88, 62],
    [84, 70, 96],
];

/// The least age on the scale of [`Identity::age`].
const YOUNGEST: f32 = -0.25;

impl Identity {
    /// The grown-up of a seed. Skin tones are spread evenly over the whole human range.
    pub fn from_seed(seed: u64) -> Self {
        Self::from_seed_with(seed, Looks::default())
    }

    /// The person of a seed with these looks, and everything that goes with them: hair turns grey and thin with age,
    /// light eyes and hair belong to light skin. Whatever depends on neither stays the seed's.
    pub fn from_seed_with(seed: u64, looks: Looks) -> Self {
        let mut rng = Rng::stream(seed, 0x4EAD);
        let ruggedness = if rng.chance(0.5) { rng.range(0.62, 1.0) } else { rng.range(0.0, 0.38) };
        let (own_tone, own_age) = (rng.unit(), rng.unit());
        let within = |wish: Option<f32>, least| wish.filter(|wish| wish.is_finite()).map(|wish| wish.clamp(least, 1.0));
        let tone = within(looks.tone, 0.0).unwrap_or(own_tone);
        let age = within(looks.age, YOUNGEST).unwrap_or(own_age);
        let around = |rng: &mut Rng, spread: f32| 1.0 + spread * (rng.normal() * 0.5).clamp(-1.0, 1.0);
        // How many numbers a draw takes depends on the age: the stream goes on from the seed's own.
        let hair = hair_style(&mut rng.clone(), ruggedness, age);
        hair_style(&mut rng, ruggedness, own_age);
        let mut who = Self {
            seed,
            tone,
            undertone: rng.range(-1.0, 1.0),
            ruggedness,
            age,
            skull_width: around(&mut rng, 0.05),
            skull_height: around(&mut rng, 0.05),
            face_length: around(&mut rng, 0.06) + 0.03 * (ruggedness - 0.5),
            jaw_width: around(&mut rng, 0.1) + 0.1 * (ruggedness - 0.5),
            chin: around(&mut rng, 0.14) + 0.25 * (ruggedness - 0.5),
            cheeks: around(&mut rng, 0.2),
            brow_ridge: around(&mut rng, 0.25) + 0.5 * (ruggedness - 0.5),
            nose_length: around(&mut rng, 0.1),
            nose_width: around(&mut rng, 0.14) + 0.14 * (0.5 - tone),
            nose_height: around(&mut rng, 0.16) + 0.08 * (tone - 0.5),
            eye_spacing: around(&mut rng, 0.05),
            eye_size: around(&mut rng, 0.1) - 0.05 * (ruggedness - 0.5),
            eye_tilt: rng.range(-0.06, 0.12),
            brow_thickness: around(&mut rng, 0.25) + 0.4 * (ruggedness - 0.5),
            brow_arch: around(&mut rng, 0.3) - 0.4 * (ruggedness - 0.5),
            lip_fullness: around(&mut rng, 0.22) + 0.3 * (0.5 - tone) - 0.25 * (ruggedness - 0.5),
            mouth_width: around(&mut rng, 0.09),
            ear_size: around(&mut rng, 0.12) + 0.05 * age,
            neck_width: around(&mut rng, 0.05) + 0.16 * (ruggedness - 0.5),
            shoulder_width: around(&mut rng, 0.06) + 0.18 * (ruggedness - 0.5),
            iris: IRISES[if tone > 0.55 { rng.below(IRISES.len()) } else { rng.below(3) }],
            hair,
            hair_colour: {
                let colour = hair_colour(&mut rng.clone(), tone, age);
                hair_colour(&mut rng, own_tone, own_age);
                colour
            },
            beard: beard(&mut rng, ruggedness),
            glasses: glasses(&mut rng),
            mask: false,
            garment: GARMENTS[rng.below(GARMENTS.len())],
            jacket: rng.chance(0.4),
            scarf: GARMENTS[rng.below(GARMENTS.len())],
        };
        who.grow_back(age / YOUNGEST);
        who
    }

    /// A child's head: nearly as broad as a grown one, but with a short face, a small nose and jaw, a flat brow, large
    /// eyes, a thin neck and no beard; 0 leaves the grown head, 1 is a child of 6.
    fn grow_back(&mut self, share: f32) {
        if share <= 0.0 {
            return;
        }
        let towards = |measure: &mut f32, factor: f32| *measure *= 1.0 + (factor - 1.0) * share;
        towards(&mut self.ruggedness, 0.3);
        towards(&mut self.skull_width, 0.95);
        towards(&mut self.skull_height, 0.97);
        towards(&mut self.face_length, 0.86);
        towards(&mut self.jaw_width, 0.93);
        towards(&mut self.chin, 0.9);
        towards(&mut self.cheeks, 1.1);
        towards(&mut self.brow_ridge, 0.3);
        towards(&mut self.nose_length, 0.85);
        towards(&mut self.nose_width, 0.87);
        towards(&mut self.nose_height, 0.55);
        towards(&mut self.eye_spacing, 0.95);
        towards(&mut self.eye_size, 1.08);
        towards(&mut self.brow_thickness, 0.75);
        towards(&mut self.mouth_width, 0.88);
        towards(&mut self.ear_size, 0.94);
        towards(&mut self.neck_width, 0.76);
        towards(&mut self.shoulder_width, 0.72);
        self.beard = Beard::None;
    }
}

fn hair_style(rng: &mut Rng, ruggedness: f32, age: f32) -> HairStyle {
    use HairStyle::{Bald, Beanie, Bob, Bun, Buzz, Curly, Long, Scarf, Short, Swept, Turban};
    if ruggedness < 0.5 {
        return [Bob, Long, Long, Bun, Curly, Scarf, Bob, Short, Scarf, Swept][rng.below(10)];
    }
    if rng.chance(0.12) {
        return if rng.chance(0.65) { Turban } else { Beanie };
    }
    if age > 0.5 && rng.chance(0.25) {
        return Bald;
    }
    [Short, Short, Swept, Swept, Buzz, Curly][rng.below(6)]
}

fn hair_colour(rng: &mut Rng, tone: f32, age: f32) -> [u8; 3] {
    if age > 0.7 && rng.chance(0.6) {
        return HAIR[7 + rng.below(2)];
    }
    // Fair hair goes with fair skin; dark hair goes with every skin.
    HAIR[if tone > 0.6 { rng.below(7) } else { rng.below(3) }]
}

fn beard(rng: &mut Rng, ruggedness: f32) -> Beard {
    if ruggedness < 0.5 {
        return Beard::None;
    }
    use Beard::{Full, Goatee, Moustache, None, Stubble};
    [None, None, None, Stubble, Stubble, Full, Full, Goatee, Moustache][rng.below(9)]
}

fn glasses(rng: &mut Rng) -> Glasses {
    if rng.chance(0.2) { [Glasses::Square, Glasses::Round, Glasses::Thick][rng.below(3)] } else { Glasses::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_person_and_people_differ() {
        assert_eq!(Identity::from_seed(9), Identity::from_seed(9));
        let crowd: Vec<Identity> = (0..300).map(Identity::from_seed).collect();
        for tenth in 0..10 {
            let low = tenth as f32 / 10.0;
            assert!(crowd.iter().any(|who| (low..low + 0.1).contains(&who.tone)), "nobody of tone {low}");
        }
        let share = |wears: fn(&Identity) -> bool| crowd.iter().filter(|who| wears(who)).count();
        assert!((30..90).contains(&share(|who| who.glasses != Glasses::None)), "glasses");
        assert!(share(|who| who.beard == Beard::Full) > 10, "beards");
        assert!(share(|who| who.hair == HairStyle::Scarf) > 5, "scarves");
        assert!(share(|who| who.hair == HairStyle::Turban) > 3, "turbans");
        assert!(crowd.iter().all(|who| who.ruggedness > 0.5 || who.beard == Beard::None));
    }

    #[test]
    fn looks_decide_what_goes_with_them_and_nothing_else() {
        let with = |seed, tone, age| Identity::from_seed_with(seed, Looks { tone: Some(tone), age: Some(age) });
        let (mut grey, mut bald) = (0, 0);
        for seed in 0..300 {
            let own = Identity::from_seed(seed);
            assert_eq!(with(seed, own.tone, own.age), own);
            let (young, old, child) = (with(seed, 0.0, 0.0), with(seed, 1.0, 1.0), with(seed, 0.5, -0.25));
            assert!(young.hair != HairStyle::Bald && !HAIR[7..].contains(&young.hair_colour), "old at 20: {seed}");
            assert!(
                IRISES[..3].contains(&young.iris) && HAIR[..3].contains(&young.hair_colour),
                "fair and dark: {seed}"
            );
            let kept = |who: &Identity| (who.jaw_width, who.mouth_width, who.beard, who.glasses, who.garment);
            assert_eq!(kept(&young), kept(&own), "another person: {seed}");
            assert!(child.beard == Beard::None && child.ruggedness < 0.5 && child.face_length < own.face_length);
            grey += usize::from(HAIR[7..].contains(&old.hair_colour));
            bald += usize::from(old.hair == HairStyle::Bald);
        }
        assert!(grey > 120 && bald > 10, "{grey} {bald}");
        let wild = Looks { tone: Some(f32::NAN), age: Some(f32::INFINITY) };
        assert_eq!(Identity::from_seed_with(3, wild), Identity::from_seed(3));
    }
}
